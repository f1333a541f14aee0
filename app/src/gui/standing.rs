//! How a machine stands, as word, shape and colour.

use super::theme::{self, Tone};
use egui::{Color32, Ui};
use egui_material_icons::{MaterialIcon, icons};
use emu_core::machine::protocol::RunState;

/// How a machine stands, as the library shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    Running,
    Paused,
    Suspended,
    Off,
    /// Its file cannot be read.
    Broken,
}

impl Standing {
    pub fn of(state: RunState) -> Self {
        match state {
            RunState::Running => Self::Running,
            RunState::Paused => Self::Paused,
            RunState::Suspended => Self::Suspended,
            RunState::Off | RunState::Failed => Self::Off,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
            Self::Off => "off",
            Self::Broken => "cannot be read",
        }
    }

    /// A glyph of the icons' font, which stands behind the text's.
    fn shape(self) -> &'static str {
        match self {
            Self::Running => icons::ICON_PLAY_ARROW.codepoint,
            Self::Paused => icons::ICON_PAUSE.codepoint,
            Self::Suspended => icons::ICON_BEDTIME.codepoint,
            Self::Off => icons::ICON_STOP.codepoint,
            Self::Broken => icons::ICON_WARNING.codepoint,
        }
    }

    /// What starting does to a machine that stands so, as icon and face.
    pub fn start_button(self) -> (MaterialIcon, &'static str) {
        match self {
            Self::Running | Self::Paused => (icons::ICON_OPEN_IN_FULL, "Show"),
            Self::Suspended => (icons::ICON_PLAY_ARROW, "Resume"),
            Self::Off | Self::Broken => (icons::ICON_PLAY_ARROW, "Start"),
        }
    }

    /// Shape and word.
    pub fn text(self) -> String {
        format!("{} {}", self.shape(), self.word())
    }

    pub fn colour(self, ui: &Ui) -> Color32 {
        let tone = match self {
            Self::Running => Tone::Good,
            Self::Paused | Self::Suspended => Tone::Waiting,
            Self::Off => Tone::Quiet,
            Self::Broken => Tone::Bad,
        };
        theme::tone(ui, tone)
    }
}
