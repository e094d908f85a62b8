//! The learning-rate range test: against the closed form of a quadratic loss, and that it leaves the trainer as it
//! was.

use chainrule::data::Dataset;
use chainrule::prelude::*;
use chainrule::{Error, LearningRateTest};

type Line = Linear<1, 1, f64, NoBias>;

/// R(w) = mean (w x - 3 x)² = 5/2 (w - 3)² for x = 1 and 2, so that λ = d²R/dw² = 5.
const LAMBDA: f64 = 5.0;

fn quadratic(sgd: Sgd<Line>, sweep: LearningRateSweep) -> LearningRateTest {
    let data = Dataset::from_pairs([1.0, 2.0].map(|x| (Vector([x]), Vector([3.0 * x])))).unwrap();
    let line = Line::init_with(Initializer::constant(1.0), &mut rng(0));
    let trainer = Trainer::new(line, MeanSquaredError, sgd, 1);
    trainer.learning_rate_test(&data, sweep.batch_size(2).smoothing(0.0)).unwrap()
}

/// A step multiplies w - 3 by 1 - η λ: the loss falls up to η = 2/λ, and rises from there on.
#[test]
fn the_loss_of_a_quadratic_is_lowest_at_two_over_lambda() {
    // From 1.5/λ on, so that the loss is never below 1e-28, above the rounding of w - 3.
    let sweep = LearningRateSweep::between(1.5 / LAMBDA, 4.0 / LAMBDA).steps(200);
    let test = quadratic(Sgd::new(0.1), sweep);
    let step = (4.0f64 / 1.5).powf(1.0 / 199.0);
    let limit = 2.0 / LAMBDA;
    assert!((limit..limit * step).contains(&test.lowest), "{}", test.lowest);
    // Four times the lowest, a few steps later: ln 4 = 2 Σ ln(η λ - 1) ≈ 2 Σ k 2 ln(step), for k up to 9 or so.
    let exploded = test.exploded.unwrap();
    assert!((limit..limit * step.powi(12)).contains(&exploded), "{exploded}");
    assert_eq!(test.suggestion, Some(test.lowest / 10.0));
    // Every loss is the one before it times (1 - η λ)².
    for pair in test.points.windows(2) {
        let expected = pair[0].loss * (1.0 - pair[0].rate * LAMBDA).powi(2);
        approx::assert_relative_eq!(pair[1].loss, expected, max_relative = 1e-2, epsilon = 1e-26);
    }
}

/// Polyak's heavy ball is stable up to 2 (1 + β) / λ. From (1 + √β)² / λ on, both of its modes only change their sign.
#[test]
fn momentum_raises_the_limit_by_one_plus_beta() {
    let (beta, limit) = (0.5f64, 2.0 * 1.5 / LAMBDA);
    let start = (1.0 + beta.sqrt()).powi(2) / LAMBDA;
    let test = quadratic(
        Sgd::new(0.1).momentum(beta),
        // The first step has no momentum, and so multiplies w - 3 by 1 - η λ = -1.9: no explosion yet.
        LearningRateSweep::between(1.005 * start, 1.2 * limit).steps(300).explosion(1e3),
    );
    // The rates rise by 0.07 % a step. From the limit on the slower mode grows, first by 0.4 % a step, then by 0.8 %,
    // ..: after k steps by 0.002 k², so that its square is a thousand times as large after some 40 or 50.
    assert!((limit..1.005 * limit).contains(&test.lowest), "{} {limit}", test.lowest);
    assert!((limit..1.05 * limit).contains(&test.exploded.unwrap()), "{:?} {limit}", test.exploded);
}

#[test]
fn the_smoothed_loss_is_the_weighted_mean_of_the_losses_so_far() {
    let test = curve(LearningRateSweep::between(1e-4, 1.0).smoothing(0.9));
    for (at, point) in test.points.iter().enumerate() {
        let weights = (0..=at).map(|earlier| 0.9f64.powi((at - earlier) as i32));
        let sum: f64 = weights.clone().zip(&test.points).map(|(weight, point)| weight * point.loss).sum();
        approx::assert_relative_eq!(point.smoothed, sum / weights.sum::<f64>(), max_relative = 1e-12);
        approx::assert_relative_eq!(
            point.rate,
            10f64.powf(-4.0 + 4.0 * at as f64 / 99.0),
            max_relative = 1e-9
        );
    }
}

type Net = (Linear<1, 16>, Tanh, Dropout<10>, Linear<16, 1>);

fn sine() -> Dataset<Vector<1>, Vector<1>> {
    let sine = |at: i32| (Vector([at as f32 / 50.0]), Vector([(at as f32 / 50.0).sin()]));
    Dataset::from_pairs((-100..100).map(sine)).unwrap()
}

fn trainer() -> Trainer<Net, MeanSquaredError, Adam<Net>> {
    Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(0.01), 1).schedule(Schedule::cosine(30))
}

fn curve(sweep: LearningRateSweep) -> LearningRateTest {
    trainer().learning_rate_test(&sine(), sweep).unwrap()
}

