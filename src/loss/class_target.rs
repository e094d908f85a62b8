//! Targets of classes: for each position of an output, a class, or a probability for each class.

use super::checks::{check_probabilities, check_weights};
use crate::Error;
use crate::kernel::Real;
use crate::tensor::{Image, Label, Sequence, Tensor, Vector};

/// A tensor with one number for each of `CLASSES` classes (or channels, or features) at each of its positions.
pub trait ClassAxis<const CLASSES: usize>: Tensor {
    /// The number of positions: one, or the steps, or the pixels.
    const POSITIONS: usize;

    /// Whether the numbers of one class are adjacent in memory. Otherwise the numbers of one position are.
    const CLASSES_FIRST: bool;

    /// Returns the class of the number at the index `at`.
    #[inline(always)]
    fn class_of(at: usize) -> usize {
        if Self::CLASSES_FIRST { at / Self::POSITIONS } else { at % CLASSES }
    }
}

impl<const CLASSES: usize, T: Real> ClassAxis<CLASSES> for Vector<CLASSES, T> {
    const POSITIONS: usize = 1;
    const CLASSES_FIRST: bool = false;
}

impl<const STEPS: usize, const CLASSES: usize, T: Real> ClassAxis<CLASSES> for Sequence<STEPS, CLASSES, T> {
    const POSITIONS: usize = STEPS;
    const CLASSES_FIRST: bool = false;
}

impl<const CLASSES: usize, const HEIGHT: usize, const WIDTH: usize, T: Real> ClassAxis<CLASSES>
    for Image<CLASSES, HEIGHT, WIDTH, T>
{
    const POSITIONS: usize = HEIGHT * WIDTH;
    const CLASSES_FIRST: bool = true;
}

/// The target of one position.
#[derive(Clone, Copy)]
pub enum Position {
    /// The position is ignored in the loss.
    Ignored,
    /// The class with this index.
    Class(usize),
    /// A probability for each class.
    Probabilities,
}

/// A target with a class for each position of the output `Y`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a label for the output `{Y}`",
    label = "the outputs are `{Y}`, and the targets are `{Self}`",
    note = "the label for a `Vector<10>`, with a score for each of 10 classes, is a `Label<10>`",
    note = "the labels for a `Sequence<5, 10>` are a `[Label<10>; 5]`, those for an `Image<10, 4, 3>` a `[[Label<10>; 3]; 4]`; each `Label` can be an `Option`"
)]
pub trait ClassTarget<Y: Tensor> {
    /// The number of classes.
    const CLASSES: usize;
    /// The number of positions, as [`ClassAxis::POSITIONS`].
    const POSITIONS: usize;
    /// The memory order, as [`ClassAxis::CLASSES_FIRST`].
    const CLASSES_FIRST: bool;

    /// Returns the target of a position.
    fn at(&self, position: usize) -> Position;

    /// Returns the probability of a class at a position of [`Position::Probabilities`].
    fn probability(&self, _position: usize, _class: usize) -> f64 {
        0.0
    }

    /// Checks the numbers of the target. `sample` is its index in the batch.
    ///
    /// # Errors
    /// [`Error::NonFiniteData`] for a NaN or an infinity, and [`Error::TargetRange`] for a number outside of 0 to 1.
    fn check(&self, _sample: usize) -> Result<(), Error> {
        Ok(())
    }
}

/// Implements [`ClassTarget`] for labels. `$at` returns the label of a position.
macro_rules! labels {
    ($([$($side:ident)*] $Y:ty, $Target:ty: |$this:ident, $position:ident| $at:expr;)+) => {$(
        impl<const CLASSES: usize, $(const $side: usize,)* T: Real> ClassTarget<$Y> for $Target {
            const CLASSES: usize = CLASSES;
            const POSITIONS: usize = <$Y as ClassAxis<CLASSES>>::POSITIONS;
            const CLASSES_FIRST: bool = <$Y as ClassAxis<CLASSES>>::CLASSES_FIRST;

            #[inline(always)]
            fn at(&self, $position: usize) -> Position {
                let $this = self;
                Position::from($at)
            }
        }
    )+};
}

labels! {
    [] Vector<CLASSES, T>, Label<CLASSES>: |this, _position| *this;
    [] Vector<CLASSES, T>, Option<Label<CLASSES>>: |this, _position| *this;
    [STEPS] Sequence<STEPS, CLASSES, T>, [Label<CLASSES>; STEPS]: |this, step| this[step];
    [STEPS] Sequence<STEPS, CLASSES, T>, [Option<Label<CLASSES>>; STEPS]: |this, step| this[step];
    [HEIGHT WIDTH] Image<CLASSES, HEIGHT, WIDTH, T>, [[Label<CLASSES>; WIDTH]; HEIGHT]:
        |this, pixel| this.as_flattened()[pixel];
    [HEIGHT WIDTH] Image<CLASSES, HEIGHT, WIDTH, T>, [[Option<Label<CLASSES>>; WIDTH]; HEIGHT]:
        |this, pixel| this.as_flattened()[pixel];
}

