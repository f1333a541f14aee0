//! The family's side of the threaded engine: translation, and what the engine's driver must know of a processor.

use super::alu::flag;
use super::backend::Meaning;
use super::checked::{Checked, Fault, Handler, Routine, is_canonical};
use super::executing::{Plain, Quick};
use super::fast::{Handlers, Kind, X86Family};
use super::flags::system;
use super::lower::{Decoded, Select, View};
use super::model::Model;
use super::operands::Operands;
use super::routine::string::StringInstruction;
use super::routine::x87;
use super::state::{Activity, Segment, State, cr0, reg, seg};
use super::strict::{CheckedHandlers, LONGEST};
use crate::addr::{Linear, Physical};
use crate::cpu::Exit;
use crate::cpu::bus::MemoryBus;
use crate::cpu::engine::cache::{Flow, Fresh, MOST_BYTES, Translated};
use crate::cpu::engine::driver::{Guest, Hands};
use crate::cpu::engine::op::Missed;
use crate::cpu::engine::tuning::Tuning;
use crate::cpu::probe::Probe;
use crate::mem::{self, Changes, LittleGuest, PAGE_SIZE, Table};
use std::sync::Arc;

/// What decides the meaning of code, besides its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    kind: Kind,
    code: Code,
    user: bool,
}

/// A code segment without its selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Code {
    base: u64,
    limit: u32,
    attributes: u16,
}

/// A translated instruction.
type Instruction<B, P> = Translated<X86Family, Handler<B, P>>;

/// Handlers of the threaded engine.
struct FastHandlers;

impl Select for FastHandlers {
    type Handler = Handlers;

    fn meaning<M: Meaning>() -> Handlers {
        Handlers::of::<M>()
    }

    fn quick<Q: Quick, M: Meaning>() -> Handlers {
        Handlers::quick::<Q, M>()
    }

    fn routine<R: Routine>() -> Handlers {
        Handlers::checked()
    }

    fn plain<I: Plain>() -> Handlers {
        Handlers::plain::<I, false>()
    }

    fn string<I: StringInstruction>() -> Handlers {
        Handlers::string::<I>()
    }

    fn controls<I: Plain, const WAITS: bool>() -> Handlers {
        Handlers::plain::<I, true>()
    }

    fn mmx<I: Plain>() -> Handlers {
        Handlers::plain::<I, true>()
    }

    fn computes<I: x87::Instruction>() -> Handlers {
        Handlers::of_fpu::<I>()
    }
}

/// The engine's handler for an instruction. Not generic, so that all handlers are made here, where code is optimised.
#[inline(never)]
fn select_fast(view: &mut View<'_>) -> Option<Handlers> {
    view.select::<FastHandlers>()
}

impl Mode {
    fn of(s: &State) -> Option<Self> {
        if s.shadow || s.repeating || s.flags.has(flag::TF.into()) {
            return None;
        }
        if s.debug[7] & 0xFF != 0 || s.flags.has(system::AC) && s.cr0 & cr0::AM != 0 {
            return None;
        }
        let code = s.segment(seg::CS);
        let user = s.cpl() == 3;
        let kind = if s.is_64_bit() {
            Kind::Long
        } else if [seg::ES, seg::SS, seg::DS].into_iter().all(|number| s.segment(number).is_flat_data())
            && is_flat_code(code)
        {
            Kind::Flat
        } else {
            Kind::Segmented
        };
        let code = Code { base: code.base, limit: code.limit, attributes: code.attributes & !0x1 };
        Some(Self { kind, code, user })
    }
}

/// Whether what is in CS is all of 32-bit memory, and may be read.
fn is_flat_code(code: &Segment) -> bool {
    code.is_flat() && code.admits(0, 1, false)
}

