//! A run that is stopped, saved and resumed gives the same bits as one that was not stopped.

use std::path::{Path, PathBuf};

use crate::common::{bits, each_optimizer, inputs};
use crate::files::with_header;
use chainrule::checkpoint::{self, ChangedSetting, CheckpointError, Format, State, StateFields};
use chainrule::prelude::*;
use chainrule::rand::rngs::ChaCha8Rng;
use chainrule::rand::{Rng, SeedableRng};
use serde_json::json;

/// Random in training, measured in training, skipped and scaled: all that a network can keep.
type Net<T = f32> = (
    Linear<3, 8, T>,
    BatchNorm<8, T>,
    Residual<(Tanh, Dropout<30>, Linear<8, 8, T>)>,
    PRelu<T>,
    Dropout<20>,
    Linear<8, 2, T>,
);

fn net<T: Real>() -> Owned<Net<T>> {
    Init::init(&mut rng(1))
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// The losses of some of the steps of a run over four batches.
macro_rules! steps {
    ($trainer:ident, $scalar:ty, $steps:expr) => {{
        let (xs, ys) = (inputs::<Vector<3, $scalar>>(20), inputs::<Vector<2, $scalar>>(20));
        let step = |at: usize| {
            let batch = at % 4 * 5..at % 4 * 5 + 5;
            $trainer.step(&xs[batch.clone()], &ys[batch]).unwrap().to_bits()
        };
        $steps.map(step).collect::<Vec<u64>>()
    }};
}

fn goes_on<T: Real, O: Optimizer<Net<T>> + State>(name: &str, optimizer: fn(f64) -> O) {
    let folder = Folder::new();
    let [at_17, straight, resumed] = ["17", "straight", "resumed"].map(|name| folder.path(name));

    let mut trainer = Trainer::new(net::<T>(), Huber::new(1.0), optimizer(0.01), 5);
    let losses = steps!(trainer, T, 0..30);
    trainer.save_checkpoint(&straight).unwrap();

    let mut first = Trainer::new(net::<T>(), Huber::new(1.0), optimizer(0.01), 5);
    let mut pieces = steps!(first, T, 0..17);
    first.save_checkpoint(&at_17).unwrap();
    // Another network and seed: both must come from the file.
    let other: Owned<Net<T>> = Init::init(&mut rng(77));
    let mut second = Trainer::new(other, Huber::new(1.0), optimizer(0.01), 6);
    let _ = steps!(second, T, 0..3);
    assert_eq!(second.resume(&at_17).unwrap(), [], "{name}");
    pieces.extend(steps!(second, T, 17..30));
    second.save_checkpoint(&resumed).unwrap();

    assert_eq!(pieces, losses, "{name}: the losses differ");
    assert_eq!(bits(&second.network), bits(&trainer.network), "{name}: the weights differ");
    // Weights, moments, settings, random state: the whole file.
    assert_eq!(std::fs::read(resumed).unwrap(), std::fs::read(straight).unwrap(), "{name}: the files differ");
}

fn every_optimizer_goes_on<T: Real>() {
    macro_rules! case {
        ($name:literal, $new:expr) => {
            goes_on::<T, _>($name, $new);
        };
    }
    each_optimizer!(case);
    goes_on::<T, FreezeParameters<Adam<Net<T>>>>("FreezeParameters", |rate| {
        FreezeParameters::new(Adam::new(rate), ["0"])
    });
}

#[test]
fn a_resumed_run_in_f32_is_the_run_that_was_not_stopped() {
    every_optimizer_goes_on::<f32>();
}

#[test]
fn a_resumed_run_in_f64_is_the_run_that_was_not_stopped() {
    every_optimizer_goes_on::<f64>();
}

#[test]
fn every_optimizer_of_the_crate_is_among_these() {
    let mut files: Vec<_> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../src/optimizer"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            text.contains(" Optimizer<N> for ") || text.contains("\noptimizer! {")
        })
        .map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    assert_eq!(
        files,
        [
            "adadelta", "adagrad", "adam", "adamax", "adamw", "asgd", "freeze", "lion", "nadam", "radam",
            "rmsprop", "rprop", "sgd"
        ],
        "a new optimizer: give it a line in `each_optimizer!`, and a `State`"
    );
}

fn trainer<O: Optimizer<Net>>(optimizer: O) -> Trainer<Net, MeanSquaredError, O> {
    Trainer::new(net(), MeanSquaredError, optimizer, 1)
}

