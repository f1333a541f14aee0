//! A machine with what the host gives it: images in its drives, sinks for its ports, a viewer for its pictures.
//!
//! The window's worker thread and the command line both drive a session; neither knows the other.

mod companion;
mod drives;
pub mod media;
mod ports;
mod source;
mod suspended;

pub use companion::{Companion, Verdict};
pub use ports::{ByteSink, Ports, WriterSink};
pub use source::ByteSource;
pub use suspended::{ResumeError, read_suspended, write_suspended};

use crate::library::MachineFolder;
use drives::Loaded;
use emu_core::board::device::{MediaError, MediaSlot};
use emu_core::cache::{CacheProbe, ConfigProblem};
use emu_core::hal::Hal;
use emu_core::hal::audio::{AudioSink, Mixer, MixerControl, NullSink};
use emu_core::hal::storage::Medium;
use emu_core::hal::video::{Frame, FrameViewer, latest_frames};
use emu_core::machine::journal::Input;
use emu_core::machine::protocol::{DeviceMedia, MediumSpec, Notice, Speed};
use emu_core::machine::{Machine, SavedMachine, Stop};
use emu_core::snapshot::{RestoreError, SavedState};
use emu_core::time::Cycle;
use machines::boards::{self, AssemblyError, Supplies, xt};
use machines::catalogue::Catalogue;
use machines::profile::{Firmware, Profile};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Read;
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
    #[error("The drive {drive} keeps its disk: {error}")]
    Eject { drive: String, error: MediaError },
    #[error(
        "Not all that the guest wrote to {image} may have reached it: {error}; make room there, and copy the file before \
         you trust it"
    )]
    Unsafe { image: String, error: std::io::Error },
    #[error("There is no drive for {0}; the machine has fewer")]
    NoDrive(String),
    #[error(
        "The firmware file {path} cannot be read: {error}; choose a ROM image that can, or leave --firmware out"
    )]
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
    sources: Vec<ByteSource>,
    notices: Vec<Notice>,
    /// What was last said, so that a guest that tries again and again is heard once.
    last_notice: String,
    /// What was put into which drive, by device and slot.
    images: BTreeMap<(String, usize), String>,
}

