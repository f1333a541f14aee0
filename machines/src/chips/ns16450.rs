//! National Semiconductor NS16450 asynchronous communications element (data sheet TL/C/8401), which with
//! [`Model::Ns8250`] is the PC's first: the same without a scratch register.
//!
//! Characters take their time by divisor and format. What is sent goes out when its last bit has. The other end of the
//! line is patient: it sends while the guest holds DTR or RTS, and no character before the one before it was read, so
//! that a slow guest loses nothing. (Overruns happen in loop mode only.)
//!
//! Not modelled: framing and parity errors (nobody makes any), and the 8250's bugs.

use emu_core::board::device::{BusAccess, Cx, Device, LineId, NoAnswer, RegionId, RegisterView, ResetKind};
use emu_core::board::external::External;
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::{Clock, EventTag, Tick};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Bytes from outside that wait for the guest at the most; what comes beyond is lost. Who asks
/// [`Device::input_pending`] first, and gives less at a time, loses nothing.
const MAX_WAITING: usize = 64 * 1024;

/// Clock cycles of a bit at divisor 1.
const CYCLES_PER_BIT: u64 = 16;

/// Which part it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Model {
    Ns8250,
    Ns16450,
}

/// Bits of IER and the conditions that raise interrupts, in the data sheet's order of priority from 3 down.
mod ier {
    pub const RECEIVED: u8 = 1;
    pub const TRANSMITTER_EMPTY: u8 = 2;
    pub const LINE_STATUS: u8 = 4;
    pub const MODEM_STATUS: u8 = 8;
    pub const ALL: u8 = 0x0F;
}

mod lcr {
    pub const STOP: u8 = 0x04;
    pub const PARITY: u8 = 0x08;
    pub const BREAK: u8 = 0x40;
    pub const DLAB: u8 = 0x80;
}

mod lsr {
    pub const DATA_READY: u8 = 0x01;
    pub const OVERRUN: u8 = 0x02;
    pub const BREAK: u8 = 0x10;
    pub const THRE: u8 = 0x20;
    pub const TEMT: u8 = 0x40;
    /// Overrun, parity, framing, break: cleared by reading.
    pub const ERRORS: u8 = 0x1E;
}

mod mcr {
    pub const DTR: u8 = 0x01;
    pub const RTS: u8 = 0x02;
    pub const OUT1: u8 = 0x04;
    pub const OUT2: u8 = 0x08;
    pub const LOOP: u8 = 0x10;
    pub const ALL: u8 = 0x1F;
}

mod msr {
    pub const CTS: u8 = 0x10;
    pub const DSR: u8 = 0x20;
    pub const RI: u8 = 0x40;
    pub const DCD: u8 = 0x80;
    pub const TERI: u8 = 0x04;
    pub const DELTAS: u8 = 0x0F;
}

/// What a snapshot holds, and all that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    rbr: u8,
    thr: u8,
    /// The character on its way out, while there is one.
    shifting: Option<u8>,
    ier: u8,
    lcr: u8,
    mcr: u8,
    lsr: u8,
    msr: u8,
    scr: u8,
    divisor: u16,
    /// THR has become empty since IIR last said so.
    thre_pending: bool,
    waiting: VecDeque<u8>,
    receiving: bool,
}

/// The chip. See the module's words.
pub struct Ns16450 {
    model: Model,
    clock: Clock,
    state: State,
}

const SENT: EventTag = EventTag(0);
const RECEIVED: EventTag = EventTag(1);

impl Ns16450 {
    pub const REGION: RegionId = RegionId(0);
    /// The interrupt, as the PC wires it: through OUT2.
    pub const INTRPT: LineId = LineId(0);

    /// A part whose crystal gives `clock` (1.8432 MHz in a PC).
    pub fn new(model: Model, clock: Clock) -> Self {
        let state = State {
            rbr: 0,
            thr: 0,
            shifting: None,
            ier: 0,
            lcr: 0,
            mcr: 0,
            lsr: lsr::THRE | lsr::TEMT,
            msr: msr::CTS | msr::DSR | msr::DCD,
            scr: 0,
            divisor: 1,
            thre_pending: false,
            waiting: VecDeque::new(),
            receiving: false,
        };
        Self { model, clock, state }
    }

    fn is_loop(&self) -> bool {
        self.state.mcr & mcr::LOOP != 0
    }

    fn has_dlab(&self) -> bool {
        self.state.lcr & lcr::DLAB != 0
    }

    /// Bits of a character with its start, parity and stop.
    fn bits(&self) -> u64 {
        let format = self.state.lcr;
        let data = 5 + u64::from(format & 3);
        1 + data + u64::from(format & lcr::PARITY != 0) + 1 + u64::from(format & lcr::STOP != 0)
    }

    fn character_ticks(&self) -> u64 {
        let divisor = if self.state.divisor == 0 { 0x1_0000 } else { u64::from(self.state.divisor) };
        self.clock.tick_of(self.bits() * CYCLES_PER_BIT * divisor).0.max(1)
    }

