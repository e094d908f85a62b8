//! No data at all makes the crate panic: any numbers, NaN, infinities and subnormals among them, in batches of any
//! length.

use crate::common::{backward, bits, every_combinator, every_layer, forward, inputs};
use chainrule::prelude::*;
use proptest::prelude::*;

type Net = (Linear<3, 4>, Residual<(Tanh, Linear<4, 4>)>, PRelu, Linear<4, 2>);
type X = Vector<3>;
type Y = Vector<2>;

fn net() -> Owned<Net> {
    Net::init(&mut rng(1))
}

/// Mostly numbers that one trains on, and now and then any at all.
fn number() -> impl Strategy<Value = f32> {
    let special = [
        f32::MAX,
        f32::MIN,
        1e38,
        -1e38,
        1e20,
        f32::MIN_POSITIVE,
        1e-45,
        -1e-45,
        -0.0,
        f32::NAN,
        f32::INFINITY,
    ];
    prop_oneof![20 => -3.0..3.0_f32, 1 => prop::num::f32::ANY, 1 => prop::sample::select(special.to_vec())]
}

fn batch<X: Tensor<Scalar = f32>>() -> impl Strategy<Value = Vec<X>> {
    let sample = prop::collection::vec(number(), X::LEN).prop_map(|numbers| X::from_slice(&numbers).unwrap());
    prop::collection::vec(sample, 0..4)
}

/// One step on a batch of anything: either it fails and changes nothing, or its loss and its gradient are finite.
fn take<L: Loss<Y, Y>, O: Optimizer<Net>>(trainer: &mut Trainer<Net, L, O>, xs: &[X], ys: &[Y]) {
    let before = bits(&trainer.network);
    match trainer.step(xs, ys) {
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert_eq!(before, bits(&trainer.network));
        }
        Ok(loss) => {
            assert!(loss.is_finite() && trainer.gradient().norm().is_finite());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(1986), ..ProptestConfig::with_cases(300) })]

    #[test]
    fn no_batch_makes_a_trainer_panic(
        batches in prop::collection::vec((batch::<X>(), batch::<Y>(), any::<bool>()), 1..5)
    ) {
        let mut squared = Trainer::new(net(), MeanSquaredError, Sgd::new(0.1).momentum(0.9), 1);
        let mut absolute = Trainer::new(net(), MeanAbsoluteError, RmsProp::new(0.1), 1);
        let mut huber = Trainer::new(net(), Huber::default(), Sgd::new(0.1).nesterov(0.9), 1);
        let mut cross = Trainer::new(net(), CrossEntropy::smoothed(0.1), Adam::new(0.1), 1);
        let mut binary = Trainer::new(net(), BinaryCrossEntropy, AdamW::new(0.1), 1);
        for (xs, ys, equal) in &batches {
            let both = xs.len().min(ys.len());
            let (xs, ys) = if *equal { (&xs[..both], &ys[..both]) } else { (&xs[..], &ys[..]) };
            let shares: Vec<Y> = ys.iter().map(|y| Vector(y.0.map(|y| y.abs() / 3.0))).collect();
            take(&mut squared, xs, ys);
            take(&mut absolute, xs, ys);
            take(&mut huber, xs, ys);
            take(&mut cross, xs, &shares);
            take(&mut binary, xs, &shares);
            if let Ok(outputs) = net().predict_batch(xs) {
                assert_eq!(outputs.len(), xs.len());
            }
        }
    }

    #[test]
    fn no_number_makes_a_label_or_a_tensor_panic(numbers in prop::collection::vec(number(), 0..9), index in prop_oneof![0..10_usize, any::<usize>()]) {
        assert_eq!(Label::<7>::new(index).is_ok(), index < 7);
        assert_eq!(Sequence::<2, 3>::from_slice(&numbers).is_ok(), numbers.len() == 6);
        if let Ok(scores) = Vector::<7>::try_from(&numbers[..]) {
            let best = Label::from_scores(&scores).index();
            assert!(scores.0.iter().all(|score| score.is_nan() || *score <= scores[best]));
            assert!(format!("{scores:?}").starts_with("Vector<7> ["));
        }
    }

    #[test]
    fn no_number_makes_a_layer_panic(numbers in prop::collection::vec(number(), 1..30), samples in 0_usize..4) {
        macro_rules! case {
            ($file:literal, $name:ident: $layer:ty, $input:ty) => {{
                type T = f32;
                pass::<$layer, $input>(&numbers, samples);
            }};
        }
        every_layer!(case);
        every_combinator!(case);
    }
}

/// A layer by itself, forward and back, on any numbers and any number of samples.
fn pass<L: Layer<X, Output: Tensor<Scalar = f32>>, X: Tensor<Scalar = f32>>(numbers: &[f32], samples: usize) {
    let layer = L::init(&mut rng(1));
    let (mut x, mut dy) = (inputs::<X>(samples), inputs::<L::Output>(samples));
    X::flat_mut(&mut x).iter_mut().zip(numbers.iter().cycle()).for_each(|(x, number)| *x = *number);
    L::Output::flat_mut(&mut dy).iter_mut().zip(numbers.iter().rev().cycle()).for_each(|(dy, n)| *dy = *n);
    let mut workspace = Workspace::default();
    let y = forward(&*layer, &x, &mut workspace, &mut Mode::Train(&mut rng(2)));
    backward(&*layer, &x, &y, &dy, &mut workspace, None);
}
