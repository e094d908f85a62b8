//! Compares gradient flow with theory: the gradients of networks of this crate at initialization, and the predictions
//! of `chainrule::theory` and closed forms.
//!
//! ```text
//! $ cargo run --release --features theory --example theory
//! what                      in which networks                                   expected  measured  tolerance
//! sigmoid: χ, layers 5-14   Glorot, n = 300, 40 nets                              0.0557    0.0557  ±3 %          ok
//! tanh at the edge: ratio²  n = 300, depth 40, 40 nets                            0.0179    0.0176  ±15 %         ok
//! tanh: first over last     U(±1/√n), n = 100, 50 layers, 20 nets               2.04e-12  1.93e-12  -50 % +100 %  ok
//! ..
//! ```
//! Every network is a real one: drawn by an `Initializer`, with a forward pass, and a backward pass from a normal
//! gradient of its outputs, in which a `BackwardHook` records norms around each block. Seeds are fixed. The program
//! fails if a row is outside its tolerance, which is printed in the row, and derived where the row is computed.

#[path = "support/along.rs"]
mod along;
#[path = "theory/measure.rs"]
mod measure;
#[path = "theory/pairs.rs"]
mod pairs;
#[path = "theory/plain.rs"]
mod plain;
#[path = "theory/residual.rs"]
mod residual;
#[path = "theory/singular.rs"]
mod singular;
#[path = "theory/table.rs"]
mod table;

use table::Table;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut table = Table::new();
    plain::linear(&mut table)?;
    plain::relu(&mut table)?;
    plain::chi(&mut table)?;
    plain::edge(&mut table)?;
    plain::first_over_last(&mut table)?;
    residual::relu_blocks(&mut table)?;
    residual::tanh_blocks(&mut table)?;
    singular::products(&mut table)?;
    pairs::correlations(&mut table)?;
    table.verdict()
}
