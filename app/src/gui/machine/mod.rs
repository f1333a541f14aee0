//! A machine's page: toolbar, screen with or without the debugger around it, status bar.

mod cpu_menu;
mod drives;
pub mod full_screen;
mod keys;
mod launch;
pub mod screen;
mod speed_chip;
mod status_bar;
mod toolbar;
pub mod window;

pub use launch::Repainter;

use super::commands::Command as UserCommand;
use super::debugger::Debugger;
use super::host::Paces;
use super::recent::SharedRecents;
use super::standing::Standing;
use crate::library::{MachineFolder, write_atomically};
use crate::picture;
use crate::session::{Companion, SessionOptions};
use crate::sound::{Sound, SoundError};
use crate::worker::MachineHandle;
use drives::DriveBar;
use egui::{CentralPanel, Context, Id, Panel, Ui};
use emu_core::board::device::ResetKind;
use emu_core::board::external::External;
use emu_core::hal::input::{HostInput, KeyCode, PadState};
use emu_core::machine::protocol::{Command, DeviceMedia, Event, MediumSpec, RunState, Speed, Step};
use machines::boards::{self, CpuModel};
use machines::engines;
use machines::profile::{CpuProfile, Engine, FloppyProfile, Profile, SoundProfile};
use screen::{DisplayOptions, Look, Scaling, Screen};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a machine that is to be suspended may take.
const SUSPENDING: Duration = Duration::from_secs(10);

/// A machine that is switched on.
pub struct MachinePage {
    /// What the machine was switched on with, but for what changes at once.
    pub profile: Profile,
    /// What its file says: some of it waits for the next power-on.
    kept: Profile,
    options: SessionOptions,
    handle: Option<MachineHandle>,
    /// The device that plays, or why there is none.
    sound: Result<Sound, SoundError>,
    pub state: RunState,
    /// Why the machine stopped last, in words; empty while it runs.
    pub stop_reason: String,
    speed: Speed,
    /// What executes at present; the profile has what will at the next power-on.
    engine: Engine,
    /// How fast this computer has run machines.
    pub paces: Paces,
    media: Vec<DeviceMedia>,
    drives: DriveBar,
    recent: SharedRecents,
    pub screen: Screen,
    pub debugger: Debugger,
    /// What the user is to be told: whether it is a failure, and the words.
    pub messages: Vec<(bool, String)>,
}

/// What a page asks of the window.
pub enum PageRequest {
    Command(UserCommand),
}

impl MachinePage {
    /// Switches a machine on and lets it run.
    ///
    /// # Errors
    /// A sentence: why it cannot be built.
    pub fn start(
        profile: Profile,
        options: SessionOptions,
        companion: Option<Box<dyn Companion>>,
        scaling: Scaling,
        recent: SharedRecents,
        repainter: &Repainter,
    ) -> anyhow::Result<Self> {
        let launched = launch::launch(&profile, &options, companion, repainter)?;
        launched.handle.send(Command::SetSpeed(options.speed));
        launched.handle.send(Command::Run);
        let kept = options.folder.as_ref().and_then(DisplayOptions::of);
        let display = kept.unwrap_or(DisplayOptions { scaling, ..DisplayOptions::default() });
        Ok(Self {
            debugger: Debugger::new(launched.handle.cpu_description, launched.handle.cpu_hz),
            messages: launched.remarks.into_iter().map(|remark| (false, remark)).collect(),
            kept: profile.clone(),
            engine: profile.cpu.engine,
            profile,
            speed: options.speed,
            options,
            handle: Some(launched.handle),
            sound: launched.sound,
            state: RunState::Paused,
            stop_reason: String::new(),
            paces: Paces::default(),
            media: Vec::new(),
            drives: DriveBar::default(),
            recent,
            screen: Screen::new(display),
        })
    }

    pub fn folder(&self) -> Option<&MachineFolder> {
        self.options.folder.as_ref()
    }

    pub fn standing(&self) -> Standing {
        Standing::of(self.state)
    }

    /// Whether the machine has ended, and the page can go.
    pub fn has_ended(&self) -> bool {
        self.handle.is_none()
    }

