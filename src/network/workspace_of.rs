//! Workspaces of fixed size. Their type states the network, the input and the batch size.

use super::{Budget, budget};
use crate::Error;
use crate::error::require;
use crate::layer::{
    AsWorkspace, FixedWorkspace, Layer, Needs, Prediction, TrainingStep, WorkspaceFor, WorkspaceMut,
};
use crate::tensor::Sample;
use core::fmt;
use core::marker::PhantomData;

/// The workspace of one network, for batches of up to `SAMPLES` samples. It is plain memory, on the stack or in a
/// `static`, for programs without a heap. Write its type with the macro [`workspace!`](crate::workspace).
///
/// `P` is the pass: [`Prediction<N, X>`](Prediction), or [`TrainingStep<N, X>`](TrainingStep), which is also large
/// enough for predictions. The workspace of a different network does not compile. A batch that needs more memory is
/// [`Error::WorkspaceSize`].
///
/// ```
/// use chainrule::prelude::*;
///
/// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
/// type Memory = chainrule::workspace!(Net, Vector<2>, predict 1);
/// const _: () = assert!(size_of::<Memory>() <= 256);
///
/// let (mut memory, mut outputs) = (Memory::new(), [Vector([0.0])]); // could be a `static`
/// Net::init(&mut rng(1)).predict_into(&[Vector([0.5, 0.5])], &mut outputs, &mut memory)?;
///
/// let two = [Vector([0.5, 0.5]); 2];
/// let error = Net::init(&mut rng(1)).predict_into(&two, &mut [Vector([0.0]); 2], &mut memory);
/// assert!(matches!(error, Err(chainrule::Error::WorkspaceSize { .. })));
/// # Ok::<(), chainrule::Error>(())
/// ```
pub struct WorkspaceOf<P, const SAMPLES: usize, const LINES: usize> {
    workspace: FixedWorkspace<LINES>,
    pass: PhantomData<fn() -> P>,
}

/// A pass of a network, as a type: a [`Prediction`] or a [`TrainingStep`]. See the example of
/// [`workspace!`](crate::workspace).
pub trait Pass {
    #[doc(hidden)]
    const BUDGET: Budget;
    #[doc(hidden)]
    const TRAINS: bool;
}

impl<N: Layer<X>, X: Sample> Pass for Prediction<N, X> {
    const BUDGET: Budget = budget::<N, X>();
    const TRAINS: bool = false;
}

impl<N: Layer<X>, X: Sample> Pass for TrainingStep<N, X> {
    const BUDGET: Budget = budget::<N, X>();
    const TRAINS: bool = true;
}

impl<P: Pass, const SAMPLES: usize, const LINES: usize> WorkspaceOf<P, SAMPLES, LINES> {
    const FITS: () = {
        let lines =
            if P::TRAINS { P::BUDGET.training_lines(SAMPLES) } else { P::BUDGET.prediction_lines(SAMPLES) };
        require(lines == LINES, "a `WorkspaceOf` must have the size of its pass: use the macro `workspace!`");
    };

    /// Creates a workspace of zeros.
    #[allow(clippy::new_without_default)] // it is too large for an implicit `Default`
    pub const fn new() -> Self {
        let () = Self::FITS;
        Self { workspace: FixedWorkspace::new(), pass: PhantomData }
    }
}

impl<P, const SAMPLES: usize, const LINES: usize> fmt::Debug for WorkspaceOf<P, SAMPLES, LINES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WorkspaceOf({} bytes, for batches of {SAMPLES})", size_of::<Self>())
    }
}

impl<P, const SAMPLES: usize, const LINES: usize> AsWorkspace for WorkspaceOf<P, SAMPLES, LINES> {
    fn for_pass(&mut self, needs: Needs) -> Result<WorkspaceMut<'_>, Error> {
        self.workspace.for_pass(needs)
    }
}

impl<N, X, const SAMPLES: usize, const LINES: usize> WorkspaceFor<Prediction<N, X>>
    for WorkspaceOf<Prediction<N, X>, SAMPLES, LINES>
{
}

impl<N, X, const SAMPLES: usize, const LINES: usize> WorkspaceFor<Prediction<N, X>>
    for WorkspaceOf<TrainingStep<N, X>, SAMPLES, LINES>
{
}

impl<N, X, const SAMPLES: usize, const LINES: usize> WorkspaceFor<TrainingStep<N, X>>
    for WorkspaceOf<TrainingStep<N, X>, SAMPLES, LINES>
{
}

/// Returns the type of a network's workspace of fixed size ([`WorkspaceOf`](crate::WorkspaceOf)), for batches of up to
/// `n` samples: `workspace!(Net, Input, predict n)` or `workspace!(Net, Input, train n)`.
///
/// ```
/// use chainrule::prelude::*;
///
/// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
/// const BATCH: usize = 16;
/// static MEMORY: std::sync::Mutex<chainrule::workspace!(Net, Vector<2>, train BATCH)> =
///     std::sync::Mutex::new(<chainrule::workspace!(Net, Vector<2>, train BATCH)>::new());
///
/// let (inputs, targets) = ([Vector([0.5, -0.5]); BATCH], [Vector([1.0]); BATCH]);
/// let (net, mut gradient, mut memory) = (Net::init(&mut rng(1)), Net::zeroed(), MEMORY.lock().unwrap());
/// net.loss_gradient(&MeanSquaredError, &inputs, &targets, &mut *memory, &mut gradient, &mut rng(2))?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[macro_export]
macro_rules! workspace {
    ($network:ty, $input:ty, predict $samples:expr) => {
        $crate::WorkspaceOf<
            $crate::layer::Prediction<$network, $input>,
            { $samples },
            { $crate::budget::<$network, $input>().prediction_lines($samples) },
        >
    };
    ($network:ty, $input:ty, train $samples:expr) => {
        $crate::WorkspaceOf<
            $crate::layer::TrainingStep<$network, $input>,
            { $samples },
            { $crate::budget::<$network, $input>().training_lines($samples) },
        >
    };
}