impl<const CLASSES: usize> From<Label<CLASSES>> for Position {
    #[inline(always)]
    fn from(label: Label<CLASSES>) -> Self {
        Self::Class(label.index())
    }
}

impl<const CLASSES: usize> From<Option<Label<CLASSES>>> for Position {
    #[inline(always)]
    fn from(label: Option<Label<CLASSES>>) -> Self {
        label.map_or(Self::Ignored, Self::from)
    }
}

/// Implements [`ClassTarget`] for a tensor of probabilities.
macro_rules! probabilities {
    ($([$($side:ident)*] $Y:ty;)+) => {$(
        impl<const CLASSES: usize, $(const $side: usize,)* T: Real> ClassTarget<$Y> for $Y {
            const CLASSES: usize = CLASSES;
            const POSITIONS: usize = <$Y as ClassAxis<CLASSES>>::POSITIONS;
            const CLASSES_FIRST: bool = <$Y as ClassAxis<CLASSES>>::CLASSES_FIRST;

            #[inline(always)]
            fn at(&self, _: usize) -> Position {
                Position::Probabilities
            }

            #[inline(always)]
            fn probability(&self, position: usize, class: usize) -> f64 {
                self.as_slice()[index::<$Y, Self>(position, class)].to_f64()
            }

            fn check(&self, sample: usize) -> Result<(), Error> {
                check_probabilities(self, sample)
            }
        }
    )+};
}

probabilities! {
    [] Vector<CLASSES, T>;
    [STEPS] Sequence<STEPS, CLASSES, T>;
    [HEIGHT WIDTH] Image<CLASSES, HEIGHT, WIDTH, T>;
}

/// Returns the index of the number of a class at a position, in the memory of an output.
#[inline(always)]
pub(crate) fn index<Y: Tensor, Target: ClassTarget<Y>>(position: usize, class: usize) -> usize {
    if Target::CLASSES_FIRST {
        class * Target::POSITIONS + position
    } else {
        position * Target::CLASSES + class
    }
}

/// The weight of each class.
pub(super) trait ClassWeights: Sync {
    fn of(&self, class: usize) -> f64;

    fn check(&self) -> Result<(), Error>;
}

/// A weight of 1 for each class.
#[derive(Clone, Copy)]
pub(super) struct Unweighted;

impl ClassWeights for Unweighted {
    #[inline(always)]
    fn of(&self, _: usize) -> f64 {
        1.0
    }

    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}

impl<const CLASSES: usize> ClassWeights for [f64; CLASSES] {
    #[inline(always)]
    fn of(&self, class: usize) -> f64 {
        self[class]
    }

    fn check(&self) -> Result<(), Error> {
        check_weights("the weight of a class", self)
    }
}

/// Returns the weight of a target: the sum of its positions' weights. The weight of a position is the weight of its
/// class, or 1 for probabilities.
pub(super) fn weight_of<Y: Tensor, Target: ClassTarget<Y>>(
    weights: &impl ClassWeights,
    target: &Target,
) -> f64 {
    (0..Target::POSITIONS).fold(0.0, |sum, position| {
        sum + match target.at(position) {
            Position::Ignored => 0.0,
            Position::Class(class) => weights.of(class),
            Position::Probabilities => 1.0,
        }
    })
}

/// Computes the share of each class in the loss: its weight times its smoothed probability.
pub(super) struct Shares<'a, W> {
    pub(super) smoothing: f64,
    pub(super) weights: &'a W,
}

impl<W: ClassWeights> Shares<'_, W> {
    /// Returns a function that returns the share of each class at a position, or `None` if the position is ignored.
    #[inline(always)]
    pub(super) fn at<Y: Tensor, Target: ClassTarget<Y>>(
        &self,
        target: &Target,
        position: usize,
    ) -> Option<impl Fn(usize) -> f64> {
        let at = target.at(position);
        if matches!(at, Position::Ignored) {
            return None;
        }
        Some(move |class| {
            let q = match at {
                Position::Class(index) => f64::from(class == index),
                _ => target.probability(position, class),
            };
            self.weights.of(class) * ((1.0 - self.smoothing) * q + self.smoothing / Target::CLASSES as f64)
        })
    }
}
