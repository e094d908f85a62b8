//! The coordinate check: against closed forms, and against what is known of standard and maximal update
//! parametrization.

use chainrule::Error;
use chainrule::coordinate_check;
use chainrule::flow::{CoordinateCheck, Growth, WidthSweep, picture};
use chainrule::optimizer::Group;
use chainrule::prelude::*;
use chainrule::rand::RngExt;

use crate::along::Along;

type Pair<const W: usize> = (Linear<1, W, f64, NoBias>, Linear<W, 1, f64, NoBias>);

/// With all weights 1, x = 1 and R = y, both layers have the gradient w of the other: after t steps w = (1 - η)ᵗ in
/// each, so that h = (1 - η)ᵗ and y = W (1 - η)²ᵗ.
#[test]
fn the_changes_of_two_linear_layers_are_those_of_the_closed_form() {
    const RATE: f64 = 0.25;
    let check = coordinate_check!(
        W in [4, 16, 8],
        |_| (Pair::<W>::init_with(Initializer::constant(1.0), &mut rng(0)), Sgd::new(RATE)),
        &Along, &[Vector([1.0])], &[Vector([1.0])], WidthSweep::new().steps(3).seeds(2)
    )
    .unwrap();
    assert_eq!((check.widths.as_slice(), check.steps, check.seeds), ([4, 16, 8].as_slice(), 3, 2));
    let [hidden, output] = &check.layers[..] else { panic!("{check}") };
    let kept = |step: usize| (1.0 - RATE).powi(step as i32 + 1);
    for (at, width) in [4.0, 16.0, 8.0].into_iter().enumerate() {
        assert_eq!((hidden.initial[at], output.initial[at]), (1.0, width));
        for step in 0..3 {
            approx::assert_relative_eq!(hidden.changes[at][step], 1.0 - kept(step), max_relative = 1e-12);
            let expected = width * (1.0 - kept(step).powi(2));
            approx::assert_relative_eq!(output.changes[at][step], expected, max_relative = 1e-12);
        }
        let moved = width.sqrt() * (1.0 - kept(2));
        approx::assert_relative_eq!(check.updates[0].updates[at], moved, max_relative = 1e-12);
    }
    let exponents = |layer: &chainrule::flow::LayerScaling| {
        let exponent = layer.exponent.unwrap();
        assert!(exponent.error.unwrap() < 1e-12);
        exponent.value
    };
    approx::assert_abs_diff_eq!(exponents(hidden), 0.0, epsilon = 1e-12);
    approx::assert_abs_diff_eq!(exponents(output), 1.0, epsilon = 1e-12);
    approx::assert_abs_diff_eq!(check.updates[1].exponent.unwrap().value, 0.5, epsilon = 1e-12);
    assert_eq!([hidden, output].map(|layer| layer.growth()), [Some(Growth::Stable), Some(Growth::Grows)]);
    let text = check.to_string();
    assert!(
        text.contains("`1` (Linear<4, 1, f64, NoBias>): the change of its output grows as width^1.00"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 80 && line == line.trim_end()), "{text}");
}

type Net<const W: usize> = (Linear<16, W>, Tanh, Linear<W, W>, Tanh, Linear<W, 4>);
const BASE: f64 = 32.0;

/// Points whose class is the quadrant of their first two numbers: a few steps reduce the loss of that in every
/// network.
fn data() -> (Vec<Vector<16>>, Vec<Label<4>>) {
    let random = &mut rng(99);
    let point = |_| Vector([(); 16].map(|()| random.random_range(-1.7f32..1.7)));
    let inputs: Vec<Vector<16>> = (0..64).map(point).collect();
    let quadrant =
        |x: &Vector<16>| Label::new(2 * usize::from(x[0] > 0.0) + usize::from(x[1] > 0.0)).unwrap();
    let labels = inputs.iter().map(quadrant).collect();
    (inputs, labels)
}

fn exponents(check: &CoordinateCheck) -> [f64; 3] {
    ["0", "2", "4"].map(|path| check.layer(path).unwrap().exponent.unwrap().value)
}

