//! Normalization layers: what is normalized together, the gradients in training and in evaluation, and hard inputs.

use crate::common::{backward, every_layer, forward, inputs};
use chainrule::Real;
use chainrule::gradcheck::gradcheck;
use chainrule::layer::{Parameter, Visitor, visit};
use chainrule::layer::{Plan, ViewMut};
use chainrule::prelude::*;

type T = f64;

/// Every parameter and buffer off its start and unlike its neighbors: at a gain of 1 a forgotten gain would not show.
struct Jumble;

impl Visitor<0, 1> for Jumble {
    fn visit<S: Real>(&mut self, _: &Parameter<'_>, []: [&[S]; 0], [xs]: [&mut [S]; 1]) {
        xs.iter_mut().enumerate().for_each(|(at, x)| *x = S::from_f64(0.4 + 0.3 * ((7 * at + 3) % 5) as f64));
    }
}

fn jumbled<L: Parameters>() -> Owned<L> {
    let mut layer = L::zeros();
    visit([], [ViewMut::of(&mut *layer)], &mut Jumble);
    layer
}

/// A layer in evaluation mode even where it is asked to train, so that the gradient check sees that side of it.
#[derive(Parameters)]
struct Evaluated<L>(L);

impl<X: Tensor, L: Layer<X>> Layer<X> for Evaluated<L> {
    type Output = L::Output;
    const PLAN: Plan = L::PLAN;
    const OVERWRITES: bool = L::OVERWRITES;

    fn forward(&self, input: &[X], output: &mut [L::Output], workspace: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        self.0.forward(input, output, workspace, &mut Mode::Evaluate);
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        let Backward { input, output, output_grad, input_grad, gradient, workspace, accumulate } = pass;
        let gradient = &mut gradient.0;
        self.0.backward(Backward { input, output, output_grad, input_grad, gradient, workspace, accumulate });
    }
}

#[test]
fn gradients_hold_at_any_gain_bias_and_statistics_in_training_and_in_evaluation() {
    fn check<L: Layer<X, Output: Tensor<Scalar = T>>, X: Tensor<Scalar = T>>(name: &str) -> usize {
        let batch = inputs::<X>(5);
        gradcheck(&jumbled::<L>(), &batch).unwrap_or_else(|error| panic!("{name}: {error}"));
        let evaluated = jumbled::<Evaluated<L>>();
        gradcheck(&evaluated, &batch).unwrap_or_else(|error| panic!("{name}, evaluated: {error}"));
        1
    }
    let mut rows = 0;
    macro_rules! case {
        ("norm/batch_norm", $name:ident: $layer:ty, $input:ty) => {
            rows += check::<$layer, $input>(stringify!($name));
        };
        ("norm/layer_norm", $name:ident: $layer:ty, $input:ty) => {
            rows += check::<$layer, $input>(stringify!($name));
        };
        ("norm/rms_norm", $name:ident: $layer:ty, $input:ty) => {
            rows += check::<$layer, $input>(stringify!($name));
        };
        ("norm/group_norm", $name:ident: $layer:ty, $input:ty) => {
            rows += check::<$layer, $input>(stringify!($name));
        };
        ("norm/local_response", $name:ident: $layer:ty, $input:ty) => {
            rows += check::<$layer, $input>(stringify!($name));
        };
        ($($other:tt)*) => {};
    }
    every_layer!(case);
    let mut norms = 0;
    macro_rules! count {
        ($file:literal, $($row:tt)*) => {
            norms += usize::from($file.starts_with("norm/"));
        };
    }
    every_layer!(count);
    assert!(rows > 0 && rows == norms, "{rows} of {norms} norms were checked: name the new file above");
}

#[test]
fn gradients_hold_in_networks_with_norms() {
    type Classifier = (Linear<3, 4, T>, BatchNorm<4, T>, Tanh, Linear<4, 2, T>);
    type Deep = (LayerNorm<Vector<3, T>>, [Residual<(RmsNorm<Vector<3, T>>, Linear<3, 3, T>, Gelu)>; 2]);
    type Images = (Conv2d<1, 4, 2, 1, 0, T>, BatchNorm<4, T>, Silu, GroupNorm<2, 4, T>);
    gradcheck(&Classifier::init(&mut rng(1)), &inputs::<Vector<3, T>>(5)).unwrap();
    gradcheck(&Deep::init(&mut rng(1)), &inputs::<Vector<3, T>>(5)).unwrap();
    gradcheck(&Images::init(&mut rng(1)), &inputs::<Image<1, 3, 4, T>>(3)).unwrap();
}

