//! The gradient flow that a constant of a network's type predicts, against the theory, closed forms and measurements.

use approx::assert_relative_eq;
use chainrule::flow::{Flow, FlowHook, FlowOptions};
use chainrule::layer::Activation;
use chainrule::prelude::*;
use chainrule::rand::{Rng, RngExt};
use chainrule::theory::{MeanField, ResidualField};
use chainrule::{ExpectedState, expected_flow, expected_flow_with};

use crate::along::Along;

type Square = Linear<64, 64>;
type Input = Vector<64>;

fn share<N: Layer<Input>>(initializer: Initializer, input_square: f64) -> f64 {
    expected_flow_with::<N, Input>(initializer, input_square).share.powi(2)
}

/// Runs a check for each smooth activation, and those that are straight lines near zero.
macro_rules! for_each_activation {
    ($check:ident) => {
        $check::<Relu>("ReLU");
        $check::<LeakyRelu<1, 10>>("leaky ReLU");
        $check::<LeakyRelu<3, 2>>("leaky ReLU, steep");
        $check::<Tanh>("tanh");
        $check::<Sigmoid>("sigmoid");
        $check::<HardTanh>("hard tanh");
        $check::<HardSigmoid>("hard sigmoid");
        $check::<Softsign>("softsign");
        $check::<Softplus>("softplus");
        $check::<Silu>("SiLU");
        $check::<Mish>("Mish");
        $check::<Gelu>("GELU");
        $check::<GeluTanh>("GELU, tanh");
        $check::<Elu>("ELU");
        $check::<Elu<1, 2>>("ELU, a = 1/2");
        $check::<Selu>("SELU");
        $check::<Celu<1, 2>>("CELU, a = 1/2");
        $check::<QuickGelu>("quick GELU");
        $check::<LogSigmoid>("log sigmoid");
        $check::<HardSwish>("hard swish");
        $check::<HardSigmoid<1, 4, 3, 5>>("hard sigmoid with settings");
        $check::<HardTanh<-1, 3, 2>>("hard tanh with limits");
        $check::<Clamp<-1, { i32::MAX }>>("clamp from below");
        $check::<Clamp<-3, 1, 2>>("clamp");
        $check::<Relu6>("ReLU6");
        $check::<Abs>("absolute value");
        $check::<Sin>("sine");
        $check::<Cos>("cosine");
        $check::<Erf>("error function");
    };
}

/// Runs a check for each activation that is (nearly) constant around zero.
macro_rules! for_each_flat_activation {
    ($check:ident) => {
        $check::<HardShrink>("hard shrink");
        $check::<SoftShrink<3, 2>>("soft shrink");
        $check::<TanhShrink>("tanh shrink");
        $check::<ThresholdedRelu>("thresholded ReLU");
        $check::<Threshold<-1, 5, 4>>("threshold");
        $check::<Clamp<1, 3>>("clamp to positive numbers");
        $check::<chainrule::layer::Square>("square");
    };
}

trait Each: Activation + Maps<Input, Input> {}
impl<A: Activation + Maps<Input, Input>> Each for A {}

/// LeCun's weights leave q as it is, so that the constants show each moment: that of the slope by itself, that of the
/// square through an RMS norm behind the activation, and that of the mean through a layer norm.
fn check_moments<A: Each>(name: &str) {
    check_moments_to::<A>(name, 0.0);
}

/// Of a function that is flat around zero next to nothing passes for a small q: there a series is off by the terms that
/// are left out, of at most 1e-9 each.
fn check_flat_moments<A: Each>(name: &str) {
    check_moments_to::<A>(name, 3e-8);
}

