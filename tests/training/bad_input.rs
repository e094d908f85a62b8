//! Invalid data and settings: each error names what is wrong, where, and what to do.

use chainrule::Error;
use chainrule::flow::{JacobianParts, Recorder, Rule, Rules};
use chainrule::layer::FixedWorkspace;
use chainrule::optimizer::Inline;
use chainrule::prelude::*;
use chainrule::quantized::Quantized;
use chainrule::stream::{Stream, StreamState};

pub(crate) type Net = (Linear<3, 4>, Residual<(Tanh, Linear<4, 4>)>, PRelu, Linear<4, 2>);
pub(crate) type X = Vector<3>;
pub(crate) type Y = Vector<2>;

pub(crate) const XS: [X; 2] = [Vector([0.1, 0.2, 0.3]), Vector([-1.0, 0.5, 2.0])];
pub(crate) const YS: [Y; 2] = [Vector([0.0, 1.0]), Vector([0.5, 0.25])];

pub(crate) fn net() -> Owned<Net> {
    Net::init(&mut rng(1))
}

/// Returns the error of one training step with this batch.
pub(crate) fn step<L: Loss<Y, Target>, Target: Sync>(loss: L, xs: &[X], ys: &[Target]) -> Error {
    Trainer::new(net(), loss, Sgd::new(0.1), 1).step(xs, ys).expect_err("the step was taken")
}

/// Returns `XS` with this number at element 2 of sample 1.
fn xs_with(number: f32) -> [X; 2] {
    let mut xs = XS;
    xs[1][2] = number;
    xs
}

/// Returns `YS` with this number at element 0 of sample 1.
pub(crate) fn ys_with(number: f32) -> [Y; 2] {
    let mut ys = YS;
    ys[1][0] = number;
    ys
}

/// Three factors W of 1e13: for an input of 1e-20 the output is 1e19, and the gradient of the input is 1e45.
type Exploding = [Residual<Linear<1, 1>>; 3];

fn exploding() -> Trainer<Exploding, MeanSquaredError, Sgd<Exploding>> {
    let net = Exploding::init_with(Initializer::constant(1e13), &mut rng(0));
    Trainer::new(net, MeanSquaredError, Sgd::new(0.1), 1)
}

/// Returns the error for a window of one stream with the state of `streams` streams of the network `Other`.
fn window<Other: Layer<Sequence<4, 1>> + Stream<Vector<1>>>(streams: usize) -> Error {
    let net = Gru::<1, 2>::init(&mut rng(1));
    let mut state = CarriedState::new::<Other, Sequence<4, 1>>(streams);
    net.predict_into(&[Sequence([[0.5]; 4])], &mut [Sequence([[0.0; 2]; 4])], &mut state).unwrap_err()
}

/// Returns the error of the calibration of a network with an infinite bias, which `Relu6` hides in the output.
fn quantize(samples: &[Vector<2>]) -> Error {
    let mut net = <(Linear<2, 3>, Relu6)>::init(&mut rng(1));
    net.0.bias[1] = f32::INFINITY;
    Quantized::<(Linear<2, 3>, Relu6), Vector<2>>::calibrate(&net, samples).unwrap_err()
}

