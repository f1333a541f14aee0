//! The PC's parallel port with a printer that is always ready (IBM PC XT Technical Reference, "Printer Adapter"):
//! a data latch, a status port and a control port. What is strobed goes outside.

use emu_core::board::device::{BusAccess, Cx, Device, LineId, NoAnswer, RegionId, RegisterView, ResetKind};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::{EventTag, Tick};

mod control {
    pub const STROBE: u8 = 0x01;
    pub const IRQ_ENABLE: u8 = 0x10;
    pub const ALL: u8 = 0x1F;
}

mod status {
    /// Active low.
    pub const BUSY: u8 = 0x80;
    /// Active low.
    pub const ACK: u8 = 0x40;
    pub const SELECTED: u8 = 0x10;
    /// Active low.
    pub const ERROR: u8 = 0x08;
    /// Bits that nothing drives.
    pub const UNUSED: u8 = 0x07;
}

/// Where the printer is with a character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum Printer {
    #[default]
    Ready,
    Busy,
    Acknowledging,
}

/// The port. See the module's words.
pub struct ParallelPort {
    /// Ticks for which the printer is busy with a character, and then acknowledges it.
    busy_ticks: u64,
    ack_ticks: u64,
    data: u8,
    control: u8,
    printer: Printer,
}

const NEXT: EventTag = EventTag(0);

impl ParallelPort {
    pub const REGION: RegionId = RegionId(0);
    /// The interrupt: the acknowledge pulse, where the control port lets it through.
    pub const IRQ: LineId = LineId(0);

    /// A port on a board of this tick rate, with a printer that takes a character in 20 µs and acknowledges for
    /// 5 µs, faster than any real one.
    pub fn new(tick_hz: u64) -> Self {
        let busy_ticks = (tick_hz / 50_000).max(1);
        let ack_ticks = (tick_hz / 200_000).max(1);
        Self { busy_ticks, ack_ticks, data: 0, control: 0, printer: Printer::Ready }
    }

    fn status(&self) -> u8 {
        let busy = if self.printer == Printer::Ready { status::BUSY } else { 0 };
        let ack = if self.printer == Printer::Acknowledging { 0 } else { status::ACK };
        busy | ack | status::SELECTED | status::ERROR | status::UNUSED
    }

    fn register(&self, offset: u32) -> u8 {
        match offset & 3 {
            0 => self.data,
            1 => self.status(),
            2 => self.control | !control::ALL,
            _ => 0xFF,
        }
    }

    fn write_control(&mut self, value: u8, cx: &mut Cx<'_>) {
        let strobed = value & !self.control & control::STROBE != 0;
        self.control = value & control::ALL;
        if strobed && self.printer == Printer::Ready {
            cx.emit(self.data);
            self.printer = Printer::Busy;
            cx.arm(NEXT, cx.now + self.busy_ticks);
        }
        self.drive(cx);
    }

    fn drive(&self, cx: &mut Cx<'_>) {
        let acknowledges = self.printer == Printer::Acknowledging;
        cx.set_line(Self::IRQ, acknowledges && self.control & control::IRQ_ENABLE != 0);
    }
}

impl Device for ParallelPort {
    fn read(&mut self, at: BusAccess, _cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        Ok(u64::from(self.register(at.offset)))
    }

    fn write(&mut self, at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        match at.offset & 3 {
            0 => self.data = value as u8,
            2 => self.write_control(value as u8, cx),
            _ => return Err(NoAnswer),
        }
        Ok(())
    }

    fn peek(&self, at: BusAccess, _now: Tick) -> Option<u64> {
        Some(u64::from(self.register(at.offset)))
    }

    fn on_event(&mut self, _tag: EventTag, _due: Tick, cx: &mut Cx<'_>) {
        self.printer = match self.printer {
            Printer::Busy => {
                cx.arm(NEXT, cx.now + self.ack_ticks);
                Printer::Acknowledging
            }
            Printer::Ready | Printer::Acknowledging => Printer::Ready,
        };
        self.drive(cx);
    }

    fn reset(&mut self, kind: ResetKind, cx: &mut Cx<'_>) {
        self.control = 0;
        if kind == ResetKind::PowerOn {
            (self.data, self.printer) = (0, Printer::Ready);
        }
        self.drive(cx);
    }

    fn save(&self) -> SavedState {
        let Self { busy_ticks: _, ack_ticks: _, data, control, printer } = self;
        SavedState::new(1, &(data, control, printer))
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        (self.data, self.control, self.printer) = saved.read(1)?;
        Ok(())
    }

    fn registers(&self, _now: Tick) -> Vec<RegisterView> {
        vec![
            RegisterView::new("Data", self.data, 8, ""),
            RegisterView::new("Status", self.status(), 8, format!("printer {:?}", self.printer)),
            RegisterView::new("Control", self.control, 8, ""),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::board::testing::Bench;

    /// The tick is a microsecond.
    fn port() -> Bench<ParallelPort> {
        Bench::new(ParallelPort::new(1_000_000))
    }

    #[test]
    fn a_strobed_character_is_printed_once_and_acknowledged() {
        let mut bench = port();
        bench.write(0, b'A');
        bench.write(2, 0x1D);
        assert_eq!(bench.emitted, b"A");
        assert_eq!(bench.read(1), Some(0x5F));
        bench.write(2, 0x1C);
        bench.write(2, 0x1D);
        assert_eq!(bench.emitted, b"A");
        bench.run_until(Tick(21));
        assert_eq!(bench.read(1), Some(0x1F));
        assert!(bench.line(ParallelPort::IRQ));
        bench.run_until(Tick(26));
        assert_eq!(bench.read(1), Some(0xDF));
        assert!(!bench.line(ParallelPort::IRQ));
    }

    #[test]
    fn the_latch_and_the_control_port_read_back() {
        let mut bench = port();
        bench.write(0, 0xA5);
        bench.write(2, 0xEC);
        assert_eq!((bench.read(0), bench.read(2)), (Some(0xA5), Some(0xEC)));
    }
}
