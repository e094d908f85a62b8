//! Every algorithm of a convolution against the loops of its formula; slices of wrong lengths.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::tests_windows::{all_windows, windows};
use super::*;
use crate::simd::{Kernel, Level, Vector, for_each_level};

/// Whole numbers from -4 to 4, all different sequences: their sums of products are exact in any order.
fn numbers<T: Real>(len: usize, seed: usize) -> Vec<T> {
    (0..len).map(|at| T::from_f64((((at + 1) * (seed + 7) * 7919) % 1009 % 9) as f64 - 4.0)).collect()
}

/// Computes all samples directly.
struct Direct<C>(C);
/// Computes the samples that fill vectors interleaved.
struct Interleaved<C>(C);

macro_rules! only {
    ($($way:ident $call:ident: |$this:ident, $level:ident| $run:expr;)+) => {$(
        impl<T: Real> Kernel for $way<&mut $call<'_, T>> {
            type Output = usize;

            #[inline(always)]
            fn run<L: Level>($this, $level: L) -> usize {
                $run
            }
        }
    )+};
}
only! {
    Direct Correlate: |self, level| self.0.direct(level, 0);
    Direct WeightGradient: |self, level| self.0.direct(level, 0);
    Interleaved Correlate: |self, level| self.0.interleaved(level);
    Interleaved WeightGradient: |self, level| self.0.interleaved(level);
}

/// A convolution of a batch, and its results, computed by the loops of the formula.
struct Case<T> {
    windows: Windows,
    weights: Vec<T>,
    bias: Vec<T>,
    image_bias: Vec<T>,
    images: Vec<T>,
    outputs: Vec<T>,
    /// `bias + W * images`, `image_bias + Wᵀ * outputs`, and the gradient of the weights.
    expected: [Vec<T>; 3],
}

impl<T: Real> Case<T> {
    fn new(windows: Windows, out_channels: usize, samples: usize) -> Self {
        let Windows { groups, channels, rows, columns } = windows;
        let (pixels, places) = (rows.side * columns.side, windows.places());
        let weights = numbers::<T>(out_channels * windows.taps(), 1);
        let images = numbers::<T>(samples * windows.image_len(), 2);
        let outputs = numbers::<T>(samples * out_channels * places, 3);
        let (bias, image_bias) = (numbers::<T>(out_channels, 4), numbers::<T>(groups * channels, 5));

        let mut y: Vec<T> = (0..outputs.len()).map(|at| bias[at / places % out_channels]).collect();
        let mut dx: Vec<T> = (0..images.len()).map(|at| image_bias[at / pixels % image_bias.len()]).collect();
        let mut dw = vec![T::zero(); weights.len()];
        for (tap, place) in (0..weights.len()).flat_map(|tap| (0..places).map(move |p| (tap, p))) {
            let (o, i) = (tap / windows.taps(), tap % windows.taps() / windows.pixels());
            let (m, n) = (tap / columns.kernel % rows.kernel, tap % columns.kernel);
            let pixel = |axis: WindowPlaces, place: usize, tap: usize| {
                let pixel = (place * axis.stride + tap * axis.dilation).checked_sub(axis.before)?;
                (pixel < axis.side).then_some(pixel)
            };
            let row = pixel(rows, place / columns.places, m);
            let (Some(row), Some(column)) = (row, pixel(columns, place % columns.places, n)) else {
                continue;
            };
            let channel = o / (out_channels / groups) * channels + i;
            let pixel = (channel * rows.side + row) * columns.side + column;
            let place = o * places + place;
            for sample in 0..samples {
                let pixel = pixel + sample * windows.image_len();
                let place = place + sample * out_channels * places;
                y[place] += weights[tap] * images[pixel];
                dx[pixel] += weights[tap] * outputs[place];
                dw[tap] += outputs[place] * images[pixel];
            }
        }
        Self { windows, weights, bias, image_bias, images, outputs, expected: [y, dx, dw] }
    }

    /// Returns a workspace for one call, with a number past its end that no call may touch.
    fn workspace(&self) -> Vec<T> {
        let out_channels = self.windows.out_channels(self.weights.len());
        let mut workspace = vec![T::from_f64(f64::NAN); self.windows.workspace_len::<T>(out_channels) + 1];
        *workspace.last_mut().unwrap() = T::from_f64(77.0);
        workspace
    }

