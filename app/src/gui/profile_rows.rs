//! Rows of choices for a machine's profile, as the wizard and the settings show them: label, control, a line of help,
//! and what is wrong with it.

use super::describe;
use super::file_browser::{FileBrowser, Outcome};
use super::theme::{self, GRID, Tone};
use egui::{ComboBox, Context, TextEdit, Ui};
use egui_material_icons::icons::ICON_WARNING;
use machines::boards::BoardKind;
use machines::catalogue::{Catalogue, DeviceKind, OptionDescription, OptionKind};
use machines::media::hard_disk::COMMON_DRIVES;
use machines::profile::{CardProfile, Conflict, DiskProfile, Field, Firmware, OptionValue, Profile};
use std::path::PathBuf;

/// What a new hard disk's image is called in the machine's folder.
pub const NEW_DISK: &str = "disk.img";

/// For which part of the profile a file is being chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Floppy(usize),
    Disk,
    Rom,
}

/// The rows, with what they keep between frames.
#[derive(Default)]
pub struct ProfileRows {
    browser: Option<(Target, FileBrowser)>,
    /// The size of a hard disk that is made with the machine, as its place among the common drives.
    pub new_disk: Option<usize>,
}

impl ProfileRows {
    /// Shows the conflicts of these fields, each with its Fix.
    pub fn conflicts(
        ui: &mut Ui,
        profile: &mut Profile,
        conflicts: &[Conflict],
        is_of: impl Fn(&Field) -> bool,
    ) {
        for conflict in conflicts.iter().filter(|conflict| conflict.fields.iter().any(&is_of)) {
            ui.horizontal_wrapped(|ui| {
                ui.colored_label(
                    theme::tone(ui, Tone::Bad),
                    format!("{} {}", ICON_WARNING.codepoint, conflict.message),
                );
                if let Some((words, fixed)) = &conflict.fix
                    && ui.button(format!("Fix: {words}")).clicked()
                {
                    *profile = (**fixed).clone();
                }
            });
        }
    }

    pub fn name(ui: &mut Ui, profile: &mut Profile) {
        let label = ui.label("Name");
        ui.add(TextEdit::singleline(&mut profile.name).desired_width(40.0 * GRID)).labelled_by(label.id);
    }

    pub fn cpu(ui: &mut Ui, profile: &mut Profile, board: &BoardKind) {
        let model = board.cpus.iter().find(|cpu| cpu.name == profile.cpu.model);
        let shown = model.map_or(profile.cpu.model.as_str(), |cpu| cpu.label);
        ComboBox::from_label("CPU model").width(30.0 * GRID).selected_text(shown).show_ui(ui, |ui| {
            for cpu in board.cpus {
                let response = ui.selectable_label(cpu.name == profile.cpu.model, cpu.label);
                if response.on_hover_text(cpu.help).clicked() {
                    profile.cpu.model = cpu.name.to_owned();
                }
            }
        });
        help(ui, model.map_or("", |cpu| cpu.help));
        let clock = board.clocks.iter().find(|clock| clock.hz == profile.cpu.clock_hz);
        let shown = clock.map_or(describe::clock(profile.cpu.clock_hz), |clock| clock.label.to_owned());
        ComboBox::from_label("Clock").width(30.0 * GRID).selected_text(shown).show_ui(ui, |ui| {
            for clock in board.clocks {
                ui.selectable_value(&mut profile.cpu.clock_hz, clock.hz, clock.label);
            }
        });
    }

    pub fn memory(ui: &mut Ui, profile: &mut Profile, board: &BoardKind) {
        let text = |kib: u32| format!("{kib} KB");
        let shown = text(profile.memory_kib);
        ComboBox::from_label("Memory").width(30.0 * GRID).selected_text(shown).show_ui(ui, |ui| {
            for &step in board.memory_steps {
                ui.selectable_value(&mut profile.memory_kib, step, text(step));
            }
        });
        let usual = (board.profile)().memory_kib;
        help(ui, &format!("{usual} KB is the usual choice for the {}.", board.label));
    }

