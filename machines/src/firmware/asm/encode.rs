//! Encodes one instruction: finds the first form that fits, then emits its parts.

use super::expr::{Expr, Names, Value};
use super::operand::{Distance, Memory, Operand};
use super::statement::Instruction;
use super::table::{Form, Kind, Part};
use emu_core::addr::Width;

/// An instruction's bytes, or why there are none.
pub(super) enum Encoding {
    Bytes(Vec<u8>),
    /// A `jmp` that was taken to be short does not reach.
    NeedsNear,
}

/// Encodes an instruction that begins at `names.here()`. With `grown`, a jump without a stated distance is near.
///
/// # Errors
/// A sentence about the operands.
pub(super) fn encode(what: &Instruction, names: &dyn Names, grown: bool) -> Result<Encoding, String> {
    let values = Values::of(&what.operands, names)?;
    let form = what.forms.iter().find(|form| fits(form, &what.operands, &values, grown));
    let form = form.ok_or_else(|| complaint(what))?;
    let mut emitter = Emitter { bytes: Vec::with_capacity(8), what, values: &values, names, reaches: true };
    emitter.segment_override();
    emitter.bytes.extend(&what.prefixes);
    for part in &form.parts {
        emitter.part(*part, form)?;
    }
    let may_grow =
        !grown && form.kinds == [Kind::Rel8] && what.forms.iter().any(|f| f.kinds == [Kind::Rel16]);
    match (emitter.reaches, may_grow && stated_distance(&what.operands).is_none()) {
        (true, _) => Ok(Encoding::Bytes(emitter.bytes)),
        (false, true) => Ok(Encoding::NeedsNear),
        (false, false) => Err(format!(
            "The target is out of reach of a short {0}; write {0} near, or invert the condition over a jmp",
            what.mnemonic
        )),
    }
}

fn stated_distance(operands: &[Operand]) -> Option<Distance> {
    match operands {
        [Operand::Immediate { distance, .. }] => *distance,
        _ => None,
    }
}

/// The value of each operand's expression, in order; up to two.
struct Values([Option<Value>; 2]);

impl Values {
    fn of(operands: &[Operand], names: &dyn Names) -> Result<Self, String> {
        let mut values = [None; 2];
        for (slot, operand) in values.iter_mut().zip(operands) {
            *slot = expression(operand).map(|e| e.value(names)).transpose()?;
        }
        Ok(Self(values))
    }
}

fn expression(operand: &Operand) -> Option<&Expr> {
    match operand {
        Operand::Immediate { value, .. } => Some(value),
        Operand::Memory(memory) => memory.displacement.as_ref(),
        _ => None,
    }
}

fn complaint(what: &Instruction) -> String {
    let sizeless = |o: &Operand| matches!(o, Operand::Memory(Memory { width: None, .. }));
    if what.operands.iter().any(sizeless) {
        return format!(
            "{} does not know the size of its operand; write byte or word before the [",
            what.mnemonic
        );
    }
    format!("{} does not take these operands on an 8086", what.mnemonic)
}

fn fits(form: &Form, operands: &[Operand], values: &Values, grown: bool) -> bool {
    form.kinds.len() == operands.len()
        && form.kinds.iter().zip(operands).zip(values.0.iter().chain([&None; 2])).all(
            |((kind, operand), value)| match operand {
                Operand::Memory(memory) => memory_fits(*kind, memory, form),
                Operand::Immediate { width, distance, .. } => {
                    immediate_fits(*kind, *width, *distance, value.unwrap_or(Value::UNKNOWN), grown)
                }
                Operand::FarPointer { .. } => *kind == Kind::FarPointer,
                register => register_fits(*kind, register),
            },
        )
}

fn register_fits(kind: Kind, register: &Operand) -> bool {
    match (kind, register) {
        (Kind::Al, Operand::Reg8(number)) => *number == 0,
        (Kind::Cl, Operand::Reg8(number)) => *number == 1,
        (Kind::Ax, Operand::Reg16(number)) => *number == 0,
        (Kind::Dx, Operand::Reg16(number)) => *number == 2,
        (Kind::Reg8 | Kind::Rm8, Operand::Reg8(_)) => true,
        (Kind::Reg16 | Kind::Rm16 | Kind::Near16, Operand::Reg16(_)) => true,
        (Kind::Segment, Operand::Segment(_)) => true,
        _ => false,
    }
}

