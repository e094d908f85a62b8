//! Norms at the start of each branch or after each sum, against Xiong et al., "On layer normalization in the
//! transformer architecture", ICML 2020: theorem 1 and the lengths of its lemma 2, in the setting of their section 3.3.

use chainrule::flow::{Flow, FlowOptions, FlowState};
use chainrule::prelude::*;
use chainrule::rand::RngExt;

const D: usize = 32;
const STEPS: usize = 8;
const SAMPLES: usize = 4;
const SEEDS: u64 = 6;

type Norm = LayerNorm<Vector<D>>;
type FeedForward = PerStep<(Linear<D, D>, Relu, Linear<D, D>)>;
type PostBlock = (Residual<SelfAttention<D, 1>>, Norm, Residual<FeedForward>, Norm);
type PreBlock = (Residual<(Norm, SelfAttention<D, 1>)>, Residual<(Norm, FeedForward)>);
type Post<const BLOCKS: usize> = [PostBlock; BLOCKS];
type Pre<const BLOCKS: usize> = ([PreBlock; BLOCKS], Norm);
type Steps = Sequence<STEPS, D>;

/// Steps of independent normal numbers.
fn normal(deviation: f32, seed: u64) -> Vec<Steps> {
    let random = &mut rng(seed);
    let mut number = || {
        let (a, b): (f32, f32) = (random.random(), random.random());
        deviation * (-2.0 * (1.0 - a).ln()).sqrt() * (core::f32::consts::TAU * b).cos()
    };
    (0..SAMPLES).map(|_| Sequence(core::array::from_fn(|_| core::array::from_fn(|_| number())))).collect()
}

/// As in the paper: no queries and no keys, so that each step takes the mean of the values, and no map after it.
fn without_scores(layer: &mut SelfAttention<D, 1>) {
    layer.query.weights_mut().fill(0.0);
    layer.key.weights_mut().fill(0.0);
    let output = layer.output.weights_mut();
    output.fill(0.0);
    output.iter_mut().step_by(D + 1).for_each(|w| *w = 1.0);
}

/// The flow of a network whose other weights have the variance 1/d.
fn flow<N: Network + Layer<Steps, Output = Steps>>(seed: u64, set: impl Fn(&mut N)) -> Flow {
    let mut net = N::init_with(Initializer::lecun_normal(), &mut rng(seed));
    set(&mut net);
    // The targets are so far away that the gradient at the output is that of independent normal numbers, at any depth.
    let (inputs, targets) = (normal(1.0, 100 + seed), normal(30.0, 200 + seed));
    net.flow_with(&MeanSquaredError, &inputs, &targets, FlowOptions::LIGHT).unwrap()
}

/// |dR/dW| of the last weights of a block.
fn gradient(flow: &Flow, path: &str) -> f64 {
    flow.layer(path).unwrap().parameters.iter().find(|own| own.name == "weight").unwrap().gradient_norm
}

/// The depth, log |dR/dW| of the last block, and log of the mean square of what arrives at the last norm.
#[derive(Clone, Copy)]
struct Point {
    depth: f64,
    gradient: f64,
    square: f64,
}

macro_rules! points {
    ($net:ident, $block:ident, $blocks:expr, $last:expr, $norm:expr, $attention:expr, $($depth:literal)*) => {{
        let mut points = Vec::new();
        $(for seed in 0..SEEDS {
            let flow = flow::<$net<$depth>>(seed, |net| {
                let blocks: fn(&mut $net<$depth>) -> &mut [$block; $depth] = $blocks;
                let attention: fn(&mut $block) -> &mut SelfAttention<D, 1> = $attention;
                blocks(net).iter_mut().for_each(|block| without_scores(attention(block)));
            });
            let last: usize = $depth - 1;
            let square = flow.layer(&$norm.replace("LAST", &last.to_string())).unwrap().input_rms.powi(2);
            let gradient = gradient(&flow, &$last.replace("LAST", &last.to_string())).ln();
            points.push(Point { depth: $depth as f64, gradient, square: square.ln() });
        })*
        points
    }};
}

/// Fits `log gradient` = a + b log depth by least squares. Returns b and its standard error.
fn exponent(points: &[Point]) -> (f64, f64) {
    let n = points.len() as f64;
    let mean = |of: &dyn Fn(&Point) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(&|point| point.depth.ln()), mean(&|point| point.gradient));
    let xx: f64 = points.iter().map(|point| (point.depth.ln() - x).powi(2)).sum();
    let xy: f64 = points.iter().map(|point| (point.depth.ln() - x) * (point.gradient - y)).sum();
    let slope = xy / xx;
    let rest = |point: &Point| (point.gradient - y - slope * (point.depth.ln() - x)).powi(2);
    (slope, (points.iter().map(rest).sum::<f64>() / (n - 2.0) / xx).sqrt())
}

