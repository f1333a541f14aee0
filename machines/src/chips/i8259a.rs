//! Intel 8259A programmable interrupt controller (data sheet 231468).
//!
//! A request is not stored: `irr` is worked out from the input pins, so that a request that goes away before its
//! acknowledge ends as the default IR7 ("Edge and Level Triggered Modes").
//!
//! Cascade: INTA reaches every controller, as it does on a board. The board calls `acknowledge_interrupt` of the
//! master, delivers its CAS lines to the slaves' CAS pins, then calls each slave; the vector is the AND of the
//! answers, since who is not concerned leaves the data bus at FFh.
//!
//! Not modelled: the first INTA pulse apart from the second, and the third one of the MCS-80/85 mode (in which
//! an 8086 takes the low address byte for its vector). The chip has no RESET pin.

use emu_core::board::device::{BusAccess, Cx, Device, LineId, NoAnswer, PinId, RegisterView, ResetKind};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::Tick;
use serde::{Deserialize, Serialize};

/// What leaves the data bus alone.
const FLOATING: u8 = 0xFF;
/// The level of which the default interrupt is reported.
const DEFAULT_LEVEL: u8 = 7;

/// Which word the next write to A0 = 1 is, while the chip is being initialised (figure "Initialization Sequence").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Initialising {
    Icw2,
    Icw3,
    Icw4,
}

/// What a read of A0 = 0 gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Readable {
    Irr,
    Isr,
}

/// Initialisation command word 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Icw1 {
    /// Address bits 7 to 5 of the MCS-80 call.
    low_address: u8,
    level_triggered: bool,
    /// MCS-80 call address interval of 4 bytes instead of 8.
    interval_4: bool,
    single: bool,
    needs_icw4: bool,
}

impl From<u8> for Icw1 {
    fn from(byte: u8) -> Self {
        Self {
            low_address: byte & 0xE0,
            level_triggered: byte & 8 != 0,
            interval_4: byte & 4 != 0,
            single: byte & 2 != 0,
            needs_icw4: byte & 1 != 0,
        }
    }
}

/// Initialisation command word 4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Icw4 {
    special_fully_nested: bool,
    /// In buffered mode the word itself, and not the SP/EN pin, says who is the master.
    buffered_master: Option<bool>,
    auto_eoi: bool,
    mode_8086: bool,
}

impl From<u8> for Icw4 {
    fn from(byte: u8) -> Self {
        Self {
            special_fully_nested: byte & 0x10 != 0,
            buffered_master: (byte & 8 != 0).then_some(byte & 4 != 0),
            auto_eoi: byte & 2 != 0,
            mode_8086: byte & 1 != 0,
        }
    }
}

/// Operation command word 2, by its bits R, SL and EOI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ocw2 {
    ClearRotateOnAutoEoi,
    Eoi,
    Nop,
    SpecificEoi(u8),
    SetRotateOnAutoEoi,
    RotateOnEoi,
    SetPriority(u8),
    RotateOnSpecificEoi(u8),
}

impl From<u8> for Ocw2 {
    fn from(byte: u8) -> Self {
        let level = byte & 7;
        match byte >> 5 {
            0 => Self::ClearRotateOnAutoEoi,
            1 => Self::Eoi,
            2 => Self::Nop,
            3 => Self::SpecificEoi(level),
            4 => Self::SetRotateOnAutoEoi,
            5 => Self::RotateOnEoi,
            6 => Self::SetPriority(level),
            _ => Self::RotateOnSpecificEoi(level),
        }
    }
}

/// Operation command word 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ocw3 {
    special_mask: Option<bool>,
    poll: bool,
    read: Option<Readable>,
}

impl From<u8> for Ocw3 {
    fn from(byte: u8) -> Self {
        Self {
            special_mask: (byte & 0x40 != 0).then_some(byte & 0x20 != 0),
            poll: byte & 4 != 0,
            read: match byte & 3 {
                2 => Some(Readable::Irr),
                3 => Some(Readable::Isr),
                _ => None,
            },
        }
    }
}

