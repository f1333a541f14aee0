//! The ways into the handlers of interrupts and exceptions: real mode's vector table (80286 programmer's reference manual
//! 210498, chapter 5), protected mode's gates (Intel SDM volume 3, 6.12 and 6.14; volume 2, INT).

use super::exception::Origin;
use super::memory::is_canonical;
use super::segment::{index_of, is_null, kind, null_stack};
use super::stack::Stack;
use super::task::Switch;
use super::{Checked, Fault, vector};
use crate::addr::{Linear, Width};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::flag;
use crate::cpu::x86::flags::system;
use crate::cpu::x86::model::Generation;
use crate::cpu::x86::state::{Segment, reg, seg};

/// A gate of the IDT, the GDT or an LDT.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    pub kind: u8,
    pub dpl: u8,
    pub present: bool,
    pub selector: u16,
    pub offset: u64,
    /// Words or doublewords that a call gate copies from stack to stack.
    pub parameters: u8,
    /// The entry of long mode's interrupt stack table, from 1 on; 0 for none.
    pub stack: u8,
}

impl Gate {
    #[inline]
    pub const fn new(raw: u64) -> Self {
        let attributes = (raw >> 40) as u8;
        let kind = attributes & 0x1F;
        let is_wide = kind & 8 != 0;
        let offset = raw & 0xFFFF | if is_wide { raw >> 32 & 0xFFFF_0000 } else { 0 };
        Self {
            kind,
            dpl: attributes >> 5 & 3,
            present: attributes & 0x80 != 0,
            selector: (raw >> 16) as u16,
            offset,
            parameters: (raw >> 32) as u8 & 31,
            stack: (raw >> 32) as u8 & 7,
        }
    }

    /// With the upper half that gates have in long mode.
    pub const fn lengthened(self, upper: u64) -> Self {
        Self { offset: self.offset | upper << 32, parameters: 0, ..self }
    }

    /// What its handler's frame is made of.
    pub const fn width(&self) -> Width {
        if self.kind & 8 != 0 { Width::Dword } else { Width::Word }
    }
}

/// A code segment that a gate leads to, and at which level it will run.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its selector's RPL is the new level.
    pub code: Segment,
    pub offset: u64,
    pub level: u8,
}

/// What an interrupt pushes.
struct Frame {
    width: Width,
    code: Option<u16>,
    /// Whether the old stack's address is part of it.
    outer: bool,
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// Real mode's way.
    pub(super) fn enter_through_vector(&mut self, number: u8) -> Result<(), Fault> {
        let entry = u64::from(number) * 4;
        if entry + 3 > u64::from(self.s.idtr.limit) {
            return Err(Fault::with_code(vector::DOUBLE_FAULT, 0));
        }
        let at = Linear(self.s.idtr.base.wrapping_add(entry));
        let mut stack = self.own_stack();
        let back = Frame { width: Width::Word, code: None, outer: false };
        self.push_frame(&mut stack, &back)?;
        let offset = self.read_system::<u16>(at)?;
        let selector = self.read_system::<u16>(self.behind(at, 2))?;
        self.take_stack(&stack);
        self.s.put_flags(u64::from(flag::IF | flag::TF) | system::AC | system::RF, false);
        self.load_real(seg::CS, selector);
        self.s.rip = u64::from(offset);
        Ok(())
    }

    /// Protected and virtual-8086 mode's way.
    pub(super) fn enter_through_gate(
        &mut self,
        number: u8,
        code: Option<u16>,
        origin: Origin,
    ) -> Result<(), Fault> {
        let own = u16::from(number) * 8 + 2;
        let gate = if self.s.is_long_mode() {
            self.long_interrupt_gate(number, own)?
        } else {
            self.interrupt_gate(number, own)?
        };
        if origin == Origin::Program && gate.dpl < self.s.cpl() {
            return Err(Fault::with_code(vector::GENERAL_PROTECTION, own));
        }
        if !gate.present {
            return Err(Fault::with_code(vector::NOT_PRESENT, own));
        }
        if gate.kind == kind::TASK_GATE {
            let task = self.gate_task(gate.selector)?;
            return self.switch_task(&task, Switch::Call, code);
        }
        let target = self.gate_target(gate.selector, gate.offset)?;
        let clears_interrupts = gate.kind & 1 == 0;
        if self.s.is_long_mode() {
            return self.enter_long_handler(target, gate.stack, code, clears_interrupts);
        }
        self.enter_handler(target, &Frame { width: gate.width(), code, outer: false }, clears_interrupts)
    }

