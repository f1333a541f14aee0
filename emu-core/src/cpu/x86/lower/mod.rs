//! From a decoded instruction to its operands and its handler: once for each instruction of a trace, or each time in the
//! strict engine.

mod arithmetic;
mod bits;
mod control;
mod early;
mod mmx;
mod system;
mod transfer;
mod vector;
mod vector_rare;
mod x87;

use super::backend::Meaning;
use super::checked::{Plainly, Routine};
use super::executing::{Plain, Quick};
use super::model::{Generation, Model};
use super::operands::{OffsetSize, Operands, Repeat};
use super::routine::mmx::Ready;
use super::routine::string::{Repeated, StringInstruction};
use super::routine::system::{Escape, EscapeMemory};
use super::routine::x87::{Computes, Controls, Instruction as FpuInstruction};
use super::state::reg;
use super::x87::place_of;
use crate::addr::Width;
use crate::cpu::engine::cache::Number;
use iced_x86::{
    Code, ConditionCode, CpuidFeature, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind,
    Register,
};

/// What an engine makes of a meaning.
pub trait Select {
    type Handler;

    fn meaning<M: Meaning>() -> Self::Handler;
    fn routine<R: Routine>() -> Self::Handler;

    /// A meaning whose usual case is `Q`.
    fn quick<Q: Quick, M: Meaning>() -> Self::Handler {
        Self::meaning::<M>()
    }

    fn plain<I: Plain>() -> Self::Handler {
        Self::routine::<Plainly<I>>()
    }

    /// A string instruction, repeated or not.
    fn string<I: StringInstruction>() -> Self::Handler {
        Self::routine::<Repeated<I>>()
    }

    /// An instruction that controls the floating-point unit; whether it waits for exceptions.
    fn controls<I: Plain, const WAITS: bool>() -> Self::Handler {
        Self::routine::<Controls<I, WAITS>>()
    }

    /// An instruction of MMX or 3DNow!.
    fn mmx<I: Plain>() -> Self::Handler {
        Self::routine::<Ready<I>>()
    }

    /// An instruction of the floating-point unit.
    fn computes<I: FpuInstruction>() -> Self::Handler {
        Self::routine::<Computes<I>>()
    }
}

/// An instruction ready to be executed.
#[derive(Clone, Copy, Debug)]
pub struct Lowered<H> {
    pub operands: Operands,
    pub handler: H,
}

/// Decodes and lowers the instruction at the start of `bytes`, which lies at `ip` of a code segment of `bits`. Addresses that
/// are relative to RIP become relative to `origin`, which [`reg::IP`] must hold then: by default to the next
/// instruction.
///
/// # Errors
/// When there are too few bytes, or this model has no such instruction.
pub fn lower<S: Select>(
    model: &Model,
    bits: u32,
    bytes: &[u8],
    ip: u64,
) -> Result<Lowered<S::Handler>, Undecodable> {
    let decoded = Decoded::new(model, bits, bytes, ip)?;
    let mut view = decoded.view(None).ok_or(Undecodable::Invalid)?;
    let handler = view.select::<S>().ok_or(Undecodable::Invalid)?;
    Ok(Lowered { operands: view.operands, handler })
}

/// A decoded instruction.
pub struct Decoded {
    instruction: Instruction,
    escape: Escaped,
    generation: Generation,
}

/// Whether the opcode is one of D8 to DF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escaped {
    No,
    /// For a coprocessor that is not there.
    Absent,
    /// For the floating-point unit, which remembers this of it ([`place_of`]).
    Present(u64),
}

impl Decoded {
    /// # Errors
    /// As [`lower`].
    pub fn new(model: &Model, bits: u32, bytes: &[u8], ip: u64) -> Result<Self, Undecodable> {
        let prefixes = bytes.iter().take_while(|&&byte| is_prefix(model, byte)).count();
        let generation = model.generation;
        let has_rex = bits == 64 && bytes.get(prefixes).is_some_and(|byte| byte & 0xF0 == 0x40);
        let opcode = prefixes + usize::from(has_rex);
        let escapes = bytes.get(opcode).is_some_and(|byte| (0xD8..=0xDF).contains(byte));
        if escapes && !model.has(CpuidFeature::FPU) {
            let instruction = decode_escape(bits, bytes, opcode)?;
            return Ok(Self { instruction, escape: Escaped::Absent, generation });
        }
        let place = || place_of(ip, x87::opcode(&bytes[opcode..]));
        let escape = if escapes { Escaped::Present(place()) } else { Escaped::No };
        Ok(Self { instruction: decode(model, bits, bytes, ip)?, escape, generation })
    }