    /// Directly, in the vectors of this level; the outputs have arbitrary contents before.
    fn check_direct<L: Level>(&self, level: L) {
        let Self { windows, weights, bias, image_bias, images, outputs, expected } = self;
        let samples = images.len() / windows.image_len();
        let [mut y, mut dx, mut dw] =
            expected.each_ref().map(|expected| vec![T::from_f64(9.5); expected.len()]);
        let mut workspace = self.workspace();
        let len = workspace.len() - 1;
        let room = &mut workspace[..len];
        let mut forward = Correlate::new(windows, false, weights, Some(bias), images, &mut y, room);
        assert_eq!(level.run(Direct(&mut forward)), samples, "samples of {windows:?}");
        let room = &mut workspace[..len];
        let mut back = Correlate::new(windows, true, weights, Some(image_bias), outputs, &mut dx, room);
        assert_eq!(level.run(Direct(&mut back)), samples, "samples of {windows:?}");
        dw.fill(T::zero());
        let room = &mut workspace[..len];
        let mut gradient = WeightGradient::new(windows, outputs, images, Accumulate::Add, &mut dw, room);
        assert_eq!(level.run(Direct(&mut gradient)), samples, "samples of {windows:?}");
        assert_eq!([&y, &dx, &dw], expected.each_ref(), "of {windows:?}");
        assert!(workspace[len] == T::from_f64(77.0), "past the workspace of {windows:?}");
    }

    /// Interleaved, in the vectors of this level; the outputs have arbitrary contents before. Only the samples that are
    /// interleaved.
    fn check_interleaved<L: Level>(&self, level: L, done: usize) {
        let Self { windows, weights, bias, image_bias, images, outputs, expected } = self;
        let [mut y, mut dx, mut dw] =
            expected.each_ref().map(|expected| vec![T::from_f64(9.5); expected.len()]);
        let mut workspace = self.workspace();
        let len = workspace.len() - 1;
        let room = &mut workspace[..len];
        let mut forward = Correlate::new(windows, false, weights, Some(bias), images, &mut y, room);
        assert_eq!(level.run(Interleaved(&mut forward)), done, "samples of {windows:?}");
        let room = &mut workspace[..len];
        let mut back = Correlate::new(windows, true, weights, Some(image_bias), outputs, &mut dx, room);
        assert_eq!(level.run(Interleaved(&mut back)), done, "samples of {windows:?}");
        for (accumulate, times) in [(Accumulate::Overwrite, 1.0), (Accumulate::Add, 2.0)] {
            let room = &mut workspace[..len];
            let mut gradient = WeightGradient::new(windows, outputs, images, accumulate, &mut dw, room);
            assert_eq!(level.run(Interleaved(&mut gradient)), done, "samples of {windows:?}");
            gradient.im2col(done);
            let expected = expected[2].iter().map(|&dw| dw * T::from_f64(times));
            assert!(dw.iter().copied().eq(expected), "the weight gradient of {windows:?}, {times} times");
        }
        assert!(workspace[len] == T::from_f64(77.0), "past the workspace of {windows:?}");

        let samples = images.len() / windows.image_len();
        let [y_done, dx_done] = [y.len(), dx.len()].map(|len| len / samples * done);
        assert_eq!(y[..y_done], expected[0][..y_done], "the convolution of {windows:?}, {samples} samples");
        assert_eq!(dx[..dx_done], expected[1][..dx_done], "the transpose of {windows:?}, {samples} samples");
        // The others are left to `im2col`.
        assert!(y[y_done..].iter().chain(&dx[dx_done..]).all(|&x| x == T::from_f64(9.5)), "{windows:?}");
    }

    /// By `im2col`, with a bias and without.
    fn check_im2col(&self) {
        let Self { windows, weights, bias, image_bias, images, outputs, expected } = self;
        let [mut y, mut dx, mut dw] =
            expected.each_ref().map(|expected| vec![T::from_f64(9.5); expected.len()]);
        let mut workspace = self.workspace();
        let len = workspace.len() - 1;
        let mut correlate = |transposed, bias, from, to: &mut [T]| {
            Correlate::new(windows, transposed, weights, bias, from, to, &mut workspace[..len]).im2col(0);
        };
        correlate(false, Some(bias), images, &mut y);
        correlate(true, Some(image_bias), outputs, &mut dx);
        assert_eq!([&y, &dx], [&expected[0], &expected[1]], "of {windows:?}");
        correlate(false, None, images, &mut y);
        correlate(true, None, outputs, &mut dx);
        self.assert_without_bias(&y, &dx);
        dw.fill(T::zero());
        let room = &mut workspace[..len];
        WeightGradient::new(windows, outputs, images, Accumulate::Add, &mut dw, room).im2col(0);
        assert_eq!(dw, expected[2], "of {windows:?}");
        assert!(workspace[len] == T::from_f64(77.0), "past the workspace of {windows:?}");
    }

