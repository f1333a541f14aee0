//! The drives in the status bar: a chip for each, its menu, and the dialogs behind it.

use super::MachinePage;
use crate::gui::commands::named;
use crate::gui::describe;
use crate::gui::file_browser::{FileBrowser, Outcome};
use crate::gui::new_floppy::{self, NewFloppy};
use crate::gui::theme::{self, GRID, Tone};
use crate::session::DrivePlace;
use egui::{Button, Context, Id, Modal, Pos2, Rect, RichText, Ui};
use egui_material_icons::icons::{ICON_LOCK, ICON_RADIO_BUTTON_CHECKED, ICON_RADIO_BUTTON_UNCHECKED};
use emu_core::board::device::MediaSlot;
use emu_core::machine::protocol::{Command, MediumSpec};
use std::path::PathBuf;

/// A drive as the window knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drive {
    place: DrivePlace,
    slot: MediaSlot,
    image: Option<String>,
}

impl Drive {
    fn image_name(&self) -> String {
        self.image.as_deref().map_or("—".to_owned(), describe::image_name)
    }
}

/// What is being asked about a drive.
enum Dialog {
    Choosing(DrivePlace, Box<FileBrowser>),
    Creating(DrivePlace, Box<NewFloppy>),
    /// An image is there; into which drive?
    Placing(PathBuf),
}

/// The drives' chips and dialogs, between frames.
#[derive(Default)]
pub struct DriveBar {
    dialog: Option<Dialog>,
    /// Where the chips were drawn last.
    chips: Vec<(DrivePlace, Rect)>,
}

/// What was chosen in a chip's menu.
enum Choice {
    Open,
    Create,
    Insert(String),
    Eject,
    Protect(bool),
}

/// Shows a chip for each drive.
pub fn chips(page: &mut MachinePage, ui: &mut Ui) {
    page.drives.chips.clear();
    for drive in page.drives() {
        let (rect, choice) = chip(page, ui, &drive);
        page.drives.chips.push((drive.place.clone(), rect));
        if let Some(choice) = choice {
            take(page, &drive, choice);
        }
    }
}

fn chip(page: &MachinePage, ui: &mut Ui, drive: &Drive) -> (Rect, Option<Choice>) {
    let (light, tone) = match drive.slot.active {
        true => (ICON_RADIO_BUTTON_CHECKED, Tone::Good),
        false => (ICON_RADIO_BUTTON_UNCHECKED, Tone::Quiet),
    };
    let mut light = light.rich_text().color(theme::tone(ui, tone));
    let text = format!("{} {}", drive.slot.label, drive.image_name());
    if !drive.place.removable {
        light = light.size(14.0);
        let response = ui.horizontal(|ui| (ui.label(text), ui.label(light))).response;
        return (response.rect, None);
    }
    let mut choice = None;
    let lock = if drive.slot.loaded && drive.slot.write_protected { ICON_LOCK.codepoint } else { "" };
    let menu = ui.menu_button((text, lock, light), |ui| choice = menu(page, ui, drive));
    let response = menu.response.on_hover_text("Insert, create or eject a disk; or drop an image here.");
    named(&response, &format!("Drive {} {}", drive.slot.label, drive.image_name()));
    (response.rect, choice)
}

fn menu(page: &MachinePage, ui: &mut Ui, drive: &Drive) -> Option<Choice> {
    let mut choice = None;
    if ui.button("Open…").clicked() {
        choice = Some(Choice::Open);
    }
    if ui.button("Create…").clicked() {
        choice = Some(Choice::Create);
    }
    let eject = ui.add_enabled(drive.slot.loaded, Button::new("Eject"));
    if eject.on_disabled_hover_text("The drive is empty.").clicked() {
        choice = Some(Choice::Eject);
    }
    if drive.slot.loaded {
        let mut protected = drive.slot.write_protected;
        if ui.checkbox(&mut protected, "Write-protected").changed() {
            choice = Some(Choice::Protect(protected));
        }
    }
    let recent = page.recent.lock().offer(page.machine_name().as_deref());
    let recent: Vec<_> = recent.into_iter().filter(|image| Some(image) != drive.image.as_ref()).collect();
    if !recent.is_empty() {
        ui.separator();
        ui.label(RichText::new("Recent").small().weak());
    }
    for image in recent {
        let response = ui.button(describe::image_name(&image)).on_hover_text(&image);
        if response.clicked() {
            choice = Some(Choice::Insert(image));
        }
    }
    if choice.is_some() {
        ui.close();
    }
    choice
}

