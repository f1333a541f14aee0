//! Random cases: an instruction of a form, with registers and memory such that it reaches nothing but the arena's data.

use crate::forms::{Template, decode, is_near_transfer};
use crate::host::{BASE, BRANCH_DISTANCE, CODE, DATA, DATA_BYTES, Extended, Registers, Size};
use crate::random::Random;
use iced_x86::{CpuidFeature, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};

/// Where memory operands lie in the data: so far from its ends that all around them lies within, too.
const TARGETS: (u64, u64) = (0x180, 0x80);

const RAX: usize = 0;
const RCX: usize = 1;
const RDX: usize = 2;
const RBX: usize = 3;
const RSP: usize = 4;
const RBP: usize = 5;
const RSI: usize = 6;
const RDI: usize = 7;

pub struct Case {
    pub size: Size,
    pub code: Vec<u8>,
    pub instruction: Instruction,
    pub before: Registers,
    pub data: [u8; DATA_BYTES],
    /// Where in the data its operand lies, if it is one of base, index and displacement.
    pub operand: Option<usize>,
}

const fn is_prefix(byte: u8) -> bool {
    matches!(byte, 0x26 | 0x2E | 0x36 | 0x3E | 0x64..=0x67 | 0xF0 | 0xF2 | 0xF3)
}

/// Whether it may go on elsewhere.
fn leaves(i: &Instruction) -> bool {
    i.flow_control() == FlowControl::ConditionalBranch || is_near_transfer(i)
}

/// The length of the image that FXSAVE, XSAVE and their kin save or load.
pub fn image_bytes(i: &Instruction) -> Option<usize> {
    use Mnemonic as M;
    match i.mnemonic() {
        M::Fxsave | M::Fxsave64 | M::Fxrstor | M::Fxrstor64 => Some(512),
        M::Xsave | M::Xsave64 | M::Xsaveopt | M::Xsaveopt64 | M::Xsavec | M::Xsavec64 => Some(832),
        M::Xrstor | M::Xrstor64 => Some(832),
        _ => None,
    }
}

/// Whether nobody says what an instruction does.
fn is_undefined(case: &Case) -> bool {
    let Case { instruction: i, before, code, size, .. } = case;
    let (size, address) = (*size, case.operand.unwrap_or(0));
    use Mnemonic as M;
    let prefixes = code.iter().take_while(|&&byte| is_prefix(byte));
    match i.mnemonic() {
        // AMD's let a repeat prefix choose between the two.
        M::Loope | M::Loopne if i.has_rep_prefix() || i.has_repne_prefix() => true,
        // AMD's cut IP off in 64-bit mode, Intel's pay no heed to the prefix.
        _ if size == Size::Bits64 && leaves(i) => prefixes.into_iter().any(|&byte| byte == 0x66),
        // With nothing to write, some look at the segment's rights, some don't.
        M::Maskmovq | M::Maskmovdqu | M::Vmaskmovdqu => i.segment_prefix() != Register::None,
        // AMD's take any address.
        _ if i.cpuid_features().contains(&CpuidFeature::SHA) => address & 15 != 0,
        M::Shld | M::Shrd if i.op0_kind() == OpKind::Memory || i.op0_register().size() == 2 => {
            let count = if i.op2_kind() == OpKind::Register { before.general[RCX] } else { i.immediate(2) };
            count & 31 > 16
        }
        // Some take F3 41 90 for PAUSE, some for XCHG.
        M::Pause | M::Nop | M::Xchg => code.len() > 2 && code.contains(&0xF3) && code.ends_with(&[0x90]),
        // Outside of 64-bit mode, AMD's know no form with VEX.W; Intel's pay no heed to it.
        M::Vpextrd | M::Vpinsrd => code.windows(3).any(|bytes| bytes[0] == 0xC4 && bytes[2] & 0x80 != 0),
        _ => false,
    }
}

/// A case of the form that `template` makes; `None` when this try was no good.
pub fn case(random: &mut Random, size: Size, template: &Template) -> Option<Case> {
    let ip = BASE + CODE as u64 - size.segment_base();
    let wanted = decode(size, &padded(template.bytes()), ip).code();
    let mut code = written(random, size, template);
    let instruction = decode(size, &code, ip);
    if instruction.is_invalid() || instruction.code() != wanted {
        return None;
    }
    code.truncate(instruction.len());
    let mut case =
        Case { size, code, instruction, before: registers(random), data: [0; DATA_BYTES], operand: None };
    for bytes in case.data.chunks_exact_mut(8) {
        bytes.copy_from_slice(&random.pattern().to_le_bytes());
    }
    case.settle_implied(random);
    case.settle_memory(random)?;
    case.settle_transfer()?;
    if is_undefined(&case) {
        return None;
    }
    if case.size != Size::Bits64 {
        case.before.general.iter_mut().for_each(|value| *value &= 0xFFFF_FFFF);
        case.before.general[8..].fill(0);
    }
    Some(case)
}