    /// How its handler is selected; `None` where an address is too far from `origin`.
    pub fn view(&self, origin: Option<u64>) -> Option<View<'_>> {
        View::new(self, origin.unwrap_or(self.instruction.next_ip()))
    }

    /// Whether the instruction behind it may never be reached from here.
    pub fn ends_trace(&self) -> bool {
        !matches!(self.instruction.flow_control(), FlowControl::Next | FlowControl::ConditionalBranch)
    }
}

/// Why bytes are no instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecodable {
    /// It goes on behind the bytes given.
    Incomplete,
    /// It is longer than this model takes.
    TooLong,
    /// This model does not know it.
    Invalid,
}

/// The instructions of a coprocessor that is not there: the opcodes D8 to DF with their operand, whatever it is.
fn decode_escape(bits: u32, bytes: &[u8], opcode: usize) -> Result<Instruction, Undecodable> {
    let mut stand_in = bytes.to_vec();
    // MOV with a ModR/M byte: as long, and with the same operand.
    stand_in[opcode] = 0x8B;
    for byte in stand_in[..opcode].iter_mut().filter(|byte| **byte == early::LOCK_ALIAS) {
        *byte = 0xF0;
    }
    let instruction = Decoder::new(bits, &stand_in, DecoderOptions::NO_INVALID_CHECK).decode();
    if instruction.is_invalid() { Err(Undecodable::Incomplete) } else { Ok(instruction) }
}

/// Decodes one instruction as `model` reads it.
///
/// # Errors
/// As [`lower`].
pub fn decode(model: &Model, bits: u32, bytes: &[u8], ip: u64) -> Result<Instruction, Undecodable> {
    if model.generation == Generation::I8086 {
        return early::decode(model, bytes, ip);
    }
    let prefixes = bytes.iter().take_while(|&&byte| is_prefix(model, byte)).count();
    if bytes[..prefixes].iter().any(|&byte| model.lacks_prefix(byte)) {
        return Err(Undecodable::Invalid);
    }
    // BOUND, LES and LDS of a register are no instructions; later they became the prefixes of AVX and AVX-512.
    if let [0x62 | 0xC4 | 0xC5, 0xC0..=0xFF, ..] = bytes[prefixes..]
        && !model.has(CpuidFeature::AVX)
    {
        return Err(Undecodable::Invalid);
    }
    let options = DecoderOptions::NO_INVALID_CHECK | model.decoder_options();
    let bytes = &bytes[..bytes.len().min(model.longest_instruction)];
    let instruction = Decoder::with_ip(bits, bytes, ip, options).decode();
    if instruction.is_invalid() {
        return Err(match (is_short(bits, bytes, ip, options), bytes.len() == model.longest_instruction) {
            (true, true) => Undecodable::TooLong,
            (true, false) => Undecodable::Incomplete,
            (false, _) => Undecodable::Invalid,
        });
    }
    let known = instruction.cpuid_features().iter().all(|&feature| model.has(feature));
    let lockable = !instruction.has_lock_prefix() || !model.checks_lock() || can_be_locked(bits, bytes, ip);
    let segments = (0..instruction.op_count()).map(|i| instruction.op_register(i));
    let has_segments = segments
        .filter(|register| register.is_segment_register())
        .all(|register| (register.number() as u8) < model.segment_registers());
    if known && lockable && has_segments { Ok(instruction) } else { Err(Undecodable::Invalid) }
}

fn is_prefix(model: &Model, byte: u8) -> bool {
    match byte {
        0x26 | 0x2E | 0x36 | 0x3E | 0xF0 | 0xF2 | 0xF3 => true,
        0x64..=0x67 => model.generation != Generation::I8086,
        early::LOCK_ALIAS => model.generation == Generation::I8086,
        _ => false,
    }
}

