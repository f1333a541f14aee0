//! Machines from elsewhere: a copy of the folder is taken into the library, whole or not at all.

use super::{Library, LibraryError, MachineFolder, PROFILE_FILE, free_name, io_error};
use machines::profile::Profile;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A machine's folder with more files than this is some other folder.
const MOST_FILES: usize = 10_000;
const CHUNK: usize = 1 << 18;
/// How a copy is called until it is whole; the library takes no notice of it.
const UNFINISHED: &str = ".importing";

/// Files by which other programs' machines are known.
const FOREIGN: [(&str, &str); 6] = [
    ("86box.cfg", "86Box"),
    ("pcem.cfg", "PCem"),
    ("config.plist", "UTM"),
    ("dosbox.conf", "DOSBox"),
    ("dosbox-x.conf", "DOSBox-X"),
    ("bochsrc.txt", "Bochs"),
];

/// How far an import is, and whether it shall end. Shared with whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    pub done: AtomicU64,
    pub is_cancelled: AtomicBool,
}

/// An import that can be carried out.
#[derive(Debug)]
pub struct Import {
    home: PathBuf,
    from: PathBuf,
    profile: Profile,
    files: Vec<PathBuf>,
    /// What is to be copied, in bytes.
    pub total: u64,
}

impl Library {
    /// Looks at a machine's folder, or the `machine.ron` in it.
    ///
    /// # Errors
    /// A sentence when it is no machine, one of another program, a newer one, or in the library already.
    pub fn import(&self, path: &Path) -> Result<Import, LibraryError> {
        let is_profile = path.file_name().is_some_and(|name| name == PROFILE_FILE);
        let from = if is_profile { path.parent().unwrap_or(path) } else { path };
        let absolute = |path: &Path| path.canonicalize().map_err(io_error("read", path));
        let from = absolute(from)?;
        if self.home.canonicalize().is_ok_and(|home| from.parent() == Some(&home)) {
            return Err(LibraryError::InLibrary(from));
        }
        let profile = MachineFolder(from.clone()).profile().map_err(|error| match error {
            LibraryError::NoMachine(folder) => foreign(&folder).unwrap_or(LibraryError::NoMachine(folder)),
            other => other,
        })?;
        let (files, total) = list(&from)?;
        Ok(Import { home: self.home.clone(), profile: rooted(profile, &from), from, files, total })
    }
}

impl Import {
    /// Copies the machine. None when it was cancelled; nothing is then left of it.
    ///
    /// # Errors
    /// What the host says, as a full disk; nothing is left over then, either.
    pub fn run(&self, progress: &Progress) -> Result<Option<MachineFolder>, LibraryError> {
        fs::create_dir_all(&self.home).map_err(io_error("created", &self.home))?;
        let unfinished = free_name(&self.home, UNFINISHED);
        let copied = self.copy_to(&unfinished, progress);
        if !matches!(copied, Ok(true)) {
            // It is our own copy; what went wrong is told, and matters more.
            let _ = fs::remove_dir_all(&unfinished);
            return copied.map(|_| None);
        }
        let name = self.from.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let place = free_name(&self.home, &name);
        fs::rename(&unfinished, &place).map_err(io_error("renamed", &unfinished))?;
        Ok(Some(MachineFolder(place)))
    }

    /// Gives false when it was cancelled.
    fn copy_to(&self, place: &Path, progress: &Progress) -> Result<bool, LibraryError> {
        for file in &self.files {
            let (from, to) = (self.from.join(file), place.join(file));
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder).map_err(io_error("created", folder))?;
            }
            if !copy(&from, &to, progress).map_err(io_error("copied", &from))? {
                return Ok(false);
            }
        }
        MachineFolder(place.to_owned()).save_profile(&self.profile)?;
        Ok(true)
    }
}

/// Copies a file piece by piece. Gives false when it was cancelled.
fn copy(from: &Path, to: &Path, progress: &Progress) -> io::Result<bool> {
    let (mut source, mut target) = (File::open(from)?, File::create_new(to)?);
    let mut chunk = vec![0; CHUNK];
    loop {
        if progress.is_cancelled.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let count = source.read(&mut chunk)?;
        if count == 0 {
            target.sync_all()?;
            return Ok(true);
        }
        target.write_all(&chunk[..count])?;
        progress.done.fetch_add(count as u64, Ordering::Relaxed);
    }
}

/// The files below a folder by their paths within it, and their bytes. Links to folders are not followed: they may go in circles.
fn list(root: &Path) -> Result<(Vec<PathBuf>, u64), LibraryError> {
    let (mut files, mut total) = (Vec::new(), 0);
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let path = root.join(&folder);
        for entry in fs::read_dir(&path).map_err(io_error("read", &path))?.flatten() {
            let place = folder.join(entry.file_name());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(place);
            } else if let Some(found) = fs::metadata(entry.path()).ok().filter(fs::Metadata::is_file) {
                total += found.len();
                files.push(place);
            }
            if files.len() + folders.len() > MOST_FILES {
                return Err(LibraryError::TooManyFiles(root.to_owned()));
            }
        }
    }
    Ok((files, total))
}