fn padded(bytes: &[u8]) -> [u8; 15] {
    std::array::from_fn(|i| bytes.get(i).copied().unwrap_or(0))
}

/// The template's bytes with what may come between and behind them.
fn written(random: &mut Random, size: Size, template: &Template) -> Vec<u8> {
    let mut code = Vec::with_capacity(24);
    let bytes = template.bytes();
    match random.below(24) {
        0 => code.push(*random.pick(&[0x26, 0x2E, 0x36, 0x3E])),
        1 | 2 if size != Size::Bits32 => code.push(0x67),
        3 => code.push(0xF0),
        4 => code.push(*random.pick(&[0x66, 0xF2, 0xF3])),
        _ => {}
    }
    let has_mandatory = matches!(bytes[0], 0x66 | 0xF2 | 0xF3);
    let (mandatory, rest) = bytes.split_at(usize::from(has_mandatory));
    code.extend_from_slice(mandatory);
    match rest {
        [0xC4, second, third, more @ ..] if size == Size::Bits64 || rest.len() > 3 => {
            code.extend(vex(random, size, [*second, *third]));
            code.extend_from_slice(more);
        }
        [rex @ 0x40..=0x4F, more @ ..] if size == Size::Bits64 => {
            code.push(rex | random.below(8) as u8);
            code.extend_from_slice(more);
        }
        _ => {
            if size == Size::Bits64 && random.one_in(2) {
                code.push(0x40 | random.below(8) as u8);
            }
            code.extend_from_slice(rest);
        }
    }
    code.extend((0..3).flat_map(|_| random.pattern().to_le_bytes()));
    code
}

/// A VEX prefix with other registers, in its two-byte form where it has one.
fn vex(random: &mut Random, size: Size, [second, third]: [u8; 2]) -> Vec<u8> {
    let extended = if size == Size::Bits64 { (random.below(8) as u8) << 5 } else { 0xE0 };
    let second = second & 0x1F | extended;
    let register = if random.one_in(4) { 15 } else { random.below(16) as u8 };
    let register = if size == Size::Bits64 { register } else { register | 8 };
    let third = third & 0x87 | register << 3;
    let short = second & 0x7F == 0x61 && third & 0x80 == 0 && random.one_in(2);
    if short { vec![0xC5, second & 0x80 | third] } else { vec![0xC4, second, third] }
}

fn registers(random: &mut Random) -> Registers {
    let mut registers = Registers::ZERO;
    registers.general = std::array::from_fn(|_| random.pattern());
    registers.flags = 0x202 | random.bits() & 0xCD5;
    let Extended(image) = &mut registers.extended;
    for bytes in image[160..416].chunks_exact_mut(8) {
        bytes.copy_from_slice(&random.pattern().to_le_bytes());
    }
    for bytes in image[576..832].chunks_exact_mut(8) {
        bytes.copy_from_slice(&random.pattern().to_le_bytes());
    }
    floating_point(random, image);
    let usual = 0x1F80 | (random.below(4) as u32) << 13;
    let mxcsr = match random.below(16) {
        0 => usual & !(1 << (7 + random.below(6))),
        1 => usual | 0x8000,
        2 => usual | 0x0040,
        3 => usual | 0x8040 | random.below(64) as u32,
        _ => usual,
    };
    image[24..28].copy_from_slice(&mxcsr.to_le_bytes());
    // XSTATE_BV: all three parts are there.
    image[512] = 7;
    registers
}

