//! Stacks on which something is built before they become the processor's own, so that a fault on the way leaves it as
//! it was.

use super::memory::is_canonical;
use super::segment::index_of;
use super::{Checked, Fault};
use crate::addr::{Linear, Width};
use crate::cpu::bus::MemoryBus;
use crate::cpu::probe::Probe;
use crate::cpu::x86::alu::Int;
use crate::cpu::x86::state::{Segment, reg, seg};
use crate::mem::{PAGE_SIZE, Privilege};

/// A stack that is not SS:SP yet, or not any more.
#[derive(Clone, Copy, Debug)]
pub struct Stack {
    pub segment: Segment,
    /// All of the stack pointer, also what the segment's size leaves out.
    pub pointer: u64,
    /// The bits of the pointer that count.
    mask: u64,
    /// Whether it lies in 64-bit mode's address space.
    long: bool,
    privilege: Privilege,
    /// The error code of the stack fault.
    code: u16,
    /// Whether its segment is in SS.
    loaded: bool,
}

impl Stack {
    /// The stack of a level that is about to be entered.
    #[inline]
    pub fn of_level(segment: Segment, pointer: u64, level: u8) -> Self {
        let privilege = if level == 3 { Privilege::User } else { Privilege::Supervisor };
        let (mask, code) = (segment.offset_mask(), index_of(segment.selector));
        Self { segment, pointer, mask, long: false, privilege, code, loaded: false }
    }

    /// As [`Self::of_level`] in 64-bit mode.
    #[inline]
    pub fn of_long_level(segment: Segment, pointer: u64, level: u8) -> Self {
        Self { mask: u64::MAX, long: true, ..Self::of_level(segment, pointer, level) }
    }

    /// Moves the pointer up by a number of bytes, down by a negative one.
    #[inline]
    pub fn moved(&mut self, bytes: i64) {
        self.pointer = self.pointer & !self.mask | self.pointer.wrapping_add_signed(bytes) & self.mask;
    }
}