/// Whether more bytes could make an instruction of these.
fn is_short(bits: u32, bytes: &[u8], ip: u64, options: u32) -> bool {
    let mut decoder = Decoder::with_ip(bits, bytes, ip, options);
    let _ = decoder.decode();
    decoder.last_error() == iced_x86::DecoderError::NoMoreBytes
}

/// Whether a LOCK prefix before this instruction is allowed: the decoder's own check, which else is off.
fn can_be_locked(bits: u32, bytes: &[u8], ip: u64) -> bool {
    !Decoder::with_ip(bits, bytes, ip, DecoderOptions::NONE).decode().is_invalid()
}

/// Where an operand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Register,
    Segment,
    Memory,
    /// Memory, read and written as one access: [`View::place`] alone tells it apart.
    Locked,
    Immediate,
    Branch,
    FarBranch,
    None,
}

/// A decoded instruction, as selecting its handler looks at it.
pub struct View<'a> {
    instruction: &'a Instruction,
    pub operands: Operands,
    /// Where the bytes hold the immediate, if it stands as it is in [`Operands::immediate`] and nowhere else.
    pub number: Option<Number>,
    kinds: [Kind; 4],
    escape: Escaped,
    generation: Generation,
}

impl<'a> View<'a> {
    fn new(decoded: &'a Decoded, origin: u64) -> Option<Self> {
        let Decoded { instruction, escape, generation } = decoded;
        let (escape, generation) = (*escape, *generation);
        let kinds = std::array::from_fn(|i| kind_of(instruction, i as u32));
        let operands = Operands::default();
        let mut view = Self { instruction, operands, number: None, kinds, escape, generation };
        view.operands.length = instruction.len() as u8;
        view.operands.repeat = repeat_of(instruction);
        view.take_memory(origin)?;
        view.take_registers();
        view.take_immediate();
        view.operands.detail = detail(instruction);
        if let Escaped::Present(opcode) = escape {
            view.pack(opcode);
            view.operands.detail = x87::detail(instruction.code());
        }
        Some(view)
    }

    /// Keeps something else in place of the immediate.
    fn pack(&mut self, packed: u64) {
        self.operands.immediate = packed;
        self.number = None;
    }

    /// The handler for it; `None` if no member has such an instruction.
    pub fn select<S: Select>(&mut self) -> Option<S::Handler> {
        match self.escape {
            Escaped::No => {}
            Escaped::Present(_) => return x87::select::<S>(self),
            Escaped::Absent if self.kind(1) == Kind::Memory => return Some(S::routine::<EscapeMemory>()),
            Escaped::Absent => return Some(S::routine::<Escape>()),
        }
        if self.generation < Generation::I80286
            && let Some(handler) = early::select::<S>(self)
        {
            return Some(handler);
        }
        system::select::<S>(self)
            .or_else(|| transfer::select::<S>(self))
            .or_else(|| arithmetic::select::<S>(self))
            .or_else(|| bits::select::<S>(self))
            .or_else(|| control::select::<S>(self))
            .or_else(|| mmx::select::<S>(self))
            .or_else(|| vector::select::<S>(self))
            .or_else(|| vector_rare::select::<S>(self))
    }

    /// Whether an operand is memory at an address of base, index and displacement.
    pub fn has_memory(&self) -> bool {
        // LEA and its like only work an address out, in the same way.
        self.kinds.contains(&Kind::Memory)
    }

    /// What PUSH and POP move.
    fn stack_width(&self) -> Option<Width> {
        match self.instruction.stack_pointer_increment().unsigned_abs() {
            2 => Some(Width::Word),
            4 => Some(Width::Dword),
            8 => Some(Width::Qword),
            _ => None,
        }
    }

    /// The width of the offset to which a direct branch leads.
    fn branch_width(&self) -> Option<Width> {
        match self.instruction.op0_kind() {
            OpKind::NearBranch16 | OpKind::FarBranch16 => Some(Width::Word),
            OpKind::NearBranch32 | OpKind::FarBranch32 => Some(Width::Dword),
            OpKind::NearBranch64 => Some(Width::Qword),
            _ => None,
        }
    }

