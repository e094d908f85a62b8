use crate::Error;
use crate::tensor::Label;

/// A list of at most `MOST` labels: the target of a [`Ctc`](super::Ctc) loss.
///
/// ```
/// use chainrule::loss::Labels;
/// use chainrule::prelude::*;
/// let word = Labels::<27, 8>::new(&[Label::new(3)?, Label::new(1)?, Label::new(20)?])?;
/// assert_eq!(word.as_slice().len(), 3);
/// assert!(Labels::<27, 2>::new(word.as_slice()).is_err());
/// # Ok::<(), chainrule::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Labels<const CLASSES: usize, const MOST: usize> {
    labels: [Label<CLASSES>; MOST],
    len: usize,
}

impl<const CLASSES: usize, const MOST: usize> Labels<CLASSES, MOST> {
    /// Creates a target from these labels.
    ///
    /// # Errors
    /// [`Error::TooManyLabels`] if there are more than `MOST`.
    pub fn new(labels: &[Label<CLASSES>]) -> Result<Self, Error> {
        let len = labels.len();
        if len > MOST {
            return Err(Error::TooManyLabels { found: len, most: MOST });
        }
        let mut all = [Label::of::<0>(); MOST];
        all[..len].copy_from_slice(labels);
        Ok(Self { labels: all, len })
    }

    /// Returns the labels.
    pub fn as_slice(&self) -> &[Label<CLASSES>] {
        &self.labels[..self.len]
    }
}

impl<const CLASSES: usize, const MOST: usize> core::fmt::Debug for Labels<CLASSES, MOST> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.as_slice().fmt(f)
    }
}

/// Serializes the labels as an array.
#[cfg(feature = "serde")]
impl<const CLASSES: usize, const MOST: usize> serde::Serialize for Labels<CLASSES, MOST> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_slice().serialize(serializer)
    }
}

#[cfg(feature = "serde")]
impl<'de, const CLASSES: usize, const MOST: usize> serde::Deserialize<'de> for Labels<CLASSES, MOST> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let labels = alloc::vec::Vec::deserialize(deserializer)?;
        Self::new(&labels).map_err(serde::de::Error::custom)
    }
}
