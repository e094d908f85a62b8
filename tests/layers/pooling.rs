//! Pooling and upsampling: which numbers win, which gradients arrive where, at the edges and among equals.

use crate::common::{backward, forward};
use chainrule::Error;
use chainrule::layer::WorkspaceMut;
use chainrule::prelude::*;

/// The gradient of the input for this gradient of the output.
fn gradient<X: Tensor, Y: Tensor, L: Maps<X, Y>>(layer: L, x: X, dy: Y) -> X {
    // By hand: `vjp` refuses a NaN.
    let mut workspace = Workspace::default();
    let y = forward(&layer, &[x], &mut workspace, &mut Mode::Evaluate);
    backward(&layer, &[x], &y, &[dy], &mut workspace, None).0[0]
}

#[test]
fn padding_counts_as_zeros() {
    let (x, mut y) = (Image([[[4.0, 8.0], [12.0, 16.0]]]), [Image([[[0.0; 2]; 2]])]);
    AvgPool2d::<2, 2, 1>.forward(&[x], &mut y, WorkspaceMut::default(), &mut Mode::Evaluate);
    assert_eq!(y[0], Image([[[1.0, 2.0], [3.0, 4.0]]]));
}

#[test]
fn a_pixel_gets_its_share_of_every_window_it_is_in() {
    let dx = gradient(AvgPool2d::<2, 1>, Image([[[0.0; 3]; 2]]), Image([[[4.0, 8.0]]]));
    assert_eq!(dx, Image([[[1.0, 3.0, 2.0], [1.0, 3.0, 2.0]]]));
    let dx = gradient(AvgPool1d::<2, 1>, Sequence([[0.0]; 3]), Sequence([[4.0], [8.0]]));
    assert_eq!(dx, Sequence([[2.0], [6.0], [4.0]]));
}

