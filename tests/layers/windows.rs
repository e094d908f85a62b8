//! Receptive field and latency, which are constants, against what the outputs depend on: each number of an input is
//! changed, and the outputs that change are those that depend on it.

use crate::common::{every_combinator, every_layer, every_network, inputs};
use chainrule::layer::{Reach, Window};
use chainrule::prelude::*;

/// The place of a number: its step, or its row and column. `None` in a vector, which has no places.
fn place(shape: &[usize], at: usize) -> Option<[usize; 2]> {
    match shape {
        [_, features] => Some([at / features, 0]),
        [_, rows, columns] => Some([at / columns % rows, at % columns]),
        _ => None,
    }
}

/// Returns the places of output and input at which the output changes with the input.
fn dependences<N: Layer<X, Output = Y>, X: Tensor, Y: Tensor>() -> Vec<([usize; 2], [usize; 2])> {
    let net = N::init(&mut rng(5));
    let x = inputs::<X>(1)[0];
    let before: Y = net.predict(&x).unwrap();
    let mut found = vec![];
    for at in 0..X::LEN {
        for change in [-50.0, 0.7, 50.0] {
            let mut x = x;
            let number = &mut x.as_mut_slice()[at];
            *number = chainrule::Real::from_f64(chainrule::Real::to_f64(*number) + change);
            let after: Y = net.predict(&x).unwrap();
            let numbers = before.as_slice().iter().zip(after.as_slice()).enumerate();
            for (to, _) in numbers.filter(|(_, (before, after))| before != after) {
                let (Some(from), Some(to)) = (place(X::SHAPE, at), place(Y::SHAPE, to)) else { continue };
                found.push((to, from));
            }
        }
    }
    found
}

/// Asserts that no output depends on a place outside of its window. Returns what it depends on.
fn assert_inside<N: Layer<X, Output = Y>, X: Tensor, Y: Tensor>(name: &str) -> Vec<([usize; 2], [usize; 2])> {
    let window = N::PLAN.window;
    let found = dependences::<N, X, Y>();
    if let (Some(rows), Some(columns)) = (window.rows(), window.columns()) {
        for (to, from) in &found {
            for (axis, reach) in [rows, columns].iter().enumerate().take(X::SHAPE.len() - 1) {
                let origin = (reach.stride * to[axis]) as isize;
                let range = origin + reach.first..=origin + reach.last;
                assert!(
                    range.contains(&(from[axis] as isize)),
                    "{name}: {to:?} depends on {from:?}: {reach:?}"
                );
            }
        }
    }
    found
}

#[test]
fn no_layer_reads_beyond_its_window() {
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {
            assert_inside::<$layer, $input, _>(stringify!($name));
        };
    }
    type T = f64;
    every_layer!(case);
    every_combinator!(case);
    every_network!(case);
}

/// Asserts that the first and the last place that each output depends on, away from the borders, are those of `reach`.
fn assert_exact<N: Layer<X, Output = Y>, X: Tensor, Y: Tensor>(name: &str) -> Reach {
    let (window, found) = (N::PLAN.window, assert_inside::<N, X, Y>(name));
    let reaches = [window.rows().unwrap(), window.columns().unwrap()];
    let axes = X::SHAPE.len() - 1;
    let mut inner = 0;
    for axis in 0..axes {
        let reach = reaches[axis];
        let (side, out_side) = match axes {
            1 => (X::SHAPE[0], Y::SHAPE[0]),
            _ => (X::SHAPE[1 + axis], Y::SHAPE[1 + axis]),
        };
        for to in 0..out_side {
            let origin = (reach.stride * to) as isize;
            if origin + reach.first < 0 || origin + reach.last >= side as isize {
                continue;
            }
            let from =
                found.iter().filter(|(place, _)| place[axis] == to).map(|(_, from)| from[axis] as isize);
            let (first, last) = (from.clone().min().unwrap(), from.max().unwrap());
            assert_eq!(
                (first - origin, last - origin),
                (reach.first, reach.last),
                "{name}: {to} on axis {axis}"
            );
            assert_eq!(reach.receptive_field() as isize, last - first + 1);
            assert_eq!(reach.latency() as isize, (last - origin).max(0));
            inner += 1;
        }
    }
    assert!(inner > axes, "{name}: no output is away from the borders");
    reaches[0]
}

type S<const STEPS: usize> = Sequence<STEPS, 2, f64>;
type Conv<const K: usize, const STRIDE: usize = 1, const PAD: usize = 0> = Conv1d<2, 2, K, STRIDE, PAD, f64>;

