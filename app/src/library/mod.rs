//! The user's machines: a folder each, under the home folder.
//!
//! ```text
//! home/
//!   office-xt/
//!     machine.ron      what it is made of
//!     history/         the last versions of machine.ron
//!     state.anachron   where it was suspended, if it was
//!     picture.png      its last picture
//!   .trash/            deleted machines, until the user empties it
//! ```
//!
//! Nothing is ever half-written: files are written beside their place, synced, and renamed. Nothing is ever deleted:
//! machines go to the trash.

mod atomic;
mod import;

pub use atomic::write_atomically;
pub use import::{Import, Progress};

use machines::profile::{Profile, ProfileError};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const PROFILE_FILE: &str = "machine.ron";
const HISTORY: &str = "history";
const STATE_FILE: &str = "state.anachron";
const PICTURE_FILE: &str = "picture.png";
const TRASH: &str = ".trash";
/// How many earlier versions of a profile are kept.
const KEPT_VERSIONS: usize = 10;
/// A profile larger than this is none.
const MAX_PROFILE: u64 = 1 << 20;

/// Why something in the library cannot be done: a sentence.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    #[error("{path} cannot be {verb}: {source}")]
    Io {
        verb: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path}: {error}")]
    Profile { path: PathBuf, error: ProfileError },
    #[error("{0} is no machine: it has no machine.ron")]
    NoMachine(PathBuf),
    #[error("There is no machine named \u{201c}{0}\u{201d}; `anachron list` names them")]
    Unknown(String),
    #[error("{0} is too large for a machine's description; it is some other file")]
    TooLarge(PathBuf),
    #[error("{0} holds too many files for a machine's folder; choose the folder with its machine.ron")]
    TooManyFiles(PathBuf),
    #[error("{0} is in the library already")]
    InLibrary(PathBuf),
    #[error(
        "{folder} holds a machine of {program}, which Anachron cannot read; make a new machine and choose its disk images"
    )]
    Foreign { folder: PathBuf, program: &'static str },
}

fn io_error(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LibraryError {
    let path = path.to_owned();
    move |source| LibraryError::Io { verb, path, source }
}

/// A machine's folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MachineFolder(pub PathBuf);

impl MachineFolder {
    /// Reads what the machine is made of.
    ///
    /// # Errors
    /// When there is no such file, or it is damaged, newer or foreign.
    pub fn profile(&self) -> Result<Profile, LibraryError> {
        let path = self.0.join(PROFILE_FILE);
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(LibraryError::NoMachine(self.0.clone()));
            }
            Ok(found) if found.len() > MAX_PROFILE => return Err(LibraryError::TooLarge(path)),
            _ => {}
        }
        let bytes = fs::read(&path).map_err(io_error("read", &path))?;
        let text = String::from_utf8_lossy(&bytes);
        Profile::from_ron(&text).map_err(|error| LibraryError::Profile { path, error })
    }

    /// Writes what the machine is made of; the version before is kept in the history.
    ///
    /// # Errors
    /// What the host says. The old file is then as it was.
    pub fn save_profile(&self, profile: &Profile) -> Result<(), LibraryError> {
        fs::create_dir_all(&self.0).map_err(io_error("created", &self.0))?;
        let path = self.0.join(PROFILE_FILE);
        let text = profile.to_ron();
        match fs::read(&path) {
            Ok(old) if old == text.as_bytes() => return Ok(()),
            Ok(old) => self.keep_version(&old)?,
            Err(_) => {}
        }
        write_atomically(&path, text.as_bytes()).map_err(io_error("written", &path))
    }

    /// The suspended state, if there is one.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn suspended_state(&self) -> Result<Option<Vec<u8>>, LibraryError> {
        let path = self.0.join(STATE_FILE);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error("read", &path)(error)),
        }
    }

    pub fn is_suspended(&self) -> bool {
        self.0.join(STATE_FILE).is_file()
    }

    /// Writes a suspended state.
    ///
    /// # Errors
    /// What the host says, as a full disk. An older state is then as it was.
    pub fn save_state(&self, state: &[u8]) -> Result<(), LibraryError> {
        let path = self.0.join(STATE_FILE);
        write_atomically(&path, state).map_err(io_error("written", &path))
    }

    /// Sets a state aside that is used up: it is kept as the one before last.
    ///
    /// # Errors
    /// What the host says.
    pub fn retire_state(&self) -> Result<(), LibraryError> {
        let path = self.0.join(STATE_FILE);
        match fs::rename(&path, self.0.join("state.previous")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("renamed", &path)(error)),
            _ => Ok(()),
        }
    }

    /// Where the machine's last picture is.
    pub fn picture(&self) -> PathBuf {
        self.0.join(PICTURE_FILE)
    }

    /// The folder's own name.
    pub fn name(&self) -> String {
        self.0.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// A path from the profile: relative ones begin in the machine's folder.
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    fn keep_version(&self, old: &[u8]) -> Result<(), LibraryError> {
        let folder = self.0.join(HISTORY);
        fs::create_dir_all(&folder).map_err(io_error("created", &folder))?;
        let mut kept = numbered_files(&folder);
        let next = kept.last().map_or(1, |last| last + 1);
        let path = folder.join(format!("{next}.ron"));
        write_atomically(&path, old).map_err(io_error("written", &path))?;
        kept.push(next);
        for number in &kept[..kept.len().saturating_sub(KEPT_VERSIONS)] {
            // An old version that stays does no harm.
            let _ = fs::remove_file(folder.join(format!("{number}.ron")));
        }
        Ok(())
    }
}

