//! Keyboard and joysticks.

use crate::gui::settings::page::RowCx;
use crate::gui::settings::pages::cards;
use crate::gui::settings::row::{Control, Row};
use machines::catalogue::Category;

/// What boards call the card that joysticks are plugged into.
const GAME_PORT: &str = "game-port";

pub fn rows(cx: RowCx<'_>) -> Vec<Row> {
    let keyboard = Row::new(
        "Keyboard",
        Control::Fact("By the place of the keys".to_owned()),
        "Which letter a key gives is the guest's choice: its own layout decides, not this computer's.",
    );
    let freeing = Row::new(
        "Freeing the keyboard",
        Control::Fact("Ctrl+Alt".to_owned()),
        "Press and let go of both: the keys are this computer's again. A click on the screen gives them back.",
    );
    let mut rows = vec![keyboard.at_once(), freeing.at_once()];
    if cx.profile.card(GAME_PORT).is_some() {
        rows.extend(joysticks(&cx.host.pads));
    }
    rows.extend(cards::rows_of(cx, Category::Input));
    rows
}

/// Which gamepad is which joystick, as the game port's card has it.
fn joysticks(pads: &[String]) -> [Row; 2] {
    let [a, b] = match pads {
        [] => ["no gamepad is plugged in".to_owned(), "no gamepad is plugged in".to_owned()],
        [only] => [format!("{only}, left stick"), format!("{only}, right stick")],
        [first, second, ..] => [format!("{first}, left stick"), format!("{second}, left stick")],
    };
    [
        Row::new("Joystick A", Control::Fact(a), "The first gamepad's left stick or directional pad.")
            .at_once(),
        Row::new("Joystick B", Control::Fact(b), "The second gamepad's, or the first one's right stick.")
            .at_once(),
    ]
}
