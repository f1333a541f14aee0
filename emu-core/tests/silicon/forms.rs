//! Every form of instruction that the decoder tells apart, found by trying all opcodes.

use crate::host::Size;
use emu_core::cpu::x86::model::Model;
use iced_x86::{Code, CpuidFeature, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind};
use std::collections::BTreeMap;

/// Prefixes, opcode and ModR/M byte that make a form, whatever follows.
#[derive(Clone, Copy, Debug)]
pub struct Template {
    bytes: [u8; 7],
    length: u8,
}

impl Template {
    fn new(parts: &[&[u8]]) -> Self {
        let (mut bytes, mut length) = ([0; 7], 0);
        for byte in parts.iter().copied().flatten() {
            bytes[length] = *byte;
            length += 1;
        }
        Self { bytes, length: length as u8 }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length.into()]
    }
}

/// The forms and the ways to write each.
pub type Forms = BTreeMap<u16, Vec<Template>>;

/// Decodes as the engine under test does, but for what a member lacks.
pub fn decode(size: Size, bytes: &[u8], ip: u64) -> Instruction {
    Decoder::with_ip(size.bits(), bytes, ip, DecoderOptions::NONE).decode()
}

/// All forms of code of a size.
pub fn all(size: Size) -> Forms {
    let mut forms = Forms::new();
    let mut try_one = |template: Template| {
        let mut bytes = [0; 15];
        bytes[..template.bytes().len()].copy_from_slice(template.bytes());
        let instruction = decode(size, &bytes, 0x1000);
        if !instruction.is_invalid() && instruction.len() >= template.bytes().len() {
            forms.entry(instruction.code() as u16).or_default().push(template);
        } else if !instruction.is_invalid() {
            // Without a ModR/M byte: every value of it finds the same.
            let short = Template { length: instruction.len() as u8, ..template };
            let list = forms.entry(instruction.code() as u16).or_default();
            if list.len() < 8 {
                list.push(short);
            }
        }
    };
    legacy(size, &mut try_one);
    vex(size, &mut try_one);
    forms
}

fn legacy(size: Size, try_one: &mut impl FnMut(Template)) {
    const MAPS: [&[u8]; 4] = [&[], &[0x0F], &[0x0F, 0x38], &[0x0F, 0x3A]];
    const MANDATORY: [&[u8]; 4] = [&[], &[0x66], &[0xF3], &[0xF2]];
    let rex: &[&[u8]] = if size == Size::Bits64 { &[&[], &[0x48]] } else { &[&[]] };
    for map in MAPS {
        for (mandatory, rex) in MANDATORY.iter().flat_map(|&m| rex.iter().map(move |&r| (m, r))) {
            for (opcode, modrm) in (0..=255).flat_map(|opcode| (0..=255).map(move |modrm| (opcode, modrm))) {
                let is_prefix =
                    matches!(opcode, 0x26 | 0x2E | 0x36 | 0x3E | 0x64..=0x67 | 0xF0 | 0xF2 | 0xF3)
                        || (size == Size::Bits64 && opcode & 0xF0 == 0x40);
                let is_vex = matches!(opcode, 0x62 | 0xC4 | 0xC5) && size == Size::Bits64;
                let leads = matches!((map, opcode), ([], 0x0F) | ([0x0F], 0x38 | 0x3A | 0x0F));
                if leads || (map.is_empty() && (is_prefix || is_vex)) {
                    continue;
                }
                try_one(Template::new(&[mandatory, rex, map, &[opcode, modrm]]));
            }
        }
    }
}

fn vex(size: Size, try_one: &mut impl FnMut(Template)) {
    if size == Size::Bits16 {
        return;
    }
    for map in 1..=3 {
        for wlp in 0..16_u8 {
            // W, vvvv inverted, L, pp.
            let third = (wlp & 8) << 4 | 0x78 | wlp & 7;
            for (opcode, modrm) in (0..=255).flat_map(|opcode| (0..=255).map(move |modrm| (opcode, modrm))) {
                try_one(Template::new(&[&[0xC4, 0xE0 | map, third, opcode, modrm]]));
            }
        }
    }
}

/// Whether the host's user mode can execute an instruction and our model knows it.
pub fn is_common(instruction: &Instruction, model: &Model) -> bool {
    let features = instruction.cpuid_features();
    features.iter().all(|&feature| model.has(feature) && host_has(feature))
}

