//! How much memory a layer needs, as a constant.

/// The bytes of a cache line. Every slice in a workspace starts at one.
pub(crate) const LINE: usize = 64;

/// How much memory a layer needs, for each sample and for each batch: a constant of its [`Plan`](super::Plan).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes for each sample.
    pub per_sample: usize,
    /// Bytes for a batch of any size.
    pub per_batch: usize,
    /// How many separate slices it is split into. Each starts at a cache line.
    pub slices: usize,
}

impl Space {
    /// No memory.
    pub const NONE: Self = Self { per_sample: 0, per_batch: 0, slices: 0 };

    /// Returns the space of a slice of `count` values of the type `Y` for each sample.
    pub const fn per_sample<Y>(count: usize) -> Self {
        Self { per_sample: product(count, size_of::<Y>()), per_batch: 0, slices: 1 }
    }

    /// Returns the space of a slice of `count` values of the type `Y` for a batch of any size.
    pub const fn per_batch<Y>(count: usize) -> Self {
        Self { per_sample: 0, per_batch: product(count, size_of::<Y>()), slices: 1 }
    }

    /// Returns the space for this and `other` at the same time.
    pub const fn and(self, other: Self) -> Self {
        Self {
            per_sample: sum(self.per_sample, other.per_sample),
            per_batch: sum(self.per_batch, other.per_batch),
            slices: sum(self.slices, other.slices),
        }
    }

    /// Returns the space for this or `other`, which do not exist at the same time.
    pub const fn or(self, other: Self) -> Self {
        Self {
            per_sample: if self.per_sample > other.per_sample { self.per_sample } else { other.per_sample },
            per_batch: if self.per_batch > other.per_batch { self.per_batch } else { other.per_batch },
            slices: if self.slices > other.slices { self.slices } else { other.slices },
        }
    }

    /// Returns `times` this space.
    pub const fn times(self, times: usize) -> Self {
        Self {
            per_sample: product(self.per_sample, times),
            per_batch: product(self.per_batch, times),
            slices: product(self.slices, times),
        }
    }

    /// Returns this space for a layer that takes each sample as `parts` samples.
    pub(crate) const fn for_parts(self, parts: usize) -> Self {
        Self { per_sample: product(self.per_sample, parts), ..self }
    }

    /// Returns the largest number of cache lines for a batch of this size.
    pub(super) const fn lines(self, samples: usize) -> usize {
        sum(sum(product(samples, self.per_sample), self.per_batch) / LINE, self.slices)
    }

    /// Returns the largest number of bytes for a batch of this size, with each slice at a cache line.
    pub const fn bytes(self, samples: usize) -> usize {
        product(self.lines(samples), LINE)
    }
}

/// Returns a b. Panics on overflow, in release too.
const fn product(a: usize, b: usize) -> usize {
    match a.checked_mul(b) {
        Some(product) => product,
        None => panic!("a workspace is larger than memory"),
    }
}

/// Returns a + b. Panics on overflow, in release too.
const fn sum(a: usize, b: usize) -> usize {
    match a.checked_add(b) {
        Some(sum) => sum,
        None => panic!("a workspace is larger than memory"),
    }
}
