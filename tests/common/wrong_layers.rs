//! Two layers with a deliberate mistake, which their type selects, or none (`RIGHT` and other correct variants).

use chainrule::gradcheck::TOLERANCE;
use chainrule::layer::Plan;
use chainrule::layer::{Activation, Space};
use chainrule::prelude::*;

pub(crate) const RIGHT: u8 = 0;
// Mistakes of the linear layer.
pub(crate) const MISSING_TRANSPOSE: u8 = 1;
pub(crate) const FORGOTTEN_SKIP: u8 = 2;
pub(crate) const MISSING_BIAS_GRADIENT: u8 = 3;
pub(crate) const GRADIENT_OVERWRITTEN: u8 = 4;
pub(crate) const INPUT_GRADIENT_ADDED: u8 = 5;
pub(crate) const NOTHING_WITHOUT_INPUT_GRADIENT: u8 = 6;
pub(crate) const LAST_WEIGHT_LEFT_OUT: u8 = 7;
pub(crate) const ONE_INPUT_FROM_ITS_NEIGHBOR: u8 = 8;
pub(crate) const MEAN_OVER_THE_BATCH: u8 = 9;
pub(crate) const EVERY_SAMPLE_IS_THE_FIRST: u8 = 10;
pub(crate) const OUTPUT_ADDED: u8 = 11;
pub(crate) const OUTPUT_GRADIENT_IGNORED: u8 = 12;
/// Right: obeys `accumulate`.
pub(crate) const OBEYS_ACCUMULATE: u8 = 13;
pub(crate) const SAYS_OVERWRITES_AND_ADDS: u8 = 14;
pub(crate) const OVERWRITES_WHEN_TOLD_TO_ADD: u8 = 15;
/// Right: the input as the forward pass saved it.
pub(crate) const SAVES_WHAT_IT_SAYS: u8 = 16;
pub(crate) const SAVES_TOO_LITTLE: u8 = 17;
pub(crate) const SCRATCH_NOT_COUNTED: u8 = 18;
pub(crate) const SAVED_IN_SCRATCH: u8 = 19;
// Mistakes of the curve.
pub(crate) const DROPPED_FACTOR: u8 = 21;
pub(crate) const WRONG_SIGN: u8 = 22;
pub(crate) const SLOPE_AT_THE_OUTPUT: u8 = 23;
pub(crate) const WRONG_BELOW_THE_KINK: u8 = 24;
pub(crate) const WRONG_ABOVE_THE_KINK: u8 = 25;
pub(crate) const ROUNDED_CONSTANT: u8 = 26;
pub(crate) const NOT_A_NUMBER: u8 = 27;

pub(crate) type X = Vector<3, f64>;

/// z = x W + b + x: a square linear layer and a skip around it. W is `[input][output]`.
#[derive(Parameters)]
pub(crate) struct Affine<const MISTAKE: u8> {
    #[parameter(weight, fan_in = 3, fan_out = 3)]
    weight: [[f64; 3]; 3],
    #[parameter(bias)]
    bias: X,
}

impl<const MISTAKE: u8> Layer<X> for Affine<MISTAKE> {
    type Output = X;
    const PLAN: Plan = match MISTAKE {
        SAVES_WHAT_IT_SAYS => Plan::leaf::<X, Self>().saves(Space::per_sample::<X>(1)),
        SAVED_IN_SCRATCH => Plan::leaf::<X, Self>().scratch(Space::per_sample::<X>(1)),
        _ => Plan::leaf::<X, Self>(),
    };
    const OVERWRITES: bool =
        matches!(MISTAKE, OBEYS_ACCUMULATE | SAYS_OVERWRITES_AND_ADDS | OVERWRITES_WHEN_TOLD_TO_ADD);

