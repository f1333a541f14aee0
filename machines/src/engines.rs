//! The ways to run a guest's instructions, as a user chooses among them.

use crate::boards::CpuModel;
use crate::profile::Engine;

/// An engine in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineKind {
    pub engine: Engine,
    pub label: &'static str,
    /// What it does and what it is for, in a sentence.
    pub help: &'static str,
}

/// All engines, the most exact first.
pub const ENGINES: [EngineKind; 4] = [
    EngineKind {
        engine: Engine::Strict,
        label: "Strict",
        help: "Runs one instruction at a time with every check, an 8086 by its bus cycles: the reference.",
    },
    EngineKind {
        engine: Engine::Threaded,
        label: "Threaded",
        help: "Runs instructions that were decoded before: several times quicker on any computer.",
    },
    EngineKind {
        engine: Engine::Translating,
        label: "Translating",
        help: "Turns the guest's code into this computer's own: the quickest without its hypervisor.",
    },
    EngineKind {
        engine: Engine::Hypervisor,
        label: "Hypervisor",
        help: "Lets this computer's processor run the guest: for guests of its own kind.",
    },
];

/// An engine in words.
pub fn describe(engine: Engine) -> &'static EngineKind {
    ENGINES.iter().find(|kind| kind.engine == engine).unwrap_or(&ENGINES[0])
}

/// What a processor calls an engine. Those that do not exist yet are refused before ([`why_not`]).
pub fn kind(engine: Engine) -> emu_core::cpu::EngineKind {
    match engine {
        Engine::Threaded => emu_core::cpu::EngineKind::Threaded,
        Engine::Strict | Engine::Translating | Engine::Hypervisor => emu_core::cpu::EngineKind::Strict,
    }
}

/// What a user calls a processor's engine.
pub fn of_kind(kind: emu_core::cpu::EngineKind) -> Engine {
    match kind {
        emu_core::cpu::EngineKind::Strict => Engine::Strict,
        emu_core::cpu::EngineKind::Threaded => Engine::Threaded,
    }
}

/// Why an engine cannot run a processor, if it cannot.
pub fn why_not(engine: Engine, model: &CpuModel) -> Option<String> {
    let first = *model.engines.first()?;
    (!model.engines.contains(&engine)).then(|| {
        let (wanted, first) = (describe(engine).label, describe(first).label);
        format!("The {wanted} engine does not run the {} yet; choose {first}", model.label)
    })
}
