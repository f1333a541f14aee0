//! A run of the protected-mode suite as `emu-core/tests/x86_system/recording.rs` writes it down.

use std::path::Path;

/// Bytes of a case's memory, which begins at 0.
pub const MEMORY: usize = 4 << 20;

/// A segment register with its hidden part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    pub selector: u16,
    /// Bytes 5 and 6 of a descriptor.
    pub attributes: u16,
    /// The offset of the last byte.
    pub limit: u32,
    pub base: u64,
}

/// In the order of their numbers, with LDTR and TR behind.
pub const SEGMENTS: [&str; 8] = ["ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"];
pub const ES: usize = 0;
pub const CS: usize = 1;
pub const SS: usize = 2;
pub const DS: usize = 3;
pub const FS: usize = 4;
pub const GS: usize = 5;
pub const LDTR: usize = 6;
pub const TR: usize = 7;

/// What a processor holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    pub registers: [u64; 16],
    pub rip: u64,
    pub flags: u64,
    pub cr0: u64,
    pub cr2: u64,
    pub cr3: u64,
    pub cr4: u64,
    pub efer: u64,
    pub debug: [u64; 8],
    /// Base and limit.
    pub gdtr: (u64, u16),
    pub idtr: (u64, u16),
    /// STAR, LSTAR, CSTAR, SFMASK, and the kernel's GS base.
    pub msrs: [u64; 5],
    pub segments: [Segment; 8],
}

/// How a run has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    Halted,
    /// By a triple fault.
    Shutdown,
    #[default]
    Neither,
}

/// State, memory, and how it came to that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    pub ending: Ending,
    pub state: State,
    pub memory: Vec<u8>,
}

/// A run.
pub struct Case {
    /// The test, and the number of the run in it.
    pub name: String,
    pub model: String,
    /// An interrupt from outside waits at the start.
    pub has_interrupt: bool,
    pub start: State,
    pub memory: Vec<u8>,
    pub end: End,
}

impl Case {
    /// # Errors
    /// When the file can't be read or isn't one.
    pub fn read(file: &Path) -> Result<Self, String> {
        let wrong = |what: &str| format!("{}: {what}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| wrong(&error.to_string()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut memory = vec![0; MEMORY];
        let (start, end) = text.split_once("\nend ").ok_or_else(|| wrong("it has no end"))?;
        let first = state(start, &mut memory).ok_or_else(|| wrong("its start is damaged"))?;
        let start_memory = memory.clone();
        let last = state(end, &mut memory).ok_or_else(|| wrong("its end is damaged"))?;
        let ending = match end.lines().next() {
            Some("Halted") => Ending::Halted,
            Some("Shutdown") => Ending::Shutdown,
            _ => Ending::Neither,
        };
        let model = start.lines().find_map(|line| line.strip_prefix("model ")).unwrap_or_default();
        Ok(Self {
            name,
            model: model.to_owned(),
            has_interrupt: start.contains("\ninterrupt "),
            start: first,
            memory: start_memory,
            end: End { ending, state: last, memory },
        })
    }
}

/// The state that these lines tell; what they tell of memory goes there.
fn state(text: &str, memory: &mut [u8]) -> Option<State> {
    let mut state = State::default();
    let mut segments = state.segments.iter_mut();
    for line in text.lines() {
        let (key, rest) = line.split_once(' ').unwrap_or((line, ""));
        if key == "memory" {
            let (at, bytes) = rest.split_once(' ')?;
            let at = usize::from_str_radix(at, 16).ok()?;
            for (place, pair) in memory.get_mut(at..)?.iter_mut().zip(bytes.as_bytes().chunks(2)) {
                *place = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
            }
            continue;
        }
        let numbers: Vec<u64> =
            rest.split(' ').filter_map(|word| u64::from_str_radix(word, 16).ok()).collect();
        match (key, numbers.as_slice()) {
            ("registers", _) => state.registers = numbers.try_into().ok()?,
            ("rip", [rip]) => state.rip = *rip,
            ("flags", [flags]) => state.flags = *flags,
            ("control", &[cr0, cr2, cr3, cr4, efer]) => {
                (state.cr0, state.cr2, state.cr3, state.cr4, state.efer) = (cr0, cr2, cr3, cr4, efer);
            }
            ("debug", _) => state.debug = numbers.try_into().ok()?,
            ("gdtr", &[base, limit]) => state.gdtr = (base, limit as u16),
            ("idtr", &[base, limit]) => state.idtr = (base, limit as u16),
            ("msrs", _) => state.msrs = numbers.try_into().ok()?,
            ("segment", &[selector, attributes, limit, base]) => {
                let (selector, attributes, limit) = (selector as u16, attributes as u16, limit as u32);
                *segments.next()? = Segment { selector, attributes, limit, base };
            }
            _ => {}
        }
    }
    Some(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read() {
        let mut memory = vec![0; 0x100];
        let text = "model 386dx\nrip 20000\nflags 2\ncontrol 11 0 10000 0 0\ngdtr 1000 ff\n\
                    segment 23 cff3 ffffffff 0\nsegment 8 cf9b ffffffff 0\nmemory 40 f400ff";
        let state = state(text, &mut memory).unwrap();
        assert_eq!((state.rip, state.cr0, state.cr3), (0x20000, 0x11, 0x10000));
        assert_eq!((state.gdtr, state.segments[ES].selector), ((0x1000, 0xFF), 0x23));
        assert_eq!((state.segments[CS].attributes, &memory[0x40..0x43]), (0xCF9B, &[0xF4, 0, 0xFF][..]));
    }
}
