//! Sums over millions of terms in `f32` (ten in release). All terms are 0.1, which is not exact: the rounding errors of
//! a plain sum all have one sign, and the sum is off by more than 10 %. The bound is 1e-5; a sum in
//! blocks adds at most a few hundred terms in `f32`, each with an error of about 3e-8 of the sum so far.

use chainrule::prelude::*;

/// Fewer without optimization, where they take a minute.
const TERMS: usize = if cfg!(debug_assertions) { 2_000_000 } else { 10_000_000 };
/// For layers whose loops are slow without optimization. A plain sum of 200,000 terms is off by 0.5 %.
const FEWER: usize = TERMS / 10;
const X: f32 = 0.1;

fn filled<X: Tensor>(samples: usize, value: f64) -> Vec<X> {
    let mut batch: Vec<X> = bytemuck::zeroed_vec(samples);
    X::flat_mut(&mut batch).fill(chainrule::Real::from_f64(value));
    batch
}

/// Returns the gradient of a layer for inputs and output gradients that are all 0.1.
fn gradient<L: Layer<X, Output: Tensor>, X: Tensor>(
    layer: &L,
    samples: usize,
    mode: &mut Mode<'_>,
) -> Owned<L> {
    let (x, dy) = (filled::<X>(samples, 0.1), filled::<L::Output>(samples, 0.1));
    let mut y = filled::<L::Output>(samples, 0.0);
    let mut workspace = Workspace::default();
    layer.forward(&x, &mut y, workspace.prepare::<X, L>(samples), mode);
    let mut gradient = L::zeros();
    layer.backward(Backward {
        input: &x,
        output: &y,
        output_grad: bytemuck::cast_slice(&dy),
        input_grad: None,
        gradient: &mut *gradient,
        workspace: workspace.prepare::<X, L>(samples),
        accumulate: false,
    });
    gradient
}

/// Checks sums of this number of equal terms.
#[track_caller]
fn is_sum(sums: &[f32], terms: usize, term: f64) {
    for &sum in sums {
        let error = (f64::from(sum) / (terms as f64 * term) - 1.0).abs();
        assert!(error < 1e-5, "{sum} for {terms} times {term}: off by {error:.1e}");
    }
}

fn x() -> f64 {
    f64::from(X)
}

fn evaluate<L: Layer<X, Output: Tensor>, X: Tensor>(layer: &L, samples: usize) -> Owned<L> {
    gradient(layer, samples, &mut Mode::Evaluate)
}

#[test]
fn gradients_of_dense_layers() {
    let linear = evaluate::<_, Vector<1>>(&*Linear::<1, 1>::zeros(), TERMS);
    is_sum(&linear.bias.0, TERMS, x());
    is_sum(linear.weights(), TERMS, x() * x());
    let linear = evaluate::<_, Vector<60>>(&*Linear::<60, 70>::zeros(), 200_000);
    is_sum(&linear.bias.0, 200_000, x());
    is_sum(linear.weights(), 200_000, x() * x());
}

#[test]
fn gradients_of_convolutions() {
    let conv = evaluate::<_, Sequence<1000, 1>>(&*Conv1d::<1, 1, 1>::zeros(), TERMS / 1000);
    is_sum(&conv.bias.0, TERMS, x());
    is_sum(conv.weights(), TERMS, x() * x());
    let conv = evaluate::<_, Sequence<4, 1>>(&*Conv1d::<1, 1, 1>::zeros(), FEWER);
    is_sum(conv.weights(), 4 * FEWER, x() * x());
    let conv = evaluate::<_, Image<1, 10, 20>>(&*Conv2d::<1, 1, 1>::zeros(), TERMS / 200);
    is_sum(&conv.bias.0, TERMS, x());
    is_sum(conv.weights(), TERMS, x() * x());
    let conv = evaluate::<_, Image<1, 10, 20>>(&*DepthwiseConv2d::<1, 1>::zeros(), TERMS / 200);
    is_sum(&conv.bias.0, TERMS, x());
    is_sum(conv.weights(), TERMS, x() * x());
    let conv = evaluate::<_, Image<1, 10, 20>>(&*TransposedConv2d::<1, 1, 1>::zeros(), TERMS / 200);
    is_sum(&conv.bias.0, TERMS, x());
    is_sum(conv.weights(), TERMS, x() * x());
    type Depthwise = Conv1dWith<2, 2, (Kernel<1>, Groups<2>)>;
    let conv = evaluate::<_, Sequence<1000, 2>>(&*Depthwise::zeros(), FEWER / 1000);
    is_sum(&conv.bias.0, FEWER, x());
    is_sum(conv.weights(), FEWER, x() * x());
    let conv = evaluate::<_, Sequence<4, 2>>(&*Depthwise::zeros(), FEWER / 4);
    is_sum(conv.weights(), FEWER, x() * x());
    type Dilated = Conv1dWith<1, 1, (Kernel<2>, Dilation<1000>, Causal)>;
    let conv = evaluate::<_, Sequence<1000, 1>>(&*Dilated::zeros(), FEWER / 1000);
    is_sum(&conv.weights()[1..], FEWER, x() * x());
    let conv = evaluate::<_, Sequence<1000, 1>>(&*TransposedConv1d::<1, 1, 1>::zeros(), FEWER / 1000);
    is_sum(&conv.bias.0, FEWER, x());
    is_sum(conv.weights(), FEWER, x() * x());
    let conv = evaluate::<_, Image<1, 10, 20>>(
        &*Conv2dWith::<1, 1, (Kernel<1, 2>, Dilation<1, 10>)>::zeros(),
        FEWER / 200,
    );
    is_sum(conv.weights(), FEWER / 2, x() * x());
    let conv = evaluate::<_, Image<1, 1000, 1000>>(&*Conv2d::<1, 1, 1>::zeros(), TERMS / 1_000_000);
    is_sum(&conv.bias.0, TERMS, x());
}

