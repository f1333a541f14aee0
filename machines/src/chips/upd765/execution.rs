//! The execution phase of the commands that wait for the disk: looking for an address field, going from sector to
//! sector, and how it ends. The bytes of a sector are `transfer`'s, those of FORMAT TRACK `format`'s.

use super::DriveSide;
use super::command::{DiskCommand, Modifiers, Scan};
use super::format::Formatting;
use super::status::{st0, st1, st2};
use super::transfer::{Step, Transfer};
use crate::media::floppy::{Sector, SectorId, Track, unreadable, unwritable};
use emu_core::time::Tick;
use serde::{Deserialize, Serialize};

/// The seven bytes of a result phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    st: [u8; 3],
    id: SectorId,
}

impl Ending {
    pub fn to_vec(self) -> Vec<u8> {
        let Self { st: [st0, st1, st2], id: SectorId { c, h, r, n } } = self;
        vec![st0, st1, st2, c, h, r, n]
    }
}

/// What the head meets next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Hit {
    /// The end of the wanted address field, and where its data field begins.
    Address { due: Tick, data_at: Tick, index: usize },
    /// The index hole, for the second time.
    Nothing { due: Tick },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    /// Looking from here on; no hit while nothing turns.
    Searching {
        from: Tick,
        hit: Option<Hit>,
    },
    Transferring(Transfer),
    /// `None` while nothing turns.
    Formatting(Option<Formatting>),
}

/// A disk command under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    command: DiskCommand,
    modifiers: Modifiers,
    unit: u8,
    head: u8,
    /// The IDR: the sector that is wanted.
    id: SectorId,
    eot: u8,
    /// DTL; of a scan, STP. Of FORMAT TRACK, the filler byte.
    last: u8,
    /// GPL.
    gap: u8,
    sectors_done: u8,
    st0: u8,
    st1: u8,
    st2: u8,
    terminal: bool,
    stage: Stage,
}

impl Execution {
    /// A command with its bytes after the first.
    pub fn new(command: DiskCommand, modifiers: Modifiers, bytes: &[u8]) -> Self {
        let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
        let head = byte(0) >> 2 & 1;
        let (id, eot, gap, last) = if command == DiskCommand::FormatTrack {
            // N, SC, GPL, D.
            (SectorId { h: head, n: byte(1), ..SectorId::default() }, byte(2), byte(3), byte(4))
        } else {
            (SectorId { c: byte(1), h: byte(2), r: byte(3), n: byte(4) }, byte(5), byte(6), byte(7))
        };
        let (st0, st1, st2) = (byte(0) & 7, 0, 0);
        let stage = Stage::Searching { from: Tick::NEVER, hit: None };
        Self {
            command,
            modifiers,
            unit: byte(0) & 3,
            head,
            id,
            eot,
            last,
            gap,
            sectors_done: 0,
            st0,
            st1,
            st2,
            terminal: false,
            stage,
        }
    }

    /// Starts once the head is loaded, at `from`.
    pub fn begin(&mut self, from: Tick, side: &DriveSide<'_>) -> Option<Ending> {
        let protected = side.selected.as_ref().is_some_and(|d| d.is_write_protected());
        if self.command.writes_the_disk() && protected {
            self.st1 |= st1::NW;
            return Some(self.abnormal());
        }
        match self.command {
            DiskCommand::FormatTrack => self.stage = Stage::Formatting(self.formatting(from, side)),
            _ => self.search(from, side),
        }
        None
    }

    pub fn takes_bytes(&self) -> bool {
        self.command.takes_bytes()
    }

    pub fn wants_byte(&self) -> bool {
        match &self.stage {
            Stage::Searching { .. } | Stage::Formatting(None) => false,
            Stage::Transferring(transfer) => transfer.wants_byte(),
            Stage::Formatting(Some(formatting)) => formatting.wants_byte(),
        }
    }

    pub fn due(&self) -> Tick {
        match &self.stage {
            Stage::Searching { hit, .. } => match hit {
                Some(Hit::Address { due, .. } | Hit::Nothing { due }) => *due,
                None => Tick::NEVER,
            },
            Stage::Transferring(transfer) => transfer.due(),
            Stage::Formatting(formatting) => formatting.as_ref().map_or(Tick::NEVER, Formatting::due),
        }
    }

    /// The processor takes a byte.
    pub fn give_byte(&mut self) -> Option<u8> {
        if let Stage::Transferring(transfer) = &mut self.stage { transfer.give_byte() } else { None }
    }

