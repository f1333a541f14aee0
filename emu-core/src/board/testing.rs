//! A bench for one device: it carries the time, fires the device's events, and writes down what the device does.
//!
//! For tests of devices, in this crate and in those that build on it. There is no board, no processor and no wire:
//! the test moves the input pins itself.

use super::device::{
    BusAccess, Cx, Device, DmaCycle, Effect, Effects, LineId, NoAnswer, PinId, RegionId, ResetKind,
};
use super::external::External;
use crate::addr::Width;
use crate::hal::Hal;
use crate::snapshot::RestoreError;
use crate::time::{Armed, EventQueue, Tick};

/// A device calls itself this on the bench.
const ME: super::device::DeviceId = super::device::DeviceId(0);

/// How many events of one tick the bench fires before it says that the device runs in circles.
const EVENTS_OF_ONE_TICK: u32 = 100_000;

/// An output pin has changed its level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineChange {
    pub line: LineId,
    pub level: bool,
    pub at: Tick,
}

/// One device under test. All lines are low, and the time is 0, before its power-on reset.
pub struct Bench<D: Device> {
    pub device: D,
    pub hal: Hal,
    /// Every change of an output pin so far.
    pub changes: Vec<LineChange>,
    /// Every byte that the device sent outside.
    pub emitted: Vec<u8>,
    /// Every sentence for the user.
    pub notices: Vec<String>,
    /// Every DMA cycle that the device asked for.
    pub dma_cycles: Vec<DmaCycle>,
    /// How often the device asked for the processor's run to end.
    pub exits: u32,
    /// Whether the device has switched the machine off.
    pub is_switched_off: bool,
    /// The wait states that the last call asked for, in ticks.
    pub stalled: u64,
    now: Tick,
    events: EventQueue,
    levels: [bool; 64],
}

impl<D: Device> Bench<D> {
    /// Mounts a device and switches the power on.
    pub fn new(device: D) -> Self {
        let mut bench = Self::unpowered(device);
        bench.reset(ResetKind::PowerOn);
        bench
    }

    fn unpowered(device: D) -> Self {
        Self {
            device,
            hal: Hal::default(),
            changes: Vec::new(),
            emitted: Vec::new(),
            notices: Vec::new(),
            dma_cycles: Vec::new(),
            exits: 0,
            is_switched_off: false,
            stalled: 0,
            now: Tick(0),
            events: EventQueue::default(),
            levels: [false; 64],
        }
    }

    /// Calls the device as the board would, and writes down what it asks for.
    pub fn with<R>(&mut self, call: impl FnOnce(&mut D, &mut Cx<'_>) -> R) -> R {
        let mut effects = Effects::default();
        let mut cx = Cx { now: self.now, hal: &mut self.hal, me: ME, effects: &mut effects };
        let result = call(&mut self.device, &mut cx);
        self.stalled = effects.stall;
        while let Some((_, effect)) = effects.next() {
            self.carry_out(effect);
        }
        self.notices.extend(effects.notices.into_iter().map(|(_, sentence)| sentence));
        result
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Line(line, level) => {
                let was = std::mem::replace(&mut self.levels[usize::from(line.0)], level);
                if was != level {
                    self.changes.push(LineChange { line, level, at: self.now });
                }
            }
            Effect::Arm(tag, due) => self.events.arm(ME.0, tag, due),
            Effect::Disarm(tag) => self.events.disarm(ME.0, tag),
            Effect::Dma(cycle) => self.dma_cycles.push(cycle),
            Effect::Emit(byte) => self.emitted.push(byte),
            Effect::RequestExit => self.exits += 1,
            Effect::SwitchOff => self.is_switched_off = true,
        }
    }

    /// The present moment.
    pub fn now(&self) -> Tick {
        self.now
    }

    /// When the device's next event is due; [`Tick::NEVER`] with none.
    pub fn next_due(&self) -> Tick {
        self.events.next_due()
    }

    /// The device's armed events, in the order in which they will leave.
    pub fn armed(&self) -> Vec<Armed> {
        self.events.list()
    }

    /// Lets the time pass to `until`, firing every event at the tick at which it is due.
    ///
    /// # Panics
    /// When the device keeps arming events for one and the same tick.
    pub fn run_until(&mut self, until: Tick) {
        let mut of_this_tick = 0;
        while let Some(event) = self.events.pop_due(until) {
            of_this_tick = if event.due > self.now { 0 } else { of_this_tick + 1 };
            assert!(
                of_this_tick < EVENTS_OF_ONE_TICK,
                "{:?} is armed again and again at {:?}",
                event.tag,
                self.now
            );
            self.now = self.now.max(event.due);
            self.with(|device, cx| device.on_event(event.tag, event.due, cx));
        }
        self.now = self.now.max(until);
    }

    /// Lets `ticks` ticks pass.
    pub fn advance(&mut self, ticks: u64) {
        self.run_until(self.now + ticks);
    }

    /// Reads a byte of region 0.
    pub fn read(&mut self, offset: u32) -> Option<u8> {
        self.read_at(byte_of(RegionId(0), offset)).ok().map(|value| value as u8)
    }

    /// Writes a byte to region 0. Gives whether the device listened.
    pub fn write(&mut self, offset: u32, value: u8) -> bool {
        self.write_at(byte_of(RegionId(0), offset), value.into()).is_ok()
    }

