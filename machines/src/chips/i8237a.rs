//! Intel 8237A DMA controller (data sheet 231466), with the page registers that a PC puts beside it (74LS670).
//!
//! Each grant of the bus moves one byte, in every mode, so that no call takes longer than one transfer; HRQ stays up
//! while there is a request, and the board grants again. Between grants the processor may have a bus cycle: in
//! single mode it must, and HRQ would show it by a short low pulse, which is left out; in block and demand mode it
//! should not, which lengthens a block (the PC uses single mode alone). A cascaded channel's grant only pulses DACK,
//! which reaches the other controller's [`I8237A::HLDA`] pin.
//!
//! The PC's refresh is half of what its board does, so the flip-flop that remembers its request is kept in here, see
//! [`I8237A::with_request_latch`].
//!
//! DREQ and DACK lines are true when asserted. The command register's DREQ sense bit is obeyed, the DACK sense bit
//! and extended write are kept and change nothing. Not modelled: memory-to-memory transfers (no PC can use them:
//! channel 0 refreshes), and an EOP that comes from outside.

use emu_core::board::device::{
    BusAccess, Cx, Device, DmaCycle, DmaDirection, LineId, NoAnswer, PinId, RegionId, RegisterView, ResetKind,
};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::{Clock, Tick};
use serde::{Deserialize, Serialize};

/// States S1 to S4 of a transfer.
const TRANSFER_CLOCKS: u64 = 4;
/// The clocks in which nobody uses the bus: S0, in which the controller sees HLDA, and the one in which the board
/// gives READY back. With them TOPBENCH's memory, opcode and display tests take what they take on a real XT, within
/// 1 %; without them up to 3 % less.
const ARBITRATION_CLOCKS: u64 = 2;

const STATUS_COMMAND: u32 = 0x8;
const REQUEST: u32 = 0x9;
const SINGLE_MASK: u32 = 0xA;
const MODE: u32 = 0xB;
const CLEAR_FLIP_FLOP: u32 = 0xC;
const TEMPORARY_MASTER_CLEAR: u32 = 0xD;
const CLEAR_MASK: u32 = 0xE;
const ALL_MASK: u32 = 0xF;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Service {
    Demand,
    Single,
    Block,
    Cascade,
}

/// A channel's mode register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mode {
    service: Service,
    decrement: bool,
    autoinitialize: bool,
    direction: DmaDirection,
}

impl From<u8> for Mode {
    fn from(byte: u8) -> Self {
        Self {
            service: match byte >> 6 {
                0 => Service::Demand,
                1 => Service::Single,
                2 => Service::Block,
                _ => Service::Cascade,
            },
            decrement: byte & 0x20 != 0,
            autoinitialize: byte & 0x10 != 0,
            // 11 is illegal; like verify it strobes nothing.
            direction: match byte >> 2 & 3 {
                1 => DmaDirection::Write,
                2 => DmaDirection::Read,
                _ => DmaDirection::Verify,
            },
        }
    }
}

/// The command register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Command(u8);

