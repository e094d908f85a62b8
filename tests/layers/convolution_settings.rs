//! Convolutions with settings: those that a plain convolution has too give the same bits, and the plan and the name of
//! the others are what their formulas say.

use crate::common::{backward, bits, forward};
use chainrule::layer::{Reach, Role, Window, describe};
use chainrule::prelude::*;
use chainrule::rand::RngExt;

/// Random numbers; no sum of their products is exact.
fn random<X: Tensor>(samples: usize, seed: u64) -> Vec<X> {
    let mut rng = rng(seed);
    let mut batch: Vec<X> = bytemuck::zeroed_vec(samples);
    X::flat_mut(&mut batch).fill_with(|| chainrule::Real::from_f64(rng.random::<f64>() - 0.5));
    batch
}

fn bits_of<X: Tensor>(batch: &[X]) -> Vec<u64> {
    X::flat(batch).iter().map(|&x| chainrule::Real::to_f64(x).to_bits()).collect()
}

/// Asserts that both layers, with the same weights, give the same bits: output and all gradients, for one sample, for
/// a few, and for more than a vector has lanes.
fn assert_same<A, B, X: Tensor, Y: Tensor>(case: &str)
where
    A: Layer<X, Output = Y>,
    B: Layer<X, Output = Y>,
{
    // Equal roles, fans and shapes: the same seed gives the same weights.
    let initializer = Initializer::default().bias_normal(0.3);
    let (a, b) = (A::init_with(initializer, &mut rng(1)), B::init_with(initializer, &mut rng(1)));
    assert_eq!(bits(&*a), bits(&*b), "the weights of {case}");
    for samples in [1, 3, 19, 40] {
        let (x, dy) = (random::<X>(samples, 2), random::<Y>(samples, 3));
        let mut workspace = Workspace::default();
        let y = forward(&*a, &x, &mut workspace, &mut Mode::Evaluate);
        let (dx, gradient) = backward(&*a, &x, &y, &dy, &mut workspace, None);
        let mut workspace = Workspace::default();
        let same = forward(&*b, &x, &mut workspace, &mut Mode::Evaluate);
        let (same_dx, same_gradient) = backward(&*b, &x, &y, &dy, &mut workspace, None);
        assert_eq!(bits_of(&y), bits_of(&same), "the output of {case}, {samples} samples");
        assert_eq!(bits_of(&dx), bits_of(&same_dx), "the input gradient of {case}, {samples} samples");
        assert_eq!(bits(&*gradient), bits(&*same_gradient), "the gradient of {case}, {samples} samples");
    }
}

macro_rules! same {
    ($($plain:ty, $with:ty, $input:ty;)*) => {$(
        assert_same::<$plain, $with, $input, _>(concat!(stringify!($with), " of ", stringify!($input)));
    )*};
}

#[test]
fn settings_that_a_plain_convolution_has_too_give_the_same_bits() {
    same! {
        Conv2d<2, 3, 3>, Conv2dWith<2, 3, Kernel<3>>, Image<2, 6, 5>;
        Conv2d<3, 8, 3, 1, 1>, Conv2dWith<3, 8, (Kernel<3>, Padding<1>)>, Image<3, 9, 7>;
        Conv2d<3, 8, 3, 1, 1>, Conv2dWith<3, 8, (Kernel<3>, Same)>, Image<3, 9, 7>;
        Conv2d<3, 8, 3, 1, 1, f64>, Conv2dWith<3, 8, (Same, Kernel<3>), f64>, Image<3, 9, 7, f64>;
        Conv2d<2, 7, 5, 2, 3, f32, NoBias>, Conv2dWith<2, 7, (Padding<3>, Stride<2>, Kernel<5>), f32, NoBias>, Image<2, 8, 11>;
        Conv2d<4, 5, 1, 3>, Conv2dWith<4, 5, (Kernel<1>, Stride<3>, Dilation<9>)>, Image<4, 7, 7>;
        Conv2d<2, 3, 2, 2, 1>, Conv2dWith<2, 3, (Kernel<2>, Stride<2>, PaddingEnds<1, 1, 1, 1>)>, Image<2, 6, 8>;
        Conv2d<1, 6, 5>, Conv2dWith<1, 6, (Kernel<5>, Groups<1>)>, Image<1, 40, 40>; // in bands
        DepthwiseConv2d<5, 3, 2, 1>, Conv2dWith<5, 5, (Kernel<3>, Stride<2>, Padding<1>, Groups<5>)>, Image<5, 6, 9>;
        TransposedConv2d<3, 2, 4, 2, 1>, TransposedConv2dWith<3, 2, (Kernel<4>, Stride<2>, Padding<1>)>, Image<3, 4, 5>;
        TransposedConv2d<3, 2, 4, 2, 1>, TransposedConv2dWith<3, 2, (Kernel<4>, Stride<2>, Same)>, Image<3, 4, 5>;
        Conv1d<2, 3, 3>, Conv1dWith<2, 3, Kernel<3>>, Sequence<9, 2>;
        Conv1d<3, 5, 4, 2, 3, f64, NoBias>, Conv1dWith<3, 5, (Kernel<4>, Stride<2>, Padding<3>), f64, NoBias>, Sequence<20, 3, f64>;
        Conv1d<3, 5, 3, 1, 1>, Conv1dWith<3, 5, (Kernel<3>, Same)>, Sequence<20, 3>;
        TransposedConv1d<3, 5, 4, 2, 1>, TransposedConv1dWith<3, 5, (Kernel<4>, Stride<2>, Padding<1>)>, Sequence<7, 3>;
    }
}

