//! Positions and tied embeddings. Their state is the number of steps.

use chainrule_parameters::Named;

use super::{Stream, StreamEnd};
use crate::kernel::Real;
use crate::layer::positions::{fill, frequency};
use crate::layer::{LearnedPositions, SinusoidalPositions};
use crate::stack::{Tied, scores};
use crate::tensor::{Token, Vector};

/// The position of the next step, and the frequencies of the waves: the state of [`SinusoidalPositions`].
///
/// ```
/// use chainrule::prelude::*;
/// use chainrule::stream::{Place, Stream};
///
/// let mut place: Place<2> = <SinusoidalPositions as Stream<Vector<2>>>::start(&SinusoidalPositions);
/// let mut output: Vector<2> = Vector([0.0; 2]);
/// SinusoidalPositions.step_into(&Vector([10.0, 10.0]), &mut output, &mut place);
/// assert_eq!(output, Vector([10.0, 11.0])); // at step 0 the sine is 0, and the cosine is 1
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place<const WIDTH: usize> {
    step: u64,
    frequencies: [f64; WIDTH],
}

impl<const WIDTH: usize, T: Real> Stream<Vector<WIDTH, T>> for SinusoidalPositions {
    type Output = Vector<WIDTH, T>;
    type State = Place<WIDTH>;

    fn start(&self) -> Place<WIDTH> {
        Place { step: 0, frequencies: core::array::from_fn(|feature| frequency(feature, WIDTH)) }
    }

    fn step_into(&self, input: &Vector<WIDTH, T>, output: &mut Vector<WIDTH, T>, place: &mut Place<WIDTH>) {
        fill(place.step, |feature| place.frequencies[feature], &mut output.0);
        output.0.iter_mut().zip(&input.0).for_each(|(y, &x)| *y += x);
        place.step += 1;
    }
}

impl<const STEPS: usize, const WIDTH: usize, T: Real> Stream<Vector<WIDTH, T>>
    for LearnedPositions<STEPS, WIDTH, T>
{
    type Output = Vector<WIDTH, T>;
    type State = usize;
    const END: Option<StreamEnd> = Some(StreamEnd { steps: STEPS, layer: &<Self as Named>::NAME });

    fn start(&self) -> usize {
        0
    }

    /// After the last position the output is NaN, so that a caller who does not check [`END`](Stream::END) notices it.
    fn step_into(&self, input: &Vector<WIDTH, T>, output: &mut Vector<WIDTH, T>, step: &mut usize) {
        match self.weight.get(*step) {
            Some(position) => {
                let sums = input.0.iter().zip(&position.0).map(|(&x, &position)| x + position);
                output.0.iter_mut().zip(sums).for_each(|(y, sum)| *y = sum);
                *step += 1;
            }
            None => output.0.fill(T::from_f64(f64::NAN)),
        }
    }
}

impl<const VOCAB: usize, const WIDTH: usize, B, T: Real> Stream<Token<VOCAB>> for Tied<VOCAB, WIDTH, B, T>
where
    B: Stream<Vector<WIDTH, T>, Output = Vector<WIDTH, T>>,
{
    type Output = Vector<VOCAB, T>;
    type State = B::State;
    const END: Option<StreamEnd> = B::END;

    fn start(&self) -> B::State {
        self.body.start()
    }

    fn step_into(&self, token: &Token<VOCAB>, output: &mut Vector<VOCAB, T>, state: &mut B::State) {
        let mut hidden = Vector([T::zero(); WIDTH]);
        self.body.step_into(&self.embedding.weight[token.index()], &mut hidden, state);
        scores(&self.embedding, &hidden.0, &mut output.0);
    }
}
