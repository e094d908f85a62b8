use bytemuck::{Pod, TransparentWrapper};
use chainrule_derive::Parameters;
use chainrule_parameters::{Node, Parameters, Segment};

use super::backward_child;
use super::place::at;
use crate::kernel::{Initial, Real, Strided, gemm, gemm_deep, gemm_rows_alike};
use crate::layer::compare::comparable;
use crate::layer::onnx::Form;
use crate::layer::{
    Backward, BackwardHook, Child, Cost, Effect, Embedding, Factor, Layer, Mode, Plan, Space, Window,
    WorkspaceMut, check_lengths,
};
use crate::tensor::{Sample, Sequence, Tensor, Vector};

/// A language model whose embedding and output layer share one table (weight tying).
///
/// Forward `e = W[token]`, `h = F(e)`, `y = h Wᵀ`: a score for each token of the vocabulary. Backward `dh = dy W`, then
/// `de` through F. The gradient `dW` is `dyᵀ h`, plus `de` in the row of each token.
///
/// # Shapes
/// F, the body, maps the output of an [`Embedding<VOCAB, WIDTH>`](Embedding) to `Sequence<STEPS, WIDTH>` or
/// `Vector<WIDTH>`. The output is `Sequence<STEPS, VOCAB>` or `Vector<VOCAB>`. Files, counts and optimizers contain the
/// table once, as the parameter `embedding.weight`. There is no bias.
///
/// # Gradient flow
/// The output is a linear layer. Its part of the table's gradient is dense: every row gets a gradient in each step,
/// also the rows of tokens that do not occur.
///
/// # Source
/// Press, Wolf, "Using the output embedding to improve language models", EACL 2017, section 2; Inan, Khosravi, Socher,
/// "Tying word vectors and word classifiers", ICLR 2017. In PyTorch `output.weight = embedding.weight`.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// type Net = Tied<3, 2, Identity>;
/// let mut net = Net::zeros();
/// *net.embedding.weight = [[1.0, 0.0].into(), [0.0, 2.0].into(), [1.0, 1.0].into()];
/// let scores: Sequence<2, 3> = net.predict(&Tokens::<2, 3>::from_indices(&[1, 2])?)?;
/// assert_eq!(scores, Sequence([[0.0, 4.0, 2.0], [1.0, 2.0, 2.0]])); // each row of W with the token's own
/// assert_eq!(Net::COUNT, 3 * 2);
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("weight tying", "tied embedding", "language model", "tie_weights"))]
#[derive(Clone, Parameters)]
#[parameters(place = own, infer = own, name = "Tied<{VOCAB}, {WIDTH}, {B}{:T}>")]
pub struct Tied<const VOCAB: usize, const WIDTH: usize, B, T: Real = f32> {
    /// The table W.
    pub embedding: Embedding<VOCAB, WIDTH, T>,
    /// F, the layers between the embedding and the output.
    pub body: B,
}

/// The output of the body of a [`Tied`]: a vector of `WIDTH` numbers, or one such vector for each step.
#[diagnostic::on_unimplemented(
    message = "the body of a `Tied<{VOCAB}, {WIDTH}, ..>` gives `{Self}`, but must give {WIDTH} features",
    label = "expected a `Vector<{WIDTH}>` or a `Sequence<STEPS, {WIDTH}>`",
    note = "the output of the body is multiplied by the embedding, which has {WIDTH} numbers for each token: make its last layer give {WIDTH} features of the same scalar type"
)]
pub trait Hidden<const VOCAB: usize, const WIDTH: usize, T: Real>: Tensor<Scalar = T> {
    /// The scores: a number for each token of the vocabulary.
    type Scores: Tensor<Scalar = T>;
}

impl<const VOCAB: usize, const WIDTH: usize, T: Real> Hidden<VOCAB, WIDTH, T> for Vector<WIDTH, T> {
    type Scores = Vector<VOCAB, T>;
}

