//! Gradient flow through time, compared with closed forms.

use approx::assert_relative_eq;
use chainrule::flow::{Cause, Flow, FlowState, TimeFlow, VANISHING};
use chainrule::layer::Activation;
use chainrule::prelude::*;
use chainrule::rand::RngExt;
use chainrule::{ExpectedFlow, ExpectedState, Real, activation_layer, expected_flow, expected_flow_with};

use crate::along::Along;

/// g(x) = x.
#[derive(Clone, Copy, Default, Parameters)]
struct Straight;

impl Activation for Straight {
    #[inline(always)]
    fn apply<T: Real>(x: T) -> T {
        x
    }
    #[inline(always)]
    fn derivative<T: Real>(_: T, _: T) -> T {
        T::one()
    }
}
activation_layer!(Straight);

/// The flow of a batch through a layer of sequences, whose last step alone has a loss.
fn flow<const STEPS: usize, const IN: usize, const HIDDEN: usize, L>(
    layer: L,
    inputs: &[Sequence<STEPS, IN, f64>],
) -> Flow
where
    (L, LastStep): Maps<Sequence<STEPS, IN, f64>, Vector<HIDDEN, f64>>,
    L: Parameters,
{
    let targets = vec![Vector([0.3; HIDDEN]); inputs.len()];
    GradientFlow::flow(&(layer, LastStep), &MeanSquaredError, inputs, &targets).unwrap()
}

fn time(flow: &Flow) -> &TimeFlow {
    flow.layer("0").unwrap().time.as_ref().unwrap()
}

/// A few sequences of numbers between -1 and 1.
fn sequences<const STEPS: usize, const IN: usize>(samples: usize) -> Vec<Sequence<STEPS, IN, f64>> {
    let number = |sample: usize, step: usize, at: usize| ((31 * sample + 7 * step + 3 * at) as f64).sin();
    (0..samples)
        .map(|sample| {
            Sequence(std::array::from_fn(|step| std::array::from_fn(|at| number(sample, step, at))))
        })
        .collect()
}

/// U = ρ Q with an orthogonal Q: every step multiplies the length by ρ exactly.
#[test]
fn a_linear_rnn_with_scaled_orthogonal_weights_keeps_rho_to_the_steps() {
    for rho in [0.9, 1.0, 1.1] {
        type Net = Rnn<2, 16, Straight, f64>;
        let mut rnn = Net::init_with(Initializer::orthogonal().gain(rho), &mut rng(1));
        rnn.bias_ih = [0.1; 16];
        let flow = flow(rnn.into_inner(), &sequences::<50, 2>(4));
        let time = time(&flow);
        assert_eq!(time.gradients.len(), 50);
        assert_relative_eq!(time.share().unwrap(), rho.powi(49), max_relative = 1e-9);
        assert_relative_eq!(time.rate().unwrap(), rho, max_relative = 1e-9);
        assert_relative_eq!(time.slope().unwrap(), 1.0, max_relative = 1e-9);
        assert_relative_eq!(time.weight().unwrap(), rho, max_relative = 1e-9);
        assert!(time.carried.is_empty());
        let verdict = flow.verdict();
        let (state, cause) = match rho {
            0.9 => (FlowState::Vanishing, Some(Cause::Weights)),
            1.0 => (FlowState::Healthy, None),
            _ => (FlowState::Exploding, Some(Cause::Weights)),
        };
        assert_eq!((verdict.state, verdict.cause), (state, cause), "{verdict}");
        if rho > 1.0 {
            assert!(verdict.cure.contains("clip"), "{verdict}");
        }
    }
}

/// The identity as U and ReLU units that are all positive (Le, Jaitly, Hinton 2015) keep the gradient.
#[test]
fn an_irnn_with_positive_states_keeps_the_gradient() {
    let mut rnn = Rnn::<1, 8, Relu, f64>::zeros();
    for at in 0..8 {
        rnn.weight_hh[at][at] = 1.0;
    }
    rnn.bias_ih = [0.01; 8];
    let flow = flow(rnn.into_inner(), &sequences::<100, 1>(2));
    assert_relative_eq!(time(&flow).share().unwrap(), 1.0, max_relative = 1e-12);
    assert_eq!(flow.verdict().state, FlowState::Healthy);
}

