//! The recorder of gradient flow in training: it does not change the training, counts correctly, and its files can be
//! read.

use crate::common::bits;
use chainrule::Error;
use chainrule::flow::{FlowHook, FlowOptions, Recorder};
use chainrule::layer::{Owned, Parameter, Role, View, Visitor, visit};
use chainrule::prelude::*;

type Net =
    (Linear<3, 8>, BatchNorm<8>, Dropout<20>, [Residual<(Tanh, Linear<8, 8>)>; 11], PRelu, Linear<8, 2>);
type X = Vector<3>;

fn batch(step: u64) -> (Vec<X>, Vec<Vector<2>>) {
    let at = |sample: usize, i: usize| ((step as usize * 31 + sample * 7 + i) as f32 * 0.37).sin();
    let inputs = (0..6).map(|sample| Vector([at(sample, 0), at(sample, 1), at(sample, 2)])).collect();
    (inputs, (0..6).map(|sample| Vector([at(sample, 3), at(sample, 5)])).collect())
}

fn trainer() -> Trainer<Net, MeanSquaredError, Adam<Net>> {
    Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(0.01), 7)
}

/// A trainer after some steps, watched by this recorder.
fn recorded(steps: u64, recorder: &mut Recorder) -> Owned<Net> {
    let mut trainer = trainer();
    for step in 0..steps {
        let (inputs, targets) = batch(step);
        trainer.step_recorded(&inputs, &targets, recorder).unwrap();
    }
    trainer.network
}

#[test]
fn a_recorded_training_gives_the_same_network_bit_for_bit() {
    let mut trainer = trainer();
    for step in 0..7 {
        let (inputs, targets) = batch(step);
        trainer.step(&inputs, &targets).unwrap();
    }
    let expected = bits(&*trainer.network);
    // (every, which steps are recorded)
    let cases: [(u64, &[u64]); 5] =
        [(0, &[]), (1, &[0, 1, 2, 3, 4, 5, 6]), (2, &[0, 2, 4, 6]), (5, &[0, 5]), (100, &[0])];
    for (every, steps) in cases {
        let mut recorder = Recorder::every(every);
        assert_eq!(bits(&*recorded(7, &mut recorder)), expected, "every {every}");
        assert_eq!(recorder.records().iter().map(|record| record.step).collect::<Vec<_>>(), steps);
    }
}

/// |after - before| of every parameter, by its path, and of buffers nothing.
struct Changes(Vec<(String, f64)>);

impl Visitor<2, 0> for Changes {
    fn visit<T: chainrule::Real>(&mut self, p: &Parameter<'_>, [a, b]: [&[T]; 2], []: [&mut [T]; 0]) {
        if !matches!(p.role, Role::Buffer { .. }) {
            let square: f64 = a.iter().zip(b).map(|(a, b)| (a.to_f64() - b.to_f64()).powi(2)).sum();
            self.0.push((p.path.to_string(), square.sqrt()));
        }
    }
}

#[test]
fn an_update_is_the_distance_between_the_weights_before_and_after() {
    let (mut net, mut gradient, mut workspace) = (Net::init(&mut rng(1)), Net::zeros(), Workspace::default());
    let (mut sgd, mut recorder) = (Sgd::new(0.1).momentum(0.9), Recorder::every(2));
    for step in 0..3 {
        let (inputs, targets) = batch(step);
        recorder
            .loss_gradient(
                &net,
                &MeanSquaredError,
                &inputs,
                &targets,
                &mut workspace,
                &mut gradient,
                &mut rng(step),
            )
            .unwrap();
        let before = net.clone();
        recorder.step(&mut sgd, &mut net, &gradient).unwrap();
        if step == 1 {
            continue;
        }
        let mut changes = Changes(Vec::new());
        visit([View::of(&*before), View::of(&*net)], [], &mut changes);
        let layers = &recorder.records().last().unwrap().flow.layers;
        let found: Vec<(String, f64)> = layers
            .iter()
            .flat_map(|layer| {
                let path = |name: &str| format!("{}.{name}", layer.path);
                layer.parameters.iter().map(move |p| (path(&p.name), p.update_norm.unwrap()))
            })
            .collect();
        // Eleven blocks: `3.1.branch.1.weight` begins as `3.10.branch.1.weight` does.
        assert_eq!(found.len(), changes.0.len());
        for ((path, found), (expected_path, expected)) in found.iter().zip(&changes.0) {
            assert_eq!(path, expected_path);
            assert!(*expected > 0.0 && (found / expected - 1.0).abs() < 1e-14, "{path}: {found} {expected}");
        }
    }
    // A norm's buffers are measured, not trained: it has its scale and its shift alone.
    let norm = recorder.records()[0].flow.layer("1").unwrap();
    assert_eq!(norm.parameters.iter().map(|p| p.len).collect::<Vec<_>>(), [8, 8]);
}

