//! From a profile to a machine that runs, afresh or where it was suspended.

use crate::library::MachineFolder;
use crate::session::{Companion, SavedSession, Session, SessionOptions, read_suspended, write_suspended};
use crate::sound::{Sound, SoundError};
use crate::worker::MachineHandle;
use egui::{Context, ViewportId};
use emu_core::hal::audio::{AudioSink, NullSink};
use machines::profile::Profile;
use std::sync::{Arc, Mutex, PoisonError};

/// Has the window drawn that shows a machine, from any thread.
#[derive(Clone)]
pub struct Repainter {
    ctx: Context,
    window: Arc<Mutex<ViewportId>>,
}

impl Repainter {
    /// Begins with the library's window.
    pub fn new(ctx: &Context) -> Self {
        Self { ctx: ctx.clone(), window: Arc::default() }
    }

    /// Which window shows the machine from now on.
    pub fn draw_in(&self, window: ViewportId) {
        *self.window.lock().unwrap_or_else(PoisonError::into_inner) = window;
        self.repaint();
    }

    fn repaint(&self) {
        let window = *self.window.lock().unwrap_or_else(PoisonError::into_inner);
        self.ctx.request_repaint_of(window);
    }
}

/// A machine's sink, and what keeps it sounding.
type Opened = (Box<dyn AudioSink>, Result<Sound, SoundError>);

/// A machine just started.
pub struct Launched {
    pub handle: MachineHandle,
    pub sound: Result<Sound, SoundError>,
    /// What the user is to be told: why it began afresh.
    pub remarks: Vec<String>,
}

/// Builds a profile's machine, takes its suspended state back if there is one, and gives it a thread, with its companion.
///
/// # Errors
/// A sentence: why it cannot be built.
pub fn launch(
    profile: &Profile,
    options: &SessionOptions,
    mut companion: Option<Box<dyn Companion>>,
    repainter: &Repainter,
) -> anyhow::Result<Launched> {
    let mut remarks = Vec::new();
    let (sink, mut sound) = open_sound(&mut companion)?;
    let mut session = Session::open_playing_to(sink, profile, options)?;
    if let Some(folder) = &options.folder
        && let Err(reason) = resume(&mut session, profile, folder)
    {
        remarks.push(format!("{reason}; it starts afresh, and its state is kept beside as state.previous"));
        // A state taken back by half leaves a machine that must not be run.
        drop((session, sound));
        let sink;
        (sink, sound) = open_sound(&mut companion)?;
        session = Session::open_playing_to(sink, profile, options)?;
    }
    if let Some(companion) = &mut companion {
        companion.begin(&mut session)?;
    }
    if let Some(folder) = &options.folder {
        folder.retire_state()?;
    }
    let waker = repainter.clone();
    let handle = MachineHandle::start(&profile.name, session, companion, Box::new(move || waker.repaint()))?;
    let waker = repainter.clone();
    handle.frames.on_frame(move |_| waker.repaint());
    Ok(Launched { handle, sound, remarks })
}

/// Where the machine plays to, with the host's sound device, or with silence and why.
fn open_sound(companion: &mut Option<Box<dyn Companion>>) -> anyhow::Result<Opened> {
    let (sink, sound): (Box<dyn AudioSink>, _) = match Sound::open() {
        Ok((sink, sound)) => (Box::new(sink), Ok(sound)),
        Err(reason) => (Box::new(NullSink), Err(reason)),
    };
    let sink = match companion {
        Some(companion) => companion.listen(sink)?,
        None => sink,
    };
    Ok((sink, sound))
}

/// Takes a suspended state back, if there is one.
fn resume(session: &mut Session, profile: &Profile, folder: &MachineFolder) -> Result<(), String> {
    let bytes = match folder.suspended_state() {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(()),
        Err(error) => return Err(error.to_string()),
    };
    let state = read_suspended(&bytes, profile).map_err(|error| error.to_string())?;
    session.restore(&state).map_err(|error| format!("The suspended state does not fit: {error}"))
}

/// Writes a state down in the machine's folder.
///
/// # Errors
/// What the host says, as a full disk.
pub fn keep(profile: &Profile, folder: &MachineFolder, state: &SavedSession) -> anyhow::Result<()> {
    Ok(folder.save_state(&write_suspended(state, profile)?)?)
}
