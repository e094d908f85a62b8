//! What a skip connection does to the gradient: 30 layers of tanh with weights a little too small, plain and with
//! A(n) = g(Z(n) + Z(n-k)), k = 2.
//!
//! ```text
//! $ cargo run --release --example skip_connection
//! norm of dR/d(W, b)   first block   last block   first / last
//! plain                    3.3e-10       5.6e-2         5.8e-9
//! post-activation           4.0e-2       6.6e-2         6.2e-1
//! pre-activation            9.4e-2       1.1e-1         8.6e-1
//! ```
//! The norms are over weights and biases. In the plain stack the signal fades on its way forward as the gradient does on
//! its way back, so dR/dW, which has a factor of each, is as small in the last block as in the first: nothing learns.
//! dR/db is dR/dZ, the chain rule's product alone.

use chainrule::prelude::*;
use chainrule::rand::RngExt;

/// From Z(n-2) to Z(n).
type TwoLayers = (Tanh, Linear<32, 32>, Tanh, Linear<32, 32>);

/// No skip: the gradient's only way back is through every W and every g'.
type Plain = TwoLayers;
/// Post-activation, as in the formula: the sum meets g before the next block begins.
type PostActivation = (Residual<TwoLayers>, Tanh);
/// Pre-activation: the sums follow one another untouched, and g stands only in the branches.
type PreActivation = Residual<TwoLayers>;

type Net<Block> = (Linear<8, 32>, [Block; BLOCKS], Linear<32, 4>);
const BLOCKS: usize = 15;

/// By how much a layer's weights shrink a gradient, on average.
const GAIN: f64 = 0.5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("norm of dR/d(W, b)   first block   last block   first / last");
    let plain = first_over_last::<Plain>("plain")?;
    let post = first_over_last::<PostActivation>("post-activation")?;
    let pre = first_over_last::<PreActivation>("pre-activation")?;

    let layers = 2 * (BLOCKS - 1);
    let expected = GAIN.powi(layers as i32);
    println!(
        "\nThe plain stack brings {plain:.1e} of the last block's gradient to the first ({layers} layers that each \
         keep {GAIN} of it\nwould bring {expected:.1e}), the skip {post:.2} of it post-activation and {pre:.2} \
         pre-activation."
    );
    // The norm that a random layer keeps varies by an eighth (√(2/32) / 2), after 28 layers by a factor of 2;
    // a tenth is far from both 1 and that.
    if plain < 100.0 * expected && post > 0.1 && pre > 0.1 {
        return Ok(());
    }
    Err("a plain stack should lose its gradient, and one with skips should keep it".into())
}

/// Prints how large the gradients of the first and of the last block are; gives their quotient.
fn first_over_last<Block>(name: &str) -> Result<f64, chainrule::Error>
where
    Block: Layer<Vector<32>, Output = Vector<32>>,
{
    let mut random = rng(0);
    let net = Net::<Block>::init_with(Initializer::lecun_normal().gain(GAIN), &mut random);
    let inputs: Vec<Vector<8>> = random_batch(&mut random);
    let targets: Vec<Vector<4>> = random_batch(&mut random);
    let mut gradient = Net::<Block>::zeros();
    net.loss_gradient(
        &MeanSquaredError,
        &inputs,
        &targets,
        &mut Tape::default(),
        &mut gradient,
        &mut random,
    )?;

    let (_, blocks, _) = &gradient; // the gradient of a network is a network
    let (first, last) = (blocks[0].norm(), blocks[BLOCKS - 1].norm());
    println!("{name:19} {first:12.1e} {last:12.1e} {:14.1e}", first / last);
    Ok(first / last)
}

fn random_batch<const N: usize>(random: &mut impl RngExt) -> Vec<Vector<N>> {
    (0..64).map(|_| Vector(std::array::from_fn(|_| random.random_range(-1.0..1.0)))).collect()
}