/// Returns each variant of the error, produced through the public API, and its text.
fn errors() -> Vec<(&'static str, Error, &'static str)> {
    let mut infinite = net();
    infinite.1.branch.1.bias[2] = f32::INFINITY;
    let mut overflowed = net();
    overflowed.3.weights_mut()[5] = 2e38;
    overflowed.3.bias[1] = 3e38;
    let infinite_loss = MeanSquaredError.mean(&[Vector([1e200])], &[Vector([-1e200])]);
    vec![
        (
            "LabelOutOfRange",
            Label::<10>::new(12).unwrap_err(),
            "label 12 is out of range: there are 10 classes, 0 to 9",
        ),
        (
            "SliceLength",
            Sequence::<2, 3>::from_slice(&[1.0; 5]).unwrap_err(),
            "a tensor of shape [2, 3] has 6 numbers, but this slice has 5",
        ),
        (
            "SequenceLength",
            Padded::<2, 1>::new(&[[0.5]; 3]).unwrap_err(),
            "the sequence has 3 steps, but its type allows 1 to 2",
        ),
        (
            "EmptyBatch",
            step(MeanSquaredError, &[], &[] as &[Vector<2>]),
            "the batch is empty: give at least one sample",
        ),
        (
            "BatchLengths",
            step(MeanSquaredError, &XS, &YS[..1]),
            "the batch has 2 inputs and 1 targets: give one target for each input",
        ),
        (
            "CotangentLengths",
            net().vjp(&XS, &YS[..1]).unwrap_err(),
            "the batch has 2 inputs and 1 cotangents: give one cotangent for each input",
        ),
        (
            "OutputLengths",
            net().predict_into(&XS, &mut [YS[0]], &mut Workspace::default()).unwrap_err(),
            "the batch has 2 inputs, but the slice for the outputs has 1 elements: give one element for each input",
        ),
        (
            "OtherState",
            window::<Gru<1, 3>>(1),
            "the carried state belongs to another network, or to windows of another shape: create one with \
             `CarriedState::new::<Net, Input>(streams)`",
        ),
        (
            "StreamCount",
            window::<Gru<1, 2>>(3),
            "the batch has 1 windows, but the carried state has 3 streams: give one window of each stream, in the \
             same order each time",
        ),
        (
            "WorkspaceSize",
            // Two samples of 64 bytes are between the layers, and their alignment can need one more cache line.
            (Tanh, Tanh)
                .predict_into(
                    &[Vector([0.0_f32; 16]); 2],
                    &mut [Vector([0.0_f32; 16]); 2],
                    &mut FixedWorkspace::<1>::new(),
                )
                .unwrap_err(),
            "the workspace has 64 bytes, but this network needs 192 for this batch: see `budget::<Net, Input>()`",
        ),
        (
            "NonFiniteData",
            step(MeanSquaredError, &xs_with(f32::NAN), &YS),
            "input 1 of the batch has NaN at element 2: clean the data before training on it",
        ),
        (
            "NonFiniteOutput",
            overflowed.predict(&Vector([30.0, 30.0, 30.0])).unwrap_err(),
            "output 1 of sample 0 is inf although the input is finite: the weights are not finite or have \
             overflowed; lower the learning rate or the initial gain",
        ),
        (
            "NonFiniteStream",
            {
                let mut net = Rnn::<1, 1, Relu>::zeros();
                net.bias_ih[0] = f32::INFINITY;
                net.step(&Vector([0.5]), &mut StreamState::new(&net)).unwrap_err()
            },
            "output 0 of this step of the stream is inf although its input is finite: the state may stay NaN or \
             infinite; start a new `StreamState`, and check the weights and the size of the inputs",
        ),
        (
            "NonFiniteLogit",
            chainrule::text::Sampler::new(1).sample(&Vector([0.0, f32::NAN])).unwrap_err(),
            "the score (logit) of token 1 is NaN: check the weights, and the code that changes the scores (-inf \
             excludes a token, but one token must remain)",
        ),
        (
            "StreamEnd",
            {
                let net = LearnedPositions::<1, 1>::zeros();
                let mut state = StreamState::new(&net);
                net.step(&Vector([0.5]), &mut state).unwrap();
                net.step(&Vector([0.5]), &mut state).unwrap_err()
            },
            "the stream ends after 1 steps, because `LearnedPositions<1, 1>` has no more positions: start a new \
             `StreamState`, or use `SinusoidalPositions` or `Rotary`, which have no end",
        ),
        (
            "NonFiniteLoss",
            infinite_loss.unwrap_err(),
            "the loss or its gradient is inf: the outputs are not finite, or too far from the targets for the \
             scalar's range",
        ),
        (
            "NonFiniteGradient",
            Sgd::new(0.1).step(&mut net(), &infinite).unwrap_err(),
            "the gradient of `1.branch.1.bias` is inf at element 2, and no step was taken: the gradient explodes; \
             lower the learning rate or the initial gain, or add a skip connection",
        ),
        (
            "StepOverflow",
            Adam::new(0.1)
                .step(
                    &mut *Linear::<1, 1>::zeros(),
                    &*Linear::<1, 1>::init_with(Initializer::constant(2e20), &mut rng(0)),
                )
                .unwrap_err(),
            "the gradient of `weight` is 2.0000000400817547e20 at element 0, and no step was taken: a weight or a \
             moment of the optimizer would overflow; look for an outlier in the batch, clip the gradient, or lower \
             the learning rate",
        ),
        (
            "MomentCount",
            Adam::<_, Inline<2>>::inline(0.1).amsgrad().step(&mut net(), &net()).unwrap_err(),
            "the optimizer needs 3 moments with these settings, but has 2: use `Inline<3>`",
        ),
        (
            "NonFiniteStep",
            exploding().step(&[Vector([1e-20])], &[Vector([0.0])]).unwrap_err(),
            "step 0 was not taken: at `1.branch` (Linear<1, 1>) the gradient becomes NaN or infinite, although it is \
             finite when it arrives there; start with smaller weights, `Initializer::gain`, or lower the learning \
             rate",
        ),
        (
            "TargetRange",
            step(BinaryCrossEntropy, &XS, &ys_with(1.5)),
            "target 1 of the batch has 1.5 at element 0, but this loss takes probabilities between 0 and 1",
        ),
        (
            "OutputRange",
            PoissonNllLoss::of_rates().mean(&[Vector([1.0, -2.0])], &[Vector([0.0, 0.0])]).unwrap_err(),
            "output 0 of the batch has -2 at element 1, but this loss takes rates of at least 0: end the network \
             with a `Softplus`, or let it give their logarithms and use `PoissonNllLoss::default()`",
        ),
        (
            "TooManyLabels",
            Labels::<3, 1>::new(&[Label::of::<1>(); 2]).unwrap_err(),
            "the target has 2 labels, but its type allows at most 1",
        ),
        (
            "NoWeight",
            step(CrossEntropy::default(), &XS, &[None::<Label<2>>; 2]),
            "every target of the batch is ignored, or belongs to a class of weight 0: give at least one target that \
             counts",
        ),
        (
            "UnknownPath",
            FreezeParameters::new(Sgd::new(0.1), ["4"]).step(&mut net(), &net()).unwrap_err(),
            "there is no parameter at `4` or below it: the parameters are 0.weight, 0.bias, 1.branch.1.weight, \
             1.branch.1.bias, 2.slope, 3.weight and 3.bias",
        ),
        (
            "NotOnMainPath",
            net().jacobian_spectra(&XS, JacobianParts::Spans(&[("0", "4")])).unwrap_err(),
            "the main path has no layer at `4` or below it, after the start of the span: its layers are 0, 1, 2 and \
             3",
        ),
        (
            "NonFiniteJacobian",
            <(Linear<1, 1>, Linear<1, 1>)>::init_with(Initializer::constant(1e30), &mut rng(0))
                .jacobian_spectrum(&[Vector([0.0])])
                .unwrap_err(),
            "the Jacobian of the network is not finite, although the output is: it overflows the scalar; lower the \
             initial gain",
        ),
        (
            "FrozenStatistics",
            FreezeParameters::new(Sgd::new(0.1), ["running_mean"])
                .step(&mut *BatchNorm::<1>::zeros(), &*BatchNorm::<1>::zeros())
                .unwrap_err(),
            "`running_mean` is frozen, but in training its layer still normalizes by the batch: write `Evaluate<..>` \
             around the layer, which keeps it in evaluation mode",
        ),
        (
            "EmptyCalibration",
            quantize(&[]),
            "the calibration set is empty: give typical inputs of the network",
        ),
        (
            "ConstantCalibration",
            quantize(&[Vector([0.5; 2])]),
            "every number of the calibration set is 0.5: give typical inputs of the network",
        ),
        (
            "NonFiniteCalibration",
            quantize(&[Vector([0.0, 1.0])]),
            "a weight or an output of `Linear<2, 3>` is NaN or infinite: such a network cannot be quantized",
        ),
        (
            "QuantizedMemory",
            Quantized::<Linear<2, 3>, Vector<2>>::calibrate(
                &Linear::init(&mut rng(1)),
                &[Vector([0.0, 1.0])],
            )
            .and_then(|net| net.predict_into(&[Vector([0.0; 2])], &mut [Vector([0.0; 3])], &mut []))
            .unwrap_err(),
            "the memory has 0 bytes, but this network needs 5: see `Quantized::<Net, Input>::RAM`",
        ),
        (
            "Setting",
            step(Huber::new(-1.0), &XS, &YS),
            "the delta of a Huber loss is -1, but must be above 0 and finite",
        ),
    ]
}

