/// The memory that an int8 layer needs, in bytes: two buffers and scratch memory.
///
/// The input is at the start of the first buffer. The output is at the start of the second buffer, or of the first
/// buffer if the layer works in place.
///
/// ```
/// use chainrule::quantized::Buffers;
///
/// let layers = Buffers::from_to(100, 40).then(Buffers::in_place(40)).then(Buffers::from_to(40, 10));
/// assert_eq!((layers.first, layers.second, layers.bytes()), (100, 40, 140)); // the last output is in the first buffer
/// assert!(!layers.swaps);
/// ```
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
    /// Returns the buffers of a layer that works in place on `len` integers.
    pub const fn in_place(len: usize) -> Self {
        Self { first: len, second: 0, scratch: 0, swaps: false }
    }

    /// Returns the buffers of a layer with its input in the first and its output in the second buffer.
    pub const fn from_to(input: usize, output: usize) -> Self {
        Self { first: input, second: output, scratch: 0, swaps: true }
    }

    /// Adds scratch memory.
    pub const fn with_scratch(self, len: usize) -> Self {
        Self { scratch: self.scratch + len, ..self }
    }

    /// Returns the buffers of this layer followed by the layer `next`. The input of `next` is in the buffer that
    /// contains the output of this layer.
    pub const fn then(self, next: Self) -> Self {
        let (first, second) = if self.swaps { (next.second, next.first) } else { (next.first, next.second) };
        Self {
            first: larger(self.first, first),
            second: larger(self.second, second),
            scratch: larger(self.scratch, next.scratch),
            swaps: self.swaps != next.swaps,
        }
    }

    /// Returns the total number of bytes of the buffers and the scratch memory.
    pub const fn bytes(&self) -> usize {
        self.first + self.second + self.scratch
    }
}

pub(super) const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// The memory of an int8 layer. Each part is at least as long as in its [`Buffers`].
#[derive(Debug)]
pub struct Memory<'a> {
    /// The buffer that contains the input.
    pub first: &'a mut [i8],
    /// The other buffer.
    pub second: &'a mut [i8],
    /// Scratch memory, with arbitrary contents.
    pub scratch: &'a mut [i8],
}

impl<'a> Memory<'a> {
    /// Divides memory of at least [`Buffers::bytes`] bytes.
    ///
    /// # Panics
    /// If the memory is shorter.
    pub fn split(memory: &'a mut [i8], buffers: &Buffers) -> Self {
        let (first, rest) = memory.split_at_mut(buffers.first);
        let (second, scratch) = rest.split_at_mut(buffers.second);
        Self { first, second, scratch: &mut scratch[..buffers.scratch] }
    }

    /// Borrows this memory.
    pub fn reborrow(&mut self) -> Memory<'_> {
        Memory { first: self.first, second: self.second, scratch: self.scratch }
    }

    /// Returns the memory for the next layer: the buffer that contains the output of this layer becomes the first one.
    pub fn after(self, buffers: &Buffers) -> Self {
        let Self { first, second, scratch } = self;
        if buffers.swaps {
            Self { first: second, second: first, scratch }
        } else {
            Self { first, second, scratch }
        }
    }
}