    /// The processor gives a byte.
    pub fn take_byte(&mut self, byte: u8) {
        match &mut self.stage {
            Stage::Searching { .. } | Stage::Formatting(None) => {}
            Stage::Transferring(transfer) => transfer.take_byte(byte),
            Stage::Formatting(Some(formatting)) => formatting.take_byte(byte),
        }
    }

    /// TC: no further byte is asked for.
    pub fn terminal_count(&mut self) {
        self.terminal = true;
        match &mut self.stage {
            Stage::Searching { .. } | Stage::Formatting(None) => {}
            Stage::Transferring(transfer) => transfer.terminal_count(),
            Stage::Formatting(Some(formatting)) => formatting.terminal_count(),
        }
    }

    /// Another disk, another speed: what was under way starts again, or waits.
    pub fn drive_changed(&mut self, now: Tick, side: &DriveSide<'_>) {
        match &self.stage {
            Stage::Formatting(_) => self.stage = Stage::Formatting(self.formatting(now, side)),
            Stage::Searching { from, .. } => self.search(now.max(*from), side),
            Stage::Transferring(_) => self.search(now, side),
        }
    }

    /// What is due happens. Gives the result when the command ends with it.
    pub fn advance(
        &mut self,
        now: Tick,
        side: &mut DriveSide<'_>,
        notices: &mut Vec<String>,
    ) -> Option<Ending> {
        match &mut self.stage {
            Stage::Searching { hit, .. } => match hit.take() {
                None => None,
                Some(Hit::Nothing { .. }) => Some(self.found_nothing(side)),
                Some(Hit::Address { data_at, due, index }) => self.found(index, due, data_at, side, notices),
            },
            Stage::Transferring(transfer) => match transfer.advance(now) {
                Step::Going => None,
                Step::Overrun => Some(self.overrun()),
                Step::SectorEnd => self.sector_end(now, side, notices),
            },
            Stage::Formatting(None) => None,
            Stage::Formatting(Some(formatting)) => match formatting.advance(now) {
                Step::Going => None,
                Step::Overrun => Some(self.overrun()),
                Step::SectorEnd => Some(self.track_formatted(side, notices)),
            },
        }
    }

    fn track(&self, side: &DriveSide<'_>) -> Option<Track> {
        let drive = side.selected.as_ref()?;
        drive.track(self.head, self.modifiers.encoding, side.rate.bits_per_second()).map(|t| t.into_owned())
    }

    /// Looks for the next address field that serves, from `from` on and until the second index hole.
    fn search(&mut self, from: Tick, side: &DriveSide<'_>) {
        let hit = side.selected.as_ref().and_then(|drive| {
            let index = drive.next_pass(from, 0, 1)?;
            let second_index = index + drive.turn();
            let from_index = self.command == DiskCommand::ReadTrack && self.sectors_done == 0;
            let from = if from_index { index } else { from };
            let track = self.track(side);
            let hits = track.iter().flat_map(|t| t.sectors.iter().enumerate().map(|s| (t.bytes, s)));
            let hits =
                hits.filter(|(_, (_, sector))| self.is_wanted(sector)).filter_map(|(bytes, (index, s))| {
                    let mark = drive.next_pass(from, s.id_at, bytes)?;
                    let ticks = |bytes_on: u64| bytes_on * drive.turn() / u64::from(bytes.max(1));
                    let due = mark + ticks(self.modifiers.encoding.id_bytes() as u64);
                    let data_at = mark + ticks(u64::from(s.data_at.saturating_sub(s.id_at)));
                    (mark < second_index).then_some((due, data_at, index))
                });
            Some(match hits.min() {
                Some((due, data_at, index)) => Hit::Address { due, data_at, index },
                None => Hit::Nothing { due: second_index },
            })
        });
        self.stage = Stage::Searching { from, hit };
    }

    fn is_wanted(&self, sector: &Sector) -> bool {
        match self.command {
            DiskCommand::ReadId | DiskCommand::ReadTrack => true,
            _ => sector.id == self.id,
        }
    }

    /// Two index holes, and no such sector.
    fn found_nothing(&mut self, side: &DriveSide<'_>) -> Ending {
        match self.track(side).filter(|t| !t.sectors.is_empty()) {
            None => self.st1 |= st1::MA,
            Some(track) => {
                self.st1 |= st1::ND;
                let elsewhere = track.sectors.iter().find(|s| s.id.c != self.id.c);
                self.st2 |= match elsewhere.map(|s| s.id.c) {
                    None => 0,
                    Some(0xFF) => st2::BC,
                    Some(_) => st2::WC,
                };
            }
        }
        self.abnormal()
    }

