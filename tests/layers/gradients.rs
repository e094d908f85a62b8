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

#[test]
fn every_loss_passes() -> Result<(), Box<dyn std::error::Error>> {
    let mut worst = Worst::default();
    let outputs: Vec<Vector<5, f64>> = inputs(4);
    let labels = [0, 4, 2, 2].map(|class| Label::<5>::new(class).unwrap());
    let targets = [Vector([0.1, -2.0, 0.7, 3.5, -0.4]); 4];
    let numbers = outputs.len() * 5;
    let shares = [Vector([0.1, 0.2, 0.3, 0.4, 0.0]); 4];
    worst.add("mean_squared_error", gradcheck_loss(&MeanSquaredError, &outputs, &targets)?, numbers);
    worst.add("mean_absolute_error", gradcheck_loss(&MeanAbsoluteError, &outputs, &targets)?, numbers);
    worst.add("huber", gradcheck_loss(&Huber::new(1.5), &outputs, &targets)?, numbers);
    worst.add("cross_entropy", gradcheck_loss(&CrossEntropy::default(), &outputs, &labels)?, numbers);
    worst.add(
        "cross_entropy_smoothed",
        gradcheck_loss(&CrossEntropy::smoothed(0.2), &outputs, &labels)?,
        numbers,
    );
    worst.add("cross_entropy_shares", gradcheck_loss(&CrossEntropy::default(), &outputs, &shares)?, numbers);
    worst.add("binary_cross_entropy", gradcheck_loss(&BinaryCrossEntropy, &outputs, &shares)?, numbers);
    worst.conclude();
    Ok(())
}
