//! Two networks learn a sound effect from its input and its output, and then play it sample by sample in real time.
//!
//! An audio callback or a sensor gives one sample at a time. `Stream` runs a network that way, with a small state in
//! place of a whole sequence, and with the same bits as `predict`. This example measures the quality and the speed.
//!
//! ```text
//! $ cargo run --release --features plot --example stream
//! ..
//!                              error-to-signal ratio, on 3 s of another sound
//! the best filter of 128        0.07855   -11.0 dB
//! ```
//! The effect is a valve amplifier, and the sound plucked strings; the program makes both. An LSTM of 16 units and a
//! WaveNet of gated causal convolutions learn from eight seconds, and play three others. The error-to-signal ratio is
//! the energy of the difference, divided by the energy of the target. The best filter of 128 coefficients shows what
//! a linear model can do.
//!
//! `target/sounds` has the input, the target, the sound of each network, and the image of the LSTM for
//! `examples/plugin`. `target/pictures/stream.png` shows 10 ms at the loudest sample. The program fails if a step
//! differs from `predict` in any bit, or if a ratio is above 0.02.
//!
//! # Source
//! Wright, Damskägg, Välimäki, "Real-time black-box modeling with recurrent neural networks", DAFx 2019: the LSTM with
//! a linear layer and a skip connection. Damskägg, Juvela, Thuillier, Välimäki, "Deep learning for tube amplifier
//! emulation", ICASSP 2019: the WaveNet.

#[path = "stream/filter.rs"]
mod filter;
#[path = "stream/picture.rs"]
mod picture;
#[path = "stream/sound.rs"]
mod sound;
#[path = "stream/take.rs"]
mod take;

use std::time::Instant;

use chainrule::prelude::*;
use chainrule::stream::{Stream, StreamState};
use sound::RATE;
use take::{ErrorToSignal, Take, WARM_UP, Window};

/// An LSTM, and a linear map of its units to a sample, to which the input is added.
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

const TRAINED: usize = 8 * RATE; // samples
const TESTED: usize = 3 * RATE;
const WHOLE: usize = 16_384; // samples that are compared with `predict`
const TAPS: usize = 128;
const BATCH: usize = 16;
const SOUNDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/sounds");

type Whole = Sequence<WHOLE, 1>;

type Done<T> = Result<T, Box<dyn std::error::Error>>;

/// Trains a network on the windows.
fn train<N: Maps<Window, Window>>(name: &str, take: &Take, epochs: u64, rate: f64) -> Done<Owned<N>> {
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
fn play<N>(name: &str, net: &Owned<N>, take: &Take) -> Done<Vec<f32>>
where
    N: Stream<Vector<1>, Output = Vector<1>> + Maps<Whole, Whole>,
{
    let (mut played, mut state) = (Vec::with_capacity(TESTED), StreamState::new(net));
    let mut seconds = f64::INFINITY;
    for _ in 0..3 {
        played.clear();
        state = StreamState::new(net);
        let start = Instant::now();
        for &x in &take.input {
            played.push(net.step(&Vector([x]), &mut state)?[0]);
        }
        seconds = start.elapsed().as_secs_f64().min(seconds); // other programs may use the machine
    }
    let ratio = filter::error_to_signal(&played, &take.target);
    println!(
        "{name:<28} {ratio:8.5}  {:6.1} dB   {:5.0} x real time   state {} bytes",
        10.0 * ratio.log10(),
        TESTED as f64 / RATE as f64 / seconds,
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

fn main() -> Done<()> {
    std::fs::create_dir_all(SOUNDS)?;
    let (trained, tested) = (Take::new(TRAINED, 1), Take::new(TESTED, 2));
    sound::save(format!("{SOUNDS}/input.wav"), &tested.input)?;
    sound::save(format!("{SOUNDS}/target.wav"), &tested.target)?;

    let start = Instant::now();
    let lstm = train::<Recurrent>("LSTM", &trained, 30, 1e-2)?;
    println!("{:.0} s\n", start.elapsed().as_secs_f64());
    let start = Instant::now();
    const REACH: usize = match <WaveNet as Layer<Window>>::PLAN.window.steps() {
        Some(reach) => reach.receptive_field(),
        None => 0,
    };
    const { assert!(REACH <= WARM_UP + 1) };
    let wavenet = train::<WaveNet>("WaveNet", &trained, 30, 5e-3)?;
    println!("{:.0} s, receptive field {REACH} samples\n", start.elapsed().as_secs_f64());

    println!("{:<28} error-to-signal ratio, on {} s of another sound", "", TESTED / RATE);
    for (name, taps) in [("the input, scaled", 1), ("the best filter of 128", TAPS)] {
        let best = filter::best(&trained.input, &trained.target, taps);
        let ratio = filter::error_to_signal(&filter::apply(&tested.input, &best), &tested.target);
        println!("{name:<28} {ratio:8.5}  {:6.1} dB", 10.0 * ratio.log10());
    }
    // `examples/plugin` includes such an image in a library.
    chainrule::checkpoint::save_image(&lstm, format!("{SOUNDS}/amplifier.image"))?;
    let lstm = play("LSTM", &lstm, &tested)?;
    let wavenet = play("WaveNet", &wavenet, &tested)?;
    picture::draw(&tested, &[("LSTM", lstm), ("WaveNet", wavenet)])?;
    println!("\nsounds: target/sounds, picture: target/pictures/stream.png");
    Ok(())
}