    /// Takes over new settings as far as they need not wait for the next power-on.
    pub fn take_settings(&mut self, new: &Profile) {
        self.kept = new.clone();
        let old = self.profile.clone();
        self.profile = old.with_news_of(new);
        if old.caches != new.caches {
            self.send(Command::SetCaches(new.caches.clone()));
        }
        if old.cpu.fpu != new.cpu.fpu {
            self.send(Command::SetFpu(new.cpu.fpu));
        }
        self.set_sound(new.sound);
        for at in 0..old.floppies.len().min(new.floppies.len()) {
            let (old, new) = (&old.floppies[at], &new.floppies[at]);
            if (&old.image, old.write_protected) != (&new.image, new.write_protected) {
                self.change_floppy(at, new);
            }
        }
    }

    fn set_sound(&mut self, sound: SoundProfile) {
        self.profile.sound = sound;
        if let Some(handle) = &self.handle {
            handle.sound.set_master(sound.gain());
        }
    }

    /// Another disk goes into a floppy drive, or none.
    fn change_floppy(&self, number: usize, floppy: &FloppyProfile) {
        let places = self.media.iter().flat_map(|device| {
            let slots = device.slots.iter().enumerate().filter(|(_, slot)| slot.removable);
            slots.map(|(slot, found)| (device.device.clone(), slot, found.loaded))
        });
        let Some((device, slot, loaded)) = places.into_iter().nth(number) else { return };
        if loaded {
            self.send(Command::Eject { device: device.clone(), slot });
        }
        if let Some(image) = &floppy.image {
            let folder = self.options.folder.as_ref();
            let image = folder.map_or_else(|| image.clone(), |folder| resolved(folder, image));
            let disposable = self.options.disposable;
            let medium = MediumSpec { image, write_protected: floppy.write_protected, disposable };
            self.send(Command::Insert { device, slot, medium });
        }
    }

    /// The processor with the engine that executes at present.
    pub fn running_cpu(&self) -> CpuProfile {
        CpuProfile { engine: self.engine, ..self.profile.cpu.clone() }
    }

    /// How many cycles this computer has just computed in a second; 0: nothing new.
    pub fn take_pace(&self) -> u64 {
        self.handle.as_ref().map_or(0, MachineHandle::take_pace)
    }

    /// CPU cycles since power-on; none once the machine has ended.
    pub fn cycles(&self) -> Option<u64> {
        Some(self.handle.as_ref()?.counters().cycles.load(Ordering::Relaxed))
    }

    fn is_disposable(&self) -> bool {
        self.options.disposable
    }

    /// Why there is no sound, if there is none.
    fn silence(&self) -> Option<String> {
        self.sound.as_ref().err().map(ToString::to_string)
    }

    fn send(&self, command: Command) {
        if let Some(handle) = &self.handle {
            handle.send(command);
        }
    }

    /// Takes in what the machine has told and drawn.
    pub fn poll(&mut self, ctx: &Context) {
        let Some(handle) = &self.handle else { return };
        let events: Vec<Event> = handle.events().collect();
        self.screen.update(ctx, &handle.frames);
        for event in events {
            self.hear(event);
        }
        // A stop is told before its view is there: heard of first, the view is known for what it is.
        if let Some(handle) = &self.handle {
            self.debugger.look(handle);
        }
    }

    fn hear(&mut self, event: Event) {
        match event {
            Event::RunStateChanged(state) => self.change_state(state),
            Event::Stopped(why) => {
                self.stop_reason.clone_from(&why);
                self.debugger.stopped();
            }
            Event::Engine(kind) => self.engine = engines::of_kind(kind),
            Event::Notice(notice) => self.messages.push((notice.is_error, notice.text)),
            Event::Breakpoints(breakpoints) => self.debugger.breakpoints.take_counts(breakpoints),
            Event::Caches { at, stats } => self.debugger.caches.take(at, stats),
            Event::Media(media) => {
                let before = std::mem::replace(&mut self.media, media);
                self.note_images(&before);
                self.keep_images();
            }
        }
    }

