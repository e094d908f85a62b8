/// The memory that an int8 layer needs, in bytes: two buffers and scratch memory.
///
/// The input is at the start of the first buffer. The output is at the start of the second, or again of the first for
/// a layer that works in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffers {
    /// The length of the first buffer.
    pub first: usize,
    /// The length of the second buffer.
    pub second: usize,
    /// The length of the scratch memory.
    pub scratch: usize,
    /// Whether the output is in the second buffer.
    pub swaps: bool,
}

impl Buffers {
    /// Those of a layer that works in place, on this number of integers.
    pub const fn in_place(len: usize) -> Self {
        Self { first: len, second: 0, scratch: 0, swaps: false }
    }

    /// Those of a layer with its input in the first and its output in the second buffer.
    pub const fn from_to(input: usize, output: usize) -> Self {
        Self { first: input, second: output, scratch: 0, swaps: true }
    }

    /// Adds scratch memory.
    pub const fn with_scratch(self, len: usize) -> Self {
        Self { scratch: self.scratch + len, ..self }
    }

    /// Returns what this layer and the next one need, which starts in the buffer where the output of this one is.
    pub const fn then(self, next: Self) -> Self {
        let (first, second) = if self.swaps { (next.second, next.first) } else { (next.first, next.second) };
        Self {
            first: larger(self.first, first),
            second: larger(self.second, second),
            scratch: larger(self.scratch, next.scratch),
            swaps: self.swaps != next.swaps,
        }
    }

    /// Returns the bytes of all three.
    pub const fn bytes(&self) -> usize {
        self.first + self.second + self.scratch
    }
}

pub(super) const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// The memory of an int8 layer: at least as long as its [`Buffers`] say.
#[derive(Debug)]
pub struct Memory<'a> {
    /// The buffer in which the input is.
    pub first: &'a mut [i8],
    /// The other buffer.
    pub second: &'a mut [i8],
    /// Memory with arbitrary contents.
    pub scratch: &'a mut [i8],
}

impl<'a> Memory<'a> {
    /// Divides memory of at least [`Buffers::bytes`].
    ///
    /// # Panics
    /// If it is shorter.
    pub fn split(memory: &'a mut [i8], buffers: &Buffers) -> Self {
        let (first, rest) = memory.split_at_mut(buffers.first);
        let (second, scratch) = rest.split_at_mut(buffers.second);
        Self { first, second, scratch: &mut scratch[..buffers.scratch] }
    }

    /// Borrows this memory.
    pub fn reborrow(&mut self) -> Memory<'_> {
        Memory { first: self.first, second: self.second, scratch: self.scratch }
    }

    /// Makes the buffer in which a layer has left its output the first one.
    pub fn after(self, buffers: &Buffers) -> Self {
        let Self { first, second, scratch } = self;
        if buffers.swaps {
            Self { first: second, second: first, scratch }
        } else {
            Self { first, second, scratch }
        }
    }
}