/// Causal windows are those that are padded before the first step, and `Same` those of TensorFlow's formula.
#[test]
fn paddings_of_other_kinds_are_numbers_of_zeros() {
    same! {
        Conv1dWith<2, 3, (Kernel<3>, Dilation<2>, PaddingEnds<4, 0>)>, Conv1dWith<2, 3, (Kernel<3>, Dilation<2>, Causal)>,
            Sequence<9, 2>;
        Conv1dWith<2, 3, (Kernel<4>, PaddingEnds<1, 2>)>, Conv1dWith<2, 3, (Kernel<4>, Same)>, Sequence<9, 2>;
        Conv1dWith<2, 3, (Kernel<4>, PaddingEnds<2, 1>)>, Conv1dWith<2, 3, (Kernel<4>, SameLower)>, Sequence<9, 2>;
        Conv2dWith<2, 3, (Kernel<2, 3>, PaddingEnds<0, 1, 1, 1>)>, Conv2dWith<2, 3, (Kernel<2, 3>, Same)>, Image<2, 5, 6>;
        // A stride past the window needs no padding: (6 - 1) / 3 steps of 3 leave one of 6 pixels.
        Conv2dWith<2, 3, (Kernel<2>, Stride<3>)>, Conv2dWith<2, 3, (Kernel<2>, Stride<3>, Same)>, Image<2, 6, 6>;
        TransposedConv1dWith<2, 3, (Kernel<5>, Stride<2>, PaddingEnds<0, 3>)>,
            TransposedConv1dWith<2, 3, (Kernel<5>, Stride<2>, Causal)>, Sequence<9, 2>;
        TransposedConv1dWith<2, 3, (Kernel<2>, Stride<3>, OutputPadding<1>)>,
            TransposedConv1dWith<2, 3, (Kernel<2>, Stride<3>, Same)>, Sequence<9, 2>;
    }
}

/// On one row of pixels, a window of 1 x K sees what one of K steps sees.
#[test]
fn a_convolution_of_a_sequence_is_one_of_an_image_of_one_row() {
    type Steps = Conv1dWith<4, 6, (Kernel<3>, Stride<2>, Dilation<3>, Groups<2>, PaddingEnds<2, 5>), f64>;
    type Pixels =
        Conv2dWith<4, 6, (Kernel<1, 3>, Stride<2>, Dilation<1, 3>, Groups<2>, PaddingEnds<0, 0, 2, 5>), f64>;
    let (steps, mut pixels) = (Steps::init(&mut rng(1)), Pixels::zeros());
    for o in 0..6 {
        for i in 0..2 {
            pixels.weight[o][i][0] = core::array::from_fn(|k| steps.weight[k][i][o]);
        }
    }
    let x = random::<Sequence<11, 4, f64>>(1, 4)[0];
    let row: Image<4, 1, 11, f64> = Image([0, 1, 2, 3].map(|i| [x.0.map(|step| step[i])]));
    let (y, z) = (steps.predict(&x).unwrap(), pixels.predict(&row).unwrap());
    assert_eq!(y.0.len(), 6); // (11 + 7 - 7) / 2 + 1
    for t in 0..6 {
        for o in 0..6 {
            approx::assert_relative_eq!(y[(t, o)], z[(o, 0, t)], max_relative = 1e-12, epsilon = 1e-12);
        }
    }
}

#[test]
fn the_cost_is_what_the_loops_multiply() {
    fn cost<L: Layer<X>, X: Sample>() -> u64 {
        L::PLAN.cost.multiply_adds
    }
    type Grouped = Conv2dWith<4, 6, (Kernel<3, 2>, Stride<2, 1>, Groups<2>)>;
    assert_eq!(cost::<Grouped, Image<4, 9, 12>>(), 4 * 11 * 6 * 2 * 6);
    type Causally = Conv1dWith<4, 6, (Kernel<3>, Dilation<5>, Causal)>;
    assert_eq!(cost::<Causally, Sequence<10, 4>>(), 10 * 6 * 3 * 4);
    // Every number of the input is multiplied by a window of each channel of its group.
    type Up = TransposedConv2dWith<4, 6, (Kernel<3, 2>, Stride<2>, Groups<2>)>;
    assert_eq!(cost::<Up, Image<4, 9, 12>>(), 4 * 9 * 12 * 3 * 6);
    assert_eq!(cost::<TransposedConv1d<4, 6, 3, 2>, Sequence<10, 4>>(), 4 * 10 * 6 * 3);
}

