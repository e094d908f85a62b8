//! Tests the theory of gradient flow: gradients of new networks, next to the predictions of `chainrule::theory`.
//!
//! If you rely on a prediction (of vanishing gradients, of the edge of chaos, of residual blocks), here is how well
//! it agrees with real networks of finite width, with a tolerance that is derived, not chosen.
//!
//! ```text
//! $ cargo run --release --features theory --example theory
//! what                      in which networks                                   expected  measured  tolerance
//! sigmoid: χ, layers 5-14   Glorot, n = 300, 40 nets                              0.0557    0.0557  ±3 %          ok
//! tanh at the edge: ratio²  n = 300, depth 40, 40 nets                            0.0179    0.0176  ±15 %         ok
//! tanh: first over last     U(±1/√n), n = 100, 50 layers, 20 nets               2.04e-12  1.93e-12  -50 % +100 %  ok
//! ..
//! ```
//! Each network is drawn by an `Initializer`, and has a forward pass, and a backward pass from a normal gradient at
//! its outputs. A `BackwardHook` records the norms around each block. Seeds are fixed. The program fails if a row is
//! outside its tolerance. The tolerance is printed in the row, and derived in the code of the row.

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
