//! What a recorder finds over time: units that do nothing, ranks, and what its rules warn of.

use chainrule::Error;
use chainrule::flow::{
    DORMANT, Flow, FlowOptions, RankFlow, Recorder, Rule, Rules, StoppedByRule, UnitsFlow,
};
use chainrule::prelude::*;

use crate::along::Along;
use crate::common::bits;

type Net = (Linear<4, 8>, Relu, Linear<8, 2>);
const SAMPLES: usize = 16;

fn batch(step: usize) -> (Vec<Vector<4>>, Vec<Vector<2>>) {
    let at = |sample: usize, i: usize| ((step * 131 + sample * 17 + i) as f32 * 0.71).sin();
    let inputs = (0..SAMPLES).map(|sample| Vector([0, 1, 2, 3].map(|i| at(sample, i)))).collect();
    (inputs, (0..SAMPLES).map(|sample| Vector([at(sample, 4), at(sample, 6)])).collect())
}

fn trainer() -> Trainer<Net, MeanSquaredError, Sgd<Net>> {
    Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Sgd::new(0.01), 1)
}

/// The figures of an activation's units on one batch.
fn units<X: Tensor>(inputs: &[X]) -> UnitsFlow
where
    Relu: Maps<X, X>,
{
    Relu.flow(&MeanSquaredError, inputs, inputs).unwrap().layers[0].units.unwrap()
}

#[test]
fn dead_units_are_those_of_a_window_of_records() {
    let (mut trainer, mut recorder) = (trainer(), Recorder::every(1).window(4).rules(Rules::none()));
    let off = |trainer: &mut Trainer<Net, _, _>, unit: usize, bias| trainer.network.0.bias[unit] = bias;
    for unit in [1, 5, 6] {
        off(&mut trainer, unit, -1e3);
    }
    let mut at = 0;
    let mut train = |trainer: &mut Trainer<Net, _, _>, recorder: &mut Recorder, steps| {
        for _ in 0..steps {
            let (inputs, targets) = batch(at);
            trainer.step_recorded(&inputs, &targets, recorder).unwrap();
            at += 1;
        }
        let [layer] = &recorder.units()[..] else { panic!("one activation") };
        assert_eq!((&layer.path[..], &layer.layer[..]), ("1", "Relu"));
        let window = recorder.records().last().unwrap().flow.layer("1").unwrap().units.unwrap();
        assert_eq!((window.samples, window.units), (layer.samples, 8));
        assert_eq!((window.dead, window.dormant), (layer.dead.len(), layer.dormant.len()));
        (layer.dead.clone(), layer.samples / SAMPLES as u64)
    };
    assert_eq!(train(&mut trainer, &mut recorder, 6), (vec![1, 5, 6], 6));
    // A unit that comes alive is not dead in the window, whatever it was before.
    off(&mut trainer, 5, 10.0);
    assert_eq!(train(&mut trainer, &mut recorder, 1), (vec![1, 6], 7));
    // A unit that dies is dead when the window has no record from before: two blocks of four records later.
    off(&mut trainer, 0, -1e3);
    assert_eq!(train(&mut trainer, &mut recorder, 1), (vec![1, 6], 8));
    assert_eq!(train(&mut trainer, &mut recorder, 1), (vec![1, 6], 5));
    assert_eq!(train(&mut trainer, &mut recorder, 3), (vec![1, 6], 8));
    assert_eq!(train(&mut trainer, &mut recorder, 1), (vec![0, 1, 6], 5));
    // Or when it begins again.
    off(&mut trainer, 5, -1e3);
    recorder.reset_units();
    assert_eq!(train(&mut trainer, &mut recorder, 1), (vec![0, 1, 5, 6], 1));
}