/// The 8259A. Region 0 has its two addresses: A0 = 0 and A0 = 1.
#[derive(Clone, Debug)]
pub struct I8259A {
    /// The SP/EN pin, strapped by the board: high makes a master.
    master: bool,
    /// Levels of the IR pins.
    pins: u8,
    /// Edge sense: levels that were acknowledged and have not been low since.
    served: u8,
    isr: u8,
    imr: u8,
    icw1: Icw1,
    icw2: u8,
    icw3: u8,
    icw4: Icw4,
    initialising: Option<Initialising>,
    /// The level of lowest priority.
    lowest: u8,
    rotate_on_auto_eoi: bool,
    special_mask: bool,
    poll: bool,
    readable: Readable,
    /// Levels of the CAS pins (a slave reads them).
    cas: u8,
    /// The level of the INT line.
    int: bool,
}

impl I8259A {
    /// To the processor, or to an IR pin of the master.
    pub const INT: LineId = LineId(0);

    /// A controller whose SP/EN pin is high: alone, or the master of others.
    pub fn primary() -> Self {
        Self::with_sp(true)
    }

    /// A controller whose SP/EN pin is low: a slave.
    pub fn secondary() -> Self {
        Self::with_sp(false)
    }

    /// The interrupt request input `level`, 0 to 7.
    pub const fn ir(level: u8) -> PinId {
        PinId(level)
    }

    /// Cascade line `bit`, 0 to 2, as a master drives it.
    pub const fn cas(bit: u8) -> LineId {
        LineId(1 + bit)
    }

    /// Cascade line `bit`, 0 to 2, as a slave sees it.
    pub const fn cas_pin(bit: u8) -> PinId {
        PinId(8 + bit)
    }

    fn with_sp(master: bool) -> Self {
        Self {
            master,
            pins: 0,
            served: 0,
            isr: 0,
            imr: 0xFF,
            icw1: Icw1::default(),
            icw2: 0,
            icw3: 0,
            icw4: Icw4::default(),
            initialising: None,
            lowest: 7,
            rotate_on_auto_eoi: false,
            special_mask: false,
            poll: false,
            readable: Readable::Irr,
            cas: 0,
            int: false,
        }
    }

    fn is_master(&self) -> bool {
        self.icw4.buffered_master.unwrap_or(self.master)
    }

    fn irr(&self) -> u8 {
        if self.icw1.level_triggered { self.pins } else { self.pins & !self.served }
    }

    /// 0 is the highest priority.
    fn priority(&self, level: u8) -> u32 {
        u32::from(level.wrapping_sub(self.lowest.wrapping_add(1)) & 7)
    }

    /// Which of `levels` has the highest priority.
    fn highest(&self, levels: u8) -> Option<u8> {
        let first = self.lowest.wrapping_add(1);
        let place = levels.rotate_right(first.into()).trailing_zeros() as u8;
        (levels != 0).then(|| place.wrapping_add(first) & 7)
    }

    /// The levels in service that hold others back. In special mask mode a masked one does not.
    fn inhibiting(&self) -> u8 {
        if self.special_mask { self.isr & !self.imr } else { self.isr }
    }

    /// The level that asks for service and may have it.
    fn winner(&self) -> Option<u8> {
        let asking = self.highest(self.irr() & !self.imr)?;
        let Some(serving) = self.highest(self.inhibiting()) else { return Some(asking) };
        let nested_slave = self.icw4.special_fully_nested && asking == serving && self.is_slave_level(asking);
        (self.priority(asking) < self.priority(serving) || nested_slave).then_some(asking)
    }

    fn is_slave_level(&self, level: u8) -> bool {
        !self.icw1.single && self.is_master() && self.icw3 & (1 << level) != 0
    }

    fn update_int(&mut self, cx: &mut Cx<'_>) {
        let int = self.initialising.is_none() && self.winner().is_some();
        if int != self.int {
            self.int = int;
            cx.set_line(Self::INT, int);
        }
    }

    /// What INTA, or a read in poll mode, does: the winner goes into service.
    fn take_winner(&mut self) -> Option<u8> {
        let level = self.winner()?;
        let bit = 1 << level;
        self.served |= bit;
        self.isr |= bit;
        Some(level)
    }

