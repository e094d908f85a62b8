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
