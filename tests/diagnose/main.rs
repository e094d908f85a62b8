//! Faulty trainings, each made with one known problem, and healthy ones: `diagnose` names the problem.

mod data;
#[path = "../common/embedding.rs"]
mod embedding;
mod healthy;
mod more;
mod problems;
mod second;
mod trainer;

use chainrule::diagnose::{Diagnosis, Problem};

/// A training, made with this seed, and what is wrong with it: one of these problems, or nothing.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) problem: &'static [Problem],
    pub(crate) diagnose: fn(u64) -> Diagnosis,
}

/// Returns what is wrong with the diagnosis of this case, if anything is.
fn judge(case: &Case, seed: u64) -> Option<String> {
    judge_diagnosis(case, seed, &(case.diagnose)(seed))
}

fn judge_diagnosis(case: &Case, seed: u64, diagnosis: &Diagnosis) -> Option<String> {
    for line in diagnosis.to_string().lines() {
        assert!(line.chars().count() <= 80, "{}: more than 80 columns: {line}", case.name);
    }
    for trial in &diagnosis.trials {
        let numbers = [trial.loss_before, trial.loss_after, trial.held_out, trial.learned];
        assert!(numbers.iter().flatten().all(|number| number.is_finite()), "{}: {trial:?}", case.name);
    }
    let found = diagnosis.problem();
    let right = match found {
        None => case.problem.is_empty(),
        Some(found) => case.problem.contains(&found),
    };
    (!right).then(|| {
        format!("== {}, seed {seed}: expected {:?}, found {found:?}\n{diagnosis}", case.name, case.problem)
    })
}

fn all() -> impl Iterator<Item = &'static Case> {
    problems::CASES.iter().chain(healthy::CASES)
}

/// Every faulty training, and every healthy one.
#[test]
fn the_problem_of_each_training_is_named() {
    let wrong: Vec<String> = all().filter_map(|case| judge(case, 1)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all().count(), wrong.join("\n"));
}

/// The same with other seeds: `cargo test --release -p chainrule-tests --test diagnose -- --ignored --nocapture`. With
/// `ONLY=part_of_a_name` it prints the diagnoses.
#[test]
#[ignore = "takes a minute in release"]
fn the_problem_is_named_with_other_seeds_too() {
    let only = std::env::var("ONLY").ok();
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let (mut wrong, mut count) = (Vec::new(), 0);
    let cases = all().chain(more::CASES);
    for case in cases.filter(|case| only.as_ref().is_none_or(|part| case.name.contains(part))) {
        for seed in 2..2 + seeds {
            let started = std::time::Instant::now();
            let diagnosis = (case.diagnose)(seed);
            if only.is_some() {
                println!("== {}, seed {seed}\n{diagnosis}\n", case.name);
            }
            count += 1;
            let found = judge_diagnosis(case, seed, &diagnosis);
            println!(
                "{} {seed} {} {:?}",
                case.name,
                if found.is_none() { "ok" } else { "WRONG" },
                started.elapsed()
            );
            wrong.extend(found);
        }
    }
    if only.is_none() {
        println!("{}", wrong.join("\n"));
    }
    println!("{} of {count} wrong", wrong.len());
    assert!(20 * wrong.len() <= count, "more than 5 % are wrong");
}