/// Whether the host has the instructions of a feature.
fn host_has(feature: CpuidFeature) -> bool {
    use CpuidFeature as F;
    match feature {
        F::INTEL8086 | F::INTEL186 | F::INTEL286 | F::INTEL386 | F::INTEL486 | F::X64 => true,
        F::FPU | F::FPU287 | F::FPU387 | F::CMOV | F::CX8 | F::MULTIBYTENOP | F::MMX | F::SSE | F::SSE2 => {
            true
        }
        F::PAUSE | F::CLFSH | F::FXSR => true,
        F::SSE3 => is_x86_feature_detected!("sse3"),
        F::SSSE3 => is_x86_feature_detected!("ssse3"),
        F::SSE4_1 => is_x86_feature_detected!("sse4.1"),
        F::SSE4_2 => is_x86_feature_detected!("sse4.2"),
        F::POPCNT => is_x86_feature_detected!("popcnt"),
        F::LZCNT => is_x86_feature_detected!("lzcnt"),
        F::MOVBE => is_x86_feature_detected!("movbe"),
        F::CMPXCHG16B => is_x86_feature_detected!("cmpxchg16b"),
        F::AES => is_x86_feature_detected!("aes"),
        F::PCLMULQDQ => is_x86_feature_detected!("pclmulqdq"),
        F::AVX => is_x86_feature_detected!("avx"),
        F::AVX2 => is_x86_feature_detected!("avx2"),
        F::FMA => is_x86_feature_detected!("fma"),
        F::F16C => is_x86_feature_detected!("f16c"),
        F::BMI1 => is_x86_feature_detected!("bmi1"),
        F::BMI2 => is_x86_feature_detected!("bmi2"),
        F::ADX => is_x86_feature_detected!("adx"),
        F::SHA => is_x86_feature_detected!("sha"),
        F::XSAVE => is_x86_feature_detected!("xsave"),
        F::XSAVEOPT => is_x86_feature_detected!("xsaveopt"),
        F::XSAVEC => is_x86_feature_detected!("xsavec"),
        F::PREFETCHW => true,
        _ => false,
    }
}

/// Whether what an instruction does depends on nothing but what the test sets, and reaches nothing else. Of what is
/// privileged that is so, too: user programs get an exception.
pub fn is_user_level(size: Size, instruction: &Instruction) -> bool {
    use Mnemonic as M;
    // With a register, AMD's know no 0F 0D.
    let differs = matches!(
        instruction.code(),
        Code::Reservednop_rm16_r16_0F0D | Code::Reservednop_rm32_r32_0F0D | Code::Reservednop_rm64_r64_0F0D
    );
    let segments = (0..instruction.op_count()).any(|i| instruction.op_register(i).is_segment_register());
    let system = matches!(instruction.mnemonic(), M::Sgdt | M::Sidt | M::Sldt | M::Str | M::Smsw)
        || matches!(instruction.mnemonic(), M::Lar | M::Lsl | M::Verr | M::Verw | M::Arpl)
        || matches!(instruction.mnemonic(), M::Lds | M::Les | M::Lfs | M::Lgs | M::Lss)
        || matches!(instruction.mnemonic(), M::Popf | M::Popfd | M::Popfq)
        || matches!(
            instruction.mnemonic(),
            M::Rdtsc | M::Rdtscp | M::Rdpmc | M::Rdpid | M::Cpuid | M::Xgetbv
        )
        || matches!(instruction.mnemonic(), M::Rdfsbase | M::Rdgsbase | M::Wrfsbase | M::Wrgsbase)
        || matches!(instruction.mnemonic(), M::Rdrand | M::Rdseed | M::Monitor | M::Mwait);
    goes_on_nearby(size, instruction) && !differs && !segments && !system
}

/// Whether it goes on behind itself or at a near target, or ends in an exception of its own.
fn goes_on_nearby(size: Size, instruction: &Instruction) -> bool {
    // With a 16-bit operand, IP would be cut off in the others.
    let narrow = match instruction.op0_kind() {
        _ if instruction.mnemonic() == Mnemonic::Ret => {
            matches!(instruction.code(), Code::Retnw | Code::Retnw_imm16)
        }
        OpKind::NearBranch16 => true,
        OpKind::Register => instruction.op0_register().size() == 2,
        OpKind::Memory => instruction.memory_size().size() == 2,
        _ => false,
    };
    match instruction.flow_control() {
        FlowControl::Next => true,
        FlowControl::Exception => {
            matches!(instruction.mnemonic(), Mnemonic::Ud0 | Mnemonic::Ud1 | Mnemonic::Ud2)
        }
        FlowControl::ConditionalBranch => size == Size::Bits16 || !narrow,
        _ => is_near_transfer(instruction) && (size == Size::Bits16 || !narrow),
    }
}

/// JMP, CALL and RET within the code segment.
pub fn is_near_transfer(instruction: &Instruction) -> bool {
    instruction.is_jmp_short_or_near()
        || instruction.is_jmp_near_indirect()
        || instruction.is_call_near()
        || instruction.is_call_near_indirect()
        || (instruction.mnemonic() == Mnemonic::Ret)
}

/// A form's name.
pub fn name(code: u16) -> String {
    Code::try_from(usize::from(code)).map_or_else(|_| code.to_string(), |code| format!("{code:?}"))
}
