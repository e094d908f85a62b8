//! Learning rate schedules against PyTorch's: `tests/fixtures/schedules.json`, made by `schedules.py` beside it.

use std::collections::BTreeMap;

use chainrule::prelude::*;

fn fixture(name: &str) -> Vec<f64> {
    let fixtures: BTreeMap<String, Vec<f64>> =
        serde_json::from_str(include_str!("../fixtures/schedules.json")).unwrap();
    fixtures[name].clone()
}

/// PyTorch computes each rate from the one before, 60 roundings of 1.1e-16 and as many of its cosines: far below 1e-12.
fn assert_same(name: &str, schedule: Schedule) {
    let expected = fixture(name);
    for (step, &expected) in expected.iter().enumerate() {
        let factor = schedule.factor(step as u64);
        assert!((factor - expected).abs() < 1e-12, "{name}, step {step}: {factor}, PyTorch has {expected}");
    }
}

#[test]
fn every_schedule_is_that_of_pytorch() {
    assert_same("constant", Schedule::constant());
    assert_same("step", Schedule::step(7, 0.3));
    assert_same("exponential", Schedule::exponential(0.9));
    assert_same("cosine", Schedule::cosine(60));
    assert_same("cosine_restarts", Schedule::cosine(11).warm_restarts(1));
    assert_same("cosine_longer_restarts", Schedule::cosine(8).floor(0.1).warm_restarts(2));
    assert_same("one_cycle", Schedule::one_cycle(60));
    assert_same("one_cycle_of_13", Schedule::one_cycle(13));
    assert_same("warm_up", Schedule::cosine(30).warm_up(10));
}

#[test]
fn a_plateau_is_that_of_pytorch() {
    let mut plateau = Plateau::new(0.5, 2);
    plateau.floor = 0.2;
    let factors: Vec<f64> = fixture("measures").iter().map(|&measure| plateau.observe(measure)).collect();
    assert_eq!(factors, fixture("plateau"));
    assert_eq!(plateau.rate(), *factors.last().unwrap());
}

#[test]
fn a_measure_that_is_no_number_is_no_better() {
    let mut plateau = Plateau::new(0.1, 0);
    assert_eq!([1.0, f64::NAN, 0.5].map(|measure| plateau.observe(measure)), [1.0, 0.1, 0.1]);
}

#[test]
fn schedules_stay_at_their_end_and_take_any_number_of_steps() {
    for steps in [0, 1, 2, 3, 10] {
        for (schedule, end) in [
            (Schedule::cosine(steps), 0.0),
            (Schedule::cosine(steps).floor(0.25), 0.25),
            (Schedule::one_cycle(steps), 4e-6),
            (Schedule::cosine(steps).warm_up(3), 0.0),
        ] {
            for step in (0..50).chain([u64::MAX / 2]) {
                assert!((0.0..=1.0).contains(&schedule.factor(step)), "{schedule:?} at {step}");
            }
            // One step is at the top of its cycle, or none.
            if steps > 2 {
                assert!((schedule.factor(1000) - end).abs() < 1e-15, "{schedule:?}");
            }
        }
        for schedule in [
            Schedule::cosine(steps).warm_restarts(0),
            Schedule::cosine(steps).warm_restarts(u64::MAX),
            Schedule::step(steps, 0.5),
        ] {
            assert!((0.0..=1.0).contains(&schedule.factor(12_345_678)), "{schedule:?}");
        }
    }
}
