//! Sound on the host's device. A computer without one is a normal thing: machines then run silently.

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{Sample, SampleFormat, SizedSample, Stream, StreamConfig};
use emu_core::hal::audio::{HostStream, RingSink, ring};

/// Why there is no sound: a sentence.
#[derive(Debug, thiserror::Error)]
pub enum SoundError {
    #[error("There is no sound: this computer has no sound device that works")]
    NoDevice,
    #[error("There is no sound: the sound device's form of samples is unknown")]
    UnknownFormat,
}

/// Frames that are converted at once.
const CHUNK: usize = 256;

/// A device that plays. It falls silent when this is dropped.
pub struct Sound {
    _stream: Stream,
}

impl Sound {
    /// Opens the host's device. What is pushed into the sink is played.
    ///
    /// # Errors
    /// When there is none that works.
    pub fn open() -> Result<(RingSink, Self), SoundError> {
        let device = cpal::default_host().default_output_device().ok_or(SoundError::NoDevice)?;
        let supported = device.default_output_config().map_err(no_device)?;
        let config = supported.config();
        let (sink, stream) = ring(config.sample_rate);
        let stream = match supported.sample_format() {
            SampleFormat::F32 => build::<f32>(&device, config, stream),
            SampleFormat::I16 => build::<i16>(&device, config, stream),
            SampleFormat::I32 => build::<i32>(&device, config, stream),
            SampleFormat::U16 => build::<u16>(&device, config, stream),
            SampleFormat::U8 => build::<u8>(&device, config, stream),
            _ => return Err(SoundError::UnknownFormat),
        }?;
        stream.play().map_err(no_device)?;
        Ok((sink, Self { _stream: stream }))
    }
}

/// The name of the device on which machines play.
///
/// # Errors
/// When there is none that works.
pub fn device_name() -> Result<String, SoundError> {
    let device = cpal::default_host().default_output_device().ok_or(SoundError::NoDevice)?;
    device.default_output_config().map_err(no_device)?;
    Ok(device.to_string())
}

fn no_device(error: cpal::Error) -> SoundError {
    tracing::debug!(%error, "no sound");
    SoundError::NoDevice
}

fn build<T: SizedSample + cpal::FromSample<f32>>(
    device: &cpal::Device,
    config: StreamConfig,
    mut stream: HostStream,
) -> Result<Stream, SoundError> {
    let channels = usize::from(config.channels.max(1));
    let mut chunk = [[0.0; 2]; CHUNK];
    let fill = move |out: &mut [T], _: &cpal::OutputCallbackInfo| {
        for part in out.chunks_mut(CHUNK * channels) {
            let frames = &mut chunk[..part.len() / channels];
            stream.fill(frames);
            for (out, frame) in part.chunks_mut(channels).zip(frames.iter()) {
                spread(out, *frame);
            }
        }
    };
    let complain = |error: cpal::Error| tracing::warn!(%error, "the sound device has a problem");
    device.build_output_stream(config, fill, complain, None).map_err(no_device)
}

/// A stereo frame on as many channels as the device has: the first two, or their mean.
fn spread<T: Sample + cpal::FromSample<f32>>(out: &mut [T], [left, right]: [f32; 2]) {
    match out {
        [only] => *only = T::from_sample((left + right) / 2.0),
        [first, second, others @ ..] => {
            (*first, *second) = (T::from_sample(left), T::from_sample(right));
            others.fill(T::EQUILIBRIUM);
        }
        [] => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_spread_over_the_channels() {
        let (mut one, mut two, mut four) = ([9.0f32], [9.0f32; 2], [9.0f32; 4]);
        for out in [&mut one[..], &mut two[..], &mut four[..]] {
            spread(out, [0.5, -1.0]);
        }
        assert_eq!((one, two, four), ([-0.25], [0.5, -1.0], [0.5, -1.0, 0.0, 0.0]));
    }
}
