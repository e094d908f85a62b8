//! Compares the gradient flow that theory expects of a network, a constant of its type, with measured gradients.
//!
//! ```text
//! $ cargo run --release --example expected_flow -- --all
//! activation   weights  depth expected measured            verdict  agree
//! ReLU         Glorot       5   0.7071   0.7050    0.30 %    healthy  20 of 20
//! ReLU         Glorot      20   0.7071   0.7067    0.05 %  vanishing  20 of 20
//! ReLU         Glorot      50   0.7071   0.7048    0.32 %  vanishing  20 of 20
//! ..
//! 212 of 217 rows are within 3 %, with the same verdict; the others are known exceptions
//! ```
//! For 14 activations and 5 initializers, and for residual blocks, norms and others: networks of 256 units, drawn by the
//! initializer, and the geometric mean of the rate a layer, |dR/dZ| of the first layer over the last. With `-- --all`
//! depths 5, 20 and 50, and 20 networks each; without, depth 20 and 4 networks each. The program fails if a rate is off by more than 3 %, or if the verdict on a
//! network is not the expected one, unless the theory is known to be less accurate there: [`is_exception`].

#[path = "support/along.rs"]
mod along;

use std::error::Error;

use chainrule::flow::{Flow, FlowHook, FlowOptions, FlowState};
use chainrule::prelude::*;
use chainrule::rand::Rng;
use chainrule::{ExpectedFlow, ExpectedState};
use rand_distr::{Distribution, StandardNormal};

use along::Along;

const WIDTH: usize = 256;

/// In f64: 50 layers of sigmoid leave less than the smallest `f32`.
type Layers = Linear<WIDTH, WIDTH, f64>;
type Net<A, const DEPTH: usize> = (Layers, [(A, Layers); DEPTH]);
type Input = Vector<WIDTH, f64>;

fn normal(samples: usize, rng: &mut impl Rng) -> Vec<Input> {
    (0..samples).map(|_| Vector(std::array::from_fn(|_| StandardNormal.sample(rng)))).collect()
}

/// Measures one network, whose gradient at the output is random.
fn measure<N: Layer<Input, Output = Input>>(
    initializer: Initializer,
    samples: usize,
    rng: &mut impl Rng,
) -> Result<Flow, chainrule::Error> {
    let network = N::init_with(initializer, rng);
    let (inputs, output_grad) = (normal(samples, rng), normal(samples, rng));
    let (mut gradient, mut workspace) = (N::zeros(), Workspace::default());
    let mut hook = FlowHook::new::<N, Input>(FlowOptions::LIGHT);
    let loss = network.loss_gradient_with_hook(
        &Along,
        &inputs,
        &output_grad,
        &mut workspace,
        &mut gradient,
        rng,
        &mut hook,
    )?;
    Ok(Flow { loss: Some(loss), samples, expected: None, layers: hook.into_layers() })
}

/// The rows so far.
struct Table {
    networks: usize,
    /// Each sample has its own gradient. Their squares are averaged before a logarithm is taken, whose mean is half a
    /// relative variance below the logarithm of the mean.
    samples: usize,
    rows: usize,
    wrong: usize,
    exceptions: usize,
}

impl Table {
    fn row<N: Layer<Input, Output = Input>>(
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
        // A share within a factor of 2 of a threshold may be on either side. A measured trend must also remain without
        // its most extreme layer.
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
            match (right, exception) {
                (true, _) => "",
                (_, true) => ", exception",
                _ => ", wrong",
            }
        );
        self.rows += 1;
        self.wrong += usize::from(!right && !exception);
        self.exceptions += usize::from(exception);
        Ok(())
    }
}