/// What each setting was, and what it is.
fn lines(changed: &[ChangedSetting]) -> Vec<String> {
    changed.iter().map(ToString::to_string).collect()
}

#[test]
fn the_settings_of_the_program_apply_and_those_that_differ_are_listed() {
    let folder = Folder::new();
    let path = folder.path("run");
    let mut saved = trainer(AdamW::new(1e-3).weight_decay(0.3)).clip_norm(2.0);
    saved.optimizer.adam.betas = [0.5, 0.75];
    saved.save_checkpoint(&path).unwrap();
    let mut resumed = trainer(AdamW::new(7.0)).micro_batch(4).schedule(Schedule::cosine(90).warm_up(9));
    let changed = resumed.resume(&path).unwrap();
    let expected = [
        "optimizer.adam.learning_rate: 0.001 in the file, 7 in this program, which applies",
        "optimizer.adam.betas: [0.5, 0.75] in the file, [0.9, 0.999] in this program, which applies",
        "optimizer.adam.weight_decay: 0.3 in the file, 0.01 in this program, which applies",
        "schedule: Schedule::constant() in the file, Schedule::cosine(90).warm_up(9) in this program, which applies",
        "clip: the norm at 2 in the file, none in this program, which applies",
        "micro_batch: none in the file, 4 in this program, which applies",
    ];
    assert_eq!(lines(&changed), expected);
    let found = &resumed.optimizer;
    let decay = found.adam.options.weight_decay;
    assert_eq!((found.adam.learning_rate, found.adam.betas, decay), (7.0, [0.9, 0.999], 0.01));
}

#[test]
fn the_settings_of_every_optimizer_are_listed() {
    fn changed<O: Optimizer<Net> + State>(saved: O, resumed: O) -> Vec<String> {
        let folder = Folder::new();
        let path = folder.path("run");
        trainer(saved).save_checkpoint(&path).unwrap();
        let changed = trainer(resumed).resume(&path).unwrap();
        changed.into_iter().map(|setting| setting.name).collect()
    }
    assert_eq!(
        changed(Sgd::new(0.1).momentum(0.5), Sgd::new(0.2).nesterov(0.25)),
        ["optimizer.learning_rate", "optimizer.momentum", "optimizer.nesterov"]
    );
    let name = |names: &[&str]| names.iter().map(|name| format!("optimizer.{name}")).collect::<Vec<_>>();
    // The options of all optimizers.
    let other = Sgd::new(0.1).weight_decay(0.5).decoupled().decay_all().maximize().group(Group::new("0"));
    assert_eq!(
        changed(Sgd::new(0.1), other),
        name(&["weight_decay", "decoupled", "decay_all", "maximize", "groups"])
    );
    assert_eq!(changed(Sgd::new(0.1), Sgd::new(0.1).dampening(0.5)), name(&["dampening"]));
    let other = RmsProp::new(0.1).decay(0.5).epsilon(1e-6).momentum(0.5).centered();
    assert_eq!(changed(RmsProp::new(0.1), other), name(&["decay", "epsilon", "momentum", "centered"]));
    assert_eq!(
        changed(Adam::new(0.1), Adam::new(0.1).betas([0.0, 0.5]).epsilon(1.0).amsgrad()),
        name(&["betas", "epsilon", "amsgrad"])
    );
    let other = Asgd::new(0.1).lambda(0.5).alpha(1.0).start(3);
    assert_eq!(changed(Asgd::new(0.1), other), name(&["lambda", "alpha", "start"]));
    let other = Adagrad::new(0.1).rate_decay(0.5).initial_sum(1.0).epsilon(1.0);
    assert_eq!(changed(Adagrad::new(0.1), other), name(&["rate_decay", "initial_sum", "epsilon"]));
    let other = Adadelta::new(0.1).decay(0.5).epsilon(1.0);
    assert_eq!(changed(Adadelta::new(0.1), other), name(&["decay", "epsilon"]));
    let other = Adamax::new(0.1).betas([0.0, 0.5]).epsilon(1.0);
    assert_eq!(changed(Adamax::new(0.1), other), name(&["betas", "epsilon"]));
    let other = NAdam::new(0.1).betas([0.0, 0.5]).epsilon(1.0).momentum_decay(1.0);
    assert_eq!(changed(NAdam::new(0.1), other), name(&["betas", "epsilon", "momentum_decay"]));
    let other = RAdam::new(0.1).betas([0.0, 0.5]).epsilon(1.0);
    assert_eq!(changed(RAdam::new(0.1), other), name(&["betas", "epsilon"]));
    let other = Rprop::new(0.1).etas([0.25, 2.0]).step_sizes([1.0, 2.0]);
    assert_eq!(changed(Rprop::new(0.1), other), name(&["etas", "step_sizes"]));
    assert_eq!(changed(Lion::new(0.1), Lion::new(0.1).betas([0.0, 0.5])), name(&["betas"]));
    assert_eq!(
        changed(
            FreezeParameters::new(Sgd::new(0.1), ["0"]),
            FreezeParameters::new(Sgd::new(0.1), ["0", "2"])
        ),
        ["optimizer.paths"]
    );
}

