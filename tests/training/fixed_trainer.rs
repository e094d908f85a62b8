//! Training without a heap gives the bits of a `Trainer`, with every optimizer.

use chainrule::layer::FixedWorkspace;
use chainrule::optimizer::Inline;
use chainrule::prelude::*;
use chainrule::{Error, FixedTrainer};

type Net = (Linear<3, 8>, BatchNorm<8>, Tanh, Dropout<20>, [Residual<(Linear<8, 8>, Relu)>; 2], Linear<8, 2>);
const BATCH: usize = 6;
type Memory = chainrule::workspace!(Net, Vector<3>, train BATCH);

fn batch() -> ([Vector<3>; BATCH], [Vector<2>; BATCH]) {
    let number = |at: usize, x: usize| ((at * 53 + x * 29) * 7919 % 1024) as f32 / 512.0 - 1.0;
    let input = |at| Vector(std::array::from_fn(|x| number(at, x)));
    let target = |at| Vector(std::array::from_fn(|x| number(at + 100, x)));
    (std::array::from_fn(input), std::array::from_fn(target))
}

/// Trains both ways with schedule and clipping, and compares loss and network after each step.
fn assert_same_bits(name: &str, on_heap: impl Optimizer<Net>, inline: impl Optimizer<Net>) {
    let (net, (inputs, targets)) = (Net::init(&mut rng(1)), batch());
    let mut fixed = FixedTrainer::new((*net).clone(), Huber::new(1.0), inline, Memory::new(), 7);
    let mut trainer = Trainer::new(net, Huber::new(1.0), on_heap, 7);
    for (start, clip) in [(0, 0.5), (4, 0.01)] {
        let schedule = Schedule::cosine(10 + start).warm_up(3);
        trainer = trainer.schedule(schedule.clone());
        fixed.schedule(schedule);
        if start == 0 {
            trainer = trainer.clip_norm(clip);
            fixed.clip_norm(clip);
        } else {
            trainer = trainer.clip_value(clip);
            fixed.clip_value(clip);
        }
        for _ in 0..8 {
            let losses = [trainer.step(&inputs, &targets).unwrap(), fixed.step(&inputs, &targets).unwrap()];
            assert_eq!(losses[0].to_bits(), losses[1].to_bits(), "{name}");
            assert_eq!(trainer.network.parameters(), fixed.network.parameters(), "{name}");
        }
    }
    assert_eq!((trainer.steps(), trainer.gradient().norm()), (fixed.steps(), fixed.gradient().norm()));
}

#[test]
fn every_optimizer_with_its_moments_in_itself_gives_the_bits_of_the_one_on_the_heap() {
    macro_rules! same {
        ($($optimizer:ident<$moments:literal>($rate:literal) $(.$setting:ident($($value:expr),*))*;)+) => {$(
            assert_same_bits(
                concat!(stringify!($optimizer), $(".", stringify!($setting)),*),
                $optimizer::new($rate)$(.$setting($($value),*))*,
                $optimizer::<Net, Inline<$moments>>::inline($rate)$(.$setting($($value),*))*,
            );
        )+};
    }
    same! {
        Sgd<0>(0.1);
        Sgd<0>(0.1).weight_decay(0.1).decay_all();
        Sgd<1>(0.1).momentum(0.9).dampening(0.1);
        Sgd<1>(0.1).nesterov(0.9).weight_decay(0.01);
        Asgd<1>(0.1).start(3);
        Adagrad<1>(0.1).initial_sum(0.1);
        Adadelta<2>(1.0);
        RmsProp<1>(0.01);
        RmsProp<3>(0.01).centered().momentum(0.5);
        Adam<2>(0.01).weight_decay(0.1);
        Adam<3>(0.01).amsgrad();
        AdamW<2>(0.01);
        AdamW<3>(0.01).amsgrad().weight_decay(0.1);
        Adamax<2>(0.01);
        NAdam<2>(0.01);
        RAdam<2>(0.01).maximize();
        Rprop<2>(0.01);
        Lion<1>(0.001).weight_decay(0.5);
    }
}

#[test]
fn an_optimizer_with_too_few_moments_is_an_error_and_changes_nothing() {
    fn assert_error(mut optimizer: impl Optimizer<Net>, needed: usize, found: usize) {
        let (start, gradient) = (Net::init(&mut rng(1)), Net::init(&mut rng(2)));
        let mut net = start.clone();
        assert_eq!(optimizer.step(&mut net, &gradient), Err(Error::MomentCount { needed, found }));
        assert_eq!(net, start);
    }
    assert_error(Sgd::<Net, Inline<0>>::inline(0.1).momentum(0.9), 1, 0);
    assert_error(RmsProp::<Net, Inline<2>>::inline(0.1).centered(), 3, 2);
    assert_error(AdamW::<Net, Inline<2>>::inline(0.1).amsgrad(), 3, 2);
}

#[test]
fn a_step_that_fails_changes_nothing_and_names_the_parameter() {
    let (net, (inputs, mut targets)) = (Net::init(&mut rng(1)).into_inner(), batch());
    let optimizer = Adam::<Net, Inline<2>>::inline(0.01);
    let mut fixed = FixedTrainer::new(net, MeanSquaredError, optimizer, Memory::new(), 7);
    fixed.step(&inputs, &targets).unwrap();
    let (before, optimizer) = (fixed.network.clone(), fixed.optimizer.clone());

    targets[1][0] = 1e30; // the gradient of the loss is finite, but its square is not
    let error = fixed.step(&inputs, &targets).unwrap_err();
    assert!(matches!(&error, Error::StepOverflow { .. } | Error::NonFiniteGradient { .. }), "{error}");
    let (Error::StepOverflow { parameter, .. } | Error::NonFiniteGradient { parameter, .. }) = error else {
        unreachable!()
    };
    assert_eq!(&parameter, "0.weight");
    targets[1][0] = f32::NAN;
    assert!(matches!(fixed.step(&inputs, &targets), Err(Error::NonFiniteData { what: "target", .. })));
    let larger = ([inputs[0]; BATCH + 1], [targets[0]; BATCH + 1]);
    assert!(matches!(fixed.step(&larger.0, &larger.1), Err(Error::WorkspaceSize { .. })));
    assert!(matches!(fixed.step(&inputs[..0], &targets[..0]), Err(Error::EmptyBatch)));
    assert_eq!(fixed.network.parameters(), before.parameters());
    assert_eq!(fixed.steps(), 1);

    // The moments have not changed either: the next step is that of a copy.
    let (mut one, mut other, mut copy) = (before.clone(), before, optimizer);
    let gradient = Net::init(&mut rng(3));
    fixed.optimizer.step(&mut one, &gradient).unwrap();
    copy.step(&mut other, &gradient).unwrap();
    assert_eq!(one.parameters(), other.parameters());
}

/// A workspace of several networks does too, and one on the heap.
#[test]
fn a_trainer_without_a_heap_takes_any_workspace() {
    const LINES: usize = chainrule::budget::<Net, Vector<3>>().training_lines(BATCH);
    let (net, (inputs, targets)) = (Net::init(&mut rng(1)), batch());
    let sgd = || Sgd::<Net, Inline<0>>::inline(0.1);
    let mut a = FixedTrainer::new((*net).clone(), MeanSquaredError, sgd(), FixedWorkspace::<LINES>::new(), 7);
    let mut b = FixedTrainer::new((*net).clone(), MeanSquaredError, sgd(), Workspace::default(), 7);
    assert_eq!(a.step(&inputs, &targets), b.step(&inputs, &targets));
    assert_eq!(a.network.parameters(), b.network.parameters());
}
