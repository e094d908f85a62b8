//! The same numbers as PyTorch: every layer, combinator, network, loss and optimizer, in f32 and in f64, against what
//! `tests/fixtures/make.py` wrote. The worst error of each group:
//! `cargo test -p chainrule-tests --test layers parity -- --nocapture`.

use std::collections::BTreeSet;

use crate::common::{backward, every_combinator, every_layer, every_network, every_partial_layer, forward};
use crate::fixtures::{Group as Fixtures, Named, Numbers};
use chainrule::Real;
use chainrule::optimizer::{Adadelta, Adagrad, Adamax, Asgd, Group, Lbfgs, Lion, NAdam, RAdam, Rprop};
use chainrule::prelude::*;
use serde::Deserialize;

/// Rows that are compared in evaluation mode, in which they pass everything on: what dropout drops in training is
/// drawn by another generator here than in PyTorch. (`tests/layers/gradients.rs` checks the training pass.)
const EVALUATED: [&str; 7] = [
    "dropout",
    "dropout_between",
    "dropout_1d",
    "dropout_2d",
    "gaussian_noise",
    "gaussian_dropout",
    "alpha_dropout",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerCase {
    training: bool,
    input: Numbers,
    parameters: Named,
    output: Numbers,
    cotangent: Numbers,
    input_grad: Numbers,
    gradient: Named,
}

fn compare_layer<L: Layer<X, Output: Tensor>, X: Tensor>(group: &mut Fixtures<LayerCase>, name: &str) {
    let Some(case) = group.take(name) else { return };
    if case.training == EVALUATED.contains(&name) {
        group.fail(format!("{name}: training in PyTorch is {}, and not so here", case.training));
    }
    let (mut draws, mut workspace) = (rng(0), Workspace::default());
    let mut mode = if case.training { Mode::Train(&mut draws) } else { Mode::Evaluate };

    let layer: Owned<L> = group.network(name, &case.parameters);
    let input: Vec<X> = group.batch(&format!("{name} input"), &case.input);
    let output = forward(&*layer, &input, &mut workspace, &mut mode);
    group.close_batch(&format!("{name} output"), &output, &case.output);

    let cotangent: Vec<L::Output> = group.batch(&format!("{name} cotangent"), &case.cotangent);
    let (input_grad, gradient) = backward(&*layer, &input, &output, &cotangent, &mut workspace, None);
    group.close_batch(&format!("{name} input gradient"), &input_grad, &case.input_grad);
    group.close_parameters(&format!("{name} gradient of"), &gradient, &case.gradient);
}

/// Every loss of `src/loss`, by the file it lives in, with its output and its target.
macro_rules! every_loss {
    ($case:ident) => {
        $case!("squared", mean_squared_error: MeanSquaredError, Vector<5, T>, Vector<5, T>);
        $case!("absolute", mean_absolute_error: MeanAbsoluteError, Vector<5, T>, Vector<5, T>);
        $case!("huber", huber: Huber::new(0.75), Vector<5, T>, Vector<5, T>);
        $case!("smooth_l1", smooth_l1: SmoothL1::default(), Vector<5, T>, Vector<5, T>);
        $case!("smooth_l1", smooth_l1_other: SmoothL1::new(2.5), Vector<5, T>, Vector<5, T>);
        $case!("smooth_l1", smooth_l1_of_0: SmoothL1::new(0.0), Vector<5, T>, Vector<5, T>);
        $case!("log_cosh", log_cosh: LogCosh, Vector<5, T>, Vector<5, T>);
        $case!("cross_entropy", cross_entropy: CrossEntropy::default(), Vector<5, T>, Label<5>);
        $case!("cross_entropy", cross_entropy_smoothed: CrossEntropy::smoothed(0.1), Vector<5, T>, Label<5>);
        $case!("cross_entropy", cross_entropy_shares: CrossEntropy::default(), Vector<5, T>, Vector<5, T>);
        $case!("cross_entropy", cross_entropy_shares_smoothed:
            CrossEntropy::smoothed(0.1), Vector<5, T>, Vector<5, T>);
        $case!("cross_entropy", cross_entropy_ignoring: CrossEntropy::default(), Vector<5, T>, Option<Label<5>>);
        $case!("cross_entropy", cross_entropy_weighted:
            CrossEntropy::default().weights(WEIGHTS), Vector<5, T>, Label<5>);
        $case!("cross_entropy", cross_entropy_weighted_smoothed:
            CrossEntropy::smoothed(0.1).weights(WEIGHTS), Vector<5, T>, Option<Label<5>>);
        $case!("cross_entropy", cross_entropy_weighted_shares:
            CrossEntropy::smoothed(0.1).weights(WEIGHTS), Vector<5, T>, Vector<5, T>);
        $case!("cross_entropy", cross_entropy_of_steps: CrossEntropy::default(), Sequence<3, 5, T>, [Label<5>; 3]);
        $case!("cross_entropy", cross_entropy_of_steps_weighted:
            CrossEntropy::smoothed(0.2).weights(WEIGHTS), Sequence<3, 5, T>, [Option<Label<5>>; 3]);
        $case!("cross_entropy", cross_entropy_of_step_shares:
            CrossEntropy::default().weights(WEIGHTS), Sequence<2, 5, T>, Sequence<2, 5, T>);
        $case!("softmax", cross_entropy_of_pixels:
            CrossEntropy::smoothed(0.1), Image<3, 9, 8, T>, [[Label<3>; 8]; 9]);
        $case!("softmax", cross_entropy_of_pixels_weighted:
            CrossEntropy::smoothed(0.1).weights([0.5, 2.0, 0.0]), Image<3, 9, 8, T>, [[Option<Label<3>>; 8]; 9]);
        $case!("softmax", cross_entropy_of_pixel_shares:
            CrossEntropy::default(), Image<5, 1, 2, T>, Image<5, 1, 2, T>);
        $case!("nll", nll: NllLoss, Vector<5, T>, Label<5>);
        $case!("nll", nll_weighted: NllLoss.weights(WEIGHTS), Vector<5, T>, Option<Label<5>>);
        $case!("nll", nll_of_steps: NllLoss.weights(WEIGHTS), Sequence<3, 5, T>, [Option<Label<5>>; 3]);
        $case!("nll", nll_of_pixels: NllLoss, Image<3, 9, 8, T>, [[Option<Label<3>>; 8]; 9]);
        $case!("binary", binary_cross_entropy: BinaryCrossEntropy, Vector<5, T>, Vector<5, T>);
        $case!("binary", binary_cross_entropy_weighted:
            BinaryCrossEntropy.positive_weights(WEIGHTS), Vector<5, T>, Vector<5, T>);
        $case!("binary", binary_cross_entropy_of_pixels:
            BinaryCrossEntropy.positive_weights(WEIGHTS), Image<5, 1, 2, T>, Image<5, 1, 2, T>);
        $case!("binary_probabilities", binary_cross_entropy_of_probabilities:
            BinaryCrossEntropyOfProbabilities, Vector<5, T>, Vector<5, T>);
        $case!("soft_margin", soft_margin: SoftMargin, Vector<5, T>, Vector<5, T>);
        $case!("hinge", hinge: Hinge, Vector<5, T>, Vector<5, T>);
        $case!("hinge", squared_hinge: SquaredHinge, Vector<5, T>, Vector<5, T>);
        $case!("hinge_embedding", hinge_embedding: HingeEmbedding::new(1.5), Vector<5, T>, Vector<5, T>);
        $case!("kl_divergence", kl_divergence: KlDivergence::default(), Vector<5, T>, Vector<5, T>);
        $case!("kl_divergence", kl_divergence_log_target: KlDivergence::log_target(), Vector<5, T>, Vector<5, T>);
        $case!("poisson", poisson_nll: PoissonNllLoss::default(), Vector<5, T>, Vector<5, T>);
        $case!("poisson", poisson_nll_full: PoissonNllLoss::default().full(), Vector<5, T>, Vector<5, T>);
        $case!("poisson", poisson_nll_of_rates:
            PoissonNllLoss::of_rates().full().epsilon(0.5), Vector<5, T>, Vector<5, T>);
        $case!("gaussian", gaussian_nll: GaussianNllLoss::default(), Sequence<2, 5, T>, Vector<5, T>);
        $case!("gaussian", gaussian_nll_clamped:
            GaussianNllLoss::default().full().epsilon(0.25), Sequence<2, 5, T>, Vector<5, T>);
        $case!("gaussian", gaussian_nll_of_logarithms:
            GaussianNllLoss::of_log_variances(), Sequence<2, 5, T>, Vector<5, T>);
        $case!("gaussian", gaussian_nll_of_pixels: GaussianNllLoss::default(), Image<2, 1, 5, T>, Image<1, 1, 5, T>);
        $case!("multi_margin", multi_margin: MultiMargin::default(), Vector<5, T>, Label<5>);
        $case!("multi_margin", multi_margin_squared: MultiMargin::new(0.75).squared(), Vector<5, T>, Label<5>);
        $case!("multi_label_margin", multi_label_margin: MultiLabelMargin, Vector<5, T>, Vector<5, T>);
        $case!("cosine", cosine_embedding: CosineEmbedding::new(0.25), Sequence<2, 5, T>, bool);
        $case!("triplet", triplet_margin: TripletMargin::default(), Sequence<3, 5, T>, ());
        $case!("ranking", margin_ranking: MarginRanking::new(0.75), Vector<2, T>, bool);
        $case!("ctc", ctc: Ctc, Sequence<37, 4, T>, Labels<4, 19>);
    };
}

const WEIGHTS: [f64; 5] = [0.5, 2.0, 0.0, 1.25, 3.0];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LossCase {
    outputs: Numbers,
    targets: Numbers,
    value: Numbers,
    gradient: Numbers,
}

/// What a loss compares with, read from the numbers of a sample in a fixture.
trait Target: Sized {
    fn of(numbers: &[f64]) -> Self;
}

macro_rules! tensors {
    ($([$($side:ident),+] $tensor:ty;)+) => {$(
        impl<$(const $side: usize,)+ T: Real> Target for $tensor {
            fn of(numbers: &[f64]) -> Self {
                let numbers: Vec<T> = numbers.iter().map(|x| T::from_f64(*x)).collect();
                Self::from_slice(&numbers).unwrap()
            }
        }
    )+};
}

tensors! {
    [N] Vector<N, T>;
    [STEPS, N] Sequence<STEPS, N, T>;
    [C, H, W] Image<C, H, W, T>;
}

impl<const CLASSES: usize> Target for Label<CLASSES> {
    fn of(numbers: &[f64]) -> Self {
        Label::new(numbers[0] as usize).unwrap()
    }
}

impl<L: Target> Target for Option<L> {
    fn of(numbers: &[f64]) -> Self {
        (numbers[0] >= 0.0).then(|| L::of(numbers))
    }
}

impl<L: Target, const N: usize> Target for [L; N] {
    fn of(numbers: &[f64]) -> Self {
        let each = numbers.len() / N;
        std::array::from_fn(|at| L::of(&numbers[at * each..][..each]))
    }
}

impl<const CLASSES: usize, const MOST: usize> Target for Labels<CLASSES, MOST> {
    fn of(numbers: &[f64]) -> Self {
        let labels: Vec<_> =
            numbers.iter().filter(|x| **x >= 0.0).map(|x| <Label<CLASSES> as Target>::of(&[*x])).collect();
        Labels::new(&labels).unwrap()
    }
}

impl Target for bool {
    fn of(numbers: &[f64]) -> Self {
        numbers[0] > 0.0
    }
}

impl Target for () {
    fn of(_: &[f64]) -> Self {}
}

fn compare_loss<T, Y, Of, L>(group: &mut Fixtures<LossCase>, name: &str, loss: L)
where
    T: Real,
    Y: Tensor<Scalar = T>,
    Of: Target,
    L: Loss<Y, Of>,
{
    // The logarithm of a path's probability is the sum of 37 of at most 100: a rounding of it is 3700 u, and in both
    // directions there are at most 2 x 37 x 3, all in f64.
    group.extra = if name == "ctc" { 3700.0 * 222.0 * f64::EPSILON / 2.0 } else { 0.0 };
    // Outputs up to ±5, and up to ±50.
    for name in [name, &format!("{name}_far")] {
        let Some(case) = group.take(name) else { continue };
        let outputs: Vec<Y> = group.batch(&format!("{name} outputs"), &case.outputs);
        let targets: Vec<Of> = case.targets.samples().map(Of::of).collect();
        let mut gradient = outputs.clone();
        match loss.mean_and_gradient(&outputs, &targets, &mut gradient) {
            Ok(value) => group.close(&format!("{name} value"), &[T::from_f64(value)], case.value.numbers()),
            Err(error) => group.fail(format!("{name}: {error}")),
        }
        group.close_batch(&format!("{name} gradient"), &gradient, &case.gradient);
        // The value alone is computed in another way.
        match loss.mean(&outputs, &targets) {
            Ok(value) => group.close(&format!("{name} mean"), &[T::from_f64(value)], case.value.numbers()),
            Err(error) => group.fail(format!("{name}: {error}")),
        }
        // And so is the gradient of one sample, in some losses.
        for (sample, output) in outputs.iter().enumerate() {
            loss.gradient(output, &targets[sample], &mut gradient[sample]);
        }
        let share = T::from_f64(1.0 / loss.total_weight(&targets));
        Y::flat_mut(&mut gradient).iter_mut().for_each(|g| *g *= share);
        group.close_batch(&format!("{name} gradient, one by one"), &gradient, &case.gradient);
    }
    group.extra = 0.0;
}

/// A decay of 0.1 of all parameters, as in PyTorch.
macro_rules! decays {
    ($optimizer:expr) => {
        $optimizer.weight_decay(0.1).decay_all()
    };
}

/// Every optimizer of `src/optimizer`, by the file it lives in.
macro_rules! every_optimizer {
    ($case:ident) => {
        $case!("sgd", sgd: Sgd::new(0.1));
        $case!("sgd", sgd_decay: Sgd::new(0.1).weight_decay(0.2));
        $case!("options", sgd_decay_all: Sgd::new(0.1).weight_decay(0.2).decay_all());
        $case!("options", sgd_groups: Sgd::new(0.1).group(second(0.3)).group(first_bias()));
        $case!("sgd", sgd_momentum: Sgd::new(0.02).momentum(0.9));
        $case!("sgd", sgd_dampening: decays!(Sgd::new(0.05).momentum(0.8).dampening(0.4)));
        $case!("sgd", sgd_nesterov: Sgd::new(0.02).nesterov(0.9));
        $case!("sgd", sgd_nesterov_decay: decays!(Sgd::new(0.02).nesterov(0.9)));
        $case!("sgd", sgd_maximize: Sgd::new(0.002).momentum(0.5).maximize());
        $case!("asgd", asgd: Asgd::new(0.1));
        $case!("asgd", asgd_other: decays!(Asgd::new(0.1).lambda(0.05).alpha(0.5).start(4)));
        $case!("asgd", asgd_maximize: Asgd::new(0.002).start(2).maximize());
        $case!("adagrad", adagrad: Adagrad::new(0.05));
        $case!("adagrad", adagrad_other: decays!(Adagrad::new(0.1).rate_decay(0.1).initial_sum(0.5).epsilon(0.01)));
        $case!("adagrad", adagrad_maximize: Adagrad::new(0.01).maximize());
        $case!("adadelta", adadelta: Adadelta::new(1.0));
        $case!("adadelta", adadelta_other: decays!(Adadelta::new(0.5).decay(0.7).epsilon(1e-3)));
        $case!("adadelta", adadelta_maximize: Adadelta::new(0.5).maximize());
        $case!("rmsprop", rms_prop: RmsProp::new(0.005));
        $case!("rmsprop", rms_prop_other: RmsProp::new(0.02).decay(0.8).epsilon(0.01));
        $case!("rmsprop", rms_prop_centered: RmsProp::new(0.005).centered().epsilon(1e-3));
        $case!("rmsprop", rms_prop_momentum: decays!(RmsProp::new(0.005).momentum(0.8).epsilon(1e-3)));
        $case!("rmsprop", rms_prop_both:
            RmsProp::new(0.005).decay(0.9).centered().momentum(0.5).epsilon(0.01).maximize());
        $case!("adam", adam: Adam::new(0.02));
        $case!("adam", adam_other: Adam::new(0.02).betas([0.7, 0.95]).epsilon(0.01));
        $case!("adam", adam_decay: Adam::new(0.02).weight_decay(0.2).decay_all());
        $case!("options", adam_groups: Adam::new(0.02).group(second(0.3)).group(first_bias()));
        $case!("adam", adam_amsgrad: Adam::new(0.02).betas([0.5, 0.6]).amsgrad());
        $case!("adam", adam_maximize: Adam::new(0.01).amsgrad().maximize());
        $case!("adamw", adam_w: AdamW::new(0.02).weight_decay(0.3));
        $case!("adamw", adam_w_decay_all: AdamW::new(0.02).weight_decay(0.3).decay_all());
        $case!("options", adam_w_groups:
            AdamW::new(0.02).weight_decay(0.0).group(second(0.3)).group(first_bias()));
        $case!("adamw", adam_w_amsgrad:
            AdamW::new(0.02).weight_decay(0.1).amsgrad().betas([0.8, 0.7]).epsilon(1e-4));
        $case!("adamax", adamax: Adamax::new(0.02));
        $case!("adamax", adamax_other: decays!(Adamax::new(0.02).betas([0.7, 0.8]).epsilon(0.01)));
        $case!("adamax", adamax_maximize: Adamax::new(0.01).maximize());
        $case!("nadam", n_adam: NAdam::new(0.02));
        $case!("nadam", n_adam_other:
            decays!(NAdam::new(0.02).betas([0.7, 0.95]).epsilon(0.01).momentum_decay(0.1)));
        $case!("nadam", n_adam_decoupled:
            NAdam::new(0.01).weight_decay(0.2).decoupled().decay_all().maximize());
        $case!("radam", r_adam: RAdam::new(0.02));
        $case!("radam", r_adam_other: decays!(RAdam::new(0.02).betas([0.7, 0.95]).epsilon(0.01)));
        $case!("radam", r_adam_decoupled:
            RAdam::new(0.01).weight_decay(0.2).decoupled().decay_all().maximize());
        $case!("rprop", rprop: Rprop::new(0.01));
        $case!("rprop", rprop_other: Rprop::new(0.02).etas([0.3, 1.5]).step_sizes([0.01, 0.1]));
        $case!("rprop", rprop_maximize: Rprop::new(0.001).maximize());
        $case!("lion", lion: Lion::new(0.005));
        $case!("lion", lion_other: Lion::new(0.01).betas([0.7, 0.8]).weight_decay(0.2).decay_all());
    };
}

/// The second layer at a fifth of the rate, with a decay of its own.
fn second(decay: f64) -> Group {
    Group::new("2").rate(0.2).weight_decay(decay)
}

/// The first bias at three times the rate.
fn first_bias() -> Group {
    Group::new("0.bias").rate(3.0)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptimizerCase {
    inputs: Numbers,
    targets: Numbers,
    before: Named,
    losses: Numbers,
    after: Named,
}

type Trained<T> = (Linear<4, 5, T>, Tanh, Linear<5, 2, T>);

/// Twenty steps on batches of three, one batch after the other.
///
/// The error of one step stays in the weights, and the next one's is added. A step moves a weight by about a tenth of
/// the largest one or less, and is off by some 30 u of itself (three layers and back, five roundings in each): 3 u of
/// the largest, and 1 u for the subtraction. After twenty steps these are 80 u, inside the bound of
/// [`Fixtures::close`].
fn compare_optimizer<T: Real, O: Optimizer<Trained<T>>>(
    group: &mut Fixtures<OptimizerCase>,
    name: &str,
    optimizer: O,
) {
    let Some(case) = group.take(name) else { return };
    let inputs: Vec<Vector<4, T>> = group.batch(&format!("{name} inputs"), &case.inputs);
    let targets: Vec<Vector<2, T>> = group.batch(&format!("{name} targets"), &case.targets);
    let network: Owned<Trained<T>> = group.network(&format!("{name} before"), &case.before);
    let mut trainer = Trainer::new(network, MeanSquaredError, optimizer, 0);
    let batches = inputs.chunks(3).zip(targets.chunks(3)).cycle().take(20);
    let losses: Result<Vec<T>, _> = batches.map(|(x, y)| trainer.step(x, y).map(T::from_f64)).collect();
    match losses {
        Ok(losses) => group.close(&format!("{name} losses"), &losses, case.losses.numbers()),
        Err(error) => group.fail(format!("{name}: {error}")),
    }
    group.close_parameters(&format!("{name} after"), &trainer.network, &case.after);
}

/// L-BFGS, as often as PyTorch's optimizer was called.
macro_rules! every_minimizer {
    ($case:ident) => {
        $case!(wolfe: Lbfgs::new().max_iterations(6));
        $case!(wolfe_history: with_rate(Lbfgs::new().max_iterations(4).history(2), 0.5));
        $case!(wolfe_evaluations: with_rate(Lbfgs::new().max_iterations(5).max_evaluations(4), 4.0));
        $case!(wolfe_tolerance: Lbfgs::new().max_iterations(50).tolerances(0.05, 1e-9));
        $case!(wolfe_change: Lbfgs::new().max_iterations(50).tolerances(1e-7, 0.01));
        $case!(fixed: Lbfgs::new().fixed_step(0.1).max_iterations(5));
        $case!(fixed_history: Lbfgs::new().fixed_step(0.2).max_iterations(4).history(3));
        $case!(fixed_maximize: Lbfgs::new().fixed_step(0.01).max_iterations(5).maximize());
    };
}

fn with_rate<N: Parameters>(mut optimizer: Lbfgs<N>, rate: f64) -> Lbfgs<N> {
    optimizer.learning_rate = rate;
    optimizer
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MinimizerCase {
    inputs: Numbers,
    targets: Numbers,
    before: Named,
    losses: Numbers,
    evaluations: Vec<u64>,
    after: Named,
}

fn compare_minimizer<T: Real>(
    group: &mut Fixtures<MinimizerCase>,
    name: &str,
    mut optimizer: Lbfgs<Trained<T>>,
) {
    let Some(case) = group.take(name) else { return };
    let inputs: Vec<Vector<4, T>> = group.batch(&format!("{name} inputs"), &case.inputs);
    let targets: Vec<Vector<2, T>> = group.batch(&format!("{name} targets"), &case.targets);
    let mut network: Owned<Trained<T>> = group.network(&format!("{name} before"), &case.before);
    let (mut workspace, mut losses, mut evaluations) = (Workspace::default(), vec![], vec![]);
    for _ in &case.evaluations {
        let result = optimizer.minimize(&mut network, |network, gradient| {
            network.loss_gradient(&MeanSquaredError, &inputs, &targets, &mut workspace, gradient, &mut rng(0))
        });
        match result {
            Ok(result) => {
                losses.push(T::from_f64(result.before));
                evaluations.push(result.evaluations + evaluations.last().unwrap_or(&0));
            }
            Err(error) => group.fail(format!("{name}: {error}")),
        }
    }
    if evaluations != case.evaluations {
        group.fail(format!("{name}: {evaluations:?} evaluations, PyTorch has {:?}", case.evaluations));
    }
    group.close(&format!("{name} losses"), &losses, case.losses.numbers());
    group.close_parameters(&format!("{name} after"), &network, &case.after);
}

/// All tests in one precision. (`$` comes as an argument, because a macro cannot write it for a macro inside it.)
macro_rules! in_precision {
    ($module:ident, $scalar:ty, $d:tt) => {
        mod $module {
            use super::*;

            type T = $scalar;

            in_precision!(@layers every_layer_gives_what_pytorch_gives, "layers", every_layer, $d);
            in_precision!(@layers every_partial_layer_gives_what_pytorch_gives, "partial_layers", every_partial_layer, $d);
            in_precision!(@layers every_combinator_gives_what_pytorch_gives, "combinators", every_combinator, $d);
            in_precision!(@layers every_network_gives_what_pytorch_gives, "networks", every_network, $d);

            #[test]
            fn every_loss_gives_what_pytorch_gives() {
                let mut group = Fixtures::load::<T>("losses");
                macro_rules! case {
                    ($d file:literal, $d name:ident: $d loss:expr, $d output:ty, $d target:ty) => {
                        compare_loss::<T, $d output, $d target, _>(&mut group, stringify!($d name), $d loss);
                    };
                }
                every_loss!(case);
                group.conclude();
            }

            #[test]
            fn every_optimizer_gets_where_pytorch_gets() {
                let mut group = Fixtures::load::<T>("optimizers");
                macro_rules! case {
                    ($d file:literal, $d name:ident: $d optimizer:expr) => {
                        compare_optimizer::<T, _>(&mut group, stringify!($d name), $d optimizer);
                    };
                }
                every_optimizer!(case);
                group.conclude();
            }

            #[test]
            fn every_minimizer_gets_where_pytorch_gets() {
                let mut group = Fixtures::load::<T>("minimizers");
                macro_rules! case {
                    ($d name:ident: $d optimizer:expr) => {
                        compare_minimizer::<T>(&mut group, stringify!($d name), $d optimizer);
                    };
                }
                every_minimizer!(case);
                group.conclude();
            }
        }
    };
    (@layers $test:ident, $file:literal, $every:ident, $d:tt) => {
        #[test]
        fn $test() {
            let mut group = Fixtures::load::<T>($file);
            macro_rules! case {
                ($d file:literal, $d name:ident: $d layer:ty, $d input:ty) => {
                    compare_layer::<$d layer, $d input>(&mut group, stringify!($d name));
                };
            }
            $every!(case);
            group.conclude();
        }
    };
}
in_precision!(single, f32, $);
in_precision!(double, f64, $);

#[test]
fn every_file_of_losses_and_optimizers_has_a_row() {
    let mut rows = BTreeSet::new();
    macro_rules! case {
        ($file:literal, $($row:tt)*) => {
            rows.insert($file.to_string());
        };
    }
    every_loss!(case);
    every_optimizer!(case);
    let mut files = BTreeSet::new();
    for folder in ["loss", "optimizer"] {
        let folder = format!("{}/../src/{folder}", env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(folder).unwrap() {
            files.insert(file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_string());
        }
    }
    files.remove("mod");
    // What several losses share.
    for file in ["checks", "class_target", "labels", "pairwise"] {
        assert!(files.remove(file), "{file} is gone");
    }
    // `tests/training/steps.rs` compares clipping, averaging and freezing with their formulas; `step` is in all
    // optimizers, and so are moments, the search for a path and that for a NaN. `every_minimizer!` has L-BFGS.
    let of_lbfgs = ["lbfgs", "line_search", "minimize", "vectors"];
    let of_all = ["step", "moments", "paths", "find_non_finite"];
    for file in ["moving_average", "clip", "freeze"].into_iter().chain(of_all).chain(of_lbfgs) {
        assert!(files.remove(file), "{file} is gone");
    }
    assert_eq!(rows, files);
}
