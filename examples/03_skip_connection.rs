//! What a skip connection does to the gradient: the two terms of the chain rule, measured separately.
//!
//! A skip connection from Z(n-k) to Z(n), A(n) = g(Z(n) + Z(n-k)), makes dR/dZ(n-k) a sum. One term passes through
//! the k layers of the branch, with a factor W and a factor g' for each. The other term passes around them, with
//! neither. This example shows how large each term is, why g after the sum (*post*-activation) weakens both, why g in
//! the branches only (*pre*-activation) does not, and which branches are dangerous.
//!
//! ```text
//! $ cargo run --release --features plot --example 03_skip_connection
//! ..
//!  k |  skip   branch  predicted  cosine    |  skip   branch  predicted  cosine
//!  1 | 0.995  5.0e-1   5.0e-1    +0.016     | 1.000  4.5e-1   4.5e-1    -0.005
//! ..
//!  8 | 0.996  3.9e-3   3.9e-3    -0.001     | 1.000  3.6e-3   3.6e-3    +0.005
//! ..
//! ```
//! The picture goes to `target/gradient-flow/03_skip_connection.svg` and `.png`.
//!
//! # Source
//! He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016; "Identity mappings in deep residual
//! networks", ECCV 2016: the layers between two sums are factors of both terms; with pre-activation there are none.

#[path = "03_skip_connection/branches.rs"]
mod branches;
#[path = "support/gradient_flow.rs"]
mod gradient_flow;
#[path = "03_skip_connection/terms.rs"]
mod terms;

use std::error::Error;

use chainrule::flow::{Flow, FlowOptions};
use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;
use chainrule::rand::RngExt;
use terms::Terms;

const N: usize = 64;
/// The mean gain of a layer's weights: below 1, so that gradients vanish in a plain stack.
const GAIN: f64 = 0.5;
/// The number of networks for each figure, and of blocks in each network.
const NETS: u64 = 10;
const BLOCKS: usize = 6;

/// From Z(n-k) to Z(n).
type Branch<const K: usize, G = Tanh> = [(G, Linear<N, N>); K];
/// A(n) = g(Z(n) + Z(n-k)); the output of the first layer is Z(n-k).
type Post<const K: usize> = (Linear<N, N>, Residual<Branch<K>>, Tanh);
/// There is no g after the sum, and so no layer between two sums.
type Pre<const K: usize> = Residual<Branch<K>>;
/// No skip connection: the gradient passes through every W and every g'.
type Plain<const K: usize> = (Linear<N, N>, Branch<K>, Tanh);

type Net<Block, const B: usize> = (Linear<8, N>, [Block; B], Linear<N, 4>);

fn main() -> Result<(), Box<dyn Error>> {
    println!("Shares of |dR/dA(n)| that reach Z(n-k), by the skip and by the branch of k layers:\n");
    println!("   |            post-activation           |            pre-activation");
    println!(" k |  skip   branch  predicted  cosine    |  skip   branch  predicted  cosine");
    let (k1, k2, k3, k4) = (row::<1>()?, row::<2>()?, row::<3>()?, row::<4>()?);
    let rows = [k1, k2, k3, k4, row::<5>()?, row::<6>()?, row::<7>()?, row::<8>()?];
    let line = |value: fn(&Terms) -> f64| (1..).map(f64::from).zip(rows.map(|[post, _]| value(&post)));
    let terms = Lines::new("The two terms of dR/dZ(n-k)").x("k (layers in the branch)").log_y();
    let terms = terms.line("skip", line(|t| t.skip)).line("branch", line(|t| t.branch));
    let terms =
        terms.dashed("predicted, (gain g')^k", line(|t| t.predicted)).y("share of |dR/dA(n)|").picture()?;

    let profiles = [profile::<Plain<2>, 10>(3)?, profile::<Post<2>, 10>(3)?, profile::<Pre<2>, 15>(2)?];
    let [plain, post, pre] = profiles.each_ref().map(|points| points[0].1 / points[points.len() - 1].1);
    println!(
        "\n30 layers, k = 2. The first block has this share of the last block's gradient: {plain:.0e} without skips, \
         {post:.0e} with\npost-activation (between two sums there is a layer, with its W and g'), {pre:.1} with \
         pre-activation (there is none)."
    );
    // Between the last block and the first, the gradient passes through 27, 9 and 0 layers. So the factors between
    // these shares are GAIN^18 = 4e-6 and GAIN^9 = 2e-3, times g'; random weights spread them by less than 10.
    if !(plain < 1e-4 * post && post < 0.02 * pre && (0.5..20.0).contains(&pre)) {
        return Err("skips should preserve the gradient, and pre-activation all of it".into());
    }
    branches::compare()?;
    let mut depth = Lines::new("30 layers of tanh, W of gain 0.5, k = 2").x("depth (layers)").log_y();
    for (name, points) in ["plain", "post-activation", "pre-activation"].into_iter().zip(profiles) {
        depth = depth.line(name, points);
    }
    let depth = depth.y("RMS of dR/dA(n) of a block").picture()?;
    gradient_flow::save("03_skip_connection", &Picture::side_by_side([terms, depth]))
}

