use core::fmt;

use bytemuck::{Pod, Zeroable};

use crate::Error;
use crate::error::require;

/// The condition of [`Label::of`].
const OF: &str = "the index of a label must be below its number of classes";

/// A class label: an index below `CLASSES`, which is checked when it is created.
///
/// ```
/// use chainrule::{Error, tensor::Label};
/// let seven = Label::<10>::new(7)?;
/// assert_eq!(seven.index(), 7);
/// assert_eq!(Label::<10>::new(12), Err(Error::LabelOutOfRange { index: 12, classes: 10 }));
/// # Ok::<(), Error>(())
/// ```
///
/// A label is plain data. Bytes that are cast to labels can contain an index past the last class; such an index counts
/// as the last class.
#[doc(alias("class", "target", "category", "one-hot"))]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroable, Pod)]
#[repr(transparent)]
pub struct Label<const CLASSES: usize> {
    index: u32,
}

impl<const CLASSES: usize> Label<CLASSES> {
    /// Creates the label with this index, counted from 0.
    ///
    /// # Errors
    /// [`Error::LabelOutOfRange`] if the index is not below `CLASSES`.
    pub const fn new(index: usize) -> Result<Self, Error> {
        const { require(CLASSES > 0, "a label needs at least one class") };
        const { require(CLASSES <= u32::MAX as usize, "a label has at most 2^32 - 1 classes") };
        if index < CLASSES {
            Ok(Self { index: index as u32 })
        } else {
            Err(Error::LabelOutOfRange { index, classes: CLASSES })
        }
    }

    /// Creates a label from an index that is known at compile time. It returns no `Result`, and a wrong index does not
    /// compile.
    ///
    /// ```
    /// use chainrule::tensor::Label;
    /// const SEVEN: Label<10> = Label::of::<7>();
    /// assert_eq!(SEVEN.index(), 7);
    /// ```
    #[track_caller]
    pub const fn of<const INDEX: usize>() -> Self {
        // In a constant, this error is at the line of the constant. Elsewhere `known` does not compile.
        require(INDEX < CLASSES, OF);
        Self::known::<INDEX>()
    }

    const fn known<const INDEX: usize>() -> Self {
        const { require(INDEX < CLASSES, OF) };
        const { require(CLASSES <= u32::MAX as usize, "a label has at most 2^32 - 1 classes") };
        Self { index: INDEX as u32 }
    }

    /// Returns the class with the largest score. If several scores are the largest, it is the first of them. A NaN is
    /// never the largest.
    ///
    /// ```
    /// use chainrule::tensor::{Label, Vector};
    /// assert_eq!(Label::from_scores(&Vector([0.1, 2.0, -1.0])).index(), 1);
    /// ```
    #[doc(alias("argmax"))]
    pub fn from_scores<T: crate::kernel::Real>(scores: &super::Vector<CLASSES, T>) -> Self {
        const { require(CLASSES > 0, "a label needs at least one class") };
        let mut best = 0;
        for (index, score) in scores.0.iter().enumerate() {
            if *score > scores.0[best] || scores.0[best].to_f64().is_nan() {
                best = index;
            }
        }
        Self { index: best as u32 }
    }

    /// Returns the index of this class, counted from 0.
    pub const fn index(self) -> usize {
        let index = self.index as usize;
        if index < CLASSES { index } else { CLASSES.saturating_sub(1) }
    }

    /// Returns the one-hot vector of this class: 1 at its index, 0 elsewhere.
    ///
    /// ```
    /// use chainrule::tensor::{Label, Vector};
    /// assert_eq!(Label::<3>::new(1)?.one_hot(), Vector([0.0, 1.0, 0.0]));
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn one_hot<T: crate::kernel::Real>(self) -> super::Vector<CLASSES, T> {
        super::Vector(core::array::from_fn(|class| {
            T::from_f64(if class == self.index() { 1.0 } else { 0.0 })
        }))
    }

    /// Returns all classes in order.
    ///
    /// ```
    /// use chainrule::tensor::Label;
    /// assert_eq!(Label::<3>::all().map(|label| label.index()).collect::<Vec<_>>(), [0, 1, 2]);
    /// ```
    pub fn all() -> impl Iterator<Item = Self> {
        (0..CLASSES as u32).map(|index| Self { index })
    }
}

impl<const CLASSES: usize> chainrule_parameters::Named for Label<CLASSES> {
    const NAME: chainrule_parameters::TypeName = {
        use chainrule_parameters::{Part, TypeName};
        TypeName { parts: &[Part::Text("Label<"), Part::Number(CLASSES as u64), Part::Text(">")] }
    };
}

/// A label as an input. It has no gradient.
impl<const CLASSES: usize> super::Sample for Label<CLASSES> {
    type Grad = super::NoGrad;
    const SHAPE: &'static [usize] = &[];
    const CONTENTS: super::Contents = super::Contents::OfLabel;

    fn numbers(_: &[Self]) -> super::Numbers<'_> {
        super::Numbers::None
    }
}

impl<const CLASSES: usize> TryFrom<usize> for Label<CLASSES> {
    type Error = Error;
    fn try_from(index: usize) -> Result<Self, Error> {
        Self::new(index)
    }
}

impl<const CLASSES: usize> fmt::Debug for Label<CLASSES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Label<{CLASSES}>({})", self.index())
    }
}

impl<const CLASSES: usize> fmt::Display for Label<CLASSES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.index().fmt(f)
    }
}
