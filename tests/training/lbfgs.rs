//! L-BFGS: what PyTorch's fixtures (`tests/layers/parity.rs`) do not show.

use crate::common::{bits, inputs};
use chainrule::Error;
use chainrule::optimizer::Minimized;
use chainrule::prelude::*;

type Net = (Linear<3, 6, f64>, Tanh, Linear<6, 2, f64>);

fn minimize(optimizer: &mut Lbfgs<Net>, net: &mut Owned<Net>) -> Result<Minimized, Error> {
    let (xs, ys) = (inputs::<Vector<3, f64>>(9), inputs::<Vector<2, f64>>(9));
    let mut workspace = Workspace::default();
    optimizer.minimize(net, |net, gradient| {
        net.loss_gradient(&MeanSquaredError, &xs, &ys, &mut workspace, gradient, &mut rng(0))
    })
}

/// R = Σ cᵢ wᵢ² / 2 with c from 1 to 1000. The best steps along the gradient, of 2/1001, leave 0.996 of the smallest
/// term in each: they would need 4,000 steps.
#[test]
fn a_narrow_valley_is_crossed_in_40_iterations() {
    type Line = Linear<4, 1, f64>;
    let curvature = [1.0, 10.0, 100.0, 1000.0];
    let mut net = Line::init_with(Initializer::constant(1.0), &mut rng(0));
    let mut optimizer = Lbfgs::new().max_iterations(40).tolerances(1e-12, 0.0);
    let result = optimizer.minimize(&mut net, |net, gradient| {
        gradient.set_zero();
        let (ws, gs) = (net.weights(), gradient.weights_mut());
        (0..4).for_each(|at| gs[at] = curvature[at] * ws[at]);
        Ok((0..4).map(|at| 0.5 * curvature[at] * ws[at] * ws[at]).sum())
    });
    let result = result.unwrap();
    assert_eq!(result.before, 555.5);
    assert!(result.loss < 1e-8, "{result:?}");
}

#[test]
fn a_second_call_continues_and_every_call_lowers_the_loss() {
    let (mut net, mut optimizer) = (Net::init(&mut rng(1)), Lbfgs::new().max_iterations(3).history(4));
    optimizer.max_evaluations = Some(20);
    let mut last = f64::INFINITY;
    for _ in 0..6 {
        let result = minimize(&mut optimizer, &mut net).unwrap();
        assert!(result.loss < result.before && result.before <= last, "{result:?}, after {last}");
        assert_eq!(result.iterations, 3);
        last = result.loss;
    }
    let start = Net::init(&mut rng(1));
    let maximized = minimize(&mut Lbfgs::new().max_iterations(2).maximize(), &mut start.clone()).unwrap();
    assert!(maximized.loss > maximized.before, "{maximized:?}");
}

#[test]
fn the_history_may_change_between_calls() {
    let (mut net, mut optimizer) = (Net::init(&mut rng(1)), Lbfgs::new().max_iterations(6));
    optimizer.max_evaluations = Some(40);
    for history in [3, 2, 5, 1, 100] {
        optimizer.history = history;
        let result = minimize(&mut optimizer, &mut net).unwrap();
        assert!(result.loss < result.before, "{result:?} with {history}");
    }
}

#[test]
fn nothing_moves_at_a_minimum() {
    let mut net = Net::zeros();
    let mut optimizer = Lbfgs::<Net>::new();
    let result = optimizer.minimize(&mut net, |_, gradient| {
        gradient.set_zero();
        Ok(3.0)
    });
    let result = result.unwrap();
    assert_eq!((result.before, result.loss, result.iterations, result.evaluations), (3.0, 3.0, 0, 1));
    assert_eq!(net, Net::zeros());
}

/// R = -ln(1 - w²) + w is not a number for |w| >= 1: the first trial, of length 10, is shortened.
#[test]
fn a_step_to_a_loss_that_is_not_finite_is_shortened() {
    type One = Linear<1, 1, f64, NoBias>;
    let mut net = One::init_with(Initializer::constant(0.5), &mut rng(0));
    let mut optimizer = Lbfgs::new();
    optimizer.learning_rate = 20.0;
    let mut refused = 0;
    let result = optimizer.minimize(&mut net, |net, gradient| {
        let w = net.weights()[0];
        gradient.weights_mut()[0] = 2.0 * w / (1.0 - w * w) + 1.0;
        let loss = w - (1.0 - w * w).ln();
        if loss.is_finite() {
            Ok(loss)
        } else {
            refused += 1;
            Err(Error::NonFiniteLoss { value: loss })
        }
    });
    let result = result.unwrap();
    // 2 w / (1 - w²) = -1 at w = 1 - √2.
    approx::assert_abs_diff_eq!(net.weights()[0], 1.0 - 2_f64.sqrt(), epsilon = 1e-6);
    assert!(refused > 0 && result.loss < result.before, "{refused} refused, {result:?}");
}

