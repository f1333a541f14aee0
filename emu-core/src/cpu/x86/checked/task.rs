//! Task switches (80286 programmer's reference manual 210498, chapter 8; Intel SDM volume 3, chapter 7).
//!
//! Faults met before the new task's state has been taken over belong to the instruction that switches; those met while its
//! segments are loaded belong to the new task.

use super::interrupt::Gate;
use super::segment::{Descriptor, index_of, is_null, kind};
use super::{Checked, Fault, vector};
use crate::addr::Width;
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::flags::system;
use crate::cpu::x86::model::Generation;
use crate::cpu::x86::state::{Segment, attribute, cr0, dr6, seg};

/// What switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    Jump,
    /// CALL, and interrupts: the new task can return to the old one.
    Call,
    /// IRET with NT set.
    Return,
}

/// A task state segment that may be switched to.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    descriptor: Descriptor,
    segment: Segment,
}

/// Where a task state segment has what, by its format.
struct Layout {
    width: Width,
    /// Offset of the instruction pointer; the flags, eight registers and the segments follow.
    state: u64,
    segments: u64,
    /// How many segment registers are saved.
    segment_count: u8,
    least_limit: u32,
}

const NARROW: Layout =
    Layout { width: Width::Word, state: 0x0E, segments: 0x22, segment_count: 4, least_limit: 43 };
const WIDE: Layout =
    Layout { width: Width::Dword, state: 0x20, segments: 0x48, segment_count: 6, least_limit: 103 };

const fn layout(task: &Segment) -> &'static Layout {
    if task.system_kind() & 8 != 0 { &WIDE } else { &NARROW }
}

/// What a task state segment holds of a task.
#[derive(Clone, Copy, Debug, Default)]
struct Image {
    cr3: u64,
    ip: u64,
    flags: u64,
    registers: [u64; 8],
    /// By [`seg`].
    selectors: [u16; 6],
    ldt: u16,
    traps: bool,
}

