//! Images as files of the host, and the media that are built into the program.

use emu_core::hal::storage::{Medium, MemoryMedium, OverlayMedium};
use emu_core::machine::protocol::MediumSpec;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How the built-in demo disk is named where an image's path is expected.
pub const DEMO_DISK: &str = "builtin:first-light";

/// Why an image cannot be used: a sentence that names the file and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{0} does not exist; check the name, or create the image first")]
    Missing(PathBuf),
    #[error("{0} is a folder; choose an image file in it")]
    Folder(PathBuf),
    #[error("{0} may not be read; change its permissions, or choose another image")]
    Forbidden(PathBuf),
    #[error("{0} is in use by another machine; power that one off, or run with a copy of the image")]
    InUse(PathBuf),
    #[error("{0} is empty; choose an image that holds a disk")]
    Empty(PathBuf),
    #[error("This Anachron has no built-in disk named {0}")]
    NoSuchBuiltIn(String),
    #[error("{path} cannot be read: {source}")]
    Other {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Opens an image.
///
/// # Errors
/// [`OpenError`]: what is wrong with the file.
pub fn open(spec: &MediumSpec) -> Result<Box<dyn Medium>, OpenError> {
    if let Some(name) = spec.image.strip_prefix("builtin:") {
        let bytes = built_in(name).ok_or_else(|| OpenError::NoSuchBuiltIn(name.to_owned()))?;
        return Ok(Box::new(MemoryMedium { bytes, write_protected: spec.write_protected }));
    }
    let medium = FileMedium::open(Path::new(&spec.image), spec.write_protected || spec.disposable)?;
    if spec.disposable && !spec.write_protected {
        return Ok(Box::new(OverlayMedium::new(Box::new(medium))));
    }
    Ok(Box::new(medium))
}

fn built_in(name: &str) -> Option<Vec<u8>> {
    match name {
        "first-light" => machines::firmware::demo::floppy_image().ok(),
        _ => None,
    }
}

/// An image file, written in place. It is locked while a machine has it, so that two cannot spoil it. Its errors name
/// it.
struct FileMedium {
    path: PathBuf,
    file: File,
    len: u64,
    write_protected: bool,
}

impl FileMedium {
    fn open(path: &Path, read_only: bool) -> Result<Self, OpenError> {
        let explain = |source: io::Error| explain(path, source);
        if path.is_dir() {
            return Err(OpenError::Folder(path.to_owned()));
        }
        let writable = if read_only { None } else { open_writable(path).map_err(explain)? };
        let write_protected = writable.is_none();
        let file = match writable {
            Some(file) => file,
            None => File::open(path).map_err(explain)?,
        };
        let locked = if write_protected { file.try_lock_shared() } else { file.try_lock() };
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(path.to_owned())),
            // Some file systems have no locks; then nothing can be promised.
            Err(TryLockError::Error(error)) => tracing::debug!(%error, ?path, "the image cannot be locked"),
        }
        let len = file.metadata().map_err(explain)?.len();
        if len == 0 {
            return Err(OpenError::Empty(path.to_owned()));
        }
        Ok(Self { path: path.to_owned(), file, len, write_protected })
    }

    fn seek(&mut self, offset: u64, size: usize) -> io::Result<()> {
        if offset.checked_add(size as u64).is_none_or(|end| end > self.len) {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the image ends before this sector"));
        }
        self.file.seek(SeekFrom::Start(offset)).map(drop)
    }

    fn named(&self, error: io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
    }

    /// What is written to a file without a name is gone when the file is closed.
    fn check_is_there(&self) -> io::Result<()> {
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::nlink(&self.file.metadata()?) == 0 {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the file was deleted or replaced meanwhile",
            ));
        }
        Ok(())
    }
}

/// A file that may only be read is a write-protected disk.
fn open_writable(path: &Path) -> io::Result<Option<File>> {
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn explain(path: &Path, source: io::Error) -> OpenError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => OpenError::Missing(path),
        io::ErrorKind::PermissionDenied => OpenError::Forbidden(path),
        _ => OpenError::Other { path, source },
    }
}

impl Medium for FileMedium {
    fn len(&self) -> u64 {
        self.len
    }

    fn is_write_protected(&self) -> bool {
        self.write_protected
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let read = self.seek(offset, buffer.len()).and_then(|()| self.file.read_exact(buffer));
        read.map_err(|error| self.named(error))
    }

    fn write_at(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.write_protected {
            return Err(self.named(io::ErrorKind::PermissionDenied.into()));
        }
        let ready = self.check_is_there().and_then(|()| self.seek(offset, data.len()));
        ready.and_then(|()| self.file.write_all(data)).map_err(|error| self.named(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = if self.write_protected { Ok(()) } else { self.file.sync_data() };
        flushed.map_err(|error| self.named(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(path: &Path) -> MediumSpec {
        let image = path.to_string_lossy().into_owned();
        MediumSpec { image, write_protected: false, disposable: false }
    }

    fn error(spec: &MediumSpec) -> OpenError {
        open(spec).err().expect("the image is bad")
    }

    #[test]
    fn bad_images_are_named_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(error(&spec(folder.path())), OpenError::Folder(_)));
        assert!(matches!(error(&spec(&folder.path().join("gone"))), OpenError::Missing(_)));
        let empty = folder.path().join("empty.img");
        std::fs::write(&empty, "").unwrap();
        assert!(matches!(error(&spec(&empty)), OpenError::Empty(_)));
        assert!(error(&spec(&empty)).to_string().contains("empty.img"));
    }

    #[test]
    fn writes_reach_the_file_or_stay_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.img");
        std::fs::write(&path, [0; 1024]).unwrap();
        let mut disposable = MediumSpec { disposable: true, ..spec(&path) };
        open(&disposable).unwrap().write_at(3, &[7]).unwrap();
        assert_eq!(std::fs::read(&path).unwrap()[3], 0);
        disposable.disposable = false;
        let mut medium = open(&disposable).unwrap();
        medium.write_at(3, &[7]).unwrap();
        medium.flush().unwrap();
        assert_eq!(std::fs::read(&path).unwrap()[3], 7);
        assert!(matches!(error(&spec(&path)), OpenError::InUse(_)));
        let beyond = medium.read_at(1020, &mut [0; 8]).unwrap_err();
        assert_eq!(beyond.kind(), io::ErrorKind::UnexpectedEof);
        assert!(beyond.to_string().contains("disk.img"), "{beyond}");
    }

    #[test]
    fn a_file_that_is_cut_or_deleted_under_a_machine_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.img");
        std::fs::write(&path, [5; 4096]).unwrap();
        let mut medium = open(&spec(&path)).unwrap();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
        let cut = medium.read_at(2048, &mut [0; 512]).unwrap_err().to_string();
        assert!(cut.contains("disk.img"), "{cut}");
        if cfg!(unix) {
            std::fs::remove_file(&path).unwrap();
            let gone = medium.write_at(0, &[1]).unwrap_err().to_string();
            assert!(gone.contains("disk.img") && gone.contains("deleted"), "{gone}");
            medium.read_at(0, &mut [0; 10]).expect("what is there can still be saved by the guest");
        }
    }
}