/// All weights 0: the forget gates are σ(b), and the path through the cell is their product.
#[test]
fn the_cell_of_an_lstm_carries_the_product_of_the_forget_gates() {
    for (bias, expected) in [(1.0, 2.5e-14), (5.0, 0.511)] {
        let mut lstm = Lstm::<1, 3, f64>::zeros();
        lstm.set_forget_bias(bias);
        lstm.bias_ih[2] = [0.2; 3];
        let flow = flow(lstm.into_inner(), &sequences::<101, 1>(2));
        let sigma = 1.0 / (1.0 + (-bias).exp());
        let carried = time(&flow).carried_share().unwrap();
        assert_relative_eq!(carried, sigma.powi(100), max_relative = 1e-9);
        assert_relative_eq!(carried, expected, max_relative = 2e-2); // the table's digits
    }
}

#[test]
fn a_gru_carries_the_product_of_the_update_gates() {
    let mut gru = Gru::<1, 3, f64>::zeros();
    gru.set_update_bias(2.0);
    gru.bias_ih[2] = [0.2; 3];
    let flow = flow(gru.into_inner(), &sequences::<31, 1>(2));
    let sigma = 1.0 / (1.0 + (-2.0_f64).exp());
    assert_relative_eq!(time(&flow).carried_share().unwrap(), sigma.powi(30), max_relative = 1e-9);
    // Without weights there is no other path.
    assert_relative_eq!(time(&flow).share().unwrap(), sigma.powi(30), max_relative = 1e-9);
}

/// Bengio, Simard, Frasconi 1994: a unit x = tanh(1.25 x) latches at 0.710412, where a step multiplies the gradient by
/// 1.25 (1 - x²) = 0.619144.
#[test]
fn the_latch_of_bengio() {
    let mut latch = Rnn::<1, 1, Tanh, f64, LearnedState>::zeros();
    *latch.weight_hh = [[1.25]];
    latch.initial_hidden = Vector([0.7104118340]);
    let x: Sequence<60, 1, f64> = latch.predict(&Sequence([[0.0]; 60])).unwrap();
    assert_relative_eq!(x.0[59][0], 0.710412, epsilon = 5e-7);
    let flow = flow(latch.into_inner(), &[Sequence([[0.0]; 60])]);
    let time = time(&flow);
    assert_relative_eq!(time.rate().unwrap(), 0.619144, epsilon = 5e-6);
    assert_relative_eq!(
        time.slope().unwrap() * time.weight().unwrap(),
        time.rate().unwrap(),
        max_relative = 1e-12
    );
    let verdict = flow.verdict();
    assert_eq!((verdict.state, verdict.cause), (FlowState::Vanishing, Some(Cause::Activation)));
    assert_eq!(verdict.starts_at.as_deref(), Some("0"));
}

/// Wide tanh networks with random weights: the squared length changes by χ = s² E[g'(√q z)²] a step, at the variance q
/// for which q = s² E[tanh(√q z)²] + b² (Poole et al. 2016). The weights are the same at each step, so the theory holds
/// on average over weights.
#[test]
fn a_wide_tanh_rnn_follows_mean_field_theory() {
    const H: usize = 256;
    const STEPS: usize = 20;
    for (s, b) in [(0.8_f64, 0.3_f64), (1.0, 0.5), (1.6, 0.4)] {
        let normal = |f: &dyn Fn(f64) -> f64| {
            let (mut sum, mut weight) = (0.0, 0.0);
            for at in -4000..=4000 {
                let z = f64::from(at) * 2e-3;
                let w = (-z * z / 2.0).exp();
                (sum, weight) = (sum + w * f(z), weight + w);
            }
            sum / weight
        };
        let mut q = 1.0;
        for _ in 0..500 {
            q = s * s * normal(&|z| (q.sqrt() * z).tanh().powi(2)) + b * b;
        }
        let chi = s * s * normal(&|z| (1.0 - (q.sqrt() * z).tanh().powi(2)).powi(2));
        let rates: Vec<f64> = (0..3)
            .map(|seed| {
                let initializer = Initializer::lecun_normal().gain(s).bias_normal(b);
                let mut rnn = Rnn::<1, H, Tanh, f64>::init_with(initializer, &mut rng(seed));
                rnn.bias_hh = [0.0; H];
                rnn.weight_ih[0] = [0.0; H];
                time(&flow(rnn.into_inner(), &[Sequence([[0.0]; STEPS])])).rate().unwrap()
            })
            .collect();
        let mean = rates.iter().sum::<f64>() / 3.0;
        // The logarithm of a length of 256 numbers has a deviation of about 1/√(2·256) = 0.044 a step, which the steps
        // share: 4 % holds for the mean of three networks and 19 steps.
        assert_relative_eq!(mean, chi.sqrt(), max_relative = 0.04);
    }
}