#[test]
fn a_unit_is_dormant_by_its_mean_output_relative_to_that_of_the_layer() {
    // c ≤ τ (3 + c) / 4 for c ≤ 3 τ / (4 - τ).
    let limit = 3.0 * DORMANT / (4.0 - DORMANT);
    for (c, dormant) in [(0.999 * limit, 1), (1.001 * limit, 0)] {
        // The mean of 2 c and of nothing: it is alive in one of the two samples.
        let inputs = [[2.0, 1.0, 0.5, 2.0 * c], [0.0, 1.0, 1.5, -1.0]].map(Vector::<4, f64>);
        assert_eq!(units(&inputs), UnitsFlow { samples: 2, units: 4, dead: 0, dormant });
        // A channel of an image, and a feature of a sequence, is one unit.
        let images = inputs.map(|x| Image::<4, 1, 2, f64>(x.0.map(|x| [[x, x]])));
        assert_eq!(units(&images), UnitsFlow { samples: 2, units: 4, dead: 0, dormant });
        let sequence = [Sequence::<2, 4, f64>(inputs.map(|x| x.0))];
        assert_eq!(units(&sequence), UnitsFlow { samples: 1, units: 4, dead: 0, dormant });
    }
    let nothing = [Vector([-1.0; 4])];
    assert_eq!(units(&nothing), UnitsFlow { samples: 1, units: 4, dead: 4, dormant: 4 });
}

/// The rank of a layer's outputs that are these.
fn rank<const N: usize>(outputs: &[Vector<N, f64>]) -> Option<RankFlow> {
    let mut layer = Linear::<N, N, f64>::zeros();
    (0..N).for_each(|at| layer.weight[at][at] = 1.0);
    let ranks = FlowOptions { ranks: true, ..FlowOptions::LIGHT };
    let flow = layer.flow_with(&MeanSquaredError, outputs, outputs, ranks).unwrap();
    flow.layers[0].rank
}

#[test]
fn ranks_in_closed_form() {
    let one: Vec<_> = (1..=9).map(|at| Vector([1.0, -2.0, 0.5].map(|x| x * f64::from(at)))).collect();
    let line = rank(&one).unwrap();
    assert_eq!((line.feature, line.most, line.samples), (1, 3, 9));
    // Rounding leaves singular values of 1e-16 of the largest, whose entropy is 1e-16 · 37.
    assert!((line.effective - 1.0).abs() < 1e-13 && (line.stable - 1.0).abs() < 1e-14, "{line:?}");

    // Singular values 3, 2, 1.
    let axes = [[3.0, 0.0, 0.0], [0.0, -2.0, 0.0], [0.0, 0.0, 1.0], [0.0; 3]].map(Vector);
    let three = rank(&axes).unwrap();
    let entropy = [3.0, 2.0, 1.0].map(|s: f64| -(s / 6.0) * (s / 6.0).ln()).iter().sum::<f64>();
    assert_eq!((three.feature, three.most), (3, 3));
    assert!((three.effective - entropy.exp()).abs() < 1e-14 && (three.stable - 14.0 / 9.0).abs() < 1e-14);

    // 200, 1, 1: the two small ones are less than a hundredth of the sum; at 190, they are more.
    let two = |large| [[large, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(Vector);
    assert_eq!((rank(&two(200.0)).unwrap().feature, rank(&two(190.0)).unwrap().feature), (1, 2));
    assert_eq!(rank(&[Vector([0.0; 3])]), None);
}

#[test]
fn ranks_are_those_of_the_singular_values_of_another_library() {
    let at = |row: usize, column: usize| ((row * 37 + column * 11) as f64 * 0.61).sin() / (1 + column) as f64;
    let outputs: Vec<Vector<24, f64>> =
        (0..40).map(|row| Vector(std::array::from_fn(|column| at(row, column)))).collect();
    let found = rank(&outputs).unwrap();
    let mut values: Vec<f64> =
        nalgebra::DMatrix::from_fn(40, 24, at).singular_values().iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    let sum: f64 = values.iter().sum();
    let entropy: f64 = values.iter().map(|s| s / sum).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum();
    let stable = values.iter().map(|s| s * s).sum::<f64>() / values[0].powi(2);
    let feature = (1..).find(|&k| values[..k].iter().sum::<f64>() >= 0.99 * sum).unwrap();
    assert_eq!((found.feature, found.most, found.samples), (feature, 24, 40));
    assert!((found.effective / entropy.exp() - 1.0).abs() < 1e-12, "{found:?}, {}", entropy.exp());
    assert!((found.stable / stable - 1.0).abs() < 1e-12);
}

#[test]
fn of_many_features_128_samples_are_looked_at() {
    let inputs: Vec<_> = (0..150).map(|at| Vector([(f64::from(at)).sin(), (f64::from(at)).cos()])).collect();
    let targets = vec![Vector([0.0; 200]); 150];
    let ranks = FlowOptions { ranks: true, ..FlowOptions::LIGHT };
    let layer = Linear::<2, 200, f64>::init(&mut rng(1));
    let flow = layer.flow_with(&MeanSquaredError, &inputs, &targets, ranks).unwrap();
    let rank = flow.layers[0].rank.unwrap();
    assert_eq!((rank.feature, rank.most, rank.samples), (2, 128, 128));
    // They are measured on request alone.
    assert_eq!(layer.flow(&MeanSquaredError, &inputs, &targets).unwrap().layers[0].rank, None);
}

#[test]
fn outputs_of_rank_one_in_a_hidden_layer_are_a_collapse() {
    type Deep = (Linear<4, 8>, Tanh, Linear<8, 8>, Tanh, Linear<8, 2>);
    let mut net = Deep::init(&mut rng(1));
    let column: Vec<f32> = (0..8).map(|row| net.2.weight[row][0]).collect();
    (0..8).for_each(|row| net.2.weight[row].0 = [column[row]; 8]);
    let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.0), 1);
    let ranks = FlowOptions { ranks: true, ..FlowOptions::LIGHT };
    let mut recorder = Recorder::every(1).options(ranks);
    for step in 0..6 {
        let (inputs, targets) = batch(step);
        trainer.step_recorded(&inputs, &targets, &mut recorder).unwrap();
    }
    let [warning] = recorder.warnings() else { panic!("{:?}", recorder.warnings()) };
    assert_eq!((warning.step, warning.rule, warning.layer.as_deref()), (2, "rank collapse", Some("2")));
    assert!(warning.text.contains("for 16 samples have a rank of 1 of 8"), "{warning}");
}

