//! Jumps, calls, returns and software interrupts.

use super::engine::{Engine, Operand, Place};
use super::interrupt::vector;
use super::state::{reg, seg};
use crate::cpu::bus::CpuBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::{self, flag};

impl<B: CpuBus, P: Probe, const WIDE: bool> Engine<'_, B, P, WIDE> {
    /// RELJMP at 0D2.
    fn jump_relative(&mut self, displacement: u16) {
        self.suspend_prefetch();
        self.spend(1);
        let next = self.corrected_pc();
        self.spend(1);
        self.flush_queue(next.wrapping_add(displacement));
    }

    /// 0E8: conditional jumps.
    #[inline(always)]
    pub fn jump_if(&mut self, opcode: u8) {
        self.spend(1);
        let displacement = self.next_byte() as i8 as u16;
        self.spend(1);
        if alu::condition(opcode, self.s.flags) {
            self.spend(1);
            self.jump_relative(displacement);
        }
    }

    #[inline(always)]
    fn count_cx(&mut self) -> bool {
        let count = self.s.registers[reg::CX].wrapping_sub(1);
        self.s.registers[reg::CX] = count;
        count != 0
    }

    /// 138: LOOPNE, LOOPE.
    pub fn loop_while(&mut self, equal: bool) {
        self.spend(3);
        let more = self.count_cx();
        let displacement = self.next_byte() as i8 as u16;
        self.spend(1);
        if self.s.has(flag::ZF) == equal && more {
            self.spend(1);
            self.jump_relative(displacement);
        }
    }

    /// 140: LOOP.
    pub fn loop_count(&mut self) {
        self.spend(3);
        let more = self.count_cx();
        let displacement = self.next_byte() as i8 as u16;
        if more {
            self.spend(1);
            self.jump_relative(displacement);
        }
    }

    /// 134: JCXZ.
    pub fn jump_if_cx_zero(&mut self) {
        self.spend(3);
        let displacement = self.next_byte() as i8 as u16;
        self.spend(1);
        if self.s.registers[reg::CX] == 0 {
            self.spend(1);
            self.jump_relative(displacement);
        }
    }

    /// 0D0 with a byte: jumps over the second read.
    pub fn jump_short(&mut self) {
        self.spend(1);
        let displacement = self.next_byte() as i8 as u16;
        self.spend(1);
        self.jump_relative(displacement);
    }

    /// 0D0 with a word.
    pub fn jump_near_direct(&mut self) {
        self.spend(1);
        let displacement = self.next_word();
        self.jump_relative(displacement);
    }

    /// 0E0.
    pub fn jump_far_direct(&mut self) {
        self.spend(1);
        let offset = self.next_word();
        let segment = self.next_word();
        self.suspend_prefetch();
        self.spend(2);
        self.s.segments[seg::CS] = segment;
        self.flush_queue(offset);
    }

    /// 07C.
    pub fn call_near_direct(&mut self) {
        self.spend(1);
        let displacement = self.next_word();
        self.suspend_prefetch();
        self.spend(1);
        let next = self.corrected_pc();
        self.spend(1);
        self.flush_queue(next.wrapping_add(displacement));
        self.spend(2);
        self.push(next);
        self.last_write();
    }

    /// 070.
    pub fn call_far_direct(&mut self) {
        self.spend(1);
        let offset = self.next_word();
        let segment = self.next_word();
        self.spend(1);
        self.call_far(segment, offset);
    }

    /// FARCALL at 06B.
    fn call_far(&mut self, segment: u16, offset: u16) {
        self.suspend_prefetch();
        self.spend(1);
        self.far_call_from_06c(segment, offset);
    }

    /// The offset that an operand of group FE/FF stands for: memory bytes come with ones above.
    fn as_offset<T: Operand>(value: T) -> u16 {
        (value.wide() | !T::MASK) as u16
    }

    /// 074.
    pub fn call_near_indirect<T: Operand>(&mut self, target: T) {
        self.suspend_prefetch();
        self.spend(1);
        let next = self.corrected_pc();
        self.spend(1);
        self.flush_queue(Self::as_offset(target));
        self.spend(2);
        self.push(T::low(u64::from(next)));
        self.last_write();
    }

    /// 068.
    pub fn call_far_indirect<T: Operand>(&mut self, place: Place, offset: T) {
        self.spend(1);
        let segment: T = self.read_second_word(place);
        self.spend(1);
        self.suspend_prefetch();
        self.spend(1);
        let next = self.corrected_pc();
        self.push(T::low(u64::from(self.s.segments[seg::CS])));
        self.s.segments[seg::CS] = Self::as_offset(segment);
        self.spend(3);
        self.flush_queue(Self::as_offset(offset));
        self.spend(2);
        self.push(T::low(u64::from(next)));
        self.last_write();
    }

    /// 0D8.
    pub fn jump_near_indirect<T: Operand>(&mut self, target: T) {
        self.suspend_prefetch();
        self.spend(1);
        self.flush_queue(Self::as_offset(target));
    }

    /// 0DC.
    pub fn jump_far_indirect<T: Operand>(&mut self, place: Place, offset: T) {
        self.spend(1);
        self.suspend_prefetch();
        self.spend(1);
        let segment: T = self.read_second_word(place);
        self.s.segments[seg::CS] = Self::as_offset(segment);
        self.flush_queue(Self::as_offset(offset));
    }

    /// 0BC.
    pub fn return_near(&mut self) {
        self.spend(1);
        let offset = self.pop();
        self.suspend_prefetch();
        self.spend(1);
        self.flush_queue(offset);
    }

    /// FARRET at 0C2, for a near return.
    fn return_near_routine(&mut self) {
        let offset = self.pop();
        self.suspend_prefetch();
        self.spend(2);
        self.flush_queue(offset);
        self.spend(1);
    }

    /// FARRET at 0C2, for a far return.
    fn return_far_routine(&mut self) {
        let offset = self.pop();
        self.suspend_prefetch();
        self.spend(3);
        self.s.segments[seg::CS] = self.pop();
        self.flush_queue(offset);
        self.spend(1);
    }

    /// 0CC: RET imm.
    pub fn return_near_releasing(&mut self) {
        self.spend(1);
        let released = self.next_word();
        self.spend(1);
        self.return_near_routine();
        self.release(released);
    }

    /// 0CC: RETF imm.
    pub fn return_far_releasing(&mut self) {
        self.spend(1);
        let released = self.next_word();
        self.spend(1);
        self.return_far_routine();
        self.release(released);
    }

    fn release(&mut self, bytes: u16) {
        self.spend(1);
        self.s.registers[reg::SP] = self.s.registers[reg::SP].wrapping_add(bytes);
    }

    /// 0C0.
    pub fn return_far(&mut self) {
        self.spend(3);
        self.return_far_routine();
    }

    /// 0C8: IRET.
    pub fn return_from_interrupt(&mut self) {
        self.spend(3);
        self.return_far_routine();
        let flags = self.pop();
        self.spend(1);
        self.s.load_flags(flags);
    }

    /// 1B0.
    pub fn interrupt_3(&mut self) {
        self.spend(5);
        self.interrupt(vector::BREAKPOINT);
    }

    /// 1A8. An 8086 was measured to wait for the end of the code fetch that follows; of an 8088 it is known that it
    /// does without the microcode's jump.
    pub fn interrupt_immediate(&mut self) {
        self.spend(1);
        let vector = self.next_byte();
        if WIDE {
            self.spend(1);
            self.wait_for_fetch();
        }
        self.interrupt(vector);
    }

    /// 1AC.
    pub fn interrupt_on_overflow(&mut self) {
        self.spend(3);
        if self.s.has(flag::OF) {
            self.spend(3);
            self.interrupt(vector::OVERFLOW);
        }
    }
}