#[test]
fn a_network_of_one_layer_has_updates_too() {
    let (mut net, mut gradient, mut workspace) =
        (Linear::<3, 2>::init(&mut rng(1)), Linear::zeros(), Workspace::default());
    let (mut sgd, mut recorder) = (Sgd::new(0.5), Recorder::every(1));
    let (inputs, targets) = batch(0);
    recorder
        .loss_gradient(&net, &MeanSquaredError, &inputs, &targets, &mut workspace, &mut gradient, &mut rng(0))
        .unwrap();
    recorder.step(&mut sgd, &mut net, &gradient).unwrap();
    for parameter in &recorder.records()[0].flow.layers[0].parameters {
        // Plain SGD's update is the gradient times the learning rate, and f32 rounds weights of about 1 by 6e-8.
        let (update, expected) = (parameter.update_norm.unwrap(), 0.5 * parameter.gradient_norm);
        assert!((update - expected).abs() < 1e-6, "{parameter:?}");
    }
}

#[test]
fn a_step_that_fails_is_recorded_once_and_does_not_count() {
    let mut trainer = trainer();
    let mut recorder = Recorder::every(1);
    let (inputs, targets) = batch(0);
    trainer.step_recorded(&inputs, &targets, &mut recorder).unwrap();
    trainer.step_recorded(&inputs[..0], &targets[..0], &mut recorder).unwrap_err();
    trainer.optimizer.learning_rate = f32::NAN.into();
    for _ in 0..2 {
        trainer.step_recorded(&inputs, &targets, &mut recorder).unwrap_err();
    }
    let last = recorder.records().last().unwrap();
    assert_eq!((trainer.steps(), last.step, recorder.records().len()), (1, 1, 2));
    assert!(last.flow.layers[1].parameters[0].update_norm.is_none());
    trainer.optimizer.learning_rate = 0.01;
    trainer.step_recorded(&inputs, &targets, &mut recorder).unwrap();
    let last = recorder.records().last().unwrap();
    assert_eq!((trainer.steps(), last.step, recorder.records().len()), (2, 1, 2));
    assert!(last.flow.layers[1].parameters[0].update_norm.is_some());
}

#[test]
fn a_step_that_is_not_finite_names_its_layer_and_changes_nothing() {
    type Exploding = (Residual<Linear<1, 1>>, Residual<Linear<1, 1>>, Residual<Linear<1, 1>>);
    let (inputs, targets) = ([Vector([1.0])], [Vector([0.0])]);
    let net = Exploding::init_with(Initializer::constant(0.1), &mut rng(0));
    let mut trainer = Trainer::new(net, MeanSquaredError, Adam::<Exploding>::new(0.1), 1);
    for _ in 0..3 {
        trainer.step(&inputs, &targets).unwrap();
    }
    let steps = |trainer: &mut Trainer<_, _, _>, watched: bool| {
        let before = bits(&*trainer.network);
        let error = match watched {
            true => trainer.step_recorded(&inputs, &targets, &mut Recorder::every(1)),
            false => trainer.step(&inputs, &targets),
        };
        assert_eq!((bits(&*trainer.network), trainer.steps()), (before, 3));
        let Err(Error::NonFiniteStep { step, layer, why, .. }) = error else { panic!("{error:?}") };
        assert_eq!(step, 3);
        (layer, why)
    };
    for watched in [false, true] {
        // Forward: a NaN in the weights of the second block's branch.
        let good = trainer.network.1.branch.weight[0];
        trainer.network.1.branch.weight[0] = Vector([f32::NAN]);
        let (layer, why) = steps(&mut trainer, watched);
        assert_eq!(layer.as_deref(), Some("1.branch"));
        assert!(why.contains("`weight`"), "{why}");
        trainer.network.1.branch.weight[0] = good;
    }
    // The optimizer too is as it was: it goes on as one that has seen nothing of this.
    let mut undisturbed = Trainer::new(
        Exploding::init_with(Initializer::constant(0.1), &mut rng(0)),
        MeanSquaredError,
        Adam::<Exploding>::new(0.1),
        1,
    );
    for _ in 0..4 {
        undisturbed.step(&inputs, &targets).unwrap();
    }
    trainer.step(&inputs, &targets).unwrap();
    assert_eq!(bits(&*trainer.network), bits(&*undisturbed.network));
}