/// The gradient of `1` is that of the outputs times its inputs, and all else is 0, because its weights are.
type Last = (Linear<2, 3>, Linear<3, 1>);

/// Takes a step at the gradient times each of these factors.
fn factors(factors: &[f32], recorder: &mut Recorder) -> Result<Owned<Last>, Error> {
    let mut net = Last::init(&mut rng(1));
    net.1 = Linear::default();
    let (mut gradient, mut workspace, mut sgd) = (Last::zeros(), Workspace::default(), Sgd::new(0.0));
    for factor in factors {
        let (inputs, directions) = ([Vector([1.0, 2.0])], [Vector([0.5 * factor])]);
        recorder.loss_gradient(
            &net,
            &Along,
            &inputs,
            &directions,
            &mut workspace,
            &mut gradient,
            &mut rng(2),
        )?;
        recorder.step(&mut sgd, &mut net, &gradient)?;
    }
    Ok(net)
}

/// (The verdict says that no gradient arrives at the first layer, which is right.)
fn sudden(threshold: f64) -> Rules {
    Rules::none().threshold(Rule::SuddenChange, threshold)
}

/// A gradient 40 times as large at these steps.
fn spikes(at: &[usize]) -> Vec<f32> {
    (0..24).map(|step| if at.contains(&step) { 40.0 } else { 1.0 }).collect()
}

#[test]
fn a_gradient_that_rises_40_fold_is_named_with_its_step_and_layer() {
    let mut recorder = Recorder::every(1).rules(sudden(10.0));
    factors(&spikes(&[12, 13, 18, 22]), &mut recorder).unwrap();
    // At 13 it is still the same; in 14 to 16 it recovers, and is named again; from 19 to 21 too.
    let steps: Vec<u64> = recorder.warnings().iter().map(|warning| warning.step).collect();
    assert_eq!(steps, [12, 18, 22]);
    let warning = &recorder.warnings()[0];
    assert_eq!((warning.rule, warning.layer.as_deref(), warning.others), ("sudden change", Some("1"), 0));
    // Rounding of the gradient in f32.
    assert!((warning.value - 40.0).abs() < 1e-4 && warning.threshold == 10.0, "{warning:?}");
    assert!(warning.source.contains("Iglewicz"), "{}", warning.source);
    let said = warning.to_string().replace("\n  ", " ");
    let expected = "step 12, sudden change: the gradient of `1` (Linear<3, 1>) rose 40-fold, to ";
    assert!(said.starts_with(expected), "{said}");
    assert!(said.contains("in the 12 records before\ncure: "), "{said}");
    assert!(warning.to_string().lines().all(|line| line.chars().count() < 80));
    // A fall by as much is one too, when it lasts for two records; and by another threshold neither is.
    let mut recorder = Recorder::every(1).rules(sudden(10.0));
    let fall: Vec<f32> = spikes(&[12, 13, 20]).iter().map(|factor| 1.0 / factor).collect();
    factors(&fall, &mut recorder).unwrap();
    let [warning] = recorder.warnings() else { panic!("{:?}", recorder.warnings()) };
    assert!(warning.step == 13 && warning.text.contains("fell 40-fold"), "{warning}");
    let mut recorder = Recorder::every(1).rules(sudden(50.0));
    factors(&spikes(&[12]), &mut recorder).unwrap();
    assert_eq!(recorder.warnings(), []);
}

