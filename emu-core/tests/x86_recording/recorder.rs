//! The backend that records: each operation of a meaning becomes a step.

use crate::code::{Binary, Code, Flags, Flow, Memory, Pure, Registers, Step, Unary, Value, Vector};
use emu_core::addr::Width;
use emu_core::cpu::x86::alu::{Int, Shift};
use emu_core::cpu::x86::backend::{Backend, Done, Meaning, Try};
use emu_core::cpu::x86::checked::Routine;
use emu_core::cpu::x86::lower::{Decoded, Select};
use emu_core::cpu::x86::meaning::vector::Operation;
use emu_core::cpu::x86::model::Model;
use emu_core::cpu::x86::operands::{OffsetSize, Operands};
use emu_core::cpu::x86::state::reg;
use std::convert::Infallible;

/// What has been recorded.
#[derive(Debug, Default)]
pub struct Recorder {
    pub steps: Vec<Step>,
    values: u32,
}

/// Records one instruction.
pub type Record = fn(&mut Recorder, &Operands);

/// Selects what records an instruction; nothing for routines, which a translator calls.
pub struct Recorders;

impl Select for Recorders {
    type Handler = Option<Record>;

    fn meaning<M: Meaning>() -> Self::Handler {
        Some(|recorder, o| {
            let Ok(()) = M::run(recorder, o);
        })
    }

    fn routine<R: Routine>() -> Self::Handler {
        None
    }
}

/// What an instruction is to a translator.
#[derive(Debug)]
pub enum Translation {
    Steps { operands: Operands, recorder: Recorder },
    Call,
}

/// Translates an instruction; `None` if the model has none such.
pub fn translate(model: &Model, bits: u32, bytes: &[u8], ip: u64) -> Option<Translation> {
    let decoded = Decoded::new(model, bits, bytes, ip).ok()?;
    let mut view = decoded.view(None)?;
    let Some(record) = view.select::<Recorders>()? else { return Some(Translation::Call) };
    let mut recorder = Recorder::default();
    record(&mut recorder, &view.operands);
    Some(Translation::Steps { operands: view.operands, recorder })
}

impl Recorder {
    /// How many values the steps give.
    pub fn values(&self) -> usize {
        self.values as usize
    }

    /// Adds a step that gives `values` of them; the number of the first.
    fn give(&mut self, code: Code, width: Width, values: u32) -> Value {
        let into = Value(self.values);
        self.values += values;
        self.steps.push(Step { code, width, into });
        into
    }

    fn pure<T: Int>(&mut self, code: Pure) -> Value {
        self.give(Code::Pure(code), Width::of::<T>(), 1)
    }

    fn binary<T: Int>(&mut self, operation: Binary, a: Value, b: Value) -> Value {
        self.pure::<T>(Pure::Binary(operation, a, b))
    }

    fn registers<T: Int>(&mut self, code: Registers) -> Value {
        self.give(Code::Registers(code), Width::of::<T>(), 1)
    }

    fn set_registers<T: Int>(&mut self, code: Registers) {
        self.give(Code::Registers(code), Width::of::<T>(), 0);
    }

    fn flags<T: Int>(&mut self, code: Flags) -> Value {
        self.give(Code::Flags(code), Width::of::<T>(), 1)
    }

    fn flow(&mut self, code: Flow) {
        self.give(Code::Flow(code), Width::Qword, 0);
    }

    fn memory<T: Int>(&mut self, code: Memory, values: u32) -> Value {
        self.give(Code::Memory(code), Width::of::<T>(), values)
    }

    /// A register that is part of an address.
    fn part_of_address(&mut self, number: u8) -> Option<Value> {
        match number {
            reg::NONE => None,
            reg::IP => Some(self.next_instruction()),
            _ => Some(self.register::<u64>(number)),
        }
    }
}

/// The value after one that was given with it.
const fn next(Value(number): Value) -> Value {
    Value(number + 1)
}