/// The definition, by index: `together` names the group of an element, `scaled_by` the element of gain and bias.
fn by_definition<X: Tensor<Scalar = T>>(
    batch: &[X],
    together: impl Fn(usize, usize) -> usize,
    (gain, bias, scaled_by): (&[T], &[T], impl Fn(usize) -> usize),
    centered: bool,
    epsilon: f64,
) -> Vec<T> {
    let flat = X::flat(batch);
    let group = |at: usize| together(at / X::LEN, at % X::LEN);
    let normalize = |(at, &x): (usize, &T)| {
        let members: Vec<T> = (0..flat.len()).filter(|&i| group(i) == group(at)).map(|i| flat[i]).collect();
        let n = members.len() as f64;
        let mean = if centered { members.iter().sum::<f64>() / n } else { 0.0 };
        let variance = members.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
        let scale = scaled_by(at % X::LEN);
        gain[scale] * (x - mean) / (variance + epsilon).sqrt() + bias[scale]
    };
    flat.iter().enumerate().map(normalize).collect()
}

fn trained_forward<X: Tensor<Scalar = T>, L: Maps<X, X>>(layer: &L, batch: &[X]) -> Vec<X> {
    forward(layer, batch, &mut Workspace::default(), &mut Mode::Train(&mut rng(0)))
}

fn assert_close<X: Tensor<Scalar = T>>(output: &[X], expected: &[T]) {
    // Values below 10 in f64, summed over at most 60 terms: no more than some 1e-13 by rounding.
    for (y, expected) in X::flat(output).iter().zip(expected) {
        approx::assert_abs_diff_eq!(*y, *expected, epsilon = 1e-12);
    }
}

#[test]
fn batch_norm_takes_each_feature_over_samples_steps_and_pixels() {
    let norm = jumbled::<BatchNorm<2, T>>();
    let scales = (&norm.gain.0[..], &norm.bias.0[..]);
    let vectors = inputs::<Vector<2, T>>(7);
    let expected = by_definition(&vectors, |_, at| at, (scales.0, scales.1, |at| at), true, 1e-5);
    assert_close(&trained_forward(&*norm, &vectors), &expected);
    let steps = inputs::<Sequence<4, 2, T>>(3);
    let expected = by_definition(&steps, |_, at| at % 2, (scales.0, scales.1, |at| at % 2), true, 1e-5);
    assert_close(&trained_forward(&*norm, &steps), &expected);
    let images = inputs::<Image<2, 3, 2, T>>(5);
    let expected = by_definition(&images, |_, at| at / 6, (scales.0, scales.1, |at| at / 6), true, 1e-5);
    assert_close(&trained_forward(&*norm, &images), &expected);
}

#[test]
fn batch_norm_in_evaluation_takes_the_running_statistics() {
    let norm = jumbled::<BatchNorm<2, T>>();
    for x in inputs::<Image<2, 3, 2, T>>(5) {
        let expected = core::array::from_fn(|f| {
            let (mean, variance) = (norm.running_mean[f], norm.running_variance[f]);
            x.0[f].map(|row| row.map(|x| norm.gain[f] * (x - mean) / (variance + 1e-5).sqrt() + norm.bias[f]))
        });
        approx::assert_abs_diff_eq!(norm.predict(&x).unwrap(), Image(expected), epsilon = 1e-12);
    }
}

#[test]
fn layer_and_rms_norm_take_each_sample_or_step_by_itself() {
    let (layer, rms) = (jumbled::<LayerNorm<Vector<4, T>>>(), jumbled::<RmsNorm<Vector<4, T>>>());
    let steps = inputs::<Sequence<3, 4, T>>(5);
    let step = |sample, at| 3 * sample + at / 4;
    let scales = (&layer.gain.0[..], &layer.bias.0[..], |at| at % 4);
    assert_close(&trained_forward(&*layer, &steps), &by_definition(&steps, step, scales, true, 1e-5));
    let scales = (&rms.gain.0[..], &[0.0; 4][..], |at| at % 4);
    assert_close(&trained_forward(&*rms, &steps), &by_definition(&steps, step, scales, false, f64::EPSILON));
    let images = inputs::<Image<2, 3, 2, T>>(5);
    let layer = jumbled::<LayerNorm<Image<2, 3, 2, T>>>();
    let scales = (layer.gain.as_slice(), layer.bias.as_slice(), |at| at);
    assert_close(
        &trained_forward(&*layer, &images),
        &by_definition(&images, |sample, _| sample, scales, true, 1e-5),
    );
}

