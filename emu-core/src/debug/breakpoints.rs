//! Breakpoints as plain data, the probe that watches for them, and how a machine decides whether to stop.
//!
//! The probe sees events inside an instruction, where registers are half changed, so it only **notes** what a breakpoint
//! waits for and asks the processor to stop at the next instruction boundary:
//!
//! * an execute breakpoint before the instruction, which has changed nothing yet;
//! * an access or an interrupt after the instruction or the entry, so that its effect can be looked at.
//!
//! There the machine **judges** ([`BreakpointProbe::judge`]): conditions are evaluated with the registers and memory as
//! they are, ignored hits are counted down, and either the user gets a reason in words or the guest goes on without
//! having lost a cycle. An instruction before which the machine has stopped, or has decided not to, passes once.

use super::condition::{Condition, ConditionError, Surroundings};
use crate::addr::Port;
use crate::cpu::bus::BusStatus;
use crate::cpu::describe::{CodeAddress, CpuDescription, RegisterId};
use crate::cpu::probe::{Access, DynamicProbe, ProbePlugin};
use crate::machine::Machine;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which accesses a breakpoint waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AccessKind {
    Read,
    #[default]
    Write,
    Any,
}

/// What a breakpoint waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BreakpointKind {
    /// An instruction at this segment and offset, and under no other name for the place.
    ExecuteAt { segment: u16, offset: u64 },
    /// An instruction at this linear address, by whatever segment it is reached.
    Execute { linear: u64 },
    /// Data in these linear addresses, both included. Fetching code is no read.
    Memory { first: u64, last: u64, access: AccessKind },
    /// These ports, both included.
    Port { first: Port, last: Port, access: AccessKind },
    /// The entry of an interrupt or exception.
    Interrupt { vector: u8 },
}

/// A breakpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breakpoint {
    /// Chosen by whoever sets it; no two have the same.
    pub id: u32,
    pub kind: BreakpointKind,
    pub enabled: bool,
    /// A [`Condition`]; empty: always.
    pub condition: String,
    /// So many hits are still passed over.
    pub ignore: u64,
    /// How often it was hit with its condition true, the ignored ones included.
    pub hits: u64,
}

impl Breakpoint {
    /// An enabled breakpoint without condition.
    pub fn new(id: u32, kind: BreakpointKind) -> Self {
        Self { id, kind, enabled: true, condition: String::new(), ignore: 0, hits: 0 }
    }
}

/// A breakpoint that cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("The condition of breakpoint {id} cannot be read. {source}")]
pub struct BreakpointError {
    pub id: u32,
    pub source: ConditionError,
}

impl fmt::Display for BreakpointKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::ExecuteAt { segment, offset } => write!(f, "at {segment:04X}:{offset:04X}"),
            Self::Execute { linear } => write!(f, "at {linear:05X}"),
            Self::Memory { first, last, access } if first == last => write!(f, "{access} {first:05X}"),
            Self::Memory { first, last, access } => write!(f, "{access} {first:05X}–{last:05X}"),
            Self::Port { first, last, access } if first == last => write!(f, "{access} port {first}"),
            Self::Port { first, last, access } => write!(f, "{access} ports {first}–{last}"),
            Self::Interrupt { vector } => write!(f, "interrupt {vector:02X}"),
        }
    }
}

impl fmt::Display for AccessKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read from",
            Self::Write => "write to",
            Self::Any => "access to",
        })
    }
}

impl AccessKind {
    fn covers(self, write: bool) -> bool {
        match self {
            Self::Any => true,
            Self::Read => !write,
            Self::Write => write,
        }
    }
}

/// Something that a breakpoint waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happening {
    Execute(CodeAddress),
    Memory { write: bool, address: u64, by: CodeAddress },
    Port { write: bool, port: Port, by: CodeAddress },
    Interrupt { vector: u8, from: CodeAddress },
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = |write| if write { AccessKind::Write } else { AccessKind::Read };
        match *self {
            Self::Execute(at) => write!(f, "at {at}"),
            Self::Memory { write, address, by } => write!(f, "{} {address:05X} by {by}", access(write)),
            Self::Port { write, port, by } => write!(f, "{} port {port} by {by}", access(write)),
            Self::Interrupt { vector, from } => write!(f, "interrupt {vector:02X} from {from}"),
        }
    }
}

