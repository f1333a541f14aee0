//! Which images were used last, by each machine and by all.

use crate::session::media::DEMO_DISK;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many are remembered, and how many are offered at once.
const KEPT: usize = 12;
const OFFERED: usize = 8;

/// The images used last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecentImages {
    /// Newest first.
    everywhere: Vec<String>,
    /// By the machine's folder name.
    by_machine: BTreeMap<String, Vec<String>>,
    /// Where an image was chosen last.
    folder: Option<PathBuf>,
}

/// All windows share one.
#[derive(Clone, Debug, Default)]
pub struct SharedRecents(Arc<Mutex<RecentImages>>);

impl SharedRecents {
    pub fn new(recents: RecentImages) -> Self {
        Self(Arc::new(Mutex::new(recents)))
    }

    pub fn lock(&self) -> MutexGuard<'_, RecentImages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RecentImages {
    /// An image was put into a drive of this machine.
    pub fn note(&mut self, machine: Option<&str>, image: &str) {
        put_first(&mut self.everywhere, image);
        if let Some(machine) = machine {
            put_first(self.by_machine.entry(machine.to_owned()).or_default(), image);
        }
        if image != DEMO_DISK {
            self.folder = Path::new(image).parent().map(Path::to_path_buf);
        }
    }

    /// The folder to look for images in first.
    pub fn folder(&self) -> Option<PathBuf> {
        self.folder.clone()
    }

    /// What to offer for a machine: its own images, then others'. Files that are gone are left out.
    pub fn offer(&self, machine: Option<&str>) -> Vec<String> {
        let own = machine.and_then(|machine| self.by_machine.get(machine));
        let mut offered: Vec<String> = Vec::new();
        for image in own.into_iter().flatten().chain(&self.everywhere) {
            let is_there = image == DEMO_DISK || Path::new(image).is_file();
            if is_there && !offered.contains(image) && offered.len() < OFFERED {
                offered.push(image.clone());
            }
        }
        offered
    }
}

fn put_first(images: &mut Vec<String>, image: &str) {
    images.retain(|known| known != image);
    images.insert(0, image.to_owned());
    images.truncate(KEPT);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machines_own_images_come_first_and_missing_files_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        for name in ["a", "b", "c"] {
            std::fs::write(path(name), "x").unwrap();
        }
        let mut recents = RecentImages::default();
        recents.note(Some("xt"), &path("a"));
        recents.note(Some("at"), &path("b"));
        recents.note(Some("at"), &path("gone"));
        recents.note(None, &path("c"));
        assert_eq!(recents.offer(Some("xt")), [path("a"), path("c"), path("b")]);
        assert_eq!(recents.offer(None), [path("c"), path("b"), path("a")]);
        assert_eq!(recents.folder(), Some(folder.path().to_path_buf()));
    }

    #[test]
    fn only_the_newest_are_kept() {
        let mut recents = RecentImages::default();
        (0..50).for_each(|number| recents.note(Some("xt"), &number.to_string()));
        assert_eq!(recents.everywhere.len(), KEPT);
        assert_eq!(recents.by_machine["xt"][0], "49");
    }
}