/// The x87 part of an image.
fn floating_point(random: &mut Random, image: &mut [u8; 832]) {
    let masks = match random.below(8) {
        0 => 0x3F & !(1 << random.below(6)),
        1 => random.below(64) as u16,
        _ => 0x3F,
    };
    let control =
        0x40 | masks | [0u16, 2, 3, 3][random.below(4) as usize] << 8 | (random.below(4) as u16) << 10;
    let mut status = (random.bits() as u16) & 0x4700 | (random.below(8) as u16) << 11;
    if random.one_in(8) {
        status |= random.below(64) as u16;
    }
    if status & !control & 0x3F != 0 {
        status |= 0x8080;
    }
    let used = match random.below(4) {
        0 => random.bits() as u8,
        1 => 0xFF,
        // The usual: a stack with some numbers on it.
        _ => (0xFF00_u16 >> random.below(9)).to_be_bytes()[1]
            .rotate_left(u32::from(status >> 11 & 7))
            .reverse_bits(),
    };
    image[..2].copy_from_slice(&control.to_le_bytes());
    image[2..4].copy_from_slice(&status.to_le_bytes());
    image[4] = used;
    let mut last = (0, 0);
    for i in 0..8 {
        let (exponent, significand) = match random.below(6) {
            0 => last,
            1 => (last.0 ^ random.below(4) as u16 ^ (random.bits() as u16 & 0x8000), random.extended().1),
            2 => (0x3FFF + random.below(64) as u16, 1 << 63 | random.bits()),
            _ => random.extended(),
        };
        last = (exponent, significand);
        let at = 32 + 16 * i;
        image[at..at + 8].copy_from_slice(&significand.to_le_bytes());
        image[at + 8..at + 10].copy_from_slice(&exponent.to_le_bytes());
    }
}

impl Case {
    /// The offset of a place in the data.
    fn data_offset(&self, at: u64) -> u64 {
        BASE + DATA as u64 - self.size.segment_base() + at
    }

    fn middle(&self, random: &mut Random) -> u64 {
        self.data_offset(TARGETS.0 + random.below(TARGETS.1))
    }

    /// What an instruction takes without naming it: counters, stack and string pointers.
    fn settle_implied(&mut self, random: &mut Random) {
        use Mnemonic as M;
        let i = self.instruction;
        let (a, b, c) = (self.middle(random), self.middle(random), self.middle(random));
        let g = &mut self.before.general;
        if i.is_string_instruction() {
            (g[RSI], g[RDI], g[RCX]) = (a, b, random.below(8));
        }
        if i.is_stack_instruction() || i.mnemonic() == M::Enter {
            (g[RSP], g[RBP]) = (a, c);
        }
        match i.mnemonic() {
            // The stack pointer's new place is touched.
            M::Enter => self.code[i.len() - 2] = 0,
            M::Leave => g[RBP] = a,
            M::Xlatb => g[RBX] = a,
            M::Maskmovq | M::Maskmovdqu | M::Vmaskmovdqu => g[RDI] = a,
            M::Loop | M::Loope | M::Loopne | M::Jcxz | M::Jecxz | M::Jrcxz if random.one_in(2) => {
                g[RCX] = random.below(3);
            }
            M::Div | M::Idiv if !random.one_in(4) => {
                let small = random.pattern() >> random.below(64);
                g[RDX] = if random.one_in(2) { 0 } else { (small as i64 >> 63) as u64 };
                g[RAX] = small;
                if random.one_in(2) {
                    g[RDX] = small >> 40;
                }
            }
            M::Pcmpestri | M::Pcmpestrm | M::Vpcmpestri | M::Vpcmpestrm if random.one_in(2) => {
                (g[RAX], g[RDX]) = (random.below(20), random.below(20));
            }
            M::Bt | M::Bts | M::Btr | M::Btc
                if i.op0_kind() == OpKind::Memory && i.op1_kind() == OpKind::Register =>
            {
                g[i.op1_register().full_register().number()] = random.below(0x200).wrapping_sub(0x100);
            }
            _ => {}
        }
    }

    /// Makes the memory operand, if there is one, lie in the data.
    fn settle_memory(&mut self, random: &mut Random) -> Option<()> {
        self.settle_branch();
        if !(0..self.instruction.op_count()).any(|n| self.instruction.op_kind(n) == OpKind::Memory) {
            return Some(());
        }
        let i = self.instruction;
        if i.mnemonic() == Mnemonic::Xlatb {
            return Some(());
        }
        if !matches!(
            i.segment_prefix(),
            Register::None | Register::ES | Register::SS | Register::DS | Register::CS
        ) || (i.segment_prefix() == Register::CS && self.size != Size::Bits64)
        {
            return None;
        }
        let target = self.target(random);
        let (base, index) = (i.memory_base(), i.memory_index());
        if index.is_vector_register() {
            return self.settle_gather(random, target);
        }
        let uses_stack = i.is_stack_instruction() && (base.full_register() == Register::RSP);
        let tests_bits = matches!(i.mnemonic(), Mnemonic::Bt | Mnemonic::Bts | Mnemonic::Btr | Mnemonic::Btc)
            && i.op1_kind() == OpKind::Register
            && [base, index].iter().any(|r| r.full_register() == i.op1_register().full_register());
        if tests_bits || (uses_stack && (index != Register::None || i.memory_displacement64() > 0x40)) {
            return None;
        }
        match (base, index) {
            (Register::None | Register::RIP | Register::EIP, Register::None) => {
                self.patch_displacement(target)
            }
            (base, Register::None) => {
                self.set(base, target.wrapping_sub(self.displacement()));
                Some(())
            }
            (Register::None, index) => {
                let scale = u64::from(i.memory_index_scale());
                let value = (target.wrapping_sub(self.displacement()) as i64).div_euclid(scale as i64);
                self.set(index, value as u64);
                Some(())
            }
            (base, index) => self.settle_sum(base, index, target),
        }?;
        let i = self.instruction;
        let operand = (0..i.op_count()).find(|&n| i.op_kind(n) == OpKind::Memory)?;
        let address = i.virtual_address(operand, 0, |register, _, _| match register {
            Register::ES | Register::CS | Register::SS | Register::DS => Some(0),
            register => Some(self.value(register)),
        });
        let at = address?.wrapping_sub(self.data_offset(0)) & self.address_mask();
        if at > DATA_BYTES as u64 / 2 {
            return None;
        }
        self.operand = Some(at as usize);
        if image_bytes(&self.instruction).is_some() {
            self.settle_image(random, at as usize);
        }
        if random.one_in(2) {
            self.expect_memory(at as usize);
        }
        Some(())
    }