/// Two calls, and a checkpoint between them or not.
#[test]
fn l_bfgs_goes_on_from_a_checkpoint_bit_for_bit() {
    struct Run(Owned<Net<f64>>, Lbfgs<Net<f64>>);
    impl State for Run {
        fn fields(&mut self, fields: &mut StateFields<'_>) {
            fields.network("network", &mut self.0);
            fields.state("optimizer", &mut self.1);
        }
    }
    let (folder, xs, ys) = (Folder::new(), inputs::<Vector<3, f64>>(20), inputs::<Vector<2, f64>>(20));
    let path = folder.path("run");
    let new = || Lbfgs::new().history(3).max_iterations(5);
    let minimize = |Run(net, optimizer): &mut Run| {
        let mut workspace = Workspace::default();
        let evaluate = |net: &Net<f64>, gradient: &mut Net<f64>| {
            net.loss_gradient(&Huber::new(1.0), &xs, &ys, &mut workspace, gradient, &mut rng(3))
        };
        optimizer.minimize(net, evaluate).unwrap()
    };
    let mut straight = Run(net(), new());
    assert_eq!(minimize(&mut straight).iterations, 5); // the history is full
    checkpoint::save_state(&mut straight, &path).unwrap();
    let mut resumed = Run(Init::init(&mut rng(9)), new().max_iterations(6));
    let changed = checkpoint::load_state(&mut resumed, &path).unwrap();
    assert_eq!(changed[0].name, "optimizer.max_iterations");
    resumed.1.max_iterations = 5;
    let result = minimize(&mut straight);
    assert!(result.loss < result.before);
    assert_eq!(minimize(&mut resumed), result);
    assert_eq!(bits(&resumed.0), bits(&straight.0));
    let mut fresh = Run(straight.0.clone(), new());
    assert_ne!(minimize(&mut fresh).loss, minimize(&mut straight).loss, "the history makes no difference");
}

#[test]
fn a_learning_rate_that_was_changed_between_steps_comes_back_to_a_program_that_begins_with_the_same_one() {
    let folder = Folder::new();
    let path = folder.path("run");
    let mut saved = trainer(Adam::new(1e-3));
    saved.optimizer.learning_rate *= 0.1 + 0.2;
    saved.save_checkpoint(&path).unwrap();
    let mut resumed = trainer(Adam::new(1e-3));
    assert_eq!(resumed.resume(&path).unwrap(), []);
    assert_eq!(resumed.optimizer.learning_rate.to_bits(), saved.optimizer.learning_rate.to_bits());

    let mut other = trainer(Adam::new(2e-3));
    assert_eq!(other.resume(&path).unwrap().len(), 1);
    assert_eq!(other.optimizer.learning_rate, 2e-3);
}

#[test]
fn a_checkpoint_of_another_network_of_the_same_shapes_is_an_error_that_names_both() {
    let folder = Folder::new();
    let path = folder.path("run");
    type Curved = (Linear<2, 3>, Tanh, Linear<3, 1>);
    type Kinked = (Linear<2, 3>, Relu, Linear<3, 1>);
    let mut curved = Trainer::new(Curved::init(&mut rng(1)), MeanSquaredError, Adam::new(0.1), 1);
    curved.save_checkpoint(&path).unwrap();
    let mut kinked = Trainer::new(Kinked::init(&mut rng(2)), MeanSquaredError, Adam::new(0.1), 1);
    let before = bits(&kinked.network);
    let error = kinked.resume(&path).unwrap_err();
    let CheckpointError::OtherNetwork { network, saved_from, .. } = &error else { panic!("{error}") };
    assert_eq!(network, "(Linear<2, 3>, Relu, Linear<3, 1>)");
    assert_eq!(saved_from, "(Linear<2, 3>, Tanh, Linear<3, 1>)");
    assert_eq!(bits(&kinked.network), before);
    let within = Format::chainrule().within("network");
    assert!(matches!(within.load::<Kinked>(&path), Err(CheckpointError::OtherNetwork { .. })));
    assert_eq!(bits(&within.other_network().load::<Kinked>(&path).unwrap()), bits(&curved.network));
}

