//! A layer that you write yourself, outside the crate: its gradient check, and its use in a network.
//!
//! If this crate lacks a layer that you need, implement two functions: the forward and the backward pass. Everything
//! else (initialization, optimizers, checkpoints, gradient flow) then works for it.
//!
//! ```text
//! $ cargo run --release --example own_layer
//! gradient check: 9 numbers agree, the worst to 4e-12
//! Sine: loss 0.8550 before training, 0.000002 after
//! Tanh: loss 0.7608 before training, 0.356870 after
//! ```
//! The guide, docs/your-own-layer.md, explains the layer.

use chainrule::gradcheck::gradcheck;
use chainrule::prelude::*;

/// Sine waves: `y = sin(w x)`, with a frequency w for each feature, which is trained.
/// Sitzmann and others, "Implicit neural representations with periodic activation functions", NeurIPS 2020.
#[derive(Parameters)]
#[parameters(name = "Sine<{N}{:T}>")]
pub struct Sine<const N: usize, T: Real = f32> {
    /// w, for each feature.
    #[parameter(scale = 30.0)] // where training starts
    pub frequency: Vector<N, T>,
}

impl<const N: usize, T: Real> Layer<Vector<N, T>> for Sine<N, T> {
    type Output = Vector<N, T>;

    fn forward(
        &self,
        input: &[Vector<N, T>],
        output: &mut [Vector<N, T>],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        for (x, y) in input.iter().zip(output) {
            for i in 0..N {
                y[i] = (self.frequency[i] * x[i]).sin();
            }
        }
    }

    fn backward(&self, mut pass: Backward<'_, Vector<N, T>, Self>) {
        for (sample, (x, dy)) in pass.input.iter().zip(pass.output_grad).enumerate() {
            for i in 0..N {
                let dz = dy[i] * (self.frequency[i] * x[i]).cos(); // z = w x
                pass.gradient.frequency[i] += dz * x[i]; // added, over the batch too
                if let Some(dx) = &mut pass.input_grad {
                    dx[sample][i] = dz * self.frequency[i]; // overwritten
                }
            }
        }
    }
}

/// A curve that oscillates faster with the distance from 0.
fn chirp(x: f32) -> f32 {
    (12.0 * x * x).sin()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let inputs = [Vector([0.3, -0.2, 0.9]), Vector([-1.1, 0.0, 0.5])];
    let report = gradcheck(&Sine::<3, f64>::init(&mut rng(0)), &inputs)?;
    println!("gradient check: {} numbers agree, the worst to {:.0e}", report.checked, report.worst);

    let inputs: Vec<_> = (0..=200).map(|i| Vector([i as f32 / 100.0 - 1.0])).collect();
    let targets: Vec<_> = inputs.iter().map(|x| Vector([chirp(x[0])])).collect();
    let sine = fit::<(Linear<1, 64>, Sine<64>, Linear<64, 1>)>("Sine", &inputs, &targets)?;
    fit::<(Linear<1, 64>, Tanh, Linear<64, 1>)>("Tanh", &inputs, &targets)?;
    // A constant has a loss of 0.42, the variance of the curve.
    if sine < 1e-3 { Ok(()) } else { Err("the network has not learned the curve".into()) }
}

/// Trains a network to follow a curve. Returns its last loss.
fn fit<N: Maps<Vector<1>, Vector<1>>>(
    name: &str,
    inputs: &[Vector<1>],
    targets: &[Vector<1>],
) -> Result<f64, chainrule::Error> {
    let net = N::init_with(Initializer::lecun_uniform(), &mut rng(0));
    let mut trainer = Trainer::new(net, MeanSquaredError, Adam::new(3e-3), 0);
    let before = trainer.network.loss(&MeanSquaredError, inputs, targets)?;
    for _ in 0..1000 {
        trainer.step(inputs, targets)?;
    }
    let after = trainer.network.loss(&MeanSquaredError, inputs, targets)?;
    println!("{name}: loss {before:.4} before training, {after:.6} after");
    Ok(after)
}