#[test]
fn an_error_leaves_the_network_of_the_last_iteration() {
    let (xs, ys) = (inputs::<Vector<3, f64>>(9), inputs::<Vector<2, f64>>(9));
    let mut after = vec![];
    for iterations in [1, 2, 3] {
        let mut net = Net::init(&mut rng(1));
        minimize(&mut Lbfgs::new().max_iterations(iterations).max_evaluations(99), &mut net).unwrap();
        after.push(bits(&net));
    }
    let (mut net, mut optimizer, mut calls) = (Net::init(&mut rng(1)), Lbfgs::new(), 0);
    let (start, mut workspace) = (bits(&net), Workspace::default());
    let error = optimizer.minimize(&mut net, |net, gradient| {
        calls += 1;
        if calls == 5 {
            return Err(Error::EmptyBatch);
        }
        net.loss_gradient(&MeanSquaredError, &xs, &ys, &mut workspace, gradient, &mut rng(0))
    });
    assert_eq!(error, Err(Error::EmptyBatch));
    assert!(after.contains(&bits(&net)) && bits(&net) != start);
    // The first evaluation fails: nothing has changed.
    let before = bits(&net);
    assert_eq!(optimizer.minimize(&mut net, |_, _| Err(Error::EmptyBatch)), Err(Error::EmptyBatch));
    assert_eq!(bits(&net), before);
    // A gradient that is not finite names its parameter.
    let error = optimizer.minimize(&mut net, |_, gradient| {
        gradient.2.bias[1] = f64::NAN;
        Ok(1.0)
    });
    assert!(
        matches!(&error, Err(Error::NonFiniteGradient { parameter, element: 1, .. }) if parameter == "2.bias"),
        "{error:?}"
    );
}

#[test]
fn running_statistics_move_once_in_an_iteration() {
    type Normed = (BatchNorm<2, f64>, Linear<2, 1, f64>);
    let (xs, ys) = (inputs::<Vector<2, f64>>(8), inputs::<Vector<1, f64>>(8));
    let (mut net, mut workspace) = (Normed::init(&mut rng(1)), Workspace::default());
    let mut optimizer = Lbfgs::new().max_iterations(4);
    let result = optimizer.minimize(&mut net, |net, gradient| {
        net.loss_gradient(&MeanSquaredError, &xs, &ys, &mut workspace, gradient, &mut rng(0))
    });
    let result = result.unwrap();
    assert!(result.evaluations > result.iterations);
    // The mean begins at 0 and goes a tenth of the way to the batch's each time.
    let mean = xs.iter().map(|x| x[0]).sum::<f64>() / 8.0;
    let expected = mean * (1.0 - 0.9_f64.powi(result.iterations as i32));
    approx::assert_relative_eq!(net.0.running_mean[0], expected, max_relative = 1e-12);
}

#[test]
fn settings_that_make_no_sense_are_errors_and_change_nothing() {
    let net = Net::init(&mut rng(1));
    let fails = |mut optimizer: Lbfgs<Net>, name: &str| {
        let mut after = net.clone();
        let error = minimize(&mut optimizer, &mut after).unwrap_err();
        assert!(matches!(&error, Error::Setting { name: found, .. } if *found == name), "{error}");
        assert_eq!(bits(&after), bits(&net));
    };
    fails(Lbfgs::new().max_iterations(0), "the number of iterations of L-BFGS");
    fails(Lbfgs::new().max_evaluations(0), "the number of evaluations of L-BFGS");
    fails(Lbfgs::new().history(0), "the history of L-BFGS");
    for wrong in [-1.0, f64::NAN, f64::INFINITY] {
        fails(Lbfgs::new().fixed_step(wrong), "the learning rate");
        fails(Lbfgs::new().tolerances(wrong, 0.0), "the gradient tolerance of L-BFGS");
        fails(Lbfgs::new().tolerances(0.0, wrong), "the change tolerance of L-BFGS");
    }
}
