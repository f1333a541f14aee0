//! Random programs: instructions of the table with operands that stay nearby, and some nonsense.

use emu_core::cpu::m68k::disassemble::text_of;
use emu_core::cpu::m68k::state::State;
use emu_core::cpu::m68k::table;
use proptest::prelude::*;

/// Where the code lies.
pub const CODE: u32 = 0x1000;
/// Bytes of memory around it.
pub const MEMORY: u64 = 0x10_0000;

#[derive(Clone, Debug)]
pub struct Program {
    pub words: Vec<u16>,
    pub registers: [u32; 15],
    pub status: u16,
}

/// One instruction: a word of the table, and words behind it that make near addresses and short displacements.
fn any_instruction() -> impl Strategy<Value = Vec<u16>> {
    let opcode = any::<u16>().prop_map(|word| if table::find(word).is_some() { word } else { 0x4E71 });
    // Backwards and forwards by little, and the upper word of an absolute address.
    let rest =
        prop_oneof![4 => -40i16..40, 1 => 0i16..0x7FFF, 1 => Just(0)].prop_map(|word| word as u16 & !1);
    (opcode, prop::array::uniform4(rest)).prop_map(|(opcode, [a, b, c, d])| {
        let length = text_of([opcode, a, b, c, d], 0).words;
        [opcode, a, b, c, d][..length].to_vec()
    })
}

/// Instructions that loops are made of, so that traces are entered again and again.
fn any_loop() -> impl Strategy<Value = Vec<u16>> {
    let body = prop::collection::vec(any_instruction(), 1..5);
    (body, 0u16..8, 0u16..40).prop_map(|(body, counter, times)| {
        let body = body.concat();
        let back = -2 * (body.len() as i16 + 1);
        let start = [0x303C | counter << 9, times];
        // MOVE #times,Dn; the body; DBRA Dn.
        [start.to_vec(), body, vec![0x51C8 | counter, back as u16]].concat()
    })
}

pub fn any_program() -> impl Strategy<Value = Program> {
    let part = prop_oneof![
        4 => any_instruction(),
        3 => any_loop(),
        1 => any::<u16>().prop_map(|word| vec![word]),
    ];
    let register = prop_oneof![3 => 0u32..0x4000, 1 => 0xE_F000u32..0xF1_0000, 1 => any::<u32>()];
    let registers = prop::array::uniform15(register.prop_map(|value| value & !1));
    let status = prop_oneof![3 => Just(0x2000u16), 3 => Just(0u16), 1 => any::<u16>()];
    (prop::collection::vec(part, 4..40), registers, status).prop_map(|(parts, registers, status)| Program {
        words: parts.concat(),
        registers,
        status,
    })
}

impl Program {
    /// Bytes of memory with this program and handlers that lie in it.
    pub fn image(&self) -> Vec<u8> {
        let mut image = vec![0; CODE as usize + 2 * self.words.len()];
        for vector in 0..0x48 {
            let handler = CODE + 2 * (vector * 7 % self.words.len() as u32);
            image[vector as usize * 4..][..4].copy_from_slice(&handler.to_be_bytes());
        }
        for (i, word) in self.words.iter().enumerate() {
            image[CODE as usize + 2 * i..][..2].copy_from_slice(&word.to_be_bytes());
        }
        image
    }

    pub fn start(&self, state: &mut State) {
        state.activity = emu_core::cpu::m68k::state::Activity::Running;
        state.registers[..15].copy_from_slice(&self.registers);
        state.set_stack(true, 0x8000);
        state.set_stack(false, 0x6000);
        state.set_status(self.status, 0xA71F);
        state.pc = CODE;
    }
}