/// Prints the row of branches of K layers. Returns their terms, with post- and with pre-activation.
fn row<const K: usize>() -> Result<[Terms; 2], Box<dyn Error>> {
    let mean = |of_net: &dyn Fn(u64) -> Result<Terms, Box<dyn Error>>| {
        let nets: Vec<Terms> = (0..NETS).map(of_net).collect::<Result<_, _>>()?;
        Ok::<_, Box<dyn Error>>(Terms::mean(&nets))
    };
    let post = mean(&|seed| Terms::of(&measure(&new::<Post<K>, BLOCKS>(seed))?, ".1", GAIN, K))?;
    let pre = mean(&|seed| Terms::of(&measure(&new::<Pre<K>, BLOCKS>(seed))?, "", GAIN, K))?;
    let cells = [post, pre]
        .map(|t| format!("{:.3}  {:.1e}   {:.1e}    {:+.3}", t.skip, t.branch, t.predicted, t.cosine));
    println!("{K:2} | {}     | {}", cells[0], cells[1]);
    for t in [post, pre] {
        // A Gaussian W multiplies a squared gradient by GAIN², with a relative deviation of √(2/N). After 8 of them the
        // mean of 60 blocks deviates by √((1 + 2/N)^8 - 1) / √60 = 7 %. Four times that, and 10 % because the mean of
        // g' is not quite its RMS, is about a quarter of the length.
        if (t.branch / t.predicted - 1.0).abs() > 0.25 {
            return Err(
                format!("k = {K}: the branch has a share of {:e}, not {:e}", t.branch, t.predicted).into()
            );
        }
    }
    // The rounding of f32 changes a length by less than 1e-6 of it.
    if (pre.skip - 1.0).abs() > 1e-6 {
        return Err(format!("with pre-activation the skip has a share of {}, not 1", pre.skip).into());
    }
    Ok([post, pre])
}

fn new<Block: Maps<Vector<N>, Vector<N>>, const B: usize>(seed: u64) -> Owned<Net<Block, B>> {
    Net::<Block, B>::init_with(Initializer::lecun_normal().gain(GAIN), &mut rng(seed))
}

/// Measures the flow on random samples.
fn measure<Block: Maps<Vector<N>, Vector<N>>, const B: usize>(
    net: &Net<Block, B>,
) -> Result<Flow, chainrule::Error> {
    let random = &mut rng(1000);
    let mut numbers = |count| -> Vec<f32> { (0..count).map(|_| random.random_range(-1.0..1.0)).collect() };
    let inputs: Vec<_> = (0..64).map(|_| Vector::<8>::from_slice(&numbers(8))).collect::<Result<_, _>>()?;
    let targets: Vec<_> = (0..64).map(|_| Vector::<4>::from_slice(&numbers(4))).collect::<Result<_, _>>()?;
    net.flow_with(&MeanSquaredError, &inputs, &targets, FlowOptions::LIGHT)
}

/// Returns the depth of each block's end, in layers of weights, and the gradient there.
fn profile<Block: Maps<Vector<N>, Vector<N>>, const B: usize>(
    layers: usize,
) -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
    let flow = measure(&new::<Block, B>(0))?;
    let rms = |at: usize| flow.layer(&format!("1.{at}"))?.output_grad_rms;
    (0..B).map(|at| Ok((((at + 1) * layers) as f64, rms(at).ok_or("no gradient")?))).collect()
}