impl<const VOCAB: usize, const WIDTH: usize, const STEPS: usize, T: Real> Hidden<VOCAB, WIDTH, T>
    for Sequence<STEPS, WIDTH, T>
{
    type Scores = Sequence<STEPS, VOCAB, T>;
}

/// The output of a [`Tied`]: the embedding, used as a linear layer without a bias.
#[doc(hidden)]
#[derive(Clone, Parameters, TransparentWrapper)]
#[repr(transparent)]
#[parameters(name = "TiedOutput<{WIDTH}, {VOCAB}{:T}>")]
pub struct TiedOutput<const VOCAB: usize, const WIDTH: usize, T: Real = f32> {
    #[parameter(flatten)]
    embedding: Embedding<VOCAB, WIDTH, T>,
}

impl<const VOCAB: usize, const WIDTH: usize, T: Real, H: Hidden<VOCAB, WIDTH, T>> Layer<H>
    for TiedOutput<VOCAB, WIDTH, T>
{
    type Output = H::Scores;
    // The table is counted once, in the embedding.
    const PLAN: Plan = Plan {
        parameters: &Node::Nothing,
        ..Plan::leaf::<H, Self>()
            .costs(Cost::weights((VOCAB * WIDTH) as u64, VOCAB).for_steps(H::LEN / WIDTH))
            .factor(Factor::Weights)
            .effect(Effect::TiedTable { width: WIDTH, vocab: VOCAB })
            .window(Window::POINTWISE)
    };
    const OVERWRITES: bool = true;

    fn forward(&self, input: &[H], output: &mut [H::Scores], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        check_lengths(input.len(), output.len());
        scores(&self.embedding, H::flat(input), H::Scores::flat_mut(output));
    }

    fn backward(&self, pass: Backward<'_, H, Self>) {
        pass.check_lengths();
        let Backward { input, output_grad, input_grad, gradient, accumulate, .. } = pass;
        let (h, dy) = (H::flat(input), H::Scores::flat(output_grad));
        let rows = dy.len() / VOCAB;
        let dw = bytemuck::must_cast_slice_mut(&mut *gradient.embedding.weight); // marks all rows
        gemm_deep(
            Strided::transposed(dy, VOCAB),
            Strided::rows(h, WIDTH),
            accumulate.into(),
            dw,
            rows,
            WIDTH,
        );
        if let Some(dh) = input_grad {
            let w = bytemuck::must_cast_slice(&*self.embedding.weight);
            let (dy, w) = (Strided::rows(dy, VOCAB), Strided::rows(w, WIDTH));
            gemm(dy, w, Initial::Zero, H::flat_mut(dh), VOCAB, WIDTH);
        }
    }
}

/// Computes y = h Wᵀ for each row of h. A step of a stream has exactly the same bits as the step in a whole sequence.
pub(crate) fn scores<const VOCAB: usize, const WIDTH: usize, T: Real>(
    embedding: &Embedding<VOCAB, WIDTH, T>,
    h: &[T],
    y: &mut [T],
) {
    let w = Strided::transposed(bytemuck::must_cast_slice(&*embedding.weight), WIDTH);
    gemm_rows_alike(Strided::rows(h, WIDTH), w, Initial::Zero, y, WIDTH, VOCAB);
}

const EMBEDDING: Segment = Segment::Name("embedding");
const BODY: Segment = Segment::Name("body");
const OUTPUT: Segment = Segment::Name("output");