/// What a verdict advises moves the share towards 1.
#[test]
fn each_cure_moves_the_share_towards_one() {
    let inputs = sequences::<60, 2>(8);
    let distance = |flow: &Flow| time(flow).share().unwrap().ln().abs();

    type Plain = Rnn<2, 12, Tanh, f64>;
    let plain =
        flow(Plain::init_with(Initializer::lecun_normal().gain(0.7), &mut rng(1)).into_inner(), &inputs);
    let verdict = plain.verdict();
    assert_eq!(verdict.state, FlowState::Vanishing);
    assert!(verdict.cure.contains("use an `Lstm`, and `set_forget_bias(4.1)`"), "{verdict}");
    let lstm = |bias: Option<f64>| {
        let mut lstm = Lstm::<2, 12, f64>::init(&mut rng(1));
        if let Some(bias) = bias {
            lstm.set_forget_bias(bias);
        }
        flow(lstm.into_inner(), &inputs)
    };
    let cured = lstm(Some(4.1));
    assert!(distance(&cured) < 0.2 * distance(&plain));
    let mut identity = Rnn::<2, 12, Relu, f64>::init_with(Initializer::lecun_normal().gain(0.7), &mut rng(1));
    for (at, row) in identity.weight_hh.iter_mut().enumerate() {
        *row = [0.0; 12];
        row[at] = 1.0;
    }
    assert!(distance(&flow(identity.into_inner(), &inputs)) < 0.2 * distance(&plain));

    let verdict = lstm(None).verdict();
    assert!(verdict.cure.contains("a larger forget bias, `set_forget_bias(4.1)`"), "{verdict}");
    assert!(distance(&cured) < 0.2 * distance(&lstm(None)));

    let gru = |bias: Option<f64>| {
        let mut gru = Gru::<2, 12, f64>::init(&mut rng(1));
        if let Some(bias) = bias {
            gru.set_update_bias(bias);
        }
        flow(gru.into_inner(), &inputs)
    };
    let verdict = gru(None).verdict();
    assert!(verdict.cure.contains("`set_update_bias(4.1)`"), "{verdict}");
    assert!(distance(&gru(Some(4.1))) < 0.2 * distance(&gru(None)));

    let exploding = |gain: f64| {
        let initializer = Initializer::orthogonal().gain(gain);
        flow(Rnn::<2, 12, Straight, f64>::init_with(initializer, &mut rng(1)).into_inner(), &inputs)
    };
    let verdict = exploding(1.2).verdict();
    assert!(
        verdict.cure.contains("clip the gradient") && verdict.cure.contains("an orthogonal matrix"),
        "{verdict}"
    );
    assert!(distance(&exploding(1.0)) < 1e-6);
}

