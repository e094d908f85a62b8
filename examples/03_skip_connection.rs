//! What a skip connection does to the gradient: the two terms of the chain rule, measured separately.
//!
//! ```text
//! $ cargo run --release --features plot --example 03_skip_connection
//! k |  skip   branch  predicted  cosine    |  skip   branch  predicted  cosine
//! 1 | 0.995  5.0e-1   5.0e-1    +0.016     | 1.000  4.5e-1   4.5e-1    -0.005
//! ..
//! 8 | 0.996  3.9e-3   3.9e-3    -0.001     | 1.000  3.6e-3   3.6e-3    +0.005
//! ```
//! A skip connection from Z(n-k) to Z(n), A(n) = g(Z(n) + Z(n-k)), makes dR/dZ(n-k) a sum: a term through the k layers
//! of the branch, with a factor W and a factor g' for each, and a term around them, with neither. Both are measured for
//! k from 1 to 8, with g after the sum (*post*-activation) and with g in the branches only (*pre*-activation). Then
//! follow branches that are zero, small, deep, and one that cancels the skip connection.
//!
//! # Source
//! He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016; "Identity mappings in deep residual
//! networks", ECCV 2016: the layers between two sums are factors of both terms; with pre-activation there are none.

#[path = "support/deep.rs"]
mod deep;
#[path = "support/terms.rs"]
mod terms;

use std::error::Error;

use chainrule::flow::Flow;
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
    println!(
        "Of |dR/dA(n)| arrives at Z(n-k), by the skip and by the branch of k layers (tanh, W of gain {GAIN}):\n"
    );
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
        "\n30 layers, k = 2: of the last block's gradient the first block has {plain:.0e} without skips, {post:.0e} with \
         post-activation\nskips, between which there is still a layer with its W and g', and {pre:.1} with \
         pre-activation, where\nthere is none."
    );
    // Between the last block and the first, the gradient passes through 27, 9 and no layers. The factor between two
    // rows is GAIN^18 = 4e-6 and GAIN^9 = 2e-3, and g' on top; random weights spread it by less than 10.
    if !(plain < 1e-4 * post && post < 0.02 * pre && (0.5..20.0).contains(&pre)) {
        return Err("skips should save the gradient, and pre-activation all of it".into());
    }
    let mut depth = Lines::new("30 layers of tanh, W of gain 0.5, k = 2").x("depth (layers)").log_y();
    for (name, points) in ["plain", "post-activation", "pre-activation"].into_iter().zip(profiles) {
        depth = depth.line(name, points);
    }
    branches()?;
    let depth = depth.y("RMS of dR/dA(n) of a block").picture()?;
    Ok(deep::save(&Picture::beside([terms, depth]), "03_skip_connection")?)
}

/// The terms for branches of K layers, post- and pre-activation, as a row of the table.
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
        // A Gaussian W changes the square of a gradient's length by GAIN², give or take √(2/N) of that; after 8 of
        // them, the mean of 60 blocks is off by √((1 + 2/N)^8 - 1) / √60 = 7 %. Four times that, and 10 % because the
        // mean of g' is not quite its RMS, is a quarter of the length.
        if (t.branch / t.predicted - 1.0).abs() > 0.25 {
            return Err(format!("k = {K}: the branch brings {:e}, not {:e}", t.branch, t.predicted).into());
        }
    }
    // Both are f32, so that a length is off by less than 1e-6 of it.
    if (pre.skip - 1.0).abs() > 1e-6 {
        return Err(format!("pre-activation the skip brings {}, not the gradient itself", pre.skip).into());
    }
    Ok([post, pre])
}

