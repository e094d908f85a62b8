use rand::RngExt;

use super::parameters::nothing_to_train;
use super::{Cost, Layer, Mode, Probe};
use crate::error::require;
use crate::kernel::Real;
use crate::tensor::{Buffer, Tensor};

/// In training, sets each number to zero with a probability of `PERCENT` per cent; in use, does nothing.
///
/// Forward `y = m x`, backward `dx = m dy`, where m is 0 with probability p = `PERCENT` / 100 and 1 / (1 - p)
/// otherwise ("inverted" dropout: the expected output is the input, so that nothing is scaled in use).
///
/// # Shapes
/// Any to itself.
///
/// # Gradient flow
/// The Jacobian is diag(m): it keeps a gradient's mean and raises its squared norm by 1 / (1 - p) on average.
///
/// # Source
/// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout", JMLR 15 (2014), section 4 and 10.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let x = Vector([1.0; 100]);
/// assert_eq!(Dropout::<20>.predict(&x)?, x); // in use
///
/// let mut y = [Vector::default()];
/// Dropout::<20>.forward(&[x], &mut y, &mut Default::default(), &mut Mode::Train(&mut rng(1)));
/// assert!(y[0].0.iter().all(|&y| y == 0.0 || y == 1.25));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Dropout<const PERCENT: u32>;

nothing_to_train!([const PERCENT: u32] Dropout<PERCENT>);

/// The factors m of the last forward pass, or that it was not a training pass.
#[derive(Debug)]
pub struct Mask<X> {
    factors: Buffer<X>,
    active: bool,
}

impl<X> Default for Mask<X> {
    fn default() -> Self {
        Self { factors: Buffer::default(), active: false }
    }
}

impl<X: Tensor, const PERCENT: u32> Layer<X> for Dropout<PERCENT> {
    type Output = X;
    type Tape = Mask<X>;
    const COST: Cost = {
        require(PERCENT < 100, "dropout of 100 per cent or more lets nothing through");
        Cost::FREE.keeping(size_of::<X>())
    };

    fn forward(&self, input: &[X], output: &mut [X], tape: &mut Mask<X>, mode: &mut Mode<'_>) {
        const { require(PERCENT < 100, "dropout of 100 per cent or more lets nothing through") };
        tape.active = false;
        if let Mode::Train(rng) = mode
            && PERCENT > 0
        {
            tape.active = true;
            let kept = X::Scalar::from_f64(100.0 / f64::from(100 - PERCENT));
            let factors = X::flat_mut(tape.factors.take(input.len()));
            for ((y, &x), m) in X::flat_mut(output).iter_mut().zip(X::flat(input)).zip(factors) {
                *m = if rng.random_range(0..100) < PERCENT { X::Scalar::default() } else { kept };
                *y = *m * x;
            }
        } else {
            X::flat_mut(output).copy_from_slice(X::flat(input));
        }
    }

    fn backward<P: Probe>(
        &self,
        input: &[X],
        _: &[X],
        output_grad: &[X],
        input_grad: Option<&mut [X]>,
        _: &mut Self,
        tape: &mut Mask<X>,
        _: &mut P,
    ) {
        let Some(input_grad) = input_grad else { return };
        let (dx, dy) = (X::flat_mut(input_grad), X::flat(output_grad));
        if tape.active {
            let factors = X::flat(tape.factors.get(input.len()));
            dx.iter_mut().zip(dy).zip(factors).for_each(|((dx, &dy), &m)| *dx = m * dy);
        } else {
            dx.copy_from_slice(dy);
        }
    }
}
