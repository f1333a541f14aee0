//! A machine with what the host gives it: images in its drives, sinks for its ports, a viewer for its pictures.
//!
//! The window's worker thread and the command line both drive a session; neither knows the other.

mod drives;
pub mod media;
mod ports;

pub use ports::{ByteSink, Ports, WriterSink};

use crate::library::MachineFolder;
use drives::Loaded;
use emu_core::board::device::{MediaError, MediaSlot};
use emu_core::cache::ConfigProblem;
use emu_core::hal::Hal;
use emu_core::hal::audio::{AudioSink, Mixer, MixerControl, NullSink};
use emu_core::hal::storage::Medium;
use emu_core::hal::video::{Frame, FrameViewer, latest_frames};
use emu_core::machine::journal::Input;
use emu_core::machine::protocol::{DeviceMedia, MediumSpec, Notice, Speed};
use emu_core::machine::{Machine, Stop};
use emu_core::time::Cycle;
use machines::boards::{self, AssemblyError, Supplies, xt};
use machines::catalogue::Catalogue;
use machines::profile::{Firmware, Profile};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A user's ROM image is at most this large.
const MAX_ROM: u64 = 16 << 20;

/// Why a session cannot begin: a sentence.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Assembly(#[from] AssemblyError),
    #[error(transparent)]
    Image(#[from] media::OpenError),
    #[error("{image} does not fit into the drive: {error}")]
    Media { image: String, error: MediaError },
    #[error(transparent)]
    Caches(#[from] ConfigProblem),
    #[error("There is no drive for {0}; the machine has fewer")]
    NoDrive(String),
    #[error("The firmware file {path} cannot be read: {error}")]
    Rom { path: PathBuf, error: std::io::Error },
    #[error("The firmware file {0} is too large for any machine; choose a ROM image")]
    RomTooLarge(PathBuf),
}

/// What to begin with.
#[derive(Clone, Debug, Default)]
pub struct SessionOptions {
    /// Images for the floppy drives, A: first, in place of the profile's.
    pub floppies: Vec<MediumSpec>,
    pub disks: Vec<MediumSpec>,
    pub debug_console: bool,
    /// Where the profile's relative paths begin.
    pub folder: Option<MachineFolder>,
    /// Nothing is written to any image.
    pub disposable: bool,
    /// What paces a machine in a window at first. A headless run is paced by its own loop.
    pub speed: Speed,
}

/// A machine with its host side.
pub struct Session {
    pub machine: Machine,
    pub frames: FrameViewer,
    /// The volume, and what each source plays.
    pub sound: MixerControl,
    pub ports: Ports,
    notices: Vec<Notice>,
    /// What was put into which drive, by device and slot.
    images: BTreeMap<(String, usize), String>,
}

/// A drive of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrivePlace {
    pub device: String,
    pub slot: usize,
    pub removable: bool,
}

impl Session {
    /// Builds the machine of a profile, and puts the images in.
    ///
    /// # Errors
    /// [`SessionError`]: what does not fit, and what to do.
    pub fn open(profile: &Profile, options: &SessionOptions) -> Result<Self, SessionError> {
        Self::open_playing_to(Box::new(NullSink), profile, options)
    }

    /// [`Self::open`] with sound.
    ///
    /// # Errors
    /// As there.
    pub fn open_playing_to(
        sink: Box<dyn AudioSink>,
        profile: &Profile,
        options: &SessionOptions,
    ) -> Result<Self, SessionError> {
        let (video, frames) = latest_frames();
        let mixer = Mixer::new(xt::TICK_HZ, sink);
        let sound = mixer.control();
        sound.set_master(profile.sound.gain());
        let hal = Hal { video: Box::new(video), audio: Box::new(mixer) };
        let mut profile = profile.clone();
        let drives = drives::Drives::open(&mut profile, options)?;
        let supplies = Supplies {
            hal,
            rom_file: rom_file(&profile, options)?,
            disks: drives.geometries,
            debug_console: options.debug_console,
        };
        let machine = boards::build(&profile, &Catalogue::standard(), supplies)?;
        let (ports, notices, images) = (Ports::default(), Vec::new(), BTreeMap::new());
        let mut session = Self { machine, frames, sound, ports, notices, images };
        session.fill_drives(drives.floppies, true)?;
        session.fill_drives(drives.disks, false)?;
        if let Some(caches) = &profile.caches {
            session.machine.set_caches(Some(caches))?;
        }
        Ok(session)
    }

    /// What the first display shows at this moment.
    pub fn picture(&self) -> Option<Frame> {
        self.machine.view_domain(|domain| domain.devices().find_map(|(_, _, device)| device.picture()))
    }

    /// Runs to the first instruction boundary at or after `target`, and serves the ports.
    pub fn run_until(&mut self, target: Cycle) -> Stop {
        let stop = self.machine.run_until(target);
        self.machine.with_domain(|domain, now| domain.hal.audio.advance_to(now));
        self.serve_ports();
        stop
    }