impl<B: MemoryBus<Order = LittleGuest>, P: Probe> Guest for Checked<'_, B, P> {
    type Family = X86Family;
    type Checked = Handler<B, P>;
    type Mode = Mode;
    type Probe = P;

    fn hands(&mut self) -> Hands<'_, X86Family, P> {
        let privilege = self.s.privilege();
        (self.s, self.bus.tlb().ways(privilege), self.probe)
    }

    fn mode(&mut self) -> Option<Mode> {
        Mode::of(self.s)
    }

    fn between(&mut self) -> Result<(), Exit> {
        self.before_instruction()
    }

    fn stops_before(&mut self) -> bool {
        Checked::stops_before(self)
    }

    #[inline]
    fn goes_on(&self) -> bool {
        let s = &self.s;
        let interrupted = s.flags.has(flag::IF.into()) && self.bus.interrupt_line();
        s.activity == Activity::Running
            && !s.shadow
            && !s.repeating
            && !s.flags.has(flag::TF.into())
            && !interrupted
            && !self.bus.smi_waits()
            && (s.nmi_blocked || !self.bus.nmi_waits())
            && !self.bus.exit_requested()
            && !(P::ACTIVE && self.probe.stop_requested())
            && s.now < self.bus.next_hold().0
    }

    fn step(&mut self) {
        Checked::step(self);
    }

    fn fill(&mut self, missed: Missed) -> bool {
        let (table, at, privilege) = (missed.table(), missed.at(), self.s.privilege());
        if missed.crosses() || self.bus.tlb().physical(table, privilege, at, 1).is_some() {
            return false;
        }
        self.without_fault(|cpu| cpu.translate(at, table, privilege))
            .is_some_and(|physical| self.bus.map(table, privilege, at, physical))
    }

    fn after(&mut self) -> Option<Exit> {
        self.after_instruction()
    }

    #[inline(always)]
    fn address(&self) -> u64 {
        self.s.rip
    }

    #[inline(always)]
    fn set_address(&mut self, address: u64) {
        self.s.rip = address;
    }

    #[inline(always)]
    fn now(&self) -> u64 {
        self.s.now
    }

    #[inline(always)]
    fn budget(&self) -> i64 {
        let left = self.bus.deadline().0.saturating_sub(self.s.now);
        left.min(i64::MAX as u64) as i64
    }

    #[inline(always)]
    fn spend(&mut self, cycles: u64, instructions: u64) {
        self.s.now += cycles;
        self.s.counters.instructions += instructions;
    }

    fn code_physical(&mut self, address: u64) -> Option<Physical> {
        let code = self.s.segment(seg::CS);
        let linear = if code.is_long() { Linear(address) } else { code.linear(address) };
        let exists = if code.is_long() { is_canonical(address, 1) } else { address <= u64::from(code.limit) };
        if !exists {
            return None;
        }
        let privilege = self.s.privilege();
        if let Some(known) = self.bus.tlb().physical(Table::Fetch, privilege, linear, 1) {
            return Some(known);
        }
        let physical = self.without_fault(|cpu| cpu.translate(linear, Table::Fetch, privilege))?;
        // As if the code had been fetched: the TLB knows then whose code moves when a page is forgotten, and a guest that
        // spoils its tables goes on as long as it does on the strict engine.
        self.bus.map(Table::Fetch, privilege, linear, physical);
        Some(physical)
    }

    fn memory(&self, at: Physical) -> mem::Place<'_> {
        self.bus.place(at)
    }

    fn keeps(&mut self, at: Physical, bytes: &[u8]) -> bool {
        match self.bus.place(at) {
            mem::Place::Ram { block, offset, .. } => {
                let block = Arc::clone(block);
                self.bus.tlb().doubt(&block, offset, bytes)
            }
            _ => true,
        }
    }

    fn translate(
        &mut self,
        address: u64,
        tuning: &Tuning,
        into: &mut Fresh<X86Family, Self::Checked>,
    ) -> u64 {
        self.translate_instructions(address, tuning, into) & self.offset_mask()
    }

    fn translate_again(
        &mut self,
        trace: u64,
        address: u64,
        tuning: &Tuning,
        bytes: &[u8],
    ) -> Option<Instruction<B, P>> {
        let mode = Mode::of(self.s)?;
        let bits = self.s.segment(seg::CS).default_bits();
        translate_one::<B, P>(self.model, (mode.kind.tuned(tuning), bits), bytes, address, trace)
            .map(|(one, ..)| one)
    }

    #[inline(always)]
    fn execute(&mut self, checked: Self::Checked, operands: &Operands, trace: u64) {
        let address = self.s.rip;
        self.s.registers[usize::from(reg::IP)] = trace;
        self.execute_at(address, |cpu| {
            cpu.s.rip = address.wrapping_add(u64::from(operands.length)) & cpu.offset_mask();
            checked(cpu, operands)
        });
    }

    #[inline(always)]
    fn has_changes(&mut self) -> bool {
        self.bus.has_changes()
    }

    fn take_changes(&mut self) -> Changes {
        self.bus.take_changes()
    }

    #[inline(always)]
    fn mode_changes(&self) -> u32 {
        self.s.mode_changes
    }

    #[inline(always)]
    fn generation(&mut self) -> u64 {
        self.bus.tlb().generation()
    }

    fn move_together(&self, a: u64, b: u64) -> bool {
        !self.s.is_paging() || (a ^ b) / PAGE_SIZE == 0
    }
}