#[test]
fn the_fans_are_those_of_a_group() {
    fn fans<N: Parameters>() -> [usize; 2] {
        let mut fans = [0; 2];
        describe::<N>(&mut |parameter| {
            if let Role::Weight { fan_in, fan_out, .. } = parameter.role {
                fans = [fan_in, fan_out];
            }
        });
        fans
    }
    assert_eq!(fans::<Conv2dWith<4, 6, (Kernel<3, 5>, Groups<2>)>>(), [2 * 15, 3 * 15]);
    assert_eq!(fans::<Conv2dWith<4, 8, (Kernel<3>, Groups<4>)>>(), [9, 2 * 9]);
    assert_eq!(fans::<Conv1dWith<4, 6, (Kernel<3>, Groups<2>)>>(), [2 * 3, 3 * 3]);
    assert_eq!(fans::<TransposedConv2dWith<4, 6, (Kernel<3, 5>, Groups<2>)>>(), [2 * 15, 3 * 15]);
    assert_eq!(fans::<TransposedConv1dWith<4, 6, (Kernel<3>, Groups<2>)>>(), [2 * 3, 3 * 3]);
    assert_eq!(fans::<TransposedConv1d<4, 6, 3>>(), [4 * 3, 6 * 3]);
}

#[test]
fn a_dilated_window_reaches_further_and_a_causal_one_not_ahead() {
    fn window<L: Layer<X>, X: Sample>() -> Window {
        L::PLAN.window
    }
    let reach = |stride, first, last| Reach { stride, first, last };
    type Wavenet = [(Conv1dWith<2, 2, (Kernel<2>, Dilation<4>, Causal)>, Tanh); 3];
    let steps = window::<Wavenet, Sequence<30, 2>>().steps().unwrap();
    assert_eq!((steps, steps.latency(), steps.receptive_field()), (reach(1, -12, 0), 0, 13));
    let uneven = window::<
        Conv2dWith<1, 1, (Kernel<3, 2>, Dilation<2, 3>, Stride<1, 2>, Padding<2, 1>)>,
        Image<1, 9, 9>,
    >();
    assert_eq!((uneven.rows(), uneven.columns()), (Some(reach(1, -2, 2)), Some(reach(2, -1, 2))));
    let same = window::<Conv1dWith<1, 1, (Kernel<4>, Same)>, Sequence<9, 1>>();
    assert_eq!(same.steps(), Some(reach(1, -1, 2)));
    // A transposed window without a stride is one in the opposite direction.
    let back = window::<TransposedConv1dWith<1, 1, (Kernel<3>, Dilation<2>, Padding<1>)>, Sequence<9, 1>>();
    assert_eq!(back.steps(), Some(reach(1, -3, 1)));
    let causal = window::<TransposedConv1dWith<1, 1, (Kernel<3>, Causal)>, Sequence<9, 1>>();
    assert_eq!(causal.steps(), Some(reach(1, -2, 0)));
    let up = window::<TransposedConv1dWith<1, 1, (Kernel<4>, Stride<2>, Causal)>, Sequence<9, 1>>();
    assert_eq!(up, Window::WHOLE);
}

#[test]
fn the_name_has_the_settings_in_one_order() {
    let name = |layer: &dyn core::fmt::Debug| format!("{layer:?}");
    type Everything = Conv2dWith<4, 8, (Groups<4>, Same, Dilation<2>, Stride<2, 3>, Kernel<3, 5>)>;
    assert_eq!(
        name(&Everything::default()),
        "Conv2dWith<4, 8, (Kernel<3, 5>, Stride<2, 3>, Same, Dilation<2>, Groups<4>)>"
    );
    assert_eq!(name(&<Conv1dWith<1, 2, Kernel<3>>>::default()), "Conv1dWith<1, 2, (Kernel<3>)>");
    type Cropped = TransposedConv2dWith<1, 2, (Kernel<3>, PaddingEnds<0, 1>, OutputPadding<0>), f64, NoBias>;
    assert_eq!(
        name(&Cropped::default()),
        "TransposedConv2dWith<1, 2, (Kernel<3>, PaddingEnds<0, 1>, OutputPadding<0>), f64, NoBias>"
    );
    type Ends = Conv2dWith<1, 2, (Kernel<3>, PaddingEnds<0, 1, 2, 3>)>;
    assert_eq!(name(&Ends::default()), "Conv2dWith<1, 2, (Kernel<3>, PaddingEnds<0, 1, 2, 3>)>");
    assert_eq!(name(&<TransposedConv1d<1, 2, 3, 2>>::default()), "TransposedConv1d<1, 2, 3, 2, 0>");
}
