//! One layer applied several times is that many layers with equal weights, whose gradients are added.

use crate::common::{backward, forward, inputs};
use chainrule::layer::{Parameter, Visitor, visit};
use chainrule::layer::{Plan, View, ViewMut};
use chainrule::prelude::*;

type X = Vector<3, f64>;

/// From one network to another of the same type.
struct CopyTo;

impl Visitor<1, 1> for CopyTo {
    fn visit<T: Real>(&mut self, _: &Parameter<'_>, [from]: [&[T]; 1], [to]: [&mut [T]; 1]) {
        to.copy_from_slice(from);
    }
}

/// `sum` is the sum of `terms`, except for its rounding: 1e-14 of the sizes of the terms, which are sums of five
/// samples in another order.
struct AssertSum;

impl<const N: usize> Visitor<N, 0> for AssertSum {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, networks: [&[T]; N], []: [&mut [T]; 0]) {
        let (sum, terms) = networks.split_first().unwrap();
        for (at, sum) in sum.iter().enumerate() {
            let terms: Vec<f64> = terms.iter().map(|term| term[at].to_f64()).collect();
            let size: f64 = terms.iter().map(|term| term.abs()).sum();
            let error = (sum.to_f64() - terms.iter().sum::<f64>()).abs();
            assert!(
                size > 0.0 && error <= 1e-14 * size,
                "{}[{at}]: {sum:?} is not the sum of {terms:?}",
                parameter.path
            );
        }
    }
}

/// Three times one layer, and three layers with the weights of that one.
fn check<F: Maps<X, X>>() {
    let shared = <Shared<F, 3>>::init_with(Initializer::he_normal().bias_normal(0.3), &mut rng(1));
    let mut unrolled = <[F; 3]>::zeros();
    unrolled.iter_mut().for_each(|layer| visit([View::of(&shared.layer)], [ViewMut::of(layer)], &mut CopyTo));
    let (x, dy) = (inputs::<X>(5), inputs::<X>(7)[2..].to_vec());

    let mut workspace = Workspace::default();
    let y = forward(&*shared, &x, &mut workspace, &mut Mode::Train(&mut rng(2)));
    let (dx, gradient) = backward(&*shared, &x, &y, &dy, &mut workspace, None);
    let z = forward(&*unrolled, &x, &mut workspace, &mut Mode::Train(&mut rng(2)));
    let (dx_unrolled, [a, b, c]) = {
        let (dx, gradient) = backward(&*unrolled, &x, &z, &dy, &mut workspace, None);
        (dx, gradient.into_inner())
    };
    assert_eq!((y, dx), (z, dx_unrolled));
    visit([&gradient.layer, &a, &b, &c].map(View::of), [], &mut AssertSum);
}

#[test]
fn the_gradient_of_a_shared_layer_is_the_sum_over_its_applications() {
    check::<Linear<3, 3, f64>>();
    check::<(Linear<3, 5, f64>, Tanh, Linear<5, 3, f64>)>();
    check::<Residual<(Gelu, Linear<3, 3, f64>)>>();
    check::<(PRelu<f64>, Linear<3, 3, f64>)>();
    check::<(Dropout<30>, Linear<3, 3, f64>)>();
    check::<(Duplicate, Parallel<Linear<3, 3, f64>, Tanh>, Sum)>();
}

#[test]
fn it_has_the_parameters_of_one_layer_and_the_work_of_all() {
    type Step = (Linear<3, 3, f64>, Tanh);
    type Recurrent = Shared<Step, 20>;
    assert_eq!(Recurrent::COUNT, 3 * 3 + 3);
    const ONE: Plan = <Step as Layer<X>>::PLAN;
    const ALL: Plan = <Recurrent as Layer<X>>::PLAN;
    assert_eq!(ALL.cost.multiply_adds, 20 * ONE.cost.multiply_adds);
    assert_eq!(ALL.cost.depth, 20);
    let table = Recurrent::summary::<X>();
    assert_eq!(table.parameters, 12);
    assert_eq!(table.rows.iter().map(|row| row.parameters).sum::<usize>(), 12);
}

#[test]
fn a_trained_shared_layer_takes_one_step_for_all_applications() -> Result<(), chainrule::Error> {
    // y = w w w x; at w = 1 and x = 1, R = (y - 8)² has dR/dw = 2 (1 - 8) · 3 w².
    let mut net = <Shared<Linear<1, 1, f64, NoBias>, 3>>::init_with(Initializer::constant(1.0), &mut rng(0));
    let (x, target) = ([Vector([1.0])], [Vector([8.0])]);
    let (mut gradient, mut workspace) = (Parameters::zeros(), Workspace::default());
    net.loss_gradient(&MeanSquaredError, &x, &target, &mut workspace, &mut gradient, &mut rng(0))?;
    assert_eq!(gradient.layer.weights(), [-42.0]);
    // At w = 2 the curvature is 2 · 12² = 288: a step of 0.002 takes 0.58 of what is left.
    for _ in 0..200 {
        net.loss_gradient(&MeanSquaredError, &x, &target, &mut workspace, &mut gradient, &mut rng(0))?;
        Sgd::new(0.002).step(&mut net, &gradient)?;
    }
    approx::assert_relative_eq!(net.layer.weights()[0], 2.0, max_relative = 1e-9);
    Ok(())
}