#[test]
fn each_error_names_what_is_wrong_where_and_what_to_do() {
    for (variant, error, text) in errors() {
        assert_eq!(error.to_string(), text);
        assert!(format!("{error:?}").starts_with(variant), "{error:?} is not a {variant}");
    }
}

#[test]
fn a_rule_that_stops_a_training_reports_what_it_found() {
    let rules = Rules::none().threshold(Rule::LargeUpdates, 1e-3).stop(Rule::LargeUpdates);
    let mut recorder = Recorder::every(1).rules(rules);
    let net = Linear::<1, 1>::init_with(Initializer::constant(1.0), &mut rng(0));
    let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.0625), 1);
    // R = (w + b)², from w = 1 and b = 0: each step takes a quarter of w + b, 1/8 of it from w and from b. At
    // step 2 that is 9/128 of each, and (w, b) is (100/128, -28/128).
    let mut step = || trainer.step_recorded(&[Vector([1.0])], &[Vector([0.0])], &mut recorder);
    let error = (0..4).find_map(|_| step().err()).unwrap();
    assert_eq!(
        error.to_string(),
        "the rule `large updates` stopped the training after step 2: a step changes `Linear<1, 1>` by 1.2e-1 of its \
         length; its value is 1.226e-1, and its threshold 1.000e-3; cure: a lower learning rate, or a warmup, \
         `Schedule::warm_up`; about 1e-3 is healthy"
    );
}

