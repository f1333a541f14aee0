//! What passes between a machine's thread and everyone who commands or watches it: plain data, all of it here.
//!
//! Nobody waits for an answer. Frames and views go through latest-wins slots, counters through atomics.

use crate::board::device::{MediaSlot, ResetKind};
use crate::board::external::External;
use crate::cache::{CacheConfig, CacheStats};
use crate::cpu::describe::{CodeAddress, RegisterId};
use crate::cpu::{EngineKind, FpuMode};
use crate::debug::breakpoints::Breakpoint;
use crate::debug::view::ViewRequest;
use crate::time::Cycle;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU16;

/// How far a step goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// One instruction, into calls.
    Into,
    /// One instruction; a call, an interrupt or a repeated string instruction as a whole.
    Over,
    /// To behind the call that led here.
    Out,
    /// To this address.
    To(CodeAddress),
}

/// How fast guest time may pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Speed {
    /// As fast as the host's clock.
    #[default]
    Real,
    /// So many hundredths of it.
    Percent(NonZeroU16),
    /// As fast as the host can.
    Unlimited,
}

impl Speed {
    /// Hundredths of the guest's own speed; `None` when nothing holds it.
    pub fn percent(self) -> Option<u16> {
        match self {
            Self::Real => Some(100),
            Self::Percent(percent) => Some(percent.get()),
            Self::Unlimited => None,
        }
    }
}

/// An image to put into a drive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediumSpec {
    /// The file's path, or the name of one that is built into the program.
    pub image: String,
    pub write_protected: bool,
    /// Writes are kept in memory and lost with the machine.
    pub disposable: bool,
}

/// What a machine is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    Run,
    Pause,
    Step(Step),
    Reset(ResetKind),
    /// Ends the machine; its state is lost.
    PowerOff,
    /// Ends the machine; its state is written down first.
    Suspend,
    SetSpeed(Speed),
    /// Another engine executes from the next instruction on; [`Event::Engine`] answers.
    SetEngine(EngineKind),
    /// The floating-point unit computes otherwise from the next instruction on.
    SetFpu(FpuMode),
    /// A key and the like.
    Input(External),
    /// Keys to be pressed one after another, as fast as the guest takes them.
    Type(String),
    Insert {
        device: String,
        slot: usize,
        medium: MediumSpec,
    },
    Eject {
        device: String,
        slot: usize,
    },
    SetRegister {
        register: RegisterId,
        value: u64,
    },
    /// Changes memory past all side effects.
    Poke {
        linear: u64,
        bytes: Vec<u8>,
    },
    /// These breakpoints in place of all others.
    SetBreakpoints(Vec<Breakpoint>),
    /// What the debugger's panes want to see from now on; `None`: nothing.
    Watch(Option<ViewRequest>),
    /// Other caches from now on, or none.
    SetCaches(Option<CacheConfig>),
    /// Whether somebody looks at what the caches count.
    WatchCaches(bool),
}

/// What a machine is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunState {
    #[default]
    Paused,
    Running,
    /// Ended, by the guest or the user.
    Off,
    /// Ended, its state written down.
    Suspended,
    /// Ended by a mistake of ours.
    Failed,
}

/// Something that a user is told about a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub is_error: bool,
    /// A sentence: what happened, to which part or file, and what to do.
    pub text: String,
}

/// What a machine tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    RunStateChanged(RunState),
    /// A stop, in words: "Breakpoint: write to B8000 by F000:E1A2".
    Stopped(String),
    Notice(Notice),
    /// Which engine executes, after a change.
    Engine(EngineKind),
    /// The drives, after a change.
    Media(Vec<DeviceMedia>),
    /// The breakpoints with their counts, at a stop and after a change.
    Breakpoints(Vec<Breakpoint>),
    /// What the caches have counted up to a cycle, ten times a second while [`Command::WatchCaches`] asks for it;
    /// `None` while there are none.
    Caches {
        at: Cycle,
        stats: Option<CacheStats>,
    },
}

/// The drives of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceMedia {
    pub device: String,
    pub slots: Vec<MediaSlot>,
    /// What is in them, as it was named when it was inserted; one for each slot.
    pub images: Vec<Option<String>>,
}