fn memory_fits(kind: Kind, memory: &Memory, form: &Form) -> bool {
    let far = memory.distance == Some(Distance::Far) || memory.width == Some(Width::Dword);
    let sized = |width| memory.width.map_or(sizes_memory(form), |stated| stated == width);
    match kind {
        Kind::Rm8 => sized(Width::Byte),
        Kind::Rm16 => sized(Width::Word),
        Kind::Near16 => !far && memory.width != Some(Width::Byte),
        Kind::Memory => true,
        Kind::FarMemory => far,
        Kind::Offset8 => memory.base.is_none() && sized(Width::Byte),
        Kind::Offset16 => memory.base.is_none() && sized(Width::Word),
        _ => false,
    }
}

/// Whether the other operand says how wide the memory is.
fn sizes_memory(form: &Form) -> bool {
    form.kinds.iter().any(|k| matches!(k, Kind::Reg8 | Kind::Reg16 | Kind::Segment | Kind::Al | Kind::Ax))
}

fn immediate_fits(
    kind: Kind,
    width: Option<Width>,
    distance: Option<Distance>,
    value: Value,
    grown: bool,
) -> bool {
    let constant = value.fixed && value.known;
    match kind {
        Kind::Imm8 => width != Some(Width::Word) && distance.is_none(),
        Kind::Imm16 => width != Some(Width::Byte) && distance.is_none(),
        Kind::SignedImm8 => match width {
            Some(width) => width == Width::Byte,
            None => constant && (-128..=127).contains(&sign_extended(value.number)),
        },
        Kind::One => constant && value.number == 1,
        Kind::Rel8 => distance == Some(Distance::Short) || distance.is_none() && !grown,
        Kind::Rel16 => distance != Some(Distance::Short) && distance != Some(Distance::Far),
        Kind::ExplicitNear => distance == Some(Distance::Near),
        _ => false,
    }
}

/// A 16-bit number may be written as 0FFF0h or as -16.
fn sign_extended(number: i64) -> i64 {
    if (0x8000..=0xFFFF).contains(&number) { number - 0x1_0000 } else { number }
}

struct Emitter<'a> {
    bytes: Vec<u8>,
    what: &'a Instruction,
    values: &'a Values,
    names: &'a dyn Names,
    /// False once a short jump turned out to be too short.
    reaches: bool,
}

