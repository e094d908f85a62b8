//! Memory that a network works in: one block, whose size is a constant of the network, its input and the size of the batch.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use bytemuck::{Pod, Zeroable};

#[cfg(feature = "alloc")]
use super::Layer;
use super::Plan;
use crate::Error;
#[cfg(feature = "alloc")]
use crate::tensor::Sample;

/// The bytes of a cache line. Everything in a workspace starts at one.
const LINE: usize = 64;

#[derive(Clone, Copy, Zeroable, Pod)]
#[repr(C, align(64))]
struct Line([u8; LINE]);

/// How much memory a layer needs, for each sample and for each batch: a constant of its [`Plan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes for each sample.
    pub per_sample: usize,
    /// Bytes for a batch of any size.
    pub per_batch: usize,
    /// How many separate slices it is split into. Each starts at a cache line of its own.
    pub slices: usize,
}

impl Space {
    /// None.
    pub const NONE: Self = Self { per_sample: 0, per_batch: 0, slices: 0 };

    /// A slice of `count` values of the type `Y` for each sample.
    pub const fn per_sample<Y>(count: usize) -> Self {
        Self { per_sample: count * size_of::<Y>(), per_batch: 0, slices: 1 }
    }

    /// A slice of `count` values of the type `Y` for a batch of any size.
    pub const fn per_batch<Y>(count: usize) -> Self {
        Self { per_sample: 0, per_batch: count * size_of::<Y>(), slices: 1 }
    }

    /// This and `other`, both at the same time.
    pub const fn and(self, other: Self) -> Self {
        Self {
            per_sample: self.per_sample + other.per_sample,
            per_batch: self.per_batch + other.per_batch,
            slices: self.slices + other.slices,
        }
    }

    /// This or `other`, at different times.
    pub const fn or(self, other: Self) -> Self {
        Self {
            per_sample: if self.per_sample > other.per_sample { self.per_sample } else { other.per_sample },
            per_batch: if self.per_batch > other.per_batch { self.per_batch } else { other.per_batch },
            slices: if self.slices > other.slices { self.slices } else { other.slices },
        }
    }

    /// This, `times` over.
    pub const fn times(self, times: usize) -> Self {
        Self {
            per_sample: self.per_sample * times,
            per_batch: self.per_batch * times,
            slices: self.slices * times,
        }
    }

    /// This for a layer that takes each sample as `parts` samples.
    pub(crate) const fn for_parts(self, parts: usize) -> Self {
        Self { per_sample: self.per_sample * parts, ..self }
    }

    /// How many cache lines that is, at most, for a batch of this size.
    const fn lines(self, samples: usize) -> usize {
        (samples * self.per_sample + self.per_batch) / LINE + self.slices
    }

    /// How many bytes that is, at most, for a batch of this size: each slice starts at a cache line.
    pub const fn bytes(self, samples: usize) -> usize {
        self.lines(samples) * LINE
    }
}

/// The memory that a network works in: its activations, what its layers save for the backward pass, and scratch memory.
///
/// Made once, used for every batch. It grows to the largest batch it has seen, and allocates nothing after that. It belongs to no
/// network: one workspace may serve several.
///
/// ```
/// use chainrule::prelude::*;
/// type Net = (Linear<2, 8>, Tanh, Linear<8, 1>);
///
/// let (inputs, targets) = ([Vector([0.0, 1.0])], [Vector([1.0])]);
/// let (mut net, mut gradient, mut workspace) = (Net::init(&mut rng(1)), Net::zeros(), Workspace::default());
/// let mut sgd = Sgd::new(0.1);
/// for _ in 0..100 {
///     net.loss_gradient(&MeanSquaredError, &inputs, &targets, &mut workspace, &mut gradient, &mut rng(2))?;
///     sgd.step(&mut net, &gradient)?;
/// }
/// approx::assert_abs_diff_eq!(net.predict(&inputs[0])?, targets[0], epsilon = 1e-3);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[cfg(feature = "alloc")]
#[derive(Clone, Default)]
pub struct Workspace {
    lines: Vec<Line>,
}

#[cfg(feature = "alloc")]
impl core::fmt::Debug for Workspace {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Workspace({} bytes)", self.lines.len() * LINE)
    }
}

