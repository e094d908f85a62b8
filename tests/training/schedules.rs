//! Learning rate schedules against PyTorch's: `tests/fixtures/schedules.json`, made by `schedules.py` next to it.

use std::collections::BTreeMap;

use chainrule::prelude::*;
use chainrule::schedule::OneCycle;

fn fixture(name: &str) -> Vec<f64> {
    let fixtures: BTreeMap<String, Vec<f64>> =
        serde_json::from_str(include_str!("../fixtures/schedules.json")).unwrap();
    fixtures[name].clone()
}

/// PyTorch computes each rate from the one before, 60 roundings of 1.1e-16 and as many of its cosines: far below 1e-12.
fn assert_same(name: &str, schedule: impl Into<Schedule>) {
    let schedule = schedule.into();
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
    assert_same("cosine_restarts", Schedule::cosine_warm_restarts(11, 1));
    assert_same("cosine_longer_restarts", Schedule::cosine_warm_restarts(8, 2).floor(0.1));
    assert_same("one_cycle", Schedule::one_cycle(60));
    assert_same("one_cycle_of_13", Schedule::one_cycle(13));
    let warmed = Schedule::cosine(30).warm_up(10);
    assert_same("warm_up", warmed);
    assert_same("warm_up_from", Schedule::exponential(0.9).warm_up_from(0.25, 8));
    assert_same("multi_step", Schedule::multi_step([5, 11, 11, 40], 0.3));
    assert_same("constant_factor", Schedule::constant_factor(0.3).then(10, Schedule::constant()));
    assert_same("linear", Schedule::linear(0.2, 0.75, 25));
    assert_same("polynomial", Schedule::polynomial(40, 1.5));
    assert_same("cyclic", Schedule::cyclic(0.1, 7, 4));
    assert_same("cyclic_halving", Schedule::cyclic_halving(0.1, 5, 9));
    assert_same("cyclic_decaying", Schedule::cyclic_decaying(0.1, 7, 4, 0.95));
    let mut cycle = OneCycle::new(60);
    (cycle.rise, cycle.start, cycle.end, cycle.linear) = (0.4, 0.1, 0.002, true);
    assert_same("one_cycle_linear", cycle);
    let mut cycle = OneCycle::new(60);
    (cycle.rise, cycle.three_phases) = (0.35, true);
    assert_same("one_cycle_of_three", cycle);
    assert_same("inverse_sqrt", Schedule::inverse_sqrt(11));
    let sequence = Schedule::constant_factor(0.3).then(10, Schedule::polynomial(20, 2.0));
    assert_same("sequence", sequence.then(25, Schedule::step(4, 0.5)));
    assert_same("product", Schedule::exponential(0.95).times(Schedule::step(7, 0.5)));
}

#[test]
fn no_warm_up_wastes_its_first_step() {
    let warmed = |steps| Schedule::exponential(0.5).warm_up(steps);
    assert_eq!([0, 1, 2, 3, 4].map(|step| warmed(3).factor(step)), [0.25, 0.5, 0.75, 1.0, 0.5]);
    assert_eq!(warmed(0), Schedule::exponential(0.5));
    assert_eq!(warmed(u64::MAX).factor(1 << 62), 0.25);
    // It belongs to the schedule that it is called on.
    let later = Schedule::constant().then(10, warmed(3));
    assert_eq!([9, 10, 13].map(|step| later.factor(step)), [1.0, 0.25, 1.0]);
    let sooner = Schedule::constant().then(10, Schedule::exponential(0.5)).warm_up(3);
    assert_eq!([0, 3, 12, 13, 14].map(|step| sooner.factor(step)), [0.25, 1.0, 1.0, 1.0, 0.5]);
}

#[test]
fn a_schedule_prints_as_a_program_writes_it() {
    let sequence =
        Schedule::linear(0.5, 1.0, 9).warm_up_from(0.1, 2).then(30, Schedule::cosine(9).floor(0.5));
    let cycle = Schedule::cyclic_decaying(0.1, 2, 3, 0.5).times(Schedule::multi_step([2, 3], 0.5));
    for (schedule, text) in [
        (
            sequence,
            "Schedule::linear(0.5, 1.0, 9).warm_up_from(0.1, 2).then(30, Schedule::cosine(9).floor(0.5))",
        ),
        (cycle, "Schedule::cyclic_decaying(0.1, 2, 3, 0.5).times(Schedule::multi_step([2, 3], 0.5))"),
        (Schedule::one_cycle(9), "Schedule::one_cycle(9)"),
        (Schedule::cyclic_halving(0.1, 2, 3), "Schedule::cyclic_halving(0.1, 2, 3)"),
        (
            Schedule::cosine_warm_restarts(9, 2).floor(0.5).warm_up(3),
            "Schedule::cosine_warm_restarts(9, 2).floor(0.5).warm_up(3)",
        ),
        (
            Schedule::constant().then(5, Schedule::cosine(9)).warm_up(3).floor(0.5),
            "Schedule::constant().then(5, Schedule::cosine(9)).floor(0.5).warm_up(3)",
        ),
        (Schedule::inverse_sqrt(4), "Schedule::inverse_sqrt(4)"),
        (Schedule::polynomial(4, 2.0), "Schedule::polynomial(4, 2.0)"),
        (Schedule::constant_factor(0.5), "Schedule::constant_factor(0.5)"),
    ] {
        assert_eq!(schedule.to_string(), text);
        let json = serde_json::to_string(&schedule).unwrap();
        assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
    }
}