/// What a session needs to go on where it was, without the images in its drives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSession {
    machine: SavedMachine,
    /// The cache model with its tags: charged, they decide what the next access costs.
    caches: Option<SavedState>,
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
        let mut session = Self {
            machine,
            frames,
            sound,
            ports: Ports::default(),
            sources: Vec::new(),
            notices: Vec::new(),
            last_notice: String::new(),
            images: BTreeMap::new(),
        };
        session.fill_drives(drives.floppies, true)?;
        session.fill_drives(drives.disks, false)?;
        if let Some(caches) = &profile.caches {
            session.machine.set_caches(Some(caches))?;
        }
        Ok(session)
    }

    /// Writes down where the session is.
    pub fn save(&mut self) -> SavedSession {
        let caches = self.caches().map(|caches| caches.save());
        SavedSession { machine: self.machine.save(), caches }
    }

    /// Goes back to where a session of the same profile was. The images are in by now. Caches that were changed
    /// meanwhile begin empty.
    ///
    /// # Errors
    /// When the state is damaged or another machine's. This session must then not be run.
    pub fn restore(&mut self, saved: &SavedSession) -> Result<(), RestoreError> {
        let SavedSession { machine, caches } = saved;
        let caches = caches.as_ref().map(CacheProbe::restored).transpose()?;
        self.machine.restore(machine)?;
        if let (Some(own), Some(saved)) = (self.caches(), caches)
            && own.config() == saved.config()
        {
            *own = saved;
        }
        Ok(())
    }

    fn caches(&mut self) -> Option<&mut CacheProbe> {
        self.machine.probe_mut()?.plugin()
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

    /// Hands on what devices have sent out, keeps what they have to say, and feeds what comes from the host.
    pub fn serve_ports(&mut self) {
        let ports = &mut self.ports;
        let told = self.machine.with_domain(|domain, _| {
            if domain.has_emitted() {
                for (device, byte) in domain.take_emitted() {
                    ports.byte(domain.name(device), byte);
                }
            }
            domain.take_notices()
        });
        self.ports.flush();
        for (_, text) in told {
            if self.last_notice != text {
                self.last_notice.clone_from(&text);
                self.notices.push(Notice { is_error: true, text });
            }
        }
        for source in &mut self.sources {
            source.advance(&mut self.machine);
        }
    }

    /// Lets a device hear what the host has for it.
    pub fn connect_source(&mut self, source: ByteSource) {
        self.sources.push(source);
    }

    /// Whether the board has a device of this name.
    pub fn has_device(&self, name: &str) -> bool {
        self.machine.view_domain(|domain| domain.find(name).is_some())
    }

    /// Makes sure that all that the guest has written is safe on the host: before an image is let go.
    ///
    /// # Errors
    /// The first image of which that cannot be said.
    pub fn flush_media(&mut self) -> Result<(), SessionError> {
        let places: Vec<_> = self.drives().into_iter().map(|place| (place.device, place.slot)).collect();
        places.into_iter().map(|(device, slot)| self.flush_medium(&device, slot)).fold(Ok(()), Result::and)
    }

    fn flush_medium(&mut self, device: &str, slot: usize) -> Result<(), SessionError> {
        let flushed = self.machine.with_domain(|domain, _| {
            let id = domain.find(device)?;
            domain.with(id, |device, _| Some(device.media()?.medium(slot)?.flush()))
        });
        let Some(Err(error)) = flushed else { return Ok(()) };
        let image = self.images.get(&(device.to_owned(), slot)).cloned().unwrap_or_default();
        Err(SessionError::Unsafe { image, error })
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
    /// When there is no such drive, or it does not let go; or when the image is out, and the host cannot promise that
    /// it holds all that was written.
    pub fn eject(&mut self, device: &str, slot: usize) -> Result<(), SessionError> {
        let flushed = self.flush_medium(device, slot);
        self.machine
            .input(Input::Eject { device: device.to_owned(), slot })
            .map_err(|error| SessionError::Eject { drive: device.to_owned(), error })?;
        self.images.remove(&(device.to_owned(), slot));
        flushed
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
        self.flush_medium(&place.device, place.slot)?;
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
    let mut bytes = Vec::new();
    // A device file has no size of its own, so that reading ends where a ROM must.
    let read = std::fs::File::open(&path).and_then(|file| file.take(MAX_ROM + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() as u64 > MAX_ROM => Err(SessionError::RomTooLarge(path)),
        Ok(_) => Ok(Some(bytes)),
        Err(error) => Err(SessionError::Rom { path, error }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::hal::storage::{FaultyMedium, MemoryMedium};

    fn session() -> Session {
        let profile = (boards::find("xt").expect("there is an XT").profile)();
        Session::open(&profile, &SessionOptions::default()).unwrap()
    }

    #[test]
    fn an_image_that_cannot_be_made_safe_is_named() {
        let mut session = session();
        let place = session.drives().remove(0);
        let base = Box::new(MemoryMedium::new(vec![0; 368_640]));
        // One access goes into identifying the disk, and none is left for the flush.
        let medium = FaultyMedium { base, good_accesses: 1, error: std::io::ErrorKind::StorageFull };
        session.insert_medium(&place, "worn.img", Box::new(medium)).unwrap();
        let said = session.flush_media().unwrap_err().to_string();
        assert!(said.contains("worn.img") && said.contains("make room"), "{said}");
        let another = Box::new(MemoryMedium::new(vec![0; 368_640]));
        assert!(session.insert_medium(&place, "another.img", another).is_err(), "the worn disk stays");
        assert!(session.eject(&place.device, place.slot).is_err());
        assert_eq!(session.media()[0].images[0], None, "it is out all the same");
        session.eject(&place.device, place.slot).expect("an empty drive has nothing to lose");
    }

    #[test]
    fn what_a_guest_repeats_is_said_once() {
        let mut session = session();
        let place = session.drives().remove(0);
        let base = Box::new(MemoryMedium::new(vec![0; 368_640]));
        let medium = FaultyMedium { base, good_accesses: 1, error: std::io::ErrorKind::Other };
        session.insert_medium(&place, "worn.img", Box::new(medium)).unwrap();
        session.run_until(Cycle(80_000_000));
        let notices = session.take_notices();
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert!(notices[0].text.contains("cannot be read"), "{notices:?}");
    }
}
