//! From opcode to handler. Each handler follows its microcode routine; the numbers in comments are its addresses.
//!
//! Undocumented opcodes do what the chip's decoder makes of them: 60–6F are 70–7F, C0 C1 C8 C9 are C2 C3 CA CB,
//! 0F is POP CS, 82 is 80, D6 is SALC, F1 is LOCK; group FE has all forms of group FF, for bytes.

use super::engine::{Engine, ModRm, Operand, Place};
use super::state::{Progress, reg, seg};
use crate::cpu::bus::CpuBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::{self, AluOut, DecimalRule, Operation, Shift, flag};

impl<B: CpuBus, P: Probe, const WIDE: bool> Engine<'_, B, P, WIDE> {
    /// Executes an instruction whose opcode has just left the queue.
    #[inline(always)]
    pub fn execute(&mut self, opcode: u8) {
        match opcode {
            0x00..=0x3F => self.execute_first_quarter(opcode),
            0x40..=0x7F => self.execute_second_quarter(opcode),
            0x80..=0x8F => self.execute_operand_moves(opcode),
            0x90..=0xBF => self.execute_third_quarter(opcode),
            0xC0..=0xCF => self.execute_returns(opcode),
            0xD0..=0xEF => self.execute_shifts_and_ports(opcode),
            _ => self.execute_last(opcode),
        }
    }

    /// The clock in which the execution unit gets an opcode that has no ModR/M byte.
    #[inline(always)]
    fn no_mod_rm(&mut self) {
        self.spend(1);
    }

    #[inline(always)]
    fn execute_first_quarter(&mut self, opcode: u8) {
        let operation = Operation::from_field(opcode >> 3);
        match opcode & 7 {
            0 => self.alu_to_operand::<u8>(operation),
            1 => self.alu_to_operand::<u16>(operation),
            2 => self.alu_to_register::<u8>(operation),
            3 => self.alu_to_register::<u16>(operation),
            4 => self.alu_to_accumulator::<u8>(operation),
            5 => self.alu_to_accumulator::<u16>(operation),
            6 if opcode < 0x20 => self.push_segment(opcode >> 3),
            7 if opcode < 0x20 => self.pop_segment(opcode >> 3),
            _ => self.decimal_adjust(opcode),
        }
    }

    #[inline(always)]
    fn execute_second_quarter(&mut self, opcode: u8) {
        let number = opcode & 7;
        match opcode {
            0x40..=0x47 => self.count_register(number, alu::inc),
            0x48..=0x4F => self.count_register(number, alu::dec),
            0x50..=0x57 => self.push_register(number),
            0x58..=0x5F => self.pop_register(number),
            _ => self.jump_if(opcode),
        }
    }

    #[inline(always)]
    fn execute_operand_moves(&mut self, opcode: u8) {
        match opcode {
            0x80 | 0x82 => self.alu_immediate::<u8>(|e| u8::immediate(e)),
            0x81 => self.alu_immediate::<u16>(|e| u16::immediate(e)),
            0x83 => self.alu_immediate::<u16>(|e| u8::immediate(e) as i8 as u16),
            0x84 => self.test_operand::<u8>(),
            0x85 => self.test_operand::<u16>(),
            0x86 => self.exchange::<u8>(),
            0x87 => self.exchange::<u16>(),
            0x88 => self.move_to_operand::<u8>(),
            0x89 => self.move_to_operand::<u16>(),
            0x8A => self.move_to_register::<u8>(),
            0x8B => self.move_to_register::<u16>(),
            0x8C => self.move_from_segment(),
            0x8D => self.load_effective_address(),
            0x8E => self.move_to_segment(),
            _ => self.pop_operand(),
        }
    }

    #[inline(always)]
    fn execute_third_quarter(&mut self, opcode: u8) {
        match opcode {
            0x90..=0x97 => self.exchange_accumulator(opcode & 7),
            0x98 => self.byte_to_word(),
            0x99 => self.word_to_doubleword(),
            0x9A => self.call_far_direct(),
            // WAIT: TEST is tied active.
            0x9B => self.spend(3),
            0x9C => self.push_flags(),
            0x9D => self.pop_flags(),
            0x9E => self.flags_from_ah(),
            0x9F => self.ah_from_flags(),
            0xA0 => self.accumulator_from_memory::<u8>(),
            0xA1 => self.accumulator_from_memory::<u16>(),
            0xA2 => self.memory_from_accumulator::<u8>(),
            0xA3 => self.memory_from_accumulator::<u16>(),
            0xA8 => self.test_accumulator::<u8>(),
            0xA9 => self.test_accumulator::<u16>(),
            0xB0..=0xB7 => self.move_immediate_to_register::<u8>(opcode & 7),
            0xB8..=0xBF => self.move_immediate_to_register::<u16>(opcode & 7),
            _ => {
                self.no_mod_rm();
                self.string(opcode);
            }
        }
    }

    #[inline(always)]
    fn execute_returns(&mut self, opcode: u8) {
        match opcode {
            0xC0 | 0xC2 => self.return_near_releasing(),
            0xC1 | 0xC3 => self.return_near(),
            0xC4 => self.load_far_pointer(seg::ES),
            0xC5 => self.load_far_pointer(seg::DS),
            0xC6 => self.move_immediate::<u8>(),
            0xC7 => self.move_immediate::<u16>(),
            0xC8 | 0xCA => self.return_far_releasing(),
            0xC9 | 0xCB => self.return_far(),
            0xCC => self.interrupt_3(),
            0xCD => self.interrupt_immediate(),
            0xCE => self.interrupt_on_overflow(),
            _ => self.return_from_interrupt(),
        }
    }

    #[inline(always)]
    fn execute_shifts_and_ports(&mut self, opcode: u8) {
        match opcode {
            0xD0 => self.shift_once::<u8>(),
            0xD1 => self.shift_once::<u16>(),
            0xD2 => self.shift_by_cl::<u8>(),
            0xD3 => self.shift_by_cl::<u16>(),
            0xD4 => {
                self.no_mod_rm();
                let base = self.next_byte();
                self.adjust_after_multiply(base);
            }
            0xD5 => {
                self.no_mod_rm();
                let base = self.next_byte();
                self.adjust_before_divide(base);
            }
            0xD6 => self.set_al_from_carry(),
            0xD7 => self.translate(),
            0xD8..=0xDF => self.escape(),
            0xE0 | 0xE1 => self.loop_while(opcode & 1 != 0),
            0xE2 => self.loop_count(),
            0xE3 => self.jump_if_cx_zero(),
            0xE4..=0xE7 | 0xEC..=0xEF => self.port(opcode),
            0xE8 => self.call_near_direct(),
            0xE9 => self.jump_near_direct(),
            0xEA => self.jump_far_direct(),
            _ => self.jump_short(),
        }
    }

    #[inline(always)]
    fn execute_last(&mut self, opcode: u8) {
        match opcode {
            0xF6 => self.group_f6::<u8>(),
            0xF7 => self.group_f6::<u16>(),
            0xFE => self.group_fe::<u8>(),
            0xFF => self.group_fe::<u16>(),
            _ => self.flag_instruction(opcode),
        }
    }

    /// Opcodes without microcode. (F0–F3 are prefixes and do not come here.)
    fn flag_instruction(&mut self, opcode: u8) {
        self.no_mod_rm();
        match opcode {
            0xF4 => self.halt(),
            0xF5 => self.s.flags ^= flag::CF,
            0xF8 => self.s.flags &= !flag::CF,
            0xF9 => self.s.flags |= flag::CF,
            0xFA => self.s.flags &= !flag::IF,
            0xFB => {
                self.s.shadow = !self.s.has(flag::IF);
                self.s.flags |= flag::IF;
            }
            0xFC => self.s.flags &= !flag::DF,
            _ => self.s.flags |= flag::DF,
        }
    }

    /// HLT: the bus cycle under way ends, then the status lines show HALT for a clock.
    fn halt(&mut self) {
        self.suspend_prefetch();
        self.spend(3);
        self.s.progress = Progress::Halted;
    }

    #[inline(always)]
    fn store_alu<T: Operand>(&mut self, place: Place, operation: Operation, out: AluOut<T>, clocks: u64) {
        self.s.set_status(out.flags);
        if operation != Operation::Cmp {
            self.store(place, out.value, clocks);
        }
    }

    /// 008: ALU r/m, r. The second of three lines fetches, unless memory is to be written.
    #[inline(always)]
    fn alu_to_operand<T: Operand>(&mut self, operation: Operation) {
        let ModRm { reg, place } = self.mod_rm();
        let a: T = self.load(place);
        self.spend(1);
        let out = operation.apply(a, self.register(reg), self.s.flags);
        self.store_alu(place, operation, out, 2);
    }

    #[inline(always)]
    fn alu_to_register<T: Operand>(&mut self, operation: Operation) {
        let ModRm { reg, place } = self.mod_rm();
        let b: T = self.load(place);
        self.spend(1);
        let out = operation.apply(self.register(reg), b, self.s.flags);
        self.store_alu(Place::Register(reg), operation, out, 0);
    }

    /// 018.
    #[inline(always)]
    fn alu_to_accumulator<T: Operand>(&mut self, operation: Operation) {
        self.no_mod_rm();
        let b = T::immediate(self);
        let out = operation.apply(self.register(0), b, self.s.flags);
        self.store_alu(Place::Register(0), operation, out, 0);
    }

    /// 00C: ALU r/m, imm.
    #[inline(always)]
    fn alu_immediate<T: Operand>(&mut self, immediate: impl FnOnce(&mut Self) -> T) {
        let ModRm { reg, place } = self.mod_rm();
        let a: T = self.load(place);
        let b = immediate(self);
        let operation = Operation::from_field(reg);
        let out = operation.apply(a, b, self.s.flags);
        if operation == Operation::Cmp && matches!(place, Place::Memory { .. }) {
            self.spend(1);
        }
        self.store_alu(place, operation, out, 2);
    }

    /// 17C: INC and DEC of a word register.
    #[inline(always)]
    fn count_register(&mut self, number: u8, operation: fn(u16, u16) -> AluOut<u16>) {
        self.no_mod_rm();
        let out = operation(self.register(number), self.s.flags);
        self.s.set_status(out.flags);
        self.set_register(number, out.value);
    }

    /// 094.
    #[inline(always)]
    fn test_operand<T: Operand>(&mut self) {
        let ModRm { reg, place } = self.mod_rm();
        let a: T = self.load(place);
        self.spend(1);
        self.s.set_status(Operation::And.apply(a, self.register(reg), 0).flags);
    }

    /// 09C.
    #[inline(always)]
    fn test_accumulator<T: Operand>(&mut self) {
        self.no_mod_rm();
        let b = T::immediate(self);
        self.s.set_status(Operation::And.apply(self.register(0), b, 0).flags);
    }

    /// 144 and 148: DAA, DAS, AAA, AAS.
    fn decimal_adjust(&mut self, opcode: u8) {
        self.no_mod_rm();
        let [al, ah] = self.s.registers[reg::AX].to_le_bytes();
        let flags = self.s.flags;
        let (out, step) = match opcode {
            0x27 => (alu::daa(al, flags, DecimalRule::I8086), 0),
            0x2F => (alu::das(al, flags, DecimalRule::I8086), 0),
            0x37 => (alu::aaa(al, flags), 1),
            _ => (alu::aas(al, flags), -1),
        };
        self.s.set_status(out.flags);
        if step == 0 {
            self.spend(2);
            self.set_register(0, out.value);
            return;
        }
        let carry = out.flags & flag::CF != 0;
        self.spend(if carry { 6 } else { 7 });
        let ah = if carry { ah.wrapping_add_signed(step) } else { ah };
        self.s.registers[reg::AX] = u16::from_le_bytes([out.value & 0x0F, ah]);
    }

    /// 088: shifts by one.
    #[inline(always)]
    fn shift_once<T: Operand>(&mut self) {
        let ModRm { reg, place } = self.mod_rm();
        let a: T = self.load(place);
        let out = Shift::from_field(reg).once(a, self.s.flags);
        self.s.set_status(out.flags);
        self.store(place, out.value, 2);
    }

    /// 08C: shifts by CL, all eight bits of it.
    fn shift_by_cl<T: Operand>(&mut self) {
        let ModRm { reg, place } = self.mod_rm();
        let mut value: T = self.load(place);
        let shift = Shift::from_field(reg);
        let count: u8 = self.register(1);
        for _ in 0..count {
            let out = shift.once(value, self.s.flags);
            self.s.set_status(out.flags);
            value = out.value;
        }
        self.spend(6 + 4 * u64::from(count));
        self.store(place, value, 1);
    }

    /// Group opcodes take a clock more with a register operand.
    #[inline(always)]
    fn group_clock(&mut self, place: Place) {
        if let Place::Register(_) = place {
            self.spend(1);
        }
    }

    fn group_f6<T: Operand>(&mut self) {
        let ModRm { reg, place } = self.mod_rm();
        self.group_clock(place);
        let a: T = self.load(place);
        match reg {
            0 | 1 => {
                let b = T::immediate(self);
                if let Place::Memory { .. } = place {
                    self.spend(1);
                }
                self.s.set_status(Operation::And.apply(a, b, 0).flags);
            }
            2 => self.store(place, T::low(!a.wide()), 2),
            3 => {
                let out = alu::sub(T::low(0), a, false);
                self.s.set_status(out.flags);
                self.store(place, out.value, 2);
            }
            4 | 5 => self.multiply(a, reg == 5),
            _ => self.divide(a, reg == 7),
        }
    }

    fn group_fe<T: Operand>(&mut self) {
        let ModRm { reg, place } = self.mod_rm();
        self.group_clock(place);
        let a: T = self.load(place);
        match reg {
            0 | 1 => {
                let out = if reg == 0 { alu::inc(a, self.s.flags) } else { alu::dec(a, self.s.flags) };
                self.s.set_status(out.flags);
                self.store(place, out.value, 2);
            }
            2 => self.call_near_indirect(a),
            3 => self.call_far_indirect(place, a),
            4 => self.jump_near_indirect(a),
            5 => self.jump_far_indirect(place, a),
            _ => self.push_operand(place, a),
        }
    }
}
