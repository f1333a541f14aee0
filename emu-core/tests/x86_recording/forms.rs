//! Every form of instruction that has a meaning, found by trying all opcodes.

use crate::bench::CODE;
use crate::code::Code as Recorded;
use crate::recorder::{Translation, translate};
use emu_core::cpu::x86::lower::decode;
use emu_core::cpu::x86::model::X86_64_V3;
use iced_x86::{Code, FlowControl, Instruction, Mnemonic, OpKind};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What an instruction is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Move,
    Arithmetic,
    Shift,
    Multiplication,
    Bits,
    Flow,
    Stack,
    Locked,
    Vector,
}

/// A form: what the decoder calls it, in code of which size, and where the operand is that may be memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Form {
    pub bits: u32,
    code: u16,
    has_memory: bool,
    has_lock: bool,
}

/// The ways to write a form, as prefixes, opcode and ModR/M byte, and its kind; none for a routine.
#[derive(Clone, Debug)]
pub struct Entry {
    pub opcodes: Vec<Vec<u8>>,
    pub kind: Option<Kind>,
}

/// How many ways to write a form are kept.
const WAYS: usize = 64;

/// All forms of the newest model, in every mode.
pub static FORMS: LazyLock<BTreeMap<Form, Entry>> = LazyLock::new(|| {
    let mut forms = BTreeMap::new();
    for bits in crate::bench::MODES {
        for opcode in all_opcodes(bits) {
            enter(&mut forms, bits, opcode);
        }
    }
    forms
});

fn enter(forms: &mut BTreeMap<Form, Entry>, bits: u32, mut opcode: Vec<u8>) {
    let mut bytes = opcode.clone();
    bytes.resize(15, 0);
    let Ok(instruction) = decode(&X86_64_V3, bits, &bytes, CODE) else { return };
    opcode.truncate(instruction.len());
    let has_memory = (0..instruction.op_count()).any(|i| instruction.op_kind(i) == OpKind::Memory);
    let code = instruction.code() as u16;
    let form = Form { bits, code, has_memory, has_lock: instruction.has_lock_prefix() };
    let entry = forms.entry(form).or_insert_with(|| Entry {
        opcodes: Vec::new(),
        kind: translate(&X86_64_V3, bits, &bytes, CODE)
            .and_then(|translation| kind_of(&instruction, &translation)),
    });
    if entry.opcodes.len() < WAYS && entry.opcodes.last() != Some(&opcode) {
        entry.opcodes.push(opcode);
    }
}

/// Prefixes, opcodes and ModR/M bytes, whether instructions or not.
fn all_opcodes(bits: u32) -> impl Iterator<Item = Vec<u8>> {
    const MAPS: [&[u8]; 4] = [&[], &[0x0F], &[0x0F, 0x38], &[0x0F, 0x3A]];
    const PREFIXES: [&[u8]; 5] = [&[], &[0x66], &[0xF3], &[0xF2], &[0xF0]];
    let rex: &[&[u8]] = if bits == 64 { &[&[], &[0x48], &[0x45]] } else { &[&[]] };
    let legacy = MAPS
        .iter()
        .flat_map(|&map| PREFIXES.iter().map(move |&prefix| (prefix, map)))
        .flat_map(move |(prefix, map)| rex.iter().map(move |rex| [prefix, rex, map].concat()));
    let maps = if bits == 16 { 1..1 } else { 1..4_u8 };
    // W, vvvv inverted, L, pp.
    let vex = maps
        .flat_map(|map| (0..16_u8).map(move |wlp| vec![0xC4, 0xE0 | map, (wlp & 8) << 4 | 0x68 | wlp & 7]));
    legacy.chain(vex).flat_map(|start| {
        (0..=255).flat_map(move |opcode| {
            let start = start.clone();
            (0..=255).map(move |modrm| [&start[..], &[opcode, modrm]].concat())
        })
    })
}

/// The kind of what has a meaning.
fn kind_of(instruction: &Instruction, translation: &Translation) -> Option<Kind> {
    let Translation::Steps { recorder, .. } = translation else { return None };
    let is_vector = |code: &Recorded| {
        matches!(code, Recorded::Vector(_) | Recorded::Flow(crate::code::Flow::CheckVectors { .. }))
    };
    let is_locked =
        |code: &Recorded| matches!(code, Recorded::Memory(crate::code::Memory::OpenLocked { .. }));
    let any = |is: &dyn Fn(&Recorded) -> bool| recorder.steps.iter().any(|step| is(&step.code));
    Some(if any(&is_vector) {
        Kind::Vector
    } else if any(&is_locked) {
        Kind::Locked
    } else if instruction.flow_control() != FlowControl::Next {
        Kind::Flow
    } else if instruction.is_stack_instruction() {
        Kind::Stack
    } else {
        by_name(instruction)
    })
}

fn by_name(instruction: &Instruction) -> Kind {
    use Mnemonic as M;
    match instruction.mnemonic() {
        M::Add | M::Adc | M::Sub | M::Sbb | M::And | M::Or | M::Xor | M::Cmp | M::Test => Kind::Arithmetic,
        M::Inc | M::Dec | M::Neg | M::Not | M::Adcx | M::Adox | M::Xadd | M::Cmpxchg => Kind::Arithmetic,
        M::Rol | M::Ror | M::Rcl | M::Rcr | M::Shl | M::Sal | M::Shr | M::Sar => Kind::Shift,
        M::Shld | M::Shrd | M::Shlx | M::Shrx | M::Sarx | M::Rorx => Kind::Shift,
        M::Mul | M::Imul | M::Div | M::Idiv | M::Mulx => Kind::Multiplication,
        M::Bt | M::Bts | M::Btr | M::Btc | M::Bsf | M::Bsr | M::Lzcnt | M::Tzcnt | M::Popcnt => Kind::Bits,
        M::Andn | M::Bextr | M::Blsi | M::Blsmsk | M::Blsr | M::Bzhi | M::Pdep | M::Pext => Kind::Bits,
        M::Bswap | M::Crc32 => Kind::Bits,
        _ => Kind::Move,
    }
}

impl Form {
    pub fn name(&self) -> String {
        let code = Code::try_from(usize::from(self.code));
        let name = code.map_or_else(|_| self.code.to_string(), |code| format!("{code:?}"));
        let lock = if self.has_lock { "lock " } else { "" };
        let memory = if self.has_memory { " with memory" } else { "" };
        format!("{lock}{name}{memory} in {}-bit code", self.bits)
    }
}