impl BreakpointKind {
    fn awaits(&self, happening: &Happening) -> bool {
        match (*self, *happening) {
            (Self::ExecuteAt { segment, offset }, Happening::Execute(at)) => {
                at.segment == Some(segment) && at.offset == offset
            }
            (Self::Execute { linear }, Happening::Execute(at)) => at.linear == linear,
            (Self::Memory { first, last, access }, Happening::Memory { write, address, .. }) => {
                access.covers(write) && (first..=last).contains(&address)
            }
            (Self::Port { first, last, access }, Happening::Port { write, port, .. }) => {
                access.covers(write) && (first..=last).contains(&port)
            }
            (Self::Interrupt { vector: awaited }, Happening::Interrupt { vector, .. }) => vector == awaited,
            _ => false,
        }
    }
}

/// What the machine does after the probe has stopped the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It stops; [`BreakpointProbe::reason`] says why.
    Stop,
    /// It goes on with the instruction before which the processor stands.
    GoOnBefore,
    /// It goes on; the instruction is done.
    GoOnAfter,
}

struct Point {
    breakpoint: Breakpoint,
    condition: Option<Condition>,
    /// What it waited for and got in this instruction, first.
    noted: Option<Happening>,
}

/// Watches for breakpoints. See the module's words.
#[derive(Default)]
pub struct BreakpointProbe {
    points: Vec<Point>,
    /// Whether anything is noted.
    noted: bool,
    /// The instruction at this linear address passes, if it is the next.
    pass: Option<u64>,
    reason: Option<String>,
}

impl BreakpointProbe {
    /// Puts these in place of all others. One that was there before keeps its count of hits.
    ///
    /// # Errors
    /// The first condition that cannot be read. Nothing is changed then.
    pub fn set(&mut self, breakpoints: Vec<Breakpoint>, cpu: &CpuDescription) -> Result<(), BreakpointError> {
        let mut points = Vec::with_capacity(breakpoints.len());
        for mut breakpoint in breakpoints {
            let text = breakpoint.condition.trim();
            let condition =
                (!text.is_empty()).then(|| Condition::parse(&breakpoint.condition, cpu)).transpose();
            let condition = condition.map_err(|source| BreakpointError { id: breakpoint.id, source })?;
            if let Some(old) = self.points.iter().find(|point| point.breakpoint.id == breakpoint.id) {
                breakpoint.hits = old.breakpoint.hits;
            }
            points.push(Point { breakpoint, condition, noted: None });
        }
        (self.points, self.noted) = (points, false);
        Ok(())
    }

    /// The breakpoints with their counts.
    pub fn breakpoints(&self) -> Vec<Breakpoint> {
        self.points.iter().map(|point| point.breakpoint.clone()).collect()
    }

    /// Lets the instruction at `linear` pass if it is the next: for a run that begins at a breakpoint.
    pub fn pass(&mut self, linear: u64) {
        self.pass = Some(linear);
    }

    /// Why the machine stopped last, in words: "Breakpoint: write to B8000 by F000:E1A2".
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Decides on what was noted, at an instruction boundary. `None` when nothing was: someone else asked for the stop.
    pub fn judge(&mut self, at: &dyn Surroundings, cpu: &CpuDescription) -> Option<Verdict> {
        if !std::mem::take(&mut self.noted) {
            return None;
        }
        self.reason = None;
        let mut verdict = Verdict::GoOnAfter;
        for point in &mut self.points {
            let Some(happening) = point.noted.take() else { continue };
            if let Happening::Execute(before) = happening {
                self.pass = Some(before.linear);
                if verdict == Verdict::GoOnAfter {
                    verdict = Verdict::GoOnBefore;
                }
            }
            if point.stops(at, cpu) {
                self.reason.get_or_insert_with(|| point.reason(&happening));
                verdict = Verdict::Stop;
            }
        }
        Some(verdict)
    }

