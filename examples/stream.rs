//! A sound effect that two networks learn from its input and its output, and then play sample by sample.
//!
//! ```text
//! $ cargo run --release --features plot --example stream
//! ```
//! The effect is a valve amplifier, and the sound plucked strings; the program makes both. An LSTM of 16 units and a
//! WaveNet of gated causal convolutions learn from eight seconds, in windows of 2048 samples. The first 512 of each do
//! not count: there a network does not know yet what came before. Then each network takes three seconds that it has not
//! heard, one sample at a time, as an audio callback would.
//!
//! The program prints the error-to-signal ratio of each (the energy of the difference, divided by that of the target),
//! the real-time factor and the size of the state. The best filter of 128 coefficients shows how far a linear model
//! gets. `target/sounds` has the input, the target, the sound of each network, and the image of the LSTM for
//! `examples/plugin`; `target/pictures/stream.png` shows 10 ms at the loudest sample. The program fails if a step differs
//! from `predict` in any bit, or a ratio is above 0.02.
//!
//! # Source
//! Wright, Damskägg, Välimäki, "Real-time black-box modeling with recurrent neural networks", DAFx 2019: the LSTM with
//! a linear layer and a skip connection. Damskägg, Juvela, Thuillier, Välimäki, "Deep learning for tube amplifier
//! emulation", ICASSP 2019: the WaveNet.

#[path = "support/sound.rs"]
mod sound;

use std::time::Instant;

use chainrule::data::Dataset;
use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;
use chainrule::stream::{Stream, StreamState};
use sound::RATE;

/// An LSTM, a linear map of its units to a sample, and the input added to it.
type Recurrent = Residual<(Lstm<1, 16>, Conv1d<16, 1, 1>)>;

const CHANNELS: usize = 8;
type Dilated<const D: usize> = Conv1dWith<CHANNELS, CHANNELS, (Kernel<3>, Dilation<D>, Causal)>;
/// tanh(W x) σ(V x), mixed by a convolution of one step, in a residual block.
type Gated<const D: usize> = Residual<(
    Duplicate,
    Parallel<(Dilated<D>, Tanh), (Dilated<D>, Sigmoid)>,
    Product,
    Conv1d<CHANNELS, CHANNELS, 1>,
)>;
type WaveNet = (
    Conv1dWith<1, CHANNELS, (Kernel<3>, Causal)>,
    (Gated<1>, Gated<2>, Gated<4>, Gated<8>, Gated<16>, Gated<32>, Gated<64>),
    Conv1d<CHANNELS, 1, 1>,
);

const WINDOW: usize = 2048;
const WARM_UP: usize = 512;
const LEARNT: usize = 8 * RATE;
const HEARD: usize = 3 * RATE;
const WHOLE: usize = 16_384;
const TAPS: usize = 128;
const BATCH: usize = 16;
const SOUNDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/sounds");
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/pictures");

type Window = Sequence<WINDOW, 1>;
type Whole = Sequence<WHOLE, 1>;

/// The mean squared error of the steps behind the warm-up, divided by the mean square of all targets.
struct ErrorToSignal {
    power: f64,
}

impl ErrorToSignal {
    /// Calls `f` for each step that counts, with its error.
    fn each(output: &Window, target: &Window, mut f: impl FnMut(usize, f64)) {
        (WARM_UP..WINDOW).for_each(|step| f(step, f64::from(output[(step, 0)] - target[(step, 0)])));
    }

    /// By what a sum over these steps is divided.
    fn divisor(&self) -> f64 {
        self.power * (WINDOW - WARM_UP) as f64
    }
}

impl Loss<Window, Window> for ErrorToSignal {
    fn value(&self, output: &Window, target: &Window) -> f64 {
        let mut sum = 0.0;
        Self::each(output, target, |_, error| sum += error * error);
        sum / self.divisor()
    }

    fn gradient(&self, output: &Window, target: &Window, gradient: &mut Window) {
        gradient.as_mut_slice().fill(0.0);
        Self::each(output, target, |step, error| gradient[(step, 0)] = (2.0 * error / self.divisor()) as f32);
    }

    fn check(&self, _: &Window, _: usize) -> Result<(), chainrule::Error> {
        Ok(()) // this program makes the targets, and they are finite
    }
}

/// A sound, and what the amplifier makes of it.
struct Take {
    input: Vec<f32>,
    target: Vec<f32>,
}

impl Take {
    fn new(samples: usize, seed: u64) -> Self {
        let input = sound::strings(samples, &mut rng(seed));
        let target = sound::amplify(&input);
        Self { input, target }
    }

    /// Cuts the sound into windows whose steps behind the warm-up are side by side.
    fn windows(&self) -> Result<Dataset<Window, Window>, Box<dyn std::error::Error>> {
        let starts = (0..=self.input.len() - WINDOW).step_by(WINDOW - WARM_UP);
        let cut = |sound: &[f32]| -> Result<Vec<Window>, chainrule::Error> {
            starts.clone().map(|start| Window::from_slice(&sound[start..][..WINDOW])).collect()
        };
        Ok(Dataset::new(cut(&self.input)?, cut(&self.target)?)?)
    }
}

