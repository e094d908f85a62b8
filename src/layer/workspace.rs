//! The workspace of a network: one block of memory. Its size follows from the network, its input and the batch size.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use bytemuck::{Pod, Zeroable};

use super::Plan;
use super::carried::Carried;
use super::space::{LINE, Space};
#[cfg(feature = "alloc")]
use super::{Checked, Layer, Needs};
#[cfg(feature = "alloc")]
use crate::tensor::Sample;

#[derive(Clone, Copy, Zeroable, Pod)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [u8; LINE]);

/// The workspace of a network: memory for its activations, for the values that its layers save for the backward pass,
/// and for scratch.
///
/// Create one and use it for every batch. It grows to the largest batch so far, and allocates nothing after that.
/// Several networks can share a workspace.
///
/// # Examples
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
#[doc(alias("arena", "scratch buffer"))]
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
    /// Returns the memory for a pass of the layer `L` over a batch of this size.
    ///
    /// The backward pass gets the memory of the forward pass, with its contents, unless the workspace was used for
    /// another pass in between.
    pub fn prepare<X: Sample, L: Layer<X>>(&mut self, samples: usize) -> WorkspaceMut<'_> {
        self.reserve(Checked::<X, L>::PLAN, Space::NONE, samples)
    }

    /// Returns the memory for a pass over a batch. The memory that `more` describes comes first.
    pub(crate) fn reserve(&mut self, plan: &Plan, more: Space, samples: usize) -> WorkspaceMut<'_> {
        let [saved, scratch] = plan.training_lines(more, samples);
        self.take(saved, scratch)
    }

    /// Returns the memory for a pass.
    #[inline]
    pub(crate) fn take_for(&mut self, needs: &Needs) -> WorkspaceMut<'_> {
        self.take(needs.saved, needs.scratch)
    }

    #[inline]
    fn take(&mut self, saved: usize, scratch: usize) -> WorkspaceMut<'_> {
        self.grow(saved + scratch);
        WorkspaceMut::of(&mut self.lines, saved, scratch)
    }

    #[inline]
    fn grow(&mut self, lines: usize) {
        if self.lines.len() < lines {
            self.lines = bytemuck::zeroed_vec(lines);
        }
    }

    /// Fills the scratch memory of a pass with NaN, because a layer must not read what another layer left there.
    pub(crate) fn spoil_scratch(&mut self, plan: &Plan, samples: usize) {
        let pass = self.reserve(plan, Space::NONE, samples);
        pass.scratch.fill(Line([0xFF; LINE])); // a NaN in f32 and in f64
    }
}

impl Plan {
    /// Returns the cache lines of a forward pass in evaluation mode, including the memory that `more` describes: first
    /// the saved values, then scratch.
    pub(crate) const fn prediction_lines(&self, more: Space, samples: usize) -> [usize; 2] {
        [self.saved.and(more).lines(samples), self.forward_scratch.lines(samples)]
    }

    /// Returns the cache lines of a forward and a backward pass, including the memory that `more` describes: first the
    /// saved values, then scratch.
    pub(crate) const fn training_lines(&self, more: Space, samples: usize) -> [usize; 2] {
        [self.saved.and(more).lines(samples), self.forward_scratch.or(self.backward_scratch).lines(samples)]
    }
}

/// The part of a [`Workspace`] that belongs to a layer for one pass.
///
/// A layer takes slices from it, in the same order in both passes. A slice from [`saved`](WorkspaceMut::saved) has the
/// same contents in the backward pass as at the end of the forward pass. A slice from
/// [`scratch`](WorkspaceMut::scratch) has undefined contents. The [`Plan`] of the layer declares both.
///
/// See the example of [`child`](WorkspaceMut::child).
#[derive(Default)]
pub struct WorkspaceMut<'a> {
    saved: &'a mut [Line],
    scratch: &'a mut [Line],
    carried: Carried<'a>,
}

impl core::fmt::Debug for WorkspaceMut<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "WorkspaceMut({} + {} bytes)", self.saved.len() * LINE, self.scratch.len() * LINE)
    }
}

/// The saved memory of a layer inside another layer, and the state that it carries. See the example of
/// [`WorkspaceMut::child`].
pub struct Saved<'a>(&'a mut [Line], Carried<'a>);