impl Command {
    const fn disabled(self) -> bool {
        self.0 & 4 != 0
    }
    const fn compressed_timing(self) -> bool {
        self.0 & 8 != 0
    }
    const fn rotating(self) -> bool {
        self.0 & 0x10 != 0
    }
    const fn dreq_active_low(self) -> bool {
        self.0 & 0x40 != 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Channel {
    base_address: u16,
    base_count: u16,
    address: u16,
    /// Transfers to go, less one.
    count: u16,
    mode: Mode,
}

impl Channel {
    fn new() -> Self {
        Self { base_address: 0, base_count: 0, address: 0, count: 0, mode: Mode::from(0) }
    }

    /// Moves on by one transfer. Gives whether it was the last.
    fn step(&mut self) -> bool {
        self.address =
            if self.mode.decrement { self.address.wrapping_sub(1) } else { self.address.wrapping_add(1) };
        self.count = self.count.wrapping_sub(1);
        let terminal = self.count == 0xFFFF;
        if terminal && self.mode.autoinitialize {
            self.address = self.base_address;
            self.count = self.base_count;
        }
        terminal
    }
}

/// The controller. Region 0 has its sixteen addresses, [`I8237A::PAGE_REGION`] the four page registers.
#[derive(Clone, Debug)]
pub struct I8237A {
    clock: Clock,
    /// Wait states of each channel's transfers.
    wait_states: [u8; 4],
    /// Channels whose requests come through a flip-flop.
    latched: u8,
    channels: [Channel; 4],
    command: Command,
    /// Channels that have reached their terminal count since the last read of the status.
    reached: u8,
    /// Software requests.
    requests: u8,
    masks: u8,
    temporary: u8,
    /// The high byte of an address or count is next.
    flip_flop: bool,
    /// With rotating priority: the channel that comes last.
    last: u8,
    /// Levels of the DREQ pins.
    dreq: u8,
    /// The channel that keeps the bus (block and demand mode).
    holder: Option<u8>,
    /// Level of the HRQ line.
    hrq: bool,
    /// The 74LS670: address bits 16 to 19.
    pages: [u8; 4],
}

impl I8237A {
    /// The page registers, as an XT has them at 80h to 83h; written only.
    pub const PAGE_REGION: RegionId = RegionId(1);
    /// Asks the processor for the bus.
    pub const HRQ: LineId = LineId(4);
    /// Terminal count (EOP): high during a channel's last transfer.
    pub const TC: LineId = LineId(5);
    /// For a controller that is cascaded into another: the other's DACK.
    pub const HLDA: PinId = PinId(4);

    /// A controller with this clock and no wait states.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            wait_states: [0; 4],
            latched: 0,
            channels: [Channel::new(); 4],
            command: Command::default(),
            reached: 0,
            requests: 0,
            masks: 0xF,
            temporary: 0,
            flip_flop: false,
            last: 3,
            dreq: 0,
            holder: None,
            hrq: false,
            pages: [0; 4],
        }
    }

    /// The board's READY logic lengthens each transfer of `channel` by `clocks`.
    #[must_use]
    pub fn with_wait_states(mut self, channel: u8, clocks: u8) -> Self {
        self.wait_states[usize::from(channel)] = clocks;
        self
    }

    /// The board has a flip-flop (half a 74LS74) before `channel`'s DREQ: a rising edge sets it, DACK clears it. No
    /// device takes part in the transfers, which only read memory, and so neither DACK nor the cycle is shown.
    #[must_use]
    pub fn with_request_latch(mut self, channel: u8) -> Self {
        self.latched |= 1 << (channel & 3);
        self
    }

    /// The DMA request pin of `channel`, 0 to 3.
    pub const fn dreq(channel: u8) -> PinId {
        PinId(channel)
    }

    /// The DMA acknowledge line of `channel`, 0 to 3.
    pub const fn dack(channel: u8) -> LineId {
        LineId(channel)
    }

    /// The active requests of the pins.
    fn pin_requests(&self) -> u8 {
        if self.command.dreq_active_low() { !self.dreq & 0xF } else { self.dreq }
    }

    /// What asks for service. A mask does not hold back a software request.
    fn pending(&self) -> u8 {
        if self.command.disabled() {
            return 0;
        }
        self.pin_requests() & !self.masks | self.requests
    }

    /// The channel that the next transfer belongs to.
    fn next_channel(&self) -> Option<u8> {
        if let Some(holder) = self.holder {
            return Some(holder & 3);
        }
        let last = if self.command.rotating() { self.last } else { 3 };
        let pending = self.pending();
        (1..=4).map(|place| (last + place) & 3).find(|channel| pending & (1 << channel) != 0)
    }

    /// A demand ends with its request; a block goes on to its end.
    fn review_holder(&mut self) {
        if let Some(holder) = self.holder {
            let demands = self.channel(holder).mode.service == Service::Demand;
            if self.command.disabled() || demands && self.pending() & (1 << (holder & 3)) == 0 {
                self.holder = None;
            }
        }
    }

    fn update_hrq(&mut self, cx: &mut Cx<'_>) {
        self.review_holder();
        let level = self.holder.is_some() || self.pending() != 0;
        if level != self.hrq {
            self.hrq = level;
            cx.set_line(Self::HRQ, level);
        }
    }

    fn channel(&self, number: u8) -> &Channel {
        &self.channels[usize::from(number & 3)]
    }

