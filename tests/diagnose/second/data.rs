//! The data of the second set. All have a fixed number of samples, in random order.

use std::f32::consts::{PI, TAU};

use chainrule::data::Dataset;
use chainrule::prelude::*;
use chainrule::rand::{Rng, RngExt};

pub(super) fn normal(random: &mut impl Rng) -> f32 {
    let (u, v): (f32, f32) = (random.random(), random.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (TAU * v).cos()
}

fn label<const CLASSES: usize>(class: usize) -> Label<CLASSES> {
    Label::new(class).expect("a class")
}

/// Two half-moons that reach into each other.
pub(super) fn moons(seed: u64) -> Dataset<Vector<2>, Label<2>> {
    let random = &mut rng(seed + 10);
    Dataset::from_pairs((0..600).map(|at| {
        let angle = PI * random.random::<f32>();
        let (x, y) = match at % 2 {
            0 => (angle.cos() - 0.5, angle.sin() - 0.25),
            _ => (0.5 - angle.cos(), 0.25 - angle.sin()),
        };
        (Vector([x + 0.1 * normal(random), 1.5 * y + 0.1 * normal(random)]), label(at % 2))
    }))
    .expect("pairs")
}

/// A disk, and a ring around it: no line tells them apart.
pub(super) fn rings(seed: u64) -> Dataset<Vector<2>, Label<2>> {
    let random = &mut rng(seed + 20);
    Dataset::from_pairs((0..600).map(|at| {
        let (angle, radius) =
            (TAU * random.random::<f32>(), 0.6 + 1.0 * (at % 2) as f32 + 0.15 * normal(random));
        (Vector([radius * angle.cos(), radius * angle.sin()]), label(at % 2))
    }))
    .expect("pairs")
}

/// Five features of variance 1, and a target of about variance 1: a wave of the first, a product, and a line.
pub(super) fn features(seed: u64) -> Dataset<Vector<5>, Vector<1>> {
    let random = &mut rng(seed + 30);
    Dataset::from_pairs((0..800).map(|_| {
        let x: [f32; 5] = core::array::from_fn(|_| 3.0_f32.sqrt() * (2.0 * random.random::<f32>() - 1.0));
        (Vector(x), Vector([(1.5 * x[0]).sin() + 0.4 * x[1] * x[2] + 0.6 * x[3]]))
    }))
    .expect("pairs")
}

/// Whether the target of [`features`] is positive, as 0 or 1.
pub(super) fn yes_or_no(seed: u64) -> Dataset<Vector<5>, Vector<1>> {
    features(seed).map_targets(|y| Vector([f32::from(u8::from(y[0] > 0.0))]))
}

/// Two normal distributions in six features, `distance` deviations apart, the second with this share of the samples.
pub(super) fn two_normals(seed: u64, share: f32, distance: f32) -> Dataset<Vector<6>, Label<2>> {
    let random = &mut rng(seed + 40);
    Dataset::from_pairs((0..1600).map(|_| {
        let class = usize::from(random.random::<f32>() < share);
        let shift = class as f32 * distance / 6.0_f32.sqrt();
        (Vector(core::array::from_fn(|_| normal(random) + shift)), label(class))
    }))
    .expect("pairs")
}

/// The first digits of the training set that comes with this crate, in random order, with pixels of about mean 0 and
/// variance 1.
pub(super) fn digits(seed: u64) -> Dataset<Vector<64>, Label<10>> {
    let lines = include_str!("../../../examples/data/optdigits-train.csv").lines();
    let mut data = Dataset::from_pairs(lines.take(1000).map(|line| {
        let mut cells = line.split(',').map(|cell| cell.parse::<u8>().expect("a number"));
        let pixels =
            Vector(core::array::from_fn(|_| (f32::from(cells.next().expect("a pixel")) - 5.0) / 6.0));
        (pixels, label(usize::from(cells.next().expect("a digit"))))
    }))
    .expect("pairs");
    data.shuffle(&mut rng(seed + 50));
    data
}

/// The digits as images.
pub(super) fn images(seed: u64) -> Dataset<Image<1, 8, 8>, Label<10>> {
    digits(seed)
        .map_inputs(|x| Image([core::array::from_fn(|row| core::array::from_fn(|at| x[8 * row + at]))]))
}

/// The sign of the first step, which is marked, is the class; then comes noise.
pub(super) fn first_sign<const STEPS: usize>(seed: u64) -> Dataset<Sequence<STEPS, 2>, Label<2>> {
    let random = &mut rng(seed + 60);
    Dataset::from_pairs((0..600).map(|at| {
        let mut steps = [[0.0; 2]; STEPS];
        steps.iter_mut().for_each(|step| step[0] = 0.1 * normal(random));
        steps[0] = [if at % 2 == 0 { -1.0 } else { 1.0 }, 1.0];
        (Sequence(steps), label(at % 2))
    }))
    .expect("pairs")
}

/// The target is the mean of all steps, with variance 1.
pub(super) fn mean_of_steps<const STEPS: usize>(seed: u64) -> Dataset<Sequence<STEPS, 1>, Vector<1>> {
    let random = &mut rng(seed + 70);
    Dataset::from_pairs((0..600).map(|_| {
        let steps = [(); STEPS].map(|()| [normal(random)]);
        let sum: f32 = steps.as_flattened().iter().sum();
        (Sequence(steps), Vector([sum / (STEPS as f32).sqrt()]))
    }))
    .expect("pairs")
}

/// Waves of three frequencies, with any phase and some noise: which one is it?
pub(super) fn waves(seed: u64) -> Dataset<Sequence<24, 1>, Label<3>> {
    let random = &mut rng(seed + 80);
    Dataset::from_pairs((0..600).map(|at| {
        let (phase, frequency) = (TAU * random.random::<f32>(), [0.3, 0.8, 1.6][at % 3]);
        let steps =
            core::array::from_fn(|step| [(phase + frequency * step as f32).sin() + 0.1 * normal(random)]);
        (Sequence(steps), label(at % 3))
    }))
    .expect("pairs")
}

/// Eight independent features, which are the targets too.
pub(super) fn copies(seed: u64) -> Dataset<Vector<8>, Vector<8>> {
    let random = &mut rng(seed + 90);
    Dataset::from_pairs((0..800).map(|_| {
        let x = Vector(core::array::from_fn(|_| 3.0_f32.sqrt() * (2.0 * random.random::<f32>() - 1.0)));
        (x, x)
    }))
    .expect("pairs")
}

/// The product of two features.
pub(super) fn products(seed: u64) -> Dataset<Vector<2>, Vector<1>> {
    let random = &mut rng(seed + 95);
    Dataset::from_pairs((0..600).map(|_| {
        let x = [normal(random), normal(random)];
        (Vector(x), Vector([x[0] * x[1]]))
    }))
    .expect("pairs")
}
