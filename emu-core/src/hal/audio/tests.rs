//! What the mixer and the host's end sound like, measured.

use super::host::{MAX_DRIFT, TARGET_FRAMES, ring};
use super::sink::{AudioSink, CaptureSink, Captured};
use super::*;
use proptest::prelude::*;
use std::f64::consts::PI;

/// The PC's crystal.
const TICK_HZ: u64 = 14_318_180;

fn mixer() -> (Mixer, Captured) {
    let (sink, captured) = CaptureSink::new(1 << 24);
    (Mixer::new(TICK_HZ, Box::new(sink)), captured)
}

fn tick_at(seconds: f64) -> Tick {
    Tick((seconds * TICK_HZ as f64) as u64)
}

/// A second of a square wave of `hz` from edges, after half a second of settling.
fn square_from_edges(hz: u64) -> Vec<f32> {
    // A board whose ticks hit every edge exactly: rounding to other ticks would be a noise of its own.
    const TICKS: u64 = 1000;
    let (sink, captured) = CaptureSink::new(1 << 20);
    let mut mixer = Mixer::new(2 * hz * TICKS, Box::new(sink));
    let source = mixer.add_source("PC speaker");
    let voice = mixer.open(source, VoiceKind::Edges);
    for half_wave in 0..2 * hz * 16 / 10 {
        let level = if half_wave.is_multiple_of(2) { 0.5 } else { 0.0 };
        mixer.send(voice, Tick(half_wave * TICKS), VoiceEvent::Level(level));
    }
    mixer.advance_to(Tick(2 * hz * TICKS * 16 / 10));
    left(&captured.take())[24_000..72_000].to_vec()
}

fn left(frames: &[[f32; 2]]) -> Vec<f32> {
    frames.iter().map(|frame| frame[0]).collect()
}

fn upward_crossings(signal: &[f32]) -> usize {
    signal.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count()
}

/// The mean power of a signal's component at a whole number of cycles per signal.
fn power_at(signal: &[f32], cycles: usize) -> f64 {
    let turn = 2.0 * PI * cycles as f64 / signal.len() as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for (n, &level) in signal.iter().enumerate() {
        re += f64::from(level) * (turn * n as f64).cos();
        im += f64::from(level) * (turn * n as f64).sin();
    }
    2.0 * (re * re + im * im) / (signal.len() as f64).powi(2)
}

fn power(signal: &[f32]) -> f64 {
    signal.iter().map(|&level| f64::from(level).powi(2)).sum::<f64>() / signal.len() as f64
}