#[test]
fn a_rule_stops_a_training_after_the_step() {
    let mut recorder = Recorder::every(1).rules(sudden(10.0).stop(Rule::SuddenChange));
    let error = factors(&spikes(&[12]), &mut recorder).unwrap_err();
    let Error::StoppedByRule(stopped) = &error else { panic!("{error}") };
    let StoppedByRule { step, rule, layer, value, threshold, .. } = &**stopped;
    assert_eq!((*step, *rule, layer.as_deref(), *threshold), (12, "sudden change", Some("1"), 10.0));
    assert!((value - 40.0).abs() < 1e-4);
    assert_eq!(recorder.records().len(), 13);
    // A rule that is wrong is an error before anything happens.
    let mut recorder = Recorder::every(1).rules(Rules::none().threshold(Rule::LargeUpdates, f64::NAN));
    let error = factors(&[1.0], &mut recorder).unwrap_err();
    assert!(matches!(error, Error::Setting { name: "the threshold of a rule", .. }), "{error}");
    assert!(recorder.records().is_empty());
}

#[test]
fn a_trainer_that_is_stopped_has_taken_the_step() {
    let [mut stopped, mut plain] = [(); 2].map(|()| trainer());
    let own = Rules::none().own("third step", "this test", 1.5, |record| Some(record.step as f64));
    let mut recorder = Recorder::every(1).rules(own.stop(Rule::Own("third step")));
    for step in 0..3 {
        let (inputs, targets) = batch(step);
        let stepped = stopped.step_recorded(&inputs, &targets, &mut recorder);
        assert_eq!(matches!(stepped, Err(Error::StoppedByRule { .. })), step == 2);
        plain.step(&inputs, &targets).unwrap();
    }
    assert_eq!((bits(&*stopped.network), stopped.steps()), (bits(&*plain.network), 3));
    // It can go on: the rule has said it.
    let (inputs, targets) = batch(3);
    stopped.step_recorded(&inputs, &targets, &mut recorder).unwrap();
}

#[test]
fn a_gradient_that_vanishes_is_warned_of_once_at_the_second_record() {
    type Deep = (Linear<4, 16>, [(Sigmoid, Linear<16, 16>); 12], Linear<16, 2>);
    let mut trainer = Trainer::new(Deep::init(&mut rng(1)), MeanSquaredError, Sgd::new(0.01), 1);
    let mut recorder = Recorder::every(2);
    for step in 0..12 {
        let (inputs, targets) = batch(step);
        trainer.step_recorded(&inputs, &targets, &mut recorder).unwrap();
    }
    let warnings: Vec<_> = recorder.warnings().iter().filter(|w| w.rule == "vanishing").collect();
    let verdict = recorder.records()[1].flow.verdict();
    assert_eq!((warnings.len(), warnings[0].step), (1, 2));
    assert_eq!((Some(warnings[0].value), &warnings[0].layer), (verdict.first_over_last, &verdict.starts_at));
    assert_eq!((&warnings[0].text, &warnings[0].cure), (&verdict.why, &verdict.cure));
}