/// With He's weights, no q attracts the others: with GELU and Mish q falls, the faster the smaller it is, and with
/// softplus it grows without end. So the deviations of a layer of finite width, of about 1/√256, do not die out with
/// depth but add up or grow, and single networks end up elsewhere than the limit of infinite width.
///
/// A branch that ends in its ReLU adds a mean to x. The rows of W of the units that are active for this x are similar to
/// it, so W has a part of rank one, which adds 1/√π times the mean of the gradient along x. The mean has a share of 1/256
/// of the gradient at the last block, and (measured) one of 0.2 fifteen blocks before it, where a block multiplies the
/// gradient by more than √2. The theory takes W to be independent of which units are active.
fn is_exception(network: &str, scheme: &str) -> bool {
    scheme == "He" && ["GELU", "GELU, tanh", "Mish", "softplus", "x + relu(Wx)"].contains(&network)
}

/// Returns whether a verdict is the expected one. Inactive units are a more specific word for a gradient that vanishes.
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

/// Residual blocks, norms, dropout, shared weights and concatenations. The rate is that of a layer or block of weights.
fn structures(table: &mut Table) -> Result<(), chainrule::Error> {
    type Norm = BatchNorm<WIDTH, f64>;
    type Grown = (Tanh, Concat<(Identity, Linear<WIDTH, 64, f64>)>, Linear<320, WIDTH, f64>);
    let (he, glorot) = (Initializer::he_normal(), Initializer::glorot_uniform());
    table.row::<(Layers, [Residual<(Layers, Relu)>; 20])>("x + relu(Wx)", "He", 20, he)?;
    table.row::<(Layers, [Residual<(LayerNorm<Input>, Gelu, Layers)>; 20])>("pre-norm", "He", 20, he)?;
    table.row::<(Layers, [(Tanh, Dropout<20>, Layers); 20])>("dropout", "Glorot", 20, glorot)?;
    table.row::<(Layers, Shared<(Tanh, Layers), 20>)>("shared", "Glorot", 20, glorot)?;
    table.row::<(Layers, [Grown; 20])>("Concat", "Glorot", 40, glorot)?;
    // The theory is for large batches.
    table.samples = 128;
    table.row::<([(Layers, Norm, Relu); 20], Layers)>("batch norm", "Glorot", 20, glorot)?;
    table.row::<(Layers, [Residual<(Norm, Relu, Layers)>; 20])>("pre-BN", "He", 20, he)
}

fn main() -> Result<(), Box<dyn Error>> {
    let all = std::env::args().any(|argument| argument == "--all");
    let schemes = [
        ("Glorot", Initializer::glorot_uniform()),
        ("He", Initializer::he_normal()),
        ("PyTorch", Initializer::lecun_uniform().gain(1.0 / 3.0_f64.sqrt())),
        ("orthogonal", Initializer::orthogonal()),
        ("biases", Initializer::lecun_normal().gain(1.3).bias_normal(0.5)),
    ];
    let mut table =
        Table { networks: if all { 20 } else { 4 }, samples: 8, rows: 0, wrong: 0, exceptions: 0 };
    println!("activation   weights  depth expected measured            verdict  agree");
    for (scheme, initializer) in schemes {
        macro_rules! rows {
            ($($name:literal $activation:ty),*) => {$(
                if all {
                    table.row::<Net<$activation, 5>>($name, scheme, 5, initializer)?;
                }
                table.row::<Net<$activation, 20>>($name, scheme, 20, initializer)?;
                if all {
                    table.row::<Net<$activation, 50>>($name, scheme, 50, initializer)?;
                }
            )*};
        }
        rows!(
            "ReLU" Relu, "leaky ReLU" LeakyRelu<1, 10>, "tanh" Tanh, "sigmoid" Sigmoid, "hard tanh" HardTanh,
            "hard sigmoid" HardSigmoid, "softsign" Softsign, "softplus" Softplus, "SiLU" Silu, "Mish" Mish,
            "GELU" Gelu, "GELU, tanh" GeluTanh, "ELU" Elu, "SELU" Selu
        );
    }
    structures(&mut table)?;
    println!(
        "{} of {} rows are within 3 %, with the same verdict; the others are {}",
        table.rows - table.wrong - table.exceptions,
        table.rows,
        if table.wrong > 0 { "not as expected" } else { "known exceptions" }
    );
    if table.wrong > 0 { Err("theory and measurement differ".into()) } else { Ok(()) }
}