    /// A gate of long mode's IDT: 16 bytes, and always to 64-bit code.
    fn long_interrupt_gate(&mut self, number: u8, own: u16) -> Result<Gate, Fault> {
        let refused = Fault::with_code(vector::GENERAL_PROTECTION, own);
        let entry = u64::from(number) * 16;
        if entry + 15 > u64::from(self.s.idtr.limit) {
            return Err(refused);
        }
        let at = self.system_address(self.s.idtr.base, entry);
        let raw = self.read_system::<u64>(at)?;
        let upper = self.read_system::<u64>(self.behind(at, 8))?;
        let gate = Gate::new(raw).lengthened(upper);
        match gate.kind {
            kind::INTERRUPT_GATE_32 | kind::TRAP_GATE_32 => Ok(gate),
            _ => Err(refused),
        }
    }

    /// Long mode's way: the old stack's address is always part of the frame, which begins at a multiple of 16.
    fn enter_long_handler(
        &mut self,
        target: Target,
        stack_table: u8,
        code: Option<u16>,
        clears_interrupts: bool,
    ) -> Result<(), Fault> {
        self.check_code_offset(&target)?;
        let cpl = self.s.cpl();
        let segment = if target.level < cpl {
            null_stack(target.level.into(), target.level)
        } else {
            *self.s.segment(seg::SS)
        };
        let pointer = if stack_table != 0 {
            self.task_qword(0x24 + 8 * (u64::from(stack_table) - 1))?
        } else if target.level < cpl {
            self.task_qword(4 + 8 * u64::from(target.level))?
        } else {
            self.s.registers[usize::from(reg::SP)]
        };
        let mut stack = Stack::of_long_level(segment, pointer & !15, target.level);
        self.push_frame(&mut stack, &Frame { width: Width::Qword, code, outer: true })?;
        self.take_stack(&stack);
        let cleared = u64::from(flag::TF) | system::NT | system::RF | system::VM;
        let cleared = cleared | if clears_interrupts { flag::IF.into() } else { 0 };
        self.s.put_flags(cleared, false);
        self.go_to_target(&target);
        Ok(())
    }

    /// Eight bytes of the 64-bit task state segment.
    ///
    /// # Errors
    /// An invalid TSS beyond its limit.
    pub fn task_qword(&mut self, place: u64) -> Result<u64, Fault> {
        let task = *self.s.segment(seg::TR);
        if place + 7 > u64::from(task.limit) {
            return Err(Fault::with_code(vector::INVALID_TSS, index_of(task.selector)));
        }
        self.read_system(self.system_address(task.base, place))
    }

    #[inline]
    fn interrupt_gate(&mut self, number: u8, own: u16) -> Result<Gate, Fault> {
        let refused = Fault::with_code(vector::GENERAL_PROTECTION, own);
        let entry = u64::from(number) * 8;
        if entry + 7 > u64::from(self.s.idtr.limit) {
            return Err(refused);
        }
        let raw = self.read_system::<u64>(self.system_address(self.s.idtr.base, entry))?;
        let gate = Gate::new(raw);
        let known = match gate.kind {
            kind::TASK_GATE | kind::INTERRUPT_GATE_16 | kind::TRAP_GATE_16 => true,
            kind::INTERRUPT_GATE_32 | kind::TRAP_GATE_32 => self.model.generation > Generation::I80286,
            _ => false,
        };
        if known { Ok(gate) } else { Err(refused) }
    }

    /// The code that a gate leads to: never to a less privileged level.
    ///
    /// # Errors
    /// When it leads to something else.
    #[inline]
    pub fn gate_target(&mut self, selector: u16, offset: u64) -> Result<Target, Fault> {
        if is_null(selector) {
            return Err(Fault::with_code(vector::GENERAL_PROTECTION, 0));
        }
        let descriptor = self.descriptor_or(selector, vector::GENERAL_PROTECTION)?;
        let segment = descriptor.segment(selector);
        if !segment.is_code() || segment.dpl() > self.s.cpl() {
            return Err(Fault::with_code(vector::GENERAL_PROTECTION, index_of(selector)));
        }
        if self.s.is_long_mode() && (!segment.is_long() || segment.is_big()) {
            return Err(Fault::with_code(vector::GENERAL_PROTECTION, index_of(selector)));
        }
        if !segment.is_present() {
            return Err(Fault::with_code(vector::NOT_PRESENT, index_of(selector)));
        }
        let level = if segment.is_conforming_code() { self.s.cpl() } else { segment.dpl() };
        let code = self.accessed(&descriptor, index_of(selector) | u16::from(level))?;
        Ok(Target { code, offset, level })
    }