    /// An address field that serves has passed.
    fn found(
        &mut self,
        index: usize,
        due: Tick,
        data_at: Tick,
        side: &mut DriveSide<'_>,
        notices: &mut Vec<String>,
    ) -> Option<Ending> {
        let track = self.track(side);
        let Some((track, sector)) = track.as_ref().and_then(|t| Some((t, t.sectors.get(index)?))) else {
            self.search(due, side);
            return None;
        };
        match self.command {
            DiskCommand::ReadId => {
                self.id = sector.id;
                return Some(self.normal());
            }
            DiskCommand::ReadTrack if sector.id != self.id => self.st1 |= st1::ND,
            _ => {}
        }
        let reads = !matches!(self.command, DiskCommand::Write { .. });
        let other_mark = sector.deleted != matches!(self.command, DiskCommand::Read { deleted: true });
        if reads && other_mark {
            if self.modifiers.skip && self.command != DiskCommand::ReadTrack {
                return self.next_sector(data_at, side);
            }
            self.st2 |= st2::CM;
        }
        let bytes = if reads { self.read_sector(sector, side, notices) } else { Vec::new() };
        let turn = side.selected.as_ref().map_or(1, |d| d.turn());
        let transfer = Transfer::new(index, data_at, (turn, track.bytes), sector.id.size());
        let transfer = match self.command {
            DiskCommand::Write { .. } => transfer.taking(self.transfer_bytes(sector)),
            DiskCommand::Scan(_) => transfer.comparing(bytes),
            _ => transfer.giving(bytes, self.transfer_bytes(sector)),
        };
        self.stage = Stage::Transferring(transfer);
        None
    }

    /// The bytes that reach the processor: with N = 0, DTL says how many of the 128.
    fn transfer_bytes(&self, sector: &Sector) -> usize {
        let size = sector.id.size();
        if self.id.n == 0 { size.min(usize::from(self.last)) } else { size }
    }

    fn read_sector(
        &mut self,
        sector: &Sector,
        side: &mut DriveSide<'_>,
        notices: &mut Vec<String>,
    ) -> Vec<u8> {
        let disk = side.selected.as_mut().and_then(|d| d.disk_mut());
        let mut bytes = match disk.map(|d| d.read(sector)) {
            Some(Ok(bytes)) => bytes,
            Some(Err(error)) => {
                notices.push(unreadable(&error));
                self.st1 |= st1::DE;
                self.st2 |= st2::DD;
                Vec::new()
            }
            None => Vec::new(),
        };
        bytes.resize(sector.id.size(), 0);
        bytes
    }

    /// A data field has passed whole.
    fn sector_end(
        &mut self,
        now: Tick,
        side: &mut DriveSide<'_>,
        notices: &mut Vec<String>,
    ) -> Option<Ending> {
        let Stage::Transferring(transfer) = &self.stage else { return None };
        let transfer = transfer.clone();
        match self.command {
            DiskCommand::Write { deleted } => {
                let at = (side.selected.as_ref().and_then(|d| d.disk_cylinder()).unwrap_or(0), self.head);
                let disk = side.selected.as_mut().and_then(|d| d.disk_mut());
                let Some(disk) = disk else {
                    self.search(now, side);
                    return None;
                };
                let written = disk.write(at, transfer.sector(), &transfer.written_field(), deleted);
                notices.extend(disk.take_news());
                if let Err(error) = written {
                    return Some(self.write_failed(&error, notices));
                }
            }
            DiskCommand::Scan(scan) => {
                if let Some(ending) = self.scanned(scan, &transfer) {
                    return Some(ending);
                }
            }
            DiskCommand::ReadTrack => return self.read_track_sector_end(now, side),
            _ => {}
        }
        if self.st1 & st1::DE != 0 {
            return Some(self.abnormal());
        }
        if self.st2 & st2::CM != 0 {
            self.step_id();
            return Some(self.normal());
        }
        self.next_sector(now, side)
    }

    fn read_track_sector_end(&mut self, now: Tick, side: &DriveSide<'_>) -> Option<Ending> {
        self.sectors_done = self.sectors_done.saturating_add(1);
        let last = self.sectors_done >= self.eot;
        self.id.r = self.id.r.wrapping_add(1);
        if self.terminal {
            return Some(if self.st1 == 0 { self.normal() } else { self.abnormal() });
        }
        if last {
            self.st1 |= st1::EN;
            return Some(self.abnormal());
        }
        self.search(now, side);
        None
    }

    fn write_failed(&mut self, error: &std::io::Error, notices: &mut Vec<String>) -> Ending {
        notices.push(unwritable(error));
        self.st0 |= st0::EC;
        self.abnormal()
    }

