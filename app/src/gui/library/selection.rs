//! Which machines are chosen: one, several, or none. The one chosen last leads: the panel to the right is about it.

use crate::library::MachineFolder;
use egui::Modifiers;
use std::collections::BTreeSet;

/// The chosen machines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    chosen: BTreeSet<MachineFolder>,
    lead: Option<MachineFolder>,
}

impl Selection {
    pub fn contains(&self, folder: &MachineFolder) -> bool {
        self.chosen.contains(folder)
    }

    pub fn lead(&self) -> Option<&MachineFolder> {
        self.lead.as_ref()
    }

    pub fn iter(&self) -> impl Iterator<Item = &MachineFolder> {
        self.chosen.iter()
    }

    /// This one and no other.
    pub fn choose(&mut self, folder: MachineFolder) {
        self.chosen = BTreeSet::from([folder.clone()]);
        self.lead = Some(folder);
    }

    /// All of these; the leading one stays if it is among them.
    pub fn choose_all(&mut self, folders: impl IntoIterator<Item = MachineFolder>) {
        self.chosen = folders.into_iter().collect();
        self.mend_lead();
    }

    /// What a click with these modifiers does, where the machines are shown in this order: Ctrl adds or takes away,
    /// Shift reaches from the leading one.
    pub fn click(&mut self, folder: MachineFolder, modifiers: Modifiers, order: &[MachineFolder]) {
        if modifiers.shift {
            self.reach(folder, order);
        } else if modifiers.command {
            self.toggle(folder);
        } else {
            self.choose(folder);
        }
    }

    fn toggle(&mut self, folder: MachineFolder) {
        if self.chosen.remove(&folder) {
            self.mend_lead();
        } else {
            self.chosen.insert(folder.clone());
            self.lead = Some(folder);
        }
    }

    fn reach(&mut self, folder: MachineFolder, order: &[MachineFolder]) {
        let place = |folder: &MachineFolder| order.iter().position(|shown| shown == folder);
        let Some((from, to)) = self.lead.as_ref().and_then(place).zip(place(&folder)) else {
            return self.choose(folder);
        };
        self.chosen = order[from.min(to)..=from.max(to)].iter().cloned().collect();
    }

    /// Forgets machines that are gone.
    pub fn retain(&mut self, exists: impl Fn(&MachineFolder) -> bool) {
        self.chosen.retain(exists);
        self.mend_lead();
    }

    fn mend_lead(&mut self) {
        if self.lead.as_ref().is_none_or(|lead| !self.chosen.contains(lead)) {
            self.lead = self.chosen.first().cloned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn folder(name: char) -> MachineFolder {
        MachineFolder(PathBuf::from(name.to_string()))
    }

    #[test]
    fn clicks_choose_as_in_a_file_manager() {
        let order: Vec<_> = "abcde".chars().map(folder).collect();
        for (clicks, chosen, lead) in [
            ("a b", "b", 'b'),
            ("a +c", "ac", 'c'),
            ("a +c +c", "a", 'a'),
            ("b -d", "bcd", 'b'),
            ("d -b", "bcd", 'd'),
            ("b -d -a", "ab", 'b'),
            ("-c", "c", 'c'),
            ("a -c e", "e", 'e'),
        ] {
            let mut selection = Selection::default();
            for click in clicks.split(' ') {
                let modifiers = match click.chars().next() {
                    Some('+') => Modifiers::COMMAND,
                    Some('-') => Modifiers::SHIFT,
                    _ => Modifiers::NONE,
                };
                let name = click.chars().last().expect("a click is on something");
                selection.click(folder(name), modifiers, &order);
            }
            let found: String = selection.iter().map(|folder| folder.name()).collect();
            assert_eq!(found, chosen, "{clicks}");
            assert_eq!(selection.lead(), Some(&folder(lead)), "{clicks}");
        }
    }

    #[test]
    fn machines_that_are_gone_are_forgotten() {
        let mut selection = Selection::default();
        selection.choose_all("abc".chars().map(folder));
        selection.retain(|kept| *kept != folder('a'));
        assert_eq!((selection.iter().count(), selection.lead()), (2, Some(&folder('b'))));
        selection.retain(|_| false);
        assert_eq!((selection.iter().count(), selection.lead()), (0, None));
    }
}