fn check_moments_to<A: Each>(name: &str, absolute: f64) {
    let lecun = Initializer::lecun_normal();
    for at in 0..=30 {
        let q = 10_f64.powf(-4.0 + 0.2 * f64::from(at));
        let [expected_slope, expected_square] =
            [MeanField::<A>::derivative_square(q), MeanField::<A>::output_square(q)];
        if absolute > 0.0 && (expected_slope < 1e-6 || expected_square < 1e-6 * q) {
            continue; // there is nothing to divide
        }
        let slope = share::<(Square, A, Square)>(lecun, q);
        let square =
            slope / share::<(Square, A, RmsNorm<Input>, Square)>(lecun, q) - RmsNorm::<Input>::EPSILON;
        let variance =
            slope / share::<(Square, A, LayerNorm<Input>, Square)>(lecun, q) - LayerNorm::<Input>::EPSILON;
        let expected_mean = MeanField::<A>::output_mean(q);
        assert!(
            (slope - expected_slope).abs() < 1e-6 * expected_slope + absolute,
            "{name}, slope at {q}: {slope}, not {expected_slope}"
        );
        assert!(
            (square - expected_square).abs() < 1e-6 * expected_square + absolute * q,
            "{name}, square at {q}: {square}, not {expected_square}"
        );
        let off = (square - variance - expected_mean.powi(2)).abs();
        assert!(off < 2e-6 * expected_square + 2.0 * absolute * q, "{name}, mean at {q}: off by {off}");
    }
}

#[test]
fn the_moments_of_every_activation_are_those_of_the_theory_to_1e_6() {
    for_each_activation!(check_moments);
    for_each_flat_activation!(check_flat_moments);
}

/// The weights and biases of each scheme, the product of all χ: the recursion in `theory`, which integrates
/// numerically.
fn check_plain<A: Each>(name: &str) {
    for initializer in [
        Initializer::glorot_uniform(),
        Initializer::glorot_normal().gain(1.5),
        Initializer::he_uniform(),
        Initializer::he_normal().gain(0.5),
        Initializer::lecun_uniform().gain(1.0 / 3.0_f64.sqrt()),
        Initializer::lecun_normal().bias_normal(0.3),
        Initializer::orthogonal().gain(1.2),
    ] {
        let field = MeanField::<A>::of(initializer).unwrap();
        // Where q has left 1e-4 .. 1e4 the series are less accurate.
        let first = field.first(2.0);
        let expected = field.gradient_ratio(first, 10);
        let found = share::<(Square, [(A, Square); 10])>(initializer, 2.0);
        let inside = field.variances(first).take(10).all(|q| (1e-4..1e4).contains(&q));
        let tolerance = if inside { 2e-5 } else { 0.05 };
        assert!(
            (found / expected - 1.0).abs() < tolerance,
            "{name}, {initializer:?}: {found}, not {expected}"
        );
    }
}

#[test]
fn plain_stacks_have_the_product_of_all_chi() {
    for_each_activation!(check_plain);
}

#[test]
fn residual_blocks_have_the_growth_of_the_theory() {
    for (initializer, gain) in [(Initializer::glorot_uniform(), 1.0), (Initializer::he_normal(), 2.0)] {
        let branch = MeanField::<Tanh>::of(initializer).unwrap();
        let growth = ResidualField { branch, scale: gain }.gradient_growth(gain * 0.7, 30);
        // Behind the first layer, whose gradient is the end, and with the W of the last.
        type Net = (Square, [Residual<(Square, Tanh, Square)>; 30]);
        assert_relative_eq!(share::<Net>(initializer, 0.7), growth, max_relative = 1e-5);
    }
    // x + relu(W x): the branch has a mean, and the squares add up with a mixed term, which ReLU's gradient ignores.
    let blocks = share::<(Square, [Residual<(Square, Relu)>; 30])>(Initializer::he_normal(), 1.0);
    assert_relative_eq!(blocks, 2.0_f64.powi(30), max_relative = 1e-9);
}

#[test]
fn a_residual_branch_behind_its_relu_has_a_mean() {
    // E[relu(√s z)] = √(s / 2π), and the mean square of that is s / 2, with Glorot's weights.
    let (mut s, mut m) = (1.0_f64, 0.0);
    for _ in 0..5 {
        let branch = (s / (2.0 * std::f64::consts::PI)).sqrt();
        (s, m) = (s + 0.5 * s + 2.0 * m * branch, m + branch);
    }
    let plain = share::<(Square, [Residual<(Square, Relu)>; 5], Square)>(Initializer::glorot_uniform(), 1.0);
    let normed = share::<(Square, [Residual<(Square, Relu)>; 5], RmsNorm<Input>, Square)>(
        Initializer::glorot_uniform(),
        1.0,
    );
    assert_relative_eq!(plain / normed, s + f64::from(f32::EPSILON), max_relative = 1e-9);
    let layer = share::<(Square, [Residual<(Square, Relu)>; 5], LayerNorm<Input>, Square)>(
        Initializer::glorot_uniform(),
        1.0,
    );
    assert_relative_eq!(plain / layer, s - m * m + 1e-5, max_relative = 1e-9);
}

