//! Sound as a WAV file: what the mixer plays, in guest time.

use anyhow::Context;
use emu_core::hal::audio::{AudioSink, OUTPUT_HZ};
use hound::{SampleFormat, WavSpec, WavWriter};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

type Writer = WavWriter<BufWriter<File>>;

/// The file's state: still written to, or what went wrong.
struct Shared {
    writer: Option<Writer>,
    error: Option<hound::Error>,
}

/// The mixer's end of the file: what it takes is heard on a device as well.
pub struct WavSink {
    shared: Arc<Mutex<Shared>>,
    device: Box<dyn AudioSink>,
}

/// The other end: it says when the sound is over.
pub struct WavFile {
    path: PathBuf,
    shared: Arc<Mutex<Shared>>,
}

impl AudioSink for WavSink {
    fn push(&mut self, frames: &[[f32; 2]]) {
        if self.device.is_listening() {
            self.device.push(frames);
        }
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(writer) = &mut shared.writer else { return };
        let samples = frames.iter().flatten().map(|&level| (level.clamp(-1.0, 1.0) * 32767.0).round() as i16);
        let written = samples.into_iter().try_for_each(|sample| writer.write_sample(sample));
        if let Err(error) = written {
            (shared.writer, shared.error) = (None, Some(error));
        }
    }
}

impl WavFile {
    /// Begins a file of 16-bit stereo.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let spec = WavSpec {
            channels: 2,
            sample_rate: OUTPUT_HZ,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let writer =
            WavWriter::create(path, spec).with_context(|| format!("{} cannot be written", path.display()))?;
        let shared = Arc::new(Mutex::new(Shared { writer: Some(writer), error: None }));
        Ok(Self { path: path.to_owned(), shared })
    }

    /// Where the mixer plays to: into the file, and on the device.
    pub fn sink(&self, device: Box<dyn AudioSink>) -> WavSink {
        WavSink { shared: Arc::clone(&self.shared), device }
    }

    /// Completes the file.
    ///
    /// # Errors
    /// When the host could not take all of the sound.
    pub fn finish(self) -> anyhow::Result<()> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let finished = match (shared.writer.take(), shared.error.take()) {
            (Some(writer), _) => writer.finalize(),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(()),
        };
        finished.with_context(|| format!("{} cannot be written", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use emu_core::hal::audio::NullSink;

    #[test]
    fn what_was_played_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sound.wav");
        let file = WavFile::create(&path).unwrap();
        let mut sink = file.sink(Box::new(NullSink));
        sink.push(&[[0.0, 1.0], [-0.5, 2.0]]);
        file.finish().unwrap();
        let mut reader = hound::WavReader::open(&path).unwrap();
        assert_eq!(reader.spec().sample_rate, OUTPUT_HZ);
        let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(samples, [0, 32767, -16384, 32767]);
        assert!(WavFile::create(&folder.path().join("no/such/folder.wav")).is_err());
    }
}