/// Standard parametrization: weights of variance 1/fan-in, and one learning rate.
fn standard<const W: usize>(seed: u64) -> Owned<Net<W>> {
    Net::<W>::init_with(Initializer::lecun_normal(), &mut rng(seed))
}

type Bare<const IN: usize, const OUT: usize> = Linear<IN, OUT, f32, NoBias>;
type Small<const W: usize> = (Bare<2, W>, Tanh, Bare<W, W>, Tanh, Bare<W, 4>);

/// The first step of gradient descent. The gradient at the outputs is of order 1, and that at Z of both hidden layers
/// of order 1/√W. On one sample, a layer with n inputs of order 1 changes its output by n times that: 1/√W, W/√W, and
/// W.
#[test]
fn the_first_step_of_gradient_descent_has_the_exponents_of_theory() {
    let new = Initializer::lecun_normal();
    let check = coordinate_check!(
        W in [64, 128, 256, 512],
        |seed| (Small::<W>::init_with(new, &mut rng(seed)), Sgd::new(1e-4)),
        &CrossEntropy::default(), &[Vector([1.0, -0.5])], &[Label::<4>::new(2).unwrap()],
        WidthSweep::new().steps(1).seeds(12)
    )
    .unwrap();
    for (path, expected) in [("0", -0.5), ("2", 0.5), ("4", 1.0)] {
        let found = check.layer(path).unwrap().exponent.unwrap();
        let error = found.error.unwrap();
        // What the first layer changes in the second is |x|² / |h|², about 2/W, of that: 3 % at 64, or 0.01 in the
        // exponent.
        assert!(
            error < 0.06 && (found.value - expected).abs() < 3.0 * error + 0.02,
            "{found}, not {expected}\n{check}"
        );
    }
    let growth = |path| check.layer(path).unwrap().growth();
    assert_eq!(
        ["0", "2", "4"].map(growth),
        [Some(Growth::Shrinks), Some(Growth::Grows), Some(Growth::Grows)]
    );
    assert!(check.to_string().contains("the wider the network, the less this layer learns"), "{check}");
    // A new network's outputs do not depend on the width.
    for exponent in check.layers.iter().filter_map(|layer| layer.initial_exponent) {
        assert!(exponent.value.abs() < 3.0 * exponent.error.unwrap() + 0.01, "{exponent}");
    }
}

/// Yang et al. 2021, figure 5: with Adam, each step of a weight has the size of the learning rate, so that hidden
/// layers and the output change in proportion to the width in standard parametrization, and not at all in μP (table
/// 8: the rates of hidden and output weights over the width, and output weights of variance 1/fan-in²).
#[test]
fn adam_blows_up_in_standard_parametrization_and_is_stable_in_mup() {
    let (inputs, labels) = data();
    let standard_check = coordinate_check!(
        W in [32, 64, 128, 256],
        |seed| (standard::<W>(seed), Adam::new(1e-3)),
        &CrossEntropy::default(), &inputs, &labels
    )
    .unwrap();
    println!("{standard_check}");
    let [first, hidden, output] = exponents(&standard_check);
    // Several samples interfere, by terms of the root of the width: 0.74 and 1.19 at these widths, not yet 1.
    assert!(
        first.abs() < 0.1 && (0.5..1.5).contains(&hidden) && (0.5..1.5).contains(&output),
        "{standard_check}"
    );
    assert!(!standard_check.is_stable());

    let mup = coordinate_check!(
        W in [32, 64, 128, 256],
        |seed| {
            let mut net = standard::<W>(seed);
            let scale = BASE / W as f64;
            net.4.weights_mut().iter_mut().for_each(|w| *w *= scale.sqrt() as f32);
            let [hidden, output] = ["2.weight", "4.weight"].map(|path| Group::new(path).rate(scale));
            (net, Adam::new(1e-3).group(hidden).group(output))
        },
        &CrossEntropy::default(), &inputs, &labels
    )
    .unwrap();
    println!("{mup}");
    assert!(mup.is_stable(), "{mup}");
    assert!(mup.to_string().ends_with("beyond ±0.25"), "{mup}");
    // Both train the same layers from the same weights at the base width, so that the check compares like with like.
    assert_eq!(mup.layer("0").unwrap().changes[0], standard_check.layer("0").unwrap().changes[0]);
    let picture = picture::coordinate_check("standard", &standard_check).unwrap().svg().unwrap();
    assert!(picture.contains("against the width"));
    let json: serde_json::Value = serde_json::from_str(&mup.to_json()).unwrap();
    assert_eq!(json["layers"][0]["path"], "0");
}