    fn forward(&self, input: &[X], output: &mut [X], mut workspace: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        match MISTAKE {
            SAVES_WHAT_IT_SAYS | SAVES_TOO_LITTLE => workspace.saved(input.len()).copy_from_slice(input),
            SAVED_IN_SCRATCH | SCRATCH_NOT_COUNTED => workspace.scratch(input.len()).copy_from_slice(input),
            _ => {}
        }
        for (z, x) in output.iter_mut().zip(input) {
            for o in 0..3 {
                let before = if MISTAKE == OUTPUT_ADDED { z[o] } else { 0.0 };
                z[o] = before + self.bias[o] + x[o] + (0..3).map(|i| x[i] * self.weight[i][o]).sum::<f64>();
            }
        }
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        let Backward { input, output_grad, input_grad, gradient, mut workspace, accumulate, .. } = pass;
        if MISTAKE == NOTHING_WITHOUT_INPUT_GRADIENT && input_grad.is_none() {
            return;
        }
        let overwrites = match MISTAKE {
            GRADIENT_OVERWRITTEN | OVERWRITES_WHEN_TOLD_TO_ADD => true,
            OBEYS_ACCUMULATE => !accumulate,
            _ => false,
        };
        if overwrites {
            gradient.set_zero();
        }
        let input = match MISTAKE {
            SAVES_WHAT_IT_SAYS => &*workspace.saved(input.len()),
            SAVED_IN_SCRATCH => &*workspace.scratch(input.len()),
            _ => input,
        };
        let ones = vec![Vector([1.0; 3]); input.len()];
        let output_grad = if MISTAKE == OUTPUT_GRADIENT_IGNORED { &ones } else { output_grad };
        for (sample, (x, dz)) in input.iter().zip(output_grad).enumerate() {
            let x = if MISTAKE == EVERY_SAMPLE_IS_THE_FIRST { &input[0] } else { x };
            let end = if MISTAKE == LAST_WEIGHT_LEFT_OUT && sample == 1 { 8 } else { 9 };
            (0..end).for_each(|at| gradient.weight[at / 3][at % 3] += x[at / 3] * dz[at % 3]);
            let share = match MISTAKE {
                MISSING_BIAS_GRADIENT => 0.0,
                MEAN_OVER_THE_BATCH => 1.0 / input.len() as f64,
                _ => 1.0,
            };
            (0..3).for_each(|o| gradient.bias[o] += share * dz[o]);
        }
        for (sample, (dx, dz)) in input_grad.into_iter().flatten().zip(output_grad).enumerate() {
            for i in 0..3 {
                let wrong_element = MISTAKE == ONE_INPUT_FROM_ITS_NEIGHBOR && (sample, i) == (1, 2);
                let row = if wrong_element { 1 } else { i };
                let weight = |o: usize| {
                    if MISTAKE == MISSING_TRANSPOSE { self.weight[o][row] } else { self.weight[row][o] }
                };
                let before = if MISTAKE == INPUT_GRADIENT_ADDED { dx[i] } else { 0.0 };
                let skip = if MISTAKE == FORGOTTEN_SKIP { 0.0 } else { dz[i] };
                dx[i] = before + skip + (0..3).map(|o| dz[o] * weight(o)).sum::<f64>();
            }
        }
    }
}

/// y = sin 2x above 0, x/5 below: a curve with a kink.
#[derive(Clone, Copy, Default, Parameters)]
pub(crate) struct Curve<const MISTAKE: u8>;

impl<const MISTAKE: u8> Activation for Curve<MISTAKE> {
    fn apply<T: Real>(x: T) -> T {
        if x > T::zero() { (x + x).sin() } else { T::from_f64(0.2) * x }
    }
    fn derivative<T: Real>(x: T, y: T) -> T {
        let two = T::from_f64(2.0);
        match (x > T::zero(), MISTAKE) {
            (_, NOT_A_NUMBER) => T::from_f64(f64::NAN),
            (true, DROPPED_FACTOR) => (two * x).cos(),
            (true, WRONG_SIGN) => -two * (two * x).cos(),
            (true, SLOPE_AT_THE_OUTPUT) => two * (two * y).cos(),
            (true, WRONG_ABOVE_THE_KINK) => T::from_f64(0.2),
            (true, _) => two * (two * x).cos(),
            (false, WRONG_BELOW_THE_KINK) => T::zero(),
            // Ten times the tolerance: the smallest mistake that must not pass.
            (false, ROUNDED_CONSTANT) => T::from_f64(0.2 * (1.0 + 10.0 * TOLERANCE)),
            (false, _) => T::from_f64(0.2),
        }
    }
}
chainrule::activation_layer!([const MISTAKE: u8] Curve<MISTAKE>);
