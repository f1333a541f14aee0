//! How fast the guest runs, what limits it, and what can be done about that.

use super::{MachinePage, PageRequest};
use crate::gui::commands::Command;
use crate::gui::describe;
use crate::gui::theme::GRID;
use egui::{Button, Ui, WidgetInfo, vec2};
use emu_core::machine::protocol::{RunState, Speed};
use std::num::NonZeroU16;
use std::sync::atomic::Ordering;

/// A guest that reaches less than this of what it may, in thousandths, while its thread works all the time, is limited
/// by its host.
const SHORT: u64 = 970;
const BUSY: u64 = 800;

/// What limits the guest's speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Stopped,
    OwnClock,
    Throttled(NonZeroU16),
    Host,
    Nothing,
}

impl Limit {
    /// `permille` of its own speed is what the guest reaches, `load` how much its thread works.
    fn of(state: RunState, speed: Speed, permille: u64, load: u64) -> Self {
        let allowed = speed.percent().map(|percent| u64::from(percent) * 10);
        let is_short = allowed.is_some_and(|allowed| permille * 1000 < allowed * SHORT) && load > BUSY;
        match speed {
            _ if state != RunState::Running => Self::Stopped,
            _ if is_short => Self::Host,
            Speed::Real => Self::OwnClock,
            Speed::Percent(percent) => Self::Throttled(percent),
            Speed::Unlimited => Self::Nothing,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::OwnClock => "own speed",
            Self::Throttled(percent) if percent.get() < 100 => "slowed down",
            Self::Throttled(_) => "sped up",
            Self::Host => "limited by this computer",
            Self::Nothing => "full speed",
        }
    }

    fn sentence(self, has_caches: bool) -> String {
        match self {
            Self::Stopped => "No time passes for the guest: it is paused.".to_owned(),
            Self::OwnClock => "The guest is held to its own clock.".to_owned(),
            Self::Throttled(percent) => format!("The guest is held to {percent} % of its own clock."),
            Self::Host if has_caches => {
                "This computer is too slow for that at present. The cache model takes its share.".to_owned()
            }
            Self::Host => "This computer is too slow for that at present.".to_owned(),
            Self::Nothing => "The guest runs as fast as this computer can.".to_owned(),
        }
    }

    /// The commands that would change it.
    fn remedies(self, has_caches: bool) -> Vec<Command> {
        let speed = Command::SetSpeed;
        match self {
            Self::Stopped => vec![Command::PauseOrRun],
            Self::OwnClock => vec![speed(Speed::Unlimited)],
            Self::Throttled(_) => vec![speed(Speed::Real), speed(Speed::Unlimited)],
            Self::Host if has_caches => vec![Command::ShowSettings, speed(Speed::Real)],
            Self::Host => vec![speed(Speed::Real)],
            Self::Nothing => vec![speed(Speed::Real)],
        }
    }
}

/// Shows the chip. Gives the remedies that were chosen.
pub fn ui(page: &MachinePage, ui: &mut Ui) -> Vec<PageRequest> {
    let Some(handle) = &page.handle else { return Vec::new() };
    let permille = handle.counters().speed.load(Ordering::Relaxed);
    let load = handle.counters().load.load(Ordering::Relaxed);
    let limit = Limit::of(page.state, page.speed, permille, load);
    let percent = if limit == Limit::Stopped { 0 } else { permille / 10 };
    let text = format!("{percent:>4} % of {}, {}", describe::clock(handle.cpu_hz), limit.word());
    let mut chosen = Vec::new();
    let button = Button::new(&text).frame_when_inactive(false).min_size(vec2(34.0 * GRID, 0.0));
    let (response, _) = egui::containers::menu::MenuButton::from_button(button).ui(ui, |ui| {
        ui.set_min_width(40.0 * GRID);
        let has_caches = page.profile.caches.is_some();
        ui.label(limit.sentence(has_caches));
        ui.label(format!("Its thread works {} % of the time.", load.min(1000) / 10));
        for command in limit.remedies(has_caches) {
            if command.button(ui, None).clicked() {
                chosen.push(PageRequest::Command(command));
                ui.close();
            }
        }
    });
    let spoken = format!("Speed: {}", text.trim());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &spoken));
    response.on_hover_text("What limits the speed, and what to do about it.");
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_named_for_what_it_is() {
        let double = NonZeroU16::new(200).map_or(Speed::Real, Speed::Percent);
        let running = |speed, permille, load| Limit::of(RunState::Running, speed, permille, load);
        assert_eq!(running(Speed::Real, 1000, 40), Limit::OwnClock);
        assert_eq!(running(Speed::Real, 700, 990), Limit::Host);
        assert_eq!(running(Speed::Real, 700, 100), Limit::OwnClock, "it was paused a moment ago");
        assert!(matches!(running(double, 2000, 90), Limit::Throttled(_)));
        assert_eq!(running(double, 1500, 990), Limit::Host);
        assert_eq!(running(Speed::Unlimited, 1500, 990), Limit::Nothing);
        assert_eq!(Limit::of(RunState::Paused, Speed::Real, 0, 0), Limit::Stopped);
    }
}
