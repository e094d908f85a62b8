//! The types that can be the workspace of a pass: one that grows, one of fixed size, and one that carries states.

#[cfg(feature = "alloc")]
use super::Workspace;
use super::space::{LINE, Space};
use super::workspace::{Line, WorkspaceMut};
use super::{Checked, Layer};
use crate::Error;
use crate::tensor::Sample;

/// A workspace of fixed size that several networks can share, without a heap: `LINES` cache lines of 64 bytes.
/// [`budget`](crate::budget) computes the number. [`workspace!`](crate::workspace) names the type for one network.
///
/// # Examples
/// ```
/// use chainrule::layer::FixedWorkspace;
/// use chainrule::prelude::*;
///
/// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
/// const LINES: usize = chainrule::budget::<Net, Vector<2>>().prediction_lines(1);
///
/// let mut workspace = FixedWorkspace::<LINES>::new(); // could be a `static`
/// let mut outputs = [Vector([0.0])];
/// Net::init(&mut rng(1)).predict_into(&[Vector([0.5, 0.5])], &mut outputs, &mut workspace)?;
///
/// let two = [Vector([0.5, 0.5]); 2];
/// let error = Net::init(&mut rng(1)).predict_into(&two, &mut [Vector([0.0]); 2], &mut workspace);
/// assert!(matches!(error, Err(chainrule::Error::WorkspaceSize { .. })));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("arena", "static memory"))]
pub struct FixedWorkspace<const LINES: usize> {
    lines: [Line; LINES],
}

impl<const LINES: usize> FixedWorkspace<LINES> {
    /// Creates a workspace filled with zeros.
    #[allow(clippy::new_without_default)] // it is too large for an implicit `Default`
    pub const fn new() -> Self {
        Self { lines: [Line([0; LINE]); LINES] }
    }
}

impl<const LINES: usize> core::fmt::Debug for FixedWorkspace<LINES> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "FixedWorkspace({} bytes)", LINES * LINE)
    }
}

/// How much workspace a pass needs.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    pub(super) saved: usize,
    pub(super) scratch: usize,
    #[cfg(feature = "alloc")]
    pub(crate) samples: usize,
    /// The network and its input.
    #[cfg(feature = "alloc")]
    pub(crate) network: core::any::TypeId,
}

impl Needs {
    /// Returns what a forward pass in evaluation mode needs.
    pub(crate) fn prediction<X: Sample, L: Layer<X>>(samples: usize) -> Self {
        Self::of::<X, L>(Checked::<X, L>::PLAN.prediction_lines(Space::NONE, samples), samples)
    }

    /// Returns what a forward and a backward pass need, with the memory that `more` describes.
    pub(crate) fn training<X: Sample, L: Layer<X>>(more: Space, samples: usize) -> Self {
        Self::of::<X, L>(Checked::<X, L>::PLAN.training_lines(more, samples), samples)
    }

    fn of<X: Sample, L: Layer<X>>([saved, scratch]: [usize; 2], samples: usize) -> Self {
        #[cfg(not(feature = "alloc"))]
        let _ = samples;
        Self {
            saved,
            scratch,
            #[cfg(feature = "alloc")]
            samples,
            #[cfg(feature = "alloc")]
            network: core::any::TypeId::of::<(X, L)>(),
        }
    }
}

/// A workspace: a [`Workspace`](crate::layer::Workspace), which grows, a [`FixedWorkspace`], or a
/// [`CarriedState`](crate::stream::CarriedState), which also has the state of recurrent layers. See the example of
/// [`WorkspaceFor`](super::WorkspaceFor).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a workspace",
    label = "expected a workspace",
    note = "make one and use it for every batch: `let mut workspace = Workspace::default();`"
)]
pub trait AsWorkspace {
    /// Returns memory for a pass.
    #[doc(hidden)]
    fn for_pass(&mut self, needs: Needs) -> Result<WorkspaceMut<'_>, Error>;

    /// Called after the pass succeeded.
    #[doc(hidden)]
    fn succeeded(&mut self) {}
}

#[cfg(feature = "alloc")]
impl AsWorkspace for Workspace {
    #[inline]
    fn for_pass(&mut self, needs: Needs) -> Result<WorkspaceMut<'_>, Error> {
        Ok(self.take_for(&needs))
    }
}

impl<const LINES: usize> AsWorkspace for FixedWorkspace<LINES> {
    fn for_pass(&mut self, needs: Needs) -> Result<WorkspaceMut<'_>, Error> {
        let Needs { saved, scratch, .. } = needs;
        if saved + scratch > LINES {
            return Err(Error::WorkspaceSize { needed: (saved + scratch) * LINE, found: LINES * LINE });
        }
        Ok(WorkspaceMut::of(&mut self.lines, saved, scratch))
    }
}
