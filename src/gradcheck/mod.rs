// Tier 5.
//! Checks that a backward pass is the derivative of its forward pass.
//!
//! [`gradcheck`] compares the gradients of a layer or a whole network with finite differences. It compares each number,
//! with its sign, for the inputs and for every parameter. [`gradcheck_loss`] does this for a loss. Write such a test
//! for each layer that you write yourself:
//!
//! ```
//! use chainrule::prelude::*;
//! use chainrule::gradcheck::gradcheck;
//!
//! let net = <(Linear<3, 5, f64>, Tanh, Linear<5, 2, f64>)>::init(&mut rng(1));
//! let report = gradcheck(&net, &[Vector([0.3, -1.2, 0.7]), Vector([2.0, 0.1, -0.4])])?;
//! assert_eq!(report.checked, 2 * 3 + 3 * 5 + 5 + 5 * 2 + 2); // each input and each parameter
//! assert!(report.worst < 1e-6);
//! # Ok::<(), chainrule::gradcheck::GradcheckError>(())
//! ```
//!
//! # Method
//! A random gradient u of the output (a cotangent) reduces the output to one number, f = Σ u·y. The derivative of f
//! with respect to each number x is computed by central differences of fourth order, (8 f(x+h) - 8 f(x-h) - f(x+2h) +
//! f(x-2h)) / 12h, in `f64`, at steps h of 1e-3 and smaller. A large step may cross a kink, and rounding dominates a
//! small one. So the check uses the step whose difference agrees best with the difference of half the step. This choice
//! does not use the layer's own gradient.
//!
//! A layer with a kink must be checked with inputs on both sides of it. At the kink itself there is no derivative to
//! compare.
//!
//! The check also tests the contract of [`Layer::backward`]. The backward pass
//!
//! * overwrites the gradient of its input;
//! * adds to the gradients of its parameters, and overwrites them if it is told to and [can](Layer::OVERWRITES);
//! * computes the same gradients of its parameters if the gradient of its input is not needed;
//! * does not read scratch memory that another pass wrote: the check fills it with NaN between the two passes.
//!
//! Layers that draw random numbers get the same ones every time. The check runs in training mode. A layer that differs
//! in evaluation mode needs another test for that mode.

mod difference;
mod subject;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use chainrule_parameters::{AsNetwork, Named};

use crate::bounds::InF64;
use crate::error::short_type_name;
use crate::layer::{Bare, Layer, TakenBy};
use crate::loss::Loss;

use difference::{Derivative, derivative};
use subject::{AnySubject, Subject};

/// The largest relative error that is accepted.
///
/// Differences of fourth order at a step of 1e-3 have a truncation error of about 1e-12 and a rounding error of about
/// 1e-13. So a correct gradient passes with a wide margin, and a wrong factor, sign or index does not.
#[doc(alias = "atol")]
#[doc(alias = "rtol")]
pub const TOLERANCE: f64 = 1e-6;

/// The result of a successful check. See the example of [the module](crate::gradcheck).
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// How many numbers were compared.
    pub checked: usize,
    /// The largest relative error among them.
    pub worst: f64,
    /// The tensor with that error, such as `input[0]` or `2.branch.0.weight`.
    pub tensor: String,
}

/// A backward pass is not the derivative of its forward pass: the error of [`gradcheck`] and [`gradcheck_loss`].
///
/// ```
/// use chainrule::gradcheck::{GradcheckError, gradcheck};
/// use chainrule::prelude::*;
///
/// let no_inputs: [Vector<2, f64>; 0] = [];
/// let error = gradcheck(&Tanh, &no_inputs).unwrap_err();
/// assert!(matches!(error, GradcheckError::Unusable { .. }));
/// ```
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GradcheckError {
    /// The gradient with respect to one number differs from finite differences.
    #[error(
        "the gradient of `{layer}` by {tensor}, element {index}, is {analytic:.8e}, \
         but finite differences give {numeric:.8e}: a relative error of {error:.1e}"
    )]
    Gradient {
        /// The type of the layer.
        layer: String,
        /// `input[sample]`, or the path of a parameter.
        tensor: String,
        /// The index of the number, in memory order.
        index: usize,
        /// The value that the backward pass computed.
        analytic: f64,
        /// The value from finite differences.
        numeric: f64,
        /// Their relative error.
        error: f64,
    },
    /// The backward pass broke a rule of its contract.
    #[error("the backward pass of `{layer}` breaks its contract: it must {rule} ({tensor}, element {index})")]
    Contract {
        /// The type of the layer.
        layer: String,
        /// What the backward pass should have done.
        rule: &'static str,
        /// `input[sample]`, or the path of a parameter.
        tensor: String,
        /// The index of the number, in memory order.
        index: usize,
    },
    /// There is nothing to compare, or a number is NaN or infinite.
    #[error("`{layer}` cannot be checked: {reason}")]
    Unusable {
        /// The type of the layer.
        layer: String,
        /// The reason.
        reason: &'static str,
    },
}