    /// Hands on what devices have sent out, and keeps what they have to say.
    pub fn serve_ports(&mut self) {
        let ports = &mut self.ports;
        self.machine.with_domain(|domain, _| {
            if domain.has_emitted() {
                for (device, byte) in domain.take_emitted() {
                    ports.byte(domain.name(device), byte);
                }
            }
            for (_, text) in domain.take_notices() {
                self.notices.push(Notice { is_error: true, text });
            }
        });
        self.ports.flush();
    }

    /// What the user is to be told since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// All drives, in the order in which a user counts them.
    pub fn drives(&mut self) -> Vec<DrivePlace> {
        let places = |media: DeviceMedia| {
            let device = media.device;
            let place = move |(slot, found): (usize, MediaSlot)| DrivePlace {
                device: device.clone(),
                slot,
                removable: found.removable,
            };
            media.slots.into_iter().enumerate().map(place).collect::<Vec<_>>()
        };
        self.media().into_iter().flat_map(places).collect()
    }

    /// What is in the drives.
    pub fn media(&mut self) -> Vec<DeviceMedia> {
        let inserted = &self.images;
        self.machine.with_domain(|domain, _| {
            let devices: Vec<_> = domain.devices().map(|(id, name, _)| (id, name.to_owned())).collect();
            let slots = |(id, device): (_, String)| {
                let slots = domain.with(id, |device, _| device.media().map(|host| host.slots()))?;
                let image = |(at, slot): (usize, &MediaSlot)| {
                    slot.loaded.then(|| inserted.get(&(device.clone(), at)).cloned()).flatten()
                };
                let images = slots.iter().enumerate().map(image).collect();
                Some(DeviceMedia { device, slots, images })
            };
            devices.into_iter().filter_map(slots).collect()
        })
    }

    /// Puts an image into a drive.
    ///
    /// # Errors
    /// When it cannot be opened, or the drive does not take it; what was in it stays.
    pub fn insert(&mut self, place: &DrivePlace, spec: &MediumSpec) -> Result<(), SessionError> {
        let medium = media::open(spec)?;
        self.insert_medium(place, &spec.image, medium)
    }

    /// Takes the image out of a drive.
    ///
    /// # Errors
    /// When there is no such drive, or it does not let go.
    pub fn eject(&mut self, device: &str, slot: usize) -> Result<(), MediaError> {
        self.machine.input(Input::Eject { device: device.to_owned(), slot })?;
        self.images.remove(&(device.to_owned(), slot));
        Ok(())
    }

    fn fill_drives(&mut self, loaded: Vec<Option<Loaded>>, removable: bool) -> Result<(), SessionError> {
        let places: Vec<_> = self.drives().into_iter().filter(|place| place.removable == removable).collect();
        for (number, loaded) in loaded.into_iter().enumerate() {
            let Some(loaded) = loaded else { continue };
            let place = places.get(number).ok_or_else(|| SessionError::NoDrive(loaded.label.clone()))?;
            self.insert_medium(place, &loaded.label, loaded.medium)?;
        }
        Ok(())
    }

    fn insert_medium(
        &mut self,
        place: &DrivePlace,
        label: &str,
        medium: Box<dyn Medium>,
    ) -> Result<(), SessionError> {
        self.machine
            .insert(&place.device, place.slot, label, medium)
            .map_err(|error| SessionError::Media { image: label.to_owned(), error })?;
        self.images.insert((place.device.clone(), place.slot), label.to_owned());
        Ok(())
    }
}

fn floppy_specs(profile: &Profile, options: &SessionOptions) -> Vec<Option<MediumSpec>> {
    let spec = |floppy: &machines::profile::FloppyProfile| {
        let image = resolve(floppy.image.as_deref()?, options);
        Some(MediumSpec { image, write_protected: floppy.write_protected, disposable: options.disposable })
    };
    profile.floppies.iter().map(spec).collect()
}

fn disk_specs(profile: &Profile, options: &SessionOptions) -> Vec<Option<MediumSpec>> {
    let spec = |disk: &machines::profile::DiskProfile| {
        let image = resolve(&disk.image, options);
        Some(MediumSpec { image, write_protected: false, disposable: options.disposable })
    };
    profile.disks.iter().map(spec).collect()
}

/// A path of the profile, from the machine's folder on.
fn resolve(image: &str, options: &SessionOptions) -> String {
    match &options.folder {
        Some(folder) if !image.starts_with("builtin:") => {
            folder.resolve(image).to_string_lossy().into_owned()
        }
        _ => image.to_owned(),
    }
}

fn rom_file(profile: &Profile, options: &SessionOptions) -> Result<Option<Vec<u8>>, SessionError> {
    let Firmware::File(file) = &profile.firmware else { return Ok(None) };
    let path = PathBuf::from(resolve(file, options));
    let size = std::fs::metadata(&path).map(|found| found.len());
    match size.and_then(|size| if size > MAX_ROM { Ok(None) } else { std::fs::read(&path).map(Some) }) {
        Ok(Some(bytes)) => Ok(Some(bytes)),
        Ok(None) => Err(SessionError::RomTooLarge(path)),
        Err(error) => Err(SessionError::Rom { path, error }),
    }
}
