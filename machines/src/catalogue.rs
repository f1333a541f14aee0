//! The catalogue of devices: what each is called, which options it has, what it occupies, how it is put on a board.
//!
//! Profiles, dialogs, snapshots and docs are fed from here. It is an open registry by name: adding a card is one file
//! and one line in [`Catalogue::standard`].

use crate::boards::isa::IsaBus;
use crate::cards::kinds;
use crate::profile::OptionValue;
use std::collections::BTreeMap;

/// What a device is for: the pages of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    Display,
    Sound,
    Input,
    Floppies,
    Disks,
    Ports,
}

/// The values that an option takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionKind {
    Switch,
    /// One of these; the first word is what a profile writes, the second what a user reads.
    Choice(Vec<(&'static str, &'static str)>),
}

/// An option of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionDescription {
    /// What a profile calls it.
    pub name: &'static str,
    /// What a user reads.
    pub label: &'static str,
    /// One line that helps to decide.
    pub help: &'static str,
    pub kind: OptionKind,
    pub default: OptionValue,
}

/// What a device occupies on the bus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// First and last port.
    pub ports: Vec<(u16, u16)>,
    /// First and last address.
    pub memory: Vec<(u32, u32)>,
    pub interrupts: Vec<u8>,
    pub dma_channels: Vec<u8>,
}

/// A device's options as chosen, with the defaults of those that were not.
pub type Options = BTreeMap<String, OptionValue>;

/// Why a device cannot be put on a board: a sentence for the user.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct MountError(pub String);

/// One kind of device.
#[derive(Clone)]
pub struct DeviceKind {
    /// What a profile calls it.
    pub name: &'static str,
    /// What a user reads.
    pub label: &'static str,
    pub help: &'static str,
    pub category: Category,
    pub options: Vec<OptionDescription>,
    pub resources: fn(&Options) -> Resources,
    pub mount: fn(&mut IsaBus<'_>, &Options) -> Result<(), MountError>,
}

impl DeviceKind {
    /// The chosen options, completed by defaults.
    ///
    /// # Errors
    /// When an option is unknown, or its value is not one of the option's: a sentence that names it.
    pub fn complete(&self, chosen: &Options) -> Result<Options, MountError> {
        for (name, value) in chosen {
            let option = self.options.iter().find(|o| o.name == name).ok_or_else(|| {
                MountError(format!("{} has no option \u{201c}{name}\u{201d}; remove it", self.label))
            })?;
            option.check(self.label, value)?;
        }
        let default = |o: &OptionDescription| (o.name.to_owned(), o.default.clone());
        let mut all: Options = self.options.iter().map(default).collect();
        all.extend(chosen.clone());
        Ok(all)
    }
}

impl OptionDescription {
    fn check(&self, device: &str, value: &OptionValue) -> Result<(), MountError> {
        match (&self.kind, value) {
            (OptionKind::Switch, OptionValue::Bool(_)) => Ok(()),
            (OptionKind::Choice(choices), OptionValue::Text(text)) if choices.iter().any(|c| c.0 == text) => {
                Ok(())
            }
            (OptionKind::Switch, _) => {
                Err(MountError(format!("{} of {device} is a switch; choose on or off", self.label)))
            }
            (OptionKind::Choice(choices), _) => {
                let names: Vec<_> = choices.iter().map(|c| c.0).collect();
                Err(MountError(format!("{} of {device} must be one of: {}", self.label, names.join(", "))))
            }
        }
    }
}

/// All kinds of devices that this program knows.
#[derive(Clone, Default)]
pub struct Catalogue {
    kinds: Vec<DeviceKind>,
}

impl Catalogue {
    /// What this program brings: a line for each card.
    pub fn standard() -> Self {
        let kinds = [
            kinds::cga(),
            kinds::mda(),
            kinds::hercules(),
            kinds::fdc(),
            kinds::xt_hdc(),
            kinds::com1(),
            kinds::com2(),
            kinds::lpt1(),
            kinds::game_port(),
        ];
        Self { kinds: kinds.to_vec() }
    }

    /// Adds a kind, in place of one of the same name.
    pub fn add(&mut self, kind: DeviceKind) {
        self.kinds.retain(|k| k.name != kind.name);
        self.kinds.push(kind);
    }

    pub fn find(&self, name: &str) -> Option<&DeviceKind> {
        self.kinds.iter().find(|k| k.name == name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &DeviceKind> {
        self.kinds.iter()
    }
}
