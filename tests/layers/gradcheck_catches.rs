//! Deliberately wrong layers: each is rejected, for its mistake, at the tensor and the number of the mistake. (A check
//! that has never failed proves nothing.)
//!
//! Two layers stand for all (`common/wrong_layers.rs`), each with a mistake in its type; without one each passes.

use crate::wrong_layers::{Affine, *};
use chainrule::gradcheck::{GradcheckError, TOLERANCE, gradcheck, gradcheck_loss};
use chainrule::prelude::*;

/// Two samples, with numbers on both sides of the kink.
const INPUTS: [X; 2] = [Vector([0.7, -0.3, 1.1]), Vector([-1.2, 0.4, 0.9])];

fn error<L: Maps<X, X>>() -> GradcheckError {
    let layer = L::init_with(Initializer::he_normal(), &mut rng(3));
    gradcheck(&layer, &INPUTS).expect_err("a wrong layer passed")
}

/// Rejected because a number is not the derivative: at this tensor and index. Gives what it is and what it should be.
fn wrong_number<L: Maps<X, X>>(name: &str, at: (&str, usize)) -> (f64, f64) {
    let error = error::<L>();
    println!("{error}");
    let GradcheckError::Gradient { layer, tensor, index, analytic, numeric, error } = error else {
        panic!("{error}");
    };
    assert_eq!((layer.as_str(), tensor.as_str(), index), (name, at.0, at.1));
    assert!(error.is_nan() || error > TOLERANCE);
    (analytic, numeric)
}

/// Rejected because a rule of the contract is broken: this one, at this tensor and index.
fn broken_rule<L: Maps<X, X>>(name: &str, said: &str, at: (&str, usize)) {
    let error = error::<L>();
    println!("{error}");
    let GradcheckError::Contract { layer, rule, tensor, index } = error else { panic!("{error}") };
    assert_eq!((layer.as_str(), rule, tensor.as_str(), index), (name, said, at.0, at.1));
}

/// `analytic` is `factor` times the true derivative, as far as finite differences tell it.
fn assert_factor((analytic, numeric): (f64, f64), factor: f64) {
    approx::assert_relative_eq!(analytic, factor * numeric, max_relative = TOLERANCE);
}

#[test]
fn the_right_layers_pass() {
    let affine = Affine::<RIGHT>::init_with(Initializer::he_normal(), &mut rng(3));
    assert_eq!(gradcheck(&affine, &INPUTS).unwrap().checked, 2 * 3 + 9 + 3);
    assert_eq!(gradcheck(&Curve::<RIGHT>, &INPUTS).unwrap().checked, 2 * 3);
    // In other ways.
    gradcheck(&Affine::<OBEYS_ACCUMULATE>::init(&mut rng(3)), &INPUTS).unwrap();
    gradcheck(&Affine::<SAVES_WHAT_IT_SAYS>::init(&mut rng(3)), &INPUTS).unwrap();
}

#[test]
fn a_dropped_factor_is_caught() {
    assert_factor(wrong_number::<Curve<DROPPED_FACTOR>>("Curve<21>", ("input[0]", 0)), 0.5);
}

#[test]
fn a_wrong_sign_is_caught() {
    assert_factor(wrong_number::<Curve<WRONG_SIGN>>("Curve<22>", ("input[0]", 0)), -1.0);
}

#[test]
fn a_derivative_at_the_wrong_place_is_caught() {
    // g'(y) / g'(x) at the first input, 0.7: y = sin 1.4.
    let factor = (2.0 * 1.4_f64.sin()).cos() / 1.4_f64.cos();
    assert_factor(wrong_number::<Curve<SLOPE_AT_THE_OUTPUT>>("Curve<23>", ("input[0]", 0)), factor);
}

#[test]
fn a_kinks_slope_that_is_wrong_on_one_side_only_is_caught_on_that_side() {
    assert_factor(wrong_number::<Curve<WRONG_BELOW_THE_KINK>>("Curve<24>", ("input[0]", 1)), 0.0);
    let factor = 0.2 / (2.0 * 1.4_f64.cos());
    assert_factor(wrong_number::<Curve<WRONG_ABOVE_THE_KINK>>("Curve<25>", ("input[0]", 0)), factor);
}