#[test]
fn a_layer_that_does_not_change_has_no_exponent() {
    let (inputs, labels) = data();
    let check = coordinate_check!(
        W in [8, 16],
        |seed| (standard::<W>(seed), Sgd::new(0.1).group(Group::new("0").rate(0.0))),
        &CrossEntropy::default(), &inputs, &labels, WidthSweep::new().seeds(1).steps(1)
    )
    .unwrap();
    assert_eq!(check.layer("0").unwrap().exponent, None);
    assert_eq!(check.updates[0].exponent, None);
    // Two points lie on their line: there is no error.
    assert!(check.layer("4").unwrap().exponent.is_some_and(|exponent| exponent.error.is_none()));
    assert!(check.to_string().contains("no change"), "{check}");
}

#[test]
fn blocks_are_measured_and_shortcuts_are_not() {
    type Blocks<const W: usize> =
        (Linear<16, W>, [Residual<(Tanh, Dropout<10>, Linear<W, W>)>; 2], Linear<W, 4>);
    let (inputs, labels) = data();
    let check = coordinate_check!(
        W in [8, 16],
        |seed| (Blocks::<W>::init(&mut rng(seed)), Sgd::new(0.1)),
        &CrossEntropy::default(), &inputs, &labels, WidthSweep::new().seeds(1)
    )
    .unwrap();
    let paths: Vec<&str> = check.layers.iter().map(|layer| layer.path.as_str()).collect();
    let block =
        |at: usize| ["", ".branch.0", ".branch.1", ".branch.2"].map(|inside| format!("1.{at}{inside}"));
    let expected: Vec<String> =
        [vec!["0".into()], block(0).to_vec(), block(1).to_vec(), vec!["2".into()]].concat();
    assert_eq!(paths, expected);
}

#[test]
fn what_makes_no_sense_is_an_error() {
    let (inputs, labels) = data();
    let message = |check: Result<CoordinateCheck, Error>| check.unwrap_err().to_string();
    let loss = CrossEntropy::default();
    let one = coordinate_check!(
        W in [8, 8],
        |seed| (standard::<W>(seed), Sgd::new(0.1)), &loss, &inputs, &labels, WidthSweep::new().seeds(1)
    );
    assert_eq!(message(one), "the number of different widths is 1, but must be at least 2");
    for (sweep, expected) in [
        (
            WidthSweep::new().seeds(0),
            "the number of seeds of a coordinate check is 0, but must be at least 1",
        ),
        (
            WidthSweep::new().steps(0),
            "the number of steps of a coordinate check is 0, but must be at least 1",
        ),
    ] {
        let mut sweep = sweep;
        let measured = sweep.measure(8, |seed| (standard::<8>(seed), Sgd::new(0.1)), &loss, &inputs, &labels);
        assert_eq!(measured.unwrap_err().to_string(), expected);
    }
    // The width is the depth.
    let mut sweep = WidthSweep::new().seeds(1);
    type Deep<const D: usize> = (Linear<16, 8>, [Linear<8, 8>; D], Linear<8, 4>);
    sweep
        .measure(2, |seed| (Deep::<2>::init(&mut rng(seed)), Sgd::new(0.1)), &loss, &inputs, &labels)
        .unwrap();
    sweep
        .measure(3, |seed| (Deep::<3>::init(&mut rng(seed)), Sgd::new(0.1)), &loss, &inputs, &labels)
        .unwrap();
    assert!(message(sweep.finish()).starts_with("the number of layers at one width is 5"));
    let huge = coordinate_check!(
        W in [8, 16],
        |seed| (standard::<W>(seed), Sgd::new(1e38)), &loss, &inputs, &labels, WidthSweep::new().seeds(1)
    );
    assert!(huge.is_err());
}