#[test]
fn the_table_has_a_line_for_each_recurrent_layer() {
    type Net = (Rnn<2, 12, Tanh, f64>, Lstm<12, 6, f64>, LastStep);
    let net = Net::init_with(Initializer::lecun_normal().gain(0.5), &mut rng(1));
    let inputs = sequences::<60, 2>(8);
    let flow = net.flow(&MeanSquaredError, &inputs, &vec![Vector([0.1; 6]); 8]).unwrap();
    let table = flow.to_string();
    assert!(table.contains("0 back through 60 steps: "), "{table}");
    assert!(table.contains("1 back through 60 steps: "), "{table}");
    assert!(table.contains("  step 1 ▁"), "{table}");
    assert!(table.contains("█ step 60, |dR/dh| on a log scale"), "{table}");
    assert!(table.contains("cure: "), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let share = flow.layer("0").unwrap().time.as_ref().unwrap().share().unwrap();
    assert!(share < VANISHING);
}

/// Bidirectional layers and layers whose every step has a loss: the last step's gradient alone is followed.
#[test]
fn the_gradient_of_the_last_step_alone_is_followed() {
    let mut rnn = Rnn::<1, 4, Straight, f64>::zeros();
    for at in 0..4 {
        rnn.weight_hh[at][at] = 0.8;
    }
    let net = rnn.into_inner();
    let targets = [Sequence([[1.0; 4]; 30])];
    let flow = net.flow(&MeanSquaredError, &sequences::<30, 1>(1), &targets).unwrap();
    let time = flow.layers[0].time.as_ref().unwrap();
    assert_relative_eq!(time.share().unwrap(), 0.8_f64.powi(29), max_relative = 1e-9);
    assert!(time.gradients.windows(2).all(|pair| (pair[0] / pair[1] - 0.8).abs() < 1e-9));
}

/// Uniform numbers of mean square 1.
fn random<const STEPS: usize, const IN: usize>(seed: u64) -> Vec<Sequence<STEPS, IN, f64>> {
    let mut rng = rng(seed);
    let mut number = |_| 12.0_f64.sqrt() * (rng.random::<f64>() - 0.5);
    (0..4).map(|_| Sequence(std::array::from_fn(|_| std::array::from_fn(&mut number)))).collect()
}

const H: usize = 128;
const STEPS: usize = 20;

/// Compares the rates through time that theory expects of a new layer with the geometric means of three networks.
///
/// The logarithm of a length of 128 numbers has a deviation of about 1/√(2·128) = 0.063 a step, which the steps share:
/// 6 % holds for the mean of three networks and 19 steps, as above.
fn rates_agree<const IN: usize, L>(name: &str, initializer: Initializer)
where
    (L, LastStep): Maps<Sequence<STEPS, IN, f64>, Vector<H, f64>>,
    L: Parameters,
{
    let expected =
        expected_flow_with::<(L, LastStep), Sequence<STEPS, IN, f64>>(initializer, 1.0).time.unwrap();
    let flows = [0, 1, 2].map(|seed| {
        let net = <(L, LastStep)>::init_with(initializer, &mut rng(seed)); // too large for the stack
        let output_grad: [_; 4] = std::array::from_fn(|at| Vector(random::<1, H>(seed + 90)[at].0[0]));
        net.flow(&Along, &random::<STEPS, IN>(seed + 9), &output_grad).unwrap()
    });
    let mean = |share: &dyn Fn(&TimeFlow) -> f64| {
        let logs = flows.iter().map(|flow| share(time(flow)).ln() / (STEPS - 1) as f64);
        (logs.sum::<f64>() / 3.0).exp()
    };
    let found = mean(&|time| time.share().unwrap());
    println!("{name}, {:?}: expected {}, measured {found}", initializer, expected.rate);
    assert_eq!(expected.steps, STEPS);
    assert_relative_eq!(expected.rate, expected.share.powf(1.0 / 19.0), max_relative = 1e-9);
    assert_relative_eq!(expected.rate, found, max_relative = 0.06);
    if expected.carried > 0.0 {
        let (carried, found) =
            (expected.carried.powf(1.0 / 19.0), mean(&|time| time.carried_share().unwrap()));
        println!("{name}, by the gates: expected {carried}, measured {found}");
        assert_relative_eq!(carried, found, max_relative = 0.06);
    }
}

#[test]
fn the_expected_rates_through_time_are_the_measured_ones() {
    let [glorot, pytorch, orthogonal] =
        [Initializer::glorot_uniform(), Initializer::pytorch(), Initializer::orthogonal()];
    rates_agree::<2, Rnn<2, H, Tanh, f64>>("tanh", glorot);
    rates_agree::<H, Rnn<H, H, Tanh, f64>>("tanh of many inputs", glorot);
    rates_agree::<2, Rnn<2, H, Tanh, f64>>("tanh", pytorch);
    rates_agree::<2, Rnn<2, H, Tanh, f64>>("tanh", orthogonal);
    rates_agree::<2, Rnn<2, H, Relu, f64>>("ReLU", Initializer::he_normal());
    rates_agree::<2, Lstm<2, H, f64>>("LSTM", glorot);
    rates_agree::<H, Lstm<H, H, f64>>("LSTM of many inputs", glorot);
    rates_agree::<2, Lstm<2, H, f64>>("LSTM", pytorch);
    rates_agree::<2, Lstm<2, H, f64>>("LSTM", orthogonal);
    rates_agree::<2, Gru<2, H, f64>>("GRU", glorot);
    rates_agree::<H, Gru<H, H, f64>>("GRU of many inputs", glorot);
    rates_agree::<2, Gru<2, H, f64>>("GRU", pytorch);
    rates_agree::<2, Gru<2, H, f64>>("GRU", orthogonal);
}

/// Weights near 0 leave the gates at 1/2; with ReLU each step has the factor gain² exactly.
#[test]
fn the_expected_shares_have_their_closed_forms() {
    type X = Sequence<101, 2>;
    let tiny = Initializer::normal(0.0, 1e-9);
    let lstm = expected_flow_with::<(Lstm<2, 16>, LastStep), X>(tiny, 1.0).time.unwrap();
    assert_relative_eq!(lstm.carried, 0.5_f64.powi(100), max_relative = 1e-9);
    let gru = expected_flow_with::<(Gru<2, 16>, LastStep), X>(tiny, 1.0).time.unwrap();
    assert_relative_eq!(gru.carried, 0.5_f64.powi(100), max_relative = 1e-9);
    // The weights of the last steps add 1e-9 a step.
    assert_relative_eq!(gru.share, gru.carried, max_relative = 1e-5);
    assert_relative_eq!(gru.rate, 0.5, max_relative = 1e-7);
    for gain in [0.9_f64, 1.0, 1.1] {
        let he = Initializer::he_normal().gain(gain);
        let rnn = expected_flow_with::<(Rnn<2, 16, Relu>, LastStep), X>(he, 1.0).time.unwrap();
        assert_relative_eq!(rnn.share, gain.powi(100), max_relative = 1e-9);
        assert_eq!(rnn.carried, 0.0);
    }
}

/// What a recurrent layer passes on to the layers before it: the last step's gradient, added up over all steps.
#[test]
fn the_layers_before_a_recurrent_layer_get_what_is_expected() {
    fn check<L>(initializer: Initializer)
    where
        (PerStep<Linear<4, 64, f64>>, L, LastStep): Maps<Sequence<STEPS, 4, f64>, Vector<64, f64>>,
        L: Parameters,
    {
        type First = PerStep<Linear<4, 64, f64>>;
        let expected =
            expected_flow_with::<(First, L, LastStep), Sequence<STEPS, 4, f64>>(initializer, 1.0).share;
        let logs = (0..8).map(|seed| {
            let net = <(First, L, LastStep)>::init_with(initializer, &mut rng(seed));
            let output_grad: [_; 4] = std::array::from_fn(|at| Vector(random::<1, 64>(seed + 90)[at].0[0]));
            let flow = net.flow(&Along, &random::<STEPS, 4>(seed), &output_grad).unwrap();
            flow.steps().iter().map(|step| step.gain.ln()).sum::<f64>()
        });
        let found = (logs.sum::<f64>() / 8.0).exp();
        // Of one network of 64 units the logarithm of a step's length has a deviation of 0.09 or less, and some steps
        // count: 0.3 is more than four deviations of the mean of eight.
        assert!(
            (expected / found).ln().abs() < 0.3,
            "{initializer:?}: expected {expected}, measured {found}"
        );
    }
    let glorot = Initializer::glorot_uniform();
    check::<Rnn<64, 64, Tanh, f64>>(glorot);
    check::<Rnn<64, 64, Relu, f64>>(Initializer::he_normal());
    check::<Lstm<64, 64, f64>>(glorot);
    check::<Gru<64, 64, f64>>(glorot);
    check::<(Lstm<64, 64, f64>, Gru<64, 64, f64>)>(Initializer::pytorch());
}

fn expected<N: Layer<Sequence<STEPS, 3>>, const STEPS: usize>() -> ExpectedFlow {
    expected_flow::<N, Sequence<STEPS, 3>>()
}

/// A gradient that must take all steps to the first one, and vanishes there, is refused. One that arrives at each step
/// directly is not.
#[test]
fn what_vanishes_through_time_is_refused_where_the_last_step_alone_is_read() {
    type Last = (Lstm<3, 16>, LastStep, Linear<16, 5>);
    let last = expected::<Last, 100>();
    assert_eq!(last.state, ExpectedState::Vanishing);
    assert_eq!(
        last.to_string(),
        "through time the gradient of this network vanishes with Glorot's weights: in `0`, `Lstm<3, 16>`, whose last step \
         alone is read, theory expects 9.9e-18 of the gradient of step 100 to arrive at step 1, 0.673 a step, and \
         4.9e-29 by the forget gates alone. Cure: start with a larger forget bias, `set_forget_bias(4.6)`; or read all \
         steps, for example with `GlobalAvgPool`. (This assumes the weights of a new network. If the program changes \
         them, measure them with `flow`.)"
    );
    assert!(last.time.unwrap().share < 1e-14);
    // Measured, it vanishes too.
    let net = <(Lstm<3, 16, f64>, LastStep)>::init(&mut rng(1));
    let flow = net.flow(&MeanSquaredError, &random::<100, 3>(1), &[Vector([0.3; 16]); 4]).unwrap();
    assert_eq!(flow.verdict().state, FlowState::Vanishing);

    // Few steps, a mean over the steps, or an output at each step.
    let healthy = |flow: ExpectedFlow| assert_eq!(flow.state, ExpectedState::Healthy, "{flow}");
    healthy(expected::<Last, 5>());
    healthy(expected::<(Lstm<3, 16>, GlobalAvgPool, Linear<16, 5>), 100>());
    healthy(expected::<(Lstm<3, 16>, PerStep<Linear<16, 5>>), 100>());
    let each = expected::<(PerStep<Linear<3, 16>>, Gru<16, 16>, Gru<16, 8>), 100>();
    healthy(each);
    assert!(each.time.unwrap().share < 1e-14);
    assert!(each.message().contains("; through time, in `1`, `Gru<16, 16>`, it expects "), "{each}");
    // A convolution over the steps behind it is another way to earlier ones.
    healthy(expected::<(Lstm<3, 16>, Conv1d<16, 8, 3>, LastStep, Linear<8, 5>), 100>());
    // Layers on each step are not.
    let steps = expected::<(Rnn<3, 16>, Dropout<20>, PerStep<Linear<16, 8>>, Lstm<8, 8>, LastStep), 100>();
    assert_eq!(steps.state, ExpectedState::Vanishing, "{steps}");
    // Of two in a row, the gradient can take the steps of the one that keeps it.
    type Keeps = Rnn<16, 16, Relu>;
    let he = Initializer::he_normal();
    let kept = expected_flow_with::<(Lstm<3, 16>, Keeps, LastStep), Sequence<100, 3>>(he, 1.0);
    healthy(kept);

    for network in [
        expected_flow::<(Gru<3, 16>, LastStep), Sequence<100, 3>>(),
        expected_flow::<(Rnn<3, 16, Relu>, LastStep), Sequence<100, 3>>(),
    ] {
        assert_eq!(network.state, ExpectedState::Vanishing, "{network}");
    }
    assert!(
        expected::<(Gru<3, 16>, LastStep), 100>()
            .message()
            .contains("Cure: start with a larger bias of the update gate, `set_update_bias(4.6)`; or")
    );
    assert!(
        expected::<(Rnn<3, 16, Relu>, LastStep), 100>()
            .message()
            .contains("Cure: use an `Lstm`, and `set_forget_bias(4.6)`; or")
    );
}

/// A gradient that explodes through time does so wherever it starts.
#[test]
fn what_explodes_through_time_is_refused() {
    let large = Initializer::he_normal().gain(1.2);
    for flow in [
        expected_flow_with::<(Rnn<3, 16, Relu>, LastStep), Sequence<100, 3>>(large, 1.0),
        expected_flow_with::<(Rnn<3, 16, Relu>, PerStep<Linear<16, 2>>), Sequence<100, 3>>(large, 1.0),
    ] {
        assert_eq!(flow.state, ExpectedState::Exploding, "{flow}");
        assert!(
            flow.message()
                .starts_with("through time the gradient of this network explodes with He's weights: in `0`"),
            "{flow}"
        );
        assert!(flow.message().ends_with("such as an orthogonal matrix"), "{flow}");
    }
}

/// Without the moments of its activation, a recurrent layer is not known, also where it is the first.
#[test]
fn a_recurrent_layer_with_an_unknown_activation_is_not_known() {
    type First = (Rnn<2, 16, Straight>, LastStep, Linear<16, 1>);
    type Second = (PerStep<Linear<2, 16>>, Rnn<16, 16, Straight>, LastStep, Linear<16, 1>);
    for expected in [expected_flow::<First, Sequence<100, 2>>(), expected_flow::<Second, Sequence<100, 2>>()]
    {
        assert_eq!(expected.state, ExpectedState::NotKnown);
        assert!(expected.to_string().contains("applies an activation at each step whose"), "{expected}");
    }
    let biased = expected_flow_with::<(Gru<2, 16>, LastStep), Sequence<9, 2>>(
        Initializer::default().bias_constant(1.0),
        1.0,
    );
    assert!(biased.to_string().contains("starts with biases that are not 0"), "{biased}");
    let identity = expected_flow_with::<(Rnn<2, 16>, LastStep), Sequence<9, 2>>(Initializer::identity(), 1.0);
    assert!(identity.to_string().contains("has weights that are not random"), "{identity}");
}