    fn finish_auto_eoi(&mut self, level: u8) {
        if self.icw4.auto_eoi {
            self.isr &= !(1 << level);
            if self.rotate_on_auto_eoi {
                self.lowest = level;
            }
        }
    }

    fn vector(&self, level: u8) -> u8 {
        if self.icw4.mode_8086 {
            return self.icw2 & 0xF8 | level;
        }
        let Icw1 { low_address, interval_4, .. } = self.icw1;
        if interval_4 { low_address | level << 2 } else { low_address & 0xC0 | level << 3 }
    }

    fn drive_cas(&self, address: u8, cx: &mut Cx<'_>) {
        for bit in 0..3 {
            cx.set_line(Self::cas(bit), address & (1 << bit) != 0);
        }
    }

    fn begin(&mut self, byte: u8) {
        self.icw1 = byte.into();
        self.icw4 = Icw4::default();
        self.served = self.pins;
        // The data sheet's list of what ICW1 clears leaves the ISR out; a set bit would block the chip for ever.
        self.isr = 0;
        self.imr = 0;
        self.lowest = 7;
        self.rotate_on_auto_eoi = false;
        self.special_mask = false;
        self.poll = false;
        self.readable = Readable::Irr;
        self.icw3 = if self.is_master() { 0 } else { 7 };
        self.initialising = Some(Initialising::Icw2);
    }

    fn write_a1(&mut self, byte: u8) {
        let after_icw3 = self.icw1.needs_icw4.then_some(Initialising::Icw4);
        match self.initialising {
            None => self.imr = byte,
            Some(Initialising::Icw2) => {
                self.icw2 = byte;
                self.initialising = if self.icw1.single { after_icw3 } else { Some(Initialising::Icw3) };
            }
            Some(Initialising::Icw3) => {
                self.icw3 = byte;
                self.initialising = after_icw3;
            }
            Some(Initialising::Icw4) => {
                self.icw4 = byte.into();
                self.initialising = None;
            }
        }
    }

    fn command(&mut self, command: Ocw2) {
        match command {
            Ocw2::Nop => {}
            Ocw2::ClearRotateOnAutoEoi => self.rotate_on_auto_eoi = false,
            Ocw2::SetRotateOnAutoEoi => self.rotate_on_auto_eoi = true,
            Ocw2::SetPriority(level) => self.lowest = level,
            Ocw2::SpecificEoi(level) => self.isr &= !(1 << level),
            Ocw2::RotateOnSpecificEoi(level) => {
                self.isr &= !(1 << level);
                self.lowest = level;
            }
            Ocw2::Eoi => {
                self.end_highest();
            }
            Ocw2::RotateOnEoi => {
                if let Some(level) = self.end_highest() {
                    self.lowest = level;
                }
            }
        }
    }

    fn end_highest(&mut self) -> Option<u8> {
        let level = self.highest(self.inhibiting())?;
        self.isr &= !(1 << level);
        Some(level)
    }

    fn set_up_reading(&mut self, command: Ocw3) {
        self.special_mask = command.special_mask.unwrap_or(self.special_mask);
        self.readable = command.read.unwrap_or(self.readable);
        self.poll = command.poll;
    }

    /// The poll word: bit 7 says that `level` asks for service.
    const fn poll_word(level: Option<u8>) -> u8 {
        match level {
            Some(level) => 0x80 | level,
            None => 0,
        }
    }

    fn readable(&self, a0: bool) -> u8 {
        match (self.poll, a0, self.readable) {
            (true, ..) => Self::poll_word(self.winner()),
            (_, true, _) => self.imr,
            (_, _, Readable::Irr) => self.irr(),
            (_, _, Readable::Isr) => self.isr,
        }
    }
}

impl Device for I8259A {
    fn read(&mut self, at: BusAccess, cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        let byte = self.readable(at.offset & 1 != 0);
        if std::mem::take(&mut self.poll) {
            if let Some(level) = self.take_winner() {
                self.finish_auto_eoi(level);
            }
            self.update_int(cx);
        }
        Ok(byte.into())
    }

