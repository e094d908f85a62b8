use chainrule_derive::Parameters;
use chainrule_parameters::{Parameters, Segment};

use super::SameShapeAsInputAt;
use super::in_a_row::{self, InARow};
use super::place::at_if;
use crate::bounds::SameShapeAsInput;
use crate::layer::compare::comparable;
use crate::layer::{At, Backward, BackwardHook, Child, Layer, Mode, Plan, WorkspaceMut, check_lengths};
use crate::tensor::Sample;

/// One layer applied `N` times in a row, with the same parameters each time.
///
/// Forward `y = F(F(..F(x)))`. The backward pass multiplies one Jacobian for each application. The gradients with
/// respect to the parameters are added over all applications.
///
/// # Shapes
/// Any input, if the layer's output has the same shape. The parameters are those of one layer.
///
/// # Gradient flow
/// The Jacobian contains the same W as a factor `N` times, at different inputs. So a factor below or above one makes
/// the gradient vanish or explode with `N`, as in a recurrent network (Hochreiter 1991; Bengio, Simard, Frasconi 1994).
///
/// # Source
/// Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323 (1986): a recurrent
/// network unfolded in time, with equal weights at each step.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let layer = Linear::<1, 1>::init_with(Initializer::constant(3.0), &mut rng(0)).into_inner();
/// let twice = Shared::<_, 2> { layer };
/// assert_eq!(twice.predict(&Vector([1.0]))?, Vector([9.0]));
/// assert_eq!(<Shared<Linear<1, 1>, 2>>::COUNT, 2); // one weight and one bias
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("weight sharing", "tied layers", "universal transformer"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(place = own, name = "Shared<{F}, {N}>")]
pub struct Shared<F, const N: usize> {
    /// F, the layer.
    #[parameter(flatten)]
    pub layer: F,
}

impl<F, const N: usize> InARow<F> for Shared<F, N> {
    const COPIES: usize = N;
    const SHARED: bool = true;

    fn layer(&self, _: usize) -> &F {
        &self.layer
    }

    fn layer_mut(&mut self, _: usize) -> &mut F {
        &mut self.layer
    }
}

impl<X: Sample + bytemuck::Pod, F: Layer<X>, const N: usize> Layer<X> for Shared<F, N>
where
    F::Output: SameShapeAsInput<X, Same = X>,
{
    type Output = <F::Output as SameShapeAsInput<X>>::Same;
    const PLAN: Plan = Plan {
        children: &[Child { name: Segment::Repeated(N), plan: &F::PLAN, copies: N, shared: true }],
        ..in_a_row::plan::<X, F, Self>()
    };
    const OVERWRITES: bool = true;

    fn forward(&self, input: &[X], output: &mut [X], workspace: WorkspaceMut<'_>, mode: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        in_a_row::forward::<X, F, Self>(self, input, output, workspace, mode);
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        in_a_row::backward::<X, F, Self>(self, pass, None);
    }

    fn backward_with_hook(&self, pass: Backward<'_, X, Self>, hook: Option<&mut dyn BackwardHook>) {
        in_a_row::backward::<X, F, Self>(self, pass, hook);
    }
}

at_if!(
    [X: Sample, F: At<PLACE, X>, const N: usize] Shared<F, N>, X,
    <F::Output as SameShapeAsInputAt<PLACE, X>>::Check,
    where F::Output: SameShapeAsInputAt<PLACE, X>
);

comparable!([F: Parameters, const N: usize] Shared<F, N>);
