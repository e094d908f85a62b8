use core::marker::PhantomData;

use chainrule_derive::Parameters;
use chainrule_parameters::{Named, Parameters};

use crate::layer::compare::comparable;
use crate::layer::{Backward, BackwardHook, Effect, Layer, Mode, Normalized, Plan, WorkspaceMut};
use crate::tensor::Sample;

/// A part of a network that is in evaluation mode, also while the rest is trained.
///
/// Forward `y = F(x)` and backward `dx = J_F' dy`, both as in evaluation mode: a
/// [`BatchNorm`](crate::layer::BatchNorm) inside normalizes by its running mean and variance, which stay as they are, and
/// [`Dropout`](crate::layer::Dropout) passes everything on. So the layers behind it are trained on what they will see in
/// use.
///
/// The gradients with respect to the parameters are computed as for any layer. For parameters that do not change, such as
/// those of pretrained layers, use [`FreezeParameters`](crate::optimizer::FreezeParameters) with the path of this part.
///
/// # Shapes
/// Those of F. The parameters and their paths are those of F too, so that a file of a network without `Evaluate` loads into
/// one with it.
///
/// # Gradient flow
/// The Jacobian of F in evaluation mode.
///
/// # Source
/// In PyTorch: `module.eval()` for a part of a network, after `network.train()`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// type Net = (Evaluate<BatchNorm<1>>, Linear<1, 1>);
/// let mut net = Net::init(&mut rng(1));
/// (net.0.layer.running_mean, net.0.layer.running_variance) = (Vector([10.0]), Vector([4.0])); // as loaded from a file
/// let (x, y) = ([Vector([100.0]), Vector([200.0])], [Vector([45.0]), Vector([95.0])]);
/// let in_use = net.loss(&MeanSquaredError, &x, &y)?;
///
/// let optimizer = FreezeParameters::new(Sgd::new(0.01), ["0"]);
/// let mut trainer = Trainer::new(net, MeanSquaredError, optimizer, 1);
/// assert_eq!(trainer.step(&x, &y)?, in_use); // normalized by 10 and 4, and not by the batch
/// assert_eq!(trainer.network.0.layer.running_mean, Vector([10.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, Parameters)]
#[parameters(name = "Evaluate<{F}>")]
pub struct Evaluate<F> {
    /// F, the part.
    #[parameter(flatten)]
    pub layer: F,
    #[parameter(setting = 1.0)]
    evaluated: PhantomData<()>,
}

/// The name of the setting by which the parameters of a network show which of its parts are in evaluation mode.
#[cfg(feature = "alloc")]
pub(crate) const EVALUATED: &str = "evaluated";

impl<X: Sample, F: Layer<X>> Layer<X> for Evaluate<F> {
    type Output = F::Output;
    // The plan of F, whose layers inside are this one's.
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

/// Returns whether a layer inside has another effect in training than in evaluation mode, so that what is known of it does
/// not hold here: the running variance of a norm can be anything.
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
