use core::fmt;

use bytemuck::{Pod, Zeroable};
use chainrule_parameters::{Named, Number, Part, TypeName};

use super::{Contents, Numbers, Sample, Sequence};
use crate::Error;
use crate::kernel::Real;

/// A sequence of at most `STEPS` steps, whose length is known at run time. The steps after its end are padding, 0.
///
/// It is the input of networks on sequences of different lengths. Recurrent layers, [`PerStep`](crate::PerStep),
/// [`Residual`](crate::Residual) and [`Reverse`](crate::Reverse) keep the length. [`LastStep`](crate::LastStep) returns
/// the last step, and `MeanOver<Steps>` the mean of the steps. Nothing depends on the padding: a `Sequence` of the same
/// length gives the same output and the same gradients.
///
/// ```
/// use chainrule::prelude::*;
///
/// type Net = (Gru<2, 8>, LastStep, Linear<8, 3>);
/// let net = Net::init(&mut rng(1));
///
/// let steps = [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]; // from a file
/// let padded = Padded::<20, 2>::new(&steps)?;
/// assert_eq!(padded.length(), 3);
/// let y: Vector<3> = net.predict(&padded)?;
/// assert_eq!(y, net.predict(&Sequence(steps))?);
/// # Ok::<(), chainrule::Error>(())
/// ```
///
/// For a loss at each step, you can also use a `Sequence` and targets of `Option<Label>`, with `None` after the end:
/// see [`CrossEntropy`](crate::CrossEntropy).
#[doc(alias("variable length", "mask", "pack_padded_sequence", "ragged"))]
#[derive(Clone, Copy, Zeroable, Pod)]
#[repr(C, packed)]
pub struct Padded<const STEPS: usize, const FEATURES: usize, T = f32> {
    steps: Sequence<STEPS, FEATURES, T>,
    length: u32,
}

impl<const STEPS: usize, const FEATURES: usize, T: Real> Padded<STEPS, FEATURES, T> {
    /// Creates a padded sequence from these steps.
    ///
    /// # Errors
    /// [`Error::SequenceLength`] if there are no steps or more than `STEPS`.
    pub fn new(steps: &[[T; FEATURES]]) -> Result<Self, Error> {
        let length = steps.len();
        if length == 0 || length > STEPS {
            return Err(Error::SequenceLength { found: length, most: STEPS });
        }
        let mut padded = Self::zeroed();
        padded.bytes_mut()[..size_of_val(steps)].copy_from_slice(bytemuck::cast_slice(steps));
        padded.length = length as u32;
        Ok(padded)
    }

    /// Returns the number of steps, without the padding.
    pub fn length(&self) -> usize {
        (self.length as usize).min(STEPS)
    }

    /// Returns a step. After the end it is 0.
    ///
    /// # Panics
    /// If `at` is not less than `STEPS`.
    pub fn step(&self, at: usize) -> [T; FEATURES] {
        let size = size_of::<[T; FEATURES]>();
        bytemuck::pod_read_unaligned(&bytemuck::bytes_of(self)[at * size..][..size])
    }

    /// Returns the steps, without the padding.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = [T; FEATURES]> {
        (0..self.length()).map(|at| self.step(at))
    }

    /// Copies all steps, with the padding, to `sequence`.
    pub fn write_to(&self, sequence: &mut Sequence<STEPS, FEATURES, T>) {
        *sequence = self.steps;
    }

    /// Overwrites this sequence with these steps, at most `STEPS`.
    pub(crate) fn set_steps(&mut self, steps: impl Iterator<Item = [T; FEATURES]>) {
        let mut whole = Sequence::zeroed();
        let mut length = 0;
        for (step, values) in whole.0.iter_mut().zip(steps) {
            *step = values;
            length += 1;
        }
        *self = Self { steps: whole, length };
    }

    /// Overwrites this sequence with the first `length` steps of another one.
    pub(crate) fn set(&mut self, steps: &Sequence<STEPS, FEATURES, T>, length: usize) {
        self.steps = *steps;
        self.length = length as u32;
        self.bytes_mut()[length * size_of::<[T; FEATURES]>()..].fill(0);
    }

    /// Overwrites this sequence with the sum of two sequences of the same length, step by step.
    pub(crate) fn set_sum(&mut self, a: &Self, b: &Self) {
        let (size, length) = (size_of::<[T; FEATURES]>(), b.length());
        for at in 0..length {
            let (a, b) = (a.step(at), b.step(at));
            let sum: [T; FEATURES] = core::array::from_fn(|i| a[i] + b[i]);
            self.bytes_mut()[at * size..][..size].copy_from_slice(bytemuck::cast_slice(&sum));
        }
        self.length = length as u32;
        self.bytes_mut()[length * size..].fill(0);
    }

    /// Returns the bytes of the steps. (The struct is packed, so its numbers may be unaligned.)
    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::bytes_of_mut(self)[..size_of::<Sequence<STEPS, FEATURES, T>>()]
    }
}

/// Two padded sequences are equal if their steps are equal.
impl<const STEPS: usize, const FEATURES: usize, T: Real> PartialEq for Padded<STEPS, FEATURES, T> {
    fn eq(&self, other: &Self) -> bool {
        self.length() == other.length() && self.steps().eq(other.steps())
    }
}

impl<const STEPS: usize, const FEATURES: usize, T: Real> fmt::Debug for Padded<STEPS, FEATURES, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of length {} ", Self::NAME, self.length())?;
        f.debug_list().entries(self.steps()).finish()
    }
}

impl<const STEPS: usize, const FEATURES: usize, T: Real> Named for Padded<STEPS, FEATURES, T> {
    const NAME: TypeName = {
        let scalar = Part::Scalar(<T as Number>::SCALAR);
        TypeName { parts: &[Part::Text("Padded<"), Part::Sides(&[STEPS, FEATURES]), scalar, Part::Text(">")] }
    };
}

impl<const STEPS: usize, const FEATURES: usize, T: Real> Sample for Padded<STEPS, FEATURES, T> {
    type Grad = Sequence<STEPS, FEATURES, T>;
    const SHAPE: &'static [usize] = &[STEPS, FEATURES];
    const CONTENTS: Contents = Contents::OfPadded(&[STEPS, FEATURES], T::SCALAR);

    #[cfg(feature = "alloc")]
    fn numbers(batch: &[Self]) -> Numbers<'_> {
        let steps =
            |padded: &'_ Self| (0..STEPS).flat_map(|at| padded.step(at)).collect::<alloc::vec::Vec<T>>();
        Numbers::Copied(batch.iter().flat_map(steps).map(Real::to_f64).collect())
    }

    #[cfg(not(feature = "alloc"))]
    fn numbers(_: &[Self]) -> Numbers<'_> {
        Numbers::None
    }

    fn first_non_finite(batch: &[Self]) -> Option<(usize, usize, f64)> {
        batch.iter().enumerate().find_map(|(sample, padded)| {
            let numbers = padded.steps().flatten().enumerate();
            let (at, value) = numbers.map(|(at, x)| (at, x.to_f64())).find(|(_, x)| !x.is_finite())?;
            Some((sample, at, value))
        })
    }
}
