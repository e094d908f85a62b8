use alloc::vec;
use core::ops::Range;

use super::super::Real;
use super::*;
use crate::kernel::simd::{Kernel, Level, Vector, for_each_level};

/// Whole numbers from -4 to 4, all different sequences: their sums of products are exact in any order.
fn numbers<T: Real>(len: usize, seed: usize) -> Vec<T> {
    (0..len).map(|at| T::of((((at + 1) * (seed + 7) * 7919) % 1009 % 9) as f64 - 4.0)).collect()
}

/// Windows with so many channels of the output, on a batch; and by the loops of the formula: what they give.
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
        let Windows { groups, channels, height, width, kernel, stride, padding, out_height, out_width } =
            windows;
        let (pixels, places) = (height * width, windows.places());
        let weights = numbers::<T>(out_channels * windows.taps(), 1);
        let images = numbers::<T>(samples * windows.image_len(), 2);
        let outputs = numbers::<T>(samples * out_channels * places, 3);
        let (bias, image_bias) = (numbers::<T>(out_channels, 4), numbers::<T>(groups * channels, 5));

        let mut y: Vec<T> = (0..outputs.len()).map(|at| bias[at / places % out_channels]).collect();
        let mut dx: Vec<T> = (0..images.len()).map(|at| image_bias[at / pixels % image_bias.len()]).collect();
        let mut dw = vec![T::zero(); weights.len()];
        for (tap, place) in (0..weights.len()).flat_map(|tap| (0..places).map(move |p| (tap, p))) {
            let (o, i) = (tap / windows.taps(), tap % windows.taps() / (kernel * kernel));
            let (m, n) = (tap / kernel % kernel, tap % kernel);
            let (row, column) = (place / out_width * stride + m, place % out_width * stride + n);
            if row < padding || row >= padding + height || column < padding || column >= padding + width {
                continue;
            }
            let channel = o / (out_channels / groups) * channels + i;
            let pixel = (channel * height + row - padding) * width + column - padding;
            let place = o * out_height * out_width + place;
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

    /// In the vectors of this level, over whatever stood there before: as many samples as are done side by side.
    fn check_side_by_side<L: Level>(&self, room: &mut Room<T>, done: usize) {
        let Self { windows, weights, bias, image_bias, images, outputs, expected } = self;
        let [mut y, mut dx, mut dw] = expected.each_ref().map(|expected| vec![T::of(9.5); expected.len()]);
        let (windows, bias, image_bias) = (windows, Some(&bias[..]), Some(&image_bias[..]));
        let (from, to) = (&images[..], &mut y[..]);
        let forward = Correlate { windows, transposed: false, weights, bias, from, to, room: &mut *room };
        assert_eq!(forward.run::<L>(), done, "samples of {windows:?}");
        let (from, to, bias) = (&outputs[..], &mut dx[..], image_bias);
        let back = Correlate { windows, transposed: true, weights, bias, from, to, room: &mut *room };
        assert_eq!(back.run::<L>(), done, "samples of {windows:?}");
        let gradient = &mut dw[..];
        let outer = Outer { windows, outputs, images, gradient, room: &mut *room };
        assert_eq!(outer.run::<L>(), done, "samples of {windows:?}");
        windows.add_one_by_one(outputs, images, &mut dw, room, done);

        let samples = images.len() / windows.image_len();
        let [y_done, dx_done] = [y.len(), dx.len()].map(|len| len / samples * done);
        assert_eq!(y[..y_done], expected[0][..y_done], "the convolution of {windows:?}, {samples} samples");
        assert_eq!(dx[..dx_done], expected[1][..dx_done], "the transpose of {windows:?}, {samples} samples");
        assert_eq!(dw, expected[2], "the weight gradient of {windows:?}, {samples} samples");
        // The others are left to `one_by_one`.
        assert!(y[y_done..].iter().chain(&dx[dx_done..]).all(|&x| x == T::of(9.5)), "{windows:?}");
    }

    /// One by one, with a bias and without.
    fn check_one_by_one(&self, room: &mut Room<T>) {
        let Self { windows, weights, bias, image_bias, images, outputs, expected } = self;
        let [mut y, mut dx, mut dw] = expected.each_ref().map(|expected| vec![T::of(9.5); expected.len()]);
        windows.one_by_one(weights, Some(bias), images, &mut y, room, 0);
        windows.one_by_one_transposed(weights, Some(image_bias), outputs, &mut dx, room, 0);
        dw.fill(T::zero());
        windows.add_one_by_one(outputs, images, &mut dw, room, 0);
        assert_eq!([&y, &dx, &dw], expected.each_ref(), "of {windows:?}");
        windows.one_by_one(weights, None, images, &mut y, room, 0);
        windows.one_by_one_transposed(weights, None, outputs, &mut dx, room, 0);
        self.assert_without_bias(&y, &dx);
    }

    /// The ways that a layer takes, which choose for themselves.
    fn check_chosen(&self, room: &mut Room<T>) {
        let Self { windows, weights, bias, image_bias, images, outputs, expected } = self;
        let [mut y, mut dx, mut dw] = expected.each_ref().map(|expected| vec![T::of(9.5); expected.len()]);
        T::convolve(windows, weights, Some(bias), images, &mut y, room);
        T::convolve_transposed(windows, weights, Some(image_bias), outputs, &mut dx, room);
        T::weight_gradient(windows, outputs, images, &mut dw, room);
        assert_eq!([&y, &dx, &dw], expected.each_ref(), "of {windows:?}");
        T::convolve(windows, weights, None, images, &mut y, room);
        T::convolve_transposed(windows, weights, None, outputs, &mut dx, room);
        self.assert_without_bias(&y, &dx);
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
            less(with_dx, image_bias, windows.height * windows.width),
            "without a bias, of {windows:?}"
        );
    }
}

