//! In what two ends of a case differ.

use super::case::{Case, End, Ending, SEGMENTS};
use super::start::{self, SCRATCH};
use std::ops::Range;

/// Bits of CR0 that guests see the effect of: PE, MP, EM, TS, WP, AM, PG.
const CR0: u64 = 0x8005_000F;
/// SCE, LME, LMA, NXE.
const EFER: u64 = 0xD01;
/// B0 to B3, BD, BS, BT.
const DR6: u64 = 0xE00F;
/// The marks in entries of page tables: accessed, dirty.
const MARKS: u32 = 0x60;
/// Where the suite has its page tables.
const TABLES: Range<usize> = 0x1_0000..0x1_6000;
/// Where a PC has no memory, but its display and its ROM.
const ADAPTERS: Range<usize> = 0xA_0000..0x10_0000;
/// So many words are told of memories that differ.
const TOLD: usize = 4;

/// Differences of a peer's end from ours, each as "what: ours, theirs".
pub fn differences(case: &Case, theirs: &End) -> Vec<String> {
    let ours = &case.end;
    let is_64_bit = ours.state.efer & 0x400 != 0;
    if (ours.ending, theirs.ending) == (Ending::Shutdown, Ending::Shutdown) {
        // What a processor in shutdown holds is nobody's to see.
        return Vec::new();
    }
    if ours.ending != theirs.ending {
        return vec![format!("ending: {:?}, {:?}", ours.ending, theirs.ending)];
    }
    let mut found = Vec::new();
    let mut compare = |what: &str, ours: u64, theirs: u64| {
        if ours != theirs {
            found.push(format!("{what}: {ours:X}, {theirs:X}"));
        }
    };
    let (a, b) = (&ours.state, &theirs.state);
    let mask = if is_64_bit { u64::MAX } else { 0xFFFF_FFFF };
    const NAMES: [&str; 8] = ["AX", "CX", "DX", "BX", "SP", "BP", "SI", "DI"];
    for (number, (ours, theirs)) in a.registers.iter().zip(&b.registers).enumerate() {
        let name = NAMES.get(number).map_or_else(|| format!("R{number}"), |name| (*name).to_owned());
        if number < 8 || is_64_bit {
            compare(&name, ours & mask, theirs & mask);
        }
    }
    compare("IP", a.rip, b.rip);
    compare("flags", a.flags, b.flags);
    compare("CR0", a.cr0 & CR0, b.cr0 & CR0);
    compare("CR2", a.cr2, b.cr2);
    compare("CR3", a.cr3, b.cr3);
    compare("CR4", a.cr4, b.cr4);
    compare("EFER", a.efer & EFER, b.efer & EFER);
    compare("DR6", a.debug[6] & DR6, b.debug[6] & DR6);
    for (number, name) in SEGMENTS.iter().enumerate() {
        compare(name, a.segments[number].selector.into(), b.segments[number].selector.into());
    }
    found.extend(memory(case, &theirs.memory));
    found
}

/// The words in which the memories differ. The way into a case may have marked pages, uses some of its own, and leaves
/// its frame below the stack.
fn memory(case: &Case, theirs: &[u8]) -> Vec<String> {
    let word = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let words = case.end.memory.chunks_exact(4).zip(theirs.chunks_exact(4)).zip(case.memory.chunks_exact(4));
    let words = words.map(|((ours, theirs), start)| (word(ours), word(theirs), word(start)));
    let frame = start::frame(&case.start);
    let mut differing = (0..).step_by(4).zip(words).filter(|(at, (ours, theirs, start))| {
        let is_marked =
            TABLES.contains(at) && ours | (theirs & MARKS) == *theirs && ours & !MARKS == theirs & !MARKS;
        // A byte there that the case has not written.
        let is_untouched = |byte: u32| {
            let of = |word: &u32| word >> (8 * byte) & 0xFF;
            of(ours) == of(theirs) || of(ours) == of(start)
        };
        let is_of_way_in = SCRATCH.contains(at) || frame.contains(at) && (0..4).all(is_untouched);
        ours != theirs && !is_marked && !is_of_way_in && !ADAPTERS.contains(at)
    });
    let told = |(at, (ours, theirs, _))| format!("memory {at:X}: {ours:X}, {theirs:X}");
    let mut found: Vec<String> = differing.by_ref().take(TOLD).map(told).collect();
    match differing.count() {
        0 => {}
        more => found.push(format!("and {more} words more")),
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::case::{MEMORY, State};

    fn end() -> End {
        End { ending: Ending::Halted, state: State::default(), memory: vec![0; MEMORY] }
    }

    fn case(end: End) -> Case {
        let (name, model) = (String::new(), String::new());
        let start = State::default();
        Case { name, model, has_interrupt: false, start, memory: vec![0; MEMORY], end }
    }

    #[test]
    fn differences_are_told() {
        let (ours, mut theirs) = (case(end()), end());
        theirs.state.registers[1] = 5;
        theirs.state.registers[9] = 5;
        theirs.memory[0x4_0001] = 1;
        assert_eq!(differences(&ours, &theirs), ["CX: 0, 5", "memory 40000: 0, 100"]);
        theirs.ending = Ending::Shutdown;
        assert_eq!(differences(&ours, &theirs), ["ending: Halted, Shutdown"]);
    }

    #[test]
    fn marks_of_the_way_in_do_not_count() {
        let (mut ours, mut theirs) = (case(end()), end());
        theirs.memory[TABLES.start] = 0x20;
        theirs.memory[SCRATCH.start] = 1;
        assert!(differences(&ours, &theirs).is_empty());
        ours.end.memory[TABLES.start] = 0x40;
        assert!(!differences(&ours, &theirs).is_empty());
    }
}
