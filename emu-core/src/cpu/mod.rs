//! Processors: what a machine and a debugger see of any of them.
//!
//! A family lives in a folder of its own ([`x86`], [`m68k`]); nothing outside it names it.

pub mod bus;
pub mod describe;
pub mod engine;
pub mod int;
pub mod m68k;
pub mod probe;
pub mod x86;

use crate::snapshot::{RestoreError, SavedState};
use crate::time::Cycle;
use bus::CpuBus;
use describe::{CodeAddress, CpuDescription, Disassembled, RegisterError, RegisterId};
use engine::cache::CacheCounters;
use engine::tuning::Tuning;
use probe::DynamicProbe;
use serde::{Deserialize, Serialize};

/// Why [`Processor::run`] came back. Always at an instruction boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The bus's deadline was reached.
    Budget,
    /// The processor waits for an interrupt; the machine may let time pass with [`Processor::idle_until`].
    Halted,
    /// The bus asked for a stop after this instruction ([`CpuBus::exit_requested`]): a host service, a power-off.
    BusRequest,
    /// The probe asked for a stop; it knows why.
    Probe,
}

/// Which engine executes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EngineKind {
    /// One instruction at a time, with every check.
    #[default]
    Strict,
    /// Traces of instructions that were decoded before; see [`engine`].
    Threaded,
}

/// How a floating-point unit computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FpuMode {
    /// To its last bit, as the part does.
    #[default]
    Exact,
    /// With the host's doubles, of 53 bits, where the part would keep more.
    Fast,
}

/// What a processor has counted since power-on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuCounters {
    pub cycles: u64,
    /// A repeated string instruction counts once.
    pub instructions: u64,
    /// Iterations of repeated string instructions.
    pub string_iterations: u64,
}

/// A processor with its engine, on a bus of type `B`.
pub trait Processor<B: CpuBus>: Send {
    /// What a debugger shows of this family.
    fn description(&self) -> &'static CpuDescription;

    /// Runs until [`CpuBus::deadline`] or another [`Exit`]; with `single_step` one instruction (a repeated string
    /// instruction: one iteration) at the most. With a probe, its instance of the engine runs.
    fn run(&mut self, bus: &mut B, probe: Option<&mut DynamicProbe>, single_step: bool) -> Exit;

    /// Has another engine execute from the next instruction on. Gives whether this processor has that engine.
    fn set_engine(&mut self, engine: EngineKind) -> bool {
        engine == EngineKind::Strict
    }

    /// Has the threaded engine leave out what it does to be fast. Gives whether this processor has that engine.
    fn set_tuning(&mut self, _tuning: Tuning) -> bool {
        false
    }

    /// Has the floating-point unit compute otherwise from the next instruction on. Gives whether this processor has one
    /// that can.
    fn set_fpu_mode(&mut self, mode: FpuMode) -> bool {
        mode == FpuMode::Exact
    }

    /// The clock cycles since power-on.
    fn now(&self) -> Cycle;

    /// Lets a halted processor's clock pass to `cycle`. Earlier cycles change nothing.
    fn idle_until(&mut self, cycle: Cycle);

    /// Whether a halted processor has nothing left to do on the bus, whatever passes of time.
    fn is_quiet(&self) -> bool;

    /// Whether it has given up (an x86's shutdown after a triple fault, a 68000's double bus fault): only a reset helps,
    /// on some families a non-maskable interrupt.
    fn is_shut_down(&self) -> bool {
        false
    }

    fn counters(&self) -> CpuCounters;

    /// What the threaded engine's traces have done, where it is the one that runs.
    fn trace_counters(&self) -> Option<CacheCounters> {
        None
    }

    /// Sets the processor to its state after RESET. Its clock goes on.
    fn reset(&mut self);

    /// The value of a register of [`CpuDescription::registers`].
    fn register(&self, id: RegisterId) -> u64;

    /// # Errors
    /// When the register does not exist or the value does not fit.
    fn set_register(&mut self, id: RegisterId, value: u64) -> Result<(), RegisterError>;

    /// Where the next instruction lies.
    fn pc(&self) -> CodeAddress;

    /// Disassembles one instruction. `peek` reads a byte of linear memory without side effects.
    fn disassemble(&self, at: CodeAddress, peek: &dyn Fn(u64) -> u8) -> Disassembled;

    /// Where an offset lies, in a segment if the family has them.
    fn code_address(&self, _segment: Option<u16>, offset: u64) -> CodeAddress {
        CodeAddress { segment: None, offset, linear: offset }
    }

    /// The address of the byte `bytes` behind `at`; a family whose offsets wrap says how.
    fn code_address_after(&self, at: CodeAddress, bytes: u64) -> CodeAddress {
        self.code_address(at.segment, at.offset.wrapping_add(bytes))
    }

    /// The return address that lies on top of the stack of a subroutine just entered is not known in general; this
    /// gives the address behind the instruction at [`Self::pc`] when that instruction calls (CALL, INT, a repeated
    /// string instruction), for stepping over it.
    fn step_over_target(&self, peek: &dyn Fn(u64) -> u8) -> Option<CodeAddress>;

    /// Whether the next instruction returns from a procedure or an interrupt.
    fn is_return(&self, _peek: &dyn Fn(u64) -> u8) -> bool {
        false
    }

    fn save(&self) -> SavedState;

    /// # Errors
    /// As [`SavedState::read`].
    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError>;
}
