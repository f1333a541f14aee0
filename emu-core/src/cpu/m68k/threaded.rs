//! The family's side of the threaded engine: translation, and what the engine's driver must know of a processor.

use super::backend::Meaning;
use super::checked::{Checked, Handler, Routine};
use super::fast::{Handlers, M68kFamily};
use super::lower::{Select, View};
use super::operands::Operands;
use super::state::{Activity, State, sr};
use super::strict::CheckedHandlers;
use crate::addr::Physical;
use crate::cpu::Exit;
use crate::cpu::bus::MemoryBus;
use crate::cpu::engine::cache::{Flow, Fresh, MOST_BYTES, Translated};
use crate::cpu::engine::driver::{Guest, Hands};
use crate::cpu::engine::tuning::Tuning;
use crate::cpu::probe::Probe;
use crate::mem::{self, BigGuest, Changes, PAGE_SIZE};

/// Bytes of the longest instruction: MOVE of a long immediate to a long address.
const LONGEST_INSTRUCTION: usize = 10;

/// What decides the meaning of code, besides its words, and whose rights its accesses have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    supervisor: bool,
}

/// A translated instruction.
type Instruction<B, P> = Translated<M68kFamily, Handler<B, P>>;

/// Handlers of the threaded engine.
struct FastHandlers;

impl Select for FastHandlers {
    type Handler = Handlers;

    fn meaning<M: Meaning>() -> Handlers {
        Handlers::of::<M>()
    }

    fn routine<R: Routine>() -> Handlers {
        Handlers::checked()
    }
}

/// The engine's handlers for an instruction. Not generic, so that all handlers are made here, where code is optimised.
#[inline(never)]
fn select_fast(view: &View) -> Handlers {
    view.select::<FastHandlers>()
}

impl Mode {
    /// Traced code is stepped.
    fn of(s: &State) -> Option<Self> {
        let traces = s.trace_due || s.system & sr::TRACE != 0;
        (!traces).then_some(Self { supervisor: s.is_supervisor() })
    }
}

impl<B: MemoryBus<Order = BigGuest>, P: Probe> Guest for Checked<'_, B, P> {
    type Family = M68kFamily;
    type Checked = Handler<B, P>;
    type Mode = Mode;
    type Probe = P;

    fn hands(&mut self) -> Hands<'_, M68kFamily, P> {
        let privilege = self.privilege();
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
        let level = self.bus.interrupt_level();
        self.s.activity == Activity::Running
            && !self.s.trace_due
            && level <= self.s.level()
            && level == self.s.level_seen
            && !self.bus.exit_requested()
            && !(P::ACTIVE && self.probe.stop_requested())
            && self.s.now < self.bus.next_hold().0
    }

    /// The bits of the status register that the mode is made of.
    #[inline(always)]
    fn mode_changes(&self) -> u32 {
        (self.s.system & (sr::TRACE | sr::SUPERVISOR)).into()
    }

    fn step(&mut self) {
        Checked::step(self);
    }

    fn after(&mut self) -> Option<Exit> {
        self.after_instruction()
    }

    #[inline(always)]
    fn address(&self) -> u64 {
        self.s.pc.into()
    }

    #[inline(always)]
    fn set_address(&mut self, address: u64) {
        self.s.pc = address as u32;
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
        (address & 1 == 0).then_some(Physical(address & u64::from(self.model.address_mask())))
    }

    fn memory(&self, at: Physical) -> mem::Place<'_> {
        self.bus.place(at)
    }

    fn translate(
        &mut self,
        address: u64,
        tuning: &Tuning,
        into: &mut Fresh<M68kFamily, Self::Checked>,
    ) -> u64 {
        let length = self.translate_instructions(address as u32, tuning.longest, into);
        address.wrapping_add(length.into())
    }

    fn translate_again(
        &mut self,
        _trace: u64,
        address: u64,
        _tuning: &Tuning,
        bytes: &[u8],
    ) -> Option<Instruction<B, P>> {
        self.translate_one(address as u32, bytes).map(|(one, _)| one)
    }

    #[inline(always)]
    fn execute(&mut self, checked: Self::Checked, operands: &Operands, _trace: u64) {
        self.execute_at(self.s.pc, operands, checked);
    }

    #[inline(always)]
    fn has_changes(&mut self) -> bool {
        self.bus.has_changes()
    }

    fn take_changes(&mut self) -> Changes {
        self.bus.take_changes()
    }

    #[inline(always)]
    fn generation(&mut self) -> u64 {
        self.bus.tlb().generation()
    }

    fn move_together(&self, _: u64, _: u64) -> bool {
        true
    }
}

impl<B: MemoryBus<Order = BigGuest>, P: Probe> Checked<'_, B, P> {
    /// Gives the bytes translated.
    fn translate_instructions(
        &mut self,
        address: u32,
        longest: usize,
        into: &mut Fresh<M68kFamily, Handler<B, P>>,
    ) -> u32 {
        // A trace stays on its page, and so does each of its instructions.
        let left = PAGE_SIZE as u32 - address % PAGE_SIZE as u32;
        let most = left.min(MOST_BYTES as u32);
        let mut done = 0;
        while done < most && into.code.len() < longest {
            let start = address.wrapping_add(done);
            let mut bytes = [0; LONGEST_INSTRUCTION];
            let room = LONGEST_INSTRUCTION.min((most - done) as usize);
            let available = self.fetch_bytes(start, &mut bytes[..room]);
            let Some((one, ends)) = self.translate_one(start, &bytes[..available]) else { break };
            done += u32::from(one.length);
            into.bytes.extend_from_slice(&bytes[..usize::from(one.length)]);
            into.code.push(one);
            if ends {
                break;
            }
        }
        done
    }

    /// Fetches words of code. Gives how many bytes there are.
    fn fetch_bytes(&mut self, start: u32, into: &mut [u8]) -> usize {
        let mut fetched = 0;
        for word in into.chunks_exact_mut(2) {
            let Ok(value) = self.fetch(start.wrapping_add(fetched as u32)) else { break };
            word.copy_from_slice(&value.to_be_bytes());
            fetched += 2;
        }
        fetched
    }

    /// Translates the instruction that these bytes begin with. Gives with it whether the trace ends here.
    fn translate_one(&mut self, start: u32, bytes: &[u8]) -> Option<(Instruction<B, P>, bool)> {
        let mut words = bytes.chunks_exact(2).map(|word| u16::from_be_bytes([word[0], word[1]]));
        let opcode = words.next()?;
        let view = View::read(opcode, start, || words.next().ok_or(()));
        let view = view.ok()?;
        let fast = select_fast(&view);
        let one = Translated {
            handler: fast.choose(self.model.address_bits, P::ACTIVE),
            operands: view.operands,
            checked: view.select::<CheckedHandlers<B, P>>(),
            flow: fast.flow,
            length: view.operands.length,
            cycles: view.operands.clocks,
            number: None,
        };
        Some((one, view.ends_trace() || fast.flow == Flow::Away))
    }
}