#[test]
fn a_checkpoint_of_another_run_is_one_error_and_changes_nothing() {
    let folder = Folder::new();
    let (path, after) = (folder.path("run"), folder.path("after"));
    trainer(AdamW::new(0.1)).save_checkpoint(&path).unwrap();

    let mut other = trainer(Adam::new(0.2));
    let CheckpointError::Mismatch(error) = other.resume(&path).unwrap_err() else { panic!("another error") };
    assert!(error.to_string().ends_with("resume it with the optimizer that it was saved with"), "{error}");
    // The learning rate and the steps: 2 in the file alone, 2 missing. Two networks of 11 tensors on either side.
    let problems: Vec<_> = error.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2 + 2 + 2 * 2 * 11);
    for line in [
        "optimizer.adam.steps: this value is only in the file",
        "optimizer.adam.mean.0.bias: [8] in the file, missing in the network",
        "optimizer.steps: this value is missing in the file",
        "optimizer.mean.0.bias: missing in the file, [8] in the network",
    ] {
        assert!(problems.iter().any(|problem| problem == line), "no {line:?} in {problems:?}");
    }

    // Of the right parts, with a wrong one among them: as it was, to the last bit.
    let whole = std::fs::read(&path).unwrap();
    let broken = [
        whole[..whole.len() - 1].to_vec(),
        with_header(&whole, |header| {
            let note = &mut header["__metadata__"]["chainrule"];
            *note = json!(
                note.as_str().unwrap().replace(r#""optimizer.adam.steps":0"#, r#""optimizer.adam.steps":-1"#)
            );
        }),
        with_header(&whole, |header| header["optimizer.adam.square.5.bias"]["shape"] = json!([1, 2])),
    ];
    let mut untouched = trainer(AdamW::new(0.7));
    untouched.save_checkpoint(&after).unwrap();
    let before = std::fs::read(&after).unwrap();
    for bytes in broken {
        assert_ne!(bytes, whole);
        std::fs::write(&path, bytes).unwrap();
        untouched.resume(&path).unwrap_err();
        untouched.save_checkpoint(&after).unwrap();
        assert_eq!(std::fs::read(&after).unwrap(), before);
    }
}

#[test]
fn a_value_of_another_kind_is_named_with_the_reason() {
    let folder = Folder::new();
    let path = folder.path("run");
    trainer(Adam::new(0.5)).save_checkpoint(&path).unwrap();
    let changed = with_header(&std::fs::read(&path).unwrap(), |header| {
        let note = &mut header["__metadata__"]["chainrule"];
        *note = json!(note.as_str().unwrap().replace(r#""optimizer.steps":0"#, r#""optimizer.steps":true"#));
    });
    std::fs::write(&path, changed).unwrap();
    let error = trainer(Adam::new(0.5)).resume(&path).unwrap_err().to_string();
    assert!(
        error
            .contains("  optimizer.steps: this value is invalid: invalid type: boolean `true`, expected u64"),
        "{error}"
    );
}

#[test]
fn the_network_alone_loads_from_a_checkpoint() {
    let folder = Folder::new();
    let path = folder.path("run");
    let mut trainer = trainer(Adam::new(0.1));
    trainer.save_checkpoint(&path).unwrap();
    let alone: Owned<Net> = Format::chainrule().within("network").load(&path).unwrap();
    assert_eq!(bits(&alone), bits(&trainer.network));
    let error = checkpoint::load::<Net>(&path).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("it is a checkpoint: `Format::chainrule().within(\"network\")`"), "{error}");

    checkpoint::save(&trainer.network, &path).unwrap();
    let error = self::trainer(Adam::new(0.1)).resume(&path).unwrap_err().to_string();
    assert!(error.contains("it is not a checkpoint"), "{error}");
}

/// A state that the test defines: values of many kinds, and a generator.
struct Own {
    floats: Vec<f64>,
    singles: Vec<f32>,
    order: Vec<usize>,
    best: Option<(u64, f64)>,
    text: String,
    rng: ChaCha8Rng,
}

impl State for Own {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.value("floats", &mut self.floats);
        fields.value("singles", &mut self.singles);
        fields.value("order", &mut self.order);
        fields.value("best", &mut self.best);
        fields.value("text", &mut self.text);
        fields.state("rng", &mut self.rng);
    }
}

