//! Every layer, every combinator, a dozen networks and every loss, against finite differences.

use crate::common::{
    every_combinator, every_layer, every_network, every_partial_layer, inputs, positive_inputs, trained,
};
use chainrule::gradcheck::{Report, gradcheck, gradcheck_loss};
use chainrule::prelude::*;

type T = f64;

/// The worst of many reports, printed as it comes.
#[derive(Default)]
struct Worst {
    checked: usize,
    error: f64,
}

impl Worst {
    /// `numbers` is how many derivatives there are: one that the check leaves out is not checked by anything.
    #[track_caller]
    fn add(&mut self, name: &str, report: Report, numbers: usize) {
        assert_eq!(report.checked, numbers, "{name}: numbers that were compared, and numbers that there are");
        println!(
            "{name:>24}: {numbers:5} numbers, worst relative error {:.1e} at {}",
            report.worst, report.tensor
        );
        self.checked += numbers;
        self.error = self.error.max(report.worst);
    }

    fn conclude(self) {
        println!("{:>24}: {:5} numbers, worst relative error {:.1e}", "all", self.checked, self.error);
    }
}

const SAMPLES: usize = 5;

fn check<L: Layer<X, Output: Tensor<Scalar = f64>>, X: Tensor<Scalar = f64>>(name: &str, worst: &mut Worst) {
    for seed in 0..3 {
        let layer = L::init_with(Initializer::he_normal(), &mut rng(seed));
        match gradcheck(&layer, &inputs::<X>(SAMPLES)) {
            Ok(report) => worst.add(name, report, SAMPLES * X::LEN + trained(&layer)),
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

#[test]
fn every_layer_passes() {
    let mut worst = Worst::default();
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {
            check::<$layer, $input>(stringify!($name), &mut worst);
        };
    }
    every_layer!(case);
    worst.conclude();
}

#[test]
fn every_layer_that_takes_positive_numbers_passes() {
    let mut worst = Worst::default();
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {
            let report = gradcheck(&<$layer>::default(), &positive_inputs::<$input>(SAMPLES)).unwrap();
            worst.add(stringify!($name), report, SAMPLES * <$input>::LEN);
        };
    }
    every_partial_layer!(case);
    worst.conclude();
}

#[test]
fn every_combinator_passes() {
    let mut worst = Worst::default();
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {
            check::<$layer, $input>(stringify!($name), &mut worst);
        };
    }
    every_combinator!(case);
    worst.conclude();
}

#[test]
fn every_network_passes() {
    let mut worst = Worst::default();
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {
            check::<$layer, $input>(stringify!($name), &mut worst);
        };
    }
    every_network!(case);
    worst.conclude();
}

/// Checks a loss with outputs on both sides of its kinks.
fn check_loss<Y: Tensor<Scalar = f64>, Target>(
    worst: &mut Worst,
    name: &str,
    loss: &impl Loss<Y, Target>,
    outputs: &[Y],
    targets: &[Target],
) {
    match gradcheck_loss(loss, outputs, targets) {
        Ok(report) => worst.add(name, report, outputs.len() * Y::LEN),
        Err(error) => panic!("{name}: {error}"),
    }
}