#[test]
fn each_variant_of_the_error_is_among_these() {
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../src/error.rs")).unwrap();
    let variants = source.lines().filter_map(|line| line.strip_prefix("    ")).filter_map(|line| {
        let name = line.trim_end_matches([' ', '{', ',']);
        (line.len() > name.len() && !name.is_empty() && name.chars().all(char::is_alphanumeric))
            .then_some(name)
    });
    let (variants, reached): (Vec<_>, Vec<_>) =
        (variants.collect(), errors().into_iter().map(|e| e.0).collect());
    assert_eq!(variants, reached, "src/error.rs and this test differ");
}

#[test]
fn the_place_of_a_number_that_is_not_finite_is_reported_for_all_inputs_and_targets() {
    let net = net();
    for (number, name) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
        let (xs, ys) = (xs_with(number), ys_with(number));
        let said =
            format!("input 1 of the batch has {name} at element 2: clean the data before training on it");
        assert_eq!(step(MeanSquaredError, &xs, &YS).to_string(), said);
        assert_eq!(net.predict_batch(&xs).unwrap_err().to_string(), said);
        assert_eq!(net.loss(&MeanSquaredError, &xs, &YS).unwrap_err().to_string(), said);
        assert_eq!(net.predict(&xs[1]).unwrap_err().to_string(), said.replace("input 1", "input 0"));

        let said = said.replace("input 1", "target 1").replace("element 2", "element 0");
        assert_eq!(step(MeanSquaredError, &XS, &ys).to_string(), said);
        assert_eq!(step(MeanAbsoluteError, &XS, &ys).to_string(), said);
        assert_eq!(step(Huber::default(), &XS, &ys).to_string(), said);
        assert_eq!(step(BinaryCrossEntropy, &XS, &ys).to_string(), said);
        assert_eq!(step(CrossEntropy::default(), &XS, &ys).to_string(), said);
    }
}

#[test]
fn targets_that_are_not_probabilities_are_rejected_and_the_limits_0_and_1_are_accepted() {
    for number in [-1e-6, 1.0 + 1e-6] {
        assert!(matches!(
            step(BinaryCrossEntropy, &XS, &ys_with(number)),
            Error::TargetRange { sample: 1, element: 0, .. }
        ));
        assert!(matches!(step(CrossEntropy::default(), &XS, &ys_with(number)), Error::TargetRange { .. }));
    }
    for number in [0.0, -0.0, 1.0] {
        BinaryCrossEntropy.mean(&YS, &ys_with(number)).unwrap();
    }
}