    /// The width of operand `i`, registers and memory; `None` for others.
    fn width(&self, i: u32) -> Option<Width> {
        let bytes = match self.instruction.op_kind(i) {
            OpKind::Register => self.instruction.op_register(i).size(),
            _ => self.instruction.memory_size().size(),
        };
        Some(match bytes {
            1 => Width::Byte,
            2 => Width::Word,
            4 => Width::Dword,
            8 => Width::Qword,
            _ => return None,
        })
    }

    fn kind(&self, i: usize) -> Kind {
        self.kinds[i]
    }

    /// Where the first operand is, if it is one that is changed.
    fn place(&self) -> Kind {
        let locked = self.instruction.has_lock_prefix() || self.instruction.mnemonic() == Mnemonic::Xchg;
        match self.kind(0) {
            Kind::Memory if locked => Kind::Locked,
            kind => kind,
        }
    }

    /// Registers in the order of the operands, segment registers in [`Operands::second`].
    fn take_registers(&mut self) {
        let mut next = 0;
        for (i, kind) in self.kinds.into_iter().enumerate() {
            let register = self.instruction.op_register(i as u32);
            match kind {
                Kind::Register => match next {
                    0 => self.operands.first = number_of(register),
                    1 => self.operands.second = number_of(register),
                    _ if !self.has_memory() => self.operands.base = number_of(register),
                    _ => {}
                },
                Kind::Segment => self.operands.second = register.number() as u8,
                _ => {}
            }
            next += usize::from(kind == Kind::Register);
        }
    }

    fn take_memory(&mut self, origin: u64) -> Option<()> {
        let i = self.instruction;
        let (base, index) = (i.memory_base(), i.memory_index());
        let o = &mut self.operands;
        o.base = if base == Register::None { reg::NONE } else { number_of(base) };
        o.index = if index == Register::None { reg::NONE } else { number_of(index) };
        o.scale = i.memory_index_scale() as u8;
        // Where there is none, the decoder keeps half of an immediate there.
        o.displacement = if i.memory_displ_size() == 0 { 0 } else { i.memory_displacement64() as i32 };
        if i.is_ip_rel_memory_operand() {
            o.base = reg::IP;
            let distance = i.ip_rel_memory_address().wrapping_sub(origin) as i64;
            o.displacement = distance.try_into().ok()?;
        }
        if i.memory_segment() != Register::None {
            o.segment = i.memory_segment().number() as u8;
        }
        o.offset_size = offset_size(i);
        Some(())
    }

    fn take_immediate(&mut self) {
        let i = self.instruction;
        for (operand, kind) in self.kinds.into_iter().enumerate() {
            self.operands.immediate = match kind {
                Kind::Immediate => i.immediate(operand as u32),
                Kind::Branch => i.near_branch_target(),
                Kind::FarBranch => {
                    let offset = match i.op_kind(operand as u32) {
                        OpKind::FarBranch16 => u32::from(i.far_branch16()),
                        _ => i.far_branch32(),
                    };
                    u64::from(i.far_branch_selector()) << 32 | u64::from(offset)
                }
                _ => continue,
            };
        }
        match i.code() {
            Code::Int3 => self.operands.immediate = 3,
            Code::Enterw_imm16_imm8 | Code::Enterd_imm16_imm8 | Code::Enterq_imm16_imm8 => {
                self.operands.immediate |= u64::from(i.immediate8_2nd()) << 16;
            }
            _ => self.number = self.number(),
        }
    }

    /// The place of the only immediate, which ends the instruction.
    fn number(&self) -> Option<Number> {
        let is_immediate = |(_, kind): &(usize, Kind)| *kind == Kind::Immediate;
        let (operand, _) = self.kinds.into_iter().enumerate().find(is_immediate)?;
        let (bytes, signed) = shape_of(self.instruction.op_kind(operand as u32))?;
        // Shifts by one have no byte for it.
        let is_implied = is_shift(self.instruction.mnemonic()) && self.operands.immediate == 1;
        (!is_implied).then_some(Number { at: self.operands.length - bytes, bytes, signed })
    }
}

fn is_shift(mnemonic: Mnemonic) -> bool {
    use Mnemonic as M;
    matches!(mnemonic, M::Rol | M::Ror | M::Rcl | M::Rcr | M::Shl | M::Shr | M::Sal | M::Sar)
}