#[test]
fn the_receptive_field_and_the_latency_are_those_of_the_jacobian() {
    let reach = |stride, first, last| Reach { stride, first, last };
    assert_eq!(assert_exact::<Conv<5, 1, 2>, S<12>, _>("one"), reach(1, -2, 2));
    assert_eq!(assert_exact::<(Conv<3>, Tanh, Conv<4>), S<20>, _>("two"), reach(1, 0, 5));
    assert_eq!(
        assert_exact::<(Conv<4, 2, 1>, Tanh, AvgPool1d<2>, Conv<3, 1, 1>), S<40>, _>("strides and a pool"),
        reach(4, -5, 8),
    );
    assert_eq!(assert_exact::<(MaxPool1d<3, 2, 1>, Softmax, Conv<2, 2>), S<30>, _>("max"), reach(4, -1, 3));
    assert_eq!(assert_exact::<[(Conv<3, 1, 1>, Tanh); 4], S<20>, _>("array"), reach(1, -4, 4));
    assert_eq!(assert_exact::<Shared<Conv<3, 1, 1>, 3>, S<20>, _>("shared"), reach(1, -3, 3));
    assert_eq!(
        assert_exact::<Residual<(Conv<3, 1, 1>, Tanh, Conv<5, 1, 2>)>, S<20>, _>("skip"),
        reach(1, -3, 3)
    );
    assert_eq!(
        assert_exact::<Concat<(Conv<7, 2, 3>, Conv<2, 2>, AvgPool1d<2>)>, S<20>, _>("branches"),
        reach(2, -3, 3),
    );
    assert_eq!(
        assert_exact::<(Duplicate, Parallel<Conv<3, 1, 1>, Conv<7, 1, 3>>, Sum), S<20>, _>("pair"),
        reach(1, -3, 3),
    );
    type Joined = (Reshape<Sequence<6, 8, f64>>, Conv1d<8, 2, 3, 1, 1, f64>);
    assert_eq!(assert_exact::<Joined, S<24>, _>("four steps are one"), reach(4, -4, 7));
    type Seen = (Conv2d<1, 2, 3, 2, 1, f64>, Tanh, MaxPool2d<2>, DepthwiseConv2d<2, 3, 1, 1, f64>);
    assert_eq!(assert_exact::<Seen, Image<1, 24, 20, f64>, _>("image"), reach(4, -5, 7));
    assert_eq!(assert_exact::<(Conv<3>, ZeroPad1d<2, 1>), S<20>, _>("padded"), reach(1, -2, 0));
    assert_eq!(assert_exact::<(ZeroPad1d<2>, Conv<5>), S<20>, _>("padded before"), reach(1, -2, 2));
    assert_eq!(assert_exact::<(AdaptiveAvgPool1d<8>, Conv<3>), S<24>, _>("equal parts"), reach(3, 0, 8));
    type Dilated = MaxPool1dWith<(Kernel<3>, Stride<2>, Dilation<3>, Padding<2>)>;
    assert_eq!(assert_exact::<(Dilated, Conv<1>), S<30>, _>("a dilated pool"), reach(2, -2, 4));
    type Causes = AvgPool1dWith<(Kernel<4>, Stride<1>, Causal)>;
    assert_eq!(assert_exact::<(Causes, Conv<2>), S<20>, _>("a causal pool"), reach(1, -3, 1));
    assert_eq!(assert_exact::<PixelUnshuffle<2>, Image<1, 8, 12, f64>, _>("squares"), reach(2, 0, 1));
    type Back = (TransposedConv2d<1, 1, 4, 1, 1, f64>, Tanh, Conv2d<1, 1, 2, 1, 0, f64>);
    assert_eq!(assert_exact::<Back, Image<1, 9, 8, f64>, _>("transposed"), reach(1, -2, 2));
}

#[test]
fn a_layer_that_mixes_all_steps_says_so() {
    fn window<N: Layer<X>, X: Sample>() -> Window {
        N::PLAN.window
    }
    let whole = [
        window::<Dense<S<4>, S<4>>, S<4>>(),
        window::<LayerNorm<S<4>>, S<4>>(),
        window::<(Conv<3>, GlobalAvgPool), S<4>>(),
        window::<GroupNorm<1, 2>, Image<2, 3, 3>>(),
        window::<(Conv2d<1, 1, 3>, Upsample2d<2>), Image<1, 3, 3>>(),
        window::<Residual<Dense<S<4>, S<4>>>, S<4>>(),
        window::<Transpose, Sequence<4, 4>>(),
        window::<CircularPad1d<1>, S<4>>(),
        window::<AdaptiveAvgPool1d<3>, S<4>>(),
        window::<Concat<(Conv<3, 1, 1>, Conv<1, 1>, RmsNorm<S<4>>)>, S<4>>(),
    ];
    assert_eq!(whole, [Window::WHOLE; 10]);
    assert_eq!(window::<(LayerNorm<Vector<2, f64>>, BatchNorm<2, f64>), S<4>>(), Window::POINTWISE);
}