impl<B: MemoryBus, P: Probe> Checked<'_, B, P> {
    /// The processor's own stack.
    #[inline]
    pub fn own_stack(&self) -> Stack {
        Stack {
            segment: *self.s.segment(seg::SS),
            pointer: self.s.registers[usize::from(reg::SP)],
            mask: self.s.stack_mask(),
            long: self.s.is_64_bit(),
            privilege: self.s.privilege(),
            code: 0,
            loaded: true,
        }
    }

    /// Makes a stack the processor's own.
    #[inline]
    pub fn take_stack(&mut self, stack: &Stack) {
        if !stack.loaded {
            self.s.set_segment(seg::SS, stack.segment);
        }
        self.s.registers[usize::from(reg::SP)] = stack.pointer;
    }

    /// Where `bytes` lie, `above` bytes above the top.
    #[inline]
    fn stack_linear(&self, stack: &Stack, above: i64, bytes: u64, writes: bool) -> Result<Linear, Fault> {
        let offset = stack.pointer.wrapping_add_signed(above) & stack.mask;
        let admitted = if stack.long {
            is_canonical(offset, bytes)
        } else {
            stack.segment.admits(offset, bytes, writes)
        };
        match (admitted, stack.long) {
            (false, _) => Err(Fault::with_code(self.stack_vector(), stack.code)),
            (true, true) => Ok(Linear(offset)),
            (true, false) => Ok(stack.segment.linear(offset)),
        }
    }

    /// Pushes the low bits of `value`.
    ///
    /// # Errors
    /// A stack fault or a page fault. The stack is as before then.
    #[inline]
    pub fn push_on(&mut self, stack: &mut Stack, width: Width, value: u64) -> Result<(), Fault> {
        let bytes = width.bytes();
        if self.model.is_before_protection() {
            // There is one stack, in which offsets wrap around.
            let offset = stack.pointer.wrapping_sub(bytes) & stack.mask;
            self.write(seg::SS, offset, value as u16)?;
        } else {
            let linear = self.stack_linear(stack, -(bytes as i64), bytes, true)?;
            match width {
                Width::Qword => self.write_as(linear, stack.privilege, value)?,
                Width::Dword => self.write_as(linear, stack.privilege, value as u32)?,
                _ => self.write_as(linear, stack.privilege, value as u16)?,
            }
        }
        stack.moved(-(bytes as i64));
        Ok(())
    }

    /// Pushes several values, the first one first.
    ///
    /// # Errors
    /// As [`Self::push_on`].
    pub fn push_all<const N: usize>(
        &mut self,
        stack: &mut Stack,
        width: Width,
        values: [u64; N],
    ) -> Result<(), Fault> {
        let pushed = match width {
            Width::Qword => self.push_together::<u64, N>(stack, values),
            Width::Dword => self.push_together::<u32, N>(stack, values),
            _ => self.push_together::<u16, N>(stack, values),
        };
        match pushed {
            Some(()) => Ok(()),
            None => values.into_iter().try_for_each(|value| self.push_on(stack, width, value)),
        }
    }

    /// Pushes several values with one check for all; `None` if that does not do.
    #[inline(always)]
    fn push_together<T: Int, const N: usize>(&mut self, stack: &mut Stack, values: [u64; N]) -> Option<()> {
        let bytes = N as u64 * T::BYTES;
        let lowest = self.run_of(stack, -(bytes as i64), bytes, true)?;
        let upwards = std::array::from_fn(|i| T::low(values[N - 1 - i]));
        self.bus.tlb().ways(stack.privilege).write_all::<T, N>(lowest, upwards)?;
        stack.moved(-(bytes as i64));
        Some(())
    }

    /// Where `bytes` lie that begin `above` bytes above the top, if they lie in one page and need no more than one check.
    #[inline(always)]
    fn run_of(&self, stack: &Stack, above: i64, bytes: u64, writes: bool) -> Option<Linear> {
        let offset = stack.pointer.wrapping_add_signed(above) & stack.mask;
        let lowest = self.stack_linear(stack, above, bytes, writes).ok()?;
        let wraps = stack.mask - offset < bytes;
        (!P::ACTIVE && !wraps && lowest.0 % PAGE_SIZE + bytes <= PAGE_SIZE).then_some(lowest)
    }

    /// Pops several values, the first one first.
    ///
    /// # Errors
    /// As [`Self::peek_on`]. The stack is as before then.
    #[inline]
    pub fn pop_all<const N: usize>(&mut self, stack: &mut Stack, width: Width) -> Result<[u64; N], Fault> {
        let popped = match width {
            Width::Qword => self.pop_together::<u64, N>(stack),
            Width::Dword => self.pop_together::<u32, N>(stack),
            _ => self.pop_together::<u16, N>(stack),
        };
        if let Some(values) = popped {
            return Ok(values);
        }
        let mut after = *stack;
        let mut values = [0; N];
        for value in &mut values {
            *value = self.pop_from(&mut after, width)?;
        }
        *stack = after;
        Ok(values)
    }

    #[inline(always)]
    fn pop_together<T: Int, const N: usize>(&mut self, stack: &mut Stack) -> Option<[u64; N]> {
        let bytes = N as u64 * T::BYTES;
        let lowest = self.run_of(stack, 0, bytes, false)?;
        let values = self.bus.tlb().ways(stack.privilege).read_all::<T, N>(lowest)?;
        stack.moved(bytes as i64);
        Some(values.map(Int::wide))
    }

    /// Reads what lies on top, or `above` bytes above it.
    ///
    /// # Errors
    /// A stack fault or a page fault.
    #[inline]
    pub fn peek_on(&mut self, stack: &Stack, width: Width, above: u64) -> Result<u64, Fault> {
        if self.model.is_before_protection() {
            return self.read::<u16>(seg::SS, stack.pointer.wrapping_add(above) & stack.mask).map(u64::from);
        }
        let linear = self.stack_linear(stack, above as i64, width.bytes(), false)?;
        match width {
            Width::Qword => self.read_as(linear, stack.privilege),
            Width::Dword => self.read_as::<u32>(linear, stack.privilege).map(u64::from),
            _ => self.read_as::<u16>(linear, stack.privilege).map(u64::from),
        }
    }

    /// Pops a value.
    ///
    /// # Errors
    /// As [`Self::peek_on`]. The stack is as before then.
    #[inline]
    pub fn pop_from(&mut self, stack: &mut Stack, width: Width) -> Result<u64, Fault> {
        let value = self.peek_on(stack, width, 0)?;
        stack.moved(width.bytes() as i64);
        Ok(value)
    }
}