/// Trains a network on the windows.
fn train<N>(name: &str, take: &Take, epochs: u64, rate: f64) -> Result<Owned<N>, Box<dyn std::error::Error>>
where
    N: Maps<Window, Window>,
{
    println!("{name}: {} parameters", N::COUNT);
    let windows = take.windows()?;
    let steps = epochs * windows.len().div_ceil(BATCH) as u64;
    let power = take.target.iter().map(|y| f64::from(y * y)).sum::<f64>() / take.target.len() as f64;
    let mut trainer = Trainer::new(N::init(&mut rng(1)), ErrorToSignal { power }, Adam::new(rate), 1)
        .schedule(Schedule::cosine(steps).warm_up(steps / 50).floor(0.01))
        .clip_norm(1.0);
    trainer.fit(&windows, Fit::epochs(epochs).batch_size(BATCH))?;
    Ok(trainer.network)
}

/// Plays a sound through the network, one sample at a time, and compares the first samples with `predict`.
fn play<N>(name: &str, net: &Owned<N>, take: &Take) -> Result<Vec<f32>, Box<dyn std::error::Error>>
where
    N: Stream<Vector<1>, Output = Vector<1>> + Maps<Whole, Whole>,
{
    let (mut played, mut state) = (Vec::with_capacity(HEARD), StreamState::new(net));
    let mut seconds = f64::INFINITY;
    for _ in 0..3 {
        played.clear();
        state = StreamState::new(net);
        let start = Instant::now();
        for &x in &take.input {
            played.push(net.step(&Vector([x]), &mut state)?[0]);
        }
        seconds = start.elapsed().as_secs_f64().min(seconds); // other programs may have used the machine
    }
    let ratio = sound::error_to_signal(&played, &take.target);
    println!(
        "{name:<28} {ratio:8.5}  {:6.1} dB   {:5.0} x real time   state {} bytes",
        10.0 * ratio.log10(),
        HEARD as f64 / RATE as f64 / seconds,
        size_of_val(&state),
    );
    let whole: Whole = net.predict(&Whole::from_slice(&take.input[..WHOLE])?)?;
    if whole.as_slice() != &played[..WHOLE] {
        return Err(format!("{name}: a step differs from `predict`").into());
    }
    if ratio > 0.02 {
        return Err(format!("{name}: an error-to-signal ratio of {ratio:.4}, above 0.02").into());
    }
    sound::save(format!("{SOUNDS}/{name}.wav"), &played)?;
    Ok(played)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(SOUNDS)?;
    std::fs::create_dir_all(PICTURES)?;
    let (learnt, heard) = (Take::new(LEARNT, 1), Take::new(HEARD, 2));
    sound::save(format!("{SOUNDS}/input.wav"), &heard.input)?;
    sound::save(format!("{SOUNDS}/target.wav"), &heard.target)?;

    let start = Instant::now();
    let lstm = train::<Recurrent>("LSTM", &learnt, 30, 1e-2)?;
    println!("{:.0} s\n", start.elapsed().as_secs_f64());
    let start = Instant::now();
    const REACH: usize = match <WaveNet as Layer<Window>>::PLAN.window.steps() {
        Some(reach) => reach.receptive_field(),
        None => 0,
    };
    const { assert!(REACH <= WARM_UP + 1) };
    let wavenet = train::<WaveNet>("WaveNet", &learnt, 30, 5e-3)?;
    println!("{:.0} s, receptive field {REACH} samples\n", start.elapsed().as_secs_f64());

    println!("{:<28} error-to-signal ratio, on {} s that were not learnt", "", HEARD / RATE);
    for (name, taps) in [("the input, scaled", 1), ("the best filter of 128", TAPS)] {
        let filter = sound::best_filter(&learnt.input, &learnt.target, taps);
        let ratio = sound::error_to_signal(&sound::filter(&heard.input, &filter), &heard.target);
        println!("{name:<28} {ratio:8.5}  {:6.1} dB", 10.0 * ratio.log10());
    }
    // For a program that plays it from its own memory: `examples/plugin`.
    chainrule::checkpoint::save_image(&lstm, format!("{SOUNDS}/amplifier.image"))?;
    let lstm = play("LSTM", &lstm, &heard)?;
    let wavenet = play("WaveNet", &wavenet, &heard)?;
    picture(&heard, &[("LSTM", lstm), ("WaveNet", wavenet)])?;
    println!("\nsounds: target/sounds, picture: target/pictures/stream.png");
    Ok(())
}

/// Draws 10 ms at the loudest sample: the waves, and the errors below them.
fn picture(heard: &Take, played: &[(&str, Vec<f32>)]) -> Result<(), Box<dyn std::error::Error>> {
    let loudest =
        (0..HEARD).max_by(|&a, &b| heard.input[a].abs().total_cmp(&heard.input[b].abs())).unwrap_or(0);
    let start = loudest.saturating_sub(RATE / 400).min(HEARD - RATE / 100);
    let shown = start..start + RATE / 100;
    let points = |wave: &dyn Fn(usize) -> f32| -> Vec<(f64, f64)> {
        shown.clone().map(|at| (1e3 * (at - start) as f64 / RATE as f64, f64::from(wave(at)))).collect()
    };
    let mut waves = Lines::new("A valve amplifier, and two networks that learnt it")
        .y("sample")
        .line("input", points(&|at| heard.input[at]))
        .line("amplifier", points(&|at| heard.target[at]));
    let mut errors = Lines::new("network minus amplifier").x("time (ms)").y("error");
    for (name, wave) in played {
        waves = waves.line(*name, points(&|at| wave[at]));
        errors = errors.line(*name, points(&|at| wave[at] - heard.target[at]));
    }
    Picture::below([waves.picture()?, errors.picture()?]).save(format!("{PICTURES}/stream.png"))?;
    Ok(())
}
