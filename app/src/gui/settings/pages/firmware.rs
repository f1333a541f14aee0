//! Where the firmware comes from.

use crate::gui::describe;
use crate::gui::settings::page::RowCx;
use crate::gui::settings::row::{Choice, Control, Edit, Row, Target};
use machines::profile::Firmware;

pub fn rows(cx: RowCx<'_>) -> Vec<Row> {
    let chosen = &cx.profile.firmware;
    let file = match chosen {
        Firmware::File(path) => format!("A ROM image: {}", describe::image_name(path)),
        _ => "A ROM image…".to_owned(),
    };
    let choices = vec![
        Choice::new(
            "Anachron's own, as ROM code",
            *chosen == Firmware::Rom,
            Edit::of(|profile| profile.firmware = Firmware::Rom),
        )
        .help("Everything the guest sees happens in the guest, to the cycle."),
        Choice::new(
            "Anachron's own, as host functions",
            *chosen == Firmware::Host,
            Edit::of(|profile| profile.firmware = Firmware::Host),
        )
        .help("The same entry points, served by this program: quicker, not true to the cycle."),
        Choice::new(file, matches!(chosen, Firmware::File(_)), Edit::Browse(Target::Rom))
            .help("A file of your own, of at most 256 KB, that ends at the top of the first megabyte."),
    ];
    vec![Row::new("Firmware", Control::Radio(choices), "What the machine runs before any disk.")]
}