#[test]
fn batch_norms_make_gradients_explode_as_yang_et_al_compute() {
    // "A mean field theory of batch normalization", ICLR 2019, section 3.1: π / (π - 1) for ReLU and large batches,
    // whatever the weights are.
    type Block = (Square, BatchNorm<64>, Relu);
    type Net<const N: usize> = ([Block; N], Square);
    let rate = |initializer| share::<Net<12>>(initializer, 1.0) / share::<Net<11>>(initializer, 1.0);
    let expected = std::f64::consts::PI / (std::f64::consts::PI - 1.0);
    // ε = 1e-5 in the variance.
    assert_relative_eq!(rate(Initializer::glorot_uniform()), expected, max_relative = 1e-4);
    assert_relative_eq!(rate(Initializer::he_normal().gain(3.0)), expected, max_relative = 1e-4);
    // Linear networks: only the weights, which the norm compensates.
    type Linear = [(Square, BatchNorm<64>); 20];
    assert_relative_eq!(share::<Linear>(Initializer::he_normal(), 1.0), 1.0, max_relative = 1e-3);
}

#[test]
fn norms_dropout_and_shared_layers_are_what_their_formulas_say() {
    let (glorot, he) = (Initializer::glorot_uniform(), Initializer::he_normal());
    // A norm behind weights of σw² = 2 divides by the 2 that they bring.
    type Normed = (Square, [(LayerNorm<Input>, Square); 10]);
    assert_relative_eq!(share::<Normed>(he, 1.0), 1.0, max_relative = 1e-3);
    // Then tanh sees q = 1, whatever the weights are.
    let slope = MeanField::<Tanh>::derivative_square(1.0);
    type Between = ([(Square, LayerNorm<Input>, Tanh); 10], Square);
    let square = MeanField::<Tanh>::output_square(1.0);
    // .. and takes back the square of tanh and of W; the first norm is behind the inputs' square of 1.
    let expected = slope.powi(10) / square.powi(9);
    assert_relative_eq!(share::<Between>(glorot, 1.0), expected, max_relative = 1e-3);
    // Blocks whose output is like the data: the first has a layer of weights less between the first and the last.
    type Block = (Square, Tanh, RmsNorm<Input>);
    let steep = Initializer::lecun_normal().gain(1.5);
    let [slope, square] =
        [MeanField::<Tanh>::derivative_square(2.25), MeanField::<Tanh>::output_square(2.25)];
    let block = 2.25 * slope / square;
    assert_relative_eq!(share::<([Block; 10], Square)>(steep, 1.0), block.powi(10), max_relative = 1e-3);
    // A share of 3/4 remains, each 4/3 as large.
    type Dropped = (Square, [(Dropout<25>, Square); 6]);
    assert_relative_eq!(share::<Dropped>(glorot, 1.0), (4.0_f64 / 3.0).powi(6), max_relative = 1e-9);
    // PReLU starts at 1/4.
    assert_relative_eq!(share::<(Square, PRelu, Square)>(he, 1.0), 1.0 + 1.0 / 16.0, max_relative = 1e-12);
    // The same layer again and again counts as different layers do.
    type Shares = (Square, Shared<(Tanh, Square), 10>);
    assert_relative_eq!(share::<Shares>(glorot, 1.0), share::<(Square, [(Tanh, Square); 10])>(glorot, 1.0));
    // Of twice as many outputs, 3/4 of them through weights of σw² = 2, behind a layer of weights with 1/128 each.
    type Wide = Concat<(Identity, Linear<64, 192>)>;
    let expected = 0.25 + 0.75 * 2.0;
    assert_relative_eq!(
        share::<(Square, Wide, Linear<256, 64>)>(he, 1.0),
        expected * 2.0,
        max_relative = 1e-12
    );
}