/// The numbers of the `N.ron` in a folder, ascending.
fn numbered_files(folder: &Path) -> Vec<u64> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let number = |entry: fs::DirEntry| entry.path().file_stem()?.to_str()?.parse::<u64>().ok();
    let mut numbers: Vec<u64> = entries.filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

/// A machine as the library shows it.
#[derive(Debug)]
pub struct MachineEntry {
    pub folder: MachineFolder,
    /// What it is made of, or why that cannot be read.
    pub profile: Result<Profile, LibraryError>,
}

/// The user's machines.
#[derive(Clone, Debug)]
pub struct Library {
    home: PathBuf,
}

/// A machine in the trash, and how it comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trashed {
    pub was: MachineFolder,
    pub now: PathBuf,
}

impl Library {
    /// The library in this folder, which is made when the first machine is.
    pub fn new(home: PathBuf) -> Self {
        Self { home }
    }

    pub fn home(&self) -> &Path {
        &self.home
    }

    /// All machines by name. Folders that are none are left out; broken machines are not.
    ///
    /// # Errors
    /// When the home folder is there and cannot be read.
    pub fn machines(&self) -> Result<Vec<MachineEntry>, LibraryError> {
        let entries = match fs::read_dir(&self.home) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error("read", &self.home)(error)),
        };
        let mut folders: Vec<_> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.join(PROFILE_FILE).exists())
            .map(MachineFolder)
            .collect();
        folders.sort();
        let entry = |folder: MachineFolder| MachineEntry { profile: folder.profile(), folder };
        Ok(folders.into_iter().map(entry).collect())
    }

    /// The machine of this folder name or this name of its own.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, name: &str) -> Result<MachineEntry, LibraryError> {
        let named = |entry: &MachineEntry| {
            entry.folder.name() == name || entry.profile.as_ref().is_ok_and(|profile| profile.name == name)
        };
        self.machines()?.into_iter().find(named).ok_or_else(|| LibraryError::Unknown(name.to_owned()))
    }

    /// Makes a machine. Its folder is named after it.
    ///
    /// # Errors
    /// What the host says.
    pub fn create(&self, profile: &Profile) -> Result<MachineFolder, LibraryError> {
        fs::create_dir_all(&self.home).map_err(io_error("created", &self.home))?;
        let folder = MachineFolder(free_name(&self.home, &slug(&profile.name)));
        if let Err(error) = folder.save_profile(profile) {
            // Nothing of it is left; a folder with something in it is not removed.
            let _ = fs::remove_dir(&folder.0);
            return Err(error);
        }
        Ok(folder)
    }

    /// Moves a machine to the trash.
    ///
    /// # Errors
    /// What the host says; the machine is then where it was.
    pub fn trash(&self, folder: &MachineFolder) -> Result<Trashed, LibraryError> {
        let trash = self.home.join(TRASH);
        fs::create_dir_all(&trash).map_err(io_error("created", &trash))?;
        let now = free_name(&trash, &folder.name());
        fs::rename(&folder.0, &now).map_err(io_error("moved to the trash", &folder.0))?;
        Ok(Trashed { was: folder.clone(), now })
    }

    /// Takes a machine out of the trash again.
    ///
    /// # Errors
    /// What the host says; the machine is then still in the trash.
    pub fn restore(&self, trashed: &Trashed) -> Result<MachineFolder, LibraryError> {
        let place = free_name(&self.home, &trashed.was.name());
        fs::rename(&trashed.now, &place).map_err(io_error("taken out of the trash", &trashed.now))?;
        Ok(MachineFolder(place))
    }
}

/// A folder name for a machine: letters, digits and hyphens.
fn slug(name: &str) -> String {
    let plain: String =
        name.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<_> = plain.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "machine".to_owned() } else { words.join("-") }
}

/// The path `folder/name`, or `folder/name-2`, … if that is taken.
fn free_name(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.join(name);
    let mut number = 2;
    while path.exists() {
        path = folder.join(format!("{name}-{number}"));
        number += 1;
    }
    path
}

#[cfg(test)]
mod tests;
