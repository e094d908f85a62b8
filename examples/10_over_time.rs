//! A training in which something goes wrong at a step: the learning rate is a hundred times too large from step 600
//! on, as by a slip in a schedule. The recorder's rules name the step, the layers and what died; a second run is
//! stopped by one.
//!
//! ```text
//! $ cargo run --release --features plot --example 10_over_time
//! ```
//! Prints the warnings of seed 1, and for five seeds at which step each rule found it, with the accuracy on the test
//! digits without the slip, with it, and with a training that the rule `sudden change` stopped.

#[path = "support/training.rs"]
#[allow(dead_code)] // the loop over steps
mod training;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use chainrule::flow::{FlowOptions, Recorder, Rule, Rules};
use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;
use training::{Set, accuracy};

type Net = (Linear<64, 64>, Relu, Linear<64, 64>, Relu, Linear<64, 10>);

const STEPS: u64 = 1200;
/// The step from which the learning rate is wrong, and by how much.
const SLIP: (u64, f64) = (600, 100.0);
const RATE: f64 = 1e-3;
const EVERY: u64 = 10;
const BATCH: usize = 32;

/// The result of a training.
struct Run {
    recorder: Recorder,
    /// The error that stopped it.
    stopped: Option<chainrule::Error>,
    accuracy: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let digits = Set::digits()?;
    let rules = || Rules::default().guessing(10f64.ln());
    let mut found: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let (mut healthy, mut wrong, mut stopped) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 1..=5 {
        let run = |factor, rules| train(seed, factor, rules, &digits);
        healthy.push(run(1.0, rules())?);
        wrong.push(run(SLIP.1, rules())?);
        stopped.push(run(SLIP.1, rules().stop(Rule::SuddenChange))?);
    }
    println!("Seed 1, with a learning rate {} times as large from step {} on:\n", SLIP.1, SLIP.0);
    wrong[0].recorder.warnings().iter().for_each(|warning| println!("{warning}\n"));
    for layer in wrong[0].recorder.units() {
        let (dead, dormant) = (layer.dead.len(), layer.dormant.len());
        println!(
            "{} {}: at the end {dead} units of 64 are dead, {dormant} dormant, in {} samples",
            layer.path, layer.layer, layer.samples
        );
    }
    println!("\nThe same, with `.stop(Rule::SuddenChange)`:\n");
    let error = stopped[0].stopped.as_ref().ok_or("it was not stopped")?;
    println!("{error}\n");

    for run in &wrong {
        let mut first: BTreeMap<&str, u64> = BTreeMap::new();
        for warning in run.recorder.warnings() {
            first.entry(warning.rule).or_insert(warning.step);
        }
        first.into_iter().for_each(|(rule, step)| found.entry(rule).or_default().push(step));
    }
    println!("The first warning of each rule, over five seeds:");
    for (rule, steps) in &found {
        let (least, most) = (steps.iter().min(), steps.iter().max());
        let (least, most) = (least.unwrap_or(&0), most.unwrap_or(&0));
        println!("  {rule:<20} in {} of 5 runs, at step {least} to {most}", steps.len());
    }
    let before = wrong.iter().flat_map(|run| run.recorder.warnings()).filter(|w| w.step < SLIP.0).count();
    let without: usize = healthy.iter().map(|run| run.recorder.warnings().len()).sum();
    println!("Warnings before step {}: {before}; in five trainings without the slip: {without}.", SLIP.0);
    println!("Accuracy on the test digits, over five seeds:");
    for (what, runs) in [("without the slip", &healthy), ("with it", &wrong), ("stopped", &stopped)] {
        let accuracies = || runs.iter().map(|run| 100.0 * run.accuracy);
        let (least, most) = (accuracies().fold(f64::MAX, f64::min), accuracies().fold(0.0, f64::max));
        println!("  {what:<20} {least:.1} to {most:.1} %");
    }
    draw(&wrong[0].recorder)?;

    let named = wrong.iter().all(|run| {
        run.recorder.warnings().first().is_some_and(|warning| {
            warning.rule == Rule::SuddenChange.name() && warning.step <= SLIP.0 + EVERY
        })
    });
    if named && before == 0 && without == 0 && stopped.iter().all(|run| run.stopped.is_some()) {
        Ok(())
    } else {
        Err("the slip should be named at its step, and nothing before it".into())
    }
}

/// Trains with a learning rate that is this many times as large from the step of the slip on.
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
        if trainer.steps() == SLIP.0 {
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

/// Draws the loss, the pace of the layers, and the units that do nothing.
fn draw(recorder: &Recorder) -> Result<(), Box<dyn Error>> {
    let line = |name: &str| recorder.series(name).into_iter().map(|(step, value)| (step as f64, value));
    let percent = |name: &str| line(name).map(|(step, share)| (step, 100.0 * share));
    let loss = Lines::new("The loss").x("step").y("mean loss").log_y().line("loss", line("mean_loss"));
    let pace = ["0", "2", "4"].iter().fold(
        Lines::new("The pace of each layer").x("step").y("|update| / |W|").log_y().level(1e-3, "1e-3"),
        |lines, path| lines.line(format!("layer {path}"), line(&format!("update_to_weight/{path}"))),
    );
    let units =
        ["1", "3"].iter().fold(Lines::new("Units that do nothing").x("step").y("%"), |lines, path| {
            let [dead, dormant] =
                ["dead", "dormant"].map(|what| percent(&format!("{what}/{path}")).collect::<Vec<_>>());
            lines.line(format!("dead in {path}"), dead).line(format!("dormant in {path}"), dormant)
        });
    let picture = Picture::beside([loss.picture()?, pace.picture()?, units.picture()?]);
    let folder = Path::new("target").join("gradient-flow");
    fs::create_dir_all(&folder)?;
    for ending in ["svg", "png"] {
        picture.save(folder.join(format!("10_over_time.{ending}")))?;
    }
    recorder.write_jsonl(folder.join("10_over_time.jsonl"))?;
    println!("\npicture: {} and .png; records: .jsonl", folder.join("10_over_time.svg").display());
    Ok(())
}