#[test]
fn gates_noise_and_lines_are_what_their_formulas_say() {
    let lecun = Initializer::lecun_normal();
    // y = a g(b): dR/da = g dy and dR/db = a g' dy, with E[a²] = q.
    for q in [0.01, 0.5, 4.0] {
        let gate = |square: f64, slope: f64| square + q * slope;
        let glu = gate(MeanField::<Sigmoid>::output_square(q), MeanField::<Sigmoid>::derivative_square(q));
        assert_relative_eq!(share::<(Square, Glu, Linear<32, 64>)>(lecun, q), glu, max_relative = 1e-6);
        let square = q * MeanField::<Silu>::output_square(q);
        type Plain = (Square, SwiGlu, Linear<32, 64>);
        type Normed = (Square, SwiGlu, RmsNorm<Vector<32>>, Linear<32, 64>);
        let ratio = share::<Plain>(lecun, q) / share::<Normed>(lecun, q) - RmsNorm::<Input>::EPSILON;
        assert_relative_eq!(ratio, square, max_relative = 1e-6);
    }
    // q becomes q + σ², and the gradient stays.
    type Noisy = (Square, GaussianNoise<1, 2>, Square);
    type NoisyNormed = (Square, GaussianNoise<1, 2>, RmsNorm<Input>, Square);
    assert_relative_eq!(share::<Noisy>(lecun, 0.7), 1.0, max_relative = 1e-12);
    assert_relative_eq!(1.0 / share::<NoisyNormed>(lecun, 0.7), 0.95, max_relative = 1e-6);
    type Multiplied = (Square, [(GaussianDropout<25>, Square); 6]);
    assert_relative_eq!(share::<Multiplied>(lecun, 1.0), (4.0_f64 / 3.0).powi(6), max_relative = 1e-9);
    // Mean 0 and variance 1 stay, which a layer norm sees: a² q = 1 / (1 + α'² (1 - q)) remains of the gradient.
    type Alpha = (Square, AlphaDropout<20>, Square);
    type AlphaNormed = (Square, AlphaDropout<20>, LayerNorm<Input>, Square);
    let expected = 1.0 / (1.0 + 0.2 * 1.758_099_340_847_376_8_f64.powi(2));
    assert_relative_eq!(share::<Alpha>(lecun, 1.0), expected, max_relative = 1e-9);
    let variance = share::<Alpha>(lecun, 1.0) / share::<AlphaNormed>(lecun, 1.0) - 1e-5;
    assert_relative_eq!(variance, 1.0, max_relative = 1e-9);
    // Straight lines are known for data that are not normal.
    type Lines = (Scale<-3, 2>, Shift<1, 2>, Scale<2>, Square, Tanh, Square);
    let slope = MeanField::<Tanh>::derivative_square(9.0 * 0.7 + 1.0);
    assert_relative_eq!(share::<Lines>(lecun, 0.7), slope, max_relative = 1e-6);
    // A new affine layer is the identity, except for random biases.
    let plain = share::<(Square, Affine<64>, Tanh, Square)>(lecun, 0.7);
    assert_relative_eq!(plain, MeanField::<Tanh>::derivative_square(0.7), max_relative = 1e-6);
    let shifted = share::<(Square, Affine<64>, Tanh, Square)>(lecun.bias_normal(0.5), 0.7);
    assert_relative_eq!(
        shifted,
        MeanField::<Tanh>::derivative_square(0.7 + 0.25 + 0.25),
        max_relative = 1e-6
    );
    // Part of the network that is in evaluation mode has no noise, and theory does not look into it.
    let evaluated = expected_flow_with::<(Square, Evaluate<GaussianNoise>, Square), Input>(lecun, 1.0);
    assert_eq!(evaluated.state, chainrule::ExpectedState::NotKnown);
}

