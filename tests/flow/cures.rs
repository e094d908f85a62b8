//! 74 networks whose gradients do not flow: each cure that a verdict names is applied, and moves the rate towards 1.

use chainrule::flow::{Flow, FlowHook, FlowOptions, FlowState, Verdict};
use chainrule::layer::{Parameter, Plan, Role, View, ViewMut, Visitor, visit};
use chainrule::prelude::*;
use chainrule::rand::RngExt;
use chainrule::{ExpectedState, expected_flow_with};

const N: usize = 32;
type L = Linear<N, N>;
type C = Conv2d<4, 4, 3, 1, 1>;
type Stack<B, const D: usize> = (Linear<16, N>, [B; D], Linear<N, 10>);
type Images<B, const D: usize> = (Conv2d<1, 4, 3, 1, 1>, [B; D], Dense<Image<4, 8, 8>, Vector<10>>);

/// Half of the outputs come from each branch.
type Halves<F, G> = Concat<(F, G)>;
type Half = Linear<N, 16>;
type Rms = RmsNorm<Vector<N>>;
type RmsImage = RmsNorm<Image<4, 8, 8>>;

/// y = t tanh(W x) + (1 - t) x with the gate t = σ(V x + c) (Srivastava, Greff, Schmidhuber, "Highway networks", 2015).
#[derive(Parameters)]
#[parameters(name = "Highway<{STATES_ITS_CURE}>")]
struct Highway<const STATES_ITS_CURE: usize> {
    #[parameter(weight, fan_in = N, fan_out = N)]
    weight: [Vector<N>; N],
    #[parameter(weight, fan_in = N, fan_out = N)]
    gate: [Vector<N>; N],
    #[parameter(bias)]
    gate_bias: Vector<N>,
}

impl<const CURE: usize> Highway<CURE> {
    /// Returns tanh(W x) and t.
    fn terms(&self, x: &Vector<N>) -> [Vector<N>; 2] {
        let (mut h, mut t): (Vector<N>, _) = (Vector::default(), self.gate_bias);
        for i in 0..N {
            for j in 0..N {
                h[j] += self.weight[i][j] * x[i];
                t[j] += self.gate[i][j] * x[i];
            }
        }
        h.0.iter_mut().for_each(|h: &mut f32| *h = h.tanh());
        t.0.iter_mut().for_each(|t| *t = 1.0 / (1.0 + (-*t).exp()));
        [h, t]
    }
}

impl<const CURE: usize> Layer<Vector<N>> for Highway<CURE> {
    type Output = Vector<N>;

    const PLAN: Plan = {
        let plan = Plan::leaf::<Vector<N>, Self>();
        if CURE > 0 { plan.cure(GATE) } else { plan }
    };

    fn forward(&self, input: &[Vector<N>], output: &mut [Vector<N>], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        for (x, y) in input.iter().zip(output) {
            let [h, t] = self.terms(x);
            (0..N).for_each(|i| y[i] = t[i] * h[i] + (1.0 - t[i]) * x[i]);
        }
    }

    fn backward(&self, mut pass: Backward<'_, Vector<N>, Self>) {
        for (at, (x, dy)) in pass.input.iter().zip(pass.output_grad).enumerate() {
            let [h, t] = self.terms(x);
            let mut dx = Vector::default();
            for j in 0..N {
                let dh = dy[j] * t[j] * (1.0 - h[j] * h[j]);
                let dt = dy[j] * (h[j] - x[j]) * t[j] * (1.0 - t[j]);
                dx[j] += dy[j] * (1.0 - t[j]);
                pass.gradient.gate_bias[j] += dt;
                for i in 0..N {
                    pass.gradient.weight[i][j] += dh * x[i];
                    pass.gradient.gate[i][j] += dt * x[i];
                    dx[i] += self.weight[i][j] * dh + self.gate[i][j] * dt;
                }
            }
            if let Some(all) = &mut pass.input_grad {
                all[at] = dx;
            }
        }
    }
}

const GATE: &str = "a bias of -4 for each gate, so that it carries more";

/// What is done to a new network.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Nothing,
    /// The last weights of each block are divided by this.
    Divide(f32),
    /// Each gate gets this bias.
    Gates(f32),
    /// All biases are multiplied by this.
    Biases(f32),
}