    /// The reason for an interrupt, as IIR gives it: the highest of those that are enabled and there.
    fn iir(&self) -> u8 {
        let State { ier, lsr, msr, thre_pending, .. } = self.state;
        if ier & ier::LINE_STATUS != 0 && lsr & lsr::ERRORS != 0 {
            6
        } else if ier & ier::RECEIVED != 0 && lsr & lsr::DATA_READY != 0 {
            4
        } else if ier & ier::TRANSMITTER_EMPTY != 0 && thre_pending {
            2
        } else if ier & ier::MODEM_STATUS != 0 && msr & msr::DELTAS != 0 {
            0
        } else {
            1
        }
    }

    /// The modem lines as MSR shows them: the MCR's own in loop mode, else those of a peer that is always there.
    fn modem_lines(&self) -> u8 {
        if !self.is_loop() {
            return msr::CTS | msr::DSR | msr::DCD;
        }
        let pairs = [(mcr::RTS, msr::CTS), (mcr::DTR, msr::DSR), (mcr::OUT1, msr::RI), (mcr::OUT2, msr::DCD)];
        pairs.iter().filter(|(out, _)| self.state.mcr & out != 0).fold(0, |lines, (_, line)| lines | line)
    }

    fn update_modem(&mut self) {
        let (old, new) = (self.state.msr & !msr::DELTAS, self.modem_lines());
        // RI tells of its trailing edge only.
        let mut deltas = (old ^ new) >> 4 & !msr::TERI;
        if old & msr::RI != 0 && new & msr::RI == 0 {
            deltas |= msr::TERI;
        }
        self.state.msr = new | (self.state.msr & msr::DELTAS) | deltas;
    }

    fn drive(&self, cx: &mut Cx<'_>) {
        let gate = self.state.mcr & mcr::OUT2 != 0 && !self.is_loop();
        cx.set_line(Self::INTRPT, gate && self.iir() & 1 == 0);
    }

    fn transmit(&mut self, byte: u8, cx: &mut Cx<'_>) {
        self.state.thr = byte;
        self.state.lsr &= !(lsr::THRE | lsr::TEMT);
        self.state.thre_pending = false;
        if self.state.shifting.is_none() {
            self.shift_out(cx);
        }
    }

    /// THR moves into the shift register.
    fn shift_out(&mut self, cx: &mut Cx<'_>) {
        self.state.shifting = Some(self.state.thr);
        self.state.lsr |= lsr::THRE;
        self.state.thre_pending = true;
        cx.arm(SENT, cx.now + self.character_ticks());
    }

    fn sent(&mut self, cx: &mut Cx<'_>) {
        if let Some(byte) = self.state.shifting.take() {
            if self.is_loop() {
                self.receive(byte);
            } else if self.state.lcr & lcr::BREAK == 0 {
                cx.emit(byte);
            }
        }
        if self.state.lsr & lsr::THRE == 0 {
            self.shift_out(cx);
        } else {
            self.state.lsr |= lsr::TEMT;
        }
    }

    fn receive(&mut self, byte: u8) {
        if self.state.lsr & lsr::DATA_READY != 0 {
            self.state.lsr |= lsr::OVERRUN;
        }
        self.state.rbr = byte;
        self.state.lsr |= lsr::DATA_READY;
    }

    /// Begins to receive what waits outside, when the guest is ready for it. (The PC's BIOS receives with DTR alone.)
    fn listen(&mut self, cx: &mut Cx<'_>) {
        let is_there = self.state.mcr & (mcr::DTR | mcr::RTS) != 0 && !self.is_loop();
        let has_read = self.state.lsr & lsr::DATA_READY == 0;
        if is_there && has_read && !self.state.receiving && !self.state.waiting.is_empty() {
            self.state.receiving = true;
            cx.arm(RECEIVED, cx.now + self.character_ticks());
        }
    }

    fn read_register(&mut self, offset: u32, cx: &mut Cx<'_>) -> u8 {
        match offset {
            0 if !self.has_dlab() => {
                self.state.lsr &= !lsr::DATA_READY;
                self.listen(cx);
                self.drive(cx);
            }
            2 if self.iir() == 2 => {
                let iir = self.iir();
                self.state.thre_pending = false;
                self.drive(cx);
                return iir;
            }
            5 => {
                let value = self.state.lsr;
                self.state.lsr &= !lsr::ERRORS;
                self.drive(cx);
                return value;
            }
            6 => {
                let value = self.state.msr;
                self.state.msr &= !msr::DELTAS;
                self.drive(cx);
                return value;
            }
            _ => {}
        }
        self.register(offset)
    }

