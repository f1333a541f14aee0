//! LOADALL: everything at once, hidden parts of segments included, and no check (80286: Intel's "Undocumented iAPX 286 Test
//! Instruction"; 80386: the same of 0F 07).

use super::{Outcome, routines};
use crate::addr::Linear;
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::checked::{Checked, Fault};
use crate::cpu::x86::flags::system;
use crate::cpu::x86::operands::Operands;
use crate::cpu::x86::state::{Segment, TableRegister, cr0, reg, seg};

routines! {
    Loadall286 = loadall_286;
    Loadall386 = loadall_386;
}

/// Where the 80286's table lies.
const TABLE_286: u64 = 0x800;
/// The segments of both tables' caches, in their order.
const CACHES_286: [u8; 4] = [seg::ES, seg::CS, seg::SS, seg::DS];
const CACHES_386: [u8; 6] = [seg::GS, seg::FS, seg::DS, seg::SS, seg::CS, seg::ES];

fn loadall_286<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.require_level_0()?;
    let mut words = [0_u16; 51];
    for (word, at) in words.iter_mut().zip((TABLE_286..).step_by(2)) {
        *word = cpu.read_system(Linear(at))?;
    }
    let word = |at: u64| words[((at - TABLE_286) / 2) as usize];
    // Base in three bytes, rights, limit.
    let cache = |at: u64| {
        let base = u64::from(word(at)) | u64::from(word(at + 2) & 0xFF) << 16;
        (base, word(at + 2) >> 8, word(at + 4))
    };
    let segment = |selector: u16, at: u64| {
        let (base, attributes, limit) = cache(at);
        Segment { selector, attributes, limit: limit.into(), base }
    };
    let table = |at: u64| {
        let (base, _, limit) = cache(at);
        TableRegister { base, limit }
    };
    let selectors = [0x824, 0x822, 0x820, 0x81E].map(word);
    let s = &mut *cpu.s;
    for ((number, selector), at) in CACHES_286.into_iter().zip(selectors).zip((0x836..).step_by(6)) {
        s.set_segment(number, segment(selector, at));
    }
    (s.gdtr, s.idtr) = (table(0x84E), table(0x85A));
    s.set_segment(seg::LDTR, segment(word(0x81C), 0x854));
    s.set_segment(seg::TR, segment(word(0x816), 0x860));
    for (number, at) in (reg::AX..=reg::DI).zip([0x834, 0x832, 0x830, 0x82E, 0x82C, 0x82A, 0x828, 0x826]) {
        s.put(number, word(at));
    }
    s.rip = word(0x81A).into();
    s.set_flags_word(u64::from(word(0x818)) & 0x7FD5 | system::FIXED);
    // It cannot leave protected mode.
    let kept = s.cr0 & cr0::PE;
    s.cr0 = s.cr0 & !0xF | u64::from(word(0x806) & 0xF) | kept;
    s.mode_changed();
    Ok(())
}

fn loadall_386<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, _: &Operands) -> Outcome {
    cpu.require_level_0()?;
    let table = cpu.get::<u32>(reg::DI);
    let mut words = [0_u32; 51];
    for (word, at) in words.iter_mut().zip((0..).step_by(4)) {
        *word = cpu.read(seg::ES, u64::from(table.wrapping_add(at)))?;
    }
    take_386(cpu, &words)
}

fn take_386<B: MemoryBus, P: Probe>(cpu: &mut Checked<'_, B, P>, words: &[u32; 51]) -> Result<(), Fault> {
    let word = |at: usize| words[at / 4];
    let segment = |selector: u32, at: usize| Segment {
        selector: selector as u16,
        attributes: (word(at) >> 8) as u16 & 0xF0FF,
        limit: word(at + 8),
        base: word(at + 4).into(),
    };
    let table = |at: usize| TableRegister { base: word(at + 4).into(), limit: word(at + 8) as u16 };
    cpu.set_cr0(word(0).into())?;
    let s = &mut *cpu.s;
    let selectors = [0x3C, 0x40, 0x44, 0x48, 0x4C, 0x50].map(word);
    for ((number, selector), at) in CACHES_386.into_iter().zip(selectors).zip((0x84..).step_by(12)) {
        s.set_segment(number, segment(selector, at));
    }
    (s.idtr, s.gdtr) = (table(0x60), table(0x6C));
    s.set_segment(seg::TR, segment(word(0x34), 0x54));
    s.set_segment(seg::LDTR, segment(word(0x38), 0x78));
    for (number, at) in (reg::AX..=reg::DI).zip([0x28, 0x24, 0x20, 0x1C, 0x18, 0x14, 0x10, 0x0C]) {
        s.put(number, word(at));
    }
    s.rip = word(8).into();
    s.set_flags_word(u64::from(word(4)) & 0x3_7FD5 | system::FIXED);
    (s.debug[6], s.debug[7]) = (word(0x2C).into(), word(0x30).into());
    s.mode_changed();
    Ok(())
}
