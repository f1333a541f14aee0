//! INT 13h for floppies: sectors go between the disk and memory at once, past controller, DMA and rotation.

use super::call::{CARRY, Call, Outcome, Register};
use crate::cards::fdc::FloppyAdapter;
use crate::chips::upd765::{DriveKind, FloppyDrive};
use crate::firmware::xt::SYSTEM_SEGMENT;
use crate::media::floppy::{Encoding, SectorId, unreadable, unwritable};
use emu_core::board::device::Cx;
use std::any::Any;

const STATUS: u16 = 0x41;
/// A byte per drive; bit 4: a change of disk has been seen.
const MEDIA_STATE: u16 = 0x90;
const STATE_KNOWN: u8 = 0x10;

/// What a call can end with, as INT 13h reports it (Technical Reference, "Diskette I/O").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Good = 0x00,
    BadCommand = 0x01,
    NoAddressMark = 0x02,
    WriteProtected = 0x03,
    NotFound = 0x04,
    Changed = 0x06,
    DmaBoundary = 0x09,
    BadMediaType = 0x0C,
    BadCrc = 0x10,
    BadController = 0x20,
    TimeOut = 0x80,
}

/// Offsets in the diskette parameters of INT 1Eh.
const PARAM_SIZE: u16 = 3;
const PARAM_LAST: u16 = 4;
const PARAM_FORMAT_GAP: u16 = 7;
const PARAM_FILLER: u16 = 8;

pub fn serve(call: &mut Call<'_>) -> Outcome {
    let status = match call.high(Register::Ax) {
        _ if call.low(Register::Dx) >= 0x80 => Status::BadCommand,
        0x00 => Status::Good,
        0x01 => return last_status(call),
        0x02 => sectors(call, Direction::Read),
        0x03 => sectors(call, Direction::Write),
        0x04 => sectors(call, Direction::Verify),
        0x05 => format(call),
        0x08 => return parameters(call),
        0x15 => return kind_of_drive(call),
        0x16 => change(call),
        0x17 => set_type(call),
        0x18 => set_media(call),
        _ => Status::BadCommand,
    };
    call.set_bda(STATUS, status as u8);
    finish(call, status as u8)
}

fn finish(call: &mut Call<'_>, status: u8) -> Outcome {
    call.set_high(Register::Ax, status);
    call.set_flags(CARRY, status != 0);
    Outcome::Done
}

fn last_status(call: &mut Call<'_>) -> Outcome {
    let status = call.bda(STATUS);
    call.set_low(Register::Ax, status);
    finish(call, status)
}

/// Calls with the drive that DL names. `None`: there is none.
fn with_drive<R>(call: &mut Call<'_>, with: impl FnOnce(&mut FloppyDrive, &mut Cx<'_>) -> R) -> Option<R> {
    let slot = usize::from(call.low(Register::Dx));
    let at = call.now();
    call.bus.with_domain(at, |domain, _| {
        let card = domain.find("fdc")?;
        domain.with(card, |device, cx| {
            let adapter = (device as &mut dyn Any).downcast_mut::<FloppyAdapter>()?;
            adapter.drive_mut(slot).map(|drive| with(drive, cx))
        })
    })
}

fn kind(call: &mut Call<'_>) -> Option<DriveKind> {
    with_drive(call, |drive, _| drive.kind())
}

fn parameter(call: &mut Call<'_>, index: u16) -> u8 {
    let (segment, offset) = call.vector(0x1E);
    call.byte(segment, offset.wrapping_add(index))
}

fn state_byte(call: &Call<'_>) -> u16 {
    MEDIA_STATE + u16::from(call.low(Register::Dx) & 1)
}