#[test]
fn a_constant_rounded_by_ten_times_the_tolerance_is_caught() {
    let (analytic, numeric) = wrong_number::<Curve<ROUNDED_CONSTANT>>("Curve<26>", ("input[0]", 1));
    approx::assert_relative_eq!(analytic / numeric - 1.0, 10.0 * TOLERANCE, max_relative = 0.01);
}

#[test]
fn a_gradient_that_is_not_a_number_is_caught() {
    let (analytic, numeric) = wrong_number::<Curve<NOT_A_NUMBER>>("Curve<27>", ("input[0]", 0));
    assert!(analytic.is_nan() && numeric.is_finite());
}

#[test]
fn a_missing_transpose_is_caught() {
    wrong_number::<Affine<MISSING_TRANSPOSE>>("Affine<1>", ("input[0]", 0));
}

#[test]
fn a_forgotten_skip_is_caught() {
    wrong_number::<Affine<FORGOTTEN_SKIP>>("Affine<2>", ("input[0]", 0));
}

#[test]
fn a_missing_bias_gradient_is_caught() {
    assert_factor(wrong_number::<Affine<MISSING_BIAS_GRADIENT>>("Affine<3>", ("bias", 0)), 0.0);
}

#[test]
fn a_mean_where_a_sum_belongs_is_caught() {
    assert_factor(wrong_number::<Affine<MEAN_OVER_THE_BATCH>>("Affine<9>", ("bias", 0)), 0.5);
}

#[test]
fn one_wrong_number_among_many_is_caught_and_named() {
    wrong_number::<Affine<LAST_WEIGHT_LEFT_OUT>>("Affine<7>", ("weight", 8));
    wrong_number::<Affine<ONE_INPUT_FROM_ITS_NEIGHBOR>>("Affine<8>", ("input[1]", 2));
}

#[test]
fn a_sample_taken_for_another_is_caught() {
    wrong_number::<Affine<EVERY_SAMPLE_IS_THE_FIRST>>("Affine<10>", ("weight", 0));
}

#[test]
fn an_output_gradient_that_is_ignored_is_caught() {
    wrong_number::<Affine<OUTPUT_GRADIENT_IGNORED>>("Affine<12>", ("input[0]", 0));
}

#[test]
fn an_output_that_is_added_to_is_caught() {
    wrong_number::<Affine<OUTPUT_ADDED>>("Affine<11>", ("input[0]", 0));
}

const ADD: &str = "add to `gradient`, not overwrite it";

#[test]
fn a_gradient_that_is_overwritten_is_caught() {
    broken_rule::<Affine<GRADIENT_OVERWRITTEN>>("Affine<4>", ADD, ("weight", 0));
}

#[test]
fn a_layer_that_says_it_overwrites_and_always_adds_is_caught() {
    let rule = "overwrite `gradient` unless `accumulate` is set";
    broken_rule::<Affine<SAYS_OVERWRITES_AND_ADDS>>("Affine<14>", rule, ("weight", 0));
}

#[test]
fn a_layer_that_says_it_overwrites_and_always_does_is_caught() {
    let rule = "add to `gradient` if `accumulate` is set";
    broken_rule::<Affine<OVERWRITES_WHEN_TOLD_TO_ADD>>("Affine<15>", rule, ("weight", 0));
}

/// In scratch memory only this pass's own numbers are, whatever the forward pass left there.
#[test]
fn what_is_saved_in_scratch_memory_is_not_found_again() {
    let (analytic, numeric) = wrong_number::<Affine<SAVED_IN_SCRATCH>>("Affine<19>", ("weight", 0));
    assert!(analytic.is_nan() && numeric.is_finite());
}

/// What a panic says.
fn panic<T>(run: impl FnOnce() -> T + std::panic::UnwindSafe) -> String {
    let Err(panic) = std::panic::catch_unwind(run) else { panic!("it went on") };
    *panic.downcast::<String>().unwrap()
}

