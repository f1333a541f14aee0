//! What a device is to a board: plain registers, and the few ways in which they meet the world.
//!
//! A device never reaches into another one. It appends what it does (moves a line, arms an event, asks for a DMA
//! cycle) to its [`Cx`]; the board carries it out after the call, in order and bounded, before the access completes.

use super::external::External;
use crate::addr::Width;
use crate::hal::Hal;
use crate::hal::storage::Medium;
use crate::hal::video::{Frame, TextScreen};
use crate::snapshot::{RestoreError, SavedState};
use crate::time::{EventTag, Tick};
use serde::{Deserialize, Serialize};
use std::any::Any;

/// A device by its place on a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub(crate) u16);

/// An output pin of a device, by the number that the device gives it (0 to 63).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineId(pub u8);

/// An input pin of a device, by the number that the device gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PinId(pub u8);

/// One of the address ranges that a device answers (as PCI's BARs), by the number that the device gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RegionId(pub u8);

/// Where in a device an access lands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusAccess {
    pub region: RegionId,
    /// From the start of the region.
    pub offset: u32,
    pub width: Width,
}

/// No device answers here; the board's open-bus value is read, a write is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAnswer;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResetKind {
    /// Power was off: everything is as on the first day, but for what a battery or a medium holds.
    PowerOn,
    /// The RESET line: what the data sheet says of it.
    Line,
}

/// Which way a DMA cycle moves its byte: the transfer types of the 8237A (data sheet 231466, "Mode Register").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DmaDirection {
    /// Neither the device nor memory is strobed; the device sees its acknowledge.
    Verify,
    /// From the device to memory.
    Write,
    /// From memory to the device.
    Read,
}

/// One byte's DMA cycle, as its controller asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DmaCycle {
    pub channel: u8,
    pub address: u32,
    pub direction: DmaDirection,
    pub terminal_count: bool,
}

/// What a device has asked the board for. See [`Cx`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Line(LineId, bool),
    Arm(EventTag, Tick),
    Disarm(EventTag),
    Dma(DmaCycle),
    Emit(u8),
    RequestExit,
    SwitchOff,
}

/// Notices kept until somebody takes them.
const MAX_NOTICES: usize = 64;

/// The effects that wait for the board, the stall of the access at hand, and what the user is to be told.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// Emptied when the last one has been taken, so that its memory is used again.
    queue: Vec<(DeviceId, Effect)>,
    taken: usize,
    pub stall: u64,
    pub notices: Vec<(DeviceId, String)>,
}

impl Effects {
    #[inline]
    pub fn is_waiting(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Takes the effect that was asked for first.
    #[inline]
    pub fn next(&mut self) -> Option<(DeviceId, Effect)> {
        let next = self.queue.get(self.taken).copied();
        self.taken += 1;
        if next.is_none() {
            self.forget();
        }
        next
    }

    /// Drops what waits.
    pub fn forget(&mut self) {
        self.queue.clear();
        self.taken = 0;
    }
}

/// What a device may do during a call.
pub struct Cx<'a> {
    /// The present moment.
    pub now: Tick,
    /// The host's side: where pictures and sound go.
    pub hal: &'a mut Hal,
    pub(crate) me: DeviceId,
    pub(crate) effects: &'a mut Effects,
}

impl Cx<'_> {
    /// Drives an output pin. Setting a level that it already has does nothing.
    #[inline]
    pub fn set_line(&mut self, line: LineId, level: bool) {
        self.push(Effect::Line(line, level));
    }

    /// Asks for [`Device::on_event`] at `due` (at once if that is past). An armed event of this tag moves.
    pub fn arm(&mut self, tag: EventTag, due: Tick) {
        self.push(Effect::Arm(tag, due));
    }

    /// Takes [`Self::arm`] back.
    pub fn disarm(&mut self, tag: EventTag) {
        self.push(Effect::Disarm(tag));
    }

    /// Holds READY back for `ticks`: the access at hand takes that much longer.
    /// In [`Device::on_hold_acknowledge`]: how long the bus is taken.
    pub fn stall(&mut self, ticks: u64) {
        self.effects.stall = self.effects.stall.saturating_add(ticks);
    }

    /// Asks the board for a DMA cycle, between the device that is wired to this channel and memory.
    pub fn dma(&mut self, cycle: DmaCycle) {
        self.push(Effect::Dma(cycle));
    }

    /// Sends a byte to whatever the user has plugged in outside (a terminal, a printer's file).
    pub fn emit(&mut self, byte: u8) {
        self.push(Effect::Emit(byte));
    }

    /// Tells the user something that the guest cannot: a sentence, with the remedy where there is one.
    /// For what a user must know (a disk image that cannot be written), not for a guest's odd accesses.
    pub fn notice(&mut self, sentence: impl Into<String>) {
        if self.effects.notices.len() < MAX_NOTICES {
            self.effects.notices.push((self.me, sentence.into()));
        }
    }

    /// Ends the processor's run after the instruction at hand, so that the machine can serve a host call.
    pub fn request_exit(&mut self) {
        self.push(Effect::RequestExit);
    }

    /// Switches the machine's power off, after the instruction at hand.
    pub fn switch_off(&mut self) {
        self.push(Effect::SwitchOff);
    }

    #[inline]
    fn push(&mut self, effect: Effect) {
        self.effects.queue.push((self.me, effect));
    }
}