    /// A scanned sector: the first byte that differs decides (FFh on either side matches anything).
    fn scanned(&mut self, scan: Scan, transfer: &Transfer) -> Option<Ending> {
        let order = transfer.disk_against_processor();
        let met = match scan {
            Scan::Equal => order.is_eq(),
            Scan::LowOrEqual => order.is_le(),
            Scan::HighOrEqual => order.is_ge(),
        };
        self.st2 &= !(st2::SH | st2::SN);
        self.st2 |= match (met, order.is_eq()) {
            (true, true) => st2::SH,
            (true, false) => 0,
            (false, _) => st2::SN,
        };
        let at_eot = self.id.r == self.eot && !(self.modifiers.multi_track && self.head == 0);
        (met || at_eot).then(|| {
            if self.terminal {
                self.step_id();
            }
            self.normal()
        })
    }

    /// On to the next sector, unless that was the last one.
    fn next_sector(&mut self, now: Tick, side: &DriveSide<'_>) -> Option<Ending> {
        let end_of_cylinder = self.step_id();
        if self.terminal {
            return Some(self.normal());
        }
        if end_of_cylinder {
            self.st1 |= st1::EN;
            return Some(self.abnormal());
        }
        self.search(now, side);
        None
    }

    /// Moves the IDR on (data sheet, table "ID Information When Processor Terminates Command"). Gives whether the
    /// cylinder has ended.
    fn step_id(&mut self) -> bool {
        if self.id.r != self.eot {
            let step = if matches!(self.command, DiskCommand::Scan(_)) { self.last.clamp(1, 2) } else { 1 };
            self.id.r = self.id.r.wrapping_add(step);
            return false;
        }
        self.id.r = 1;
        if self.modifiers.multi_track {
            self.id.h ^= 1;
            if self.head == 0 {
                self.head = 1;
                return false;
            }
        }
        self.id.c = self.id.c.wrapping_add(1);
        true
    }

    fn formatting(&self, from: Tick, side: &DriveSide<'_>) -> Option<Formatting> {
        let drive = side.selected.as_ref()?;
        let index = drive.next_pass(from, 0, 1)?;
        let encoding = self.modifiers.encoding;
        let bytes = drive.track_bytes(encoding, side.rate.bits_per_second());
        let places = encoding.places(bytes, self.id.size(), self.gap, usize::from(self.eot));
        Some(Formatting::new(index, (drive.turn(), bytes), places.into_iter().map(|p| p.0).collect()))
    }

    fn track_formatted(&mut self, side: &mut DriveSide<'_>, notices: &mut Vec<String>) -> Ending {
        let Stage::Formatting(Some(formatting)) = &self.stage else { return self.abnormal() };
        let (ids, bytes) = (formatting.ids(), formatting.track_bytes());
        let cylinder = side.selected.as_ref().and_then(|d| d.disk_cylinder());
        let disk = side.selected.as_mut().and_then(|d| d.disk_mut());
        if let (Some(cylinder), Some(disk)) = (cylinder, disk) {
            let way = (self.modifiers.encoding, bytes);
            let done = disk.format_track((cylinder, self.head), way, (self.id.n, self.gap), &ids, self.last);
            notices.extend(disk.take_news());
            if let Err(error) = done {
                return self.write_failed(&error, notices);
            }
        }
        if let Some(last) = ids.last() {
            self.id = SectorId { n: self.id.n, ..*last };
        }
        self.normal()
    }

    fn overrun(&mut self) -> Ending {
        self.st1 |= st1::OR;
        self.abnormal()
    }

    fn normal(&self) -> Ending {
        let head = if self.head != 0 { st0::HD } else { 0 };
        Ending { st: [self.st0 & !st0::HD | head | self.unit, self.st1, self.st2], id: self.id }
    }

    fn abnormal(&self) -> Ending {
        let Ending { st: [st0, st1, st2], id } = self.normal();
        Ending { st: [st0 | st0::ABNORMAL, st1, st2], id }
    }

    /// For the debugger.
    pub fn describe(&self) -> String {
        let stage = match &self.stage {
            Stage::Searching { hit: None, .. } | Stage::Formatting(None) => "waiting for a turning disk",
            Stage::Searching { .. } => "searching",
            Stage::Transferring(_) => "moving data",
            Stage::Formatting(_) => "formatting",
        };
        let SectorId { c, h, r, n } = self.id;
        format!("{:?}, C={c} H={h} R={r} N={n}, {stage}", self.command)
    }
}