fn measure<X: Tensor<Scalar = f32>, Net: Maps<X, Vector<10>>>(init: Initializer, then: Then) -> Flow {
    let mut net = Net::init_with(init, &mut rng(11));
    prepare(&mut *net, then);
    let (mut inputs, mut random) = (vec![X::zeroed(); 32], rng(12));
    for x in X::flat_mut(&mut inputs) {
        *x = 12f32.sqrt() * (random.random::<f32>() - 0.5);
    }
    let labels: Vec<Label<10>> = (0..32).map(|at| Label::new(at % 10).unwrap()).collect();
    // Without singular values, which cost most of the time.
    let (mut gradient, mut workspace, mut hook) =
        (Net::zeros(), Workspace::default(), FlowHook::new::<Net, X>(FlowOptions::LIGHT));
    let (loss, random) = (CrossEntropy::default(), &mut rng(0));
    let loss = net
        .loss_gradient_with_hook(&loss, &inputs, &labels, &mut workspace, &mut gradient, random, &mut hook)
        .unwrap();
    Flow { loss: Some(loss), samples: 32, expected: None, layers: hook.into_layers() }
}

fn prepare<Net: Parameters>(net: &mut Net, then: Then) {
    let mut last = Last(Vec::new());
    visit([View::of(net)], [], &mut last);
    visit([], [ViewMut::of(net)], &mut Change { then, last: last.0 });
}

/// The path of the last weight of each block: each block's index, and the path.
struct Last(Vec<(String, String)>);

impl Visitor<1, 0> for Last {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, _: [&[T]; 1], []: [&mut [T]; 0]) {
        let path = parameter.path.to_string();
        let Some((block, _)) = path.strip_prefix("1.").and_then(|rest| rest.split_once('.')) else { return };
        if matches!(parameter.role, Role::Weight { .. }) && !path.contains("shortcut") {
            self.0.pop_if(|(other, _)| other == block);
            self.0.push((block.into(), path));
        }
    }
}

struct Change {
    then: Then,
    last: Vec<(String, String)>,
}

impl Visitor<0, 1> for Change {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [numbers]: [&mut [T]; 1]) {
        let path = parameter.path.to_string();
        match self.then {
            Then::Divide(by) if self.last.iter().any(|(_, last)| *last == path) => {
                numbers.iter_mut().for_each(|w| *w /= T::from_f64(by.into()));
            }
            Then::Biases(by) if path.ends_with("bias") => {
                numbers.iter_mut().for_each(|w| *w *= T::from_f64(by.into()))
            }
            Then::Gates(bias) if path.ends_with("gate_bias") => numbers.fill(T::from_f64(bias.into())),
            _ => {}
        }
    }
}

/// The variants of a network by which its cures are applied.
struct Variants {
    depth: usize,
    plain: fn(Initializer, Then) -> Flow,
    /// `Residual<..>` around each block.
    skips: fn(Initializer, Then) -> Flow,
    /// Tanh instead of each activation.
    tanh: fn(Initializer, Then) -> Flow,
    /// An RMS norm before each block.
    norm: fn(Initializer, Then) -> Flow,
    /// Other branches: with the activation inside, or with a norm at their start.
    branches: fn(Initializer, Then) -> Flow,
}

impl Variants {
    /// Applies a cure, as its words say.
    fn apply(&self, cure: &str, init: Initializer) -> Flow {
        let root = Then::Divide((self.depth as f32).sqrt());
        if let Some(rest) = cure.strip_prefix("weights ") {
            let (factor, _) = rest.split_once(" times as large (`Initializer::gain`)").unwrap();
            (self.plain)(init.gain(factor.parse().unwrap()), Then::Nothing)
        } else if cure.starts_with("an activation with a larger slope (Tanh;") {
            (self.tanh)(init, Then::Nothing)
        } else if cure.ends_with("`Residual<..>` around each block") {
            (self.skips)(init, Then::Nothing)
        } else if cure.ends_with(
            "with the last weights of each block divided by the square root of the number of blocks",
        ) {
            (self.skips)(init, root)
        } else if cure.starts_with("make each branch smaller: its last weights divided by the square root") {
            (self.plain)(init, root)
        } else if cure == "an `RmsNorm` between the layers" {
            (self.norm)(init, Then::Nothing)
        } else if cure == "a norm at the start of each branch"
            || cure.starts_with("move g into the branches, before their weights")
        {
            (self.branches)(init, Then::Nothing)
        } else if cure == "smaller weights" {
            (self.plain)(init.gain(0.2), Then::Nothing)
        } else if cure == "smaller biases" {
            (self.plain)(init, Then::Biases(0.05))
        } else if cure == GATE {
            (self.plain)(init, Then::Gates(-4.0))
        } else {
            panic!("no test has tried this cure: {cure}")
        }
    }
}

/// Rates, cures and failures.
#[derive(Default)]
struct Table {
    faulty: usize,
    cures: usize,
    /// How many faulty networks have a layer for which no cure is known.
    without: usize,
    /// How many cures at compile time are the same.
    compared: usize,
    rows: String,
    failures: Vec<String>,
}