impl<B: MemoryBus<Order = LittleGuest>, P: Probe> Checked<'_, B, P> {
    fn translate_instructions(
        &mut self,
        address: u64,
        tuning: &Tuning,
        into: &mut Fresh<X86Family, Handler<B, P>>,
    ) -> u64 {
        let Some(Mode { kind, .. }) = Mode::of(self.s) else { return address };
        let kind = kind.tuned(tuning);
        let segment = *self.s.segment(seg::CS);
        // A trace stays on its page, and so does each of its instructions.
        let left = PAGE_SIZE - (segment.base.wrapping_add(address)) % PAGE_SIZE;
        // Nor does one end where the instruction pointer wraps.
        let left = left.min(self.offset_mask().saturating_sub(address)).min(MOST_BYTES);
        if left == 0 {
            return address;
        }
        let last = address + left - 1;
        let mut at = address;
        let mut before: Option<Handlers> = None;
        while at <= last && into.code.len() < tuning.longest {
            let mut bytes = [0; LONGEST];
            let Some(available) = self.fetch_within(at, last, &mut bytes) else { break };
            let Some((one, fast, ends)) = translate_one::<B, P>(
                self.model,
                (kind, segment.default_bits()),
                &bytes[..available],
                at,
                address,
            ) else {
                break;
            };
            at += u64::from(one.length);
            if !P::ACTIVE
                && tuning.joins
                && let Some(last) = into.code.last_mut()
                && let Some(joined) = before.and_then(|before| before.join(last.handler, kind, &fast))
            {
                last.handler = joined;
            }
            before = Some(fast);
            into.bytes.extend_from_slice(&bytes[..usize::from(one.length)]);
            into.code.push(one);
            if ends {
                break;
            }
        }
        at
    }

    /// What comes of `look`, which no program has asked for: a page fault tells nobody.
    fn without_fault<R>(&mut self, look: impl FnOnce(&mut Self) -> Result<R, Fault>) -> Option<R> {
        let cr2 = self.s.cr2;
        look(self).inspect_err(|_| self.s.cr2 = cr2).ok()
    }

    /// Fetches code from `at` to `last`, as much as one instruction may need. `None`: there is none.
    fn fetch_within(&mut self, at: u64, last: u64, into: &mut [u8; LONGEST]) -> Option<usize> {
        let wanted = (last - at + 1).min(LONGEST as u64) as usize;
        let fetched = self.without_fault(|cpu| cpu.fetch(at, &mut into[..wanted]))?;
        (fetched > 0).then_some(fetched)
    }
}