/// Methods that are one step which gives one value.
macro_rules! steps {
    ($($name:ident<T: Int>($($argument:ident: $type:ty),*) => $record:ident::<$width:ty>($code:expr);)*) => {$(
        fn $name<T: Int>(&mut self, $($argument: $type),*) -> Value {
            self.$record::<$width>($code)
        }
    )*};
}

/// Methods that are one step on flags and give nothing.
macro_rules! flag_steps {
    ($($name:ident $(<$t:ident: Int>)?($($argument:ident: $type:ty),*) => $width:ty, $code:expr;)*) => {$(
        fn $name $(<$t: Int>)?(&mut self, $($argument: $type),*) {
            self.give(Code::Flags($code), Width::of::<$width>(), 0);
        }
    )*};
}

impl Backend for Recorder {
    type Val<T: Int> = Value;
    type Truth = Value;
    type Cell<T: Int> = Value;
    type Block = Value;
    type Stop = Infallible;

    steps! {
        constant<T: Int>(value: u64) => pure::<T>(Pure::Constant(value & T::MASK));
        register<T: Int>(number: u8) => registers::<T>(Registers::Get(number));
        add<T: Int>(a: Value, b: Value) => pure::<T>(Pure::Binary(Binary::Add, a, b));
        sub<T: Int>(a: Value, b: Value) => pure::<T>(Pure::Binary(Binary::Sub, a, b));
        and<T: Int>(a: Value, b: Value) => pure::<T>(Pure::Binary(Binary::And, a, b));
        or<T: Int>(a: Value, b: Value) => pure::<T>(Pure::Binary(Binary::Or, a, b));
        xor<T: Int>(a: Value, b: Value) => pure::<T>(Pure::Binary(Binary::Xor, a, b));
        shift_left<T: Int>(a: Value, count: Value) => pure::<T>(Pure::Binary(Binary::ShiftLeft, a, count));
        shift_right<T: Int>(a: Value, count: Value) => pure::<T>(Pure::Binary(Binary::ShiftRight, a, count));
        shift_right_signed<T: Int>(a: Value, count: Value)
            => pure::<T>(Pure::Binary(Binary::ShiftRightSigned, a, count));
        leading_zeros<T: Int>(a: Value) => pure::<T>(Pure::Unary(Unary::LeadingZeros, a));
        trailing_zeros<T: Int>(a: Value) => pure::<T>(Pure::Unary(Unary::TrailingZeros, a));
        ones<T: Int>(a: Value) => pure::<T>(Pure::Unary(Unary::Ones, a));
        swapped_bytes<T: Int>(a: Value) => pure::<T>(Pure::Unary(Unary::SwappedBytes, a));
        deposit<T: Int>(a: Value, mask: Value) => pure::<T>(Pure::Binary(Binary::Deposit, a, mask));
        gather<T: Int>(a: Value, mask: Value) => pure::<T>(Pure::Binary(Binary::Gather, a, mask));
        crc32<T: Int>(crc: Value, data: Value) => pure::<T>(Pure::Crc32 { crc, data });
        is_zero<T: Int>(a: Value) => pure::<T>(Pure::IsZero(a));
        equal<T: Int>(a: Value, b: Value) => pure::<T>(Pure::Equal(a, b));
        less<T: Int>(a: Value, b: Value) => pure::<T>(Pure::Less(a, b));
        select<T: Int>(truth: Value, a: Value, b: Value) => pure::<T>(Pure::Select { truth, a, b });
        carry<T: Int>() => flags::<T>(Flags::Carry);
        shift<T: Int>(kind: Shift, a: Value, count: Value) => flags::<T>(Flags::Shift { kind, a, count });
        shift_double<T: Int>(left: bool, a: Value, filler: Value, count: Value)
            => flags::<T>(Flags::ShiftDouble { left, a, filler, count });
    }