/// A register as a debugger shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterView {
    /// The data sheet's name.
    pub name: String,
    pub value: u64,
    pub bits: u8,
    /// The fields spelled out ("mode 3, LSB then MSB"); may be empty.
    pub meaning: String,
}

impl RegisterView {
    pub fn new(name: impl Into<String>, value: impl Into<u64>, bits: u8, meaning: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), bits, meaning: meaning.into() }
    }
}

/// A place for a medium: a floppy drive, a hard disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaSlot {
    /// What a user calls it: "A:", "B:", "Hard disk 1".
    pub label: String,
    pub removable: bool,
    /// Whether a medium is in.
    pub loaded: bool,
    pub write_protected: bool,
    /// Whether the drive's light is lit.
    pub active: bool,
}

/// Why a medium was not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MediaError {
    #[error("There is no drive {0} here")]
    NoSuchSlot(usize),
    #[error("{0}")]
    Unsuitable(String),
    #[error("The image cannot be read: {0}")]
    Unreadable(String),
}

/// A device with drives. Slots count from 0.
pub trait MediaHost {
    fn slots(&self) -> Vec<MediaSlot>;
    /// Puts a medium in, in place of what was there. The drive adapts to the medium's format if it can.
    ///
    /// # Errors
    /// When the drive cannot take this medium; what was in it stays.
    fn insert(&mut self, slot: usize, medium: Box<dyn Medium>, cx: &mut Cx<'_>) -> Result<(), MediaError>;
    /// Takes the medium out.
    ///
    /// # Errors
    /// When there is no such slot.
    fn eject(&mut self, slot: usize, cx: &mut Cx<'_>) -> Result<Option<Box<dyn Medium>>, MediaError>;
    /// The medium of a slot, for firmware that is host functions.
    fn medium(&mut self, slot: usize) -> Option<&mut dyn Medium>;
}

/// A device on a board.
///
/// Guest values are hostile: no call may panic, loop or allocate without bound, whatever is written.
pub trait Device: Any + Send {
    /// A read with its side effects.
    ///
    /// # Errors
    /// [`NoAnswer`] where the device does not drive the bus.
    fn read(&mut self, _at: BusAccess, _cx: &mut Cx<'_>) -> Result<u64, NoAnswer> {
        Err(NoAnswer)
    }

    /// A write with its side effects. `value` has no bits beyond the access's width.
    ///
    /// # Errors
    /// [`NoAnswer`] where nothing listens.
    fn write(&mut self, _at: BusAccess, _value: u64, _cx: &mut Cx<'_>) -> Result<(), NoAnswer> {
        Err(NoAnswer)
    }

    /// What [`Self::read`] would give, without side effects; for the debugger.
    fn peek(&self, _at: BusAccess, _now: Tick) -> Option<u64> {
        None
    }

    /// Writes past all side effects; for the debugger's memory pane. Gives whether it was possible.
    fn poke(&mut self, _at: BusAccess, _value: u64) -> bool {
        false
    }

    /// An event that the device armed is due. `cx.now` is `due` or a little later.
    fn on_event(&mut self, _tag: EventTag, _due: Tick, _cx: &mut Cx<'_>) {}

    /// An input pin has changed its level.
    fn on_pin(&mut self, _pin: PinId, _level: bool, _cx: &mut Cx<'_>) {}

    /// The processor has given the bus away (HLDA): a bus master does one cycle now, and says with
    /// [`Cx::stall`] for how long the bus is taken.
    fn on_hold_acknowledge(&mut self, _cx: &mut Cx<'_>) {}

    /// The processor acknowledges an interrupt: the vector.
    fn acknowledge_interrupt(&mut self, _cx: &mut Cx<'_>) -> u8 {
        0xFF
    }

    /// A DMA cycle takes a byte from this device (DACK and IOR).
    fn dma_read(&mut self, _terminal_count: bool, _cx: &mut Cx<'_>) -> u8 {
        0xFF
    }

    /// A DMA cycle gives this device a byte (DACK and IOW); in a verify cycle the byte is absent.
    fn dma_write(&mut self, _data: Option<u8>, _terminal_count: bool, _cx: &mut Cx<'_>) {}

    /// Something from outside the machine, as the journal has it.
    fn on_external(&mut self, _input: &External, _cx: &mut Cx<'_>) {}

    /// Whether something from outside waits that the guest has not taken yet.
    fn input_pending(&self) -> bool {
        false
    }

    fn reset(&mut self, kind: ResetKind, cx: &mut Cx<'_>);

    fn save(&self) -> SavedState;

    /// Takes a saved state back. Events and line levels are the board's to restore.
    ///
    /// # Errors
    /// As [`SavedState::read`]. The device is then in no defined state and the machine is not started.
    fn restore(&mut self, saved: &SavedState) -> Result<(), RestoreError>;

    /// Registers by their data sheet names, for the debugger.
    fn registers(&self, _now: Tick) -> Vec<RegisterView> {
        Vec::new()
    }

    /// What a display card shows, as if nothing changed any more: for a paused machine, whether somebody looked at
    /// its frames until now or not.
    fn picture(&self) -> Option<Frame> {
        None
    }

    /// The text that a display card shows.
    fn text_screen(&self) -> Option<TextScreen> {
        self.picture()?.text()
    }

    /// The drives, of a device that has some.
    fn media(&mut self) -> Option<&mut dyn MediaHost> {
        None
    }
}