impl Table {
    fn row(&mut self, name: &str, init: (&str, Initializer), variants: &Variants, expected: Option<String>) {
        let before = (variants.plain)(init.1, Then::Nothing);
        let (rate, before) = (rate(&before), before.verdict());
        let name = format!("{name}, {} layers, {}", variants.depth, init.0);
        self.rows += &format!("{name}: {} {rate:.3} {:?}\n", before.state, before.cause);
        if before.state == FlowState::Healthy {
            return;
        }
        self.faulty += 1;
        if let Some(expected) = expected.filter(|text| says(text, &before))
            && let Some((_, cure)) = expected.split_once("Cure: ")
        {
            self.compared += 1;
            if without_numbers(cure) != without_numbers(&before.cure) {
                self.failures.push(format!("{name}: {}, and at compile time: {cure}", before.cure));
            }
        }
        if before.cure.starts_with("no cure is known") {
            self.without += 1;
            return;
        }
        // The inputs here are standardized.
        for cure in before.cure.split("; or ").filter(|cure| *cure != "standardized inputs") {
            let after = variants.apply(cure, init.1);
            let (new, after) = (self::rate(&after), after.verdict());
            self.cures += 1;
            self.rows += &format!("    {new:.3} {:9} {}\n", after.state, cure);
            // By a tenth at least: scaling weights before a batch norm, which cures nothing, moves it by 3 % of its
            // logarithm, because ε and the biases do not scale. (`<` does not hold for a rate that is NaN.)
            let nearer = new.ln().abs() < 0.9 * rate.ln().abs();
            if !nearer {
                self.failures.push(format!("{name}: {before}\n    gives {new:.3}: {after}"));
            }
        }
    }
}

/// Returns by what a gradient is multiplied from one layer of weights to the one before it: a geometric mean.
fn rate(flow: &Flow) -> f64 {
    let steps = flow.steps();
    steps.iter().map(|step| step.gain).product::<f64>().powf(1.0 / steps.len() as f64)
}

/// Returns whether this is what theory expects, too: the same state by the same cause.
fn says(expected: &str, measured: &Verdict) -> bool {
    let state = if measured.state == FlowState::Vanishing { "vanishes" } else { "explodes" };
    let cause = measured.cause.map_or(String::new(), |cause| cause.to_string());
    expected.contains(state) && expected.contains(&format!("{cause}. Cure: "))
}

fn without_numbers(cure: &str) -> String {
    cure.chars().filter(|c| !c.is_ascii_digit() && *c != '.').collect()
}

macro_rules! tried {
    ($table:ident, $net:ident, $input:ty, $depth:literal, $inits:expr, $block:ty, tanh $tanh:ty, norm $norm:ty, branches $branches:ty) => {
        let variants = Variants {
            depth: $depth,
            plain: measure::<$input, $net<$block, $depth>>,
            skips: measure::<$input, $net<Residual<$block>, $depth>>,
            tanh: measure::<$input, $net<$tanh, $depth>>,
            norm: measure::<$input, $net<($norm, $block), $depth>>,
            branches: measure::<$input, $net<$branches, $depth>>,
        };
        for (name, init) in $inits {
            let flow = expected_flow_with::<$net<$block, $depth>, $input>(init, 1.0);
            let known = flow.state != ExpectedState::NotKnown;
            let expected = known.then(|| flow.message().to_string());
            $table.row(stringify!($block), (name, init), &variants, expected);
        }
    };
    ($table:ident, $depth:literal, $inits:expr, $block:ty, branches $branches:ty) => {
        tried!($table, Stack, Vector<16>, $depth, $inits, $block, tanh (Tanh, L), norm Rms, branches $branches);
    };
    ($table:ident, $depth:literal, $inits:expr, $block:ty) => {
        tried!($table, $depth, $inits, $block, branches Residual<(Tanh, L)>);
    };
    ($table:ident, images, $depth:literal, $inits:expr, $block:ty) => {
        tried!($table, Images, Image<1, 8, 8>, $depth, $inits, $block, tanh (Tanh, C), norm RmsImage, branches Residual<(Tanh, C)>);
    };
}