#[test]
fn csv_and_json_can_be_read() {
    let mut recorder = Recorder::every(3);
    recorded(5, &mut recorder);
    let layers = recorder.records()[0].flow.layers.len();

    let csv = recorder.to_csv();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_string).collect();
    assert_eq!(header[..3], ["step", "path", "layer"]);
    let column = |name: &str| header.iter().position(|column| column == name).expect(name);
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 2 * layers);
    let (row, record) = (&rows[layers + 1], &recorder.records()[1]); // of step 3, the layer `0`
    let layer = record.flow.layer("0").unwrap();
    assert_eq!((&row[0], &row[1], &row[2]), ("3", "0", "Linear<3, 8>"));
    assert_eq!((&row[column("input_shape")], &row[column("output_shape")]), ("3", "8"));
    let cell = |name: &str| row[column(name)].parse::<f64>().unwrap();
    assert_eq!(Some(cell("gain")), layer.gain);
    assert_eq!(Some(cell("output_grad_rms")), layer.output_grad_rms);
    let [w, b] = &layer.parameters[..] else { panic!() };
    let update = w.update_norm.unwrap().hypot(b.update_norm.unwrap());
    assert!((cell("update_to_weight") / (update / w.norm.hypot(b.norm)) - 1.0).abs() < 1e-12);
    assert_eq!(&row[column("cosine")], ""); // what a layer does not have
    assert_eq!(csv.lines().next().unwrap().strip_prefix("step,"), record.flow.to_csv().lines().next());

    let json: serde_json::Value = serde_json::from_str(&recorder.to_json()).unwrap();
    assert_eq!((json[1]["step"].as_u64(), json[1]["flow"]["samples"].as_u64()), (Some(3), Some(6)));
    assert_eq!(json[1]["flow"]["layers"][1]["gain"].as_f64(), layer.gain);
    let one: serde_json::Value = serde_json::from_str(&record.flow.to_json()).unwrap();
    assert_eq!(one, json[1]["flow"]);
}

#[test]
fn a_hook_may_watch_one_pass_after_another() {
    let (net, mut gradient, mut workspace) = (Net::init(&mut rng(1)), Net::zeros(), Workspace::default());
    let mut watch = |hook: &mut FlowHook, step| {
        let (inputs, targets) = batch(step);
        net.loss_gradient_with_hook(
            &MeanSquaredError,
            &inputs,
            &targets,
            &mut workspace,
            &mut gradient,
            &mut rng(3),
            hook,
        )
    };
    let [mut both, mut second] = [(); 2].map(|()| FlowHook::new::<Net, X>(FlowOptions::LIGHT));
    watch(&mut both, 0).unwrap();
    watch(&mut both, 1).unwrap();
    watch(&mut second, 1).unwrap();
    assert_eq!(both.into_layers(), second.into_layers());
}

/// Three applications of one layer: dR/dW is one sum, whichever application shows it, and the update is that of one W.
#[test]
fn a_layer_that_is_applied_several_times_shows_its_whole_gradient_at_each_place() {
    type Repeated = (Linear<3, 4>, Shared<(Tanh, Linear<4, 4>), 3>, Linear<4, 2>);
    let (mut net, mut gradient, mut workspace) =
        (Repeated::init(&mut rng(1)), Repeated::zeros(), Workspace::default());
    let (mut sgd, mut recorder) = (Sgd::new(0.5), Recorder::every(1));
    let (inputs, targets) = batch(0);
    recorder
        .loss_gradient(&net, &MeanSquaredError, &inputs, &targets, &mut workspace, &mut gradient, &mut rng(0))
        .unwrap();
    recorder.step(&mut sgd, &mut net, &gradient).unwrap();
    let norm = |xs: &[f32]| xs.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let layer = &gradient.1.layer.1;
    let expected = [norm(layer.weights()), norm(&layer.bias.0)];
    for place in ["1.0.1", "1.1.1", "1.2.1"] {
        let found = &recorder.records()[0].flow.layer(place).unwrap().parameters;
        let norms: Vec<f64> = found.iter().map(|parameter| parameter.gradient_norm).collect();
        assert_eq!(norms, expected, "{place}");
        for (parameter, gradient) in found.iter().zip(expected) {
            // As above: plain SGD's update, and weights of about 1 in f32.
            assert!((parameter.update_norm.unwrap() - 0.5 * gradient).abs() < 1e-6, "{place}: {parameter:?}");
        }
    }
}