/// The drive has a disk, and the caller knows which. Moving the head clears the change line, as the ROM code does.
fn ready(call: &mut Call<'_>) -> Result<(), Status> {
    let (present, changed) = with_drive(call, |drive, _| {
        let changed = drive.is_changed() && drive.kind() != DriveKind::Dd360K;
        if changed {
            drive.step(true);
            drive.step(false);
        }
        (drive.disk().is_some(), changed)
    })
    .ok_or(Status::TimeOut)?;
    let at = state_byte(call);
    let known = call.bda(at) & STATE_KNOWN != 0;
    call.set_bda(at, if present { STATE_KNOWN } else { 0 });
    match (present, changed && known) {
        (false, _) => Err(Status::TimeOut),
        (true, true) => Err(Status::Changed),
        (true, false) => Ok(()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Read,
    Write,
    Verify,
}

/// AH=2, 3, 4. AL: sectors, and how many were moved.
fn sectors(call: &mut Call<'_>, direction: Direction) -> Status {
    let count = call.low(Register::Ax);
    call.set_low(Register::Ax, 0);
    let size = 128_u32 << (parameter(call, PARAM_SIZE) & 3);
    let start = (u32::from(call.get(Register::Es)) << 4) + u32::from(call.get(Register::Bx));
    if let Err(status) = ready(call) {
        return status;
    }
    let crosses = (start & 0xFFFF) + u32::from(count) * size > 0x1_0000;
    if count == 0 || crosses && direction != Direction::Verify {
        return Status::DmaBoundary;
    }
    let (cx, dx) = (call.get(Register::Cx), call.get(Register::Dx));
    let (cylinder, mut head, mut sector) = ((cx >> 8) as u8, (dx >> 8) as u8 & 1, cx as u8 & 0x3F);
    let last = parameter(call, PARAM_LAST);
    for done in 0..count {
        let offset = call.get(Register::Bx).wrapping_add(u16::from(done) * size as u16);
        let id = SectorId { c: cylinder, h: head, r: sector, n: parameter(call, PARAM_SIZE) & 3 };
        if let Err(status) = one_sector(call, direction, id, offset) {
            return status;
        }
        call.set_low(Register::Ax, done + 1);
        // With the controller's multi-track bit the other side follows the last sector.
        (head, sector) = if sector == last && head == 0 { (1, 1) } else { (head, sector.wrapping_add(1)) };
    }
    Status::Good
}

fn one_sector(call: &mut Call<'_>, direction: Direction, id: SectorId, offset: u16) -> Result<(), Status> {
    let segment = call.get(Register::Es);
    let data = match direction {
        Direction::Write => {
            (0..id.size()).map(|at| call.byte(segment, offset.wrapping_add(at as u16))).collect()
        }
        _ => Vec::new(),
    };
    let data = (direction == Direction::Write).then_some(&data);
    let moved = with_drive(call, |drive, cx| move_sector(drive, id, data, cx));
    let bytes = moved.unwrap_or(Err(Status::TimeOut))?;
    if direction == Direction::Read {
        for (at, byte) in (0_u16..).zip(bytes) {
            call.set_byte(segment, offset.wrapping_add(at), byte);
        }
    }
    Ok(())
}

/// Writes `data` to a sector, or reads it.
fn move_sector(
    drive: &mut FloppyDrive,
    id: SectorId,
    data: Option<&Vec<u8>>,
    cx: &mut Cx<'_>,
) -> Result<Vec<u8>, Status> {
    let protected = drive.is_write_protected();
    let disk = drive.disk_mut().ok_or(Status::TimeOut)?;
    let track = disk.track(id.c, id.h).ok_or(Status::NoAddressMark)?.into_owned();
    let index = track.sectors.iter().position(|s| s.id == id).ok_or(Status::NotFound)?;
    let Some(data) = data else {
        return disk.read(&track.sectors[index]).map_err(|error| {
            cx.notice(unreadable(&error));
            Status::BadCrc
        });
    };
    if protected {
        return Err(Status::WriteProtected);
    }
    disk.write((id.c, id.h), index, data, false).map_err(|error| {
        cx.notice(unwritable(&error));
        Status::BadController
    })?;
    Ok(Vec::new())
}

/// AH=5. ES:BX: cylinder, head, sector, size for each sector of the track.
fn format(call: &mut Call<'_>) -> Status {
    if let Err(status) = ready(call) {
        return status;
    }
    let (segment, offset) = (call.get(Register::Es), call.get(Register::Bx));
    let count = parameter(call, PARAM_LAST);
    let mut ids = Vec::new();
    for sector in 0..u16::from(count) {
        let [c, h, r, n] =
            std::array::from_fn(|i| call.byte(segment, offset.wrapping_add(sector * 4 + i as u16)));
        ids.push(SectorId { c, h, r, n });
    }
    let (size, gap) = (parameter(call, PARAM_SIZE) & 3, parameter(call, PARAM_FORMAT_GAP));
    let fill = parameter(call, PARAM_FILLER);
    let at = (call.high(Register::Cx), call.high(Register::Dx) & 1);
    let formatted = with_drive(call, |drive, cx| {
        if drive.is_write_protected() {
            return Status::WriteProtected;
        }
        let Some(disk) = drive.disk_mut() else { return Status::TimeOut };
        let bytes = disk.format().track_bytes;
        let result = disk.format_track(at, (Encoding::Mfm, bytes), (size, gap), &ids, fill);
        disk.take_news().into_iter().for_each(|news| cx.notice(news));
        result.map_or_else(
            |error| {
                cx.notice(unwritable(&error));
                Status::BadController
            },
            |()| Status::Good,
        )
    });
    formatted.unwrap_or(Status::TimeOut)
}

/// The number of the type, the last cylinder, the sectors of a track.
const fn limits(kind: DriveKind) -> (u8, u8, u8) {
    match kind {
        DriveKind::Dd360K => (1, 39, 9),
        DriveKind::Hd1200K => (2, 79, 15),
        DriveKind::Dd720K => (3, 79, 9),
        DriveKind::Hd1440K => (4, 79, 18),
    }
}

/// AH=8: what the drive can hold at the most.
fn parameters(call: &mut Call<'_>) -> Outcome {
    let mut drives = 0;
    let wanted = call.get(Register::Dx);
    for slot in 0..2 {
        call.set_low(Register::Dx, slot);
        drives += u8::from(kind(call).is_some());
    }
    call.set(Register::Dx, wanted);
    let found = kind(call).map(limits);
    let (number, cylinder, sectors) = found.unwrap_or_default();
    let (table_segment, table) = match found {
        Some(_) => (SYSTEM_SEGMENT, super::super::xt::DISK_PARAMETERS),
        None => (0, 0),
    };
    call.set(Register::Ax, 0);
    call.set(Register::Bx, number.into());
    call.set(Register::Cx, u16::from(cylinder) << 8 | u16::from(sectors));
    call.set(Register::Dx, u16::from(found.is_some()) << 8 | u16::from(drives));
    call.set(Register::Di, table);
    call.set(Register::Es, table_segment);
    finish(call, 0)
}

/// AH=15h: 0 no drive, 1 one that does not see a change of disk, 2 one that does.
fn kind_of_drive(call: &mut Call<'_>) -> Outcome {
    let answer = match kind(call) {
        None => 0,
        Some(DriveKind::Dd360K) => 1,
        Some(_) => 2,
    };
    call.set_high(Register::Ax, answer);
    call.set_flags(CARRY, false);
    Outcome::Done
}

fn change(call: &mut Call<'_>) -> Status {
    match with_drive(call, |drive, _| drive.kind() == DriveKind::Dd360K || drive.is_changed()) {
        None => Status::TimeOut,
        Some(true) => Status::Changed,
        Some(false) => Status::Good,
    }
}

fn set_type(call: &mut Call<'_>) -> Status {
    match (kind(call), call.low(Register::Ax)) {
        (None, _) => Status::TimeOut,
        (Some(_), 1..=4) => Status::Good,
        _ => Status::BadCommand,
    }
}

/// AH=18h. CH: the last track, CL: sectors of a track. ES:DI := parameters.
fn set_media(call: &mut Call<'_>) -> Status {
    let Some(kind) = kind(call) else { return Status::TimeOut };
    let sectors = call.low(Register::Cx) & 0x3F;
    let (_, _, most) = limits(kind);
    if sectors != most && sectors > 9 {
        return Status::BadMediaType;
    }
    call.set(Register::Di, super::super::xt::DISK_PARAMETERS);
    call.set(Register::Es, SYSTEM_SEGMENT);
    Status::Good
}