    pub fn firmware(&mut self, ui: &mut Ui, profile: &mut Profile) {
        let is_file = matches!(profile.firmware, Firmware::File(_));
        ui.radio_value(&mut profile.firmware, Firmware::Rom, "Anachron's own, as ROM code");
        help(ui, "Everything the guest sees happens in the guest, to the cycle.");
        ui.radio_value(&mut profile.firmware, Firmware::Host, "Anachron's own, as host functions");
        help(ui, "The same entry points, served by this program: quicker, not true to the cycle.");
        let face = match &profile.firmware {
            Firmware::File(path) => format!("A ROM image: {}", describe::image_name(path)),
            _ => "A ROM image…".to_owned(),
        };
        if ui.radio(is_file, face).clicked() {
            self.browse(Target::Rom, "Choose a ROM image");
        }
    }

    pub fn floppies(&mut self, ui: &mut Ui, profile: &mut Profile) {
        for (at, letter) in (0..profile.floppies.len()).zip('A'..) {
            let floppy = &mut profile.floppies[at];
            let mut wants_file = false;
            ui.horizontal(|ui| {
                ui.label(format!("Drive {letter}:"));
                ui.label(floppy.image.as_deref().map_or("empty".to_owned(), describe::image_name));
                wants_file = ui.button(format!("Choose for {letter}:")).clicked();
                if floppy.image.is_some() && ui.button(format!("Empty {letter}:")).clicked() {
                    floppy.image = None;
                }
                let label = format!("Write-protected {letter}:");
                if floppy.image.is_some() {
                    ui.checkbox(&mut floppy.write_protected, label);
                }
            });
            if wants_file {
                self.browse(Target::Floppy(at), "Choose a floppy image");
            }
        }
        help(ui, "An image can be changed at any time while the machine runs, too.");
    }

    pub fn disks(&mut self, ui: &mut Ui, profile: &mut Profile, board: &BoardKind) {
        let mut removed = None;
        for (at, disk) in profile.disks.iter().enumerate() {
            ui.horizontal(|ui| {
                ui.label(format!("Hard disk {}: {}", at + 1, describe::image_name(&disk.image)));
                if ui.button(format!("Remove disk {}", at + 1)).clicked() {
                    removed = Some(at);
                }
            });
        }
        if let Some(at) = removed
            && profile.disks.remove(at).image == NEW_DISK
        {
            self.new_disk = None;
        }
        if profile.disks.len() >= board.disks {
            help(ui, "The board takes no more disks.");
            return;
        }
        ui.horizontal(|ui| {
            if ui.button("Add a disk image…").clicked() {
                self.browse(Target::Disk, "Choose a hard disk image");
            }
            if self.new_disk.is_none() && !profile.disks.iter().any(|disk| disk.image == NEW_DISK) {
                ui.menu_button("Add a new disk", |ui| self.new_disk_menu(ui, profile));
            }
        });
        help(ui, "A new disk is empty; the guest's own FDISK and FORMAT prepare it.");
    }

    fn new_disk_menu(&mut self, ui: &mut Ui, profile: &mut Profile) {
        for (at, (label, _)) in COMMON_DRIVES.iter().enumerate() {
            if ui.button(*label).clicked() {
                self.new_disk = Some(at);
                profile.disks.push(DiskProfile { image: NEW_DISK.to_owned() });
                ui.close();
            }
        }
    }