    fn change_state(&mut self, state: RunState) {
        self.state = state;
        match state {
            RunState::Running => self.stop_reason.clear(),
            RunState::Paused => {}
            RunState::Suspended => self.keep_state(),
            RunState::Off | RunState::Failed => self.end(),
        }
    }

    fn keep_state(&mut self) {
        let saved = self.handle.as_ref().and_then(MachineHandle::take_saved);
        if let (Some(saved), Some(folder)) = (saved, &self.options.folder)
            && let Err(error) = launch::keep(&self.profile, folder, &saved)
        {
            self.messages.push((true, error.to_string()));
        }
        self.end();
    }

    fn end(&mut self) {
        if let (Some(folder), Some(frame)) = (&self.options.folder, self.screen.frame())
            && let Ok(png) = picture::png_of(frame)
            && let Err(error) = write_atomically(&folder.picture(), &png)
        {
            tracing::warn!(%error, "the last picture cannot be kept");
        }
        self.sound = Err(SoundError::NoDevice);
        if let Some(handle) = self.handle.take() {
            handle.join();
        }
    }

    /// What was put into or taken out of the floppy drives stays so at the next start.
    fn keep_images(&mut self) {
        let Some(folder) = &self.options.folder else { return };
        let removable = self.media.iter().flat_map(|device| {
            let slots = device.slots.iter().zip(&device.images);
            slots.filter(|(slot, _)| slot.removable)
        });
        let mut profile = self.kept.clone();
        for (floppy, (slot, image)) in profile.floppies.iter_mut().zip(removable) {
            let same = floppy.image.as_deref().map(|name| resolved(folder, name));
            if same != *image {
                floppy.image.clone_from(image);
            }
            if slot.loaded {
                floppy.write_protected = slot.write_protected && !is_builtin(image.as_deref());
            }
        }
        if profile != self.kept {
            match folder.save_profile(&profile) {
                Ok(()) => {
                    self.profile = self.profile.with_news_of(&profile);
                    self.kept = profile;
                }
                Err(error) => self.messages.push((true, error.to_string())),
            }
        }
    }

    /// Hands on how the gamepads have moved.
    pub fn move_pads(&self, changes: Vec<(u8, PadState)>) {
        for (pad, state) in changes {
            self.send(Command::Input(External::Input(HostInput::Pad { pad, state })));
        }
    }

