//! Name, words to find the machine by, and what it is.

use crate::gui::describe;
use crate::gui::settings::page::RowCx;
use crate::gui::settings::row::{Control, Row};
use machines::profile::Field;

pub fn rows(cx: RowCx<'_>) -> Vec<Row> {
    let RowCx { profile, board, .. } = cx;
    vec![
        name(cx),
        Row::new(
            "Tags",
            Control::Text {
                value: profile.tags.join(", "),
                lines: 1,
                set: Box::new(|profile, text| profile.tags = tags(&text)),
            },
            "Words to find the machine by, with commas between.",
        )
        .at_once(),
        Row::new(
            "Notes",
            Control::Text {
                value: profile.notes.clone(),
                lines: 4,
                set: Box::new(|profile, text| profile.notes = text),
            },
            "Shown beside the machine in the library.",
        )
        .at_once(),
        Row::new("Board", Control::Fact(format!("{} ({})", board.label, board.year)), board.help)
            .of(Field::Board),
        Row::new(
            "Made of",
            Control::Fact(describe::fact_line(profile)),
            format!("Runs {}.", board.runs.join(", ")),
        ),
    ]
}

fn name(cx: RowCx<'_>) -> Row {
    let control = Control::Text {
        value: cx.profile.name.clone(),
        lines: 1,
        set: Box::new(|profile, text| profile.name = text),
    };
    Row::new("Name", control, "What the library calls the machine.").at_once()
}

/// A comma at the end stays while the next word is typed: the list ends in an empty one.
fn tags(text: &str) -> Vec<String> {
    let mut tags: Vec<String> = text.split(',').map(|tag| tag.trim_start().to_owned()).collect();
    if tags.len() == 1 && tags[0].is_empty() {
        tags.clear();
    }
    tags
}

/// The tags as they are kept: without empty ones.
pub fn tidy(tags: &mut Vec<String>) {
    tags.iter_mut().for_each(|tag| *tag = tag.trim().to_owned());
    tags.retain(|tag| !tag.is_empty());
}