    fn note(&mut self, happening: Happening) -> bool {
        let mut noted = false;
        for point in &mut self.points {
            if point.breakpoint.enabled && point.breakpoint.kind.awaits(&happening) {
                point.noted.get_or_insert(happening);
                noted = true;
            }
        }
        self.noted |= noted;
        noted
    }
}

impl Point {
    /// Counts the hit, if the condition holds, and gives whether it is one to stop at.
    fn stops(&mut self, at: &dyn Surroundings, cpu: &CpuDescription) -> bool {
        if !self.condition.as_ref().is_none_or(|condition| condition.holds(at, cpu)) {
            return false;
        }
        let breakpoint = &mut self.breakpoint;
        breakpoint.hits = breakpoint.hits.saturating_add(1);
        let ignored = breakpoint.ignore > 0;
        breakpoint.ignore = breakpoint.ignore.saturating_sub(1);
        !ignored
    }

    fn reason(&self, happening: &Happening) -> String {
        match self.breakpoint.condition.trim() {
            "" => format!("Breakpoint: {happening}"),
            condition => format!("Breakpoint: {happening}, when {condition}"),
        }
    }
}

impl ProbePlugin for BreakpointProbe {
    fn before_instruction(&mut self, at: &CodeAddress) -> bool {
        // What was noted in an instruction that ended a run otherwise is judged before the next.
        self.noted || self.pass.take() != Some(at.linear) && self.note(Happening::Execute(*at))
    }

    fn access(&mut self, access: &Access) -> u32 {
        let (write, by) = (matches!(access.status, BusStatus::MemoryWrite | BusStatus::IoWrite), access.by);
        let first = u64::from(access.address);
        for address in first..first + access.width.bytes() {
            match access.status {
                BusStatus::MemoryRead | BusStatus::MemoryWrite => {
                    self.note(Happening::Memory { write, address, by });
                }
                BusStatus::IoRead | BusStatus::IoWrite => {
                    self.note(Happening::Port { write, port: Port(address as u16), by });
                }
                BusStatus::CodeFetch => return 0,
            }
        }
        0
    }

    fn interrupt(&mut self, vector: u8, from: CodeAddress) {
        self.note(Happening::Interrupt { vector, from });
    }

    fn stop_requested(&self) -> bool {
        self.noted
    }
}

impl Surroundings for Machine {
    fn register(&self, id: RegisterId) -> u64 {
        self.cpu().register(id)
    }

    fn peek(&self, linear: u64) -> u8 {
        Machine::peek(self, linear)
    }

    fn linear(&self, segment: u64, offset: u64) -> u64 {
        self.cpu().code_address(Some(segment as u16), offset).linear
    }
}

impl Machine {
    /// Puts these breakpoints in place of all others. Without any, the processor runs unwatched, unless another probe
    /// watches.
    ///
    /// # Errors
    /// The first condition that cannot be read. Nothing is changed then.
    pub fn set_breakpoints(&mut self, breakpoints: Vec<Breakpoint>) -> Result<(), BreakpointError> {
        let cpu = self.cpu().description();
        let is_empty = breakpoints.is_empty();
        let mut probe = self.set_probe(None).unwrap_or_default();
        let result = match probe.plugin::<BreakpointProbe>() {
            Some(plugin) => plugin.set(breakpoints, cpu),
            None => {
                let mut plugin = BreakpointProbe::default();
                let result = plugin.set(breakpoints, cpu);
                probe.plugins.push(Box::new(plugin));
                result
            }
        };
        if is_empty {
            probe.plugins.retain_mut(|plugin| !plugin.is::<BreakpointProbe>());
        }
        self.put_back(probe);
        result
    }