impl Emitter<'_> {
    fn segment_override(&mut self) {
        let segments = self.what.operands.iter().filter_map(|operand| match operand {
            Operand::Memory(memory) => memory.segment,
            _ => None,
        });
        self.bytes.extend(segments.map(|segment| 0x26 | segment << 3));
    }

    fn part(&mut self, part: Part, form: &Form) -> Result<(), String> {
        match part {
            Part::Byte(byte) => self.bytes.push(byte),
            Part::PlusRegister(opcode) => {
                let number = self.register_beside(&[Kind::Reg16, Kind::Reg8], form);
                self.bytes.push(opcode | number);
            }
            Part::PlusSegment(opcode) => {
                let number = self.register_beside(&[Kind::Segment], form);
                self.bytes.push(opcode | number << 3);
            }
            Part::ModRm => {
                let number = self.register_beside(&[Kind::Segment, Kind::Reg8, Kind::Reg16], form);
                self.mod_rm(number, form)?;
            }
            Part::ModRmDigit(digit) => self.mod_rm(digit, form)?,
            Part::ImmByte => self.immediate(Width::Byte)?,
            Part::ImmWord => self.immediate(Width::Word)?,
            Part::RelByte => self.relative(Width::Byte),
            Part::RelWord => self.relative(Width::Word),
            Part::Offset => {
                let value = self.values.0.iter().flatten().next().copied().unwrap_or(Value::UNKNOWN);
                self.number(value, Width::Word)?;
            }
            Part::FarPointer => self.far_pointer()?,
        }
        Ok(())
    }

    /// The number of the operand whose kind is one of these.
    fn register_beside(&self, kinds: &[Kind], form: &Form) -> u8 {
        let place = form.kinds.iter().position(|k| kinds.contains(k));
        match place.and_then(|place| self.what.operands.get(place)) {
            Some(Operand::Reg8(number) | Operand::Reg16(number) | Operand::Segment(number)) => *number,
            _ => 0,
        }
    }

    fn mod_rm(&mut self, reg: u8, form: &Form) -> Result<(), String> {
        let rm_kinds = [Kind::Rm8, Kind::Rm16, Kind::Near16, Kind::Memory, Kind::FarMemory];
        let place = form.kinds.iter().position(|k| rm_kinds.contains(k)).unwrap_or(0);
        match &self.what.operands[place] {
            Operand::Memory(memory) => {
                let value = self.values.0.get(place).copied().flatten();
                self.memory(reg, memory, value)
            }
            Operand::Reg8(number) | Operand::Reg16(number) => {
                self.bytes.push(0xC0 | reg << 3 | number);
                Ok(())
            }
            _ => Err(complaint(self.what)),
        }
    }

    fn memory(&mut self, reg: u8, memory: &Memory, value: Option<Value>) -> Result<(), String> {
        const BP: u8 = 6;
        let value = value.unwrap_or(Value::fixed(0));
        let Some(base) = memory.base else {
            self.bytes.push(reg << 3 | BP);
            return self.number(value, Width::Word);
        };
        let constant = value.fixed && value.known;
        if constant && value.number == 0 && base != BP {
            self.bytes.push(reg << 3 | base);
            return Ok(());
        }
        if constant && (-128..=127).contains(&sign_extended(value.number)) {
            self.bytes.extend([0x40 | reg << 3 | base, value.number as u8]);
            return Ok(());
        }
        self.bytes.push(0x80 | reg << 3 | base);
        self.number(value, Width::Word)
    }

    fn immediate(&mut self, width: Width) -> Result<(), String> {
        let is_immediate = |o: &&Operand| matches!(o, Operand::Immediate { .. });
        let place = self.what.operands.iter().position(|o| is_immediate(&o)).unwrap_or(0);
        let mut value = self.values.0.get(place).copied().flatten().unwrap_or(Value::UNKNOWN);
        if width == Width::Byte && self.what.operands.len() == 2 && is_word(&self.what.operands[0]) {
            value.number = sign_extended(value.number);
        }
        self.number(value, width)
    }

    fn relative(&mut self, width: Width) {
        let target = self.values.0[0].unwrap_or(Value::UNKNOWN);
        let end = self.names.here() + self.bytes.len() as i64 + width.bytes() as i64;
        let distance = if target.known { target.number.wrapping_sub(end) } else { 0 };
        self.reaches &= width == Width::Word || (-128..=127).contains(&distance);
        self.bytes.extend(&distance.to_le_bytes()[..width.bytes() as usize]);
    }

    fn far_pointer(&mut self) -> Result<(), String> {
        if let [Operand::FarPointer { segment, offset }] = self.what.operands.as_slice() {
            let (segment, offset) = (segment.value(self.names)?, offset.value(self.names)?);
            self.number(offset, Width::Word)?;
            self.number(segment, Width::Word)?;
        }
        Ok(())
    }

    fn number(&mut self, value: Value, width: Width) -> Result<(), String> {
        self.bytes.extend(bytes_of(value, width)?);
        Ok(())
    }
}

fn is_word(operand: &Operand) -> bool {
    matches!(operand, Operand::Reg16(_) | Operand::Memory(Memory { width: Some(Width::Word), .. }))
}

/// The bytes of a number, low byte first.
///
/// # Errors
/// When it does not fit, signed or unsigned.
pub(super) fn bytes_of(value: Value, width: Width) -> Result<Vec<u8>, String> {
    let mask = width.mask() as i64;
    let lowest = -(mask / 2) - 1;
    if value.known && !(lowest..=mask).contains(&value.number) {
        return Err(format!("{} ({0:#X}) does not fit into a {}", value.number, width_name(width)));
    }
    Ok(value.number.to_le_bytes()[..width.bytes() as usize].to_vec())
}

fn width_name(width: Width) -> &'static str {
    match width {
        Width::Byte => "byte",
        Width::Word => "word",
        Width::Dword => "dword",
        Width::Qword => "qword",
    }
}
