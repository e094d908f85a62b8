//! The gradient flow that theory expects of a network, a constant of its type, compared with measured gradients.
//!
//! `chainrule::expected_flow` can say at compile time that a network's gradient will vanish. This table tests that:
//! for 14 activations, 5 initializations, residual blocks, norms and others, it measures networks of 256 units.
//!
//! ```text
//! $ cargo run --release --example expected_flow
//! activation   weights  depth expected measured            verdict  agree
//! ReLU         Glorot      20   0.7071   0.7048    0.32 %  vanishing   4 of 4
//! leaky ReLU   Glorot      20   0.7106   0.7092    0.20 %  vanishing   4 of 4
//! tanh         Glorot      20   0.9202   0.9170    0.35 %    healthy   4 of 4
//! ..
//! ```
//! A rate is |dR/dZ| of the first layer over the last, for one layer: the geometric mean over the networks. The depth
//! is 20, with 4 networks a row. With `-- --all` the depths are 5, 20 and 50, with 20 networks a row; then 212 of 217
//! rows are within 3 %. The program fails if a rate is off by more than 3 %, or if the verdict on a network is not
//! the expected one, except where the theory is known to be less accurate: [`table::is_exception`].

#[path = "support/along.rs"]
mod along;
#[path = "expected_flow/table.rs"]
mod table;

use std::error::Error;

use chainrule::prelude::*;
use table::Table;

const WIDTH: usize = 256;

/// In f64, because after 50 layers of sigmoid a gradient is smaller than the smallest `f32`.
type Layers = Linear<WIDTH, WIDTH, f64>;
type Net<A, const DEPTH: usize> = (Layers, [(A, Layers); DEPTH]);
type Input = Vector<WIDTH, f64>;

/// Adds residual blocks, norms, dropout, shared weights and concatenations. The rate is for one layer or block of
/// weights.
fn structures(table: &mut Table) -> Result<(), chainrule::Error> {
    type Norm = BatchNorm<WIDTH, f64>;
    type Grown = (Tanh, Concat<(Identity, Linear<WIDTH, 64, f64>)>, Linear<320, WIDTH, f64>);
    let (he, glorot) = (Initializer::he_normal(), Initializer::glorot_uniform());
    table.row::<(Layers, [Residual<(Layers, Relu)>; 20])>("x + relu(Wx)", "He", 20, he)?;
    table.row::<(Layers, [Residual<(LayerNorm<Input>, Gelu, Layers)>; 20])>("pre-norm", "He", 20, he)?;
    table.row::<(Layers, [(Tanh, Dropout<20>, Layers); 20])>("dropout", "Glorot", 20, glorot)?;
    table.row::<(Layers, Shared<(Tanh, Layers), 20>)>("shared", "Glorot", 20, glorot)?;
    table.row::<(Layers, [Grown; 20])>("Concat", "Glorot", 40, glorot)?;
    table.samples = 128; // the theory of batch norm is for large batches
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
    let mut table = Table::new(if all { 20 } else { 4 });
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
    table.done()
}