    fn write(&mut self, at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        let byte = value as u8;
        match (at.offset & 1 != 0, byte & 0x18) {
            (true, _) => self.write_a1(byte),
            (_, 0x10 | 0x18) => self.begin(byte),
            (_, 0x08) => self.set_up_reading(byte.into()),
            _ => self.command(byte.into()),
        }
        self.update_int(cx);
        Ok(())
    }

    fn peek(&self, at: BusAccess, _now: Tick) -> Option<u64> {
        Some(self.readable(at.offset & 1 != 0).into())
    }

    fn on_pin(&mut self, pin: PinId, level: bool, cx: &mut Cx<'_>) {
        let (pins, bit) = match pin.0 {
            number @ 0..8 => (&mut self.pins, 1 << number),
            number @ 8..11 => (&mut self.cas, 1 << (number - 8)),
            _ => return,
        };
        *pins = if level { *pins | bit } else { *pins & !bit };
        self.served &= self.pins;
        self.update_int(cx);
    }

    fn acknowledge_interrupt(&mut self, cx: &mut Cx<'_>) -> u8 {
        let cascaded = !self.icw1.single;
        if cascaded && !self.is_master() && self.cas != self.icw3 & 7 {
            return FLOATING;
        }
        let taken = self.take_winner();
        let level = taken.unwrap_or(DEFAULT_LEVEL);
        let by_slave = taken.is_some() && self.is_slave_level(level);
        if cascaded && self.is_master() {
            self.drive_cas(if by_slave { level } else { 0 }, cx);
        }
        if taken.is_some() {
            self.finish_auto_eoi(level);
        }
        self.update_int(cx);
        if by_slave { FLOATING } else { self.vector(level) }
    }

    fn reset(&mut self, kind: ResetKind, cx: &mut Cx<'_>) {
        if kind == ResetKind::PowerOn {
            *self = Self { pins: self.pins, cas: self.cas, ..Self::with_sp(self.master) };
            cx.set_line(Self::INT, false);
            self.drive_cas(0, cx);
        }
    }

    fn save(&self) -> SavedState {
        let Self {
            master: _,
            pins,
            served,
            isr,
            imr,
            icw1,
            icw2,
            icw3,
            icw4,
            initialising,
            lowest,
            rotate_on_auto_eoi,
            special_mask,
            poll,
            readable,
            cas,
            int,
        } = self;
        let words = (icw1, icw2, icw3, icw4, initialising);
        let modes = (lowest, rotate_on_auto_eoi, special_mask, poll, readable);
        SavedState::new(1, &(pins, served, isr, imr, words, modes, cas, int))
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        let words;
        let modes;
        (self.pins, self.served, self.isr, self.imr, words, modes, self.cas, self.int) = saved.read(1)?;
        (self.icw1, self.icw2, self.icw3, self.icw4, self.initialising) = words;
        (self.lowest, self.rotate_on_auto_eoi, self.special_mask, self.poll, self.readable) = modes;
        Ok(())
    }

    fn registers(&self, _now: Tick) -> Vec<RegisterView> {
        let trigger = if self.icw1.level_triggered { "level" } else { "edge" };
        let eoi = if self.icw4.auto_eoi { "automatic EOI" } else { "EOI by command" };
        let masking = if self.special_mask { ", special mask" } else { "" };
        vec![
            RegisterView::new("IRR", self.irr(), 8, format!("{trigger} triggered")),
            RegisterView::new("ISR", self.isr, 8, format!("{eoi}, IR{} is lowest{masking}", self.lowest)),
            RegisterView::new("IMR", self.imr, 8, ""),
            RegisterView::new("ICW2", self.icw2, 8, format!("vectors from {:02X}h", self.vector(0))),
            RegisterView::new("ICW3", self.icw3, 8, if self.icw1.single { "single" } else { "cascaded" }),
            RegisterView::new("INT", self.int, 1, ""),
        ]
    }
}

#[cfg(test)]
mod tests;