    /// The public functions, which choose for themselves.
    fn check_chosen(&self) {
        let Self { windows, weights, bias, image_bias, images, outputs, expected } = self;
        let [mut y, mut dx, mut dw] =
            expected.each_ref().map(|expected| vec![T::from_f64(9.5); expected.len()]);
        let mut workspace = self.workspace();
        let len = workspace.len() - 1;
        let room = &mut workspace[..len];
        convolve(windows, weights, Some(bias), images, &mut y, room);
        convolve_transposed(windows, weights, Some(image_bias), outputs, &mut dx, room);
        weight_gradient(windows, outputs, images, Accumulate::Overwrite, &mut dw, room);
        assert_eq!([&y, &dx, &dw], expected.each_ref(), "of {windows:?}");
        convolve(windows, weights, None, images, &mut y, room);
        convolve_transposed(windows, weights, None, outputs, &mut dx, room);
        self.assert_without_bias(&y, &dx);
        weight_gradient(windows, outputs, images, Accumulate::Add, &mut dw, room);
        assert!(dw.iter().zip(&expected[2]).all(|(&dw, &once)| dw == once + once), "of {windows:?}");
        assert!(workspace[len] == T::from_f64(77.0), "past the workspace of {windows:?}");
    }

    fn assert_without_bias(&self, y: &[T], dx: &[T]) {
        let Self { windows, bias, image_bias, expected: [with_y, with_dx, _], .. } = self;
        let less = |with: &[T], bias: &[T], places: usize| {
            let bias = (0..with.len()).map(|at| bias[at / places % bias.len()]);
            with.iter().zip(bias).map(|(&with, bias)| with - bias).collect::<Vec<T>>()
        };
        assert_eq!(y, less(with_y, bias, windows.places()), "without a bias, of {windows:?}");
        assert_eq!(
            dx,
            less(with_dx, image_bias, windows.rows.side * windows.columns.side),
            "without a bias, of {windows:?}"
        );
    }
}

#[test]
fn by_im2col_and_as_chosen_all_three_are_the_loops_of_the_formula() {
    for (at, windows) in all_windows() {
        for out_channels in [1, 2, 5].map(|channels| channels * windows.groups) {
            Case::<f32>::new(windows, out_channels, 1).check_im2col();
            Case::<f64>::new(windows, out_channels, 1).check_im2col();
        }
        // Whatever the lanes are: less than half of a vector, a vector and more, and a whole number of them.
        for samples in [1, 7 + at % 5, 16] {
            Case::<f32>::new(windows, 2 * windows.groups, samples).check_chosen();
        }
    }
}

#[test]
fn interleaved_all_three_are_the_loops_of_the_formula_at_every_level() {
    /// The `at`th windows, with more and more channels of the output, for each number of samples that a vector can
    /// hold.
    fn check<T: Real, L: Level>(level: L, at: usize, windows: Windows) {
        let lanes = T::Vector::<L>::LANES;
        for (samples, out_channels) in [(lanes, 1 + at % 13), (lanes / 2 + at % lanes + 1, 1 + at % 7)] {
            let out_channels = out_channels * windows.groups;
            let (whole, left) = (samples / lanes * lanes, samples % lanes);
            let done = if windows.pixels() == 1 || windows.columns.dilation > 1 {
                0
            } else if 4 * left >= if windows.is_direct() { 3 * lanes } else { 2 * lanes } {
                samples
            } else {
                whole
            };
            Case::<T>::new(windows, out_channels, samples).check_interleaved(level, done);
        }
    }
    for (at, windows) in all_windows() {
        for_each_level!(level => {
            check::<f32, _>(level, at, windows);
            check::<f64, _>(level, at, windows);
        });
    }
}