fn largest_jump(signal: &[f32]) -> f32 {
    signal.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

#[test]
fn a_square_of_440_hz_has_its_pitch() {
    let signal = square_from_edges(440);
    assert!((439..=441).contains(&upward_crossings(&signal)));
    // A square of height 0.5 has a fundamental of amplitude 0.5 × 2/π.
    let amplitude = (2.0 * power_at(&signal, 440)).sqrt();
    assert!((amplitude - 1.0 / PI).abs() < 0.002, "{amplitude}");
}

/// What is not a harmonic below the band's edge was folded down from above it.
#[test]
fn edges_leave_no_whistles() {
    for hz in [440, 1009, 3001, 4999] {
        let signal = square_from_edges(hz);
        let harmonics = (hz as usize..24_000).step_by(2 * hz as usize);
        let heard: f64 = harmonics.map(|cycles| power_at(&signal, cycles)).sum();
        let rest = (power(&signal) - heard).max(0.0);
        assert!(rest < power(&signal) * 1e-8, "{hz} Hz: {:.1} dB", 10.0 * (rest / power(&signal)).log10());
    }
}

#[test]
fn a_tone_has_its_frequency_and_place() {
    let (mut mixer, captured) = mixer();
    let source = mixer.add_source("Tone");
    let voice = mixer.open(source, VoiceKind::Tone(Waveform::Square));
    mixer.send(voice, Tick(0), VoiceEvent::Gain { gain: 0.5, pan: 1.0 });
    mixer.send(voice, Tick(0), VoiceEvent::Frequency { millihertz: 1_000_500 });
    mixer.advance_to(tick_at(2.1));
    let frames = captured.take();
    let right: Vec<f32> = frames[4800..100_800].iter().map(|frame| frame[1]).collect();
    assert!((2000..=2002).contains(&upward_crossings(&right)));
    assert!(power(&left(&frames)) == 0.0 && power(&right) > 0.2);
    let half_waves = mixer.status(voice, tick_at(2.1)).played;
    assert_eq!(half_waves, (2.1f64 * 2001.0) as u64 + 1);
    mixer.send(voice, tick_at(2.1), VoiceEvent::Frequency { millihertz: 40_000_000 });
    mixer.advance_to(tick_at(3.2));
    assert!(power(&left(&captured.take())[24_000..]) < 1e-9, "above the band");
}

#[test]
fn noise_is_even() {
    let (mut mixer, captured) = mixer();
    let source = mixer.add_source("Noise");
    let voice = mixer.open(source, VoiceKind::Tone(Waveform::Noise));
    mixer.send(voice, Tick(0), VoiceEvent::Frequency { millihertz: 5_000_000 });
    mixer.advance_to(tick_at(1.0));
    let signal = left(&captured.take());
    let mean = signal.iter().sum::<f32>() / signal.len() as f32;
    assert!(mean.abs() < 0.05 && power(&signal) > 0.3, "{mean}");
    assert!(
        (0..40).map(|n| power_at(&signal, 300 + 47 * n)).fold(0.0, f64::max) < 0.05,
        "no tone stands out"
    );
}

fn sine_bytes(hz: f64, rate: u32, frames: usize) -> Vec<u8> {
    let level = |n: usize| (20_000.0 * (2.0 * PI * hz * n as f64 / f64::from(rate)).sin()) as i16;
    (0..frames).flat_map(|n| level(n).to_le_bytes()).collect()
}

const MONO_16: PcmFormat = PcmFormat { rate_hz: 22_050, sample: SampleFormat::I16Le, stereo: false };

#[test]
fn a_stream_is_resampled_counted_and_held_when_it_runs_dry() {
    let (mut mixer, captured) = mixer();
    let source = mixer.add_source("Stream");
    let voice = mixer.open(source, VoiceKind::Stream(MONO_16));
    mixer.send(voice, Tick(0), VoiceEvent::Samples(sine_bytes(441.0, 22_050, 22_050)));
    let status = mixer.status(voice, tick_at(0.5));
    assert_eq!((status.played, status.queued, status.underruns), (11_026, 11_024, 0));
    let status = mixer.status(voice, tick_at(1.5));
    assert_eq!((status.played, status.queued, status.underruns), (22_050, 0, 1));
    let signal = left(&captured.take());
    assert!((175..=178).contains(&upward_crossings(&signal[4_800..24_000])));
    assert!(largest_jump(&signal[48_100..]) < 0.01, "the end holds and dies away");
    mixer.send(voice, tick_at(1.5), VoiceEvent::Samples(vec![0; 20]));
    assert_eq!(mixer.status(voice, tick_at(1.6)).played, 22_060);
}

#[test]
fn a_sample_loops_or_ends() {
    for (again_from, played) in [(None, 100), (Some(50), 22_050), (Some(100), 100)] {
        let (mut mixer, _) = mixer();
        let source = mixer.add_source("Sample");
        let data = sine_bytes(441.0, 22_050, 100).into();
        let voice = mixer.open(source, VoiceKind::Sample { format: MONO_16, data, again_from });
        assert_eq!(mixer.status(voice, tick_at(0.1)).played, 0);
        mixer.send(voice, tick_at(0.1), VoiceEvent::Play);
        let status = mixer.status(voice, tick_at(1.1) + 1000);
        assert!((played..played + 3).contains(&status.played), "{again_from:?}: {status:?}");
    }
}

#[test]
fn full_queues_drop_and_say_so() {
    let (mut mixer, _) = mixer();
    let source = mixer.add_source("Stream");
    let voice = mixer.open(source, VoiceKind::Stream(MONO_16));
    for _ in 0..3 {
        mixer.send(voice, Tick(0), VoiceEvent::Samples(vec![0; voice::MAX_QUEUED_FRAMES]));
    }
    let status = mixer.status(voice, Tick(0));
    assert_eq!(status.dropped as usize, voice::MAX_QUEUED_FRAMES / 2);
}

#[test]
fn sources_have_meters_and_volumes() {
    let (mut mixer, captured) = mixer();
    let source = mixer.add_source("PC speaker");
    assert_eq!(mixer.add_source("PC speaker"), source);
    let other = mixer.add_source("AdLib");
    let voice = mixer.open(source, VoiceKind::Tone(Waveform::Square));
    mixer.open(other, VoiceKind::Edges);
    mixer.send(voice, Tick(0), VoiceEvent::Frequency { millihertz: 100_000 });
    mixer.advance_to(tick_at(0.5));
    let control = mixer.control();
    let levels = control.levels();
    assert_eq!((levels[0].name.as_str(), levels[1].name.as_str()), ("PC speaker", "AdLib"));
    assert!(levels[0].peak[0] > 0.99 && levels[1].peak == [0.0; 2]);
    assert_eq!(control.levels()[0].peak, [0.0; 2]);
    captured.take();
    control.set_gain(0, 0.0);
    control.set_gain(9, 1.0);
    mixer.advance_to(tick_at(2.0));
    assert!(power(&left(&captured.take())[24_000..]) < 1e-9);
}

#[test]
fn a_loaded_state_plays_on_from_its_own_time() {
    let (mut mixer, captured) = mixer();
    let source = mixer.add_source("Tone");
    let voice = mixer.open(source, VoiceKind::Tone(Waveform::Square));
    let sound = VoiceEvent::Frequency { millihertz: 440_000 };
    mixer.send(voice, tick_at(1.0), sound.clone());
    for hours in [3.0, 1.0] {
        let then = tick_at(3600.0 * hours);
        mixer.jump_to(then);
        mixer.advance_to(then + TICK_HZ / 2);
        assert_eq!(power(&left(&captured.take())), 0.0, "nothing of before");
        mixer.send(voice, then + TICK_HZ / 2, sound.clone());
        mixer.advance_to(then + TICK_HZ);
        let heard = captured.take();
        assert!((23_999..=24_001).contains(&heard.len()) && power(&left(&heard)) > 0.5);
        // The coupling capacitor discharges before the next jump.
        mixer.send(voice, then + TICK_HZ, VoiceEvent::Stop);
        mixer.advance_to(then + 4 * TICK_HZ);
        captured.take();
    }
}

/// A pseudo-random session of edges, tones and streams; gives the positions that a guest could see.
fn session(mixer: &mut Mixer, seed: u64, pieces: usize) -> Vec<VoiceStatus> {
    let mut random = crate::hal::video::testing::Random::new(seed);
    let source = mixer.add_source("All");
    let kinds = [VoiceKind::Edges, VoiceKind::Tone(Waveform::Noise), VoiceKind::Stream(MONO_16)];
    let voices = kinds.map(|kind| mixer.open(source, kind));
    let mut now = Tick(0);
    let mut seen = Vec::new();
    for _ in 0..pieces {
        now = now + u64::from(random.below(200_000));
        let voice = random.pick(&voices);
        let event = match random.below(6) {
            0 => VoiceEvent::Level(random.between(-100, 100) as f32 / 90.0),
            1 => VoiceEvent::Frequency { millihertz: random.next_u64() >> random.between(30, 63) },
            2 => VoiceEvent::Rate { hz: random.below(100_000) },
            3 => VoiceEvent::Gain { gain: f32::from_bits(random.next_u64() as u32), pan: 0.3 },
            4 => VoiceEvent::Stop,
            _ => {
                let count = random.below(3000) as usize;
                VoiceEvent::Samples(random.bytes(count))
            }
        };
        mixer.send(voice, now, event);
        seen.push(mixer.status(voice, now));
        if random.chance(3) {
            mixer.advance_to(now);
        }
    }
    mixer.advance_to(now + 100_000);
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_session_sounds_the_same_twice_and_listening_changes_nothing(seed: u64, pieces in 1usize..60) {
        let (mut first, captured) = mixer();
        let seen = session(&mut first, seed, pieces);
        let heard = captured.take();
        let (mut second, captured) = mixer();
        prop_assert_eq!(&session(&mut second, seed, pieces), &seen);
        prop_assert!(captured.take() == heard);
        prop_assert!(heard.iter().flatten().all(|level| level.abs() < 40.0), "finite and bounded");
        let mut silent = Mixer::silent(TICK_HZ);
        prop_assert_eq!(session(&mut silent, seed, pieces), seen);
        prop_assert_eq!(silent.frames(), first.frames());
    }

    /// However finely a machine advances, the frames are the same.
    #[test]
    fn slices_do_not_matter(slices in prop::collection::vec(1u64..400_000, 1..40)) {
        let play = |stops: &[u64]| {
            let (mut mixer, captured) = mixer();
            let source = mixer.add_source("Tone");
            let voice = mixer.open(source, VoiceKind::Tone(Waveform::Square));
            mixer.send(voice, Tick(777), VoiceEvent::Frequency { millihertz: 777_777 });
            let mut now = Tick(0);
            for &stop in stops {
                now = now + stop;
                mixer.advance_to(now);
            }
            captured.take()
        };
        prop_assert!(play(&slices) == play(&[slices.iter().sum()]));
    }
}

/// A sine that a machine produces while it runs.
struct Singer {
    produced: u64,
}

impl Singer {
    fn sing(&mut self, sink: &mut dyn AudioSink, frames: usize) {
        let level = |n: u64| (0.5 * (2.0 * PI * 440.0 * n as f64 / 48_000.0).sin()) as f32;
        let block: Vec<_> = (self.produced..).take(frames).map(|n| [level(n); 2]).collect();
        self.produced += frames as u64;
        sink.push(&block);
    }
}

/// The steepest that the singer's sine gets at full speed, plus what a fade adds.
const STEEPEST: f32 = 0.5 * 0.0576 * 1.01 + 0.5 / 440.0;

#[test]
fn drift_control_settles_on_a_clock_off_by_a_third_of_a_percent() {
    for (off, host_hz) in [(1.003, 44_100), (0.997, 48_000)] {
        let (mut sink, mut stream) = ring(host_hz);
        let mut singer = Singer { produced: 0 };
        let mut buffer = vec![[0.0; 2]; host_hz as usize / 100];
        let mut heard = Vec::new();
        for round in 1..=6000u64 {
            let due = (round as f64 * 480.0 * off) as u64;
            let frames = (due - singer.produced) as usize;
            singer.sing(&mut sink, frames);
            stream.fill(&mut buffer);
            if round > 5500 {
                heard.extend(left(&buffer));
                let status = stream.status();
                assert!((status.drift - (off - 1.0)).abs() < 0.0003, "{status:?}");
                let fill = status.fill as f64 / TARGET_FRAMES as f64;
                assert!((0.75..1.25).contains(&fill), "{status:?}");
            }
        }
        assert_eq!((stream.status().underruns, stream.status().dropped), (0, 0));
        let pitch = upward_crossings(&heard) as f64 / 5.0;
        assert!((pitch - 440.0 * off).abs() < 0.5, "{pitch}");
        assert!(largest_jump(&heard) < STEEPEST * 48_000.0 / host_hz as f32);
        assert!(power(&heard) > 0.12);
    }
}

#[test]
fn a_machine_that_falls_behind_is_stretched_and_never_clicks() {
    let (mut sink, mut stream) = ring(48_000);
    let mut singer = Singer { produced: 0 };
    let mut heard = Vec::new();
    let mut buffer = vec![[0.0; 2]; 480];
    for round in 0..600 {
        let frames = match round {
            // On time; then at half speed; then not at all for a while; then in bursts; then on time.
            100..200 => 240,
            200..260 => 0,
            260..400 => {
                if round % 7 == 0 {
                    3000
                } else {
                    0
                }
            }
            _ => 480,
        };
        singer.sing(&mut sink, frames);
        stream.fill(&mut buffer);
        heard.extend(left(&buffer));
    }
    let jump = largest_jump(&heard);
    assert!(jump < STEEPEST, "{jump}");
    let at = |round: usize| power(&heard[round * 480..][..4800]);
    assert!(at(150) > 0.1, "half speed is heard, lower");
    assert!(at(220) < 1e-6, "a stopped machine is silent");
    assert!(at(580) > 0.1, "and comes back");
    assert!((1..6).contains(&stream.status().underruns), "{:?}", stream.status());
}

#[test]
fn a_machine_that_runs_too_fast_loses_frames_without_clicks() {
    let (mut sink, mut stream) = ring(48_000);
    let mut singer = Singer { produced: 0 };
    let mut heard = Vec::new();
    let mut buffer = vec![[0.0; 2]; 480];
    for _ in 0..300 {
        singer.sing(&mut sink, 1117);
        stream.fill(&mut buffer);
        heard.extend(left(&buffer));
    }
    assert!(stream.status().dropped > 100_000 && stream.status().drift <= MAX_DRIFT);
    let jump = largest_jump(&heard);
    assert!(jump < STEEPEST + 1.0 / 200.0, "{jump}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn however_a_machine_stutters_nothing_clicks(pushes in prop::collection::vec(0usize..2000, 1..150)) {
        let (mut sink, mut stream) = ring(48_000);
        let mut singer = Singer { produced: 0 };
        let mut heard = Vec::new();
        let mut buffer = vec![[0.0; 2]; 512];
        for frames in pushes {
            singer.sing(&mut sink, frames);
            stream.fill(&mut buffer);
            heard.extend(left(&buffer));
        }
        prop_assert!(largest_jump(&heard) < STEEPEST + 1.0 / 100.0);
    }
}
