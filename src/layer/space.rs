//! How much memory a layer needs, as a constant.

/// The bytes of a cache line. Every slice in a workspace starts at one.
pub(crate) const LINE: usize = 64;

/// How much memory a layer needs, for each sample and for each batch: a constant of its [`Plan`](super::Plan).
///
/// # Panics
/// All functions panic if a number of bytes overflows `usize`, also in release builds. In a constant that is a compile
/// error.
///
/// # Examples
/// ```
/// use chainrule::layer::Space;
///
/// // 3 numbers of 4 bytes for each sample, and one of 8 bytes for the batch:
/// let space = Space::per_sample::<f32>(3).and(Space::per_batch::<f64>(1));
/// assert_eq!((space.per_sample, space.per_batch), (12, 8));
/// // For 10 samples these are 128 bytes: at most 2 cache lines of 64 bytes, and 1 for the start of each slice.
/// assert_eq!(space.bytes(10), (2 + 2) * 64);
/// // Memory for one use or another, twice:
/// let larger = Space::per_sample::<f32>(3).or(Space::per_sample::<u8>(7));
/// assert_eq!(larger.times(2).per_sample, 24);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes for each sample.
    pub per_sample: usize,
    /// Bytes for each batch, whatever its size.
    pub per_batch: usize,
    /// The number of separate slices. Each starts at a cache line.
    pub slices: usize,
}

impl Space {
    /// The space of a layer that needs no memory.
    pub const NONE: Self = Self { per_sample: 0, per_batch: 0, slices: 0 };

    /// Returns the space of a slice with `count` values of the type `Y` for each sample.
    pub const fn per_sample<Y>(count: usize) -> Self {
        Self { per_sample: product(count, size_of::<Y>()), per_batch: 0, slices: 1 }
    }

    /// Returns the space of a slice with `count` values of the type `Y` for each batch, whatever its size.
    pub const fn per_batch<Y>(count: usize) -> Self {
        Self { per_sample: 0, per_batch: product(count, size_of::<Y>()), slices: 1 }
    }

    /// Returns the space for `self` and `other` at the same time.
    pub const fn and(self, other: Self) -> Self {
        Self {
            per_sample: sum(self.per_sample, other.per_sample),
            per_batch: sum(self.per_batch, other.per_batch),
            slices: sum(self.slices, other.slices),
        }
    }

    /// Returns the space for either `self` or `other`, which are not needed at the same time.
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

    /// Returns this space for a layer that processes each sample as `parts` samples.
    pub(crate) const fn for_parts(self, parts: usize) -> Self {
        Self { per_sample: product(self.per_sample, parts), ..self }
    }

    /// Returns an upper bound for the number of cache lines for a batch of this size.
    pub(super) const fn lines(self, samples: usize) -> usize {
        sum(sum(product(samples, self.per_sample), self.per_batch) / LINE, self.slices)
    }

    /// Returns an upper bound for the number of bytes for a batch of this size. Each slice starts at a cache line.
    pub const fn bytes(self, samples: usize) -> usize {
        product(self.lines(samples), LINE)
    }
}

/// Returns `a * b`. Panics on overflow, also in release builds.
const fn product(a: usize, b: usize) -> usize {
    match a.checked_mul(b) {
        Some(product) => product,
        None => panic!("a workspace is larger than memory"),
    }
}

/// Returns `a + b`. Panics on overflow, also in release builds.
const fn sum(a: usize, b: usize) -> usize {
    match a.checked_add(b) {
        Some(sum) => sum,
        None => panic!("a workspace is larger than memory"),
    }
}