/// The bytes of an immediate, and whether it is extended by its sign.
fn shape_of(kind: OpKind) -> Option<(u8, bool)> {
    match kind {
        OpKind::Immediate8 => Some((1, false)),
        OpKind::Immediate16 => Some((2, false)),
        OpKind::Immediate32 => Some((4, false)),
        OpKind::Immediate64 => Some((8, false)),
        OpKind::Immediate8to16 | OpKind::Immediate8to32 | OpKind::Immediate8to64 => Some((1, true)),
        OpKind::Immediate32to64 => Some((4, true)),
        _ => None,
    }
}

/// What the opcode says besides its operands: see [`Operands::detail`].
fn detail(instruction: &Instruction) -> u8 {
    let mnemonic = instruction.mnemonic();
    match instruction.condition_code() {
        ConditionCode::None => control::detail(mnemonic),
        // Named in the order of their numbers, after None.
        condition if !instruction.is_loopcc() => condition as u8 - 1,
        _ => control::detail(mnemonic),
    }
}

fn kind_of(instruction: &Instruction, i: u32) -> Kind {
    if i >= instruction.op_count() {
        return Kind::None;
    }
    match instruction.op_kind(i) {
        OpKind::Register if instruction.op_register(i).is_segment_register() => Kind::Segment,
        OpKind::Register => Kind::Register,
        OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64 => Kind::Branch,
        OpKind::FarBranch16 | OpKind::FarBranch32 => Kind::FarBranch,
        OpKind::Memory => Kind::Memory,
        kind if is_immediate(kind) => Kind::Immediate,
        _ => Kind::None,
    }
}

fn is_immediate(kind: OpKind) -> bool {
    matches!(
        kind,
        OpKind::Immediate8
            | OpKind::Immediate16
            | OpKind::Immediate32
            | OpKind::Immediate64
            | OpKind::Immediate8to16
            | OpKind::Immediate8to32
            | OpKind::Immediate8to64
            | OpKind::Immediate32to64
    )
}

/// The number by which [`Operands`] name a general register.
fn number_of(register: Register) -> u8 {
    let number = register.full_register().number() as u8;
    let high = matches!(register, Register::AH | Register::CH | Register::DH | Register::BH);
    if high { number + reg::HIGH } else { number }
}

fn repeat_of(instruction: &Instruction) -> Repeat {
    if instruction.has_repne_prefix() {
        Repeat::WhileNotEqual
    } else if instruction.has_rep_prefix() {
        Repeat::WhileEqual
    } else {
        Repeat::Once
    }
}

/// How wide the addresses of an instruction are: of its memory operand, or of a string or a counter.
fn offset_size(instruction: &Instruction) -> OffsetSize {
    let mut sizes = (0..instruction.op_count()).filter_map(|i| match instruction.op_kind(i) {
        OpKind::MemorySegSI | OpKind::MemorySegDI | OpKind::MemoryESDI => Some(OffsetSize::Bits16),
        OpKind::MemorySegESI | OpKind::MemorySegEDI | OpKind::MemoryESEDI => Some(OffsetSize::Bits32),
        OpKind::MemorySegRSI | OpKind::MemorySegRDI | OpKind::MemoryESRDI => Some(OffsetSize::Bits64),
        OpKind::Memory => Some(memory_offset_size(instruction)),
        _ => None,
    });
    sizes.next().unwrap_or_else(|| counter_size(instruction))
}

fn memory_offset_size(instruction: &Instruction) -> OffsetSize {
    let register = match (instruction.memory_base(), instruction.memory_index()) {
        (Register::None, index) if index.is_vector_register() => Register::None,
        (Register::None, index) => index,
        (base, _) => base,
    };
    match (register, instruction.memory_displ_size()) {
        (Register::None, 2) => OffsetSize::Bits16,
        (Register::None, 8) => OffsetSize::Bits64,
        (Register::None, _) => OffsetSize::Bits32,
        (register, _) if register.size() == 2 => OffsetSize::Bits16,
        (register, _) if register.size() == 8 => OffsetSize::Bits64,
        _ => OffsetSize::Bits32,
    }
}

