//! Data transfer: MOV, PUSH, POP, XCHG, ports, flags, and addresses.

use super::engine::{Engine, ModRm, Operand, Place};
use super::state::{reg, seg};
use crate::cpu::bus::{BusStatus, CpuBus};
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::flag;

impl<B: CpuBus, P: Probe, const WIDE: bool> Engine<'_, B, P, WIDE> {
    /// 000: MOV r/m, r.
    #[inline(always)]
    pub fn move_to_operand<T: Operand>(&mut self) {
        let ModRm { reg, place } = self.mod_rm();
        self.address_done(place);
        let value: T = self.register(reg);
        self.store(place, value, 2);
    }

    /// 000: MOV r, r/m.
    #[inline(always)]
    pub fn move_to_register<T: Operand>(&mut self) {
        let ModRm { reg, place } = self.mod_rm();
        let value: T = self.load(place);
        self.set_register(reg, value);
    }

    /// 014: MOV r/m, imm.
    pub fn move_immediate<T: Operand>(&mut self) {
        let ModRm { place, .. } = self.mod_rm();
        self.address_done(place);
        let value = T::immediate(self);
        self.store(place, value, 1);
    }

    /// 01C: MOV r, imm.
    #[inline(always)]
    pub fn move_immediate_to_register<T: Operand>(&mut self, number: u8) {
        self.spend(1);
        let value = T::immediate(self);
        self.set_register(number, value);
    }

    /// 0EC: MOV r/m, sreg.
    pub fn move_from_segment(&mut self) {
        let ModRm { reg, place } = self.mod_rm();
        self.address_done(place);
        self.store(place, self.s.segments[reg as usize & 3], 1);
    }

    /// 0EC: MOV sreg, r/m.
    pub fn move_to_segment(&mut self) {
        let ModRm { reg, place } = self.mod_rm();
        let value = self.load(place);
        self.load_segment(reg, value);
    }

    /// Loads a segment register; no interrupt is taken before the next instruction.
    fn load_segment(&mut self, number: u8, value: u16) {
        self.s.segments[number as usize & 3] = value;
        self.s.shadow = true;
    }

    /// 004: LEA. Of a register, the latest offset that was on the address bus.
    pub fn load_effective_address(&mut self) {
        let ModRm { reg, place } = self.mod_rm();
        self.address_done(place);
        self.set_register(reg, self.s.ind);
    }

    /// 0F0 and 0F4: LES and LDS.
    pub fn load_far_pointer(&mut self, segment_register: usize) {
        let ModRm { reg, place } = self.mod_rm();
        let offset: u16 = match place {
            Place::Register(number) => self.register(number),
            Place::Memory { .. } => self.load(place),
        };
        self.spend(2);
        self.set_register(reg, offset);
        let value = self.read_second_word(place);
        self.s.segments[segment_register] = value;
    }

    /// The word behind the one that the latest access read (IND + 2).
    pub fn read_second_word<T: Operand>(&mut self, place: Place) -> T {
        let segment = match place {
            Place::Register(_) => self.data_segment(seg::DS),
            Place::Memory { segment, .. } => segment,
        };
        T::read(self, segment, self.s.ind.wrapping_add(2))
    }

    /// 0A4: XCHG r/m, r.
    pub fn exchange<T: Operand>(&mut self) {
        let ModRm { reg, place } = self.mod_rm();
        let a: T = self.load(place);
        let b: T = self.register(reg);
        self.spend(2);
        self.set_register(reg, a);
        self.store(place, b, 2);
    }

    /// 084: XCHG AX, r.
    #[inline(always)]
    pub fn exchange_accumulator(&mut self, number: u8) {
        self.spend(2);
        self.s.registers.swap(reg::AX, number as usize & 7);
    }

    /// 028: PUSH r. SP itself is pushed as it is afterwards.
    #[inline(always)]
    pub fn push_register(&mut self, number: u8) {
        self.spend(4);
        let value: u16 = match number as usize {
            reg::SP => self.s.registers[reg::SP].wrapping_sub(2),
            _ => self.register(number),
        };
        self.push(value);
        self.last_write();
    }

    /// 02C.
    pub fn push_segment(&mut self, number: u8) {
        self.spend(4);
        self.push(self.s.segments[number as usize & 3]);
        self.last_write();
    }

    /// 030.
    pub fn push_flags(&mut self) {
        self.spend(4);
        self.push(self.s.flags);
        self.last_write();
    }

    /// 024: group FE/FF, number 6.
    pub fn push_operand<T: Operand>(&mut self, place: Place, value: T) {
        self.spend(3);
        let sp_itself = T::BITS == 16 && matches!(place, Place::Register(4));
        let value = if sp_itself { T::low(value.wide().wrapping_sub(2)) } else { value };
        self.push(value);
        self.last_write();
    }

    /// 034: POP r.
    #[inline(always)]
    pub fn pop_register(&mut self, number: u8) {
        self.spend(1);
        let value = self.pop();
        self.set_register(number, value);
    }

    /// 038: POP sreg, POP CS (0F) among them.
    pub fn pop_segment(&mut self, number: u8) {
        self.spend(1);
        let value = self.pop();
        self.load_segment(number, value);
    }

    /// 03C: POPF. The instruction after one that sets IF or TF is still undisturbed.
    pub fn pop_flags(&mut self) {
        self.spend(1);
        let value = self.pop();
        self.s.shadow = value & flag::IF != 0 && !self.s.has(flag::IF);
        self.s.load_flags(value);
    }

    /// 040: POP r/m.
    pub fn pop_operand(&mut self) {
        let ModRm { place, .. } = self.mod_rm();
        self.address_done(place);
        self.spend(1);
        let value = self.pop();
        self.spend(1);
        self.store(place, value, 2);
    }

    /// 100: SAHF.
    pub fn flags_from_ah(&mut self) {
        self.spend(3);
        let [_, ah] = self.s.registers[reg::AX].to_le_bytes();
        let value = self.s.flags & 0xFF00 | u16::from(ah);
        self.s.load_flags(value);
    }

    /// 104: LAHF.
    pub fn ah_from_flags(&mut self) {
        self.spend(1);
        let [low, _] = self.s.flags.to_le_bytes();
        self.set_register(4, low);
    }

    /// 060: MOV accumulator, memory.
    pub fn accumulator_from_memory<T: Operand>(&mut self) {
        self.spend(1);
        let offset = self.next_word();
        let value = T::read(self, self.data_segment(seg::DS), offset);
        self.set_register(0, value);
    }

    /// 064: MOV memory, accumulator.
    pub fn memory_from_accumulator<T: Operand>(&mut self) {
        self.spend(1);
        let offset = self.next_word();
        self.spend(1);
        let value: T = self.register(0);
        T::write(self, self.data_segment(seg::DS), offset, value);
        self.last_write();
    }

    /// 10C: XLAT.
    pub fn translate(&mut self) {
        self.spend(4);
        let [al, _] = self.s.registers[reg::AX].to_le_bytes();
        let offset = self.s.registers[reg::BX].wrapping_add(u16::from(al));
        let value = u8::read(self, self.data_segment(seg::DS), offset);
        self.set_register(0, value);
    }

    /// 108: ESC reads its operand for the coprocessor; without one, that is all.
    pub fn escape(&mut self) {
        let ModRm { place, .. } = self.mod_rm();
        let _: u16 = self.load(place);
    }

    /// 0AC, 0B0, 0B4, 0B8: IN and OUT.
    pub fn port(&mut self, opcode: u8) {
        self.spend(1);
        let immediate = opcode & 8 == 0;
        let output = opcode & 2 != 0;
        let port = if immediate {
            let port = u16::from(self.next_byte());
            self.spend(1);
            port
        } else {
            self.s.registers[reg::DX]
        };
        self.s.ind = port;
        if output {
            self.spend(1);
            self.output(port, opcode & 1 != 0);
        } else {
            self.input(port, opcode & 1 != 0);
        }
    }

    fn input(&mut self, port: u16, word: bool) {
        let (low, high) = (u32::from(port), u32::from(port.wrapping_add(1)));
        if word {
            let value = self.read_word_at(BusStatus::IoRead, low, high);
            self.set_register(0, value);
        } else {
            let value = self.read_byte_at(BusStatus::IoRead, low);
            self.set_register(0, value);
        }
    }

    fn output(&mut self, port: u16, word: bool) {
        let (low, high) = (u32::from(port), u32::from(port.wrapping_add(1)));
        let ax = self.s.registers[reg::AX];
        if word {
            self.write_word_at(BusStatus::IoWrite, low, high, ax);
        } else {
            self.write_byte_at(BusStatus::IoWrite, low, ax as u8);
        }
        self.last_write();
    }

    /// 054: CBW.
    pub fn byte_to_word(&mut self) {
        self.spend(1);
        let al: u8 = self.register(0);
        self.s.registers[reg::AX] = al as i8 as u16;
    }

    /// 058: CWD.
    pub fn word_to_doubleword(&mut self) {
        let negative = self.s.registers[reg::AX] & 0x8000 != 0;
        self.spend(if negative { 5 } else { 4 });
        self.s.registers[reg::DX] = if negative { 0xFFFF } else { 0 };
    }

    /// 0A0: SALC.
    pub fn set_al_from_carry(&mut self) {
        let carry = self.s.has(flag::CF);
        self.spend(if carry { 3 } else { 2 });
        self.set_register(0, if carry { 0xFFu8 } else { 0 });
    }
}
