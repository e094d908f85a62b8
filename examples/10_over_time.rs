//! A training that breaks at a certain step: the recorder's rules name the step, the layers, and the units that died.
//!
//! From step 600 on the learning rate is a hundred times too large, as after a mistake in a schedule. A loss curve
//! shows that something is wrong. The rules show where and when, without a wrong warning before that step, and one of
//! them can stop the training.
//!
//! ```text
//! $ cargo run --release --features plot --example 10_over_time
//! ..
//! step 600, sudden change: the update of `2` (Linear<64, 64>) rose 99-fold, to
//!   8.46e-2, from a median of 8.56e-4 in the 20 records before (and in 2 more
//! ```
//! It prints the warnings of seed 1. Then, for five seeds, at which step each rule found the mistake, and the accuracy
//! without it, with it, and when the rule `sudden change` stopped the training. The picture and the records go to
//! `target/gradient-flow/10_over_time.svg`, `.png` and `.jsonl`.

#[path = "support/gradient_flow.rs"]
mod gradient_flow;
#[path = "support/training.rs"]
#[allow(dead_code)] // its loop over steps is not used
mod training;

use std::collections::BTreeMap;
use std::error::Error;

use chainrule::flow::{FlowOptions, Recorder, Rule, Rules};
use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;
use training::{Set, accuracy};

type Net = (Linear<64, 64>, Relu, Linear<64, 64>, Relu, Linear<64, 10>);

const STEPS: u64 = 1200;
/// The first step with a wrong learning rate, and the factor by which it is wrong.
const MISTAKE: (u64, f64) = (600, 100.0);
const RATE: f64 = 1e-3;
const EVERY: u64 = 10;
const BATCH: usize = 32;

/// The result of a training.
struct Run {
    recorder: Recorder,
    stopped: Option<chainrule::Error>, // why it stopped
    accuracy: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let digits = Set::digits()?;
    let rules = || Rules::default().guessing(10f64.ln());
    let runs = |factor, rules: &dyn Fn() -> Rules| -> Result<Vec<Run>, Box<dyn Error>> {
        (1..=5).map(|seed| train(seed, factor, rules(), &digits)).collect()
    };
    let (healthy, wrong) = (runs(1.0, &rules)?, runs(MISTAKE.1, &rules)?);
    let stopped = runs(MISTAKE.1, &|| rules().stop(Rule::SuddenChange))?;
    println!("Seed 1, with a learning rate {} times as large from step {} on:\n", MISTAKE.1, MISTAKE.0);
    wrong[0].recorder.warnings().iter().for_each(|warning| println!("{warning}\n"));
    for layer in wrong[0].recorder.units() {
        let (dead, dormant) = (layer.dead.len(), layer.dormant.len());
        println!(
            "{} {}: at the end {dead} of 64 units are dead, {dormant} dormant, in {} samples",
            layer.path, layer.layer, layer.samples
        );
    }
    println!("\nThe same, with `.stop(Rule::SuddenChange)`:\n");
    println!("{}\n", stopped[0].stopped.as_ref().ok_or("it was not stopped")?);

    let mut found: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for run in &wrong {
        let mut first: BTreeMap<&str, u64> = BTreeMap::new();
        for warning in run.recorder.warnings() {
            first.entry(warning.rule).or_insert(warning.step);
        }
        first.into_iter().for_each(|(rule, step)| found.entry(rule).or_default().push(step));
    }
    println!("The first warning of each rule, over five seeds:");
    for (rule, steps) in &found {
        let (first, last) = (steps.iter().min().unwrap_or(&0), steps.iter().max().unwrap_or(&0));
        println!("  {rule:<20} in {} of 5 runs, at step {first} to {last}", steps.len());
    }
    let before = wrong.iter().flat_map(|run| run.recorder.warnings()).filter(|w| w.step < MISTAKE.0).count();
    let without: usize = healthy.iter().map(|run| run.recorder.warnings().len()).sum();
    println!(
        "Warnings before step {}: {before}; in five trainings without the mistake: {without}.",
        MISTAKE.0
    );
    println!("Accuracy on the test digits, over five seeds:");
    for (what, runs) in [("without the mistake", &healthy), ("with it", &wrong), ("stopped", &stopped)] {
        let accuracies = || runs.iter().map(|run| 100.0 * run.accuracy);
        let (least, most) = (accuracies().fold(f64::MAX, f64::min), accuracies().fold(0.0, f64::max));
        println!("  {what:<20} {least:.1} to {most:.1} %");
    }
    draw(&wrong[0].recorder)?;

    let named = wrong.iter().all(|run| {
        run.recorder.warnings().first().is_some_and(|warning| {
            warning.rule == Rule::SuddenChange.name() && warning.step <= MISTAKE.0 + EVERY
        })
    });
    let right = named && before == 0 && without == 0 && stopped.iter().all(|run| run.stopped.is_some());
    right.then_some(()).ok_or("there should be a warning at the mistake, and none before it".into())
}

/// Trains, and multiplies the learning rate by `factor` at the step of the mistake.
fn train(
    seed: u64,
    factor: f64,
    rules: Rules,
    (learn, test): &(Set<64>, Set<64>),
) -> Result<Run, Box<dyn Error>> {
    let net = Net::init_with(Initializer::he_normal(), &mut rng(seed));
    let mut trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(RATE), seed);
    let ranks = FlowOptions { ranks: true, ..FlowOptions::LIGHT };
    let mut recorder = Recorder::every(EVERY).options(ranks).rules(rules);
    let batches = || learn.images.chunks(BATCH).zip(learn.labels.chunks(BATCH));
    let mut stopped = None;
    for (images, labels) in std::iter::repeat_with(batches).flatten().take(STEPS as usize) {
        if trainer.steps() == MISTAKE.0 {
            trainer.optimizer.learning_rate *= factor;
        }
        match trainer.step_recorded(images, labels, &mut recorder) {
            Err(error @ chainrule::Error::StoppedByRule { .. }) => {
                stopped = Some(error);
                break;
            }
            stepped => stepped?,
        };
    }
    let accuracy = accuracy(&*trainer.network, test)?;
    Ok(Run { recorder, stopped, accuracy })
}

/// Draws the loss, the updates of the layers relative to their weights, and the inactive units.
fn draw(recorder: &Recorder) -> Result<(), Box<dyn Error>> {
    let line = |name: &str| recorder.series(name).into_iter().map(|(step, value)| (step as f64, value));
    let loss = Lines::new("The loss").x("step").y("mean loss").log_y().line("loss", line("mean_loss"));
    let pace = ["0", "2", "4"].iter().fold(
        Lines::new("The updates of each layer").x("step").y("|update| / |W|").log_y().level(1e-3, "1e-3"),
        |lines, path| lines.line(format!("layer {path}"), line(&format!("update_to_weight/{path}"))),
    );
    let mut units = Lines::new("Inactive units").x("step").y("%");
    for (what, path) in [("dead", "1"), ("dormant", "1"), ("dead", "3"), ("dormant", "3")] {
        let percent = line(&format!("{what}/{path}")).map(|(step, share)| (step, 100.0 * share));
        units = units.line(format!("{what} in {path}"), percent);
    }
    let picture = Picture::side_by_side([loss.picture()?, pace.picture()?, units.picture()?]);
    gradient_flow::save("10_over_time", &picture)?;
    recorder.write_jsonl("target/gradient-flow/10_over_time.jsonl")?;
    println!("records: target/gradient-flow/10_over_time.jsonl");
    Ok(())
}