/// Windows of a kernel, a stride and a padding on an image, if they fit.
fn windows([channels, height, width]: [usize; 3], [kernel, stride, padding]: [usize; 3]) -> Option<Windows> {
    let out = |side: usize| Some((side + 2 * padding).checked_sub(kernel)? / stride + 1);
    let (out_height, out_width) = (out(height)?, out(width)?);
    Some(Windows { groups: 1, channels, height, width, kernel, stride, padding, out_height, out_width })
}

/// Every window that lies on one of a few small images.
/// Among them: windows wider than the image, strides past the window, paddings past the window.
fn small_windows() -> Vec<Windows> {
    let mut all = vec![];
    for image in [[1, 1, 1], [2, 1, 4], [1, 5, 5], [3, 6, 4], [2, 3, 11]] {
        for kernel in [1, 2, 3, 5] {
            for stride in [1, 2, 3, 7] {
                for padding in [0, 1, 2, 6] {
                    all.extend(windows(image, [kernel, stride, padding]));
                }
            }
        }
    }
    // All but these: windows of 2, 3 and 5 on the least sides 1, 1, 5, 4, 3, and of 5 on 1, 1 when padded by 1.
    assert_eq!(all.len(), 5 * 4 * 4 * 4 - (2 + 2 + 4) * 4 - 2 * 4);
    all
}

#[test]
fn one_by_one_and_as_chosen_all_three_are_the_loops_of_the_formula() {
    let (mut single, mut double) = (Room::<f32>::default(), Room::<f64>::default());
    for (at, windows) in small_windows().into_iter().enumerate() {
        for out_channels in [1, 2, 5] {
            Case::<f32>::new(windows, out_channels, 1).check_one_by_one(&mut single);
            Case::<f64>::new(windows, out_channels, 1).check_one_by_one(&mut double);
        }
        // Whatever the lanes are: less than half of a vector, a vector and more, and a whole number of them.
        for samples in [1, 7 + at % 5, 16] {
            Case::<f32>::new(windows, 2, samples).check_chosen(&mut single);
        }
    }
}

#[test]
fn side_by_side_all_three_are_the_loops_of_the_formula_at_every_level() {
    /// The `at`th windows, with more and more channels of the output, for each number of samples that a vector can hold.
    fn check<T: Real, L: Level>(at: usize, windows: Windows, room: &mut Room<T>) {
        let lanes = T::Vector::<L>::LANES;
        for (samples, out_channels) in [(lanes, 1 + at % 13), (lanes / 2 + at % lanes + 1, 1 + at % 7)] {
            let (whole, left) = (samples / lanes * lanes, samples % lanes);
            let done = if windows.kernel == 1 {
                0
            } else if 2 * left >= lanes {
                samples
            } else {
                whole
            };
            Case::<T>::new(windows, out_channels, samples).check_side_by_side::<L>(room, done);
        }
    }
    for (at, windows) in small_windows().into_iter().enumerate() {
        for_each_level!(L => {
            check::<f32, L>(at, windows, &mut Room::default());
            check::<f64, L>(at, windows, &mut Room::default());
        });
    }
}

#[test]
fn every_height_and_width_of_a_tile_is_reached() {
    // From one channel to two blocks, on rows as long as from one tile to four; a window of 7 is two tiles of taps.
    for channels in 1..=13 {
        for (width, kernel) in (1..=9).map(|out| (out + 1 + out % 3, 2 + out % 3)).chain([(9, 7), (12, 6)]) {
            let Some(windows) = windows([channels % 7 + 1, kernel, width], [kernel, 1, 0]) else { continue };
            for_each_level!(L => {
                let lanes = <<f64 as crate::kernel::simd::Lanes>::Vector<L> as Vector<f64>>::LANES;
                Case::<f64>::new(windows, channels, lanes).check_side_by_side::<L>(&mut Room::default(), lanes);
            });
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
                case.check_one_by_one(&mut Room::default());
                case.check_chosen(&mut Room::default());
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
        assert_eq!(bands.iter().map(Range::len).sum::<usize>(), windows.out_height);
        Case::<f64>::new(windows, 3, 1).check_one_by_one(&mut Room::default());
    }
}

#[test]
fn the_gradient_of_a_bias_is_the_sum_of_its_planes_at_every_level() {
    for places in (1..=40).chain([64, 100, 129]) {
        for_each_level!(L => {
            let planes = numbers::<f32>(3 * 2 * places, 1);
            let mut gradient = [9.5; 2];
            Sums { planes: &planes, places, gradient: &mut gradient }.run::<L>();
            let expected = [0, 1].map(|channel| {
                let planes = planes.chunks_exact(places).skip(channel).step_by(2);
                planes.flatten().sum::<f32>()
            });
            assert_eq!(gradient, expected, "{places} places");
        });
    }
}