    /// What a register holds, without the effects of reading it.
    fn register(&self, offset: u32) -> u8 {
        match offset {
            0 if self.has_dlab() => self.state.divisor as u8,
            0 => self.state.rbr,
            1 if self.has_dlab() => (self.state.divisor >> 8) as u8,
            1 => self.state.ier,
            2 => self.iir(),
            3 => self.state.lcr,
            4 => self.state.mcr,
            5 => self.state.lsr,
            6 => self.state.msr,
            _ if self.model == Model::Ns8250 => 0xFF,
            _ => self.state.scr,
        }
    }

    fn write_register(&mut self, offset: u32, value: u8, cx: &mut Cx<'_>) {
        match offset {
            0 if self.has_dlab() => self.state.divisor = self.state.divisor & 0xFF00 | u16::from(value),
            0 => self.transmit(value, cx),
            1 if self.has_dlab() => self.state.divisor = self.state.divisor & 0xFF | u16::from(value) << 8,
            1 => {
                let enables_thre = value & !self.state.ier & ier::TRANSMITTER_EMPTY != 0;
                // Enabling the transmitter's interrupt while THR is empty raises it ("Interrupt Enable Register").
                self.state.thre_pending |= enables_thre && self.state.lsr & lsr::THRE != 0;
                self.state.ier = value & ier::ALL;
            }
            3 => {
                self.state.lcr = value;
                if self.is_loop() && value & lcr::BREAK != 0 {
                    self.state.lsr |= lsr::BREAK;
                }
            }
            4 => {
                self.state.mcr = value & mcr::ALL;
                self.update_modem();
                self.listen(cx);
            }
            // The factory may write LSR ("Line Status Register"); nobody else should, and it does as told.
            5 => {
                self.state.lsr =
                    self.state.lsr & (lsr::THRE | lsr::TEMT) | value & (lsr::ERRORS | lsr::DATA_READY)
            }
            6 => self.state.msr = self.state.msr & !msr::DELTAS | value & msr::DELTAS,
            7 => self.state.scr = value,
            _ => {}
        }
        self.drive(cx);
    }

    /// The line's speed in words.
    fn format(&self) -> String {
        let divisor = u64::from(self.state.divisor.max(1));
        let parity = match self.state.lcr >> 3 & 7 {
            1 => 'O',
            3 => 'E',
            5 => 'M',
            7 => 'S',
            _ => 'N',
        };
        let stop = 1 + (self.state.lcr >> 2 & 1);
        format!("{} baud, {}{parity}{stop}", 115_200 / divisor, 5 + (self.state.lcr & 3))
    }
}

impl Device for Ns16450 {
    fn read(&mut self, at: BusAccess, cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        Ok(u64::from(self.read_register(at.offset & 7, cx)))
    }

    fn write(&mut self, at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        self.write_register(at.offset & 7, value as u8, cx);
        Ok(())
    }

    fn peek(&self, at: BusAccess, _now: Tick) -> Option<u64> {
        Some(u64::from(self.register(at.offset & 7)))
    }

    fn on_event(&mut self, tag: EventTag, _due: Tick, cx: &mut Cx<'_>) {
        if tag == SENT {
            self.sent(cx);
        } else {
            self.state.receiving = false;
            if let Some(byte) = self.state.waiting.pop_front() {
                self.receive(byte);
            }
            self.listen(cx);
        }
        self.drive(cx);
    }

    fn input_pending(&self) -> bool {
        !self.state.waiting.is_empty()
    }

    fn on_external(&mut self, input: &External, cx: &mut Cx<'_>) {
        if let External::Bytes(bytes) = input {
            let room = MAX_WAITING.saturating_sub(self.state.waiting.len());
            self.state.waiting.extend(bytes.iter().take(room));
            self.listen(cx);
        }
    }

    fn reset(&mut self, kind: ResetKind, cx: &mut Cx<'_>) {
        // Reset leaves the divisor, the data and the scratch register alone (data sheet, "Table II"); power does not.
        let old = std::mem::replace(&mut self.state, Self::new(self.model, self.clock).state);
        if kind == ResetKind::Line {
            (self.state.divisor, self.state.scr, self.state.rbr) = (old.divisor, old.scr, old.rbr);
        }
        cx.disarm(SENT);
        cx.disarm(RECEIVED);
        self.drive(cx);
    }

    fn save(&self) -> SavedState {
        let Self { model: _, clock: _, state } = self;
        SavedState::new(1, state)
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        self.state = saved.read(1)?;
        Ok(())
    }

    fn registers(&self, _now: Tick) -> Vec<RegisterView> {
        let State { ier, lcr, mcr, lsr, msr, divisor, .. } = self.state;
        vec![
            RegisterView::new("IER", ier, 8, ""),
            RegisterView::new("IIR", self.iir(), 8, ""),
            RegisterView::new("LCR", lcr, 8, self.format()),
            RegisterView::new("MCR", mcr, 8, ""),
            RegisterView::new("LSR", lsr, 8, ""),
            RegisterView::new("MSR", msr, 8, ""),
            RegisterView::new("DL", divisor, 16, ""),
        ]
    }
}

#[cfg(test)]
mod tests;
