//! Learns exclusive or, which no single layer can represent, in twelve lines.
//!
//! This is the shortest complete program: a network as a type, a loss, an optimizer, training steps and predictions.
//!
//! ```text
//! $ cargo run --release --example xor
//! [0.0, 0.0] to 0, off by 3e-5
//! [0.0, 1.0] to 1, off by 7e-5
//! ..
//! a mean squared error of 6.9e-9 after 200 steps
//! ```
//! A linear map has a mean squared error of at least 0.25 here. The program fails unless the error is below 0.01;
//! then no answer can be off by more than 0.2.

use chainrule::prelude::*;

type Net = (Linear<2, 4>, Tanh, Linear<4, 1>);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let inputs = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]].map(Vector);
    let xor = [[0.0], [1.0], [1.0], [0.0]].map(Vector);
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(0.05), 1);
    for _ in 0..200 {
        trainer.step(&inputs, &xor)?;
    }
    for (x, y) in inputs.iter().zip(&xor) {
        println!("{:?} to {}, off by {:.0e}", x.0, y[0], (trainer.network.predict(x)?[0] - y[0]).abs());
    }
    let error = trainer.network.loss(&MeanSquaredError, &inputs, &xor)?;
    println!("a mean squared error of {error:.1e} after {} steps", trainer.steps());
    if error < 0.01 { Ok(()) } else { Err(format!("{error} is not below 0.01").into()) }
}
