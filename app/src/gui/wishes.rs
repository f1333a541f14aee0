//! What machines' own windows ask of the library's, and what they share.

use super::commands::Command;
use super::machine::MachinePage;
use crate::library::MachineFolder;
use egui::{Context, ViewportId};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
struct Shared {
    wishes: Vec<(Option<MachineFolder>, Command)>,
    /// The machine whose window the user works in.
    focused: Option<MachineFolder>,
    /// Gamepads are there, and somebody has to look at them.
    has_pads: bool,
}

/// Shared by all windows.
#[derive(Clone, Default)]
pub struct Wishes(Arc<Mutex<Shared>>);

impl Wishes {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a command for the library's window, from a machine's.
    pub fn push(&self, from: Option<MachineFolder>, command: Command, ctx: &Context) {
        self.lock().wishes.push((from, command));
        ctx.request_repaint_of(ViewportId::ROOT);
    }

    /// What was asked for since the last call, and by which machine's window.
    pub fn take(&self) -> Vec<(Option<MachineFolder>, Command)> {
        std::mem::take(&mut self.lock().wishes)
    }

    /// Tells which window the user works in. The library's window looks at the gamepads for it.
    pub fn has_focus(&self, page: &MachinePage, ctx: &Context) {
        if !ctx.input(|input| input.focused) {
            return;
        }
        let mut shared = self.lock();
        shared.focused = page.folder().cloned();
        if shared.has_pads {
            ctx.request_repaint_of(ViewportId::ROOT);
        }
    }

    /// The machine whose own window had the focus last.
    pub fn focused(&self) -> Option<MachineFolder> {
        self.lock().focused.clone()
    }

    pub fn set_has_pads(&self, has_pads: bool) {
        self.lock().has_pads = has_pads;
    }

    /// Why a command cannot be carried out from a machine's own window, if it cannot.
    pub fn why_not_in_window(&self, command: Command) -> Option<&'static str> {
        let is_for_chosen = command.is_for_chosen() && command != Command::ShowSettings;
        is_for_chosen.then_some("Choose machines in the library's window.")
    }
}