#[test]
fn a_floor_bounds_every_schedule_from_below() {
    let parts = Schedule::linear(0.05, 1.0, 5).then(5, Schedule::cosine(10));
    for (schedule, free) in [
        (parts.clone().floor(0.1), parts.clone()),
        (parts.clone().floor(0.7).floor(0.1), parts.clone()),
        (Schedule::exponential(0.5).times(parts.clone()).floor(0.1), Schedule::exponential(0.5).times(parts)),
        (Schedule::polynomial(7, 2.0).floor(0.1), Schedule::polynomial(7, 2.0)),
        (Schedule::inverse_sqrt(3).floor(0.1), Schedule::inverse_sqrt(3)),
        (Schedule::step(2, 0.1).floor(0.1), Schedule::step(2, 0.1)),
    ] {
        for step in (0..40).chain([1_000_000]) {
            assert_eq!(schedule.factor(step), free.factor(step).max(0.1), "{schedule} at {step}");
        }
    }
    // A warm-up leads to the bounded schedule.
    let warmed = Schedule::linear(0.0, 1.0, 2).floor(0.5).warm_up(1);
    assert_eq!([0, 1, 2, 3].map(|step| warmed.factor(step)), [0.25, 0.5, 0.5, 1.0]);
}

#[test]
fn a_plateau_is_that_of_pytorch() {
    for (name, mut plateau) in [
        ("plateau", Plateau::new(0.5, 2).floor(0.2)),
        ("plateau_absolute", Plateau::new(0.5, 1).absolute_threshold(0.05)),
        ("plateau_cooldown", Plateau::new(0.5, 0).cooldown(2).relative_threshold(0.02)),
        ("plateau_maximize", Plateau::new(0.5, 2).maximize()),
        ("plateau_maximize_absolute", Plateau::new(0.5, 0).maximize().absolute_threshold(0.05).cooldown(1)),
    ] {
        let factors: Vec<f64> = fixture("measures").iter().map(|&measure| plateau.observe(measure)).collect();
        assert_eq!(factors, fixture(name), "{name}");
        assert_eq!(plateau.rate(), *factors.last().unwrap());
        assert!(factors.iter().any(|&factor| factor < 1.0), "{name} shows nothing");
    }
}

#[test]
fn a_measure_that_is_no_number_is_no_better() {
    let mut plateau = Plateau::new(0.1, 0);
    assert_eq!([1.0, f64::NAN, 0.5].map(|measure| plateau.observe(measure)), [1.0, 0.1, 0.1]);
}

fn three_phases(steps: u64) -> Schedule {
    let mut cycle = OneCycle::new(steps);
    cycle.three_phases = true;
    cycle.into()
}

#[test]
fn schedules_stay_at_their_end_and_take_any_number_of_steps() {
    for steps in [0, 1, 2, 3, 10] {
        for (schedule, end) in [
            (Schedule::cosine(steps), 0.0),
            (Schedule::cosine(steps).floor(0.25), 0.25),
            (Schedule::one_cycle(steps), 4e-6),
            (Schedule::cosine(steps).warm_up(3), 0.0),
            (Schedule::polynomial(steps, 2.0), 0.0),
            (Schedule::linear(0.5, 0.25, steps), 0.25),
            (Schedule::constant().then(steps, Schedule::constant_factor(0.5)), 0.5),
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
            Schedule::cosine_warm_restarts(steps, 0),
            Schedule::cosine_warm_restarts(steps, u64::MAX),
            Schedule::step(steps, 0.5),
            Schedule::cyclic(0.0, steps, 3),
            Schedule::cyclic_halving(0.5, 3, steps),
            Schedule::inverse_sqrt(steps),
            three_phases(steps),
        ] {
            assert!((0.0..=1.0).contains(&schedule.factor(12_345_678)), "{schedule:?}");
        }
    }
}