#[test]
fn the_trainer_goes_on_to_the_same_bits_as_without_the_test() {
    let data = sine();
    let (mut tested, mut other) = (trainer(), trainer());
    for step in 0..20 {
        if step == 10 {
            tested.learning_rate_test(&data, LearningRateSweep::default().steps(50)).unwrap();
        }
        let batch = |trainer: &mut Trainer<_, _, _>| trainer.step(data.inputs(), data.targets()).unwrap();
        assert_eq!(batch(&mut tested).to_bits(), batch(&mut other).to_bits(), "step {step}");
    }
    assert_eq!(tested.network.parameters(), other.network.parameters());
    assert_eq!((tested.steps(), tested.optimizer.learning_rate), (20, other.optimizer.learning_rate));
    // The epochs of both draw the same samples.
    let mut histories = [tested, other].map(|mut trainer| {
        trainer = trainer.schedule(Schedule::constant());
        trainer.fit(&data, Fit::epochs(2).quiet()).unwrap();
        trainer.network
    });
    let [tested, other] = &mut histories;
    assert_eq!(tested.parameters(), other.parameters());
}

#[test]
fn a_test_is_the_same_again_and_goes_on_from_the_state_of_the_training() {
    let data = sine();
    let mut trainer = trainer();
    let sweep = LearningRateSweep::between(1e-6, 1.0).steps(20);
    let first = trainer.learning_rate_test(&data, sweep).unwrap();
    assert_eq!(trainer.learning_rate_test(&data, sweep).unwrap(), first);
    trainer.step(data.inputs(), data.targets()).unwrap();
    assert_ne!(trainer.learning_rate_test(&data, sweep).unwrap(), first);
}

#[test]
fn a_network_trained_at_the_suggestion_learns() {
    let (data, test) = (sine(), curve(LearningRateSweep::default()));
    let rate = test.suggestion.unwrap();
    assert!(test.steepest.is_some_and(|steepest| steepest < test.lowest), "{test}");
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Adam::new(rate), 1);
    let before = trainer.evaluate(&data).unwrap();
    trainer.fit(&data, Fit::epochs(30).quiet()).unwrap();
    let after = trainer.evaluate(&data).unwrap();
    assert!(after < 0.1 * before, "at {rate}: {before} to {after}");
}

#[test]
fn a_step_that_overflows_ends_the_test_and_is_no_error() {
    let trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Sgd::new(0.1), 1);
    // An explosion factor that is never reached, so that the weights overflow.
    let sweep = LearningRateSweep::between(1e-3, 1e30).explosion(1e38);
    let test = trainer.learning_rate_test(&sine(), sweep).unwrap();
    assert!(test.exploded.is_some() && test.points.len() < 100);
    assert!(test.points.iter().all(|point| point.loss.is_finite() && point.smoothed.is_finite()));
    // A network that is not finite from the start is one.
    let mut broken = trainer.clone();
    broken.network.0.bias[0] = f32::NAN;
    let error = broken.learning_rate_test(&sine(), sweep).unwrap_err();
    assert!(matches!(error, Error::NonFiniteStep { step: 0, .. }), "{error}");
}

#[test]
fn a_loss_that_only_rises_has_no_suggestion() {
    let test = quadratic(Sgd::new(0.1).maximize(), LearningRateSweep::between(1e-3, 1.0));
    assert_eq!((test.suggestion, test.steepest, test.lowest), (None, None, 1e-3));
    assert!(test.to_string().contains("does not fall"), "{test}");
}

#[test]
fn sweeps_that_make_no_sense_are_errors() {
    let message =
        |sweep: LearningRateSweep| trainer().learning_rate_test(&sine(), sweep).unwrap_err().to_string();
    let sweep = LearningRateSweep::default;
    for (sweep, expected) in [
        (
            LearningRateSweep::between(0.0, 1.0),
            "the first learning rate of a test is 0, but must be above 0 and finite",
        ),
        (
            LearningRateSweep::between(1.0, 1.0),
            "the last learning rate of a test is 1, but must be above the first and finite",
        ),
        (
            LearningRateSweep::between(f64::NAN, 1.0),
            "the first learning rate of a test is NaN, but must be above 0 and finite",
        ),
        (
            LearningRateSweep::between(0.1, f64::INFINITY),
            "the last learning rate of a test is inf, but must be above the first and finite",
        ),
        (sweep().steps(2), "the number of steps of a test is 2, but must be at least 3"),
        (sweep().batch_size(0), "the batch size is 0, but must be at least 1"),
        (sweep().smoothing(1.0), "the smoothing of a test is 1, but must be at least 0 and below 1"),
        (sweep().explosion(1.0), "the factor at which a test stops is 1, but must be above 1 and finite"),
    ] {
        assert_eq!(message(sweep), expected);
    }
}

#[test]
fn targets_that_are_all_ignored_are_an_error_and_not_an_endless_loop() {
    type Classes = Linear<1, 2>;
    let data = Dataset::new(vec![Vector([1.0]); 40], vec![Label::<2>::new(0).unwrap(); 40]).unwrap();
    let loss = CrossEntropy::default().weights([0.0, 1.0]);
    let trainer = Trainer::new(Classes::init(&mut rng(1)), loss, Sgd::new(0.1), 1);
    assert_eq!(trainer.learning_rate_test(&data, LearningRateSweep::default()), Err(Error::NoWeight));
}

#[test]
fn it_prints_in_eighty_columns_and_serializes() {
    let test = curve(LearningRateSweep::default());
    let text = test.to_string();
    assert!(text.lines().all(|line| line.chars().count() <= 80 && line == line.trim_end()), "{text}");
    assert!(text.contains("suggestion:") && text.contains("exploded"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&test.to_json()).unwrap();
    assert_eq!(json["points"].as_array().unwrap().len(), test.points.len());
    assert_eq!(json["suggestion"].as_f64(), test.suggestion);
    assert!(test.picture().unwrap().svg().unwrap().contains("learning rate"));
    println!("{text}");
}
