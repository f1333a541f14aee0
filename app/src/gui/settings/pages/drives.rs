//! Floppy drives and hard disks.

use crate::gui::describe;
use crate::gui::settings::page::RowCx;
use crate::gui::settings::row::{Action, Choice, Control, Edit, Row, Target};
use machines::chips::upd765::DriveKind;
use machines::media::hard_disk::COMMON_DRIVES;
use machines::profile::{DiskProfile, Field, FloppyProfile};

/// What a new hard disk's image is called in the machine's folder.
pub const NEW_DISK: &str = "disk.img";

pub fn floppies(cx: RowCx<'_>) -> Vec<Row> {
    let drives = cx.profile.floppies.iter().enumerate().zip('A'..);
    let mut rows: Vec<Row> = drives.flat_map(|((at, floppy), letter)| drive(at, letter, floppy)).collect();
    rows.push(number_of_drives(cx));
    rows
}

/// The images alone, as the wizard asks for them.
pub fn images(cx: RowCx<'_>) -> Vec<Row> {
    let drives = cx.profile.floppies.iter().enumerate().zip('A'..);
    drives.flat_map(|((at, floppy), letter)| image(at, letter, floppy)).collect()
}

fn drive(at: usize, letter: char, floppy: &FloppyProfile) -> Vec<Row> {
    let mut rows = image(at, letter, floppy);
    let follow = Edit::of(move |profile| set_type(&mut profile.floppies, at, None));
    let mut types = vec![Choice::new("As its image asks", floppy.drive.is_none(), follow)];
    types.extend(DriveKind::ALL.into_iter().map(|kind| {
        let name = kind.name();
        let is_chosen = floppy.drive.as_deref().is_some_and(|drive| drive.eq_ignore_ascii_case(name));
        let edit = Edit::of(move |profile| set_type(&mut profile.floppies, at, Some(name.to_owned())));
        Choice::new(name, is_chosen, edit)
    }));
    let help = "Which disks the drive reads. A larger drive also reads the smaller disks of its size.";
    rows.push(Row::new(format!("Type of {letter}:"), Control::Choice(types), help));
    rows
}

fn set_type(floppies: &mut [FloppyProfile], at: usize, kind: Option<String>) {
    if let Some(floppy) = floppies.get_mut(at) {
        floppy.drive = kind;
    }
}

fn image(at: usize, letter: char, floppy: &FloppyProfile) -> Vec<Row> {
    let mut actions =
        vec![Action::new("Choose…", format!("Choose for {letter}:"), Edit::Browse(Target::Floppy(at)))];
    if floppy.image.is_some() {
        let empty = Edit::of(move |profile| {
            if let Some(floppy) = profile.floppies.get_mut(at) {
                (floppy.image, floppy.write_protected) = (None, false);
            }
        });
        actions.push(Action::new("Empty", format!("Empty {letter}:"), empty));
    }
    let fact = floppy.image.as_deref().map_or("empty".to_owned(), describe::image_name);
    let help = "The disk in the drive. It can be changed at any time.";
    let row = Row::new(format!("Drive {letter}:"), Control::Actions { fact, actions }, help);
    let mut rows = vec![row.at_once().of(Field::Floppy(at))];
    if floppy.image.is_some() {
        let control = Control::Switch {
            is_on: floppy.write_protected,
            set: Box::new(move |profile, is_on| {
                if let Some(floppy) = profile.floppies.get_mut(at) {
                    floppy.write_protected = is_on;
                }
            }),
        };
        let help = "The guest cannot write to the disk.";
        rows.push(Row::new(format!("Write-protected {letter}:"), control, help).at_once());
    }
    rows
}

fn number_of_drives(cx: RowCx<'_>) -> Row {
    let numbers = (0..=cx.board.floppy_drives).map(|number| {
        let edit = Edit::of(move |profile| profile.floppies.resize(number, FloppyProfile::default()));
        Choice::new(number.to_string(), cx.profile.floppies.len() == number, edit)
    });
    let help = format!("The {} takes up to {}.", cx.board.label, cx.board.floppy_drives);
    Row::new("Floppy drives", Control::Choice(numbers.collect()), help)
}

pub fn disks(cx: RowCx<'_>) -> Vec<Row> {
    let RowCx { profile, board, .. } = cx;
    let mut rows: Vec<Row> = profile.disks.iter().enumerate().map(|(at, disk)| hard_disk(at, disk)).collect();
    if profile.disks.len() >= board.disks {
        let fact = Control::Fact(format!("{} of {}", profile.disks.len(), board.disks));
        rows.push(Row::new("Hard disks", fact, "The board takes no more disks.").of(Field::Disks));
        return rows;
    }
    let browse = Action::new("Add a disk image…", "Add a disk image…", Edit::Browse(Target::Disk));
    let fact = format!("{} of {}", profile.disks.len(), board.disks);
    let control = Control::Actions { fact, actions: vec![browse] };
    rows.push(
        Row::new("Hard disks", control, "A file with a disk's sectors, one after another.").of(Field::Disks),
    );
    if !profile.disks.iter().any(|disk| disk.image == NEW_DISK) {
        let choices = COMMON_DRIVES.iter().enumerate().map(|(at, (label, _))| new_disk(at, label));
        let control = Control::Menu { face: "Add a new disk", choices: choices.collect() };
        rows.push(Row::new("New disk", control, "It is empty; the guest's own FDISK and FORMAT prepare it."));
    }
    rows
}

fn new_disk(at: usize, label: &'static str) -> Choice {
    let edit = Edit::Change(Box::new(move |draft| {
        draft.new_disk = Some(at);
        draft.profile.disks.push(DiskProfile { image: NEW_DISK.to_owned() });
    }));
    Choice::new(label, false, edit)
}

fn hard_disk(at: usize, disk: &DiskProfile) -> Row {
    let remove = Edit::Change(Box::new(move |draft| {
        if at < draft.profile.disks.len() && draft.profile.disks.remove(at).image == NEW_DISK {
            draft.new_disk = None;
        }
    }));
    let label = format!("Hard disk {}", at + 1);
    let actions = vec![Action::new("Remove", format!("Remove disk {}", at + 1), remove)];
    let control = Control::Actions { fact: describe::image_name(&disk.image), actions };
    Row::new(label, control, "Removing it leaves its file where it is.")
}
