use chainrule_derive::Parameters;
use chainrule_parameters::Part;
use rand::RngExt;

use super::compare::comparable;
use super::{Backward, Effect, Layer, Mode, Plan, Space, WorkspaceMut, check_lengths};
use crate::kernel::Real;
use crate::tensor::Tensor;

/// In training, sets each number to zero with a probability of `PERCENT` per cent; in evaluation, does nothing.
///
/// Forward `y = m x`, backward `dx = m dy`, where m is 0 with probability p = `PERCENT` / 100 and 1 / (1 - p)
/// otherwise ("inverted" dropout: the expected output is the input, so that nothing is scaled in evaluation).
///
/// # Shapes
/// Any shape; the output has the shape of the input.
///
/// # Gradient flow
/// The Jacobian is diag(m): it preserves the mean of a gradient and multiplies its squared norm by 1 / (1 - p) on
/// average.
///
/// # Source
/// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout", JMLR 15 (2014), section 4 and 10.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// let x = Vector([1.0_f32; 100]);
/// assert_eq!(Dropout::<20>.predict(&x)?, x); // evaluation
///
/// let mut y = [Vector::default()];
/// let mut workspace = Workspace::default();
/// let workspace = workspace.prepare::<Vector<100>, Dropout<20>>(1);
/// Dropout::<20>.forward(&[x], &mut y, workspace, &mut Mode::Train(&mut rng(1)));
/// assert!(y[0].0.iter().all(|&y| y == 0.0 || y == 1.25));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Parameters)]
pub struct Dropout<const PERCENT: u32>;

comparable!([const PERCENT: u32] Dropout<PERCENT>);

impl<X: Tensor, const PERCENT: u32> Layer<X> for Dropout<PERCENT> {
    type Output = X;
    // The factors m, and a byte that says whether there are any (in training mode).
    const PLAN: Plan = Plan::leaf::<X, Self>()
        .saves(Space::per_batch::<u8>(1))
        .saves(Space::per_sample::<X>(1))
        .effect(Effect::Dropout { remaining: 1.0 - PERCENT as f64 / 100.0 })
        .requires(
            PERCENT < 100,
            &[
                Part::Text("sets "),
                Part::Number(PERCENT as u64),
                Part::Text(
                    " per cent of its numbers to zero and lets nothing through: it must be less than 100",
                ),
            ],
        );

    fn forward(&self, input: &[X], output: &mut [X], mut workspace: WorkspaceMut<'_>, mode: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        let active = &mut workspace.saved::<u8>(1)[0];
        *active = 0;
        if let Mode::Train(rng) = mode
            && PERCENT > 0
        {
            *active = 1;
            let kept = X::Scalar::from_f64(100.0 / (100.0 - f64::from(PERCENT)));
            let factors = X::flat_mut(workspace.saved::<X>(input.len()));
            for ((y, &x), m) in X::flat_mut(output).iter_mut().zip(X::flat(input)).zip(factors) {
                *m = if rng.random_range(0..100) < PERCENT { X::Scalar::default() } else { kept };
                *y = *m * x;
            }
        } else {
            X::flat_mut(output).copy_from_slice(X::flat(input));
        }
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        let Backward { input, output_grad, input_grad, mut workspace, .. } = pass;
        let Some(input_grad) = input_grad else { return };
        let (dx, dy) = (X::flat_mut(input_grad), X::flat(output_grad));
        if workspace.saved::<u8>(1)[0] != 0 {
            let factors = X::flat(workspace.saved::<X>(input.len()));
            dx.iter_mut().zip(dy).zip(factors).for_each(|((dx, &dy), &m)| *dx = m * dy);
        } else {
            dx.copy_from_slice(dy);
        }
    }
}
