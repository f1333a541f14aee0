//! A machine in its place on the desktop: a native window of its own, or a page of the library's window.
//!
//! Native windows are deferred viewports: each is drawn when its own guest has drawn something. As immediate ones they
//! would be drawn together with the library, every window for every frame of every guest. That is why a machine stands
//! behind a lock, which only the window system's thread takes.

use super::{MachinePage, PageRequest, Repainter, full_screen};
use crate::gui::TITLE;
use crate::gui::app::dropped_file;
use crate::gui::command_palette::CommandPalette;
use crate::gui::commands::{self, Command};
use crate::gui::toasts::Toasts;
use crate::gui::wishes::Wishes;
use egui::{Context, Pos2, Ui, Vec2, ViewportBuilder, ViewportCommand, ViewportId};
use serde::{Deserialize, Serialize};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where a window was, in points.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WindowPlace {
    /// Absent where the platform does not tell.
    at: Option<(f32, f32)>,
    size: (f32, f32),
}

const DEFAULT_SIZE: (f32, f32) = (1000.0, 800.0);
const SMALLEST: [f32; 2] = [480.0, 360.0];

/// A machine with what its window needs.
pub struct MachineWindow {
    pub page: MachinePage,
    repainter: Repainter,
    palette: CommandPalette,
    toasts: Toasts,
    /// What the user asked for here, and is the library's to do.
    wishes: Wishes,
    own: Option<ViewportId>,
    place: WindowPlace,
    has_asked_to_close: bool,
}

/// A machine and its window, wherever it is.
#[derive(Clone)]
pub struct SharedMachine(Arc<Mutex<MachineWindow>>);

impl PartialEq for SharedMachine {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A machine while it is looked at.
pub struct MachineGuard<'a>(MutexGuard<'a, MachineWindow>);

impl Deref for MachineGuard<'_> {
    type Target = MachinePage;

    fn deref(&self) -> &MachinePage {
        &self.0.page
    }
}

impl DerefMut for MachineGuard<'_> {
    fn deref_mut(&mut self) -> &mut MachinePage {
        &mut self.0.page
    }
}

impl SharedMachine {
    pub fn new(page: MachinePage, repainter: Repainter, place: Option<WindowPlace>, wishes: Wishes) -> Self {
        let place = place.unwrap_or(WindowPlace { at: None, size: DEFAULT_SIZE });
        Self(Arc::new(Mutex::new(MachineWindow {
            page,
            repainter,
            palette: CommandPalette::default(),
            toasts: Toasts::default(),
            wishes,
            own: None,
            place,
            has_asked_to_close: false,
        })))
    }

    fn window(&self) -> MutexGuard<'_, MachineWindow> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The machine's page. Not to be kept while another of its windows is drawn.
    pub fn page(&self) -> MachineGuard<'_> {
        MachineGuard(self.window())
    }

    /// The window of its own, if it has one.
    pub fn own_window(&self) -> Option<ViewportId> {
        self.window().own
    }

    /// Gives the machine a window of its own, or takes it away.
    pub fn set_own_window(&self, has_one: bool) {
        let mut window = self.window();
        let id = window.page.machine_name().unwrap_or_default();
        window.own = has_one.then(|| ViewportId::from_hash_of(("machine", id)));
        window.has_asked_to_close = false;
        window.repainter.draw_in(window.own.unwrap_or(ViewportId::ROOT));
        window.page.screen.take_focus();
    }

    /// Where the window of its own is.
    pub fn place(&self) -> WindowPlace {
        self.window().place
    }

    /// Keeps the window of its own open for another frame of the library's.
    pub fn keep_open(&self, ctx: &Context) {
        let (id, builder) = {
            let window = self.window();
            let Some(id) = window.own else { return };
            (id, window.builder())
        };
        let machine = self.clone();
        ctx.show_viewport_deferred(id, builder, move |ui, _| machine.window().show(ui));
    }

    /// The machine's messages, for a window that shows it as a page.
    pub fn take_messages(&self) -> Vec<(bool, String)> {
        let mut window = self.window();
        let tells_itself = window.own.is_some() && !window.page.has_ended();
        if tells_itself { Vec::new() } else { std::mem::take(&mut window.page.messages) }
    }
}

impl MachineWindow {
    fn builder(&self) -> ViewportBuilder {
        let (width, height) = self.place.size;
        let builder = ViewportBuilder::default()
            .with_title(format!("{} \u{2014} {TITLE}", self.page.profile.name))
            .with_app_id("anachron")
            .with_inner_size([width, height])
            .with_min_inner_size(SMALLEST);
        match self.place.at {
            Some((x, y)) => builder.with_position([x, y]),
            None => builder,
        }
    }

    /// Shows the machine in a window of its own.
    fn show(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        self.page.poll(&ctx);
        for (is_error, text) in self.page.messages.drain(..) {
            if is_error { self.toasts.complain(text) } else { self.toasts.say(text) }
        }
        self.note_place(&ctx);
        if let Some((path, at)) = dropped_file(&ctx) {
            self.page.take_dropped(path, at);
        }
        if ctx.input(|input| input.viewport().close_requested()) {
            self.close(&ctx);
        }
        let mut chosen = commands::pressed(&ctx, self.page.screen.has_focus());
        let requests = self.page.ui(ui);
        chosen.extend(requests.into_iter().map(|PageRequest::Command(command)| command));
        let mut palette = std::mem::take(&mut self.palette);
        chosen.extend(palette.show(&ctx, &|command| self.why_not(command)));
        self.palette = palette;
        self.toasts.show(&ctx);
        for command in chosen {
            self.carry_out(command, &ctx);
        }
        self.wishes.has_focus(&self.page, &ctx);
        if self.page.has_ended() {
            ctx.request_repaint_of(ViewportId::ROOT);
        }
    }

    /// Closing the window suspends the machine; the window goes when that is done.
    fn close(&mut self, ctx: &Context) {
        ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        if !std::mem::replace(&mut self.has_asked_to_close, true) {
            self.page.carry_out(Command::Suspend, ctx);
        }
    }

    fn why_not(&self, command: Command) -> Option<&'static str> {
        self.wishes.why_not_in_window(command).or_else(|| self.page.why_not(command))
    }

    fn carry_out(&mut self, command: Command, ctx: &Context) {
        if self.why_not(command).is_some() {
            return;
        }
        match command {
            Command::ShowPalette => self.palette.open(),
            Command::ToggleFullScreen => full_screen::toggle(ctx, &mut self.toasts),
            command if self.page.carry_out(command, ctx) => {}
            command => self.wishes.push(self.page.folder().cloned(), command, ctx),
        }
    }

    fn note_place(&mut self, ctx: &Context) {
        let (inner, outer, is_odd) = ctx.input(|input| {
            let viewport = input.viewport();
            let is_odd = [viewport.fullscreen, viewport.maximized, viewport.minimized].contains(&Some(true));
            (viewport.inner_rect, viewport.outer_rect, is_odd)
        });
        if is_odd {
            return;
        }
        if let Some(inner) = inner.filter(|inner| inner.is_positive()) {
            let Vec2 { x, y } = inner.size();
            self.place.size = (x, y);
        }
        self.place.at = outer.map(|outer| {
            let Pos2 { x, y } = outer.min;
            (x, y)
        });
    }
}