/// Translates one instruction of a trace that begins at `trace`. Gives with it what there are of handlers, and whether the trace
/// ends here.
fn translate_one<B: MemoryBus, P: Probe>(
    model: &'static Model,
    (kind, code_bits): (Kind, u32),
    bytes: &[u8],
    at: u64,
    trace: u64,
) -> Option<(Instruction<B, P>, Handlers, bool)> {
    let bits = match kind {
        Kind::Long | Kind::LongRelative => 64,
        Kind::Flat | Kind::Segmented => code_bits,
    };
    let decoded = Decoded::new(model, bits, bytes, at).ok()?;
    let mut view = decoded.view(Some(trace))?;
    let fast = select_fast(&mut view)?;
    let checked = view.select::<CheckedHandlers<B, P>>()?;
    let has_memory = view.has_memory();
    let one = Translated {
        handler: fast.choose(kind, &mut view.operands, has_memory, P::ACTIVE),
        operands: view.operands,
        checked,
        flow: fast.flow,
        length: view.operands.length,
        cycles: model.clocks_per_instruction as u16,
        number: view.number,
    };
    let ends = decoded.ends_trace() || fast.flow == Flow::Away;
    Some((one, fast, ends))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::engine::op::Target;
    use crate::cpu::probe::NoProbe;
    use crate::machine::system_bus::SystemBus;
    use crate::mem::ByteOrder;
    use std::ptr::fn_addr_eq;

    /// What comes before opcodes of every map, and prefixes that change an immediate's size.
    const BEFORE: [&[u8]; 13] = [
        &[],
        &[0x66],
        &[0x67],
        &[0x48],
        &[0xF3],
        &[0x0F],
        &[0x66, 0x0F],
        &[0x48, 0x0F],
        &[0xF2, 0x0F],
        &[0x0F, 0x3A],
        &[0x66, 0x0F, 0x3A],
        &[0xC4, 0xE3, 0x7B],
        &[0xC4, 0xE3, 0x79],
    ];

    fn translated(bits: u32, bytes: &[u8]) -> Option<Instruction<SystemBus, NoProbe>> {
        let model = Model::by_name("x86-64-v3").expect("the newest member");
        let kind = if bits == 64 { Kind::Long } else { Kind::Segmented };
        translate_one(model, (kind, bits), bytes, 0x1000, 0x1000).map(|(one, ..)| one)
    }

    /// Every opcode with every extension, of registers and of memory.
    fn each_instruction(mut look: impl FnMut(u32, &[u8])) {
        let following = (0..8).flat_map(|digit| [0xC1, 0x05, 0x41].map(|place| place | digit << 3));
        for (bits, before) in [16, 32, 64].into_iter().flat_map(|bits| BEFORE.map(|before| (bits, before))) {
            for (opcode, following) in (0..=255).flat_map(|op| following.clone().map(move |next| (op, next)))
            {
                let mut bytes = [0x5A; LONGEST];
                let parts = before.iter().copied().chain([opcode, following]);
                bytes.iter_mut().zip(parts).for_each(|(byte, part)| *byte = part);
                look(bits, &bytes);
            }
        }
    }

    #[test]
    fn flat_data_is_flat_and_may_be_written() {
        for attributes in 0..=u16::MAX {
            for (base, limit) in [(0, u32::MAX), (1, u32::MAX), (0, u32::MAX - 1)] {
                let part = Segment { selector: 8, attributes, limit, base };
                assert_eq!(part.is_flat_data(), part.is_flat() && part.admits(0, 1, true), "{part:?}");
            }
        }
    }

    #[test]
    fn a_number_that_is_put_in_is_the_number_that_decoding_finds() {
        let mut numbers = [0; 9];
        each_instruction(|bits, bytes| {
            let Some(mut old) = translated(bits, bytes) else { return };
            let Some(number) = old.number else { return };
            let mut changed = bytes.to_vec();
            let place = usize::from(number.at)..usize::from(number.at + number.bytes);
            changed[place.clone()].iter_mut().zip(0x81..).for_each(|(byte, new)| *byte = new);
            let new = translated(bits, &changed).expect("still an instruction");
            old.operands.put_number(number.of(&changed[place], ByteOrder::Little));
            assert_eq!(old.operands, new.operands, "{bits} bits: {changed:02X?}");
            assert!(fn_addr_eq(old.handler, new.handler) && fn_addr_eq(old.checked, new.checked));
            assert_eq!((old.number, old.length, old.cycles), (new.number, new.length, new.cycles));
            numbers[usize::from(number.bytes)] += 1;
        });
        assert!([1, 2, 4, 8].into_iter().all(|bytes| numbers[bytes] >= 8), "{numbers:?}");
    }
}