    flag_steps! {
        flags_of_sum<T: Int>(a: Value, b: Value, result: Value) => T, Flags::OfSum { a, b, result };
        flags_of_difference<T: Int>(a: Value, b: Value, result: Value)
            => T, Flags::OfDifference { a, b, result };
        flags_of_increment<T: Int>(a: Value, result: Value) => T, Flags::OfIncrement { a, result };
        flags_of_decrement<T: Int>(a: Value, result: Value) => T, Flags::OfDecrement { a, result };
        flags_of_logic<T: Int>(result: Value) => T, Flags::OfLogic(result);
        set_carry_and_overflow(both: Value) => u8, Flags::SetCarryAndOverflow(both);
        set_carry(carry: Value) => u8, Flags::SetCarry(carry);
        set_overflow(overflow: Value) => u8, Flags::SetOverflow(overflow);
        set_comparison(zero: Value, parity: Value, carry: Value)
            => u8, Flags::SetComparison { zero, parity, carry };
    }

    fn address(&mut self, o: &Operands) -> Value {
        let mut sum = self.constant::<u64>(i64::from(o.displacement) as u64);
        if let Some(base) = self.part_of_address(o.base) {
            sum = self.add::<u64>(sum, base);
        }
        if let Some(index) = self.part_of_address(o.index) {
            let scaled = self.shifted_left::<u64>(index, o.scale.trailing_zeros() as u8);
            sum = self.add::<u64>(sum, scaled);
        }
        if o.offset_size == OffsetSize::Bits64 {
            return sum;
        }
        let mask = self.constant::<u64>(o.offset_size.mask());
        self.and::<u64>(sum, mask)
    }

    fn set_register<T: Int>(&mut self, number: u8, value: Value) {
        self.set_registers::<T>(Registers::Set(number, value));
    }

    fn selector(&mut self, number: u8) -> Value {
        self.registers::<u16>(Registers::Selector(number))
    }

    fn load<T: Int>(&mut self, segment: u8, offset: Value) -> Try<Self, Value> {
        Ok(self.memory::<T>(Memory::Load { segment, offset }, 1))
    }

    fn store<T: Int>(&mut self, segment: u8, offset: Value, value: Value) -> Done<Self> {
        self.memory::<T>(Memory::Store { segment, offset, value }, 0);
        Ok(())
    }

    fn open<T: Int>(&mut self, segment: u8, offset: Value) -> Try<Self, (Value, Value)> {
        let place = self.memory::<T>(Memory::Open { segment, offset }, 2);
        Ok((place, next(place)))
    }

    fn close<T: Int>(&mut self, place: Value, value: Value) {
        self.memory::<T>(Memory::Close { place, value }, 0);
    }

    fn update_locked<T: Int>(
        &mut self,
        segment: u8,
        offset: Value,
        change: impl Fn(&mut Self, Value) -> Value,
    ) -> Try<Self, Value> {
        let place = self.memory::<T>(Memory::OpenLocked { segment, offset }, 2);
        let (found, again) = (next(place), self.steps.len());
        let new = change(self, found);
        self.memory::<T>(Memory::Exchange { place, found, new, again }, 0);
        Ok(found)
    }

    fn shifted_left<T: Int>(&mut self, a: Value, bits: u8) -> Value {
        let count = self.constant::<T>(bits.into());
        self.binary::<T>(Binary::ShiftLeft, a, count)
    }

    fn arithmetic_right<T: Int>(&mut self, a: Value, bits: u8) -> Value {
        let count = self.constant::<T>(bits.into());
        self.binary::<T>(Binary::ShiftRightSigned, a, count)
    }

    fn zero_extend<T: Int, U: Int>(&mut self, a: Value) -> Value {
        self.pure::<U>(Pure::ZeroExtend(Width::of::<T>(), a))
    }

    fn sign_extend<T: Int, U: Int>(&mut self, a: Value) -> Value {
        self.pure::<U>(Pure::SignExtend(Width::of::<T>(), a))
    }

    fn multiply<T: Int>(&mut self, a: Value, b: Value, signed: bool) -> (Value, Value) {
        let low = self.give(Code::Pure(Pure::Multiply { a, b, signed }), Width::of::<T>(), 2);
        (low, next(low))
    }