#[test]
fn every_cure_moves_the_rate_towards_one() {
    let (he, lecun, glorot) =
        (Initializer::he_normal(), Initializer::lecun_normal(), Initializer::glorot_uniform());
    let pytorch = ("PyTorch's", Initializer::lecun_uniform().gain(1.0 / 3f64.sqrt()));
    let small = ("0.1 He", he.gain(0.1));
    let large = ("2 He", he.gain(2.0));
    let some = [("Glorot", glorot), pytorch, large];
    let mut table = Table::default();

    // Plain.
    tried!(table, 30, [pytorch, small, large], L);
    tried!(table, 20, [("Glorot", glorot), ("2 LeCun", lecun.gain(2.0)), pytorch], (Sigmoid, L));
    tried!(table, 30, [pytorch, ("2 LeCun", lecun.gain(2.0)), ("6 LeCun", lecun.gain(6.0))], (Tanh, L));
    tried!(table, 30, some, (Relu, L));
    tried!(table, 10, [("0.8 He", he.gain(0.6)), ("orthogonal", Initializer::orthogonal())], (Relu, L));
    tried!(table, 40, [("0.9 He", he.gain(0.9)), ("1.1 He", he.gain(1.1))], (Relu, L));
    tried!(table, 20, some, (LeakyRelu, L));
    tried!(table, 20, some, (PRelu, L));
    tried!(table, 20, some, (Gelu, L));
    tried!(table, 20, some, (Silu, L));
    tried!(table, 20, some, (Elu, L));
    tried!(table, 20, some, (Softplus, L));
    tried!(table, 20, some, (HardTanh, L));
    tried!(table, 20, some, (HardSigmoid, L));
    tried!(table, 20, some, (Softsign, L));
    tried!(table, 30, [("He", he), large], (Relu, L, Dropout<50>));
    tried!(table, 20, [("biases of 20", lecun.bias_normal(20.0))], (Tanh, L));
    tried!(table, 2, [("10 LeCun", lecun.gain(10.0))], (Tanh, L));

    // Residual.
    tried!(table, 30, [("He", he), large], Residual<(Relu, L)>, branches Residual<(Rms, Relu, L)>);
    tried!(table, 30, [("He", he), ("LeCun", lecun)], Residual<(L, Relu)>, branches Residual<(Rms, L, Relu)>);
    tried!(table, 20, [("1.5 He", he.gain(1.5))], Residual<(Relu, L, Relu, L)>, branches Residual<(Rms, Relu, L, Relu, L)>);
    tried!(table, 30, [("1.5 LeCun", lecun.gain(1.5)), ("LeCun", lecun)], Residual<(Tanh, L)>, branches Residual<(Rms, Tanh, L)>);
    tried!(
        table,
        40,
        [("half LeCun", lecun.gain(0.5)), ("2 LeCun", lecun.gain(2.0))],
        (Residual<L>, Tanh),
        branches(Residual<(Rms, L)>, Tanh)
    );
    tried!(table, 20, [("He", he), pytorch], Residual<(L, Relu, L), L>);
    let little = [("0.3 LeCun", lecun.gain(0.3))];
    tried!(table, Stack, Vector<16>, 30, little, (Residual<L>, Gelu), tanh (Tanh, L), norm Rms, branches Residual<(Gelu, L)>);
    tried!(table, Stack, Vector<16>, 30, little, (Residual<L>, Silu), tanh (Tanh, L), norm Rms, branches Residual<(Silu, L)>);

    // Concatenated.
    tried!(table, 20, [("1.8 LeCun", lecun.gain(1.8)), ("half LeCun", lecun.gain(0.5))], Halves<Half, (Half, Relu)>);
    tried!(table, 10, [("1.8 LeCun", lecun.gain(1.8)), ("half LeCun", lecun.gain(0.5))], Halves<(L, Relu, Half), (L, Relu, Half)>);

    // Gated by hand, and a softmax.
    tried!(table, 20, [("LeCun", lecun), ("half LeCun", lecun.gain(0.5))], Highway<1>);
    tried!(table, 20, [("LeCun", lecun)], Highway<0>);
    tried!(table, 10, [("Glorot", glorot), ("He", he)], (Softmax, L));

    // Normed.
    tried!(table, 30, [("He", he), small], (BatchNorm<N>, Relu, L));
    tried!(table, 40, [("He", he), small], (L, BatchNorm<N>, Relu));
    tried!(table, 30, [("He", he), large], (LayerNorm<Vector<N>>, Relu, L));
    tried!(table, 30, [("Glorot", glorot)], (L, Rms, Sigmoid));

    // Convolutional.
    tried!(table, images, 20, [("Glorot", glorot), ("2 He", he.gain(2.0))], (Relu, C));
    tried!(table, images, 20, [pytorch], (Tanh, C));
    tried!(table, images, 30, [("He", he)], (BatchNorm<4>, Relu, C));
    tried!(table, Images, Image<1, 8, 8>, 20, [("He", he)], Residual<(Relu, C)>, tanh (Tanh, C), norm RmsImage, branches Residual<(RmsImage, Relu, C)>);

    println!("{}", table.rows);
    let Table { faulty, cures, without, compared, .. } = table;
    println!("{faulty} faulty, {cures} cures, {without} without a known one, {compared} as at compile time");
    assert!(table.failures.is_empty(), "{}", table.failures.join("\n\n"));
    assert!(faulty >= 60 && without <= 1 && compared >= 40, "{faulty}, {without} and {compared}");
}