#[test]
fn updates_that_are_too_small_or_too_large_are_found() {
    let warned = |rate: f64| {
        let mut trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Sgd::new(rate), 1);
        let mut recorder = Recorder::every(1);
        for step in 0..5 {
            let (inputs, targets) = batch(step);
            trainer.step_recorded(&inputs, &targets, &mut recorder).unwrap();
        }
        let told = recorder.warnings().iter().map(|w| (w.step, w.rule, w.others));
        told.collect::<Vec<_>>()
    };
    assert_eq!(warned(0.01), []);
    assert_eq!(warned(0.0), [], "frozen parameters are not a failure");
    assert_eq!(warned(1e-7), [(2, "small updates", 1)]);
    // Plain descent at twice the largest rate diverges, and its updates are as large as the weights.
    assert!(warned(1.5).contains(&(2, "large updates", 1)), "{:?}", warned(1.5));
}

#[test]
fn a_record_has_the_mean_loss_of_the_steps_since_the_record_before() {
    let (mut trainer, mut recorder) = (trainer(), Recorder::every(3));
    let mut losses = Vec::new();
    for step in 0..7 {
        let (inputs, targets) = batch(step);
        losses.push(trainer.step_recorded(&inputs, &targets, &mut recorder).unwrap());
    }
    let means: Vec<_> = recorder.records().iter().map(|record| record.mean_loss.unwrap()).collect();
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    assert_eq!(means, [losses[0], mean(&losses[1..4]), mean(&losses[4..])]);
    assert_eq!(recorder.records()[1].flow.loss, Some(losses[3]));
}

#[test]
fn a_divided_batch_is_measured_in_part_and_trained_the_same() {
    let everything = FlowOptions { ranks: true, ..FlowOptions::default() };
    for (micro_batch, samples) in [(4, 4), (16, 16), (100, 16)] {
        let [mut recorded, mut plain] = [(); 2].map(|()| trainer().micro_batch(micro_batch));
        let mut recorder = Recorder::every(2).options(everything);
        for step in 0..4 {
            let (inputs, targets) = batch(step);
            recorded.step_recorded(&inputs, &targets, &mut recorder).unwrap();
            plain.step(&inputs, &targets).unwrap();
        }
        assert_eq!(bits(&*recorded.network), bits(&*plain.network));
        let measured: Vec<_> = recorder.records().iter().map(|record| record.flow.samples).collect();
        assert_eq!(measured, [samples; 2]);
        let layer = recorder.records()[0].flow.layer("0").unwrap().clone();
        assert!(layer.rank.is_some() && layer.outputs.is_some() && layer.weights.unwrap().spectrum.is_some());
    }
}

/// A pass whose output is not finite is recorded all the same, so that the record shows the layer.
#[test]
fn a_step_that_is_not_finite_has_a_record() {
    let (mut trainer, mut recorder) = (trainer(), Recorder::every(1));
    trainer.network.0.weight[0][0] = f32::NAN;
    let (inputs, targets) = batch(0);
    trainer.step_recorded(&inputs, &targets, &mut recorder).unwrap_err();
    let flow: &Flow = &recorder.records()[0].flow;
    assert_eq!((flow.loss, flow.verdict().starts_at.as_deref()), (None, Some("0")));
}

#[allow(dead_code)] // the test set
#[path = "../../examples/support/digits.rs"]
mod digits;

#[test]
fn healthy_trainings_have_no_warnings() {
    type Digits = (Linear<64, 32>, Relu, Linear<32, 16>, Relu, Linear<16, 10>);
    let (images, labels): (Vec<_>, Vec<_>) = digits::train().unwrap().into_iter().unzip();
    for seed in 0..5 {
        let net = Digits::init_with(Initializer::he_normal(), &mut rng(seed));
        let mut trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(2e-3), seed);
        let ranks = FlowOptions { ranks: true, ..FlowOptions::LIGHT };
        let rules = Rules::default().guessing(10f64.ln());
        let mut recorder = Recorder::every(10).options(ranks).rules(rules);
        for _ in 0..3 {
            for (images, labels) in images.chunks(32).zip(labels.chunks(32)) {
                trainer.step_recorded(images, labels, &mut recorder).unwrap();
            }
        }
        assert_eq!(recorder.warnings(), [], "seed {seed}");
        assert!(recorder.series("mean_loss").last().unwrap().1 < 0.3, "it learns");
    }
}
