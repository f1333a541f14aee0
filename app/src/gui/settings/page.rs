//! The pages of the settings: which there are for a machine, and which rows stand on each.

use super::pages::{caches, cards, cpu, drives, firmware, general, input, memory, sound};
use super::row::Row;
use crate::gui::host::HostFacts;
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons;
use machines::boards::BoardKind;
use machines::catalogue::{Catalogue, Category};
use machines::profile::Profile;

/// What rows are made from.
#[derive(Clone, Copy)]
pub struct RowCx<'a> {
    pub profile: &'a Profile,
    pub board: &'static BoardKind,
    pub catalogue: &'a Catalogue,
    pub host: &'a HostFacts,
}

/// A page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    #[default]
    General,
    Cpu,
    Caches,
    Memory,
    Firmware,
    Display,
    Sound,
    Input,
    Floppies,
    Disks,
    Ports,
    Cards,
}

/// A page, its icon, its title, and what makes its rows.
type Entry = (Page, MaterialIcon, &'static str, fn(RowCx<'_>) -> Vec<Row>);

/// All pages, in the order in which they are listed.
#[rustfmt::skip]
const PAGES: &[Entry] = &[
    (Page::General, icons::ICON_INFO, "General", general::rows),
    (Page::Cpu, icons::ICON_DEVELOPER_BOARD, "CPU", cpu::rows),
    (Page::Caches, icons::ICON_LAYERS, "Caches", caches::rows),
    (Page::Memory, icons::ICON_MEMORY, "Memory", memory::rows),
    (Page::Firmware, icons::ICON_MEMORY_ALT, "Firmware", firmware::rows),
    (Page::Display, icons::ICON_MONITOR, "Display", |cx| cards::rows_of(cx, Category::Display)),
    (Page::Sound, icons::ICON_VOLUME_UP, "Sound", sound::rows),
    (Page::Input, icons::ICON_KEYBOARD, "Input", input::rows),
    (Page::Floppies, icons::ICON_SAVE, "Floppies", drives::floppies),
    (Page::Disks, icons::ICON_HARD_DRIVE, "Disks", drives::disks),
    (Page::Ports, icons::ICON_SETTINGS_INPUT_COMPONENT, "Ports", |cx| cards::rows_of(cx, Category::Ports)),
    (Page::Cards, icons::ICON_DASHBOARD, "Cards", cards::all),
];

impl Page {
    /// All pages, in their order.
    pub fn all() -> impl Iterator<Item = Self> {
        PAGES.iter().map(|entry| entry.0)
    }

    fn entry(self) -> &'static Entry {
        PAGES.iter().find(|entry| entry.0 == self).unwrap_or(&PAGES[0])
    }

    pub fn icon(self) -> MaterialIcon {
        self.entry().1
    }

    pub fn title(self) -> &'static str {
        self.entry().2
    }

    /// The rows of the page for a machine.
    pub fn rows(self, cx: RowCx<'_>) -> Vec<Row> {
        (self.entry().3)(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machines::boards::BOARDS;
    use std::collections::HashSet;

    fn every_page(see: impl Fn(Page, Vec<Row>)) {
        let (catalogue, host) = (Catalogue::standard(), HostFacts::default());
        for board in BOARDS {
            let profile = (board.profile)();
            let cx = RowCx { profile: &profile, board, catalogue: &catalogue, host: &host };
            Page::all().for_each(|page| see(page, page.rows(cx)));
        }
    }

    #[test]
    fn no_page_is_empty_and_no_row_is_there_twice() {
        every_page(|page, rows| {
            assert!(!rows.is_empty(), "{page:?} is empty");
            let labels: HashSet<&str> = rows.iter().map(|row| row.label.as_str()).collect();
            assert_eq!(labels.len(), rows.len(), "{page:?} has two rows of the same label");
        });
    }

    #[test]
    fn rows_are_worded_alike() {
        every_page(|page, rows| {
            for row in rows {
                assert!(row.label.starts_with(char::is_uppercase), "{page:?}: {:?}", row.label);
                assert!(!row.help.contains('!') && !row.help.contains('\n'), "{page:?}: {:?}", row.help);
                assert!(row.help.ends_with('.'), "{page:?}, {}: {:?}", row.label, row.help);
            }
        });
    }
}