/// Of LOOP and JCXZ, which name no operand: the register is part of the code.
fn counter_size(instruction: &Instruction) -> OffsetSize {
    use Code as C;
    match instruction.code() {
        C::Loop_rel8_16_ECX | C::Loop_rel8_32_ECX | C::Loop_rel8_64_ECX => OffsetSize::Bits32,
        C::Loope_rel8_16_ECX | C::Loope_rel8_32_ECX | C::Loope_rel8_64_ECX => OffsetSize::Bits32,
        C::Loopne_rel8_16_ECX | C::Loopne_rel8_32_ECX | C::Loopne_rel8_64_ECX => OffsetSize::Bits32,
        C::Jecxz_rel8_16 | C::Jecxz_rel8_32 | C::Jecxz_rel8_64 => OffsetSize::Bits32,
        C::Loop_rel8_64_RCX | C::Loope_rel8_64_RCX | C::Loopne_rel8_64_RCX => OffsetSize::Bits64,
        C::Jrcxz_rel8_64 => OffsetSize::Bits64,
        _ => OffsetSize::Bits16,
    }
}

/// Names a type for an operand's width, in an expression that may use it.
macro_rules! by_width {
    ($width:expr, $t:ident => $handler:expr) => {
        match $width {
            Some($crate::addr::Width::Byte) => {
                type $t = u8;
                Some($handler)
            }
            other => $crate::cpu::x86::lower::by_wide_width!(other, $t => $handler),
        }
    };
}

/// As [`by_width`], for instructions without a byte form.
macro_rules! by_wide_width {
    ($width:expr, $t:ident => $handler:expr) => {
        match $width {
            Some($crate::addr::Width::Word) => {
                type $t = u16;
                Some($handler)
            }
            Some($crate::addr::Width::Dword) => {
                type $t = u32;
                Some($handler)
            }
            Some($crate::addr::Width::Qword) => {
                type $t = u64;
                Some($handler)
            }
            _ => None,
        }
    };
}

/// Names a type for a form that is [`First`](super::backend::First) or memory.
macro_rules! by_form {
    ($kind:expr, $f:ident => $handler:expr) => {
        match $kind {
            $crate::cpu::x86::lower::Kind::Register => {
                type $f = $crate::cpu::x86::backend::First;
                $handler
            }
            $crate::cpu::x86::lower::Kind::Memory => {
                type $f = $crate::cpu::x86::backend::Memory;
                $handler
            }
            _ => None,
        }
    };
}

/// Makes a number of an instruction, one of those given, a constant.
macro_rules! by_number {
    ($number:expr, $c:ident in [$($value:literal)*] => $handler:expr) => {
        match $number {
            $($value => {
                const $c: u8 = $value;
                $handler
            })*
            _ => None,
        }
    };
}

/// Names a type for where an operand is that is changed: [`First`](super::backend::First), memory, or memory behind a
/// LOCK prefix.
macro_rules! by_place {
    ($view:expr, $f:ident => $handler:expr) => {
        match $view.place() {
            $crate::cpu::x86::lower::Kind::Locked => {
                type $f = $crate::cpu::x86::backend::Locked;
                $handler
            }
            kind => $crate::cpu::x86::lower::by_form!(kind, $f => $handler),
        }
    };
}

/// Names types for the usual pairs of forms.
macro_rules! by_forms {
    ($view:expr, $d:ident, $s:ident => $handler:expr) => {{
        use $crate::cpu::x86::backend;
        use $crate::cpu::x86::lower::Kind;
        match ($view.kind(0), $view.kind(1)) {
            (Kind::Register, Kind::Register) => {
                type $d = backend::First;
                type $s = backend::Second;
                $handler
            }
            (Kind::Register, Kind::Memory) => {
                type $d = backend::First;
                type $s = backend::Memory;
                $handler
            }
            (Kind::Register, Kind::Immediate) => {
                type $d = backend::First;
                type $s = backend::Immediate;
                $handler
            }
            (Kind::Memory, Kind::Register) => {
                type $d = backend::Memory;
                type $s = backend::First;
                $handler
            }
            (Kind::Memory, Kind::Immediate) => {
                type $d = backend::Memory;
                type $s = backend::Immediate;
                $handler
            }
            _ => None,
        }
    }};
}

use {by_form, by_forms, by_number, by_place, by_wide_width, by_width};
