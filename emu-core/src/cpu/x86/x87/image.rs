//! The unit as it lies in memory: FNSTENV, FNSAVE and FXSAVE (SDM volume 1, 8.1.10 and 10.5.1).

use super::{EXCEPTIONS, Fpu, LastInstruction, Pointer};
use crate::float::{Class, F80, Format};

/// How pointers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// 32-bit operand size: 28 bytes, else 14.
    pub wide: bool,
    /// Real and virtual-8086 mode: linear addresses instead of selectors and offsets.
    pub linear: bool,
}

impl Layout {
    /// Bytes of the environment.
    pub const fn bytes(self) -> usize {
        if self.wide { 28 } else { 14 }
    }
}

/// The most bytes that FNSAVE writes.
pub const LARGEST: usize = 108;

/// The registers' image: ten bytes each.
const REGISTER_BYTES: usize = 10;

impl Pointer {
    fn linear(self) -> u32 {
        (u64::from(self.selector) << 4).wrapping_add(self.offset) as u32
    }
}

/// A number's bytes.
pub fn extended_bytes(number: F80) -> [u8; REGISTER_BYTES] {
    let mut bytes = [0; REGISTER_BYTES];
    bytes[..8].copy_from_slice(&number.mantissa.to_le_bytes());
    bytes[8..].copy_from_slice(&number.sign_exponent.to_le_bytes());
    bytes
}

/// The number that ten bytes are.
pub fn extended_from(bytes: [u8; REGISTER_BYTES]) -> F80 {
    let [mantissa @ .., low, high] = bytes;
    F80::new(u16::from_le_bytes([low, high]), u64::from_le_bytes(mantissa))
}

impl Fpu {
    /// Two bits for each register: valid, zero, special, empty.
    pub fn tag_word(&self) -> u16 {
        (0..8).fold(0, |word, n| word | self.tag(n) << (2 * n))
    }

    fn tag(&self, number: u16) -> u16 {
        if self.used >> number & 1 == 0 {
            return 3;
        }
        match self.number(usize::from(number)).class() {
            Class::Normal => 0,
            Class::Zero => 1,
            _ => 2,
        }
    }

    /// Of a tag, only whether it says empty counts.
    pub fn set_tag_word(&mut self, word: u16) {
        self.used = (0..8).fold(0, |used, n| used | u8::from(word >> (2 * n) & 3 != 3) << n);
    }

    /// FXSAVE's tags: which registers are in use.
    pub fn used(&self) -> u8 {
        self.used
    }

    pub fn set_used(&mut self, used: u8) {
        self.used = used;
    }

    /// The environment, as seven words of the layout's width: of the narrow ones, the low halves count.
    fn environment(&self, layout: Layout) -> [u32; 7] {
        let LastInstruction { at, operand, opcode } = self.last();
        let reserved = 0xFFFF_0000;
        let words = [self.control(), self.status(), self.tag_word()].map(|word| u32::from(word) | reserved);
        let opcode = u32::from(opcode);
        let pointers = match (layout.linear, layout.wide) {
            (true, true) => [
                at.linear() & 0xFFFF,
                at.linear() >> 16 << 12 | opcode,
                operand.linear() & 0xFFFF,
                operand.linear() >> 16 << 12,
            ],
            (true, false) => [
                at.linear(),
                at.linear() >> 4 & 0xF000 | opcode,
                operand.linear(),
                operand.linear() >> 4 & 0xF000,
            ],
            (false, wide) => [
                at.offset as u32,
                u32::from(at.selector) | if wide { opcode << 16 } else { 0 },
                operand.offset as u32,
                u32::from(operand.selector) | if wide { reserved } else { 0 },
            ],
        };
        let [a, b, c, d] = pointers;
        let [control, status, tags] = words;
        [control, status, tags, a, b, c, d]
    }

    /// FNSTENV's image, in the first [`Layout::bytes`] of these.
    pub fn environment_image(&self, layout: Layout) -> [u8; 28] {
        let mut image = [0; 28];
        let bytes = layout.bytes() / 7;
        for (to, word) in image.chunks_exact_mut(bytes).zip(self.environment(layout)) {
            to.copy_from_slice(&word.to_le_bytes()[..bytes]);
        }
        image
    }

    /// FLDENV.
    pub fn set_environment(&mut self, layout: Layout, image: &[u8; 28]) {
        let bytes = layout.bytes() / 7;
        let mut words = [0u32; 7];
        for (word, from) in words.iter_mut().zip(image.chunks_exact(bytes)) {
            *word = from.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
        }
        let [control, status, tags, a, b, c, d] = words;
        self.set_tag_word(tags as u16);
        self.set_status(status as u16);
        self.set_control(control as u16);
        self.set_last(last_instruction(layout, [a, b, c, d]));
    }

    /// FNSAVE's image: the environment and the registers from ST(0) on.
    pub fn full_image(&self, layout: Layout) -> [u8; LARGEST] {
        let mut image = [0; LARGEST];
        image[..28].copy_from_slice(&self.environment_image(layout));
        let registers = image[layout.bytes()..].chunks_exact_mut(REGISTER_BYTES);
        for (to, i) in registers.zip(0..8) {
            to.copy_from_slice(&extended_bytes(self.st(i)));
        }
        image
    }

    /// FRSTOR.
    pub fn set_full(&mut self, layout: Layout, image: &[u8; LARGEST]) {
        let environment = std::array::from_fn(|i| image[i]);
        self.set_environment(layout, &environment);
        for (i, from) in (0..8).zip(image[layout.bytes()..].chunks_exact(REGISTER_BYTES)) {
            self.set_number(i, extended_from(std::array::from_fn(|n| from[n])));
        }
    }

    /// Sets ST(`i`), whose tag stays.
    pub fn set_number(&mut self, i: u8, number: F80) {
        self.put(self.place(i), number);
    }

    /// Masks everything, as FNSTENV does when it has stored.
    pub fn mask_all(&mut self) {
        self.set_control(self.control | EXCEPTIONS);
    }
}

/// The pointers of an environment's image.
fn last_instruction(layout: Layout, [a, b, c, d]: [u32; 4]) -> LastInstruction {
    let opcode = |word: u32| (word & 0x7FF) as u16;
    let flat = |offset: u32| Pointer { selector: 0, offset: offset.into() };
    let far = |offset: u32, selector: u32| Pointer { selector: selector as u16, offset: offset.into() };
    match (layout.linear, layout.wide) {
        (true, true) => LastInstruction {
            at: flat(a & 0xFFFF | b << 4 & 0xFFFF_0000),
            operand: flat(c & 0xFFFF | d << 4 & 0xFFFF_0000),
            opcode: opcode(b),
        },
        (true, false) => LastInstruction {
            at: flat(a | (b & 0xF000) << 4),
            operand: flat(c | (d & 0xF000) << 4),
            opcode: opcode(b),
        },
        (false, wide) => LastInstruction {
            at: far(a, b),
            operand: far(c, d),
            opcode: if wide { opcode(b >> 16) } else { 0 },
        },
    }
}