    fn divide<T: Int>(
        &mut self,
        high: Value,
        low: Value,
        divisor: Value,
        signed: bool,
    ) -> Try<Self, (Value, Value)> {
        let code = Code::Flow(Flow::Divide { high, low, divisor, signed });
        let quotient = self.give(code, Width::of::<T>(), 2);
        Ok((quotient, next(quotient)))
    }

    fn condition(&mut self, number: u8) -> Value {
        self.flags::<u8>(Flags::Condition(number))
    }

    fn not(&mut self, a: Value) -> Value {
        self.pure::<u8>(Pure::Not(a))
    }

    fn both(&mut self, a: Value, b: Value) -> Value {
        self.pure::<u8>(Pure::Both(a, b))
    }

    fn when(&mut self, truth: Value, then: impl FnOnce(&mut Self) -> Done<Self>) -> Done<Self> {
        let at = self.steps.len();
        self.flow(Flow::SkipUnless { truth, steps: 0 });
        then(self)?;
        let steps = self.steps.len() - at - 1;
        self.steps[at].code = Code::Flow(Flow::SkipUnless { truth, steps });
        Ok(())
    }

    fn stack_top(&mut self) -> Value {
        self.registers::<u64>(Registers::StackTop)
    }

    fn stack_moved(&mut self, top: Value, bytes: i64) -> Value {
        self.registers::<u64>(Registers::StackMoved { top, bytes })
    }

    fn set_stack_top(&mut self, top: Value) {
        self.set_registers::<u64>(Registers::SetStackTop(top));
    }

    fn next_instruction(&mut self) -> Value {
        self.registers::<u64>(Registers::NextInstruction)
    }

    fn check_target(&mut self, to: Value) -> Done<Self> {
        self.flow(Flow::CheckTarget(to));
        Ok(())
    }

    fn jump(&mut self, to: Value) -> Done<Self> {
        self.flow(Flow::Jump(to));
        Ok(())
    }

    fn check_vectors(&mut self, vex: bool) -> Done<Self> {
        self.flow(Flow::CheckVectors { vex });
        Ok(())
    }

    fn block(&mut self, register: u8, half: u8) -> Value {
        self.registers::<u64>(Registers::Block { register, half })
    }

    fn set_block(&mut self, register: u8, half: u8, value: Value) {
        self.set_registers::<u64>(Registers::SetBlock { register, half, value });
    }

    fn join(&mut self, low: Value, high: Value) -> Value {
        self.pure::<u64>(Pure::Join { low, high })
    }

    fn quad(&mut self, block: Value, number: u8) -> Value {
        self.pure::<u64>(Pure::Quad { block, number })
    }

    fn check_alignment(&mut self, segment: u8, offset: Value, bytes: u8) -> Done<Self> {
        self.flow(Flow::CheckAlignment { segment, offset, bytes });
        Ok(())
    }

    fn load_block(&mut self, segment: u8, offset: Value) -> Try<Self, Value> {
        Ok(self.memory::<u64>(Memory::LoadBlock { segment, offset }, 1))
    }

    fn store_block(&mut self, segment: u8, offset: Value, value: Value) -> Done<Self> {
        self.memory::<u64>(Memory::StoreBlock { segment, offset, value }, 0);
        Ok(())
    }

    fn store_two_blocks(&mut self, segment: u8, offset: Value, values: [Value; 2]) -> Done<Self> {
        self.memory::<u64>(Memory::StoreTwoBlocks { segment, offset, values }, 0);
        Ok(())
    }

    fn operate<O: Operation, const N: usize>(
        &mut self,
        o: &Operands,
        [a, b, c]: [[Value; N]; 3],
    ) -> Try<Self, [Value; N]> {
        let sources = (0..N).map(|i| [a[i], b[i], c[i]]).collect();
        let code = Code::Vector(Vector { apply: O::apply, operands: *o, sources });
        let Value(first) = self.give(code, Width::Qword, N as u32);
        Ok(std::array::from_fn(|i| Value(first + i as u32)))
    }
}