#[cfg(feature = "alloc")]
impl Workspace {
    /// The memory for a pass of the layer `L` over a batch of this size.
    ///
    /// The backward pass gets the memory of the forward pass, with what is in it, if nothing else was asked for in between.
    pub fn prepare<X: Sample, L: Layer<X>>(&mut self, samples: usize) -> WorkspaceMut<'_> {
        self.reserve(&L::PLAN, Space::NONE, samples)
    }

    /// The memory for a pass over a batch, and beside it as much as `more` says, which is taken first.
    pub(crate) fn reserve(&mut self, plan: &Plan, more: Space, samples: usize) -> WorkspaceMut<'_> {
        let [saved, scratch] = plan.training_lines(more, samples);
        self.grow(saved + scratch);
        WorkspaceMut::of(&mut self.lines, saved, scratch)
    }

    fn grow(&mut self, lines: usize) {
        if self.lines.len() < lines {
            self.lines = bytemuck::zeroed_vec(lines);
        }
    }

    /// Fills the scratch memory of a pass with NaN: what a layer leaves there is nobody's.
    pub(crate) fn spoil_scratch(&mut self, plan: &Plan, samples: usize) {
        let pass = self.reserve(plan, Space::NONE, samples);
        pass.scratch.fill(Line([0xFF; LINE])); // a NaN in f32 and in f64
    }
}

/// A workspace of fixed size, for programs without a heap: `LINES` cache lines of 64 bytes, as many as
/// [`budget`](crate::budget) says.
///
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
pub struct FixedWorkspace<const LINES: usize> {
    lines: [Line; LINES],
}

impl<const LINES: usize> FixedWorkspace<LINES> {
    /// All zero.
    #[allow(clippy::new_without_default)] // it is too large to be made unawares
    pub const fn new() -> Self {
        Self { lines: [Line([0; LINE]); LINES] }
    }
}

impl<const LINES: usize> core::fmt::Debug for FixedWorkspace<LINES> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "FixedWorkspace({} bytes)", LINES * LINE)
    }
}

/// Memory that a network can work in: a [`Workspace`](crate::layer::Workspace), which grows, or a [`FixedWorkspace`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no workspace",
    label = "a workspace is needed here",
    note = "make one, use it for every batch: `let mut workspace = Workspace::default();`"
)]
pub trait AsWorkspace {
    /// This many cache lines for what is saved, then for scratch memory.
    #[doc(hidden)]
    fn lines(&mut self, saved: usize, scratch: usize) -> Result<WorkspaceMut<'_>, Error>;
}

#[cfg(feature = "alloc")]
impl AsWorkspace for Workspace {
    fn lines(&mut self, saved: usize, scratch: usize) -> Result<WorkspaceMut<'_>, Error> {
        self.grow(saved + scratch);
        Ok(WorkspaceMut::of(&mut self.lines, saved, scratch))
    }
}

impl<const LINES: usize> AsWorkspace for FixedWorkspace<LINES> {
    fn lines(&mut self, saved: usize, scratch: usize) -> Result<WorkspaceMut<'_>, Error> {
        if saved + scratch > LINES {
            return Err(Error::WorkspaceSize { needed: (saved + scratch) * LINE, found: LINES * LINE });
        }
        Ok(WorkspaceMut::of(&mut self.lines, saved, scratch))
    }
}

impl Plan {
    /// The cache lines of a forward pass in evaluation mode, and as much as `more` says: those of what is saved, and scratch memory.
    pub(crate) const fn prediction_lines(&self, more: Space, samples: usize) -> [usize; 2] {
        [self.saved.and(more).lines(samples), self.forward_scratch.lines(samples)]
    }

    /// The cache lines of a forward and a backward pass, and as much as `more` says: those of what is saved, and scratch memory.
    pub(crate) const fn training_lines(&self, more: Space, samples: usize) -> [usize; 2] {
        [self.saved.and(more).lines(samples), self.forward_scratch.or(self.backward_scratch).lines(samples)]
    }
}

/// The part of a [`Workspace`] that belongs to a layer for one pass.
///
/// A layer takes slices from it, always in the same order. What it takes as [`saved`](WorkspaceMut::saved) in the forward pass it
/// finds again in the backward pass; what it takes as [`scratch`](WorkspaceMut::scratch) has any contents. Both are counted in its
/// [`Plan`].
#[derive(Default)]
pub struct WorkspaceMut<'a> {
    saved: &'a mut [Line],
    scratch: &'a mut [Line],
}

