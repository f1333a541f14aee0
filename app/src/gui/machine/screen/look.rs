//! How a guest's picture is shown: fitted how, and on what kind of monitor. Kept in the machine's folder.

use crate::library::{MachineFolder, write_atomically};
use emu_core::hal::video::composite::CompositeSettings;
use emu_core::hal::video::{Display, Filter, Phosphor, TubeSettings};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The file's name in a machine's folder.
const FILE: &str = "display.ron";

/// How the picture is fitted into its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scaling {
    /// Each dot a block of whole pixels.
    Whole,
    /// As large as fits, in the tube's proportions.
    #[default]
    True,
    /// All of the place.
    Fill,
}

/// What kind of monitor it looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Look {
    /// Plain dots.
    #[default]
    Sharp,
    /// A colour tube, with its lines and stripes.
    Tube,
    /// A composite colour monitor or television set.
    Composite,
    /// A green monochrome monitor.
    Green,
    /// An amber one.
    Amber,
}

/// All that a user may choose about a machine's picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DisplayOptions {
    pub scaling: Scaling,
    pub look: Look,
    pub tube: TubeSettings,
    pub composite: CompositeSettings,
}

impl DisplayOptions {
    /// What the card's signal is shown on.
    pub fn display(&self) -> Display {
        match self.look {
            Look::Sharp | Look::Tube => Display::Rgb,
            Look::Composite => Display::Composite(self.composite),
            Look::Green => Display::Mono(Phosphor::Green),
            Look::Amber => Display::Mono(Phosphor::Amber),
        }
    }

    /// How its dots become pixels. Monochrome tubes have lines, but no mask.
    pub fn filter(&self) -> Filter {
        match self.look {
            Look::Sharp | Look::Composite => Filter::Sharp,
            Look::Tube => Filter::Tube(self.tube),
            Look::Green | Look::Amber => Filter::Tube(TubeSettings { mask: 0, ..self.tube }),
        }
    }

    /// What was chosen for a machine. None where nothing was, or where it cannot be read: then it is as if nothing
    /// had been.
    pub fn of(folder: &MachineFolder) -> Option<Self> {
        let path = path(folder);
        let text = std::fs::read_to_string(&path).ok()?;
        ron::from_str(&text)
            .inspect_err(|error| tracing::warn!(%error, ?path, "display options that cannot be read"))
            .ok()
    }

    /// Keeps them in a machine's folder.
    ///
    /// # Errors
    /// What the host says.
    pub fn keep(&self, folder: &MachineFolder) -> anyhow::Result<()> {
        let text = ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default())?;
        Ok(write_atomically(&path(folder), text.as_bytes())?)
    }
}

fn path(folder: &MachineFolder) -> PathBuf {
    folder.0.join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_kept_in_the_machines_folder() {
        let home = tempfile::tempdir().unwrap();
        let folder = MachineFolder(home.path().to_owned());
        assert_eq!(DisplayOptions::of(&folder), None);
        let chosen =
            DisplayOptions { look: Look::Amber, scaling: Scaling::Whole, ..DisplayOptions::default() };
        chosen.keep(&folder).unwrap();
        assert_eq!(DisplayOptions::of(&folder), Some(chosen));
        std::fs::write(path(&folder), "(look: Holographic)").unwrap();
        assert_eq!(DisplayOptions::of(&folder), None);
    }
}