#[test]
fn group_norm_takes_each_group_of_channels_of_each_image() {
    let norm = jumbled::<GroupNorm<2, 6, T>>();
    let images = inputs::<Image<6, 2, 1, T>>(5);
    let scales = (&norm.gain.0[..], &norm.bias.0[..], |at| at / 2);
    let expected = by_definition(&images, |sample, at| 2 * sample + at / 6, scales, true, 1e-5);
    assert_close(&trained_forward(&*norm, &images), &expected);
}

/// Output and input gradient of a layer in `f32`, in training, for an output gradient of 1, -2, 3, -4, ..
fn both_ways<X: Tensor<Scalar = f32>, L: Maps<X, X>>(layer: &L, batch: &[X]) -> [Vec<f32>; 2] {
    let mut dy = batch.to_vec();
    let sign = |at: usize| if at.is_multiple_of(2) { 1.0 } else { -1.0 };
    X::flat_mut(&mut dy).iter_mut().enumerate().for_each(|(at, dy)| *dy = sign(at) * (at + 1) as f32);
    let mut workspace = Workspace::default();
    let y = forward(layer, batch, &mut workspace, &mut Mode::Train(&mut rng(0)));
    let (dx, gradient) = backward(layer, batch, &y, &dy, &mut workspace, None);
    assert!(gradient.norm().is_finite());
    [y, dx].map(|xs| X::flat(&xs).to_vec())
}

#[test]
fn constant_and_extreme_features_have_finite_outputs_and_gradients() {
    type X = Image<4, 2, 3>;
    let extremes = (0..24).map(|at| [1e4, -1e4, 1e4, 1e4, -1e-4][at % 5]).collect::<Vec<f32>>();
    let batches = [[0.0; 24].to_vec(), [1e4; 24].to_vec(), [-1e4; 24].to_vec(), extremes];
    for batch in batches.map(|xs| [X::from_slice(&xs).unwrap(); 3]) {
        let all = [
            both_ways(&*jumbled::<BatchNorm<4>>(), &batch),
            both_ways(&*jumbled::<LayerNorm<X>>(), &batch),
            both_ways(&*jumbled::<RmsNorm<X>>(), &batch),
            both_ways(&*jumbled::<GroupNorm<2, 4>>(), &batch),
        ];
        assert!(all.iter().flatten().flatten().all(|x| x.is_finite()));
    }
}

#[test]
fn equal_numbers_give_exactly_the_bias() {
    // Seven times 0.1 is not exact in f32, and the seventh of what comes out is not 0.1 again.
    let [y, _] = both_ways(&*jumbled::<BatchNorm<2>>(), &[Vector([0.1, 1e4]); 7]);
    assert_eq!(y[..2], jumbled::<BatchNorm<2>>().bias.0);
    let [y, _] = both_ways(&*jumbled::<LayerNorm<Vector<7>>>(), &[Vector([0.1; 7])]);
    assert_eq!(y, jumbled::<LayerNorm<Vector<7>>>().bias.0);
}

#[test]
fn a_small_variance_around_a_large_mean_is_not_lost() {
    // Neighbors of 1e4 in f32 are 2^-10 apart: a mean in f32 would be off by a third of that. Neighbors of its square
    // in f64 are 2^-26 apart, and the variance is 2^-22: their difference would be off by per cents.
    let step = 2.0_f64.powi(-10);
    let deviation = (2.0 / 9.0 * step * step + 1e-5).sqrt();
    let expected = [-1.0, -1.0, 2.0].map(|thirds| (thirds / 3.0 * step / deviation) as f32);
    let numbers = [1e4, 1e4, 1e4 + step as f32];
    let [y, _] = both_ways(&*BatchNorm::<1>::init(&mut rng(0)), &numbers.map(|x| Vector([x])));
    approx::assert_relative_eq!(y[..], expected, max_relative = 2.0 * f32::EPSILON);
    let [y, _] = both_ways(&*LayerNorm::<Vector<3>>::init(&mut rng(0)), &[Vector(numbers)]);
    approx::assert_relative_eq!(y[..], expected, max_relative = 2.0 * f32::EPSILON);
}