#[test]
fn a_layer_that_takes_more_memory_than_its_plan_counts_panics_with_a_sentence() {
    let said = panic(error::<Affine<SAVES_TOO_LITTLE>>);
    let sentence =
        "a layer takes 64 bytes of its workspace, and 0 are left: its `PLAN` counts less than it takes";
    assert!(said.starts_with(sentence), "{said}");
    assert!(said.contains("`Plan::saves`, `Plan::scratch`"), "{said}");
    assert!(panic(error::<Affine<SCRATCH_NOT_COUNTED>>).starts_with(sentence));

    // In a network too, where the neighbors have memory that it must not get.
    type Net = (Linear<3, 3, f64>, Affine<SAVES_TOO_LITTLE>, [(Tanh, Linear<3, 3, f64>); 2]);
    let said = panic(|| Net::init(&mut rng(0)).predict::<X, X>(&INPUTS[0]));
    assert!(said.starts_with(sentence), "{said}");
}

#[test]
fn an_input_gradient_that_is_added_to_is_caught() {
    broken_rule::<Affine<INPUT_GRADIENT_ADDED>>("Affine<5>", "overwrite `input_grad`", ("input[0]", 0));
}

#[test]
fn a_gradient_that_is_lost_when_the_input_gradient_is_not_needed_is_caught() {
    let rule = "compute the same `gradient` if `input_grad` is `None`";
    broken_rule::<Affine<NOTHING_WITHOUT_INPUT_GRADIENT>>("Affine<6>", rule, ("weight", 0));
}

#[test]
fn a_wrong_layer_deep_in_a_network_is_named_by_its_path() {
    type Deep = (Linear<3, 3, f64>, [Residual<(Tanh, Affine<MISSING_BIAS_GRADIENT>)>; 2], Tanh);
    let name = "(Linear<3, 3, f64>, [Residual<(Tanh, Affine<3>)>; 2], Tanh)";
    assert_factor(wrong_number::<Deep>(name, ("1.0.branch.1.bias", 0)), 0.0);
}

/// R = (a - y)² / 2, whose gradient is a - y; of the wrong sign if `MISTAKE` says so.
struct HalfSquare<const MISTAKE: u8>;

impl<const MISTAKE: u8> Loss<X, X> for HalfSquare<MISTAKE> {
    fn value(&self, output: &X, target: &X) -> f64 {
        (output.view() - target.view()).norm_squared() / 2.0
    }
    fn gradient(&self, output: &X, target: &X, gradient: &mut X) {
        let sign = if MISTAKE == WRONG_SIGN { -1.0 } else { 1.0 };
        *gradient = ((output.view() - target.view()) * sign).into();
    }
    fn check(&self, _: &X, _: usize) -> Result<(), chainrule::Error> {
        Ok(())
    }
}

#[test]
fn a_wrong_loss_is_caught() {
    let targets = [Vector([0.1, 0.2, 0.3]); 2];
    assert_eq!(gradcheck_loss(&HalfSquare::<RIGHT>, &INPUTS, &targets).unwrap().checked, 6);
    let error = gradcheck_loss(&HalfSquare::<WRONG_SIGN>, &INPUTS, &targets).expect_err("it passed");
    let GradcheckError::Gradient { layer, tensor, index, analytic, numeric, .. } = error else {
        panic!("{error}")
    };
    assert_eq!((layer.as_str(), tensor.as_str(), index), ("HalfSquare<22>", "output[0]", 0));
    assert_factor((analytic, numeric), -1.0);
}

#[test]
fn nothing_to_compare_is_an_error_and_not_a_pass() {
    let unusable = |result| {
        let Err(GradcheckError::Unusable { layer, reason }) = result else { panic!("{result:?}") };
        assert_eq!(layer, "Tanh");
        reason
    };
    assert_eq!(unusable(gradcheck::<X, _>(&Tanh, &[])), "there are no inputs");
    let reason = unusable(gradcheck(&Tanh, &[Vector([f64::NAN, 0.0, 0.0])]));
    assert_eq!(reason, "its output is not finite at these inputs");
}