#[test]
fn convolutions_count_their_fan_in_and_pools_their_windows() {
    let flow = |he| {
        type Net = (Conv2d<3, 8, 3, 1, 1>, [(Relu, Conv2d<8, 8, 3, 1, 1>); 5], MaxPool2d<2>, Conv2d<8, 4, 3>);
        expected_flow_with::<Net, Image<3, 16, 16>>(he, 1.0)
    };
    assert_relative_eq!(flow(Initializer::he_normal()).share.powi(2), 2.0, max_relative = 1e-12);
    assert_eq!(flow(Initializer::he_normal()).layers, 7);
    type Mean = (Conv2d<3, 8, 3>, GlobalAvgPool, Linear<8, 8>);
    let mean = expected_flow::<Mean, Image<3, 6, 6>>();
    assert_relative_eq!(mean.share.powi(2), 1.0 / 16.0, max_relative = 1e-12);
    // Each output of the second sums over 8 · 4 · 4 / 4 numbers, with Glorot's variance of 2 / (2 · 8 · 16).
    type Enlarged = (Conv2d<3, 8, 3, 1, 1>, TransposedConv2d<8, 8, 4, 2, 1>);
    let enlarged = expected_flow::<Enlarged, Image<3, 6, 6>>();
    assert_relative_eq!(enlarged.share.powi(2), 32.0 / 128.0, max_relative = 1e-12);
    // He's weights have a variance of 2 / fan-in, so that the groups do not matter.
    type Grouped = (
        Conv2dWith<3, 8, (Kernel<3>, Same)>,
        [(Relu, Conv2dWith<8, 8, (Kernel<3>, Dilation<2>, Same, Groups<4>)>); 5],
        MaxPool2d<2>,
        Conv2dWith<8, 4, (Kernel<3>, Groups<2>)>,
    );
    let grouped = expected_flow_with::<Grouped, Image<3, 16, 16>>(Initializer::he_normal(), 1.0);
    assert_relative_eq!(grouped.share.powi(2), 2.0, max_relative = 1e-12);
    // As above with two groups: 4 · 4 · 4 / 4 numbers, with Glorot's variance of 2 / (2 · 4 · 16).
    type Halves =
        (Conv2d<3, 8, 3, 1, 1>, TransposedConv2dWith<8, 8, (Kernel<4>, Stride<2>, Padding<1>, Groups<2>)>);
    assert_relative_eq!(
        expected_flow::<Halves, Image<3, 6, 6>>().share.powi(2),
        16.0 / 64.0,
        max_relative = 1e-12
    );
}

/// Weights near 0: the gate is σ of its bias, and the branch gives 0, so that a block carries 1 - t and nothing else.
#[test]
fn a_highway_block_carries_what_its_gate_leaves() {
    fn check<const BIAS: i32>() {
        type Net<const BIAS: i32> = (Square, [Highway<(Square, Tanh), 64, BIAS>; 10]);
        let tiny = Initializer::normal(0.0, 1e-9).bias_constant(0.3); // which is not that of the gates
        let rest = 1.0 / (1.0 + f64::from(BIAS).exp());
        let flow = expected_flow_with::<Net<BIAS>, Input>(tiny, 1.0);
        // The gate's own path has (F - x)² σ'² n Var(W) = 1e-17.
        assert_relative_eq!(flow.share, rest.powi(10), max_relative = 1e-6);
        assert_eq!(flow.layers, 11);
    }
    check::<-4>();
    check::<-2>();
    check::<0>();
    check::<2>();
    type Half = (Square, [Highway<(Square, Tanh), 64, 0>; 30]);
    let flow = expected_flow::<Half, Input>();
    assert_eq!(flow.state, ExpectedState::Vanishing);
    assert!(flow.message().contains("Cure: a smaller `GATE_BIAS` of the highway blocks"), "{flow}");
}

#[test]
fn a_thousand_blocks_are_computed_at_their_fixed_point() {
    // In one step where q no longer changes, and block by block where it does: at the edge of tanh.
    type Sigmoids = (Square, [(Sigmoid, Square); 1000]);
    let field = MeanField::<Sigmoid>::of(Initializer::default()).unwrap();
    let flow = expected_flow::<Sigmoids, Input>();
    assert_relative_eq!(flow.rate, field.gradient_rate(), max_relative = 1e-3); // q starts at 1
    assert_relative_eq!(flow.depth_scale, field.depth_scale(), max_relative = 1e-3);
    assert_eq!((flow.share, flow.layers), (0.0, 1001));
    assert!(flow.message().contains("from `1.999.1` back to `0` theory expects it to shrink to 9.1e-628 of"));
    type Tanhs = (Square, [(Tanh, Square); 1000]);
    let ratio = MeanField::<Tanh>::of(Initializer::default()).unwrap().gradient_ratio(1.0, 1000);
    assert_relative_eq!(share::<Tanhs>(Initializer::default(), 1.0), ratio, max_relative = 1e-4);
}

