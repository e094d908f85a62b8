//! Sums of networks, soft updates, and parameters by their paths.

use chainrule::Error;
use chainrule::prelude::*;

type Net = (Linear<2, 3>, [Residual<(Tanh, Linear<3, 3>)>; 2], BatchNorm<3>);

/// A gradient that is summed over two halves of a batch is that of the whole.
#[test]
fn gradients_of_halves_add_up() {
    type Net = (Linear<2, 3>, Tanh, Linear<3, 1, f32, NoBias>);
    let net = Net::init(&mut rng(1));
    let xs: Vec<_> = (0..8).map(|at| Vector([at as f32 / 4.0 - 1.0, 0.5])).collect();
    let ys: Vec<_> = (0..8).map(|at| Vector([(at % 3) as f32])).collect();
    let gradient = |range: std::ops::Range<usize>| {
        let (mut gradient, mut workspace) = (Net::zeros(), Workspace::default());
        let (xs, ys) = (&xs[range.clone()], &ys[range]);
        net.loss_gradient(&MeanSquaredError, xs, ys, &mut workspace, &mut gradient, &mut rng(1)).unwrap();
        gradient
    };
    let mut sum = Net::zeros();
    sum.add_scaled(0.75, &gradient(0..6));
    sum.add_scaled(0.25, &gradient(6..8));
    approx::assert_relative_eq!(
        sum.parameters(),
        gradient(0..8).parameters(),
        max_relative = 1e-5,
        epsilon = 1e-6
    );
}

#[test]
fn a_target_network_follows() {
    let (online, start) = (Net::init(&mut rng(1)), Net::init(&mut rng(2)));
    let mut target = start.clone();
    target.lerp(&online, 0.0);
    assert_eq!(target, start);
    for _ in 0..3 {
        target.lerp(&online, 0.5);
    }
    // The distance is halved each time.
    let expected = start.0.weights()[4] * 0.125 + online.0.weights()[4] * 0.875;
    approx::assert_relative_eq!(target.0.weights()[4], expected, max_relative = 1e-6);
    target.2.running_mean[0] = 3.0;
    target.lerp(&online, 1.0);
    assert_eq!(target, online); // buffers too
}

#[test]
fn a_parameter_is_changed_by_its_path() {
    let mut net = Net::zeros();
    let len = net.edit_parameter("1.1.branch.1.weight", |weight: &mut [f32]| {
        weight[8] = 2.0;
        weight.len()
    });
    assert_eq!(len, Ok(9));
    assert_eq!(net.1[1].branch.1.weights()[8], 2.0);
    assert_eq!(net.norm(), 2.0);
    for path in ["", "1", "1.1.branch.1", "3.weight", "1.1.branch.1.weights"] {
        let error = net.edit_parameter(path, |_: &mut [f32]| ()).unwrap_err();
        assert!(matches!(error, Error::UnknownPath { path: ref found, .. } if found == path), "{error}");
    }
    net.edit_parameter("0.bias", |_: &mut [f64]| ()).unwrap_err();
}