/// Images that lie outside the machine's folder stay where they are, and are named in full.
fn rooted(mut profile: Profile, from: &Path) -> Profile {
    let floppies = profile.floppies.iter_mut().filter_map(|floppy| floppy.image.as_mut());
    let disks = profile.disks.iter_mut().map(|disk| &mut disk.image);
    for image in floppies.chain(disks) {
        let path = Path::new(image.as_str());
        if path.is_relative()
            && let Ok(outside) = from.join(path).canonicalize()
            && !outside.starts_with(from)
        {
            *image = outside.to_string_lossy().into_owned();
        }
    }
    profile
}

/// Whose machine a folder holds, where it is not ours.
fn foreign(folder: &Path) -> Option<LibraryError> {
    let mut names = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name());
    let program = names.find_map(|name| {
        let name = name.to_string_lossy().to_lowercase();
        let known = FOREIGN.iter().find(|(file, _)| *file == name).map(|(_, program)| *program);
        known.or_else(|| name.ends_with(".vbox").then_some("VirtualBox"))
    })?;
    Some(LibraryError::Foreign { folder: folder.to_owned(), program })
}

#[cfg(test)]
mod tests {
    use super::*;
    use machines::profile::FloppyProfile;

    struct Setting {
        _folder: tempfile::TempDir,
        library: Library,
        elsewhere: PathBuf,
    }

    fn setting() -> Setting {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::new(folder.path().join("home"));
        let elsewhere = folder.path().join("old xt");
        fs::create_dir(&elsewhere).unwrap();
        Setting { library, elsewhere, _folder: folder }
    }

    fn profile(image: &str) -> Profile {
        let floppy = FloppyProfile { image: Some(image.to_owned()), ..FloppyProfile::default() };
        Profile { floppies: vec![floppy], ..(machines::boards::xt::KIND.profile)() }
    }

    #[test]
    fn a_machine_is_copied_with_all_its_files() {
        let Setting { library, elsewhere, _folder } = setting();
        MachineFolder(elsewhere.clone()).save_profile(&profile("disks/a.img")).unwrap();
        fs::create_dir(elsewhere.join("disks")).unwrap();
        fs::write(elsewhere.join("disks/a.img"), [7; 1000]).unwrap();
        let import = library.import(&elsewhere.join(PROFILE_FILE)).unwrap();
        let progress = Progress::default();
        let folder = import.run(&progress).unwrap().unwrap();
        assert_eq!(folder.name(), "old xt");
        assert_eq!(fs::read(folder.resolve("disks/a.img")).unwrap(), [7; 1000]);
        assert_eq!(folder.profile().unwrap(), profile("disks/a.img"));
        assert_eq!(progress.done.into_inner(), import.total);
        assert!(matches!(library.import(&folder.0), Err(LibraryError::InLibrary(_))));
    }

    #[test]
    fn images_outside_the_folder_stay_where_they_are() {
        let Setting { library, elsewhere, _folder } = setting();
        let outside = elsewhere.with_file_name("shared.img");
        fs::write(&outside, [1]).unwrap();
        MachineFolder(elsewhere.clone()).save_profile(&profile("../shared.img")).unwrap();
        let folder = library.import(&elsewhere).unwrap().run(&Progress::default()).unwrap().unwrap();
        let image = folder.profile().unwrap().floppies[0].image.clone().unwrap();
        assert_eq!(PathBuf::from(image), outside.canonicalize().unwrap());
    }

    #[test]
    fn what_is_no_machine_is_named() {
        for (file, text, word) in [
            ("86box.cfg", "", "86Box"),
            ("Old.vbox", "", "VirtualBox"),
            ("readme.txt", "", "no machine"),
            ("machine.ron", "V9((name: \"x\"))", "newer"),
            ("machine.ron", "junk", "damaged"),
        ] {
            let Setting { library, elsewhere, _folder } = setting();
            fs::write(elsewhere.join(file), text).unwrap();
            let message = library.import(&elsewhere).unwrap_err().to_string();
            assert!(message.contains(word), "{file}: {message}");
            assert!(library.machines().unwrap().is_empty());
        }
    }

    #[test]
    fn a_cancelled_import_leaves_nothing() {
        let Setting { library, elsewhere, _folder } = setting();
        MachineFolder(elsewhere.clone()).save_profile(&profile("a.img")).unwrap();
        let progress = Progress { is_cancelled: true.into(), ..Progress::default() };
        assert_eq!(library.import(&elsewhere).unwrap().run(&progress).unwrap(), None);
        assert_eq!(fs::read_dir(library.home()).unwrap().count(), 0);
    }
}
