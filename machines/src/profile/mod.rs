//! What a machine is made of, as data: the content of `machine.ron`.
//!
//! On disk a profile is wrapped in its version (`V1((…))`); the rest of the code knows only the newest. A newer file is
//! refused with a message, and an unknown field is, too: nothing of it is dropped.

mod check;

pub use check::{Conflict, Field, Fix, check};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The newest form.
pub type Profile = v1::Profile;
pub use v1::{
    CardProfile, CpuProfile, DiskProfile, Engine, Firmware, FloppyProfile, OptionValue, SoundProfile,
};

/// Version 1.
pub mod v1 {
    use super::{BTreeMap, Deserialize, Serialize};
    use emu_core::cache::CacheConfig;
    use emu_core::cpu::FpuMode;
    use emu_core::cpu::x86::model::CustomModel;

    fn is_default<T: Default + PartialEq>(value: &T) -> bool {
        *value == T::default()
    }

    /// A machine.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Profile {
        /// What the user calls it.
        pub name: String,
        /// The board's name, as `xt`.
        pub board: String,
        pub cpu: CpuProfile,
        pub memory_kib: u32,
        #[serde(default)]
        pub firmware: Firmware,
        /// The cache model; absent: none.
        #[serde(default)]
        pub caches: Option<CacheConfig>,
        /// By the catalogue's names, in slot order.
        #[serde(default)]
        pub cards: Vec<CardProfile>,
        /// A: first.
        #[serde(default)]
        pub floppies: Vec<FloppyProfile>,
        #[serde(default)]
        pub disks: Vec<DiskProfile>,
        #[serde(default)]
        pub sound: SoundProfile,
        /// The user's words to find it by.
        #[serde(default)]
        pub tags: Vec<String>,
        #[serde(default)]
        pub notes: String,
    }

    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct CpuProfile {
        /// As on the command line: `8088`, `8086`.
        pub model: String,
        pub clock_hz: u64,
        #[serde(default)]
        pub engine: Engine,
        /// How the x87 computes.
        #[serde(default, skip_serializing_if = "is_default")]
        pub fpu: FpuMode,
        /// What the model `custom` is; absent: every feature that there is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub custom: Option<CustomModel>,
    }

    impl CpuProfile {
        /// A model's processor.
        pub fn of(model: &str, clock_hz: u64, engine: Engine) -> Self {
            Self { model: model.to_owned(), clock_hz, engine, fpu: FpuMode::Exact, custom: None }
        }
    }

    /// How instructions are run.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Engine {
        #[default]
        Strict,
        Threaded,
        Translating,
        Hypervisor,
    }

    /// Where the firmware comes from.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Firmware {
        /// Our own, as guest code.
        #[default]
        Rom,
        /// Our own, as functions of the host behind the same entry points.
        Host,
        /// The user's ROM image, from the machine's folder or an absolute path.
        File(String),
    }

    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct CardProfile {
        /// The catalogue's name.
        pub device: String,
        /// What differs from the catalogue's defaults.
        #[serde(default)]
        pub options: BTreeMap<String, OptionValue>,
    }

    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(untagged)]
    pub enum OptionValue {
        Bool(bool),
        Text(String),
    }

    /// A floppy drive.
    #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct FloppyProfile {
        /// As a drive's type is named: `360k`, `720k`, `1.2m`, `1.44m`; absent: as the image in it asks.
        #[serde(default)]
        pub drive: Option<String>,
        #[serde(default)]
        pub image: Option<String>,
        #[serde(default)]
        pub write_protected: bool,
    }

    /// How loud the machine plays on its host.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct SoundProfile {
        /// In hundredths of what the machine puts out, 0 to 200.
        pub volume: u16,
        #[serde(default)]
        pub muted: bool,
    }

    impl Default for SoundProfile {
        fn default() -> Self {
            Self { volume: 100, muted: false }
        }
    }

    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct DiskProfile {
        pub image: String,
    }
}

/// The file's form: a profile in its version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum File {
    V1(v1::Profile),
}

/// Why a `machine.ron` cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ProfileError {
    #[error("The machine was written by a newer Anachron (form {0}); open it with that, or update this one")]
    Newer(String),
    #[error("The machine's file is damaged at line {line}, column {column}: {what}")]
    Damaged { line: usize, column: usize, what: String },
}

impl SoundProfile {
    /// The loudest volume.
    pub const LOUDEST: u16 = 200;

    /// What the machine's sound is multiplied by.
    pub fn gain(self) -> f32 {
        if self.muted { 0.0 } else { f32::from(self.volume.min(Self::LOUDEST)) / 100.0 }
    }
}

impl Profile {
    /// Reads a `machine.ron`.
    ///
    /// # Errors
    /// [`ProfileError`], with the place of the mistake.
    pub fn from_ron(text: &str) -> Result<Self, ProfileError> {
        match ron::from_str::<File>(text) {
            Ok(File::V1(profile)) => Ok(profile),
            Err(error) => Err(explain(text, &error)),
        }
    }

    /// Writes a `machine.ron`.
    ///
    /// # Panics
    /// Never: a profile is plain data.
    pub fn to_ron(&self) -> String {
        let pretty = ron::ser::PrettyConfig::new().struct_names(false);
        ron::ser::to_string_pretty(&File::V1(self.clone()), pretty).expect("a profile is plain data") + "\n"
    }

    /// The machine as it was switched on, with what of newer settings does not wait for the next power-on: words, the
    /// images in floppy drives, the caches (a guest computes the same with any), how the x87 computes, the volume.
    pub fn with_news_of(&self, new: &Self) -> Self {
        let mut profile = Self {
            name: new.name.clone(),
            tags: new.tags.clone(),
            notes: new.notes.clone(),
            caches: new.caches.clone(),
            sound: new.sound,
            ..self.clone()
        };
        profile.cpu.fpu = new.cpu.fpu;
        for (floppy, new) in profile.floppies.iter_mut().zip(&new.floppies) {
            (floppy.image, floppy.write_protected) = (new.image.clone(), new.write_protected);
        }
        profile
    }

    /// The option values of the first card of this kind.
    pub fn card(&self, device: &str) -> Option<&CardProfile> {
        self.cards.iter().find(|card| card.device == device)
    }
}

/// A file of a version that this program does not have begins with its name.
fn explain(text: &str, error: &ron::error::SpannedError) -> ProfileError {
    let without_comments = text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<String>();
    let head: String =
        without_comments.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
    let version = head.strip_prefix('V').and_then(|number| number.parse::<u32>().ok());
    if version.is_some_and(|version| version > 1) {
        return ProfileError::Newer(head);
    }
    let start = error.span.start;
    ProfileError::Damaged { line: start.line, column: start.col, what: error.code.to_string() }
}