#[test]
fn directly_all_three_are_the_loops_of_the_formula_at_every_level() {
    for (at, windows) in all_windows().filter(|(_, windows)| windows.is_direct()) {
        let channels = windows.groups * (1 + at % 9);
        for_each_level!(level => {
            Case::<f32>::new(windows, channels, 1 + at % 3).check_direct(level);
            Case::<f64>::new(windows, channels, 1 + at % 2).check_direct(level);
        });
    }
}

#[test]
fn direct_convolutions_reach_every_width_of_a_tile_and_several_bands() {
    // Rows of whole vectors and others, from one row to a few tiles; many samples of a small image at once.
    for (height, width) in (1..=14).flat_map(|height| [(height, 3 + height % 5), (height, 16)]) {
        let Some(windows) = windows([1 + height % 3, height, width], [3, 1, 1]) else { continue };
        for_each_level!(level => {
            Case::<f32>::new(windows, 1 + height % 5, 1 + height % 4).check_direct(level);
            Case::<f64>::new(windows, 4, 11).check_direct(level);
        });
    }
    for ([channels, height, width], [kernel, stride, padding]) in
        [([30, 40, 32], [3, 1, 1]), ([4, 61, 75], [7, 2, 3]), ([40, 33, 17], [3, 2, 1])]
    {
        let windows = windows([channels, height, width], [kernel, stride, padding]).unwrap();
        for_each_level!(level => { Case::<f32>::new(windows, 6, 2).check_direct(level); });
    }
}

#[test]
fn every_height_and_width_of_a_tile_is_reached() {
    fn check<L: Level>(level: L, channels: usize, windows: Windows) {
        let lanes = <L::F64 as Vector<f64>>::LANES;
        Case::<f64>::new(windows, channels, lanes).check_interleaved(level, lanes);
    }
    // From one channel to two blocks, on rows as long as from one tile to four; a window of 7 is two tiles of taps.
    for channels in 1..=13 {
        for (width, kernel) in (1..=9).map(|out| (out + 1 + out % 3, 2 + out % 3)).chain([(9, 7), (12, 6)]) {
            let Some(windows) = windows([channels % 7 + 1, kernel, width], [kernel, 1, 0]) else { continue };
            for_each_level!(level => { check(level, channels, windows); });
        }
    }
}

#[test]
fn each_group_of_channels_is_a_convolution_of_its_own() {
    for (groups, channels, out_channels) in [(3, 1, 3), (2, 3, 4), (5, 1, 10)] {
        for geometry in [[3, 1, 1], [2, 2, 0], [3, 2, 2]] {
            let windows = Windows { groups, ..windows([channels, 6, 5], geometry).unwrap() };
            for samples in [1, 16] {
                let case = Case::<f64>::new(windows, out_channels, samples);
                case.check_im2col();
                case.check_chosen();
                for_each_level!(level => { case.check_direct(level) });
            }
        }
    }
}

#[test]
fn a_large_image_is_worked_through_in_bands() {
    for [kernel, stride, padding] in [[5, 1, 0], [5, 1, 2], [7, 2, 3], [4, 3, 5]] {
        let windows = windows([4, 61, 75], [kernel, stride, padding]).unwrap();
        let bands: Vec<_> = windows.bands::<f64>().collect();
        assert!(bands.len() > 1, "{windows:?} has one band");
        assert_eq!(bands.iter().map(Range::len).sum::<usize>(), windows.rows.places);
        Case::<f64>::new(windows, 3, 1).check_im2col();
    }
}

#[test]
fn the_gradient_of_a_bias_is_the_sum_of_its_planes_at_every_level() {
    for places in (1..=40).chain([64, 100, 129]) {
        for_each_level!(level => {
            let planes = numbers::<f32>(3 * 2 * places, 1);
            let expected = [0, 1].map(|channel| {
                let planes = planes.chunks_exact(places).skip(channel).step_by(2);
                planes.flatten().sum::<f32>()
            });
            let mut gradient = [9.5; 2];
            for (accumulate, times) in [(Accumulate::Overwrite, 1.0), (Accumulate::Add, 2.0)] {
                level.run(BiasGradient { planes: &planes, places, accumulate, gradient: &mut gradient });
                assert_eq!(gradient, expected.map(|sum| sum * times), "{places} places");
            }
        });
    }
}
