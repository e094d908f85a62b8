//! Measures networks, and compares them with the theory.

use std::error::Error;

use chainrule::flow::{Flow, FlowOptions, FlowState};
use chainrule::prelude::*;
use chainrule::rand::Rng;
use chainrule::{ExpectedFlow, ExpectedState};
use rand_distr::{Distribution, StandardNormal};

use crate::Input;
use crate::along::Along;

fn normal(samples: usize, rng: &mut impl Rng) -> Vec<Input> {
    (0..samples).map(|_| Vector(std::array::from_fn(|_| StandardNormal.sample(rng)))).collect()
}

/// Measures a new network, with random gradients at its output.
fn measure<N: Layer<Input, Output = Input>>(
    initializer: Initializer,
    samples: usize,
    rng: &mut impl Rng,
) -> Result<Flow, chainrule::Error> {
    let network = N::init_with(initializer, rng);
    let (inputs, output_grad) = (normal(samples, rng), normal(samples, rng));
    network.flow_with(&Along, &inputs, &output_grad, FlowOptions::LIGHT)
}

/// The rows so far.
pub(crate) struct Table {
    networks: usize,           // for each row
    pub(crate) samples: usize, // of a network, each with its own gradient
    rows: usize,
    wrong: usize,
    exceptions: usize,
}

impl Table {
    /// Prints the heads of the columns.
    pub(crate) fn new(networks: usize) -> Self {
        println!("activation   weights  depth expected measured            verdict  agree");
        Self { networks, samples: 8, rows: 0, wrong: 0, exceptions: 0 }
    }

    /// Measures new networks, and prints a row.
    pub(crate) fn row<N: Layer<Input, Output = Input>>(
        &mut self,
        activation: &str,
        scheme: &str,
        depth: usize,
        initializer: Initializer,
    ) -> Result<(), chainrule::Error> {
        let expected = chainrule::expected_flow_with::<N, Input>(initializer, 1.0);
        let (mut log, mut agreeing) = (0.0, 0);
        let mut random = rng(depth as u64);
        for _ in 0..self.networks {
            let verdict = measure::<N>(initializer, self.samples, &mut random)?.verdict();
            log += verdict.first_over_last.unwrap_or(f64::NAN).ln();
            agreeing += usize::from(agrees(&expected, verdict.state));
        }
        let rate = (log / (self.networks * depth) as f64).exp();
        let off = expected.rate / rate - 1.0;
        // A share within a factor of 2 of a threshold may be on either side of it. A measured trend must also remain
        // without its most extreme layer.
        let near = [ExpectedFlow::VANISHING, 1.0 / ExpectedFlow::VANISHING].iter().any(|threshold| {
            [1.0, expected.rate].iter().any(|one| (0.5..2.0).contains(&(expected.share / one / threshold)))
        });
        let right = off.abs() < 0.03 && (near || agreeing == self.networks);
        let exception = !right && is_exception(activation, scheme) && off.abs() < 0.1;
        println!(
            "{activation:<12} {scheme:<10} {depth:>3} {:>8.4} {rate:>8.4} {:>7.2} % {:>10} {agreeing:>3} of {}{}",
            expected.rate,
            100.0 * off,
            format!("{:?}", expected.state).to_lowercase(),
            self.networks,
            if right {
                ""
            } else if exception {
                ", exception"
            } else {
                ", wrong"
            }
        );
        self.rows += 1;
        self.wrong += usize::from(!right && !exception);
        self.exceptions += usize::from(exception);
        Ok(())
    }

    /// Prints the number of rows that agree. Fails if another row is not an exception.
    pub(crate) fn done(self) -> Result<(), Box<dyn Error>> {
        println!(
            "{} of {} rows are within 3 %, with the same verdict; the others are {}",
            self.rows - self.wrong - self.exceptions,
            self.rows,
            if self.wrong > 0 { "not as expected" } else { "known exceptions" }
        );
        if self.wrong > 0 { Err("theory and measurement differ".into()) } else { Ok(()) }
    }
}

/// With He's weights q has no stable value: with GELU and Mish it falls, faster the smaller it is, and with softplus
/// it grows without end. So the deviations of layers of finite width, of about 1/√256, add up or grow with depth, and
/// single networks differ from the limit of infinite width.
///
/// A branch that ends in its ReLU adds a mean to x, and W of its active units is correlated with x. So W has a part of
/// rank one, which adds 1/√π times the mean of the gradient along x: 1/256 of the gradient at the last block, and
/// (measured) 0.2 of it fifteen blocks before. The theory assumes that W is independent of which units are active.
pub(crate) fn is_exception(network: &str, scheme: &str) -> bool {
    scheme == "He" && ["GELU", "GELU, tanh", "Mish", "softplus", "x + relu(Wx)"].contains(&network)
}

/// Returns whether a verdict is the expected one. Inactive units are a special case of a vanishing gradient.
fn agrees(expected: &ExpectedFlow, measured: FlowState) -> bool {
    match expected.state {
        ExpectedState::Healthy => measured == FlowState::Healthy,
        ExpectedState::Exploding => measured == FlowState::Exploding,
        ExpectedState::Vanishing => {
            matches!(measured, FlowState::Vanishing | FlowState::Saturated | FlowState::Dead)
        }
        ExpectedState::NotKnown => false,
    }
}
