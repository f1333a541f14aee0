//! Runs recorded code.
//!
//! An evaluator, and no machine code: writing that into memory and jumping there needs `unsafe`, which tests have no
//! part in. It stands where a translator's output would. Numbers, flags and the order of things it does by itself
//! ([`arithmetic`]); for memory and for whether something is allowed it calls the checked processor, as
//! translated code calls out of itself where its fast path ends.

use crate::arithmetic as numbers;
use crate::code::{Binary, Code, Flags, Flow, Memory, Pure, Registers, Step, Unary, Value, Vector};
use crate::recorder::Recorder;
use emu_core::addr::Width;
use emu_core::cpu::bus::MemoryBus;
use emu_core::cpu::probe::Probe;
use emu_core::cpu::x86::alu::Int;
use emu_core::cpu::x86::alu::flag::{CF, OF, PF, ZF};
use emu_core::cpu::x86::backend::Backend;
use emu_core::cpu::x86::checked::{Cell, Checked, Fault};
use emu_core::cpu::x86::executing::Executing;
use emu_core::cpu::x86::flags::Flags as FlagsRegister;
use emu_core::cpu::x86::state::reg;
use emu_core::cpu::x86::vector::Sources;
use emu_core::cpu::x86::vector::control::Control;

/// Runs what has been recorded of one instruction; RIP is at the next one.
///
/// # Errors
/// Which exception the code has left with.
pub fn evaluate<B: MemoryBus, P: Probe>(
    recorder: &Recorder,
    cpu: &mut Checked<'_, B, P>,
) -> Result<(), Fault> {
    let values = vec![0; recorder.values()];
    let places = vec![None; recorder.values()];
    let kept = cpu.s.flags;
    let mut evaluator = Evaluator { cpu, values, places, kept, at: 0 };
    while let Some(step) = recorder.steps.get(evaluator.at) {
        evaluator.at += 1;
        evaluator.step(step)?;
    }
    Ok(())
}

struct Evaluator<'a, 'b, B, P> {
    cpu: &'a mut Checked<'b, B, P>,
    /// By number, whatever the values are.
    values: Vec<u128>,
    /// Those that are places in memory.
    places: Vec<Option<Cell>>,
    /// The flags before a locked change.
    kept: FlagsRegister,
    /// The number of the next step.
    at: usize,
}

/// Names a type for a width.
macro_rules! by_width {
    ($width:expr, $t:ident => $code:expr) => {
        match $width {
            Width::Byte => {
                type $t = u8;
                $code
            }
            Width::Word => {
                type $t = u16;
                $code
            }
            Width::Dword => {
                type $t = u32;
                $code
            }
            Width::Qword => {
                type $t = u64;
                $code
            }
        }
    };
}

impl<B: MemoryBus, P: Probe> Evaluator<'_, '_, B, P> {
    fn step(&mut self, step: &Step) -> Result<(), Fault> {
        let Step { width, into, .. } = *step;
        match &step.code {
            Code::Pure(code) => self.pure(code, width, into),
            Code::Registers(code) => self.registers(code, width, into),
            Code::Flags(code) => self.flags(code, width, into),
            Code::Memory(code) => return self.memory(code, width, into),
            Code::Flow(code) => return self.flow(code, width, into),
            Code::Vector(code) => return self.vector(code, into),
        }
        Ok(())
    }

    fn number(&self, Value(number): Value) -> u64 {
        self.values[number as usize] as u64
    }

    fn block(&self, Value(number): Value) -> u128 {
        self.values[number as usize]
    }

    fn holds(&self, truth: Value) -> bool {
        self.number(truth) != 0
    }

    fn place(&self, Value(number): Value) -> Cell {
        self.places[number as usize].expect("a place that was opened")
    }

    fn give(&mut self, Value(number): Value, value: impl Into<u128>) {
        self.values[number as usize] = value.into();
    }

    fn give_two(&mut self, Value(first): Value, (a, b): (u64, u64)) {
        self.give(Value(first), a);
        self.give(Value(first + 1), b);
    }

    fn pure(&mut self, code: &Pure, width: Width, into: Value) {
        let number = |value| self.number(value);
        let result = match *code {
            Pure::Constant(value) => value,
            Pure::Unary(operation, a) => unary(operation, width, number(a)),
            Pure::Binary(operation, a, b) => binary(operation, width, number(a), number(b)),
            Pure::ZeroExtend(from, a) => number(a) & from.mask() & width.mask(),
            Pure::SignExtend(from, a) => numbers::sign_extended(from, number(a)) & width.mask(),
            Pure::Crc32 { crc, data } => numbers::crc32(width, number(crc), number(data)),
            Pure::Multiply { a, b, signed } => {
                return self.give_two(into, numbers::multiply(width, number(a), number(b), signed));
            }
            Pure::IsZero(a) => u64::from(number(a) == 0),
            Pure::Equal(a, b) => u64::from(number(a) == number(b)),
            Pure::Less(a, b) => u64::from(number(a) < number(b)),
            Pure::Not(a) => number(a) ^ 1,
            Pure::Both(a, b) => number(a) & number(b),
            Pure::Select { truth, a, b } => number(if self.holds(truth) { a } else { b }),
            Pure::Join { low, high } => {
                let block = u128::from(number(high)) << 64 | u128::from(number(low));
                return self.give(into, block);
            }
            Pure::Quad { block, number } => (self.block(block) >> (64 * number)) as u64,
        };
        self.give(into, result);
    }