    /// One transfer, or for a cascaded channel the pulse of its DACK.
    fn serve(&mut self, cx: &mut Cx<'_>) {
        let Some(number) = self.next_channel() else { return self.update_hrq(cx) };
        self.last = number;
        let is_shown = self.latched & (1 << number) == 0;
        if is_shown {
            cx.set_line(Self::dack(number), true);
        } else {
            self.dreq &= !(1 << number);
        }
        if self.channel(number).mode.service != Service::Cascade {
            let cycle = self.transfer(number, cx);
            if is_shown {
                self.show(cycle, cx);
            }
        }
        if is_shown {
            cx.set_line(Self::dack(number), false);
        }
        self.update_hrq(cx);
    }

    /// Moves a channel on by one transfer.
    fn transfer(&mut self, number: u8, cx: &mut Cx<'_>) -> DmaCycle {
        cx.stall(self.duration(number, cx.now));
        let address = u32::from(self.page_of(number)) << 16 | u32::from(self.channel(number).address);
        let channel = &mut self.channels[usize::from(number)];
        let terminal_count = channel.step();
        let Mode { direction, service, .. } = channel.mode;
        if terminal_count {
            self.finish(number);
        } else {
            self.holder = matches!(service, Service::Block | Service::Demand).then_some(number);
        }
        DmaCycle { channel: number, address, direction, terminal_count }
    }

    fn show(&self, cycle: DmaCycle, cx: &mut Cx<'_>) {
        if cycle.terminal_count {
            cx.set_line(Self::TC, true);
        }
        cx.dma(cycle);
        if cycle.terminal_count {
            cx.set_line(Self::TC, false);
        }
    }

    fn finish(&mut self, number: u8) {
        let bit = 1 << number;
        self.holder = None;
        self.reached |= bit;
        self.requests &= !bit;
        if !self.channel(number).mode.autoinitialize {
            self.masks |= bit;
        }
    }

    /// The ticks of a transfer that begins now, to the end of a clock cycle.
    fn duration(&self, number: u8, now: Tick) -> u64 {
        let compressed = u64::from(self.command.compressed_timing());
        let clocks = ARBITRATION_CLOCKS + TRANSFER_CLOCKS - compressed
            + u64::from(self.wait_states[usize::from(number)]);
        self.clock.tick_of(self.clock.cycles_at(now) + clocks).since(now)
    }

    /// The page register that the DACK lines select: the XT decodes DACK2 and DACK3 alone, so that channels 0 and 1
    /// share one.
    fn page_of(&self, channel: u8) -> u8 {
        let register = match channel {
            2 => 1,
            3 => 2,
            _ => 3,
        };
        self.pages[register]
    }

    fn read_register(&self, offset: u32) -> Option<u8> {
        match offset & 0xF {
            at @ 0..8 => {
                let channel = &self.channels[at as usize / 2];
                let word = if at % 2 == 0 { channel.address } else { channel.count };
                Some(word.to_le_bytes()[usize::from(self.flip_flop)])
            }
            STATUS_COMMAND => Some(self.pin_requests() << 4 | self.reached),
            TEMPORARY_MASTER_CLEAR => Some(self.temporary),
            _ => None,
        }
    }

    fn write_register(&mut self, offset: u32, byte: u8) {
        let bit = 1 << (byte & 3);
        match offset & 0xF {
            at @ 0..8 => self.write_word(at, byte),
            STATUS_COMMAND => self.command = Command(byte),
            REQUEST => self.requests = with_bit(self.requests, bit, byte & 4 != 0),
            SINGLE_MASK => self.masks = with_bit(self.masks, bit, byte & 4 != 0),
            MODE => self.channels[usize::from(byte & 3)].mode = byte.into(),
            CLEAR_FLIP_FLOP => self.flip_flop = false,
            TEMPORARY_MASTER_CLEAR => self.master_clear(),
            CLEAR_MASK => self.masks = 0,
            ALL_MASK => self.masks = byte & 0xF,
            _ => {}
        }
    }

    /// A byte of an address (even) or a count (odd), base and current alike.
    fn write_word(&mut self, at: u32, byte: u8) {
        let place = usize::from(self.flip_flop);
        self.flip_flop = !self.flip_flop;
        let channel = &mut self.channels[at as usize / 2];
        let (base, current) = if at.is_multiple_of(2) {
            (&mut channel.base_address, &mut channel.address)
        } else {
            (&mut channel.base_count, &mut channel.count)
        };
        for word in [base, current] {
            let mut bytes = word.to_le_bytes();
            bytes[place] = byte;
            *word = u16::from_le_bytes(bytes);
        }
    }

