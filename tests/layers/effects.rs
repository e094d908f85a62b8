//! The effects that layers declare, which are exact for a layer that moves or pools numbers, against its passes.

use crate::common::{backward, every_layer, forward, inputs};
use chainrule::Real;
use chainrule::layer::Effect;
use chainrule::prelude::*;

fn square(numbers: &[f64]) -> f64 {
    numbers.iter().map(|x| x * x).sum()
}

/// Returns whether the layer's effect was compared: by what it multiplies the squared length of a gradient of ±1 in
/// turn, and for one that only moves numbers that of its input too.
fn compare<L: Layer<X, Output: Tensor<Scalar = f64>>, X: Tensor<Scalar = f64>>(name: &str) -> bool {
    let (expected, moves) = match L::PLAN.effect {
        Effect::Pool { gradient } => (gradient, false),
        Effect::Unchanged => (1.0, true),
        _ => return false,
    };
    let (layer, x, mut workspace) = (L::init(&mut rng(1)), inputs::<X>(3), Workspace::default());
    let y = forward(&*layer, &x, &mut workspace, &mut Mode::Evaluate);
    let mut dy = y.clone();
    for (at, dy) in L::Output::flat_mut(&mut dy).iter_mut().enumerate() {
        *dy = Real::from_f64([1.0, -1.0, 1.0][at % 3]);
    }
    let (dx, _) = backward(&*layer, &x, &y, &dy, &mut workspace, None);
    let share = square(X::flat(&dx)) / square(L::Output::flat(&dy));
    approx::assert_relative_eq!(share, expected, max_relative = 1e-12);
    if moves {
        approx::assert_relative_eq!(square(X::flat(&x)), square(L::Output::flat(&y)), max_relative = 1e-12);
    }
    assert!(!moves || X::LEN == L::Output::LEN, "{name} drops numbers");
    true
}

#[test]
fn pools_and_moves_change_gradients_as_they_declare() {
    type T = f64;
    let mut compared = 0;
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {
            compared += usize::from(compare::<$layer, $input>(stringify!($name)));
        };
    }
    every_layer!(case);
    // The identity, 5 that reshape, 11 pools, 8 permutations, 6 shuffles, 13 reductions and 4 paddings with a
    // constant. A row that loses its effect would not be seen otherwise.
    assert!(compared >= 48, "{compared} effects were compared");
}
