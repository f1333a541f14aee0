//! What a drive reads and writes: the bytes of a medium, wherever they lie.
//!
//! A [`Medium`] is an image as its format's library presents it: a flat run of bytes. Files are opened outside;
//! here are the memory medium, and the overlay that keeps an image as it was.

use std::collections::BTreeMap;
use std::io;

/// The flat bytes of an image.
pub trait Medium: Send {
    /// The size in bytes.
    fn len(&self) -> u64;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether writing is forbidden (a read-only file, a write-protect notch).
    fn is_write_protected(&self) -> bool;

    /// Fills `buffer` from `offset`.
    ///
    /// # Errors
    /// What the host says; reading beyond the end is `UnexpectedEof`.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Stores `data` at `offset`. The size does not change.
    ///
    /// # Errors
    /// What the host says; writing beyond the end is `UnexpectedEof`, to a protected medium `PermissionDenied`.
    fn write_at(&mut self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Makes sure that everything written is safe on the host.
    ///
    /// # Errors
    /// What the host says.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn range(len: u64, offset: u64, size: usize) -> io::Result<std::ops::Range<usize>> {
    match offset.checked_add(size as u64) {
        Some(end) if end <= len => Ok(offset as usize..end as usize),
        _ => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the image ends before this sector")),
    }
}

fn protected() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "the medium is write-protected")
}

/// A medium in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryMedium {
    pub bytes: Vec<u8>,
    pub write_protected: bool,
}

impl MemoryMedium {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, write_protected: false }
    }
}

impl Medium for MemoryMedium {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn is_write_protected(&self) -> bool {
        self.write_protected
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        buffer.copy_from_slice(&self.bytes[range(self.len(), offset, buffer.len())?]);
        Ok(())
    }

    fn write_at(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.write_protected {
            return Err(protected());
        }
        let at = range(self.len(), offset, data.len())?;
        self.bytes[at].copy_from_slice(data);
        Ok(())
    }
}

/// Keeps what is written apart, and the base as it was: for disposable runs.
pub struct OverlayMedium {
    base: Box<dyn Medium>,
    blocks: BTreeMap<u64, Box<[u8; OverlayMedium::BLOCK]>>,
}

impl OverlayMedium {
    const BLOCK: usize = 4096;

    pub fn new(base: Box<dyn Medium>) -> Self {
        Self { base, blocks: BTreeMap::new() }
    }

    /// The block at `number`, filled from the base as far as that reaches.
    fn base_block(base: &mut dyn Medium, number: u64) -> io::Result<Box<[u8; Self::BLOCK]>> {
        let mut block = Box::new([0; Self::BLOCK]);
        let start = number * Self::BLOCK as u64;
        let size = (base.len().saturating_sub(start)).min(Self::BLOCK as u64) as usize;
        base.read_at(start, &mut block[..size])?;
        Ok(block)
    }
}

/// Splits a range of bytes at block boundaries: (block, start in it, start in the buffer, size).
fn pieces(offset: u64, size: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
    let block = OverlayMedium::BLOCK as u64;
    let mut done = 0;
    std::iter::from_fn(move || {
        if done >= size {
            return None;
        }
        let at = offset + done as u64;
        let inside = (at % block) as usize;
        let piece = (block as usize - inside).min(size - done);
        done += piece;
        Some((at / block, inside, done - piece, piece))
    })
}

impl Medium for OverlayMedium {
    fn len(&self) -> u64 {
        self.base.len()
    }

    fn is_write_protected(&self) -> bool {
        false
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        range(self.len(), offset, buffer.len())?;
        for (number, inside, at, size) in pieces(offset, buffer.len()) {
            let to = &mut buffer[at..at + size];
            match self.blocks.get(&number) {
                Some(block) => to.copy_from_slice(&block[inside..inside + size]),
                None => self.base.read_at(number * Self::BLOCK as u64 + inside as u64, to)?,
            }
        }
        Ok(())
    }

    fn write_at(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        range(self.len(), offset, data.len())?;
        for (number, inside, at, size) in pieces(offset, data.len()) {
            if !self.blocks.contains_key(&number) {
                let block = Self::base_block(self.base.as_mut(), number)?;
                self.blocks.insert(number, block);
            }
            if let Some(block) = self.blocks.get_mut(&number) {
                block[inside..inside + size].copy_from_slice(&data[at..at + size]);
            }
        }
        Ok(())
    }
}

/// A medium whose host fails on demand: for tests of what a user sees then.
pub struct FaultyMedium {
    pub base: Box<dyn Medium>,
    /// How many more accesses succeed.
    pub good_accesses: u64,
    pub error: io::ErrorKind,
}

impl FaultyMedium {
    fn access(&mut self) -> io::Result<()> {
        match self.good_accesses.checked_sub(1) {
            Some(left) => {
                self.good_accesses = left;
                Ok(())
            }
            None => Err(self.error.into()),
        }
    }
}

impl Medium for FaultyMedium {
    fn len(&self) -> u64 {
        self.base.len()
    }

    fn is_write_protected(&self) -> bool {
        self.base.is_write_protected()
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.access()?;
        self.base.read_at(offset, buffer)
    }

    fn write_at(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.access()?;
        self.base.write_at(offset, data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.access()?;
        self.base.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_overlay_reads_as_a_written_medium_and_leaves_its_base(
            size in 1usize..20_000,
            writes in prop::collection::vec((0usize..20_000, 1usize..6_000, any::<u8>()), 0..12),
        ) {
            let original: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
            let mut model = MemoryMedium::new(original.clone());
            let mut overlay = OverlayMedium::new(Box::new(MemoryMedium { bytes: original.clone(), write_protected: true }));
            for (offset, length, byte) in writes {
                let data = vec![byte; length];
                prop_assert_eq!(
                    model.write_at(offset as u64, &data).is_ok(),
                    overlay.write_at(offset as u64, &data).is_ok()
                );
            }
            let mut seen = vec![0; size];
            overlay.read_at(0, &mut seen).unwrap();
            prop_assert_eq!(seen, model.bytes);
            let mut base = vec![0; size];
            overlay.base.read_at(0, &mut base).unwrap();
            prop_assert_eq!(base, original);
        }
    }

    #[test]
    fn beyond_the_end_and_protected_media_say_so() {
        let mut medium = MemoryMedium { bytes: vec![0; 10], write_protected: true };
        assert_eq!(medium.read_at(8, &mut [0; 3]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(medium.read_at(u64::MAX, &mut [0; 3]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(medium.write_at(0, &[1]).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }
}