#[test]
fn gradients_of_norms() {
    let norm = evaluate::<_, Vector<1>>(&*LayerNorm::<Vector<1>>::init(&mut rng(0)), FEWER);
    is_sum(&norm.bias.0, FEWER, x());
    let norm = evaluate::<_, Vector<1>>(&*RmsNorm::<Vector<1>>::init(&mut rng(0)), FEWER);
    is_sum(&norm.gain.0, FEWER, x() * x() / (x() * x() + f64::from(f32::EPSILON)).sqrt());
    let norm = evaluate::<_, Image<1, 1, 1>>(&*GroupNorm::<1, 1>::init(&mut rng(0)), FEWER);
    is_sum(&norm.bias.0, FEWER, x());
    let norm =
        gradient::<_, Vector<1>>(&*BatchNorm::<1>::init(&mut rng(0)), FEWER, &mut Mode::Train(&mut rng(0)));
    is_sum(&norm.bias.0, FEWER, x());
    is_sum(&norm.running_mean.0, 1, -x());
}

#[test]
fn the_gradient_of_a_trained_slope() {
    let mut dy = filled::<Vector<1>>(TERMS, 0.1);
    let x = filled::<Vector<1>>(TERMS, -0.1);
    let mut gradient = <PRelu>::zeros();
    PRelu::default().backward(Backward {
        input: &x,
        output: &dy.clone(),
        output_grad: &dy.clone(),
        input_grad: Some(&mut dy),
        gradient: &mut *gradient,
        workspace: Workspace::default().prepare::<Vector<1>, PRelu>(TERMS),
        accumulate: false,
    });
    is_sum(&[gradient.slope], TERMS, -f64::from(X) * f64::from(X));
    let mut gradient = ChannelPRelu::<1>::zeros();
    ChannelPRelu::<1>::default().backward(Backward {
        input: &x,
        output: &x,
        output_grad: &filled::<Vector<1>>(TERMS, 0.1),
        input_grad: None,
        gradient: &mut *gradient,
        workspace: Workspace::default().prepare::<Vector<1>, ChannelPRelu<1>>(TERMS),
        accumulate: false,
    });
    is_sum(&gradient.slope.0, TERMS, -f64::from(X) * f64::from(X));
}

#[test]
fn gradients_of_a_trained_factor_and_summand() {
    let affine = evaluate::<_, Vector<1>>(&*Affine::<1>::init(&mut rng(0)), FEWER);
    is_sum(&affine.bias.0, FEWER, x());
    is_sum(&affine.gain.0, FEWER, x() * x());
}

#[test]
fn means_over_all_places() {
    let mut y = [Vector([0.0_f32])];
    let wide = filled::<Image<1, 1, 10_000_000>>(1, 0.1);
    let workspace = &mut Workspace::default();
    GlobalAvgPool.forward(
        &wide,
        &mut y,
        workspace.prepare::<Image<1, 1, 10_000_000>, GlobalAvgPool>(1),
        &mut Mode::Evaluate,
    );
    is_sum(&y[0].0, 1, x());
    let long = filled::<Sequence<10_000_000, 1>>(1, 0.1);
    GlobalAvgPool.forward(
        &long,
        &mut y,
        workspace.prepare::<Sequence<10_000_000, 1>, GlobalAvgPool>(1),
        &mut Mode::Evaluate,
    );
    is_sum(&y[0].0, 1, x());
}

/// The batch is divided into 100,000 pieces, whose gradients are added in groups; and into parts of pieces.
#[test]
fn the_gradient_of_a_batch_in_pieces() {
    for (samples, micro_batch) in [(100_000, Some(1)), (1_000_000, None)] {
        let (inputs, targets) = (filled::<Vector<1>>(samples, 0.1), filled::<Vector<1>>(samples, -0.1));
        let mut trainer = Trainer::new(Linear::<1, 1>::zeros(), MeanSquaredError, Sgd::new(0.0), 0);
        if let Some(size) = micro_batch {
            trainer = trainer.micro_batch(size);
        }
        trainer.step(&inputs, &targets).unwrap();
        // dR/db = 2 (y - t), and dR/dw is x times as much.
        is_sum(&trainer.gradient().bias.0, 1, 2.0 * x());
        is_sum(trainer.gradient().weights(), 1, 2.0 * x() * x());
    }
}

/// Squares of f64 inputs that overflow: the output is what it is for inputs of ordinary size.
#[test]
fn norms_of_numbers_whose_squares_overflow() {
    let large = Vector([1e200, 3e200]);
    let norm = LayerNorm::<Vector<2, f64>>::init(&mut rng(0));
    approx::assert_relative_eq!(norm.predict(&large).unwrap(), Vector([-1.0, 1.0]), max_relative = 1e-12);
    let norm = RmsNorm::<Vector<2, f64>>::init(&mut rng(0));
    let root = 5.0_f64.sqrt(); // of the mean of 1 and 9
    approx::assert_relative_eq!(
        norm.predict(&large).unwrap(),
        Vector([1.0 / root, 3.0 / root]),
        max_relative = 1e-12
    );
}