    /// Why a command cannot be carried out on this machine as it is, if it cannot.
    pub fn why_not(&self, command: UserCommand) -> Option<&'static str> {
        match command {
            UserCommand::ShowComposite => {
                let frame = self.screen.frame();
                let has_composite = frame.is_none_or(|frame| frame.head().color_phase.is_some());
                (!has_composite).then_some("The machine's display card has no composite signal.")
            }
            UserCommand::UseStrictEngine => self.why_not_engine(Engine::Strict),
            UserCommand::UseThreadedEngine => self.why_not_engine(Engine::Threaded),
            _ => None,
        }
    }

    fn why_not_engine(&self, engine: Engine) -> Option<&'static str> {
        let runs = self.cpu_model().is_some_and(|model| model.engines.contains(&engine));
        (!runs).then_some("That engine does not run the machine's processor yet.")
    }

    /// What its board says of the machine's processor.
    fn cpu_model(&self) -> Option<&'static CpuModel> {
        let board = boards::find(&self.profile.board)?;
        board.cpus.iter().find(|model| model.name == self.profile.cpu.model)
    }

    /// Carries a command out that is about this machine. Gives false for any other.
    pub fn carry_out(&mut self, command: UserCommand, ctx: &Context) -> bool {
        match command {
            UserCommand::PauseOrRun if self.state == RunState::Running => self.send(Command::Pause),
            UserCommand::PauseOrRun => {
                self.send(Command::Run);
                self.screen.take_focus();
            }
            UserCommand::Reset => self.send(Command::Reset(ResetKind::PowerOn)),
            UserCommand::PowerOff => self.send(Command::PowerOff),
            UserCommand::Suspend => self.send(self.closing_command()),
            UserCommand::PasteAsKeys => self.screen.paste(ctx),
            UserCommand::SendCtrlAltDel => {
                self.press_together(&[KeyCode::ControlLeft, KeyCode::AltLeft, KeyCode::Delete])
            }
            UserCommand::ToggleSpeed => self.toggle_speed(),
            UserCommand::SetSpeed(speed) => self.set_speed(speed),
            UserCommand::UseStrictEngine => self.set_engine(Engine::Strict),
            UserCommand::UseThreadedEngine => self.set_engine(Engine::Threaded),
            UserCommand::ToggleSound => self.toggle_sound(),
            UserCommand::TakeScreenshot => self.take_screenshot(),
            UserCommand::CopyText => self.copy_text(ctx),
            UserCommand::FindText => self.screen.find(),
            command if scaling_of(command).is_some() || look_of(command).is_some() => {
                self.choose_display(command);
            }
            UserCommand::ToggleDebugger => self.debugger.toggle(),
            UserCommand::StepInto => self.send(Command::Step(Step::Into)),
            UserCommand::StepOver => self.send(Command::Step(Step::Over)),
            UserCommand::StepOut => self.send(Command::Step(Step::Out)),
            UserCommand::RunToCursor => self.run_to_cursor(),
            UserCommand::ToggleBreakpoint => {
                self.debugger.toggle_breakpoint();
            }
            _ => return false,
        }
        self.send_all(Vec::new());
        true
    }

    fn copy_text(&mut self, ctx: &Context) {
        match self.screen.copied_text() {
            Some(text) => {
                ctx.copy_text(text);
                self.messages.push((false, "The text is on the clipboard".to_owned()));
            }
            None => self.messages.push((true, "The screen shows a picture and no text".to_owned())),
        }
    }

    fn choose_display(&mut self, command: UserCommand) {
        let options = &mut self.screen.options;
        options.scaling = scaling_of(command).unwrap_or(options.scaling);
        options.look = look_of(command).unwrap_or(options.look);
        let options = self.screen.options;
        self.screen.take_focus();
        if let Some(folder) = &self.options.folder
            && let Err(error) = options.keep(folder)
        {
            self.messages.push((true, format!("The choice cannot be kept for next time: {error}")));
        }
    }

    fn run_to_cursor(&mut self) {
        if let Some(place) = self.debugger.cursor() {
            self.send(Command::Step(Step::To(place)));
        }
    }

    /// A machine that nothing is kept of is switched off instead of suspended.
    fn closing_command(&self) -> Command {
        if self.options.folder.is_some() { Command::Suspend } else { Command::PowerOff }
    }

    fn press_together(&mut self, keys: &[KeyCode]) {
        for pressed in [true, false] {
            for &key in keys {
                self.send(Command::Input(External::Input(HostInput::Key { key, pressed })));
            }
        }
    }

    fn toggle_speed(&mut self) {
        let is_full = self.speed == Speed::Unlimited;
        self.set_speed(if is_full { Speed::Real } else { Speed::Unlimited });
    }

    fn set_speed(&mut self, speed: Speed) {
        self.speed = speed;
        self.send(Command::SetSpeed(speed));
    }

    /// The answer tells of the change.
    fn set_engine(&self, engine: Engine) {
        self.send(Command::SetEngine(engines::kind(engine)));
    }

    /// Turns the sound off or on. It stays so at the next start.
    fn toggle_sound(&mut self) {
        self.kept.sound.muted = !self.profile.sound.muted;
        self.set_sound(self.kept.sound);
        if let Some(folder) = &self.options.folder
            && let Err(error) = folder.save_profile(&self.kept)
        {
            self.messages.push((true, error.to_string()));
        }
    }

    fn take_screenshot(&mut self) {
        let Some(frame) = self.screen.frame() else {
            self.messages.push((true, "The machine has shown no picture yet".to_owned()));
            return;
        };
        let path = self.screenshot_path();
        let written = picture::png_of(frame).and_then(|png| {
            path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            Ok(write_atomically(&path, &png)?)
        });
        self.messages.push(match written {
            Ok(()) => (false, format!("The picture is saved as {}", path.display())),
            Err(error) => (true, format!("The picture cannot be saved as {}: {error}", path.display())),
        });
    }

    /// The next free name, in the machine's folder or among the user's pictures.
    fn screenshot_path(&self) -> PathBuf {
        let pictures = || directories::UserDirs::new()?.picture_dir().map(PathBuf::from);
        let folder = self.options.folder.as_ref().map(|folder| folder.0.join("screenshots"));
        let folder = folder.or_else(pictures).unwrap_or_default();
        let mut number = 1;
        loop {
            let path = folder.join(format!("{} {number}.png", self.profile.name.replace(['/', '\\'], "-")));
            if !path.exists() {
                return path;
            }
            number += 1;
        }
    }

    /// Ends the machine because the program does: suspended where a folder can keep the state.
    pub fn begin_to_close(&self) {
        self.send(self.closing_command());
    }

    /// Waits until the machine has ended, for some seconds.
    pub fn close(&mut self) {
        let begun = Instant::now();
        while !self.has_ended() && begun.elapsed() < SUSPENDING {
            let Some(handle) = &self.handle else { return };
            let events: Vec<Event> = handle.events().collect();
            if events.is_empty() {
                std::thread::sleep(Duration::from_millis(2));
            }
            for event in events {
                self.hear(event);
            }
        }
    }

    /// Whether the guest's picture has all of the screen.
    pub fn fills_screen(&self, ctx: &Context) -> bool {
        full_screen::is_on(ctx) && !self.debugger.is_open()
    }

    /// Shows the page.
    pub fn ui(&mut self, ui: &mut Ui) -> Vec<PageRequest> {
        let mut requests = Vec::new();
        let id = Id::unique(("guest screen", self.options.folder.as_ref().map(|folder| &folder.0)));
        let fills_screen = self.fills_screen(ui.ctx());
        if !fills_screen {
            Panel::top("machine tools").show(ui, |ui| requests.extend(toolbar::ui(self, ui)));
            Panel::bottom("machine status").show(ui, |ui| {
                requests.extend(status_bar::ui(self, ui));
            });
        }
        let runs = self.state == RunState::Running;
        let told = CentralPanel::no_frame().show(ui, |ui| match self.debugger.is_open() {
            true => self.debugger.ui(ui, &mut self.screen, id, runs),
            false => self.screen.ui(ui, id, runs),
        });
        self.send_all(told.inner);
        if fills_screen {
            requests.extend(full_screen::tools(ui.ctx(), |ui| toolbar::ui(self, ui)).into_iter().flatten());
        }
        drives::show_dialog(self, ui.ctx());
        requests
    }

    /// Sends what the panes want, and what they want to see.
    fn send_all(&mut self, mut commands: Vec<Command>) {
        commands.extend(self.debugger.take_commands());
        for command in commands {
            self.send(command);
        }
    }
}