#[test]
fn the_last_gradient_falls_with_depth_where_norms_are_in_the_branches_and_does_not_where_they_are_behind_the_sums()
 {
    let post = points!(Post, PostBlock, |net| net, "LAST.2.branch.2", "LAST.3", |block| &mut block.0.branch, 2 4 8 16 24);
    let pre = points!(Pre, PreBlock, |net| &mut net.0, "0.LAST.1.branch.1.2", "1", |block| &mut block.0.branch.1, 2 4 8 16 24);

    // Lemma 2: after a norm the numbers have the mean square 1, and the branch adds 1/2. Before the last norm of a
    // network with its norms in the branches, each block adds 1/2 by its feed-forward layers and from 0 to 1 by the
    // attention. These are means over networks. In one, the steps are similar after some blocks, so that the square of
    // a branch is that of one vector: Σ relu(z)² of 32 normal z is 16 ± 6.3, and the map after it adds ± 25 %: 0.5 ±
    // 0.23.
    let mean =
        |points: &[Point]| points.iter().map(|point| point.square.exp()).sum::<f64>() / points.len() as f64;
    assert!((mean(&post) - 1.5).abs() < 3.0 * 0.23 / (post.len() as f64).sqrt(), "{}", mean(&post));
    for points in pre.chunks(SEEDS as usize) {
        let (depth, square) = (points[0].depth, mean(points));
        let error = 3.0 * 0.23 * (depth / points.len() as f64).sqrt();
        assert!(
            (1.0 + 0.5 * depth - error..1.0 + 1.5 * depth + error).contains(&square),
            "{depth} blocks: {square}"
        );
    }

    let ((of_post, post_error), (of_pre, pre_error)) = (exponent(&post), exponent(&pre));
    println!("|dR/dW| of the last block goes as depth^b:");
    println!("  norms behind the sums     b = {of_post:.3} ± {post_error:.3}");
    println!("  norms in the branches     b = {of_pre:.3} ± {pre_error:.3}");
    // Theorem 1: it does not depend on the depth. Three standard errors.
    assert!(of_post.abs() < 3.0 * post_error.max(0.01), "{of_post} ± {post_error}");
    // Theorem 1: as 1 / √depth in the limit of many blocks. By lemma 2 it is 1 / √(1 + c depth), with a c between 1/2
    // and 3/2, which can be another one for each depth: the slope of the same fit is between those of the extreme
    // choices. For c = 1/2 at all depths it is -0.38.
    let middle = pre.iter().map(|point| point.depth.ln()).sum::<f64>() / pre.len() as f64;
    let [steepest, flattest, slow] = [[0.5, 1.5], [1.5, 0.5], [0.5, 0.5]].map(|[below, above]| {
        let point = |point: &Point| {
            let c = if point.depth.ln() < middle { below } else { above };
            Point { gradient: -0.5 * (1.0 + c * point.depth).ln(), ..*point }
        };
        exponent(&pre.iter().map(point).collect::<Vec<_>>()).0
    });
    println!("  theory                    b = {steepest:.3} to {flattest:.3}, in the limit -0.5");
    assert!((slow + 0.38).abs() < 0.005);
    let error = 3.0 * pre_error.max(0.01);
    assert!((steepest - error..flattest + error).contains(&of_pre), "{of_pre} ± {pre_error}");
    assert!((of_pre + 0.5).abs() < 0.12 + error, "{of_pre} ± {pre_error}");
    // Where it comes from: the last norm divides by the length of what arrives there. Times that length, the gradient
    // does not depend on the depth, and is that of the norms after the sums.
    let undivided = |points: &[Point]| -> Vec<Point> {
        points.iter().map(|point| Point { gradient: point.gradient + 0.5 * point.square, ..*point }).collect()
    };
    let (slope, error) = exponent(&undivided(&pre));
    println!("  norms in the branches, times the length at the last norm     b = {slope:.3} ± {error:.3}");
    assert!(slope.abs() < 3.0 * error.max(0.01), "{slope} ± {error}");
    let level = |points: &[Point]| {
        undivided(points).iter().map(|point| point.gradient).sum::<f64>() / points.len() as f64
    };
    // A gradient is as long as the hidden vector, ± 20 %: of the mean of n, that over √n, twice.
    let error = 3.0 * 0.2 * (2.0 / pre.len() as f64).sqrt();
    assert!((level(&pre) - level(&post)).abs() < error, "{} and {}", level(&pre), level(&post));
}

#[test]
fn the_verdict_says_what_norms_behind_the_sums_mean() {
    let says = "; the norms are after the sums (post-norm): the gradient of the last block, |dR/dW| ";
    let cure = "a norm at the start of each branch instead of one after each sum (pre-norm); or, in training, a warm-up";
    let verdict = flow::<Post<8>>(1, |_| {}).verdict();
    assert!(verdict.why.contains(says) && verdict.why.contains("in `7.2`"), "{verdict}");
    assert!(verdict.why.contains(cure), "{verdict}");
    assert_eq!(verdict.state, FlowState::Healthy);
    // One block is not a deep network, norms in the branches are the cure, and without attention it is another network.
    assert!(!flow::<Post<1>>(1, |_| {}).verdict().why.contains("post-norm"));
    assert!(!flow::<Pre<8>>(1, |_| {}).verdict().why.contains("post-norm"));
    assert!(!flow::<[(Residual<FeedForward>, Norm); 8]>(1, |_| {}).verdict().why.contains("post-norm"));
    // Branches whose outputs are 3 times as long as their inputs, whatever those are: each norm divides by √(1 + 3²),
    // and no branch brings that back. A skip connection, which is there, does not cure it.
    let large = |net: &mut Post<8>| {
        for block in net {
            block.2.branch.layer.2.weights_mut().fill(0.0);
            block.2.branch.layer.2.bias =
                Vector(core::array::from_fn(|at| if at % 2 == 0 { 3.0 } else { -3.0 }));
        }
    };
    let verdict = flow::<Post<8>>(1, large).verdict();
    assert_eq!(verdict.state, FlowState::Vanishing, "{verdict}");
    assert!(verdict.cure.starts_with("a norm at the start of each branch"), "{verdict}");
}