    /// The breakpoints with their counts.
    pub fn breakpoints(&mut self) -> Vec<Breakpoint> {
        self.breakpoint_probe().map(|plugin| plugin.breakpoints()).unwrap_or_default()
    }

    /// Lets the next instruction pass although a breakpoint waits for it: for a run or step that a user begins there.
    pub fn pass_breakpoint_here(&mut self) {
        let here = self.cpu().pc().linear;
        if let Some(plugin) = self.breakpoint_probe() {
            plugin.pass(here);
        }
    }

    /// Why a breakpoint stopped the machine last.
    pub fn breakpoint_reason(&mut self) -> Option<String> {
        self.breakpoint_probe()?.reason().map(str::to_owned)
    }

    /// Decides whether a stop that the probe asked for stands. [`Verdict::Stop`] when no breakpoint asked for it.
    pub(crate) fn judge_probe_stop(&mut self) -> Verdict {
        let cpu = self.cpu().description();
        let Some(mut probe) = self.set_probe(None) else { return Verdict::Stop };
        let verdict = probe.plugin::<BreakpointProbe>().and_then(|plugin| plugin.judge(self, cpu));
        self.put_back(probe);
        verdict.unwrap_or(Verdict::Stop)
    }

    fn breakpoint_probe(&mut self) -> Option<&mut BreakpointProbe> {
        self.probe_mut()?.plugin()
    }

    fn put_back(&mut self, probe: DynamicProbe) {
        self.set_probe((!probe.is_empty()).then_some(probe));
    }
}

#[cfg(test)]
mod tests {
    use super::super::condition::tests::{CPU, Stopped};
    use super::*;
    use crate::addr::Width;
    use crate::time::Cycle;

    const BY: CodeAddress = CodeAddress { segment: Some(0xF000), offset: 0xE1A2, linear: 0xF_E1A2 };

    fn probe(breakpoints: Vec<Breakpoint>) -> BreakpointProbe {
        let mut probe = BreakpointProbe::default();
        probe.set(breakpoints, &CPU).expect("the conditions can be read");
        probe
    }

    fn access(status: BusStatus, address: u32, width: Width) -> Access {
        Access { status, address, width, data: 0, at: Cycle(0), by: BY }
    }

    #[test]
    fn each_kind_says_why_it_stopped() {
        use BusStatus::{CodeFetch, IoRead, IoWrite, MemoryRead, MemoryWrite};
        let memory = |access| BreakpointKind::Memory { first: 0xB8000, last: 0xB8001, access };
        let port = |access| BreakpointKind::Port { first: Port(0x3D8), last: Port(0x3DA), access };
        let cases = [
            (memory(AccessKind::Write), MemoryWrite, 0xB8000, Some("write to B8000 by F000:E1A2")),
            (memory(AccessKind::Write), MemoryWrite, 0xB7FFF, Some("write to B8000 by F000:E1A2")),
            (memory(AccessKind::Write), MemoryRead, 0xB8000, None),
            (memory(AccessKind::Any), MemoryRead, 0xB8001, Some("read from B8001 by F000:E1A2")),
            (memory(AccessKind::Any), CodeFetch, 0xB8000, None),
            (memory(AccessKind::Any), MemoryRead, 0xB8002, None),
            (memory(AccessKind::Any), IoRead, 0xB8000, None),
            (port(AccessKind::Read), IoRead, 0x3DA, Some("read from port 03DA by F000:E1A2")),
            (port(AccessKind::Write), IoWrite, 0x3D7, Some("write to port 03D8 by F000:E1A2")),
            (port(AccessKind::Read), MemoryRead, 0x3DA, None),
        ];
        for (kind, status, address, want) in cases {
            let mut probe = probe(vec![Breakpoint::new(1, kind)]);
            probe.access(&access(status, address, Width::Word));
            assert_eq!(probe.stop_requested(), want.is_some(), "{kind} {status:?} {address:X}");
            let verdict = probe.judge(&Stopped, &CPU);
            assert_eq!(verdict, want.map(|_| Verdict::Stop));
            assert_eq!(probe.reason().map(str::to_owned), want.map(|why| format!("Breakpoint: {why}")));
            assert!(!probe.stop_requested(), "a stop is asked for once");
        }
    }