    /// What RESET and the master clear command do.
    fn master_clear(&mut self) {
        self.command = Command::default();
        self.reached = 0;
        self.requests = 0;
        self.temporary = 0;
        self.flip_flop = false;
        self.masks = 0xF;
        self.holder = None;
        self.last = 3;
    }
}

const fn with_bit(bits: u8, bit: u8, set: bool) -> u8 {
    if set { bits | bit } else { bits & !bit }
}

impl Device for I8237A {
    fn read(&mut self, at: BusAccess, cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        let byte = self.peek(at, cx.now).ok_or(NoAnswer)?;
        match at.offset & 0xF {
            0..8 => self.flip_flop = !self.flip_flop,
            STATUS_COMMAND => self.reached = 0,
            _ => {}
        }
        Ok(byte)
    }

    fn write(&mut self, at: BusAccess, value: u64, cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        let byte = value as u8;
        if at.region == Self::PAGE_REGION {
            self.pages[(at.offset & 3) as usize] = byte & 0xF;
        } else {
            self.write_register(at.offset, byte);
            self.update_hrq(cx);
        }
        Ok(())
    }

    fn peek(&self, at: BusAccess, _now: Tick) -> Option<u64> {
        if at.region == Self::PAGE_REGION { None } else { self.read_register(at.offset).map(u64::from) }
    }

    fn on_pin(&mut self, pin: PinId, level: bool, cx: &mut Cx<'_>) {
        if pin == Self::HLDA {
            if level {
                self.serve(cx);
            }
        } else if pin.0 < 4 {
            let bit = 1 << pin.0;
            if level || self.latched & bit == 0 {
                self.dreq = with_bit(self.dreq, bit, level);
                self.update_hrq(cx);
            }
        }
    }

    fn on_hold_acknowledge(&mut self, cx: &mut Cx<'_>) {
        self.serve(cx);
    }

    fn reset(&mut self, kind: ResetKind, cx: &mut Cx<'_>) {
        if kind == ResetKind::PowerOn {
            let fresh = Self::new(self.clock);
            let dreq = self.dreq & !self.latched;
            *self = Self { wait_states: self.wait_states, latched: self.latched, dreq, ..fresh };
        }
        self.master_clear();
        self.hrq = false;
        cx.set_line(Self::HRQ, false);
    }

    fn save(&self) -> SavedState {
        let Self {
            clock: _,
            wait_states: _,
            latched: _,
            channels,
            command,
            reached,
            requests,
            masks,
            temporary,
            flip_flop,
            last,
            dreq,
            holder,
            hrq,
            pages,
        } = self;
        let registers = (command, reached, requests, masks, temporary, flip_flop);
        SavedState::new(1, &(channels, registers, last, dreq, holder, hrq, pages))
    }

    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError> {
        let registers;
        (self.channels, registers, self.last, self.dreq, self.holder, self.hrq, self.pages) =
            saved.read(1)?;
        (self.command, self.reached, self.requests, self.masks, self.temporary, self.flip_flop) = registers;
        self.last &= 3;
        Ok(())
    }

    fn registers(&self, _now: Tick) -> Vec<RegisterView> {
        let enabled = if self.command.disabled() { "disabled" } else { "enabled" };
        let priority = if self.command.rotating() { "rotating" } else { "fixed" };
        let mut views = vec![
            RegisterView::new("Command", self.command.0, 8, format!("{enabled}, {priority} priority")),
            RegisterView::new("Status", self.pin_requests() << 4 | self.reached, 8, ""),
            RegisterView::new("Mask", self.masks, 4, ""),
            RegisterView::new("Request", self.requests, 4, ""),
        ];
        for number in 0..4 {
            let Channel { address, count, base_address, base_count, mode } = *self.channel(number);
            let step = if mode.decrement { "down" } else { "up" };
            let auto = if mode.autoinitialize { ", autoinitialize" } else { "" };
            let meaning = format!("{:?} {:?}, {step}{auto}", mode.service, mode.direction);
            views.push(RegisterView::new(format!("Address {number}"), address, 16, meaning));
            views.push(RegisterView::new(format!("Count {number}"), count, 16, ""));
            views.push(RegisterView::new(format!("Base address {number}"), base_address, 16, ""));
            views.push(RegisterView::new(format!("Base count {number}"), base_count, 16, ""));
            views.push(RegisterView::new(format!("Page {number}"), self.page_of(number), 4, ""));
        }
        views
    }
}

#[cfg(test)]
mod tests;
