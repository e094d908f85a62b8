//! The bytes that `budget` computes at compile time are those that the allocator sees at run time.

use crate::allocator::watched;
use crate::common::{every_combinator, every_layer, every_network, inputs};
use chainrule::layer::FixedWorkspace;
use chainrule::prelude::*;
use chainrule::{Budget, Error, budget};

const BATCHES: [usize; 3] = [1, 3, 8];

/// Asserts the bytes of the parameters, of inference and of a training step, for batches of several sizes.
fn assert_bytes<N: Layer<X, Output = Y>, X: Tensor, Y: Tensor>(name: &str) {
    const fn needs<N: Layer<X>, X: Sample>() -> Budget {
        budget::<N, X>()
    }
    let needs = const { needs::<N, X>() };
    let (net, bytes) = watched(|| N::init(&mut rng(1)));
    assert_eq!(size_of_val(&*net), needs.network_bytes, "{name}");
    assert_eq!(watched(N::zeros).1, needs.network_bytes, "{name}: the network");
    assert!(bytes >= needs.network_bytes, "{name}: initialization holds the network at least");
    for batch in BATCHES {
        let (xs, ys) = (inputs::<X>(batch), inputs::<Y>(batch));
        let (outputs, bytes) = watched(|| net.predict_batch(&xs).unwrap());
        assert_eq!(bytes, needs.inference_bytes(batch), "{name}: predict_batch of {batch}");
        let mut outputs: Vec<Y> = outputs;
        let mut workspace = Workspace::default();
        let ((), bytes) = watched(|| net.predict_into(&xs, &mut outputs, &mut workspace).unwrap());
        assert_eq!(bytes, 64 * needs.prediction_lines(batch), "{name}: predict_into of {batch}");

        let mut rng = rng(2);
        let (_, bytes) = watched(|| {
            let (mut gradient, mut workspace) = (N::zeros(), Workspace::default());
            let loss = Huber::new(1.0);
            net.loss_gradient(&loss, &xs, &ys, &mut workspace, &mut gradient, &mut rng).unwrap()
        });
        assert_eq!(bytes, needs.training_bytes(batch), "{name}: loss_gradient of {batch}");
    }
}

#[test]
fn every_network_and_every_layer_needs_the_bytes_of_its_budget() {
    macro_rules! case {
        ($file:literal, $name:ident: $network:ty, $input:ty) => {
            assert_bytes::<$network, $input, _>(stringify!($name));
        };
    }
    type T = f32;
    every_network!(case);
    every_layer!(case);
    every_combinator!(case);
    assert_bytes::<LeNet5, Image<1, 28, 28>, _>("LeNet-5");
}

type LeNet5 = (
    (Conv2d<1, 6, 5, 1, 2>, Relu, MaxPool2d<2>),
    (Conv2d<6, 16, 5>, Relu, MaxPool2d<2>),
    (Dense<Image<16, 5, 5>, Vector<120>>, Relu, Linear<120, 10>),
);

/// Without a heap: the lines of the budget suffice, allocate nothing, and one less is an error.
#[test]
fn every_network_works_in_a_fixed_workspace_of_its_budget_and_in_no_smaller_one() {
    const BATCH: usize = 3;
    macro_rules! case {
        ($file:literal, $name:ident: $network:ty, $input:ty) => {{
            type N = $network;
            const NEEDS: Budget = budget::<N, $input>();
            const LINES: [usize; 2] = [NEEDS.prediction_lines(BATCH), NEEDS.training_lines(BATCH)];
            let (net, mut gradient) = (N::init(&mut rng(1)), N::zeros());
            let (xs, mut ys) =
                (inputs::<$input>(BATCH), net.predict_batch(&inputs::<$input>(BATCH)).unwrap());
            let (targets, mut rng) = (ys.clone(), rng(2));
            let mut enough = (FixedWorkspace::<{ LINES[0] }>::new(), FixedWorkspace::<{ LINES[1] }>::new());
            let ((), bytes) = watched(|| {
                net.predict_into(&xs, &mut ys, &mut enough.0).unwrap();
                let loss = MeanSquaredError;
                net.loss_gradient(&loss, &xs, &targets, &mut enough.1, &mut gradient, &mut rng).unwrap();
            });
            assert_eq!(bytes, 0, "{}", stringify!($name));
            assert_eq!(ys, targets, "{}", stringify!($name));
            if LINES[0] > 0 {
                let mut small = FixedWorkspace::<{ LINES[0].saturating_sub(1) }>::new();
                let error = net.predict_into(&xs, &mut ys, &mut small);
                assert!(matches!(error, Err(Error::WorkspaceSize { .. })), "{}", stringify!($name));
            }
            let mut small = FixedWorkspace::<{ LINES[1] - 1 }>::new();
            let error =
                net.loss_gradient(&MeanSquaredError, &xs, &targets, &mut small, &mut gradient, &mut rng);
            assert!(matches!(error, Err(Error::WorkspaceSize { .. })), "{}", stringify!($name));
        }};
    }
    type T = f32;
    every_network!(case);
}

/// What a program can assert where it is written.
const _: () = {
    let needs = budget::<LeNet5, Image<1, 28, 28>>();
    // 25·6 + 6, 6·16·25 + 16, 400·120 + 120, 120·10 + 10 parameters.
    assert!(needs.parameters == 156 + 2416 + 48120 + 1210);
    // One product for each weight and place.
    assert!(needs.multiply_adds == (28 * 28 * 150 + 10 * 10 * 2400 + 48000 + 1200));
};
