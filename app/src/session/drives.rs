//! The images that a machine begins with, opened before it is built: the types of its floppy drives and the geometry
//! of its hard disks follow them.

use super::{SessionError, SessionOptions, media};
use emu_core::board::device::MediaError;
use emu_core::hal::storage::Medium;
use emu_core::machine::protocol::MediumSpec;
use machines::chips::upd765::DriveKind;
use machines::media::floppy;
use machines::media::hard_disk::{self, Geometry};
use machines::profile::{CardProfile, Profile};

/// An image for a drive.
pub(super) struct Loaded {
    pub label: String,
    pub medium: Box<dyn Medium>,
}

/// All images of a machine that is about to be built.
pub(super) struct Drives {
    /// By drive; absent: empty.
    pub floppies: Vec<Option<Loaded>>,
    pub disks: Vec<Option<Loaded>>,
    pub geometries: Vec<Geometry>,
}

impl Drives {
    /// Opens the images that are given, or else the profile's, and fits the profile to them: a floppy drive whose type
    /// is open becomes one that reads its disk; a hard disk gets its controller.
    ///
    /// # Errors
    /// When an image cannot be opened, or is no disk for this machine.
    pub fn open(profile: &mut Profile, options: &SessionOptions) -> Result<Self, SessionError> {
        let floppies = load(or_profile(&options.floppies, super::floppy_specs(profile, options)))?;
        let disks = load(or_profile(&options.disks, super::disk_specs(profile, options)))?;
        let mut drives = Self { floppies, disks, geometries: Vec::new() };
        drives.choose_floppy_drives(profile, !options.floppies.is_empty())?;
        drives.measure_disks(profile)?;
        Ok(drives)
    }

    fn choose_floppy_drives(&mut self, profile: &mut Profile, follow: bool) -> Result<(), SessionError> {
        for (at, loaded) in self.floppies.iter_mut().enumerate() {
            let Some(loaded) = loaded else { continue };
            let Some(drive) = profile.floppies.get_mut(at) else {
                return Err(SessionError::NoDrive(loaded.label.clone()));
            };
            if follow || drive.drive.is_none() {
                let format =
                    floppy::identify(loaded.medium.as_mut()).map_err(|error| misfit(loaded, error))?;
                drive.drive = Some(DriveKind::for_format(format).name().to_lowercase());
            }
        }
        Ok(())
    }

    fn measure_disks(&mut self, profile: &mut Profile) -> Result<(), SessionError> {
        for loaded in self.disks.iter_mut().flatten() {
            let geometry = hard_disk::geometry_of(loaded.medium.as_mut());
            self.geometries.push(geometry.map_err(|error| misfit(loaded, error))?);
        }
        if !self.geometries.is_empty() && profile.card("xt-hdc").is_none() {
            profile.cards.push(CardProfile { device: "xt-hdc".to_owned(), options: Default::default() });
        }
        Ok(())
    }
}

fn misfit(loaded: &Loaded, error: MediaError) -> SessionError {
    SessionError::Media { image: loaded.label.clone(), error }
}

fn or_profile(given: &[MediumSpec], profile: Vec<Option<MediumSpec>>) -> Vec<Option<MediumSpec>> {
    if given.is_empty() { profile } else { given.iter().cloned().map(Some).collect() }
}

fn load(specs: Vec<Option<MediumSpec>>) -> Result<Vec<Option<Loaded>>, SessionError> {
    let open = |spec: MediumSpec| {
        let medium = media::open(&spec)?;
        Ok(Loaded { label: spec.image, medium })
    };
    specs.into_iter().map(|spec| spec.map(open).transpose()).collect()
}