/// Compares the gradients of a layer or a network, at these inputs, with finite differences. See the example of
/// [the module](crate::gradcheck).
///
/// # Errors
/// [`GradcheckError::Gradient`] for the first number whose relative error is over [`TOLERANCE`], with layer, tensor and
/// index. [`GradcheckError::Contract`] for a broken rule of the contract of [`Layer::backward`].
/// [`GradcheckError::Unusable`] if there are no inputs, or some are not finite.
#[doc(alias = "gradient checking")]
#[doc(alias = "finite differences")]
#[doc(alias = "numerical gradient")]
pub fn gradcheck<X, N>(network: &N, inputs: &[X]) -> Result<Report, GradcheckError>
where
    X: InF64 + TakenBy<N::Network, Output: InF64>,
    N: AsNetwork,
{
    check(X::network::<Bare>(network.as_network()), inputs)
}

fn check<X: InF64, L: Layer<X, Output: InF64>>(layer: &L, inputs: &[X]) -> Result<Report, GradcheckError> {
    let name = <L as Named>::NAME.to_string();
    check_subject(&name, inputs.len(), L::OVERWRITES, &mut Subject::new(layer, inputs))
}

/// Runs the check. It is compiled once for all layers.
fn check_subject(
    name: &str,
    samples: usize,
    overwrites: bool,
    subject: &mut dyn AnySubject,
) -> Result<Report, GradcheckError> {
    let unusable = |reason| GradcheckError::Unusable { layer: name.into(), reason };
    if samples == 0 {
        return Err(unusable("there are no inputs"));
    }
    let magnitude = subject.magnitude();
    if !magnitude.is_finite() {
        return Err(unusable("its output is not finite at these inputs"));
    }

    let len = subject.inputs().len() / samples;
    let plain = subject.backward(true, 0.0, !overwrites);
    let broken =
        |rule, tensor: String, index| GradcheckError::Contract { layer: name.into(), rule, tensor, index };
    // All gradients are set to 1 before. The gradient of the input must be overwritten, and that of a parameter must be
    // added to the 1.
    let over = subject.backward(true, 1.0, true);
    if let Some(at) = differ(&plain.inputs, &over.inputs, 0.0) {
        return Err(broken("overwrite `input_grad`", input_name(at / len), at % len));
    }
    for ((path, plain), (_, over)) in plain.parameters.iter().zip(&over.parameters) {
        let added: Vec<f64> = plain.iter().map(|g| g + 1.0).collect();
        if let Some(at) = differ(&added, over, 1e-9) {
            let rule = if overwrites {
                "add to `gradient` if `accumulate` is set"
            } else {
                "add to `gradient`, not overwrite it"
            };
            return Err(broken(rule, path.clone(), at));
        }
    }
    if overwrites {
        let over = subject.backward(true, 1.0, false);
        for ((path, plain), (_, over)) in plain.parameters.iter().zip(&over.parameters) {
            if let Some(at) = differ(plain, over, 0.0) {
                return Err(broken("overwrite `gradient` unless `accumulate` is set", path.clone(), at));
            }
        }
    }
    let alone = subject.backward(false, 0.0, !overwrites);
    for ((path, plain), (_, alone)) in plain.parameters.iter().zip(&alone.parameters) {
        if let Some(at) = differ(plain, alone, 1e-9) {
            return Err(broken("compute the same `gradient` if `input_grad` is `None`", path.clone(), at));
        }
    }

    let mut verdict = Verdict { report: Report { checked: 0, worst: 0.0, tensor: String::new() } };
    for (at, &analytic) in plain.inputs.iter().enumerate() {
        let x = subject.inputs()[at];
        let derivative = derivative(x, magnitude, &mut |x| {
            subject.inputs()[at] = x;
            subject.value()
        });
        subject.inputs()[at] = x;
        verdict.compare(name, &|| input_name(at / len), at % len, analytic, derivative)?;
    }
    for (tensor, (path, analytic)) in plain.parameters.iter().enumerate() {
        for (at, &analytic) in analytic.iter().enumerate() {
            let w = subject.parameter(tensor, at, None);
            let derivative = derivative(w, magnitude, &mut |w| {
                subject.parameter(tensor, at, Some(w));
                subject.value()
            });
            subject.parameter(tensor, at, Some(w));
            verdict.compare(name, &|| path.clone(), at, analytic, derivative)?;
        }
    }
    Ok(verdict.report)
}