#[test]
fn every_loss_of_numbers_passes() {
    let mut worst = Worst::default();
    let outputs: Vec<Vector<5, f64>> = inputs(4);
    let targets = [Vector([0.1, -2.0, 0.7, 3.5, -0.4]); 4];
    let shares = [Vector([0.1, 0.2, 0.3, 0.4, 0.0]); 4];
    let signs = [Vector([1.0, -1.0, -1.0, 1.0, 1.0]), Vector([-1.0, -1.0, 1.0, -1.0, 1.0])].repeat(2);
    let counts = [Vector([0.0, 1.0, 2.5, 7.0, 30.0]); 4];
    let probabilities: Vec<_> = outputs.iter().map(|y| y.map(|a| (a + 6.0) / 12.0)).collect();
    macro_rules! check {
        ($($loss:expr, $outputs:expr, $targets:expr;)+) => {
            $(check_loss(&mut worst, stringify!($loss), &$loss, &$outputs, &$targets);)+
        };
    }
    check! {
        MeanSquaredError, outputs, targets;
        MeanAbsoluteError, outputs, targets;
        Huber::new(1.5), outputs, targets;
        SmoothL1::new(1.5), outputs, targets;
        SmoothL1::new(0.0), outputs, targets;
        LogCosh, outputs, targets;
        BinaryCrossEntropy, outputs, shares;
        BinaryCrossEntropy.positive_weights([0.5, 2.0, 0.0, 1.0, 3.0]), outputs, shares;
        BinaryCrossEntropyOfProbabilities, probabilities, shares;
        SoftMargin, outputs, signs;
        Hinge, outputs, signs;
        SquaredHinge, outputs, signs;
        HingeEmbedding::new(1.5), outputs, signs;
        KlDivergence::default(), outputs, shares;
        KlDivergence::log_target(), outputs, targets;
        PoissonNllLoss::default().full(), outputs, counts;
        PoissonNllLoss::of_rates(), probabilities, counts;
        MultiLabelMargin, outputs, [Vector([1.0, 0.0, 0.0, 1.0, 0.0]); 4];
    }
    let steps: Vec<Sequence<2, 5, f64>> = inputs(4);
    let spread: Vec<_> = steps.iter().map(|y| Sequence([y[0], y[1].map(|v| v.abs() + 0.1)])).collect();
    let pixels = [Image([[spread[0][0]], [spread[0][1]]])];
    check! {
        GaussianNllLoss::default().full(), spread, targets;
        GaussianNllLoss::of_log_variances(), steps, targets;
        GaussianNllLoss::default(), pixels, [Image([[[0.1, -2.0, 0.7, 3.5, -0.4]]])];
        CosineEmbedding::new(0.1), steps, [true, false, false, true];
        TripletMargin::new(20.0), inputs::<Sequence<3, 5, f64>>(3), [(); 3];
        TripletMargin::default(), inputs::<Sequence<3, 5, f64>>(3), [(); 3];
        MarginRanking::new(0.5), inputs::<Vector<2, f64>>(4), [true, false, true, false];
    }
    worst.conclude();
}

#[test]
fn every_loss_of_classes_passes() {
    let mut worst = Worst::default();
    let outputs: Vec<Vector<5, f64>> = inputs(4);
    let labels = [0, 4, 2, 2].map(|class| Label::<5>::new(class).unwrap());
    let some = labels.map(|label| (label.index() > 0).then_some(label));
    let shares = [Vector([0.1, 0.2, 0.3, 0.4, 0.0]); 4];
    let weights = [0.5, 2.0, 1.0, 1.0, 3.0];
    let steps: Vec<Sequence<4, 5, f64>> = inputs(2);
    let images: Vec<Image<5, 2, 2, f64>> = inputs(2);
    let pixels = [[[some[0], some[1]], [some[2], some[3]]]; 2];
    let lists = [&labels[1..2], &labels[1..3]].map(|labels| Labels::<5, 4>::new(labels).unwrap());
    macro_rules! check {
        ($($loss:expr, $outputs:expr, $targets:expr;)+) => {
            $(check_loss(&mut worst, stringify!($loss), &$loss, &$outputs, &$targets);)+
        };
    }
    check! {
        CrossEntropy::default(), outputs, labels;
        CrossEntropy::smoothed(0.2), outputs, some;
        CrossEntropy::default(), outputs, shares;
        CrossEntropy::smoothed(0.2).weights(weights), outputs, labels;
        CrossEntropy::smoothed(0.2).weights(weights), steps, [labels, labels];
        CrossEntropy::smoothed(0.2).weights(weights), images, pixels;
        NllLoss, outputs, shares;
        NllLoss.weights(weights), steps, [some, some];
        NllLoss, images, pixels;
        MultiMargin::new(1.5), outputs, labels;
        MultiMargin::new(1.5).squared(), outputs, labels;
        Ctc, steps, lists;
        Ctc, inputs::<Sequence<40, 5, f64>>(2), lists;
    }
    worst.conclude();
}
