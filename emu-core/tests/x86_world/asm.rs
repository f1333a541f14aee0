//! As much of an assembler as the kernel of [`super::kernel`] needs: 32- and 64-bit code, whose encodings are the same here.

/// Registers.
pub const AX: u8 = 0;
pub const CX: u8 = 1;
pub const DX: u8 = 2;
pub const SP: u8 = 4;
pub const SI: u8 = 6;
pub const DI: u8 = 7;

/// Segment registers.
pub const ES: u8 = 0;
pub const SS: u8 = 2;
pub const DS: u8 = 3;
pub const FS: u8 = 4;
pub const GS: u8 = 5;

#[derive(Default)]
pub struct Asm(pub Vec<u8>);

impl Asm {
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    pub fn dword(self, value: u32) -> Self {
        self.raw(&value.to_le_bytes())
    }

    /// MOV r32, imm32.
    pub fn set(self, register: u8, value: u32) -> Self {
        self.raw(&[0xB8 + register]).dword(value)
    }

    /// MOV sreg, AX, with a selector.
    pub fn segment(self, number: u8, selector: u16) -> Self {
        self.set(AX, selector.into()).raw(&[0x8E, 0xC0 | number << 3])
    }

    /// PUSH imm32.
    pub fn push(self, value: u32) -> Self {
        self.raw(&[0x68]).dword(value)
    }

    /// MOV CRn, EAX, with a value.
    pub fn control(self, number: u8, value: u32) -> Self {
        self.set(AX, value).raw(&[0x0F, 0x22, 0xC0 | number << 3])
    }

    /// WRMSR.
    pub fn msr(self, number: u32, value: u64) -> Self {
        self.set(CX, number).set(AX, value as u32).set(DX, (value >> 32) as u32).raw(&[0x0F, 0x30])
    }

    /// An instruction whose ModR/M byte has `field` and whose operand lies at an absolute address.
    pub fn at(self, opcode: &[u8], field: u8, address: u32) -> Self {
        self.raw(opcode).raw(&[field << 3 | 4, 0x25]).dword(address)
    }

    /// The same at `address` plus EAX times `1 << scale`.
    pub fn at_indexed(self, opcode: &[u8], field: u8, scale: u8, address: u32) -> Self {
        self.raw(opcode).raw(&[field << 3 | 4, scale << 6 | 5]).dword(address)
    }

    /// JMP to an absolute address from where this code is put.
    pub fn jump(self, here: u32, to: u32) -> Self {
        let next = here + self.0.len() as u32 + 5;
        self.raw(&[0xE9]).dword(to.wrapping_sub(next))
    }

    /// JMP FAR of 32-bit code.
    pub fn jump_far(self, selector: u16, offset: u32) -> Self {
        self.raw(&[0xEA]).dword(offset).raw(&selector.to_le_bytes())
    }
}