    /// # Errors
    /// When the device does not drive the bus there.
    pub fn read_at(&mut self, at: BusAccess) -> Result<u64, NoAnswer> {
        self.with(|device, cx| device.read(at, cx))
    }

    /// # Errors
    /// When the device does not listen there.
    pub fn write_at(&mut self, at: BusAccess, value: u64) -> Result<(), NoAnswer> {
        self.with(|device, cx| device.write(at, value, cx))
    }

    /// Looks at a byte of region 0 as a debugger does.
    pub fn peek(&self, offset: u32) -> Option<u8> {
        self.device.peek(byte_of(RegionId(0), offset), self.now).map(|value| value as u8)
    }

    /// Drives an input pin of the device.
    pub fn set_pin(&mut self, pin: PinId, level: bool) {
        self.with(|device, cx| device.on_pin(pin, level, cx));
    }

    /// The present level of an output pin.
    pub fn line(&self, line: LineId) -> bool {
        self.levels[usize::from(line.0)]
    }

    /// The moments at which an output pin went to `level`.
    pub fn edges(&self, line: LineId, level: bool) -> Vec<Tick> {
        self.changes
            .iter()
            .filter(|change| change.line == line && change.level == level)
            .map(|c| c.at)
            .collect()
    }

    /// The processor gives the bus away for one grant. Gives the ticks for which the device takes it.
    pub fn hold_acknowledge(&mut self) -> u64 {
        self.with(|device, cx| device.on_hold_acknowledge(cx));
        self.stalled
    }

    /// The processor acknowledges an interrupt: the vector.
    pub fn acknowledge_interrupt(&mut self) -> u8 {
        self.with(|device, cx| device.acknowledge_interrupt(cx))
    }

    /// A DMA cycle takes a byte from the device.
    pub fn dma_read(&mut self, terminal_count: bool) -> u8 {
        self.with(|device, cx| device.dma_read(terminal_count, cx))
    }

    /// A DMA cycle gives the device a byte; none in a verify cycle.
    pub fn dma_write(&mut self, data: Option<u8>, terminal_count: bool) {
        self.with(|device, cx| device.dma_write(data, terminal_count, cx));
    }

    /// Something from outside reaches the device.
    pub fn external(&mut self, input: &External) {
        self.with(|device, cx| device.on_external(input, cx));
    }

    pub fn reset(&mut self, kind: ResetKind) {
        self.with(|device, cx| device.reset(kind, cx));
    }

    /// The same moment on another bench, with `fresh` in the device's place and its saved state taken back.
    /// What was written down so far stays behind.
    ///
    /// # Errors
    /// As [`Device::restore`].
    pub fn restored_into(&self, fresh: D) -> Result<Self, RestoreError> {
        let mut other = Self::unpowered(fresh);
        other.device.restore(&self.device.save())?;
        other.now = self.now;
        other.levels = self.levels;
        other.events.replace(self.events.list().into_iter().map(|event| (event.owner, event.tag, event.due)));
        Ok(other)
    }
}

/// A byte-wide access.
pub fn byte_of(region: RegionId, offset: u32) -> BusAccess {
    BusAccess { region, offset, width: Width::Byte }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::SavedState;
    use crate::time::EventTag;

    /// Blinks line 3 every `period` ticks, and emits what is written to it.
    struct Blinker {
        period: u64,
        lit: bool,
    }

    impl Device for Blinker {
        fn read(&mut self, at: BusAccess, cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
            cx.stall(5);
            if at.offset == 0 { Ok(self.lit.into()) } else { Err(NoAnswer) }
        }
        fn write(&mut self, _at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
            cx.emit(value as u8);
            Ok(())
        }
        fn on_event(&mut self, tag: EventTag, due: Tick, cx: &mut Cx<'_>) {
            self.lit = !self.lit;
            cx.set_line(LineId(3), self.lit);
            cx.arm(tag, due + self.period);
        }
        fn reset(&mut self, _kind: ResetKind, cx: &mut Cx<'_>) {
            cx.arm(EventTag(1), cx.now + self.period);
        }
        fn save(&self) -> SavedState {
            let Self { period, lit } = self;
            SavedState::new(1, &(period, lit))
        }
        fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
            (self.period, self.lit) = saved.read(1)?;
            Ok(())
        }
    }

    #[test]
    fn events_fire_at_their_tick_and_are_written_down() {
        let mut bench = Bench::new(Blinker { period: 10, lit: false });
        bench.advance(25);
        assert_eq!(bench.edges(LineId(3), true), [Tick(10)]);
        assert_eq!(bench.edges(LineId(3), false), [Tick(20)]);
        assert_eq!((bench.now(), bench.next_due()), (Tick(25), Tick(30)));
        assert_eq!((bench.read(0), bench.stalled), (Some(0), 5));
        assert_eq!(bench.read(1), None);
        assert!(bench.write(0, 0x41));
        assert_eq!(bench.emitted, [0x41]);
    }

    #[test]
    fn a_restored_device_goes_on_where_it_was() {
        let mut bench = Bench::new(Blinker { period: 10, lit: false });
        bench.advance(15);
        let mut other = bench.restored_into(Blinker { period: 1, lit: false }).unwrap();
        assert!(other.line(LineId(3)));
        other.advance(10);
        assert_eq!(other.changes, [LineChange { line: LineId(3), level: false, at: Tick(20) }]);
    }
}
