//! Which workspaces a pass of a network can use.

use core::marker::PhantomData;

#[cfg(feature = "alloc")]
use super::Workspace;
use super::as_workspace::{AsWorkspace, FixedWorkspace};

/// A prediction of the network `N` for inputs `X`, as a type: the `P` of a [`WorkspaceFor<P>`](WorkspaceFor). See its
/// example.
#[derive(Clone, Copy, Debug)]
pub struct Prediction<N, X>(PhantomData<fn() -> (N, X)>);

/// A training step of the network `N` for inputs `X`, as a type: the `P` of a [`WorkspaceFor<P>`](WorkspaceFor).
/// [`Network::loss_gradient`](crate::Network::loss_gradient) takes such a workspace. See the example of
/// [`workspace!`](crate::workspace).
#[derive(Clone, Copy, Debug)]
pub struct TrainingStep<N, X>(PhantomData<fn() -> (N, X)>);

/// A workspace that the pass `P` can use. [`Workspace`](crate::layer::Workspace), [`FixedWorkspace`] and
/// [`CarriedState`](crate::stream::CarriedState) fit every pass. A [`WorkspaceOf`](crate::WorkspaceOf) fits one
/// network.
///
/// # Examples
/// ```
/// use chainrule::layer::{FixedWorkspace, Prediction, WorkspaceFor};
/// use chainrule::prelude::*;
///
/// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
///
/// /// Takes any workspace that fits predictions of this network.
/// fn output(
///     net: &Net, input: Vector<2>, workspace: &mut impl WorkspaceFor<Prediction<Net, Vector<2>>>,
/// ) -> Result<Vector<1>, chainrule::Error> {
///     let mut outputs = [Vector([0.0])];
///     net.predict_into(&[input], &mut outputs, workspace)?;
///     Ok(outputs[0])
/// }
///
/// let net = Net::zeros();
/// assert_eq!(output(&net, Vector([1.0, 2.0]), &mut Workspace::default())?, Vector([0.0]));
/// assert_eq!(output(&net, Vector([1.0, 2.0]), &mut FixedWorkspace::<8>::new())?, Vector([0.0]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a workspace for `{P}`",
    label = "expected a workspace for this network",
    note = "make one and use it for every batch: `let mut workspace = Workspace::default();`",
    note = "without a heap, use `workspace!(Net, Input, train 16)`, the type of a workspace for one network, or `workspace!(Net, Input, predict 1)`, only for predictions"
)]
pub trait WorkspaceFor<P>: AsWorkspace {}

#[cfg(feature = "alloc")]
impl<P> WorkspaceFor<P> for Workspace {}

impl<P, const LINES: usize> WorkspaceFor<P> for FixedWorkspace<LINES> {}