    #[test]
    fn an_instruction_passes_once_after_its_stop() {
        let named = BreakpointKind::ExecuteAt { segment: 0xF000, offset: 0xE1A2 };
        for kind in [named, BreakpointKind::Execute { linear: 0xF_E1A2 }] {
            let mut probe = probe(vec![Breakpoint::new(1, kind)]);
            assert!(probe.before_instruction(&BY));
            assert_eq!(probe.judge(&Stopped, &CPU), Some(Verdict::Stop));
            assert_eq!(probe.reason(), Some("Breakpoint: at F000:E1A2"));
            assert!(!probe.before_instruction(&BY), "it goes on");
            assert!(probe.before_instruction(&BY), "and comes back");
            assert_eq!(probe.judge(&Stopped, &CPU), Some(Verdict::Stop));
            assert!(!probe.before_instruction(&CodeAddress::default()), "the user went elsewhere");
            assert!(probe.before_instruction(&BY));
        }
        let mut other = probe(vec![Breakpoint::new(1, named)]);
        assert!(!other.before_instruction(&CodeAddress { segment: Some(0xFE1A), offset: 2, ..BY }));
    }

    #[test]
    fn conditions_and_ignored_hits_let_the_guest_go_on() {
        let at = BreakpointKind::Execute { linear: BY.linear };
        let with = |condition: &str, ignore| Breakpoint {
            condition: condition.into(),
            ignore,
            ..Breakpoint::new(1, at)
        };
        let mut never = probe(vec![with("ax == 6", 0)]);
        assert!(never.before_instruction(&BY));
        assert_eq!(never.judge(&Stopped, &CPU), Some(Verdict::GoOnBefore));
        assert!(!never.before_instruction(&BY), "the same instruction runs now");
        assert_eq!(never.breakpoints()[0].hits, 0);

        let mut third = probe(vec![with(" ax == 5 ", 2)]);
        let mut verdicts = Vec::new();
        for _ in 0..3 {
            assert!(third.before_instruction(&BY));
            verdicts.extend(third.judge(&Stopped, &CPU));
            assert!(!third.before_instruction(&BY));
        }
        assert_eq!(verdicts, [Verdict::GoOnBefore, Verdict::GoOnBefore, Verdict::Stop]);
        assert_eq!(third.reason(), Some("Breakpoint: at F000:E1A2, when ax == 5"));
        assert_eq!((third.breakpoints()[0].hits, third.breakpoints()[0].ignore), (3, 0));

        third.set(vec![with("", 0)], &CPU).expect("no condition");
        assert_eq!(third.breakpoints()[0].hits, 3, "the count outlives an edit");
        let error = third.set(vec![with("ax =", 0)], &CPU).expect_err("a mistake");
        let want = "The condition of breakpoint 1 cannot be read. \
                    Column 4: = changes nothing here: write == to compare";
        assert_eq!(error.to_string(), want);
        assert_eq!(third.breakpoints()[0].condition, "", "nothing was changed");
    }

    #[test]
    fn interrupts_stop_behind_their_entry_and_disabled_ones_never() {
        let kind = BreakpointKind::Interrupt { vector: 0x13 };
        let mut on = probe(vec![Breakpoint::new(1, kind)]);
        let mut off = probe(vec![Breakpoint { enabled: false, ..Breakpoint::new(1, kind) }]);
        for probe in [&mut on, &mut off] {
            probe.interrupt(0x10, BY);
            assert!(!probe.stop_requested());
            probe.interrupt(0x13, BY);
        }
        assert!(!off.stop_requested());
        assert_eq!(on.judge(&Stopped, &CPU), Some(Verdict::Stop));
        assert_eq!(on.reason(), Some("Breakpoint: interrupt 13 from F000:E1A2"));
        assert_eq!(on.judge(&Stopped, &CPU), None, "someone else's stop");
    }
}