#[test]
fn an_empty_batch_has_an_empty_output_and_no_loss() {
    let net = net();
    assert_eq!(net.predict_batch::<X, Y>(&[] as &[X]), Ok(vec![]));
    assert_eq!(net.predict_into(&[] as &[X], &mut [] as &mut [Y], &mut Workspace::default()), Ok(()));
    assert_eq!(net.loss(&MeanSquaredError, &[] as &[X], &[] as &[Y]), Err(Error::EmptyBatch));
    assert_eq!(MeanSquaredError.mean(&[] as &[Y], &[] as &[Y]), Err(Error::EmptyBatch));
    assert_eq!((X::columns(&[]).ncols(), X::flat(&[]).len()), (0, 0));
}

/// In f32, 2 · 6e38 is infinite, and the square of 6e38, summed in f64, is not.
#[test]
fn a_gradient_too_large_for_the_scalar_is_found_at_the_loss() {
    let far =
        MeanSquaredError.mean_and_gradient(&[Vector([3e38])], &[Vector([-3e38])], &mut [Vector([0.0_f32])]);
    assert_eq!(far, Err(Error::NonFiniteLoss { value: f64::INFINITY }));
}

#[test]
fn slices_of_different_lengths_are_rejected() {
    let (net, mut ys) = (net(), YS);
    let differ = |inputs, targets| Err(Error::BatchLengths { inputs, targets });
    assert_eq!(net.loss(&MeanSquaredError, &XS, &YS[..1]), differ(2, 1).map(|()| 0.0));
    let room = Err(Error::OutputLengths { inputs: 2, outputs: 1 });
    assert_eq!(net.predict_into(&XS, &mut ys[..1], &mut Workspace::default()), room);
    assert_eq!(MeanSquaredError.mean(&YS[..1], &YS), differ(1, 2).map(|()| 0.0));
    assert_eq!(MeanSquaredError.mean_and_gradient(&YS, &YS, &mut ys[..1]), differ(1, 2).map(|()| 0.0));
    assert_eq!(step(MeanSquaredError, &[], &YS), Error::BatchLengths { inputs: 0, targets: 2 });
}