/// Uniform numbers of mean square 1.
fn random<const N: usize>(samples: usize, rng: &mut impl Rng) -> Vec<Vector<N, f64>> {
    let mut number = |_| 12.0_f64.sqrt() * (rng.random::<f64>() - 0.5);
    (0..samples).map(|_| Vector(std::array::from_fn(&mut number))).collect()
}

/// Measures |dR/dZ| of the first layer of weights over that of the last, for a random gradient of the output: the
/// geometric mean of `networks` networks.
fn measured<N, const WIDTH: usize>(initializer: Initializer, samples: usize, networks: usize) -> f64
where
    N: Maps<Vector<WIDTH, f64>, Vector<WIDTH, f64>>,
{
    let mut rng = rng(5);
    let logs = (0..networks).map(|_| {
        let network = N::init_with(initializer, &mut rng);
        let (inputs, output_grad) = (random::<WIDTH>(samples, &mut rng), random::<WIDTH>(samples, &mut rng));
        let (mut gradient, mut workspace) = (N::zeros(), Workspace::default());
        let mut hook = FlowHook::new::<N, Vector<WIDTH, f64>>(FlowOptions::LIGHT);
        network
            .loss_gradient_with_hook(
                &Along,
                &inputs,
                &output_grad,
                &mut workspace,
                &mut gradient,
                &mut rng,
                &mut hook,
            )
            .unwrap();
        let flow = Flow { loss: None, samples, expected: None, layers: hook.into_layers() };
        flow.steps().iter().map(|step| step.gain.ln()).sum::<f64>()
    });
    (logs.sum::<f64>() / networks as f64).exp()
}

/// Eight networks of ten layers of 64 units. The logarithm of the gradient's length has, of one network, a deviation of
/// at most √(5 · 10 / 64) / 2 = 0.44 (Hanin & Nica 2020, for ReLU), so that of the mean of the eight is 0.16, and its
/// mean is 5 · 10 / 64 / 4 = 0.20 below that of the theory. Four deviations and that are 0.82, for a layer 8 %. The
/// example `expected_flow` has many more networks, of 256 units, to 3 %.
#[test]
fn the_expected_rate_is_the_measured_one() {
    type W = Linear<64, 64, f64>;
    type V = Vector<64, f64>;
    fn check<N: Maps<V, V>>(initializer: Initializer, samples: usize) {
        let expected = expected_flow_with::<N, V>(initializer, 1.0);
        let found = measured::<N, 64>(initializer, samples, 8);
        let off = (expected.share / found).ln();
        assert!(off.abs() < 0.82, "{initializer:?}: expected {}, measured {found}", expected.share);
    }
    check::<(W, [(Tanh, W); 10])>(Initializer::glorot_uniform(), 4);
    check::<(W, [(Sigmoid, W); 10])>(Initializer::he_normal().bias_normal(0.5), 4);
    check::<(W, [Residual<(W, Relu)>; 10])>(Initializer::he_normal(), 4);
    check::<(W, [Highway<(W, Tanh), 64, -2, f64>; 10], W)>(Initializer::glorot_uniform(), 4);
    check::<(W, [Highway<(W, Relu), 64, -1, f64>; 10], W)>(Initializer::he_normal(), 4);
    check::<(W, [Highway<(W, Relu), 64, 1, f64>; 10], W)>(Initializer::he_normal(), 4);
    check::<([(W, BatchNorm<64, f64>, Relu); 10], W)>(Initializer::glorot_uniform(), 32);
    check::<(W, [(Glu, Linear<32, 64, f64>); 10])>(Initializer::lecun_normal().gain(1.8), 4);
    check::<(W, [(Selu, AlphaDropout<20>, W); 10])>(Initializer::lecun_normal(), 4);
    check::<(W, [(Tanh, GaussianNoise<1, 2>, W); 10])>(Initializer::glorot_uniform(), 4);
}