impl core::fmt::Debug for Saved<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Saved({} bytes)", self.0.len() * LINE)
    }
}

impl<'a> WorkspaceMut<'a> {
    #[inline]
    pub(super) fn of(lines: &'a mut [Line], saved: usize, scratch: usize) -> Self {
        let (saved, scratch) = lines[..saved + scratch].split_at_mut(saved);
        Self { saved, scratch, carried: Carried::default() }
    }

    /// Returns this workspace with the state that the layers carry.
    #[cfg(feature = "alloc")]
    pub(crate) fn with_carried(self, carried: Carried<'a>) -> Self {
        Self { carried, ..self }
    }

    /// Takes the next `count` numbers of the state that this layer carries for each sample from one window of a stream
    /// to the next. A layer must take the same numbers in both passes. Its plan declares all of them by
    /// [`Plan::carries`].
    #[inline]
    pub fn carried(&mut self, count: usize) -> Carried<'a> {
        self.carried.take(count)
    }

    /// Takes `len` values that keep their contents from the forward pass to the backward pass.
    ///
    /// # Panics
    /// Panics if the layer takes more than its plan declares by [`Plan::saves`].
    #[inline]
    pub fn saved<Y: Pod>(&mut self, len: usize) -> &'a mut [Y] {
        take(&mut self.saved, len)
    }

    /// Takes `len` values for this pass only, with undefined contents.
    ///
    /// # Panics
    /// Panics if the layer takes more than its plan declares by [`Plan::scratch`].
    #[inline]
    pub fn scratch<Y: Pod>(&mut self, len: usize) -> &'a mut [Y] {
        take(&mut self.scratch, len)
    }

    /// Takes the saved memory of a layer inside this one, which has the plan `plan`. See the example of
    /// [`child`](Self::child).
    ///
    /// # Panics
    /// Panics if the layer takes more than its plan declares: see [`Plan::contains`].
    #[inline]
    pub fn split(&mut self, plan: &Plan, samples: usize) -> Saved<'a> {
        Saved(take_lines(&mut self.saved, plan.saved.lines(samples)), self.carried.take(plan.carried))
    }

    /// Takes the saved memory of `copies` equal children.
    pub(crate) fn split_copies(&mut self, plan: &Plan, samples: usize, copies: usize) -> Saved<'a> {
        let carried = self.carried.take(plan.carried * copies);
        Saved(take_lines(&mut self.saved, plan.saved.lines(samples) * copies), carried)
    }

    /// Returns the workspace of one of these children.
    pub(crate) fn copy<'b>(
        &'b mut self,
        saved: &'b mut Saved<'_>,
        plan: &Plan,
        samples: usize,
        at: usize,
    ) -> WorkspaceMut<'b> {
        let lines = plan.saved.lines(samples);
        WorkspaceMut {
            saved: &mut saved.0[at * lines..][..lines],
            scratch: &mut *self.scratch,
            carried: saved.1.after(at * plan.carried),
        }
    }

    /// Returns the workspace of a layer inside this one: its saved memory, and all remaining scratch memory. All layers
    /// inside use the same scratch memory one after the other, so this layer must take its scratch memory before it
    /// calls this method.
    ///
    /// # Examples
    /// A layer `F` inside, on a batch of `n` samples:
    ///
    /// ```
    /// # use chainrule::prelude::*;
    /// # fn forward<F: Layer<Vector<4>>>(
    /// #     layer: &F, x: &[Vector<4>], y: &mut [F::Output], mut workspace: WorkspaceMut<'_>, mode: &mut Mode<'_>,
    /// # ) {
    /// # let n = x.len();
    /// let mut saved = workspace.split(&F::PLAN, n);
    /// layer.forward(x, y, workspace.child(&mut saved), mode);
    /// # }
    /// ```
    #[inline]
    pub fn child<'b>(&'b mut self, saved: &'b mut Saved<'_>) -> WorkspaceMut<'b> {
        WorkspaceMut { saved: &mut *saved.0, scratch: &mut *self.scratch, carried: saved.1 }
    }

    /// Borrows the same workspace for a shorter lifetime.
    #[inline]
    pub fn reborrow(&mut self) -> WorkspaceMut<'_> {
        WorkspaceMut { saved: &mut *self.saved, scratch: &mut *self.scratch, carried: self.carried }
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
