//! Two layers that stand for all, each with a mistake in its type, or none (`RIGHT`).

use chainrule::gradcheck::TOLERANCE;
use chainrule::layer::{Field, Fields};
use chainrule::prelude::*;

pub(crate) const RIGHT: u8 = 0;
// Mistakes of the linear layer.
pub(crate) const MISSING_TRANSPOSE: u8 = 1;
pub(crate) const FORGOTTEN_SKIP: u8 = 2;
pub(crate) const MISSING_BIAS_GRADIENT: u8 = 3;
pub(crate) const GRADIENT_ADDED: u8 = 4;
pub(crate) const INPUT_GRADIENT_ADDED: u8 = 5;
pub(crate) const NOTHING_WITHOUT_INPUT_GRADIENT: u8 = 6;
pub(crate) const LAST_WEIGHT_LEFT_OUT: u8 = 7;
pub(crate) const ONE_INPUT_FROM_ITS_NEIGHBOUR: u8 = 8;
pub(crate) const MEAN_OVER_THE_BATCH: u8 = 9;
pub(crate) const EVERY_SAMPLE_IS_THE_FIRST: u8 = 10;
pub(crate) const OUTPUT_ADDED: u8 = 11;
pub(crate) const OUTPUT_GRADIENT_IGNORED: u8 = 12;
// Mistakes of the curve.
pub(crate) const DROPPED_FACTOR: u8 = 21;
pub(crate) const WRONG_SIGN: u8 = 22;
pub(crate) const SLOPE_AT_THE_OUTPUT: u8 = 23;
pub(crate) const WRONG_BELOW_THE_KINK: u8 = 24;
pub(crate) const WRONG_ABOVE_THE_KINK: u8 = 25;
pub(crate) const ROUNDED_CONSTANT: u8 = 26;
pub(crate) const NOT_A_NUMBER: u8 = 27;
pub(crate) const MISCOUNTED: u8 = 28;

pub(crate) type X = Vector<3, f64>;

/// z = x W + b + x: a square linear layer and a skip around it. W is `[input][output]`.
pub(crate) struct Affine<const MISTAKE: u8> {
    weight: [X; 3],
    bias: X,
}

impl<const MISTAKE: u8> Parameters for Affine<MISTAKE> {
    const COUNT: usize = if MISTAKE == MISCOUNTED { 9 } else { 9 + 3 };
    fn zeros() -> Self {
        Self { weight: [X::default(); 3], bias: X::default() }
    }
    fn fields(fields: &mut impl Fields<Self>) {
        let weight = Field::weight("weight", &[3, 3], 3, 3);
        fields.tensor(weight, |l| X::flat(&l.weight), |l| X::flat_mut(&mut l.weight));
        fields.tensor(Field::bias("bias", &[3]), |l| l.bias.as_slice(), |l| l.bias.as_mut_slice());
    }
}

impl<const MISTAKE: u8> Layer<X> for Affine<MISTAKE> {
    type Output = X;
    type Tape = ();

    fn forward(&self, input: &[X], output: &mut [X], _: &mut (), _: &mut Mode<'_>) {
        for (z, x) in output.iter_mut().zip(input) {
            for o in 0..3 {
                let before = if MISTAKE == OUTPUT_ADDED { z[o] } else { 0.0 };
                z[o] = before + self.bias[o] + x[o] + (0..3).map(|i| x[i] * self.weight[i][o]).sum::<f64>();
            }
        }
    }

    fn backward<P: chainrule::layer::Probe>(
        &self,
        input: &[X],
        _: &[X],
        output_grad: &[X],
        input_grad: Option<&mut [X]>,
        gradient: &mut Self,
        _: &mut (),
        _: &mut P,
    ) {
        if MISTAKE == NOTHING_WITHOUT_INPUT_GRADIENT && input_grad.is_none() {
            return;
        }
        if MISTAKE != GRADIENT_ADDED {
            *gradient = Self::zeros();
        }
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
                let wrong_element = MISTAKE == ONE_INPUT_FROM_ITS_NEIGHBOUR && (sample, i) == (1, 2);
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
#[derive(Clone, Copy, Default)]
pub(crate) struct Curve<const MISTAKE: u8>;

impl<const MISTAKE: u8> chainrule::layer::Activation for Curve<MISTAKE> {
    fn apply<T: chainrule::Real>(x: T) -> T {
        if x > T::zero() { (x + x).sin() } else { T::from_f64(0.2) * x }
    }
    fn derivative<T: chainrule::Real>(x: T, y: T) -> T {
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