/// Branches that are zero, small, deep, and one that cancels the skip connection, in a network of one block.
fn branches() -> Result<(), Box<dyn Error>> {
    println!("\nbranch                          skip     branch   cosine   both, of |dR/dA(n)|");
    let show = |name: &str, flow: &Flow, k: usize| {
        let t = Terms::of(flow, "", GAIN, k)?;
        println!("{name:30} {:.4}   {:.1e}   {:+.3}   {:.4}", t.skip, t.branch, t.cosine, t.both);
        Ok::<_, Box<dyn Error>>(t)
    };
    let scaled = |factor: f32| {
        let mut net = new::<Pre<2>, 1>(0);
        let last = &mut net.1[0].branch[1].1;
        last.weights_mut().iter_mut().for_each(|w| *w *= factor);
        measure(&net)
    };
    let whole = show("two layers", &scaled(1.0)?, 2)?;
    let tenth = show("last W a tenth", &scaled(0.1)?, 2)?;
    let flow = scaled(0.0)?;
    let zero = show("last W zero", &flow, 2)?;
    let learns = flow.layer("1.0.branch.1.1").map_or(0.0, |last| last.parameters[0].gradient_norm);
    let deep = show("32 layers of sigmoid", &measure(&new::<Residual<Branch<32, Sigmoid>>, 1>(0))?, 32)?;
    let mut net = new::<Residual<Linear<N, N>>, 1>(0);
    (0..N).for_each(|at| net.1[0].branch.weight[at] = Vector(std::array::from_fn(|to| -f32::from(at == to))));
    let hostile = show("-x", &measure(&net)?, 0)?;
    println!(
        "\nWith a branch that is zero, or whose own gradient has vanished ({:.0e}), the skip brings {:.4} and {:.4} of the \
         gradient;\nthe zero branch still learns (|dR/dW| of its last W is {learns:.1e}). A sum can also cancel: the branch \
         -x has cosine {:.0}\nand leaves {:.0e}, so that a skip is no guarantee; it takes a branch that undoes it.",
        deep.branch, zero.both, deep.both, hostile.cosine, hostile.both
    );
    // The small branch's Jacobian is a tenth; but the gradient comes from another direction, in which the gain of two
    // random W is another: by √(2 · 2 · 2/N) / 2 = 18 % of itself, and three times that is a half. g' of a sigmoid is
    // at most 1/4 and the largest singular value of these W about 2 GAIN = 1, so that 32 layers bring 4^-32 = 5e-20 at
    // the most.
    let small = (tenth.branch / whole.branch / 0.1 - 1.0).abs() < 0.5;
    let safe =
        zero.branch == 0.0 && deep.branch < 1e-18 && [zero, deep].iter().all(|t| (t.both - 1.0).abs() < 1e-6);
    if small && safe && learns > 0.0 && hostile.both < 1e-6 {
        Ok(())
    } else {
        Err("not as it should be".into())
    }
}

fn new<Block: Maps<Vector<N>, Vector<N>>, const B: usize>(seed: u64) -> Owned<Net<Block, B>> {
    Net::<Block, B>::init_with(Initializer::lecun_normal().gain(GAIN), &mut rng(seed))
}

fn measure<Block, const B: usize>(net: &Net<Block, B>) -> Result<Flow, chainrule::Error>
where
    Block: Maps<Vector<N>, Vector<N>>,
{
    let random = &mut rng(1000);
    let inputs: Vec<Vector<8>> =
        (0..64).map(|_| Vector([(); 8].map(|()| random.random_range(-1.0..1.0)))).collect();
    let targets: Vec<Vector<4>> =
        (0..64).map(|_| Vector([(); 4].map(|()| random.random_range(-1.0..1.0)))).collect();
    deep::flow(net, &MeanSquaredError, &inputs, &targets)
}

/// The depth of each block's end, in layers of weights, and the gradient there.
fn profile<Block, const B: usize>(layers: usize) -> Result<Vec<(f64, f64)>, Box<dyn Error>>
where
    Block: Maps<Vector<N>, Vector<N>>,
{
    let flow = measure(&new::<Block, B>(0))?;
    let rms = |at: usize| flow.layer(&format!("1.{at}"))?.output_grad_rms;
    (0..B).map(|at| Ok((((at + 1) * layers) as f64, rms(at).ok_or("no gradient")?))).collect()
}
