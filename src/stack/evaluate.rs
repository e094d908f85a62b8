use core::marker::PhantomData;

use chainrule_derive::Parameters;
use chainrule_parameters::{Named, Parameters};

use crate::layer::compare::comparable;
use crate::layer::{Backward, BackwardHook, Effect, Layer, Mode, Normalized, Plan, WorkspaceMut};
use crate::tensor::Sample;

/// A part of a network that stays in evaluation mode while the rest is trained.
///
/// Forward `y = F(x)` and backward `dx = J_F' dy`, both in evaluation mode. A [`BatchNorm`](crate::layer::BatchNorm)
/// inside normalizes by its running mean and variance, and does not update them. [`Dropout`](crate::layer::Dropout) is
/// the identity. So the layers after this part get the same inputs in training as in evaluation.
///
/// The gradients with respect to the parameters are computed as for any layer. To keep the parameters constant, for
/// example those of pretrained layers, use [`FreezeParameters`](crate::optimizer::FreezeParameters) with the path of
/// this part.
///
/// # Shapes
/// The shapes of F. The parameters and their paths are also those of F, so you can load a file of the same network
/// without `Evaluate`.
///
/// # Gradient flow
/// The Jacobian of F in evaluation mode.
///
/// # Source
/// In PyTorch, `module.eval()` for a part of a network, after `network.train()`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// type Net = (Evaluate<BatchNorm<1>>, Linear<1, 1>);
/// let mut net = Net::init(&mut rng(1));
/// (net.0.layer.running_mean, net.0.layer.running_variance) = (Vector([10.0]), Vector([4.0])); // as loaded from a file
/// let (x, y) = ([Vector([100.0]), Vector([200.0])], [Vector([45.0]), Vector([95.0])]);
/// let expected = net.loss(&MeanSquaredError, &x, &y)?;
///
/// let optimizer = FreezeParameters::new(Sgd::new(0.01), ["0"]);
/// let mut trainer = Trainer::new(net, MeanSquaredError, optimizer, 1);
/// assert_eq!(trainer.step(&x, &y)?, expected); // normalized by 10 and 4, and not by the batch
/// assert_eq!(trainer.network.0.layer.running_mean, Vector([10.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("eval", "module.eval", "freeze batch norm", "frozen"))]
#[derive(Clone, Copy, Parameters)]
#[parameters(name = "Evaluate<{F}>")]
pub struct Evaluate<F> {
    /// F, the part.
    #[parameter(flatten)]
    pub layer: F,
    #[parameter(setting = 1.0)]
    evaluated: PhantomData<()>,
}

/// The name of a setting that marks the parts of a network that are in evaluation mode. It is among the network's
/// parameters.
#[cfg(feature = "alloc")]
pub(crate) const EVALUATED: &str = "evaluated";

impl<X: Sample, F: Layer<X>> Layer<X> for Evaluate<F> {
    type Output = F::Output;
    // The plan of F, with the same children.
    const PLAN: Plan = Plan {
        name: <Self as Named>::NAME,
        parameters: &<Self as Parameters>::DESCRIPTION,
        effect: if depends_on_mode(&F::PLAN) { Effect::Unknown } else { F::PLAN.effect },
        ..F::PLAN
    };
    const OVERWRITES: bool = F::OVERWRITES;

    fn forward(&self, input: &[X], output: &mut [F::Output], workspace: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        self.layer.forward(input, output, workspace, &mut Mode::Evaluate);
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        self.layer.backward(inside(pass));
    }

    fn backward_with_hook(&self, pass: Backward<'_, X, Self>, hook: Option<&mut dyn BackwardHook>) {
        self.layer.backward_with_hook(inside(pass), hook);
    }
}

/// Returns the backward pass of the layer inside.
fn inside<X: Sample, F: Layer<X>>(pass: Backward<'_, X, Evaluate<F>>) -> Backward<'_, X, F> {
    let Backward { input, output, output_grad, input_grad, gradient, workspace, accumulate } = pass;
    let gradient = &mut gradient.layer;
    Backward { input, output, output_grad, input_grad, gradient, workspace, accumulate }
}

/// Returns whether a layer inside behaves differently in training than in evaluation mode. If so, the expected effect
/// of F is not valid here, because the running variance of a norm can be anything.
const fn depends_on_mode(plan: &Plan) -> bool {
    if let Effect::Norm { of: Normalized::Batch, .. } | Effect::Dropout { .. } | Effect::Noise { .. } =
        plan.effect
    {
        return true;
    }
    let mut at = 0;
    while at < plan.children.len() {
        if depends_on_mode(plan.children[at].plan) {
            return true;
        }
        at += 1;
    }
    false
}

comparable!([F: Parameters] Evaluate<F>);
