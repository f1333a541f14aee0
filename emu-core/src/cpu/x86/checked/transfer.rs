//! Far jumps, calls and returns, and IRET (80286 programmer's reference manual 210498, chapter 7; Intel SDM volume 2, JMP,
//! CALL, RET and IRET).

use super::interrupt::{Gate, Target};
use super::segment::{Descriptor, index_of, is_null, kind, null_stack};
use super::stack::Stack;
use super::task::Switch;
use super::virtual_8086::Sensitive;
use super::{Checked, Fault, vector};
use crate::addr::Width;
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::flag;
use crate::cpu::x86::executing::Executing;
use crate::cpu::x86::flags::system;
use crate::cpu::x86::model::Generation;
use crate::cpu::x86::state::{Segment, reg, seg};

const fn general_protection(selector: u16) -> Fault {
    Fault::with_code(vector::GENERAL_PROTECTION, index_of(selector))
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// JMP to another code segment, or through a gate.
    ///
    /// # Errors
    /// When the target does not admit it. Nothing has been changed then.
    pub fn jump_far(&mut self, selector: u16, offset: u64) -> Result<(), Fault> {
        if self.s.is_real_like() {
            self.admit_target(offset)?;
            self.load_real(seg::CS, selector);
            self.s.rip = offset;
            return Ok(());
        }
        let descriptor = self.far_descriptor(selector)?;
        if descriptor.segment(selector).is_code_or_data() {
            let target = self.direct_target(&descriptor, selector, offset)?;
            self.check_code_offset(&target)?;
            self.go_to_target(&target);
            return Ok(());
        }
        if let Some(task) = self.called_task(&descriptor, selector)? {
            return self.switch_task(&task, Switch::Jump, None);
        }
        let gate = self.call_gate(&descriptor, selector)?;
        let target = self.gate_target(gate.selector, gate.offset)?;
        if target.level != self.s.cpl() {
            return Err(general_protection(gate.selector));
        }
        self.check_code_offset(&target)?;
        self.go_to_target(&target);
        Ok(())
    }

    /// CALL to another code segment, or through a gate, which perhaps leads to an inner level.
    ///
    /// # Errors
    /// As [`Self::jump_far`].
    pub fn call_far(&mut self, width: Width, selector: u16, offset: u64) -> Result<(), Fault> {
        if self.s.is_real_like() {
            let mut stack = self.own_stack();
            self.admit_target(offset)?;
            self.push_far_return(&mut stack, width)?;
            self.take_stack(&stack);
            self.load_real(seg::CS, selector);
            self.s.rip = offset;
            return Ok(());
        }
        let descriptor = self.far_descriptor(selector)?;
        if descriptor.segment(selector).is_code_or_data() {
            let target = self.direct_target(&descriptor, selector, offset)?;
            let mut stack = self.own_stack();
            self.push_far_return(&mut stack, width)?;
            self.check_code_offset(&target)?;
            self.take_stack(&stack);
            self.go_to_target(&target);
            return Ok(());
        }
        if let Some(task) = self.called_task(&descriptor, selector)? {
            return self.switch_task(&task, Switch::Call, None);
        }
        let gate = self.call_gate(&descriptor, selector)?;
        self.call_through(&gate)
    }

    fn call_through(&mut self, gate: &Gate) -> Result<(), Fault> {
        let target = self.gate_target(gate.selector, gate.offset)?;
        let long = self.s.is_long_mode();
        let width = if long { Width::Qword } else { gate.width() };
        let mut stack = self.own_stack();
        if target.level < self.s.cpl() && long {
            let old = stack;
            let pointer = self.task_qword(4 + 8 * u64::from(target.level))?;
            stack =
                Stack::of_long_level(null_stack(target.level.into(), target.level), pointer, target.level);
            self.push_all(&mut stack, width, [old.segment.selector.into(), old.pointer])?;
        } else if target.level < self.s.cpl() {
            let old = stack;
            stack = self.level_stack(target.level)?;
            self.push_all(&mut stack, width, [old.segment.selector.into(), old.pointer])?;
            for parameter in (0..u64::from(gate.parameters)).rev() {
                let value = self.peek_on(&old, width, parameter * width.bytes())?;
                self.push_on(&mut stack, width, value)?;
            }
        }
        self.push_far_return(&mut stack, width)?;
        self.check_code_offset(&target)?;
        self.take_stack(&stack);
        self.go_to_target(&target);
        Ok(())
    }

    fn push_far_return(&mut self, stack: &mut Stack, width: Width) -> Result<(), Fault> {
        let code = self.s.segment(seg::CS).selector;
        self.push_all(stack, width, [code.into(), self.s.rip])
    }

    #[inline]
    fn far_descriptor(&mut self, selector: u16) -> Result<Descriptor, Fault> {
        if is_null(selector) {
            return Err(general_protection(0));
        }
        self.descriptor_or(selector, vector::GENERAL_PROTECTION)
    }

    /// A code segment that a far jump or call names itself: the privilege level stays.
    fn direct_target(
        &mut self,
        descriptor: &Descriptor,
        selector: u16,
        offset: u64,
    ) -> Result<Target, Fault> {
        let segment = descriptor.segment(selector);
        let cpl = self.s.cpl();
        let admitted = if segment.is_conforming_code() {
            segment.dpl() <= cpl
        } else {
            segment.is_code() && segment.dpl() == cpl && (selector & 3) as u8 <= cpl
        };
        if !admitted || self.is_confused(&segment) {
            return Err(general_protection(selector));
        }
        if !segment.is_present() {
            return Err(Fault::with_code(vector::NOT_PRESENT, index_of(selector)));
        }
        let code = self.accessed(descriptor, index_of(selector) | u16::from(cpl))?;
        Ok(Target { code, offset, level: cpl })
    }

    /// Long mode knows no code segment that is both 64-bit and 32-bit.
    fn is_confused(&self, segment: &Segment) -> bool {
        self.s.is_long_mode() && segment.is_long() && segment.is_big()
    }

    /// A call gate that the program may use.
    fn call_gate(&mut self, descriptor: &Descriptor, selector: u16) -> Result<Gate, Fault> {
        let gate = Gate::new(descriptor.raw);
        let known = match gate.kind {
            kind::CALL_GATE_16 => !self.s.is_long_mode(),
            kind::CALL_GATE_32 => self.model.generation > Generation::I80286,
            _ => false,
        };
        if !known || gate.dpl < self.s.cpl().max((selector & 3) as u8) {
            return Err(general_protection(selector));
        }
        if !gate.present {
            return Err(Fault::with_code(vector::NOT_PRESENT, index_of(selector)));
        }
        if !self.s.is_long_mode() {
            return Ok(gate);
        }
        let upper = self.upper_half(descriptor, selector)?;
        Ok(gate.lengthened(upper))
    }

    /// RET to another code segment, perhaps of an outer level; `released` bytes of arguments go too.
    ///
    /// # Errors
    /// As [`Self::jump_far`].
    pub fn return_far(&mut self, width: Width, released: u16) -> Result<(), Fault> {
        let mut stack = self.own_stack();
        let [offset, selector] = self.pop_all(&mut stack, width)?;
        let selector = selector as u16;
        stack.moved(released.into());
        if self.s.is_real_like() {
            self.admit_target(offset)?;
            self.load_real(seg::CS, selector);
            self.s.rip = offset;
            self.take_stack(&stack);
            return Ok(());
        }
        let target = self.return_target(selector, offset)?;
        if target.level > self.s.cpl() {
            let mut outer = self.outer_stack(&mut stack, width, &target)?;
            outer.moved(released.into());
            self.check_code_offset(&target)?;
            self.return_outwards(&target, &outer);
        } else {
            self.check_code_offset(&target)?;
            self.take_stack(&stack);
            self.go_to_target(&target);
        }
        Ok(())
    }

    /// The code segment to which a return address leads: of this level or an outer one.
    #[inline]
    fn return_target(&mut self, selector: u16, offset: u64) -> Result<Target, Fault> {
        let descriptor = self.far_descriptor(selector)?;
        let segment = descriptor.segment(selector);
        let level = (selector & 3) as u8;
        let admitted = if segment.is_conforming_code() {
            segment.dpl() <= level
        } else {
            segment.is_code() && segment.dpl() == level
        };
        if !admitted || level < self.s.cpl() || self.is_confused(&segment) {
            return Err(general_protection(selector));
        }
        if !segment.is_present() {
            return Err(Fault::with_code(vector::NOT_PRESENT, index_of(selector)));
        }
        let code = self.accessed(&descriptor, selector)?;
        Ok(Target { code, offset, level })
    }

    /// Pops the stack with which the code returned to goes on.
    fn outer_stack(&mut self, stack: &mut Stack, width: Width, target: &Target) -> Result<Stack, Fault> {
        let [pointer, selector] = self.pop_all(stack, width)?;
        let selector = selector as u16;
        let long = target.code.is_long();
        let segment = self.stack_segment(selector, target.level, vector::GENERAL_PROTECTION, long)?;
        if long {
            return Ok(Stack::of_long_level(segment, pointer, target.level));
        }
        // Of a 16-bit stack pointer, the upper half stays as it is.
        let mask = segment.offset_mask();
        let pointer = self.s.registers[usize::from(reg::SP)] & !mask | pointer & mask;
        Ok(Stack::of_level(segment, pointer, target.level))
    }

    fn return_outwards(&mut self, target: &Target, stack: &Stack) {
        self.take_stack(stack);
        self.go_to_target(target);
        self.drop_inner_segments(target.level);
    }

    /// IRET.
    ///
    /// # Errors
    /// As [`Self::jump_far`].
    pub fn interrupt_return(&mut self, width: Width) -> Result<(), Fault> {
        let sensitive = self.sensitive(width)?;
        if self.s.is_protected() && self.s.flags.has(system::NT) && !self.s.is_virtual_8086() {
            return self.return_to_task();
        }
        let mut stack = self.own_stack();
        let [offset, selector, flags] = self.pop_all(&mut stack, width)?;
        let selector = selector as u16;
        if self.s.is_real_like() {
            if sensitive == Sensitive::Virtual {
                self.admit_virtual_flags(flags)?;
            }
            self.admit_target(offset)?;
            self.load_real(seg::CS, selector);
            self.s.rip = offset;
            self.take_stack(&stack);
            match sensitive {
                Sensitive::Plain => self.set_returned_flags(width, flags),
                Sensitive::Virtual => self.set_virtual_flags(flags),
            }
        } else if width == Width::Dword && flags & system::VM != 0 && self.s.cpl() == 0 {
            self.return_to_virtual_8086(&mut stack, selector, offset, flags)?;
        } else {
            self.return_in_protected_mode(&mut stack, width, selector, offset, flags)?;
        }
        self.s.nmi_blocked = false;
        Ok(())
    }

    #[inline]
    fn return_in_protected_mode(
        &mut self,
        stack: &mut Stack,
        width: Width,
        selector: u16,
        offset: u64,
        flags: u64,
    ) -> Result<(), Fault> {
        let target = self.return_target(selector, offset)?;
        if target.level > self.s.cpl() || self.s.is_64_bit() {
            let outer = self.outer_stack(stack, width, &target)?;
            self.check_code_offset(&target)?;
            // By the rights of the level that returns.
            self.set_returned_flags(width, flags);
            self.return_outwards(&target, &outer);
        } else {
            self.check_code_offset(&target)?;
            self.take_stack(stack);
            self.set_returned_flags(width, flags);
            self.go_to_target(&target);
        }
        Ok(())
    }

    fn return_to_virtual_8086(
        &mut self,
        stack: &mut Stack,
        selector: u16,
        offset: u64,
        flags: u64,
    ) -> Result<(), Fault> {
        let words = self.pop_all::<6>(stack, Width::Dword)?;
        if offset > 0xFFFF {
            return Err(general_protection(0));
        }
        let [pointer, ss, es, ds, fs, gs] = words;
        let settable = self.model.flag_bits();
        self.s.set_flags_word(flags & settable | system::FIXED);
        self.s.registers[usize::from(reg::SP)] = pointer;
        let selectors = [es, selector.into(), ss, ds, fs, gs];
        for (number, selector) in (seg::ES..=seg::GS).zip(selectors) {
            self.s.set_segment(number, Segment::virtual_8086(selector as u16));
        }
        self.s.rip = offset;
        Ok(())
    }

    /// Sets what of the flags IRET may at this level.
    #[inline]
    fn set_returned_flags(&mut self, width: Width, flags: u64) {
        let cpl = self.s.cpl();
        let of_level = if !self.s.is_protected() || cpl == 0 {
            system::IOPL | system::VIF | system::VIP | u64::from(flag::IF)
        } else if cpl <= self.s.flags.iopl() {
            u64::from(flag::IF)
        } else {
            0
        };
        let always =
            u64::from(flag::STATUS | flag::TF | flag::DF) | system::NT | system::RF | system::AC | system::ID;
        // Nobody sees RF but instruction breakpoints.
        let unseen = if self.s.has_breakpoints() { 0 } else { system::RF };
        let mut settable = (always | of_level) & self.model.flag_bits() & width.mask() & !unseen;
        if !self.s.is_protected() {
            settable &= self.model.real_mode_flags() | system::RF;
        }
        // The status flags are always among those.
        let word = self.s.flags.system() & !settable & !system::RF | flags & settable;
        if (word ^ self.s.flags.system()) & system::AC != 0 {
            self.follow_smap();
        }
        self.s.set_flags_word(word);
    }
}