    /// Makes an image of FXSAVE or XSAVE out of the random data, mostly one that can be loaded.
    fn settle_image(&mut self, random: &mut Random, at: usize) {
        let i = self.instruction;
        if ![i.memory_base(), i.memory_index()].iter().any(|part| part.full_register() == Register::RAX) {
            let mask = &mut self.before.general[RAX];
            *mask = *mask & !7 | random.below(8);
        }
        let mxcsr = random.bits() as u32 & if random.one_in(16) { 0xFFFD_FFFF } else { 0xFFFF };
        self.data[at + 24..at + 28].copy_from_slice(&mxcsr.to_le_bytes());
        if random.one_in(16) || image_bytes(&self.instruction) == Some(512) {
            return;
        }
        let there = random.below(8);
        let form = if random.one_in(4) { 1 << 63 | there | random.below(8) } else { 0 };
        self.data[at + 512..at + 576].fill(0);
        self.data[at + 512..at + 520].copy_from_slice(&there.to_le_bytes());
        self.data[at + 520..at + 528].copy_from_slice(&form.to_le_bytes());
    }

    /// Makes CMPXCHG and its kin find what they expect.
    fn expect_memory(&mut self, at: usize) {
        let i = self.instruction;
        let half = match i.mnemonic() {
            Mnemonic::Cmpxchg8b => 4,
            Mnemonic::Cmpxchg | Mnemonic::Cmpxchg16b => 8,
            _ => return,
        };
        let addresses = [i.memory_base(), i.memory_index()].map(Register::full_register);
        if addresses.iter().any(|register| matches!(register, Register::RAX | Register::RDX)) {
            return;
        }
        let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|n| self.data[at + n]));
        let (low, high) = (word(at), word(at + half));
        (self.before.general[RAX], self.before.general[RDX]) = (low, high);
    }

    /// Where the operand in memory is to lie: mostly aligned, as vectors need it.
    fn target(&self, random: &mut Random) -> u64 {
        if image_bytes(&self.instruction).is_some() {
            let astray = if random.one_in(16) { 1 << random.below(6) } else { 0 };
            return self.data_offset(64 * random.below(3) + astray);
        }
        let target = self.middle(random);
        match self.instruction.memory_size().size() as u64 {
            size @ (16 | 32) if !random.one_in(16) => target & !(size - 1),
            size @ 1..16 if random.one_in(2) => target & !(size.next_power_of_two() - 1),
            _ => target,
        }
    }

    /// Base and index are both registers: the base makes up for the index.
    fn settle_sum(&mut self, base: Register, index: Register, target: u64) -> Option<()> {
        let scale = u64::from(self.instruction.memory_index_scale());
        let rest = target.wrapping_sub(self.displacement());
        if base.full_register() == index.full_register() {
            let value = (rest as i64).div_euclid(1 + scale as i64);
            self.set(base, value as u64);
            return (self.address_mask() == u64::MAX).then_some(());
        }
        let index = self.value(index).wrapping_mul(scale);
        self.set(base, rest.wrapping_sub(index));
        Some(())
    }

    fn settle_gather(&mut self, random: &mut Random, target: u64) -> Option<()> {
        let i = self.instruction;
        if i.memory_base() == Register::None || self.address_mask() != u64::MAX {
            return None;
        }
        self.set(i.memory_base(), target.wrapping_sub(self.displacement()));
        let number = i.memory_index().number();
        let wide = matches!(
            i.mnemonic(),
            Mnemonic::Vgatherqpd | Mnemonic::Vgatherqps | Mnemonic::Vpgatherqd | Mnemonic::Vpgatherqq
        );
        let Extended(image) = &mut self.before.extended;
        for start in [160 + 16 * number, 576 + 16 * number] {
            for half in image[start..start + 16].chunks_exact_mut(8) {
                let mut element = || random.below(16).wrapping_sub(8);
                let value = if wide { element() } else { element() & 0xFFFF_FFFF | element() << 32 };
                half.copy_from_slice(&value.to_le_bytes());
            }
        }
        Some(())
    }

    /// A taken branch leads to its own way back.
    fn settle_branch(&mut self) {
        let bytes = match self.instruction.op0_kind() {
            OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64 => {
                let short = self.instruction.is_jcc_short()
                    || self.instruction.is_jmp_short()
                    || self.instruction.is_loop()
                    || self.instruction.is_loopcc()
                    || self.instruction.is_jcx_short();
                match (short, self.instruction.op0_kind()) {
                    (true, _) => 1,
                    // With a 16-bit operand in 32- or 64-bit code, IP is cut off.
                    (_, OpKind::NearBranch16) => 2,
                    _ => 4,
                }
            }
            _ => return,
        };
        let distance = (BRANCH_DISTANCE - self.code.len()) as u32;
        let at = self.code.len() - bytes;
        self.code[at..].copy_from_slice(&distance.to_le_bytes()[..bytes]);
        self.decode_again();
    }

    /// An indirect jump or call, or a return, leads where a taken branch leads.
    fn settle_transfer(&mut self) -> Option<()> {
        let i = self.instruction;
        if !is_near_transfer(&i) {
            return Some(());
        }
        let target = i.ip() + BRANCH_DISTANCE as u64;
        let at = match i.op0_kind() {
            _ if i.mnemonic() == Mnemonic::Ret => {
                self.before.general[RSP].wrapping_sub(self.data_offset(0)) as usize
            }
            OpKind::Register if i.op0_register().full_register() == Register::RSP => return None,
            OpKind::Register => {
                self.set(i.op0_register(), target);
                return Some(());
            }
            OpKind::Memory => self.operand?,
            _ => return Some(()),
        };
        self.data[at..at + 8].copy_from_slice(&target.to_le_bytes());
        Some(())
    }

    /// The address has neither base nor index: the displacement itself is the target.
    fn patch_displacement(&mut self, target: u64) -> Option<()> {
        let ip = self.instruction.ip();
        let mut decoder = Decoder::with_ip(self.size.bits(), &self.code, ip, DecoderOptions::NONE);
        let instruction = decoder.decode();
        let offsets = decoder.get_constant_offsets(&instruction);
        let relative = instruction.is_ip_rel_memory_operand();
        let value = if relative { target.wrapping_sub(instruction.next_ip()) } else { target };
        let (at, size) = (offsets.displacement_offset(), offsets.displacement_size());
        if size < 2 || (size == 2 && value > 0xFFFF) {
            return None;
        }
        self.code[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
        self.decode_again();
        Some(())
    }

    fn decode_again(&mut self) {
        self.instruction = decode(self.size, &self.code, self.instruction.ip());
    }

    fn displacement(&self) -> u64 {
        self.instruction.memory_displacement64()
    }

    /// The bits that this instruction's addresses have.
    fn address_mask(&self) -> u64 {
        let i = &self.instruction;
        let register = if i.memory_base() == Register::None { i.memory_index() } else { i.memory_base() };
        match (register, register.size()) {
            (Register::None, _) => match (i.memory_displ_size(), self.size) {
                (8, _) | (_, Size::Bits64) => u64::MAX,
                (2, _) => 0xFFFF,
                _ => 0xFFFF_FFFF,
            },
            (_, 2) => 0xFFFF,
            (_, 4) => 0xFFFF_FFFF,
            _ => u64::MAX,
        }
    }

    fn value(&self, register: Register) -> u64 {
        let value = self.before.general[register.full_register().number()];
        match register.size() {
            2 => value & 0xFFFF,
            4 => value & 0xFFFF_FFFF,
            _ => value,
        }
    }

    fn set(&mut self, register: Register, value: u64) {
        let mask = match register.size() {
            2 => 0xFFFF,
            4 => 0xFFFF_FFFF,
            _ => u64::MAX,
        };
        let place = &mut self.before.general[register.full_register().number()];
        *place = *place & !mask | value & mask;
    }
}
