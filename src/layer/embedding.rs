use chainrule_derive::Parameters;

use super::compare::comparable;
use super::onnx::Form;
use super::{Backward, Effect, Layer, Mode, Plan, Window, WorkspaceMut, check_lengths};
use crate::kernel::Real;
use crate::tensor::{Padded, PaddedTokens, Sequence, Table, Token, Tokens, Vector};

/// Looks up a vector for each token of a vocabulary, in a trained table.
///
/// Forward `y = W[token]`; backward `dW[token] += dy`, for each token of the input. It creates no one-hot vector, and
/// the time does not depend on the size of the vocabulary.
///
/// # Shapes
/// A [`Token<VOCAB>`](Token) to `Vector<WIDTH>`, [`Tokens<STEPS, VOCAB>`](Tokens) to `Sequence<STEPS, WIDTH>`, and
/// [`PaddedTokens<STEPS, VOCAB>`](PaddedTokens) to `Padded<STEPS, WIDTH>`. `weight` is `[VOCAB, WIDTH]`, as PyTorch's.
///
/// A new table has the variance of a weight with `WIDTH` inputs and outputs: 1 / `WIDTH`, so that the length of a row
/// is about 1. (PyTorch's `nn.Embedding` starts from N(0, 1).) The scores of a [`Tied`](crate::Tied) output layer
/// therefore start small. A norm after the embedding removes the scale.
///
/// # Gradient flow
/// An embedding is the first layer of a network, because a token has no gradient. A row gets a gradient only from the
/// steps with its token.
///
/// The gradient records which rows it contains. The cost of a training step therefore depends on the batch and not on
/// the vocabulary:
///
/// * Zeroing, adding, clipping and checking a gradient skip all other rows.
/// * The steps of `Sgd` without momentum and of `Adagrad` skip them too.
/// * The steps of the other optimizers, except `Asgd`, `Adamax` and `Rprop`, skip the rows that no batch has touched so
///   far.
///
/// The results equal those of a step over all rows. Weight decay changes all rows, so it takes the step over all rows;
/// `.group(Group::new("0").weight_decay(0.0))` excludes the table. [`Adam::lazy_rows`](crate::Adam::lazy_rows) is a
/// different algorithm, PyTorch's `SparseAdam`. `Lbfgs`, averages of weights, and messages between
/// [ranks](crate::distributed) use all rows.
///
/// # Source
/// Bengio, Ducharme, Vincent, Jauvin, "A neural probabilistic language model", JMLR 3 (2003), section 2.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// let mut layer = Embedding::<3, 2>::zeros();
/// *layer.weight = [[1.0, 2.0].into(), [3.0, 4.0].into(), [5.0, 6.0].into()];
/// let y = layer.predict(&Tokens::<3, 3>::from_indices(&[2, 0, 2])?)?;
/// assert_eq!(y, Sequence([[5.0, 6.0], [1.0, 2.0], [5.0, 6.0]]));
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("nn.Embedding", "lookup table", "word vectors", "Gather"))]
#[derive(Clone, Parameters)]
#[parameters(name = "Embedding<{VOCAB}, {WIDTH}{:T}>")]
pub struct Embedding<const VOCAB: usize, const WIDTH: usize, T: Real = f32> {
    /// W: a row for each token.
    #[parameter(weight, fan_in = WIDTH, fan_out = WIDTH, layout = OutputsFirst, shape = &[VOCAB, WIDTH], scalar = T)]
    pub weight: Table<Vector<WIDTH, T>, VOCAB>,
}

impl<const VOCAB: usize, const WIDTH: usize, T: Real> Embedding<VOCAB, WIDTH, T> {
    /// Copies the row of each token.
    fn look_up<'a>(
        &self,
        tokens: impl Iterator<Item = Token<VOCAB>>,
        rows: impl Iterator<Item = &'a mut [T; WIDTH]>,
    ) {
        for (token, row) in tokens.zip(rows) {
            *row = self.weight[token.index()].0;
        }
    }

    /// Adds the gradient of each token to its row.
    fn add<'a>(
        &mut self,
        tokens: impl Iterator<Item = Token<VOCAB>>,
        grads: impl Iterator<Item = &'a [T; WIDTH]>,
    ) {
        for (token, dy) in tokens.zip(grads) {
            let row = self.weight.row_mut(token.index());
            row.0.iter_mut().zip(dy).for_each(|(sum, &dy)| *sum += dy);
        }
    }
}

impl<const VOCAB: usize, const WIDTH: usize, T: Real> Layer<Token<VOCAB>> for Embedding<VOCAB, WIDTH, T> {
    type Output = Vector<WIDTH, T>;
    const PLAN: Plan = Plan::leaf::<Token<VOCAB>, Self>()
        .effect(Effect::Table)
        .window(Window::POINTWISE)
        .form(Form::Embedding);

    fn forward(
        &self,
        input: &[Token<VOCAB>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        self.look_up(input.iter().copied(), output.iter_mut().map(|y| &mut y.0));
    }

    fn backward(&self, pass: Backward<'_, Token<VOCAB>, Self>) {
        pass.check_lengths();
        pass.gradient.add(pass.input.iter().copied(), pass.output_grad.iter().map(|dy| &dy.0));
    }
}

impl<const VOCAB: usize, const WIDTH: usize, const STEPS: usize, T: Real> Layer<Tokens<STEPS, VOCAB>>
    for Embedding<VOCAB, WIDTH, T>
{
    type Output = Sequence<STEPS, WIDTH, T>;
    const PLAN: Plan = Plan::leaf::<Tokens<STEPS, VOCAB>, Self>()
        .effect(Effect::Table)
        .window(Window::POINTWISE)
        .form(Form::Embedding);

    fn forward(
        &self,
        input: &[Tokens<STEPS, VOCAB>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let tokens = input.iter().flat_map(|tokens| tokens.0);
        self.look_up(tokens, output.iter_mut().flat_map(|y| &mut y.0));
    }

    fn backward(&self, pass: Backward<'_, Tokens<STEPS, VOCAB>, Self>) {
        pass.check_lengths();
        let tokens = pass.input.iter().flat_map(|tokens| tokens.0);
        pass.gradient.add(tokens, pass.output_grad.iter().flat_map(|dy| &dy.0));
    }
}

impl<const VOCAB: usize, const WIDTH: usize, const STEPS: usize, T: Real> Layer<PaddedTokens<STEPS, VOCAB>>
    for Embedding<VOCAB, WIDTH, T>
{
    type Output = Padded<STEPS, WIDTH, T>;
    const PLAN: Plan = Plan::leaf::<PaddedTokens<STEPS, VOCAB>, Self>()
        .effect(Effect::Table)
        .window(Window::POINTWISE)
        .form(Form::Embedding);

    fn forward(
        &self,
        input: &[PaddedTokens<STEPS, VOCAB>],
        output: &mut [Self::Output],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        for (tokens, y) in input.iter().zip(output) {
            y.set_steps(tokens.tokens().map(|token| self.weight[token.index()].0));
        }
    }

    fn backward(&self, pass: Backward<'_, PaddedTokens<STEPS, VOCAB>, Self>) {
        pass.check_lengths();
        for (tokens, dy) in pass.input.iter().zip(pass.output_grad) {
            pass.gradient.add(tokens.tokens(), dy.0.iter());
        }
    }
}

comparable!([const VOCAB: usize, const WIDTH: usize, T: Real] Embedding<VOCAB, WIDTH, T>);