impl<X, const VOCAB: usize, const WIDTH: usize, B, T, E, H> Layer<X> for Tied<VOCAB, WIDTH, B, T>
where
    T: Real,
    X: Sample,
    Embedding<VOCAB, WIDTH, T>: Layer<X, Output = E>,
    E: Sample + Pod,
    B: Layer<E, Output = H>,
    H: Hidden<VOCAB, WIDTH, T>,
{
    type Output = <B::Output as Hidden<VOCAB, WIDTH, T>>::Scores;
    const PLAN: Plan = {
        let embedding = &<Embedding<VOCAB, WIDTH, T> as Layer<X>>::PLAN;
        let output = &<TiedOutput<VOCAB, WIDTH, T> as Layer<H>>::PLAN;
        Plan {
            children: &[
                Child::new("embedding", &<Embedding<VOCAB, WIDTH, T> as Layer<X>>::PLAN),
                Child::new("body", &B::PLAN),
                Child::new("output", &<TiedOutput<VOCAB, WIDTH, T> as Layer<H>>::PLAN),
            ],
            ..Plan::product::<X, Self>().then(embedding).then(&B::PLAN).then(output)
        }
        .saves(Space::per_sample::<E>(1))
        .saves(Space::per_sample::<H>(1))
        .backward_scratch(Space::per_sample::<E::Grad>(1))
        .backward_scratch(Space::per_sample::<H>(1))
        .form(Form::Tied)
    };
    const OVERWRITES: bool = true;

    fn forward(
        &self,
        input: &[X],
        output: &mut [Self::Output],
        mut workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        check_lengths(input.len(), output.len());
        let samples = input.len();
        let (embedded, hidden) = (workspace.saved::<E>(samples), workspace.saved::<H>(samples));
        let mut saved = workspace.split(&<Embedding<VOCAB, WIDTH, T> as Layer<X>>::PLAN, samples);
        self.embedding.forward(input, embedded, workspace.child(&mut saved), mode);
        let mut saved = workspace.split(&B::PLAN, samples);
        self.body.forward(embedded, hidden, workspace.child(&mut saved), mode);
        scores(&self.embedding, H::flat(hidden), Tensor::flat_mut(output));
    }

    fn backward(&self, pass: Backward<'_, X, Self>) {
        pass.check_lengths();
        Layer::<X>::backward_with_hook(self, pass, None);
    }

    fn backward_with_hook(&self, pass: Backward<'_, X, Self>, mut hook: Option<&mut dyn BackwardHook>) {
        let Backward { input, output, output_grad, input_grad, gradient, mut workspace, accumulate } = pass;
        let samples = input.len();
        let embedded = &*workspace.saved::<E>(samples);
        let hidden = &*workspace.saved::<H>(samples);
        let mut of_embedding = workspace.split(&<Embedding<VOCAB, WIDTH, T> as Layer<X>>::PLAN, samples);
        let mut of_body = workspace.split(&B::PLAN, samples);
        let mut of_output = workspace.split(&<TiedOutput<VOCAB, WIDTH, T> as Layer<H>>::PLAN, samples);
        let embedded_grad = workspace.scratch::<E::Grad>(samples);
        let hidden_grad = workspace.scratch::<H>(samples);

        let pass = Backward {
            input: hidden,
            output,
            output_grad,
            input_grad: Some(&mut *hidden_grad),
            gradient: TiedOutput::wrap_mut(&mut gradient.embedding),
            workspace: workspace.child(&mut of_output),
            accumulate,
        };
        backward_child(OUTPUT, TiedOutput::wrap_ref(&self.embedding), pass, &mut hook);
        let pass = Backward {
            input: embedded,
            output: hidden,
            output_grad: &*hidden_grad,
            input_grad: Some(&mut *embedded_grad),
            gradient: &mut gradient.body,
            workspace: workspace.child(&mut of_body),
            accumulate,
        };
        backward_child(BODY, &self.body, pass, &mut hook);
        let pass = Backward {
            input,
            output: embedded,
            output_grad: &*embedded_grad,
            input_grad,
            gradient: &mut gradient.embedding,
            workspace: workspace.child(&mut of_embedding),
            accumulate: true, // added to the gradient of the output layer
        };
        backward_child(EMBEDDING, &self.embedding, pass, &mut hook);
    }
}

at!([const VOCAB: usize, const WIDTH: usize, B: Parameters, T: Real] Tied<VOCAB, WIDTH, B, T>);
comparable!([const VOCAB: usize, const WIDTH: usize, B: Parameters, T: Real] Tied<VOCAB, WIDTH, B, T>);
