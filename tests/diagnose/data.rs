//! Small tasks.

use chainrule::data::Dataset;
use chainrule::prelude::*;
use chainrule::rand::RngExt;
use chainrule::rand::rngs::ChaCha8Rng;

pub(crate) type Classes<const D: usize, const C: usize> = Dataset<Vector<D>, Label<C>>;
pub(crate) type Numbers<const D: usize, const K: usize> = Dataset<Vector<D>, Vector<K>>;

/// A number of about a standard normal distribution: the sum of 12 uniform ones.
pub(crate) fn normal(rng: &mut ChaCha8Rng) -> f32 {
    (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0
}

fn label<const C: usize>(index: usize) -> Label<C> {
    Label::new(index).unwrap()
}

/// Clouds of points around a center for each class, which overlap little.
pub(crate) fn clouds<const D: usize, const C: usize>(samples: usize, seed: u64) -> Classes<D, C> {
    let rng = &mut rng(seed);
    let centers: Vec<[f32; D]> = (0..C).map(|_| std::array::from_fn(|_| 1.2 * normal(rng))).collect();
    let pairs = (0..samples).map(|at| {
        let x = std::array::from_fn(|d| 0.6f32.mul_add(normal(rng), centers[at % C][d]));
        (Vector(x), label(at % C))
    });
    Dataset::from_pairs(pairs.collect::<Vec<_>>()).unwrap()
}

/// Points inside and outside of a circle, in the first two of `D` features; the others are noise.
pub(crate) fn rings<const D: usize>(samples: usize, seed: u64) -> Classes<D, 2> {
    let rng = &mut rng(seed);
    let pairs = (0..samples).map(|at| {
        let radius = if at % 2 == 0 { 0.6 } else { 1.8 } + 0.15 * normal(rng);
        let angle = rng.random::<f32>() * std::f32::consts::TAU;
        let mut x: [f32; D] = std::array::from_fn(|_| 0.5 * normal(rng));
        (x[0], x[1]) = (radius * angle.cos(), radius * angle.sin());
        (Vector(x), label(at % 2))
    });
    Dataset::from_pairs(pairs.collect::<Vec<_>>()).unwrap()
}

/// A smooth function of `D` features, with a little noise; mean 0 and deviation about 1.
pub(crate) fn waves<const D: usize>(samples: usize, seed: u64) -> Numbers<D, 1> {
    let rng = &mut rng(seed);
    let pairs = (0..samples).map(|_| {
        let x: [f32; D] = std::array::from_fn(|_| normal(rng));
        let y = 1.2 * (1.5 * x[0]).sin() + 0.5 * x[1] * x[D - 1] + 0.05 * normal(rng);
        (Vector(x), Vector([y]))
    });
    Dataset::from_pairs(pairs.collect::<Vec<_>>()).unwrap()
}

/// Images of 6 x 6 pixels with a bright row or a bright column, and noise.
pub(crate) fn bars(samples: usize, seed: u64) -> Dataset<Image<1, 6, 6>, Label<2>> {
    let rng = &mut rng(seed);
    let pairs = (0..samples).map(|at| {
        let line = rng.random_range(0..6);
        let bright = |row: usize, column: usize| if at % 2 == 0 { row == line } else { column == line };
        let mut image = Image::<1, 6, 6>::default();
        for row in 0..6 {
            for column in 0..6 {
                image[(0, row, column)] = f32::from(u8::from(bright(row, column))) * 1.5 + 0.3 * normal(rng);
            }
        }
        (image, label(at % 2))
    });
    Dataset::from_pairs(pairs.collect::<Vec<_>>()).unwrap()
}

/// Sequences whose class is the sign of the first step; the others are noise.
pub(crate) fn first_step<const T: usize>(samples: usize, seed: u64) -> Dataset<Sequence<T, 1>, Label<2>> {
    let rng = &mut rng(seed);
    let pairs = (0..samples).map(|at| {
        let mut x = Sequence([[0.0; 1]; T]);
        for step in 0..T {
            x[step][0] = 0.3 * normal(rng);
        }
        x[0][0] = if at % 2 == 0 { 1.0 } else { -1.0 };
        (x, label(at % 2))
    });
    Dataset::from_pairs(pairs.collect::<Vec<_>>()).unwrap()
}

/// Replaces this share of the labels by random ones.
pub(crate) fn noisy<X, const C: usize>(
    mut data: Dataset<X, Label<C>>,
    share: f32,
    seed: u64,
) -> Dataset<X, Label<C>> {
    let rng = &mut rng(seed + 100);
    for target in data.targets_mut() {
        if rng.random::<f32>() < share {
            *target = label(rng.random_range(0..C));
        }
    }
    data
}
