//! The proof of the chain rule: every layer, every combinator, a dozen networks, every loss, against finite differences.

use crate::common::{every_combinator, every_layer, every_network, inputs};
use chainrule::gradcheck::{Report, TOLERANCE, gradcheck, gradcheck_loss};
use chainrule::prelude::*;

type T = f64;

/// The worst of many reports, printed as it comes.
#[derive(Default)]
struct Worst {
    checked: usize,
    error: f64,
}

impl Worst {
    fn add(&mut self, name: &str, report: Report) {
        println!(
            "{name:>24}: {:5} numbers, worst relative error {:.1e} at {}",
            report.checked, report.worst, report.tensor
        );
        self.checked += report.checked;
        self.error = self.error.max(report.worst);
    }

    fn conclude(self) {
        println!("{:>24}: {:5} numbers, worst relative error {:.1e}", "all", self.checked, self.error);
        assert!(self.checked > 0 && self.error <= TOLERANCE);
    }
}

fn check<L: Layer<X>, X: Tensor<Scalar = f64>>(name: &str, worst: &mut Worst) {
    for seed in 0..3 {
        let layer = L::init_with(Initializer::he_normal(), &mut rng(seed));
        match gradcheck(&layer, &inputs::<X>(5)) {
            Ok(report) => worst.add(name, report),
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
    let numbers = [Vector([0.1, -2.0, 0.7, 3.5, -0.4]); 4];
    let shares = [Vector([0.1, 0.2, 0.3, 0.4, 0.0]); 4];
    worst.add("mean_squared_error", gradcheck_loss(&MeanSquaredError, &outputs, &numbers)?);
    worst.add("mean_absolute_error", gradcheck_loss(&MeanAbsoluteError, &outputs, &numbers)?);
    worst.add("huber", gradcheck_loss(&Huber::new(1.5), &outputs, &numbers)?);
    worst.add("cross_entropy", gradcheck_loss(&CrossEntropy::default(), &outputs, &labels)?);
    worst.add("cross_entropy_smoothed", gradcheck_loss(&CrossEntropy::smoothed(0.2), &outputs, &labels)?);
    worst.add("cross_entropy_shares", gradcheck_loss(&CrossEntropy::default(), &outputs, &shares)?);
    worst.add("binary_cross_entropy", gradcheck_loss(&BinaryCrossEntropy, &outputs, &shares)?);
    worst.conclude();
    Ok(())
}