impl Own {
    fn new() -> Self {
        let (floats, singles, order) = (vec![], vec![], vec![]);
        Self { floats, singles, order, best: None, text: String::new(), rng: rng(0) }
    }

    fn through(&mut self, path: &Path) -> Self {
        checkpoint::save_state(self, path).unwrap();
        let mut again = Self::new();
        checkpoint::load_state(&mut again, path).unwrap();
        again
    }
}

#[test]
fn values_come_back_bit_for_bit() {
    let folder = Folder::new();
    let mut own = Own::new();
    let mut draws = rng(3);
    // Bit patterns all over the range: most of them need all of 17 digits.
    own.floats = (0..20_000).map(|_| f64::from_bits(draws.next_u64())).filter(|x| x.is_finite()).collect();
    own.floats.extend([0.0, -0.0, f64::MAX, f64::MIN_POSITIVE, f64::from_bits(1), 0.1 + 0.2]);
    own.singles = (0..5_000).map(|_| f32::from_bits(draws.next_u32())).filter(|x| x.is_finite()).collect();
    (own.order, own.best) = (vec![usize::MAX, 0, 7], Some((u64::MAX, 1.0 / 3.0)));
    own.text = "\u{0}\"\\ {} ∂R/∂W\n".into();
    let again = own.through(&folder.path("own"));
    let bits64 = |xs: &[f64]| xs.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits64(&again.floats), bits64(&own.floats));
    let bits32 = |xs: &[f32]| xs.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits32(&again.singles), bits32(&own.singles));
    assert_eq!((again.order, again.best, again.text), (own.order, own.best, own.text));
}

#[test]
fn a_generator_goes_on_at_the_very_word_where_it_stood() {
    let folder = Folder::new();
    let path = folder.path("rng");
    // A block has 16 words, and four blocks are made at a time: stop at each word of two such buffers and some.
    for (drawn, stream) in (0..140).map(|drawn| (drawn, 0)).chain([(5, 1), (64, u64::MAX)]) {
        let mut own = Own::new();
        own.rng = ChaCha8Rng::from_seed([drawn as u8; 32]);
        own.rng.set_stream(stream);
        (0..drawn).for_each(|_| _ = own.rng.next_u32());
        let mut again = own.through(&path);
        for _ in 0..100 {
            assert_eq!(again.rng.next_u32(), own.rng.next_u32(), "after {drawn} words");
        }
    }
    for block in [1 << 32, (1 << 64) - 1] {
        let mut own = Own::new();
        own.rng.set_word_pos(block * 16 + 3);
        let mut again = own.through(&path);
        (0..40).for_each(|_| assert_eq!(again.rng.next_u64(), own.rng.next_u64()));
    }
}

#[test]
fn a_value_that_could_not_be_read_again_is_not_saved() {
    let folder = Folder::new();
    let path = folder.path("run");
    let mut trainer = trainer(Sgd::new(0.5));
    trainer.save_checkpoint(&path).unwrap();
    let before = std::fs::read(&path).unwrap();
    trainer.optimizer.learning_rate = f64::NAN;
    let error = trainer.save_checkpoint(&path).unwrap_err();
    assert!(
        matches!(&error, CheckpointError::Value { name, .. } if name == "optimizer.learning_rate"),
        "{error}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

/// Two parts of one name.
struct Twice<const VALUES: bool>([Owned<Linear<1, 1>>; 2]);

impl<const VALUES: bool> State for Twice<VALUES> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        for _ in 0..2 {
            if VALUES {
                fields.value("part", &mut 1);
            } else {
                fields.network("part", &mut self.0[0]);
            }
        }
    }
}

#[test]
fn two_parts_of_one_name_are_an_error() {
    let folder = Folder::new();
    let path = folder.path("twice");
    let of = || [Linear::zeros(), Linear::zeros()];
    let errors = [
        (checkpoint::save_state(&mut Twice::<false>(of()), &path), "part.weight"),
        (checkpoint::save_state(&mut Twice::<true>(of()), &path), "part"),
    ];
    for (error, twice) in errors {
        let error = error.unwrap_err();
        assert!(matches!(&error, CheckpointError::SameName { name, .. } if name == twice), "{error}");
    }
    assert!(!path.exists());
}
