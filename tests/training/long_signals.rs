//! A second of sound, 16,000 steps, and images of 2,048 and more sides: sides past 2048 are computed by the compiler.

use chainrule::metrics::accuracy;
use chainrule::prelude::*;

/// 16000 steps → 2000 → 500 → 100 → 25.
type Listener = (
    (Conv1d<1, 4, 40, 8, 16>, Relu),
    (Conv1d<4, 8, 8, 4, 2>, Relu),
    (Conv1d<8, 16, 5, 5>, Relu),
    (Conv1d<16, 16, 4, 4>, Relu),
    Dense<Sequence<25, 16>, Vector<10>>,
);

const RATE: usize = 16000;

/// A second of a tone of 200, 300, .. 1,100 Hz.
fn tone(class: usize, phase: f32) -> Sequence<RATE, 1> {
    let cycles = std::f32::consts::TAU * (200 + 100 * class) as f32 / RATE as f32;
    let mut sound = Sequence::default();
    for (at, x) in sound.0.iter_mut().enumerate() {
        x[0] = (cycles * at as f32 + phase).sin();
    }
    sound
}

#[test]
fn a_second_of_sound_through_four_strided_convolutions_is_learned() {
    let labels: Vec<_> = Label::<10>::all().collect();
    let sounds = |phase: f32| (0..10).map(|class| tone(class, phase + class as f32)).collect::<Vec<_>>();
    let (train, heard) = ([sounds(0.0), sounds(1.0)].concat(), sounds(0.5));
    let mut trainer = Trainer::new(Listener::init(&mut rng(3)), CrossEntropy::default(), Adam::new(5e-3), 0);
    let first = trainer.step(&train, &labels.repeat(2)).unwrap();
    assert!((first - 10_f64.ln()).abs() < 1.0, "an untrained network guesses: {first}");
    for _ in 0..40 {
        trainer.step(&train, &labels.repeat(2)).unwrap();
    }
    let scores: Vec<Vector<10>> = trainer.network.predict_batch(&heard).unwrap();
    // Guessing gets 8 or more of 10 with a probability of 4e-7.
    let accuracy = accuracy(&scores, &labels).unwrap();
    assert!(accuracy >= 0.8, "{accuracy} of the tones at phases that it was not trained on");
}

/// Each layer that changes sides, on sides past 2048. The sizes are those of PyTorch's formulas.
#[test]
fn every_layer_that_changes_sides_changes_long_ones() {
    use chainrule::shapes;
    const {
        shapes::<Conv1d<1, 2, 3, 2, 1>, Sequence<44100, 1>, Sequence<22050, 2>>();
        shapes::<MaxPool1d<2>, Sequence<22050, 2>, Sequence<11025, 2>>();
        shapes::<AvgPool1d<3>, Sequence<11025, 2>, Sequence<3675, 2>>();
        shapes::<MaxPool1d<3, 2, 1>, Sequence<65536, 1>, Sequence<32768, 1>>();
        shapes::<Conv2d<3, 8, 4, 2, 1>, Image<3, 4096, 2160>, Image<8, 2048, 1080>>();
        shapes::<DepthwiseConv2d<3, 3, 1, 1>, Image<3, 2048, 2047>, Image<3, 2048, 2047>>();
        shapes::<TransposedConv2d<1, 1, 2, 2>, Image<1, 2048, 1080>, Image<1, 4096, 2160>>();
        shapes::<Upsample2d<2>, Image<3, 1500, 1920>, Image<3, 3000, 3840>>();
        shapes::<MaxPool2d<2>, Image<1, 2160, 3840>, Image<1, 1080, 1920>>();
        shapes::<Concat<(Identity, Identity)>, Vector<1200>, Vector<2400>>();
        shapes::<Flatten, Sequence<2, 1024>, Vector<2048>>();
    }
}