#[test]
fn rows_and_columns_that_fill_no_window_are_left_out() {
    let dx = gradient(AvgPool2d::<2>, Image([[[1.0; 3]; 3]]), Image([[[4.0]]]));
    assert_eq!(dx, Image([[[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]]));
}

#[test]
fn the_mean_of_a_large_image_keeps_its_digits() -> Result<(), Error> {
    // 512 sums of 512 terms, each within 512 roundings: 1024 / 2^24 = 6e-5 at the worst. Summed in one go, adding 0.1
    // to 26214 would round each time, to 2e-3 in all.
    let image: Box<Image<1, 512, 512>> = {
        let mut image = bytemuck::zeroed_box::<Image<1, 512, 512>>();
        image.as_mut_slice().fill(0.1);
        image
    };
    approx::assert_relative_eq!(
        GlobalAvgPool.predict(&*image)?,
        Vector([0.1]),
        max_relative = 1024.0 * f32::EPSILON / 2.0
    );
    Ok(())
}

#[test]
fn of_equals_the_first_in_memory_gets_the_whole_gradient() {
    let dx = gradient(MaxPool2d::<2>, Image([[[1.0, 3.0], [3.0, 3.0]]]), Image([[[5.0]]]));
    assert_eq!(dx, Image([[[0.0, 5.0], [0.0, 0.0]]]));
    let dx = gradient(MaxPool1d::<3>, Sequence([[0.0], [-0.0], [0.0]]), Sequence([[5.0]]));
    assert_eq!(dx, Sequence([[5.0], [0.0], [0.0]]));

    // The two zeros are equal, so the first is the largest of both.
    let mut y = [Sequence([[1.0], [1.0]])];
    let zeros = Sequence([[0.0], [-0.0], [-0.0], [0.0]]);
    MaxPool1d::<2>.forward(&[zeros], &mut y, WorkspaceMut::default(), &mut Mode::Evaluate);
    assert_eq!(y[0].0.map(|[y]| f64::is_sign_negative(y)), [false, true]);
}

#[test]
fn a_pixel_that_wins_several_windows_gets_all_their_gradients() {
    let dx = gradient(MaxPool2d::<2, 1>, Image([[[0.0, 0.0, 0.0], [0.0, 9.0, 0.0]]]), Image([[[2.0, 3.0]]]));
    assert_eq!(dx, Image([[[0.0, 0.0, 0.0], [0.0, 5.0, 0.0]]]));
}

#[test]
fn padding_never_wins_even_over_minus_infinity() {
    let low = f32::NEG_INFINITY;
    let (x, mut y) = (Image([[[-1.0, -2.0], [-3.0, low]]]), [Image([[[0.0; 2]; 2]])]);
    MaxPool2d::<2, 2, 1>.forward(&[x], &mut y, WorkspaceMut::default(), &mut Mode::Evaluate);
    assert_eq!(y[0], x); // each window holds one pixel and three of the padding
    assert_eq!(
        gradient(MaxPool2d::<2, 2, 1>, x, Image([[[1.0, 2.0], [3.0, 4.0]]])).0,
        [[[1.0, 2.0], [3.0, 4.0]]]
    );
}

#[test]
fn a_nan_stays_one_wherever_it_stands_in_the_window_and_gets_the_gradient() {
    for at in 0..4 {
        let mut x = Image([[[1.0, 2.0], [4.0, 3.0]]]);
        x.as_mut_slice()[at] = f32::NAN;
        let mut y = [Image([[[0.0]]])];
        MaxPool2d::<2>.forward(&[x], &mut y, WorkspaceMut::default(), &mut Mode::Evaluate);
        assert!(y[0][(0, 0, 0)].is_nan(), "at {at}");
        assert_eq!(gradient(MaxPool2d::<2>, x, Image([[[1.0]]])).as_slice()[at], 1.0);
    }
}

#[test]
fn the_first_of_equals_wins_in_every_other_maximum_too() {
    let ties = Image([[[1.0, 3.0], [3.0, 3.0]]]);
    let first = Image([[[0.0, 5.0], [0.0, 0.0]]]);
    assert_eq!(gradient(AdaptiveMaxPool2d::<1>, ties, Image([[[5.0]]])), first);
    assert_eq!(gradient(GlobalMaxPool, ties, Vector([5.0])), first);
    assert_eq!(gradient(MaxPool2dWith::<Kernel<2>>::default(), ties, Image([[[5.0]]])), first);
    let steps = Sequence([[0.0], [-0.0], [0.0]]);
    let first = Sequence([[5.0], [0.0], [0.0]]);
    assert_eq!(gradient(GlobalMaxPool, steps, Vector([5.0])), first);
    assert_eq!(gradient(MaxOver::<Steps>::default(), steps, Vector([5.0])), first);
    assert_eq!(gradient(MinOver::<Steps>::default(), steps, Vector([5.0])), first);
    assert_eq!(gradient(AdaptiveMaxPool1d::<1>, steps, Sequence([[5.0]])), first);
}

#[test]
fn padding_never_wins_with_settings_either() {
    let low = f32::NEG_INFINITY;
    let (x, mut y) = (Image([[[-1.0, -2.0], [-3.0, low]]]), [Image([[[0.0; 2]; 2]])]);
    type Corners = MaxPool2dWith<(Kernel<2>, Padding<1>)>;
    Corners::default().forward(&[x], &mut y, WorkspaceMut::default(), &mut Mode::Evaluate);
    assert_eq!(y[0], x); // each window holds one pixel and three of the padding
    let dy = Image([[[1.0, 2.0], [3.0, 4.0]]]);
    assert_eq!(gradient(Corners::default(), x, dy), dy);
}

/// The divisors of PyTorch's `nn.AvgPool2d(3, 2, 1, ceil_mode=True)` over ones, which are windows of 3 on a side of 4
/// padded to 6: from -1, 1 and 3, of which the last leaves the padding by 1.
#[test]
fn a_mean_divides_by_what_is_on_the_padded_image() -> Result<(), Error> {
    let ones = Image([[[1.0; 4]]]);
    type Counted = AvgPool2dWith<(Kernel<1, 3>, Stride<1, 2>, Padding<0, 1>, CeilMode)>;
    let expected = Image([[[2.0 / 3.0, 1.0, 1.0 / 2.0]]]);
    assert_eq!(Counted::default().predict(&ones)?, expected);
    type Excluded = AvgPool2dWith<(Kernel<1, 3>, Stride<1, 2>, Padding<0, 1>, CeilMode, ExcludePadding)>;
    assert_eq!(Excluded::default().predict(&ones)?, Image([[[1.0; 3]]]));
    assert_eq!(gradient(Counted::default(), ones, Image([[[6.0; 3]]])), Image([[[2.0, 4.0, 2.0, 5.0]]]));
    Ok(())
}

/// Without settings of their own, the pools with settings do what those without do, to the last bit.
#[test]
fn pools_with_and_without_settings_agree() -> Result<(), Error> {
    let x: Image<2, 7, 6, f64> = crate::common::inputs(1)[0];
    let (dy, dy_overlapping) = (Image([[[1.0, -2.0, 3.0]; 3]; 2]), Image([[[0.5, -2.0, 1.0]; 4]; 2]));
    let (max, mean) = (MaxPool2dWith::<Kernel<2>>::default(), AvgPool2dWith::<Kernel<2>>::default());
    assert_eq!(max.predict(&x)?, MaxPool2d::<2>.predict(&x)?);
    assert_eq!(gradient(max, x, dy), gradient(MaxPool2d::<2>, x, dy));
    assert_eq!(mean.predict(&x)?, AvgPool2d::<2>.predict(&x)?);
    assert_eq!(gradient(mean, x, dy), gradient(AvgPool2d::<2>, x, dy));
    type Overlapping = (Kernel<3>, Stride<2>, Padding<1>);
    let (max, mean) = (MaxPool2dWith::<Overlapping>::default(), AvgPool2dWith::<Overlapping>::default());
    assert_eq!(max.predict(&x)?, MaxPool2d::<3, 2, 1>.predict(&x)?);
    assert_eq!(gradient(max, x, dy_overlapping), gradient(MaxPool2d::<3, 2, 1>, x, dy_overlapping));
    approx::assert_relative_eq!(mean.predict(&x)?, AvgPool2d::<3, 2, 1>.predict(&x)?, max_relative = 1e-14);
    Ok(())
}

/// A window with a dilation of 3 on a side of 2 lies with both numbers on the padding.
#[test]
fn a_window_with_nothing_but_padding_is_a_fault() {
    type Empty = MaxPool1dWith<(Kernel<2>, Stride<1>, Padding<1>, Dilation<3>)>;
    let fault = |plan: &chainrule::layer::Plan| plan.fault.len();
    assert_eq!(fault(&<Empty as Layer<Sequence<2, 1>>>::PLAN), 1);
    assert_eq!(fault(&<Empty as Layer<Sequence<3, 1>>>::PLAN), 0);
    assert_eq!(fault(&<LpPool1d<0, 2> as Layer<Sequence<4, 1>>>::PLAN), 1);
    assert_eq!(fault(&<ConstantPad1d<1, 0, 1> as Layer<Sequence<4, 1>>>::PLAN), 1);
    type NoOffset = LocalResponseNorm<3, (Alpha<1>, Beta<1>, Offset<0>)>;
    assert_eq!(fault(&<NoOffset as Layer<Sequence<4, 1>>>::PLAN), 1);
}

/// How tables, messages and files print the layers.
#[test]
fn settings_are_part_of_a_name() {
    fn name<L: Parameters>() -> String {
        L::NAME.to_string()
    }
    type Settings = (CeilMode, Stride<2>, Kernel<3, 2>);
    assert_eq!(name::<MaxPool2dWith<Settings>>(), "MaxPool2dWith<(Kernel<3, 2>, Stride<2>, CeilMode)>");
    assert_eq!(name::<AvgPool1dWith<Kernel<3>>>(), "AvgPool1dWith<(Kernel<3>)>");
    assert_eq!(name::<LpPool2dWith<2, Kernel<3>>>(), "LpPool2dWith<2, (Kernel<3>)>");
    assert_eq!(name::<ZeroPad2d<1, 2>>(), "Pad2d<Constant<0, 1>, 1, 2, 1, 1>");
    assert_eq!(name::<ConstantPad1d<-7, 2, 1>>(), "Pad1d<Constant<-7, 2>, 1, 1>");
    assert_eq!(name::<ReflectionPad1d<1>>(), "Pad1d<Reflect, 1, 1>");
    assert_eq!([name::<Upsample2d<2>>(), name::<Upsample2d<2, 3>>()], ["Upsample2d<2>", "Upsample2d<2, 3>"]);
    assert_eq!(name::<UpsampleBilinear2d<2>>(), "UpsampleBilinear2d<2, 2, HalfPixel>");
    assert_eq!(name::<Resize1d<7, Nearest>>(), "Resize1d<7, Nearest>");
    assert_eq!(name::<MeanOver<Steps>>(), "MeanOver<Steps>");
    assert_eq!(name::<CosineSimilarity>(), "CosineSimilarity<Features>");
    type Response = LocalResponseNorm<5>;
    assert_eq!(name::<Response>(), "LocalResponseNorm<5, (Alpha<1, 10000>, Beta<3, 4>, Offset<1, 1>)>");
}

/// A norm is neither infinite nor 0 where the squares of its numbers are.
#[test]
fn a_norm_of_large_and_small_numbers_is_right() -> Result<(), Error> {
    for size in [1e30_f32, 1e-30] {
        let x = Image([[[3.0 * size, 0.0], [0.0, -4.0 * size]]]);
        approx::assert_relative_eq!(
            LpPool2d::<2, 2>.predict(&x)?,
            Image([[[5.0 * size]]]),
            max_relative = 1e-6
        );
        let dx = gradient(LpPool2d::<2, 2>, x, Image([[[1.0]]]));
        approx::assert_relative_eq!(dx, Image([[[0.6, 0.0], [0.0, -0.8]]]), max_relative = 1e-6);
    }
    assert_eq!(gradient(LpPool2d::<2, 2>, Image([[[0.0; 2]; 2]]), Image([[[1.0]]])), Image([[[0.0; 2]; 2]]));
    Ok(())
}

#[test]
fn the_mean_over_many_steps_keeps_its_digits() -> Result<(), Error> {
    // Each sum is in `f64`, and rounded once.
    let steps = Sequence([[0.1_f32, -0.3]; 20_000]);
    assert_eq!(MeanOver::<Steps>::default().predict(&steps)?, Vector([0.1, -0.3]));
    Ok(())
}

/// Reductions that give steps for rows or columns, against loops.
#[test]
fn rows_and_columns_of_an_image_become_steps() -> Result<(), Error> {
    let x: Image<2, 3, 4, f64> = Image(core::array::from_fn(|c| {
        core::array::from_fn(|r| core::array::from_fn(|s| (100 * c + 10 * r + s) as f64))
    }));
    let columns: Sequence<4, 2, f64> = SumOver::<Height>::default().predict(&x)?;
    let rows: Sequence<3, 2, f64> = SumOver::<Width>::default().predict(&x)?;
    for c in 0..2 {
        for s in 0..4 {
            assert_eq!(columns[(s, c)], (0..3).map(|r| x[(c, r, s)]).sum::<f64>());
        }
        for r in 0..3 {
            assert_eq!(rows[(r, c)], (0..4).map(|s| x[(c, r, s)]).sum::<f64>());
        }
    }
    Ok(())
}

/// Layers that undo one another, on numbers that are all different.
#[test]
fn what_is_moved_comes_back() -> Result<(), Error> {
    let mut x = Image([[[0.0; 6]; 4]; 4]);
    x.as_mut_slice().iter_mut().enumerate().for_each(|(at, x)| *x = at as f64);
    let same = |y: Result<Image<4, 4, 6, f64>, Error>| assert_eq!(y, Ok(x));
    same((PixelShuffle::<2>, PixelUnshuffle::<2>).predict(&x));
    same((PixelUnshuffle::<2>, PixelShuffle::<2>).predict(&x));
    same((DepthToSpace::<2>, SpaceToDepth::<2>).predict(&x));
    same((ChannelShuffle::<2>, ChannelShuffle::<2>).predict(&x));
    same((Transpose, Transpose).predict(&x));
    same((Permute::<1, 2, 0>, Permute::<2, 0, 1>).predict(&x));
    same((Permute::<2, 1, 0>, Permute::<2, 1, 0>).predict(&x));
    Ok(())
}

/// Bilinear maps are exact on a plane a + b r + c s, where no place lies beyond the first or last pixel.
#[test]
fn a_plane_stays_a_plane_between_its_corners() -> Result<(), Error> {
    let plane = |r: f64, s: f64| 0.5 + 2.0 * r - 3.0 * s;
    let x = Image([core::array::from_fn::<_, 3, _>(|r| {
        core::array::from_fn::<_, 5, _>(|s| plane(r as f64, s as f64))
    })]);
    let y: Image<1, 6, 15, f64> = UpsampleBilinear2d::<2, 3, AlignCorners>::default().predict(&x)?;
    let half: Image<1, 6, 15, f64> = UpsampleBilinear2d::<2, 3>::default().predict(&x)?;
    for r in 0..6 {
        for s in 0..15 {
            let aligned = plane(r as f64 * 2.0 / 5.0, s as f64 * 4.0 / 14.0);
            approx::assert_abs_diff_eq!(y[(0, r, s)], aligned, epsilon = 1e-13);
            let at = |place: usize, factor: f64, side: f64| {
                ((place as f64 + 0.5) / factor - 0.5).clamp(0.0, side - 1.0)
            };
            approx::assert_abs_diff_eq!(
                half[(0, r, s)],
                plane(at(r, 2.0, 3.0), at(s, 3.0, 5.0)),
                epsilon = 1e-13
            );
        }
    }
    Ok(())
}

#[test]
fn rows_and_columns_are_repeated_in_every_channel_of_every_sample() -> Result<(), Error> {
    let x = [Image([[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]), Image([[[9.0; 2]; 2]; 2])];
    let y = Upsample2d::<3>.predict_batch(&x)?;
    for (sample, channel, row, column) in [(0, 0, 2, 3), (0, 1, 3, 2), (0, 1, 5, 5), (1, 1, 0, 5)] {
        assert_eq!(y[sample][(channel, row, column)], x[sample][(channel, row / 3, column / 3)]);
    }
    Ok(())
}

#[test]
fn a_pixel_gets_the_gradients_of_its_square() -> Result<(), Error> {
    let dy = [Image([[[1.0, 2.0, 10.0, 20.0], [3.0, 4.0, 30.0, 40.0]]])];
    let (dx, _) = Upsample2d::<2>.vjp(&[Image([[[1.0, 2.0]]])], &dy)?;
    assert_eq!(dx[0], Image([[[10.0, 100.0]]]));
    Ok(())
}