#[test]
fn settings_out_of_range_are_rejected_by_name() {
    let say = |error: Error| {
        let Error::Setting { name, .. } = error else { panic!("{error}") };
        assert!(error.to_string().starts_with(name));
        name
    };
    fn of(mut optimizer: impl Optimizer<Net>) -> Error {
        let (before, mut after) = (net(), net());
        let error = optimizer.step(&mut after, &net()).expect_err("this setting was accepted");
        assert_eq!(before.parameters(), after.parameters());
        error
    }
    // Below the range, above it, and not a number.
    for wrong in [-1e-9, f64::INFINITY, f64::NAN] {
        assert_eq!(say(of(Sgd::new(wrong))), "the learning rate");
        assert_eq!(say(of(RmsProp::new(wrong))), "the learning rate");
        assert_eq!(say(of(Adam::new(wrong))), "the learning rate");
        assert_eq!(say(of(AdamW::new(wrong))), "the learning rate");
        assert_eq!(say(of(AdamW::new(0.1).weight_decay(wrong))), "the weight decay");
        assert_eq!(say(of(Sgd::new(0.1).weight_decay(wrong))), "the weight decay");
        let factor = Group::new("0").rate(wrong);
        assert_eq!(say(of(Sgd::new(0.1).group(factor))), "the factor of a group's learning rate");
        let decay = Group::new("0").weight_decay(wrong);
        assert_eq!(say(of(Sgd::new(0.1).group(decay))), "the weight decay of a group");
        assert_eq!(say(of(Asgd::new(0.1).lambda(wrong))), "the lambda of ASGD");
        assert_eq!(say(of(Asgd::new(0.1).alpha(wrong))), "the alpha of ASGD");
        assert_eq!(say(of(Adagrad::new(0.1).rate_decay(wrong))), "the rate decay of Adagrad");
        assert_eq!(say(of(Adagrad::new(0.1).initial_sum(wrong))), "the initial sum of Adagrad");
        assert_eq!(say(of(NAdam::new(0.1).momentum_decay(wrong))), "the momentum decay of NAdam");
        assert_eq!(say(of(Rprop::new(0.1).step_sizes([0.1, wrong]))), "the largest step size of Rprop");
    }
    let large = Sgd::new(1e30).group(Group::new("0").rate(1e30));
    assert_eq!(say(of(large)), "the learning rate of a group");
    assert_eq!(say(of(Rprop::new(0.1).step_sizes([2.0, 1.0]))), "the largest step size of Rprop");
    for wrong in [0.0, 1.0, -0.5, f64::NAN] {
        assert_eq!(say(of(Rprop::new(0.1).etas([wrong, 1.2]))), "the first eta of Rprop");
    }
    for wrong in [1.0, 0.5, f64::INFINITY, f64::NAN] {
        assert_eq!(say(of(Rprop::new(0.1).etas([0.5, wrong]))), "the second eta of Rprop");
    }
    for wrong in [-0.1, 1.1, f64::NAN] {
        assert_eq!(say(of(Sgd::new(0.1).momentum(0.9).dampening(wrong))), "the dampening");
    }
    // With an epsilon of 0, a parameter without gradient divides 0 by 0. So does an epsilon that is 0 in `f32`.
    for wrong in [0.0, 1e-50, -1e-9, f64::INFINITY, f64::NAN] {
        let mut rmsprop = RmsProp::new(0.1);
        rmsprop.epsilon = wrong;
        assert_eq!(say(of(rmsprop)), "the epsilon of RMSprop");
        assert_eq!(say(of(Adam::new(0.1).epsilon(wrong))), "the epsilon of Adam");
        assert_eq!(say(of(Adagrad::new(0.1).epsilon(wrong))), "the epsilon of Adagrad");
        assert_eq!(say(of(Adadelta::new(0.1).epsilon(wrong))), "the epsilon of Adadelta");
        assert_eq!(say(of(Adamax::new(0.1).epsilon(wrong))), "the epsilon of Adamax");
        assert_eq!(say(of(NAdam::new(0.1).epsilon(wrong))), "the epsilon of NAdam");
        assert_eq!(say(of(RAdam::new(0.1).epsilon(wrong))), "the epsilon of RAdam");
        assert_eq!(say(of(Rprop::new(0.1).step_sizes([wrong, 1.0]))), "the smallest step size of Rprop");
    }
    for wrong in [-1e-9, 1.0, f64::NAN] {
        assert_eq!(say(of(Sgd::new(0.1).momentum(wrong))), "the momentum");
        assert_eq!(say(of(Sgd::new(0.1).nesterov(wrong))), "the momentum");
        assert_eq!(say(of(RmsProp::new(0.1).decay(wrong))), "the decay of RMSprop");
        assert_eq!(say(of(RmsProp::new(0.1).momentum(wrong))), "the momentum");
        assert_eq!(say(of(Adadelta::new(0.1).decay(wrong))), "the decay of Adadelta");
        assert_eq!(say(of(Adamax::new(0.1).betas([0.9, wrong]))), "the second beta of Adamax");
        assert_eq!(say(of(NAdam::new(0.1).betas([wrong, 0.9]))), "the first beta of NAdam");
        assert_eq!(say(of(RAdam::new(0.1).betas([0.9, wrong]))), "the second beta of RAdam");
        assert_eq!(say(of(Lion::new(0.1).betas([wrong, 0.9]))), "the first beta of Lion");
        assert_eq!(say(of(Adam::new(0.1).betas([wrong, 0.9]))), "the first beta of Adam");
        assert_eq!(say(of(Adam::new(0.1).betas([0.9, wrong]))), "the second beta of Adam");
        assert_eq!(say(step(CrossEntropy::smoothed(wrong), &XS, &YS)), "label smoothing");
    }
    for wrong in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        assert_eq!(say(step(Huber::new(wrong), &XS, &YS)), "the delta of a Huber loss");
    }
    let labels = Label::<2>::all().collect::<Vec<_>>();
    assert_eq!(say(step(CrossEntropy::smoothed(1.0), &XS, &labels)), "label smoothing");
}