    /// Pushes the frame on the right stack and begins the handler.
    #[inline]
    fn enter_handler(&mut self, target: Target, frame: &Frame, clears_interrupts: bool) -> Result<(), Fault> {
        let virtual_8086 = self.s.is_virtual_8086();
        if virtual_8086 && target.level != 0 {
            let code = index_of(target.code.selector);
            return Err(Fault::with_code(vector::GENERAL_PROTECTION, code));
        }
        let outer = target.level < self.s.cpl();
        let mut stack = if outer { self.level_stack(target.level)? } else { self.own_stack() };
        if virtual_8086 {
            self.push_data_segments(&mut stack, frame.width)?;
        }
        self.push_frame(&mut stack, &Frame { outer, ..*frame })?;
        self.check_code_offset(&target)?;
        self.take_stack(&stack);
        if virtual_8086 {
            self.drop_data_segments();
        }
        let cleared = u64::from(flag::TF) | system::NT | system::RF | system::VM;
        let cleared = cleared | if clears_interrupts { flag::IF.into() } else { 0 };
        self.s.put_flags(cleared, false);
        self.go_to_target(&target);
        Ok(())
    }

    fn push_frame(&mut self, stack: &mut Stack, frame: &Frame) -> Result<(), Fault> {
        let s = &*self.s;
        let [flags, code, ip] = [s.flags.word(), s.segment(seg::CS).selector.into(), s.rip];
        let [old, top] = [s.segment(seg::SS).selector.into(), s.registers[usize::from(reg::SP)]];
        let error = frame.code.map(u64::from);
        match (frame.outer, error) {
            (false, None) => self.push_all(stack, frame.width, [flags, code, ip]),
            (false, Some(error)) => self.push_all(stack, frame.width, [flags, code, ip, error]),
            (true, None) => self.push_all(stack, frame.width, [old, top, flags, code, ip]),
            (true, Some(error)) => self.push_all(stack, frame.width, [old, top, flags, code, ip, error]),
        }
    }

    /// The data segments of virtual-8086 mode, which protected mode can make nothing of.
    fn push_data_segments(&mut self, stack: &mut Stack, width: Width) -> Result<(), Fault> {
        [seg::GS, seg::FS, seg::DS, seg::ES].into_iter().try_for_each(|number| {
            let selector = self.s.segment(number).selector;
            self.push_on(stack, width, selector.into())
        })
    }

    fn drop_data_segments(&mut self) {
        for number in [seg::GS, seg::FS, seg::DS, seg::ES] {
            let null = self.null_segment(number, 0);
            self.s.set_segment(number, null);
        }
    }

    /// The stack that the task state keeps for an inner level.
    ///
    /// # Errors
    /// An invalid TSS, or a stack segment that is not there.
    pub fn level_stack(&mut self, level: u8) -> Result<Stack, Fault> {
        let (selector, pointer) = self.level_stack_pointer(level)?;
        let segment = self.stack_segment(selector, level, vector::INVALID_TSS, false)?;
        Ok(Stack::of_level(segment, pointer, level))
    }

    fn level_stack_pointer(&mut self, level: u8) -> Result<(u16, u64), Fault> {
        let task = *self.s.segment(seg::TR);
        let is_wide = task.system_kind() & 8 != 0;
        let (place, last) =
            if is_wide { (4 + 8 * u64::from(level), 5) } else { (2 + 4 * u64::from(level), 3) };
        if place + last > u64::from(task.limit) {
            return Err(Fault::with_code(vector::INVALID_TSS, index_of(task.selector)));
        }
        let at = self.system_address(task.base, place);
        if is_wide {
            let pointer = self.read_system::<u32>(at)?;
            Ok((self.read_system::<u16>(self.behind(at, 4))?, pointer.into()))
        } else {
            let pointer = self.read_system::<u16>(at)?;
            Ok((self.read_system::<u16>(self.behind(at, 2))?, pointer.into()))
        }
    }

    /// # Errors
    /// When the offset lies outside of the segment.
    #[inline]
    pub fn check_code_offset(&self, target: &Target) -> Result<(), Fault> {
        let outside = if target.code.is_long() {
            !is_canonical(target.offset, 1)
        } else {
            target.offset > u64::from(target.code.limit)
        };
        if outside {
            return Err(Fault::with_code(vector::GENERAL_PROTECTION, 0));
        }
        Ok(())
    }

    /// Goes on in another code segment, all checks being done and the stack being the right one.
    #[inline]
    pub fn go_to_target(&mut self, target: &Target) {
        self.s.set_segment(seg::CS, target.code);
        self.s.rip = target.offset;
    }
}
