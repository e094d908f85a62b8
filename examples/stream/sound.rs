//! Plucked strings, and a valve amplifier as their effect.

use std::f64::consts::TAU;
use std::path::Path;

use chainrule::rand::{Rng, RngExt};

/// The number of samples in a second.
pub(crate) const RATE: usize = 44_100;

/// Returns a sound of plucked strings: a chord or a note every 0.15 to 0.6 seconds.
///
/// Karplus, Strong, "Digital synthesis of plucked-string and drum timbres", Computer Music Journal 7 (1983): noise in a
/// delay line of one period, which passes through a low-pass in each period.
pub(crate) fn strings(samples: usize, random: &mut impl Rng) -> Vec<f32> {
    const CHORDS: [&[i32]; 4] = [&[0], &[0, 7], &[0, 7, 12, 16], &[0, 3, 7, 12]]; // in semitones
    let mut sound = vec![0.0; samples];
    let mut start = 0;
    while start < samples {
        let root = random.random_range(-17..8); // from E on the lowest string of a guitar, as semitones from A
        let chord = CHORDS[random.random_range(0..CHORDS.len())];
        let loudness = random.random_range(0.1..0.6) / (chord.len() as f64).sqrt();
        for (string, semitones) in chord.iter().enumerate() {
            let frequency = 220.0 * 2f64.powf(f64::from(root + semitones) / 12.0);
            pluck(&mut sound[(start + 400 * string).min(samples)..], frequency, loudness, random);
        }
        start += (random.random_range(0.15..0.6) * RATE as f64) as usize;
    }
    sound.iter().map(|&x| x as f32).collect()
}

/// Adds a string to the sound.
fn pluck(sound: &mut [f64], frequency: f64, loudness: f64, random: &mut impl Rng) {
    let mut line: Vec<f64> =
        (0..(RATE as f64 / frequency) as usize).map(|_| random.random_range(-1.0..1.0)).collect();
    // As with a soft plectrum, there are fewer overtones.
    for _ in 0..3 {
        (1..line.len()).for_each(|at| line[at] = 0.5 * (line[at] + line[at - 1]));
    }
    let mut at = 0;
    for x in sound.iter_mut().take(2 * RATE) {
        *x += 2.0 * loudness * line[at];
        let next = (at + 1) % line.len();
        line[at] = 0.996 * 0.5 * (line[at] + line[next]);
        at = next;
    }
}

/// A filter with one pole.
struct Pole {
    share: f64,
    state: f64,
}

impl Pole {
    fn at(frequency: f64, rate: f64) -> Self {
        Self { share: 1.0 - (-TAU * frequency / rate).exp(), state: 0.0 }
    }

    fn low_pass(&mut self, x: f64) -> f64 {
        self.state += self.share * (x - self.state);
        self.state
    }

    fn high_pass(&mut self, x: f64) -> f64 {
        x - self.low_pass(x)
    }
}

/// Returns the sound after a valve amplifier: a high-pass; a valve that saturates like a tanh, on one side earlier than
/// on the other, with a bias that drifts with its current; a low-pass.
///
/// The valve runs at eight times the rate, so that its overtones do not alias.
pub(crate) fn amplify(sound: &[f32]) -> Vec<f32> {
    const TIMES: usize = 8;
    let fast = (RATE * TIMES) as f64;
    let mut coupling = Pole::at(100.0, RATE as f64);
    let mut cathode = Pole::at(30.0, fast);
    let mut limit = [Pole::at(16_000.0, fast), Pole::at(16_000.0, fast)];
    let mut tone = Pole::at(3_000.0, RATE as f64);
    let mut before = 0.0;
    let step = |x: &f32| {
        let x = coupling.high_pass(f64::from(*x));
        let mut mean = 0.0;
        for part in 1..=TIMES {
            let between = before + (x - before) * part as f64 / TIMES as f64;
            let current = (6.0 * between + 0.4 - 0.8 * cathode.state).tanh();
            cathode.low_pass(current);
            mean = limit.iter_mut().fold(current, |y, pole| pole.low_pass(y));
        }
        before = x;
        // The current at rest is 0.22.
        (0.5 * tone.low_pass(mean - 0.22)) as f32
    };
    sound.iter().map(step).collect()
}

/// Writes a sound as a WAV file of 16 bits.
pub(crate) fn save(path: impl AsRef<Path>, sound: &[f32]) -> Result<(), hound::Error> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(path, spec)?;
    for x in sound {
        file.write_sample((x.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16)?;
    }
    file.finalize()
}