    fn registers(&mut self, code: &Registers, width: Width, into: Value) {
        let s = &mut *self.cpu.s;
        let result = match *code {
            Registers::Get(number) => {
                let second = if width == Width::Byte { u32::from(number & reg::HIGH) >> 4 } else { 0 };
                s.registers[usize::from(number & !reg::HIGH)] >> second & width.mask()
            }
            Registers::Set(number, value) => return self.set_register(number, width, self.number(value)),
            Registers::Selector(number) => s.segments[usize::from(number)].selector.into(),
            Registers::StackTop => s.registers[usize::from(reg::SP)] & s.stack_mask(),
            Registers::StackMoved { top, bytes } => {
                let mask = s.stack_mask();
                self.number(top).wrapping_add_signed(bytes) & mask
            }
            Registers::SetStackTop(top) => {
                let (mask, before) = (s.stack_mask(), s.registers[usize::from(reg::SP)]);
                let top = self.number(top);
                self.cpu.s.registers[usize::from(reg::SP)] = before & !mask | top & mask;
                return;
            }
            Registers::NextInstruction => s.rip,
            Registers::Block { register, half } => {
                let quads = &s.vectors[usize::from(register)][usize::from(2 * half)..];
                let block = u128::from(quads[1]) << 64 | u128::from(quads[0]);
                return self.give(into, block);
            }
            Registers::SetBlock { register, half, value } => {
                let block = self.block(value);
                let quads = &mut self.cpu.s.vectors[usize::from(register)][usize::from(2 * half)..];
                (quads[0], quads[1]) = (block as u64, (block >> 64) as u64);
                return;
            }
        };
        self.give(into, result);
    }

    /// Bytes and words leave a register's other bits, doublewords clear the upper half.
    fn set_register(&mut self, number: u8, width: Width, value: u64) {
        let register = &mut self.cpu.s.registers[usize::from(number & !reg::HIGH)];
        *register = match width {
            Width::Byte if number & reg::HIGH != 0 => *register & !0xFF00 | value << 8,
            Width::Byte | Width::Word => *register & !width.mask() | value,
            Width::Dword | Width::Qword => value,
        };
    }

    fn flags(&mut self, code: &Flags, width: Width, into: Value) {
        let status = self.cpu.s.flags.status();
        let number = |value| self.number(value);
        let with = |bits: u16, set: u16| status & !bits | set;
        let kept_carry = |flags: u16| flags & !CF | status & CF;
        let set = |value, flag| numbers::flag(self.holds(value), flag);
        let status = match *code {
            Flags::Carry => return self.give(into, u64::from(status & CF)),
            Flags::Condition(number) => {
                return self.give(into, u64::from(emu_core::cpu::x86::alu::condition(number, status)));
            }
            Flags::OfSum { a, b, result } => numbers::of_sum(width, number(a), number(b), number(result)),
            Flags::OfDifference { a, b, result } => {
                numbers::of_difference(width, number(a), number(b), number(result))
            }
            Flags::OfIncrement { a, result } => {
                kept_carry(numbers::of_sum(width, number(a), 1, number(result)))
            }
            Flags::OfDecrement { a, result } => {
                kept_carry(numbers::of_difference(width, number(a), 1, number(result)))
            }
            Flags::OfLogic(result) => numbers::of_logic(width, number(result)),
            Flags::SetCarryAndOverflow(both) => with(CF | OF, set(both, CF | OF)),
            Flags::SetCarry(carry) => with(CF, set(carry, CF)),
            Flags::SetOverflow(overflow) => with(OF, set(overflow, OF)),
            Flags::SetComparison { zero, parity, carry } => set(zero, ZF) | set(parity, PF) | set(carry, CF),
            Flags::Shift { kind, a, count } => {
                let (value, status) = numbers::shift(width, kind, number(a), number(count), status);
                self.give(into, value);
                status
            }
            Flags::ShiftDouble { left, a, filler, count } => {
                let (a, filler, count) = (number(a), number(filler), number(count));
                let (value, status) = numbers::shift_double(width, left, a, filler, count, status);
                self.give(into, value);
                status
            }
        };
        self.cpu.s.flags.set_status(status);
    }

