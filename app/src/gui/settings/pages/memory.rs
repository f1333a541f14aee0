//! How much memory.

use crate::gui::settings::page::RowCx;
use crate::gui::settings::row::{Control, Row};
use machines::boards::Freedom;
use machines::profile::Field;

pub fn rows(cx: RowCx<'_>) -> Vec<Row> {
    if let Some(freedom) = cx.board.freedom {
        return vec![in_megabytes(cx, freedom)];
    }
    let steps = cx.board.memory_steps;
    let (first, last) = (steps[0], steps[steps.len() - 1]);
    let control = Control::Number {
        value: cx.profile.memory_kib,
        first,
        last,
        step: steps.get(1).map_or(1, |second| second - first),
        unit: "KB",
        set: Box::new(move |profile, kib| {
            let nearest = steps.iter().copied().min_by_key(|step| step.abs_diff(kib));
            profile.memory_kib = nearest.unwrap_or(kib);
        }),
    };
    let usual = (cx.board.profile)().memory_kib;
    let help = format!("{usual} KB is the usual choice for the {}.", cx.board.label);
    vec![Row::new("Memory", control, help).of(Field::Memory)]
}

const MB: u32 = 1024;

/// Of a board that takes any number of MB.
fn in_megabytes(cx: RowCx<'_>, freedom: Freedom) -> Row {
    let steps = cx.board.memory_steps;
    let (first, last) = (steps[0] / MB, steps[steps.len() - 1] / MB);
    let control = Control::Number {
        value: cx.profile.memory_kib / MB,
        first,
        last,
        step: freedom.memory_grain / MB,
        unit: "MB",
        set: Box::new(|profile, megabytes| profile.memory_kib = megabytes * MB),
    };
    let usual = (cx.board.profile)().memory_kib / MB;
    Row::new("Memory", control, format!("{usual} MB are enough for most programs.")).of(Field::Memory)
}