    /// The cards that are in, with their options, and a menu of those that could be.
    pub fn cards(ui: &mut Ui, profile: &mut Profile, conflicts: &[Conflict], catalogue: &Catalogue) {
        ui.menu_button("Add a card", |ui| add_card(ui, profile, catalogue));
        ui.separator();
        let (mut removed, mut fixed) = (None, None);
        for at in 0..profile.cards.len() {
            ui.push_id(at, |ui| {
                let card = &mut profile.cards[at];
                let kind = catalogue.find(&card.device);
                ui.horizontal(|ui| {
                    let label = kind.map_or(card.device.as_str(), |kind| kind.label);
                    ui.strong(label);
                    if ui.button(format!("Remove {label}")).clicked() {
                        removed = Some(at);
                    }
                });
                if let Some(kind) = kind {
                    help(ui, kind.help);
                    options(ui, card, kind);
                }
                let mut draft = profile.clone();
                Self::conflicts(ui, &mut draft, conflicts, |field| *field == Field::Card(at));
                if draft != *profile {
                    fixed = Some(draft);
                }
                ui.separator();
            });
        }
        if let Some(fixed) = fixed {
            *profile = fixed;
        } else if let Some(at) = removed {
            profile.cards.remove(at);
        }
    }

    fn browse(&mut self, target: Target, title: &str) {
        self.browser = Some((target, FileBrowser::new(title, None)));
    }

    /// Shows the file dialog, if one is open.
    pub fn show_browser(&mut self, ctx: &Context, profile: &mut Profile) {
        let Some((target, browser)) = &mut self.browser else { return };
        let target = *target;
        match browser.show(ctx) {
            Outcome::Open => {}
            Outcome::Cancelled => self.browser = None,
            Outcome::Chosen(path) => {
                self.browser = None;
                take(profile, target, path);
            }
        }
    }
}

fn take(profile: &mut Profile, target: Target, path: PathBuf) {
    let image = path.to_string_lossy().into_owned();
    match target {
        Target::Floppy(at) => {
            if let Some(floppy) = profile.floppies.get_mut(at) {
                floppy.image = Some(image);
            }
        }
        Target::Disk => profile.disks.push(DiskProfile { image }),
        Target::Rom => profile.firmware = Firmware::File(image),
    }
}

fn options(ui: &mut Ui, card: &mut CardProfile, kind: &DeviceKind) {
    for option in &kind.options {
        let value = card.options.get(option.name).unwrap_or(&option.default).clone();
        if let Some(chosen) = option_row(ui, option, &value) {
            if chosen == option.default {
                card.options.remove(option.name);
            } else {
                card.options.insert(option.name.to_owned(), chosen);
            }
        }
    }
}

/// An option's control. Gives a value that was just chosen.
fn option_row(ui: &mut Ui, option: &OptionDescription, value: &OptionValue) -> Option<OptionValue> {
    let mut chosen = None;
    match (&option.kind, value) {
        (OptionKind::Switch, OptionValue::Bool(on)) => {
            let mut on = *on;
            if ui.checkbox(&mut on, option.label).changed() {
                chosen = Some(OptionValue::Bool(on));
            }
        }
        (OptionKind::Choice(choices), OptionValue::Text(text)) => {
            let shown =
                choices.iter().find(|choice| choice.0 == text).map_or(text.as_str(), |choice| choice.1);
            ComboBox::from_label(option.label).width(30.0 * GRID).selected_text(shown).show_ui(ui, |ui| {
                for (name, label) in choices {
                    if ui.selectable_label(name == text, *label).clicked() {
                        chosen = Some(OptionValue::Text((*name).to_owned()));
                    }
                }
            });
        }
        // A value of another kind: the conflict beneath says so, and the default mends it.
        _ => {
            if ui.button(format!("Use the default for {}", option.label)).clicked() {
                chosen = Some(option.default.clone());
            }
        }
    }
    help(ui, option.help);
    chosen
}

fn add_card(ui: &mut Ui, profile: &mut Profile, catalogue: &Catalogue) {
    let missing = catalogue.iter().filter(|kind| profile.card(kind.name).is_none());
    let mut added = None;
    for kind in missing {
        if ui.button(kind.label).on_hover_text(kind.help).clicked() {
            added = Some(kind.name);
            ui.close();
        }
    }
    if let Some(device) = added {
        profile.cards.push(CardProfile { device: device.to_owned(), options: Default::default() });
    }
}

fn help(ui: &mut Ui, text: &str) {
    ui.add(egui::Label::new(egui::RichText::new(text).small().weak()));
}