    fn memory(&mut self, code: &Memory, width: Width, into: Value) -> Result<(), Fault> {
        match *code {
            Memory::Load { segment, offset } => {
                let offset = self.number(offset);
                let value = by_width!(width, T => self.cpu.load_memory::<T>(segment, offset)?.wide());
                self.give(into, value);
            }
            Memory::Store { segment, offset, value } => {
                let (offset, value) = (self.number(offset), self.number(value));
                by_width!(width, T => self.cpu.store_memory(segment, offset, T::low(value))?);
            }
            Memory::Open { segment, offset } => self.open(segment, offset, width, into)?,
            Memory::Close { place, value } => {
                let (place, value) = (self.place(place), self.number(value));
                by_width!(width, T => self.cpu.close_memory(place, T::low(value)));
            }
            Memory::OpenLocked { segment, offset } => {
                self.open(segment, offset, width, into)?;
                self.kept = self.cpu.s.flags;
            }
            Memory::Exchange { place, found, new, again } => {
                let (place, expected, new) = (self.place(place), self.number(found), self.number(new));
                let done = by_width!(width, T => {
                    self.cpu.exchange_memory(place, T::low(expected), T::low(new)).map_err(Int::wide)
                });
                if let Err(now) = done {
                    self.give(found, now);
                    self.cpu.s.flags = self.kept;
                    self.at = again;
                }
            }
            Memory::LoadBlock { segment, offset } => {
                let block = self.cpu.load_block(segment, self.number(offset))?;
                self.give(into, block);
            }
            Memory::StoreBlock { segment, offset, value } => {
                self.cpu.store_block(segment, self.number(offset), self.block(value))?;
            }
            Memory::StoreTwoBlocks { segment, offset, values } => {
                let blocks = values.map(|value| self.block(value));
                self.cpu.store_two_blocks(segment, self.number(offset), blocks)?;
            }
        }
        Ok(())
    }

    fn open(&mut self, segment: u8, offset: Value, width: Width, into: Value) -> Result<(), Fault> {
        let offset = self.number(offset);
        let (place, value) = by_width!(width, T => {
            let (place, value) = self.cpu.open_memory::<T>(segment, offset)?;
            (place, value.wide())
        });
        self.places[into.0 as usize] = Some(place);
        self.give(Value(into.0 + 1), value);
        Ok(())
    }

    fn flow(&mut self, code: &Flow, width: Width, into: Value) -> Result<(), Fault> {
        match *code {
            Flow::SkipUnless { truth, steps } => self.at += if self.holds(truth) { 0 } else { steps },
            Flow::CheckTarget(to) => self.cpu.admit_target(self.number(to))?,
            Flow::Jump(to) => self.cpu.go_to(self.number(to))?,
            Flow::CheckVectors { vex } => self.cpu.check_vectors(vex)?,
            Flow::CheckAlignment { segment, offset, bytes } => {
                self.cpu.check_alignment(segment, self.number(offset), bytes)?;
            }
            Flow::Divide { high, low, divisor, signed } => {
                let [high, low, divisor] = [high, low, divisor].map(|value| self.number(value));
                let results = numbers::divide(width, high, low, divisor, signed);
                self.give_two(into, results.ok_or(Checked::<B, P>::DIVIDE_ERROR)?);
            }
        }
        Ok(())
    }

    fn vector(&mut self, code: &Vector, Value(first): Value) -> Result<(), Fault> {
        let mut control = Control::new(self.cpu.s.mxcsr);
        for (i, sources) in (0..).zip(&code.sources) {
            let [a, b, c] = sources.map(|value| self.block(value));
            let block = (code.apply)(&mut control, Sources { a, b, c }, &code.operands, i);
            self.give(Value(first + i), block);
        }
        if control.is_quiet() { Ok(()) } else { self.cpu.settle(control) }
    }
}

fn unary(operation: Unary, width: Width, a: u64) -> u64 {
    let bits = numbers::bits(width);
    match operation {
        Unary::LeadingZeros => (0..bits).take_while(|i| a >> (bits - 1 - i) & 1 == 0).count() as u64,
        Unary::TrailingZeros => (0..bits).take_while(|i| a >> i & 1 == 0).count() as u64,
        Unary::Ones => (0..bits).filter(|i| a >> i & 1 != 0).count() as u64,
        Unary::SwappedBytes => (0..bits).step_by(8).fold(0, |sum, i| sum << 8 | a >> i & 0xFF),
    }
}

fn binary(operation: Binary, width: Width, a: u64, b: u64) -> u64 {
    let result = match operation {
        Binary::Add => a.wrapping_add(b),
        Binary::Sub => a.wrapping_sub(b),
        Binary::And => a & b,
        Binary::Or => a | b,
        Binary::Xor => a ^ b,
        Binary::ShiftLeft => a << b,
        Binary::ShiftRight => a >> b,
        Binary::ShiftRightSigned => (numbers::sign_extended(width, a) as i64 >> b) as u64,
        Binary::Deposit => numbers::deposit(a, b),
        Binary::Gather => numbers::gather(a, b),
    };
    result & width.mask()
}
