use alloc::boxed::Box;
use core::slice::{from_mut, from_ref};

use super::compare::comparable;
use super::{Factor, Field, Fields, Layer, Mode, Parameters, Probe};
use crate::kernel::Real;
use crate::tensor::{Tensor, zeros};

/// A leaky ReLU whose slope below zero, one for the whole layer, is trained.
///
/// Forward `y = x` for x > 0, else `y = a x`; backward `dx = dy` or `dx = a dy`, and `da = Σ x dy` over x ≤ 0.
///
/// # Shapes
/// Any to itself. `slope` is `[1]` and starts at 0.25.
///
/// # Gradient flow
/// The factor is 1 or a: no unit is dead unless training makes a = 0.
///
/// # Source
/// He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015, eq. 1 (channel-shared form) and 2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let layer = <PRelu>::init(&mut rng(0));
/// assert_eq!(layer.predict(&Vector([-4.0, 4.0]))?, Vector([-1.0, 4.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PRelu<T: Real = f32> {
    /// a, the slope below zero.
    pub slope: Box<T>,
}

impl<T: Real> Parameters for PRelu<T> {
    const COUNT: usize = 1;

    fn zeros() -> Self {
        Self { slope: zeros() }
    }

    fn fields(fields: &mut impl Fields<Self>) {
        let slope = Field::scale("slope", &[1], 0.25);
        fields.tensor(slope, |layer| from_ref(&*layer.slope), |layer| from_mut(&mut *layer.slope));
    }
}

impl<X: Tensor> Layer<X> for PRelu<X::Scalar> {
    type Output = X;
    type Tape = ();
    const FACTOR: Factor = Factor::Slope { steepest: 1.0 };

    fn forward(&self, input: &[X], output: &mut [X], _: &mut (), _: &mut Mode<'_>) {
        let (a, zero) = (*self.slope, X::Scalar::default());
        for (y, &x) in X::flat_mut(output).iter_mut().zip(X::flat(input)) {
            *y = if x > zero { x } else { a * x };
        }
    }

    fn backward<P: Probe>(
        &self,
        input: &[X],
        _: &[X],
        output_grad: &[X],
        input_grad: Option<&mut [X]>,
        gradient: &mut Self,
        _: &mut (),
        _: &mut P,
    ) {
        let (a, zero) = (*self.slope, X::Scalar::default());
        *gradient.slope = zero;
        for (&x, &dy) in X::flat(input).iter().zip(X::flat(output_grad)) {
            if x <= zero {
                *gradient.slope += x * dy;
            }
        }
        if let Some(input_grad) = input_grad {
            for ((dx, &x), &dy) in
                X::flat_mut(input_grad).iter_mut().zip(X::flat(input)).zip(X::flat(output_grad))
            {
                *dx = if x > zero { dy } else { a * dy };
            }
        }
    }
}

comparable!([T: Real] PRelu<T>);
