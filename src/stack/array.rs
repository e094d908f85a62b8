use alloc::vec::Vec;

use super::backward_child;
use crate::layer::{Cost, Factor, Fields, Layer, Mode, Parameters, Probe, Rows, Segment};
use crate::tensor::{Buffer, Is, Tensor};

/// A layer gives back the shape it takes, so that copies of it may follow one another in an array.
#[diagnostic::on_unimplemented(
    message = "a layer repeated in an array must give back the shape it takes: it takes `{X}` and gives `{Self}`",
    label = "`{Self}` cannot go into the next copy, which takes `{X}`",
    note = "make the last layer of the repeated block give `{X}`, or write the layers of the stack one by one in a tuple"
)]
pub trait Repeatable<X>: Is<X> {}

impl<X> Repeatable<X> for X {}

impl<F: Parameters, const N: usize> Parameters for [F; N] {
    const COUNT: usize = F::COUNT * N;

    fn zeros() -> Self {
        core::array::from_fn(|_| F::zeros())
    }

    fn fields(fields: &mut impl Fields<Self>) {
        for at in 0..N {
            fields.layer(at, |layers| &layers[at], |layers| &mut layers[at]);
        }
    }
}

/// The samples between the layers of an array, and two gradients that take turns.
#[derive(Debug)]
pub struct ArrayTape<X, T, const N: usize> {
    between: Vec<Buffer<X>>,
    grads: [Buffer<X>; 2],
    layers: Vec<T>,
}

impl<X, T: Default, const N: usize> Default for ArrayTape<X, T, N> {
    fn default() -> Self {
        Self {
            between: (1..N).map(|_| Buffer::default()).collect(),
            grads: Default::default(),
            layers: (0..N).map(|_| T::default()).collect(),
        }
    }
}

/// `N` layers of one type, one after the other, each with its own parameters. An array of none is the identity.
impl<X: Tensor, F: Layer<X>, const N: usize> Layer<X> for [F; N]
where
    F::Output: Repeatable<X>,
{
    type Output = X;
    type Tape = ArrayTape<X, F::Tape, N>;
    const COST: Cost = {
        // A buffer between any two neighbours, and two for the gradients.
        let buffers = if N > 1 { N + 1 } else { 0 };
        F::COST.repeated(N).keeping(buffers * size_of::<X>())
    };
    const FACTOR: Factor = Factor::Product;

    fn forward(&self, input: &[X], output: &mut [X], tape: &mut Self::Tape, mode: &mut Mode<'_>) {
        let samples = input.len();
        let Some(last) = N.checked_sub(1) else {
            return X::flat_mut(output).copy_from_slice(X::flat(input));
        };
        for (at, (layer, layer_tape)) in self.iter().zip(&mut tape.layers).enumerate() {
            let (before, after) = tape.between.split_at_mut(at);
            let x = before.last().map_or(input, |buffer| buffer.get(samples));
            let y = if at == last { &mut *output } else { after[0].take(samples) };
            layer.forward(x, Is::cast_back_mut(y), layer_tape, mode);
        }
    }

    fn backward<P: Probe>(
        &self,
        input: &[X],
        output: &[X],
        output_grad: &[X],
        mut input_grad: Option<&mut [X]>,
        gradient: &mut Self,
        tape: &mut Self::Tape,
        probe: &mut P,
    ) {
        let samples = input.len();
        let Some(last) = N.checked_sub(1) else {
            return input_grad
                .into_iter()
                .for_each(|dx| X::flat_mut(dx).copy_from_slice(X::flat(output_grad)));
        };
        let [above, below] = &mut tape.grads;
        for at in (0..N).rev() {
            let x = if at == 0 { input } else { tape.between[at - 1].get(samples) };
            let y = if at == last { output } else { tape.between[at].get(samples) };
            let dy = if at == last { output_grad } else { above.get(samples) };
            let dx = if at == 0 { input_grad.as_deref_mut() } else { Some(below.take(samples)) };
            let (y, dy) = (Is::cast_back(y), Is::cast_back(dy));
            backward_child(at, &self[at], x, y, dy, dx, &mut gradient[at], &mut tape.layers[at], probe);
            core::mem::swap(above, below);
        }
    }

    fn summarize(rows: &mut Rows<'_>) {
        rows.child::<X, F>(Segment::Repeated(N), N);
    }
}
