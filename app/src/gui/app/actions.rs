//! What the commands of the library do.

use super::App;
use crate::gui::import::{ImportDialog, Outcome as ImportOutcome};
use crate::gui::library::{LibraryRequest, first_machine};
use crate::gui::settings::{self, Settings};
use crate::gui::toasts::Undo;
use crate::gui::wizard;
use crate::library::{LibraryError, MachineFolder};
use crate::session::SessionOptions;
use egui::Context;
use machines::profile::Profile;

impl App {
    pub(super) fn grant(&mut self, request: LibraryRequest, ctx: &Context) {
        match request {
            LibraryRequest::Command(command) => self.carry_out(command, ctx),
            LibraryRequest::Settings(page) => self.show_settings(page),
            LibraryRequest::Rename { folder, name } => {
                self.change_words(vec![folder], ctx, |profile| profile.name.clone_from(&name));
            }
            LibraryRequest::Tag(tagged) => {
                for (folder, tags) in tagged {
                    self.change_words(vec![folder], ctx, |profile| profile.tags.clone_from(&tags));
                }
            }
        }
    }

    /// Changes machines' names, tags or notes, also of those that run.
    fn change_words(&mut self, folders: Vec<MachineFolder>, ctx: &Context, change: impl Fn(&mut Profile)) {
        for folder in folders {
            let changed = folder.profile().and_then(|mut profile| {
                change(&mut profile);
                folder.save_profile(&profile).map(|()| profile)
            });
            match changed {
                Ok(profile) => self.take_settings(&folder, &profile),
                Err(error) => self.toasts.complain(error.to_string()),
            }
        }
        self.library.refresh(ctx);
    }

    pub(super) fn start_chosen(&mut self, ctx: &Context) {
        let chosen = self.library.chosen().into_iter();
        let chosen: Vec<_> = chosen.map(|entry| (entry.folder.clone(), entry.profile.clone())).collect();
        for (folder, profile) in chosen {
            match profile {
                Ok(profile) => self.start_or_show(folder, profile, ctx),
                Err(problem) => self.toasts.complain(problem),
            }
        }
    }

    pub(super) fn start_demo(&mut self, ctx: &Context) {
        match self.library.library.create(&first_machine()) {
            Ok(folder) => {
                self.library.refresh(ctx);
                self.library.select(folder);
                self.start_chosen(ctx);
            }
            Err(error) => self.toasts.complain(error.to_string()),
        }
    }

    fn start_or_show(&mut self, folder: MachineFolder, profile: Profile, ctx: &Context) {
        if self.show_machine(&folder, ctx) {
            return;
        }
        let options = SessionOptions { folder: Some(folder.clone()), ..SessionOptions::default() };
        self.start(profile, options, ctx);
        if !self.remembered.opens_pages
            && !ctx.embed_viewports()
            && let Some(machine) = self.find_machine(Some(&folder))
        {
            machine.set_own_window(true);
            self.shown = None;
        }
    }

    pub(super) fn trash_chosen(&mut self, ctx: &Context) {
        let chosen = self.library.chosen().into_iter();
        let chosen: Vec<_> = chosen.map(|entry| (entry.name(), entry.folder.clone())).collect();
        let (mut names, mut trashed) = (Vec::new(), Vec::new());
        for (name, folder) in chosen {
            match self.library.library.trash(&folder) {
                Ok(gone) => {
                    names.push(name);
                    trashed.push(gone);
                }
                Err(error) => self.toasts.complain(error.to_string()),
            }
        }
        let words = match names.as_slice() {
            [] => return,
            [name] => format!("{name} is in the trash"),
            names => format!("{} machines are in the trash", names.len()),
        };
        self.toasts.offer_undo(words, Undo::Restore(trashed));
        self.library.refresh(ctx);
    }

    pub(super) fn undo(&mut self, undo: &Undo, ctx: &Context) {
        let Undo::Restore(trashed) = undo;
        let restored: Result<Vec<_>, LibraryError> =
            trashed.iter().map(|gone| self.library.library.restore(gone)).collect();
        self.library.refresh(ctx);
        match restored {
            Ok(folders) => self.library.select_these(folders),
            Err(error) => self.toasts.complain(error.to_string()),
        }
    }

    /// The settings of the machine that is shown, or else of the one chosen in the library.
    pub(super) fn show_settings(&mut self, page: settings::Page) {
        let shown = self.machine().and_then(|machine| machine.folder().cloned());
        let chosen = || self.library.selected().map(|entry| entry.folder.clone());
        if let Some(folder) = shown.or_else(chosen) {
            self.show_settings_of(folder, page);
        }
    }

    pub(super) fn show_settings_of(&mut self, folder: MachineFolder, page: settings::Page) {
        let running = self.find_machine(Some(&folder)).map(|machine| machine.page().profile.clone());
        match folder.profile() {
            Ok(profile) => self.settings = Some(Settings::new(folder, profile, page, running)),
            Err(problem) => self.toasts.complain(problem.to_string()),
        }
    }

    /// A machine that is on takes over what need not wait for its next power-on.
    fn take_settings(&mut self, folder: &MachineFolder, profile: &Profile) {
        if let Some(machine) = self.find_machine(Some(folder)) {
            machine.page().take_settings(profile);
        }
    }

    pub(super) fn show_dialogs(&mut self, ctx: &Context) {
        if let Some(wizard) = &mut self.wizard {
            match wizard.show(ctx, &self.library.library) {
                wizard::Outcome::Open => {}
                wizard::Outcome::Cancelled => self.wizard = None,
                wizard::Outcome::Created(folder) => {
                    self.wizard = None;
                    self.show_new(folder, ctx);
                }
            }
        }
        if let Some(dialog) = &mut self.settings {
            match dialog.show(ctx, &mut self.host) {
                settings::Outcome::Open => {}
                settings::Outcome::Closed => self.settings = None,
                settings::Outcome::Saved(profile) => {
                    let folder = dialog.folder().clone();
                    self.settings = None;
                    self.take_settings(&folder, &profile);
                    self.library.refresh(ctx);
                }
            }
        }
        self.show_import(ctx);
    }

    /// Takes the library's page to a machine that has just come into it.
    fn show_new(&mut self, folder: MachineFolder, ctx: &Context) {
        self.shown = None;
        self.library.refresh(ctx);
        self.library.select(folder);
    }

    pub(super) fn begin_import(&mut self) {
        self.import = Some(ImportDialog::new());
    }

    fn show_import(&mut self, ctx: &Context) {
        let Some(import) = &mut self.import else { return };
        match import.show(ctx, &self.library.library) {
            ImportOutcome::Open => return,
            ImportOutcome::Cancelled => {}
            ImportOutcome::Failed(problem) => self.toasts.complain(problem),
            ImportOutcome::Imported(folder) => {
                self.show_new(folder, ctx);
                self.toasts.say("The machine is in the library; the original is as it was");
            }
        }
        self.import = None;
    }
}