/// The way to fit the picture that a command chooses.
fn scaling_of(command: UserCommand) -> Option<Scaling> {
    SCALINGS.iter().find(|(choosing, _)| *choosing == command).map(|(_, scaling)| *scaling)
}

/// The kind of monitor that a command chooses.
fn look_of(command: UserCommand) -> Option<Look> {
    LOOKS.iter().find(|(choosing, _)| *choosing == command).map(|(_, look)| *look)
}

const SCALINGS: [(UserCommand, Scaling); 3] = [
    (UserCommand::ScaleWhole, Scaling::Whole),
    (UserCommand::ScaleTrue, Scaling::True),
    (UserCommand::ScaleToFill, Scaling::Fill),
];

const LOOKS: [(UserCommand, Look); 5] = [
    (UserCommand::ShowSharp, Look::Sharp),
    (UserCommand::ShowTube, Look::Tube),
    (UserCommand::ShowComposite, Look::Composite),
    (UserCommand::ShowGreen, Look::Green),
    (UserCommand::ShowAmber, Look::Amber),
];

fn is_builtin(image: Option<&str>) -> bool {
    image.is_some_and(|image| image.starts_with("builtin:"))
}

fn resolved(folder: &MachineFolder, name: &str) -> String {
    if is_builtin(Some(name)) { name.to_owned() } else { folder.resolve(name).to_string_lossy().into_owned() }
}