fn take(page: &mut MachinePage, drive: &Drive, choice: Choice) {
    let place = drive.place.clone();
    let images = page.recent.lock().folder();
    match choice {
        Choice::Open => {
            let browser = FileBrowser::new(format!("Insert into {}", drive.slot.label), images);
            page.drives.dialog = Some(Dialog::Choosing(place, Box::new(browser)));
        }
        Choice::Create => {
            let folder = page.folder().map(|folder| folder.0.clone()).or(images);
            let dialog = NewFloppy::new(&drive.slot.label, folder);
            page.drives.dialog = Some(Dialog::Creating(place, Box::new(dialog)));
        }
        Choice::Insert(image) => page.insert_into(&place, image, false),
        Choice::Eject => page.send(Command::Eject { device: place.device, slot: place.slot }),
        Choice::Protect(protected) => {
            // A disk is protected by taking it out, turning the tab, and putting it back.
            page.send(Command::Eject { device: place.device.clone(), slot: place.slot });
            page.insert_into(&place, drive.image.clone().unwrap_or_default(), protected);
        }
    }
}

/// Shows the dialog that is open, if one is.
pub fn show_dialog(page: &mut MachinePage, ctx: &Context) {
    let Some(dialog) = page.drives.dialog.take() else { return };
    page.drives.dialog = match dialog {
        Dialog::Choosing(place, mut browser) => match browser.show(ctx) {
            Outcome::Open => Some(Dialog::Choosing(place, browser)),
            Outcome::Cancelled => None,
            Outcome::Chosen(path) => insert(page, &place, path),
        },
        Dialog::Creating(place, mut dialog) => match dialog.show(ctx) {
            new_floppy::Outcome::Open => Some(Dialog::Creating(place, dialog)),
            new_floppy::Outcome::Cancelled => None,
            new_floppy::Outcome::Created(path) => insert(page, &place, path),
        },
        Dialog::Placing(path) => show_placing(page, ctx, path),
    };
}

fn insert(page: &mut MachinePage, place: &DrivePlace, path: PathBuf) -> Option<Dialog> {
    page.insert_into(place, path.to_string_lossy().into_owned(), false);
    None
}

fn show_placing(page: &mut MachinePage, ctx: &Context, path: PathBuf) -> Option<Dialog> {
    let (mut chosen, mut is_cancelled) = (None, false);
    let name = describe::image_name(&path.to_string_lossy());
    let modal = Modal::new(Id::unique("placing")).show(ctx, |ui| {
        ui.heading(format!("Insert {name} into which drive?"));
        for drive in page.drives().into_iter().filter(|drive| drive.place.removable) {
            let held = match &drive.image {
                Some(_) => format!("in place of {}", drive.image_name()),
                None => "empty".to_owned(),
            };
            let button = Button::new(format!("{}  ({held})", drive.slot.label));
            if ui.add_sized([40.0 * GRID, 4.0 * GRID], button).clicked() {
                chosen = Some(drive.place);
            }
        }
        is_cancelled = ui.button("Cancel").clicked();
    });
    match chosen {
        Some(place) => insert(page, &place, path),
        None if is_cancelled || modal.should_close() => None,
        None => Some(Dialog::Placing(path)),
    }
}

impl MachinePage {
    /// The machine's drives, in the order of the bar.
    fn drives(&self) -> Vec<Drive> {
        let drives = self.media.iter().flat_map(|device| {
            device.slots.iter().enumerate().map(|(slot, found)| Drive {
                place: DrivePlace { device: device.device.clone(), slot, removable: found.removable },
                slot: found.clone(),
                image: device.images.get(slot).cloned().flatten(),
            })
        });
        drives.collect()
    }

    /// Takes an image that was dropped: on a chip, into that drive; else into the only one, or asks.
    pub fn take_dropped(&mut self, image: PathBuf, at: Option<Pos2>) {
        let on_chip = at.and_then(|at| self.drives.chips.iter().find(|(_, rect)| rect.contains(at)));
        let mut removable =
            self.drives().into_iter().map(|drive| drive.place).filter(|place| place.removable);
        match (on_chip, removable.next(), removable.next()) {
            (Some((place, _)), ..) if place.removable => {
                let place = place.clone();
                _ = insert(self, &place, image);
            }
            (_, Some(only), None) => _ = insert(self, &only, image),
            (_, None, _) => self.messages.push((true, "This machine has no floppy drive".to_owned())),
            _ => self.drives.dialog = Some(Dialog::Placing(image)),
        }
    }

    fn insert_into(&mut self, place: &DrivePlace, image: String, write_protected: bool) {
        let medium = MediumSpec { image, write_protected, disposable: self.is_disposable() };
        self.send(Command::Insert { device: place.device.clone(), slot: place.slot, medium });
    }

    /// Remembers the images that have come into drives since these media.
    pub(super) fn note_images(&self, before: &[emu_core::machine::protocol::DeviceMedia]) {
        let was_in =
            |image: &String| before.iter().any(|device| device.images.contains(&Some(image.clone())));
        let removable = self.drives().into_iter().filter(|drive| drive.place.removable);
        for image in removable.filter_map(|drive| drive.image).filter(|image| !was_in(image)) {
            self.recent.lock().note(self.machine_name().as_deref(), &image);
        }
    }

    /// The folder's name, under which things are remembered.
    pub fn machine_name(&self) -> Option<String> {
        self.folder().map(crate::library::MachineFolder::name)
    }
}