impl core::fmt::Debug for WorkspaceMut<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "WorkspaceMut({} + {} bytes)", self.saved.len() * LINE, self.scratch.len() * LINE)
    }
}

/// The saved memory of a layer inside another, set apart for it.
pub(crate) struct Saved<'a>(&'a mut [Line]);

impl<'a> WorkspaceMut<'a> {
    fn of(lines: &'a mut [Line], saved: usize, scratch: usize) -> Self {
        let (saved, scratch) = lines[..saved + scratch].split_at_mut(saved);
        Self { saved, scratch }
    }

    /// `len` values that the backward pass finds again as the forward pass left them.
    ///
    /// # Panics
    /// When the layer's plan counts less than it takes: it has to say so, by [`Plan::saves`].
    #[inline]
    pub fn saved<Y: Pod>(&mut self, len: usize) -> &'a mut [Y] {
        take(&mut self.saved, len)
    }

    /// `len` values for this pass alone, with any contents.
    ///
    /// # Panics
    /// When the layer's plan counts less than it takes: it has to say so, by [`Plan::scratch`].
    #[inline]
    pub fn scratch<Y: Pod>(&mut self, len: usize) -> &'a mut [Y] {
        take(&mut self.scratch, len)
    }

    /// Sets apart the saved memory of a child.
    #[inline]
    pub(crate) fn split(&mut self, plan: &Plan, samples: usize) -> Saved<'a> {
        Saved(take_lines(&mut self.saved, plan.saved.lines(samples)))
    }

    /// Sets apart the saved memory of `copies` equal children.
    pub(crate) fn split_copies(&mut self, plan: &Plan, samples: usize, copies: usize) -> Saved<'a> {
        Saved(take_lines(&mut self.saved, plan.saved.lines(samples) * copies))
    }

    /// The workspace of one of these children.
    pub(crate) fn copy<'b>(
        &'b mut self,
        saved: &'b mut Saved<'_>,
        plan: &Plan,
        samples: usize,
        at: usize,
    ) -> WorkspaceMut<'b> {
        let lines = plan.saved.lines(samples);
        WorkspaceMut { saved: &mut saved.0[at * lines..][..lines], scratch: &mut *self.scratch }
    }

    /// The workspace of a child: its own saved memory, and all scratch memory that is left.
    #[inline]
    pub(crate) fn child<'b>(&'b mut self, saved: &'b mut Saved<'_>) -> WorkspaceMut<'b> {
        WorkspaceMut { saved: &mut *saved.0, scratch: &mut *self.scratch }
    }

    /// The same workspace, for a shorter time.
    #[inline]
    pub fn reborrow(&mut self) -> WorkspaceMut<'_> {
        WorkspaceMut { saved: &mut *self.saved, scratch: &mut *self.scratch }
    }
}

#[inline]
fn take<'a, Y: Pod>(lines: &mut &'a mut [Line], len: usize) -> &'a mut [Y] {
    const { assert!(align_of::<Y>() <= LINE && size_of::<Y>() > 0, "a workspace holds values of at least a byte") };
    let bytes = len.checked_mul(size_of::<Y>()).expect("a slice of a workspace is larger than memory");
    let taken = take_lines(lines, bytes.div_ceil(LINE));
    bytemuck::cast_slice_mut(&mut bytemuck::cast_slice_mut::<Line, u8>(taken)[..bytes])
}

#[inline]
fn take_lines<'a>(lines: &mut &'a mut [Line], count: usize) -> &'a mut [Line] {
    let whole = core::mem::take(lines);
    if count > whole.len() {
        too_small(count, whole.len());
    }
    let (taken, rest) = whole.split_at_mut(count);
    *lines = rest;
    taken
}

#[cold]
#[inline(never)]
fn too_small(asked: usize, left: usize) -> ! {
    panic!(
        "a layer takes {} bytes of its workspace, and {} are left: its `PLAN` counts less than it takes \
         (`Plan::saves`, `Plan::scratch`), or the workspace was prepared for a smaller batch or another layer",
        asked * LINE,
        left * LINE
    )
}