const fn invalid_tss(selector: u16) -> Fault {
    Fault::with_code(vector::INVALID_TSS, index_of(selector))
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// The task that a far jump or call leads to; `None` when the descriptor is about something else.
    ///
    /// # Errors
    /// When it may not be switched to.
    pub fn called_task(&mut self, descriptor: &Descriptor, selector: u16) -> Result<Option<Task>, Fault> {
        let gate = Gate::new(descriptor.raw);
        let is_task = match gate.kind {
            kind::TASK_GATE | kind::TSS_16 | kind::BUSY_TSS_16 => true,
            kind::TSS_32 | kind::BUSY_TSS_32 => self.model.generation > Generation::I80286,
            _ => false,
        };
        if !is_task {
            return Ok(None);
        }
        if self.s.is_long_mode() || gate.dpl < self.s.cpl().max((selector & 3) as u8) {
            return Err(Fault::with_code(vector::GENERAL_PROTECTION, index_of(selector)));
        }
        if gate.kind != kind::TASK_GATE {
            return self.available_task(*descriptor, selector).map(Some);
        }
        if !gate.present {
            return Err(Fault::with_code(vector::NOT_PRESENT, index_of(selector)));
        }
        self.gate_task(gate.selector).map(Some)
    }

    /// The task that a task gate leads to.
    ///
    /// # Errors
    /// When it may not be switched to.
    pub fn gate_task(&mut self, selector: u16) -> Result<Task, Fault> {
        if selector & 4 != 0 || is_null(selector) {
            return Err(Fault::with_code(vector::GENERAL_PROTECTION, index_of(selector)));
        }
        let descriptor = self.descriptor_or(selector, vector::GENERAL_PROTECTION)?;
        self.available_task(descriptor, selector)
    }

    fn available_task(&mut self, descriptor: Descriptor, selector: u16) -> Result<Task, Fault> {
        let segment = descriptor.segment(selector);
        let available = matches!(segment.system_kind(), kind::TSS_16 | kind::TSS_32);
        if segment.is_code_or_data() || !available || selector & 4 != 0 {
            return Err(Fault::with_code(vector::GENERAL_PROTECTION, index_of(selector)));
        }
        self.whole_task(descriptor, segment)
    }

    fn whole_task(&mut self, descriptor: Descriptor, segment: Segment) -> Result<Task, Fault> {
        if !segment.is_present() {
            return Err(Fault::with_code(vector::NOT_PRESENT, index_of(segment.selector)));
        }
        if segment.limit < layout(&segment).least_limit {
            return Err(invalid_tss(segment.selector));
        }
        Ok(Task { descriptor, segment })
    }

    /// IRET with NT set: back to the task that the present one's state names.
    ///
    /// # Errors
    /// When that is none, or in long mode.
    pub fn return_to_task(&mut self) -> Result<(), Fault> {
        if self.s.is_long_mode() {
            return Err(Fault::with_code(vector::GENERAL_PROTECTION, 0));
        }
        let at = self.system_address(self.s.segment(seg::TR).base, 0);
        let selector = self.read_system::<u16>(at)?;
        if selector & 4 != 0 || is_null(selector) {
            return Err(invalid_tss(selector));
        }
        let descriptor = self.descriptor_or(selector, vector::INVALID_TSS)?;
        let segment = descriptor.segment(selector);
        let busy = matches!(segment.system_kind(), kind::BUSY_TSS_16 | kind::BUSY_TSS_32);
        if segment.is_code_or_data() || !busy {
            return Err(invalid_tss(selector));
        }
        let task = self.whole_task(descriptor, segment)?;
        self.switch_task(&task, Switch::Return, None)
    }

    /// Switches to a task, and pushes an error code on its stack if there is one.
    ///
    /// # Errors
    /// When a task's state cannot be reached. Nothing of the processor has been changed then.
    pub fn switch_task(&mut self, task: &Task, switch: Switch, code: Option<u16>) -> Result<(), Fault> {
        let old = *self.s.segment(seg::TR);
        let image = self.read_task(&task.segment)?;
        self.save_task(&old, switch)?;
        if switch != Switch::Call {
            self.mark_busy(&old, false)?;
        }
        if switch == Switch::Call {
            self.write_system(self.system_address(task.segment.base, 0), old.selector)?;
        }
        let mut entered = task.segment;
        if switch != Switch::Return {
            entered.attributes |= u16::from(kind::BUSY);
            let at = self.behind(task.descriptor.at, 5);
            self.write_system(at, entered.attributes as u8)?;
        }
        self.take_task(entered, &image, switch);
        let begun = self.load_task_segments(&image).and_then(|()| self.begin_task(&entered, code));
        if let Err(fault) = begun {
            self.raise(fault);
        } else if image.traps {
            self.s.debug[6] |= dr6::BT;
            self.raise(Fault::plain(vector::DEBUG));
        }
        Ok(())
    }

    /// Sets or clears the busy mark in the descriptor of the present task.
    fn mark_busy(&mut self, task: &Segment, busy: bool) -> Result<(), Fault> {
        let Some(descriptor) = self.descriptor(task.selector)? else { return Ok(()) };
        let at = self.behind(descriptor.at, 5);
        let rights = (descriptor.raw >> 40) as u8;
        self.write_system(at, if busy { rights | kind::BUSY } else { rights & !kind::BUSY })
    }

    fn read_word(&mut self, task: &Segment, place: u64) -> Result<u64, Fault> {
        let at = self.system_address(task.base, place);
        match layout(task).width {
            Width::Dword => self.read_system::<u32>(at).map(u64::from),
            _ => self.read_system::<u16>(at).map(u64::from),
        }
    }

    fn write_word(&mut self, task: &Segment, place: u64, value: u64) -> Result<(), Fault> {
        let at = self.system_address(task.base, place);
        match layout(task).width {
            Width::Dword => self.write_system(at, value as u32),
            _ => self.write_system(at, value as u16),
        }
    }

    fn read_task(&mut self, task: &Segment) -> Result<Image, Fault> {
        let Layout { width, state, segments, segment_count, .. } = *layout(task);
        let step = width.bytes();
        // Of registers that a 16-bit state does not know, the upper halves become ones.
        let above = if width == Width::Dword { 0 } else { 0xFFFF_0000 };
        let mut image = Image { ip: self.read_word(task, state)?, ..Image::default() };
        image.flags = self.read_word(task, state + step)?;
        for (i, register) in (2..).zip(&mut image.registers) {
            *register = self.read_word(task, state + i * step)? | above;
        }
        for i in 0..usize::from(segment_count) {
            image.selectors[i] = self.read_word(task, segments + i as u64 * step)? as u16;
        }
        image.ldt = self.read_word(task, segments + u64::from(segment_count) * step)? as u16;
        if width == Width::Dword {
            image.cr3 = self.read_word(task, 0x1C)?;
            image.traps = self.read_system::<u16>(self.system_address(task.base, 0x64))? & 1 != 0;
        }
        Ok(image)
    }

    fn save_task(&mut self, task: &Segment, switch: Switch) -> Result<(), Fault> {
        let Layout { width, state, segments, segment_count, .. } = *layout(task);
        let step = width.bytes();
        // Both ends first, so that a page that is missing is met before anything is written.
        let ends = [state, segments + u64::from(segment_count) * step - 1];
        for place in ends {
            self.admit_system_write(self.system_address(task.base, place), 1)?;
        }
        let flags = self.s.flags.word() & if switch == Switch::Return { !system::NT } else { u64::MAX };
        self.write_word(task, state, self.s.rip)?;
        self.write_word(task, state + step, flags)?;
        for i in 0..8 {
            self.write_word(task, state + (2 + i) * step, self.s.registers[i as usize])?;
        }
        for number in 0..segment_count {
            let selector = self.s.segment(number).selector;
            self.write_word(task, segments + u64::from(number) * step, selector.into())?;
        }
        Ok(())
    }

    /// Makes the new task's state the processor's, all but what descriptors tell of its segments.
    fn take_task(&mut self, task: Segment, image: &Image, switch: Switch) {
        self.s.set_segment(seg::TR, task);
        self.s.cr0 |= cr0::TS;
        self.s.debug[7] &= !0x55;
        if self.s.is_paging() && layout(&task).width == Width::Dword {
            // The pointers of PAE that a task names are not checked before its first access.
            let _ = self.set_cr3(image.cr3);
        }
        self.s.registers[..8].copy_from_slice(&image.registers);
        self.s.rip = image.ip;
        let nested = if switch == Switch::Call { system::NT } else { 0 };
        self.s.set_flags_word((image.flags | nested) & self.model.flag_bits() | system::FIXED);
        let level = (image.selectors[usize::from(seg::CS)] & 3) << attribute::DPL_SHIFT;
        for (number, selector) in (seg::ES..=seg::GS).zip(image.selectors) {
            let old = self.s.segment(number).attributes;
            let attributes = old & !(attribute::PRESENT | attribute::DPL) | level;
            self.s.set_segment(number, Segment { selector, attributes, limit: 0, base: 0 });
        }
        self.s.set_segment(seg::LDTR, Segment { selector: image.ldt, ..Segment::default() });
        self.s.mode_changed();
    }

    fn load_task_segments(&mut self, image: &Image) -> Result<(), Fault> {
        self.load_task_table(image.ldt)?;
        if self.s.is_virtual_8086() {
            for (number, selector) in (seg::ES..=seg::GS).zip(image.selectors) {
                self.s.set_segment(number, Segment::virtual_8086(selector));
            }
            return Ok(());
        }
        let [es, cs, ss, ds, fs, gs] = image.selectors;
        let level = (cs & 3) as u8;
        let stack = self.stack_segment(ss, level, vector::INVALID_TSS, false)?;
        self.s.set_segment(seg::SS, stack);
        for (number, selector) in [(seg::ES, es), (seg::DS, ds), (seg::FS, fs), (seg::GS, gs)] {
            let segment = self.data_segment(number, selector, level, vector::INVALID_TSS)?;
            self.s.set_segment(number, segment);
        }
        let code = self.task_code(cs, level)?;
        self.s.set_segment(seg::CS, code);
        Ok(())
    }

    fn load_task_table(&mut self, selector: u16) -> Result<(), Fault> {
        if is_null(selector) {
            return Ok(());
        }
        if selector & 4 != 0 {
            return Err(invalid_tss(selector));
        }
        let descriptor = self.descriptor_or(selector, vector::INVALID_TSS)?;
        let segment = descriptor.segment(selector);
        if segment.is_code_or_data() || segment.system_kind() != kind::LDT || !segment.is_present() {
            return Err(invalid_tss(selector));
        }
        self.s.set_segment(seg::LDTR, segment);
        Ok(())
    }

    fn task_code(&mut self, selector: u16, level: u8) -> Result<Segment, Fault> {
        if is_null(selector) {
            return Err(invalid_tss(selector));
        }
        let descriptor = self.descriptor_or(selector, vector::INVALID_TSS)?;
        let segment = descriptor.segment(selector);
        let admitted = if segment.is_conforming_code() {
            segment.dpl() <= level
        } else {
            segment.is_code() && segment.dpl() == level
        };
        if !admitted {
            return Err(invalid_tss(selector));
        }
        if !segment.is_present() {
            return Err(Fault::with_code(vector::NOT_PRESENT, index_of(selector)));
        }
        self.accessed(&descriptor, selector)
    }

    /// The error code, and the first look at where the task begins.
    fn begin_task(&mut self, task: &Segment, code: Option<u16>) -> Result<(), Fault> {
        if let Some(code) = code {
            let mut stack = self.own_stack();
            self.push_on(&mut stack, layout(task).width, code.into())?;
            self.take_stack(&stack);
        }
        let code = self.s.segment(seg::CS);
        if self.s.rip > u64::from(code.limit) {
            return Err(Fault::with_code(vector::GENERAL_PROTECTION, 0));
        }
        Ok(())
    }
}