/// Compares the gradient of a loss, at these outputs and targets, with finite differences.
///
/// ```
/// use chainrule::gradcheck::gradcheck_loss;
/// use chainrule::prelude::*;
///
/// let report = gradcheck_loss(&MeanSquaredError, &[Vector([0.5, -1.0_f64])], &[Vector([1.0, 2.0_f64])])?;
/// assert_eq!(report.checked, 2); // both numbers of the output
/// # Ok::<(), chainrule::gradcheck::GradcheckError>(())
/// ```
///
/// # Errors
/// The errors of [`gradcheck`]. Data that the loss refuses is [`GradcheckError::Unusable`].
#[doc(alias = "gradient checking")]
#[doc(alias = "finite differences")]
pub fn gradcheck_loss<Y, Target, L>(
    loss: &L,
    outputs: &[Y],
    targets: &[Target],
) -> Result<Report, GradcheckError>
where
    Y: InF64,
    L: Loss<Y, Target>,
{
    let name = short_type_name::<L>();
    let refused = |_| GradcheckError::Unusable { layer: name.clone(), reason: "it refuses this batch" };
    let mut gradients = outputs.to_vec();
    let magnitude = loss.mean_and_gradient(outputs, targets, &mut gradients).map_err(refused)?;
    let mut outputs = outputs.to_vec();
    let mut verdict = Verdict { report: Report { checked: 0, worst: 0.0, tensor: String::new() } };
    for (at, &analytic) in Y::flat(&gradients).iter().enumerate() {
        let a = Y::flat(&outputs)[at];
        let derivative = derivative(a, magnitude, &mut |a| {
            Y::flat_mut(&mut outputs)[at] = a;
            loss.mean(&outputs, targets).unwrap_or(f64::NAN)
        });
        Y::flat_mut(&mut outputs)[at] = a;
        verdict.compare(&name, &|| format!("output[{}]", at / Y::LEN), at % Y::LEN, analytic, derivative)?;
    }
    Ok(verdict.report)
}

/// Returns the first place where two gradients of the same numbers differ.
fn differ(plain: &[f64], other: &[f64], tolerance: f64) -> Option<usize> {
    let scale = plain.iter().fold(0.0, |scale, x| f64::max(scale, x.abs()));
    // Numbers that are not finite are ignored here: a later check reports them.
    let same = |x: &f64, y: &f64| !x.is_finite() || (x - y).abs() <= tolerance * scale;
    plain.iter().zip(other).position(|(x, y)| !same(x, y))
}

struct Verdict {
    report: Report,
}

impl Verdict {
    fn compare(
        &mut self,
        layer: &str,
        tensor: &dyn Fn() -> String,
        index: usize,
        analytic: f64,
        Derivative { value: numeric, noise }: Derivative,
    ) -> Result<(), GradcheckError> {
        // A difference as large as the rounding noise is not an error: it counts as a relative error of `TOLERANCE`.
        let floor = f64::max(noise / TOLERANCE, f64::MIN_POSITIVE);
        let error = (analytic - numeric).abs() / analytic.abs().max(numeric.abs()).max(floor);
        self.report.checked += 1;
        if error.is_nan() || error > TOLERANCE {
            return Err(GradcheckError::Gradient {
                layer: layer.into(),
                tensor: tensor(),
                index,
                analytic,
                numeric,
                error,
            });
        }
        if error > self.report.worst || self.report.tensor.is_empty() {
            (self.report.worst, self.report.tensor) = (error, tensor());
        }
        Ok(())
    }
}

fn input_name(sample: usize) -> String {
    format!("input[{sample}]")
}
