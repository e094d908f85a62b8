//! Networks beyond the lists: with several inputs, of named layers, of layers of users, deep, and in both directions.

use std::collections::BTreeMap;

use chainrule::layer::{Onnx, OnnxInput, OnnxNode, Plan};
use chainrule::network;
use chainrule::prelude::*;

use crate::common::inputs;
use crate::rows::{Values, network, row, write};

/// A layer of a user: y = sin(w x), and then a bias, unless it is `NoBias`.
#[derive(Parameters)]
struct Sine<const N: usize> {
    #[parameter(scale = 1.0)]
    frequency: Vector<N>,
    #[parameter(bias, shape = &[N], scalar = f32)]
    bias: NoBias,
}

impl<const N: usize> Layer<Vector<N>> for Sine<N> {
    type Output = Vector<N>;
    const PLAN: Plan = Plan::leaf::<Vector<N>, Self>().onnx(Onnx::nodes(&[
        OnnxNode::new("Mul", &[OnnxInput::Input, OnnxInput::Field("frequency")]),
        OnnxNode::new("Sin", &[OnnxInput::Output(0)]),
        OnnxNode::new("Add", &[OnnxInput::Output(1), OnnxInput::Field("bias")]),
    ]));

    fn forward(&self, input: &[Vector<N>], output: &mut [Vector<N>], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        for (x, y) in input.iter().zip(output) {
            (0..N).for_each(|at| y[at] = (self.frequency[at] * x[at]).sin());
        }
    }

    fn backward(&self, _: Backward<'_, Vector<N>, Self>) {}
}

/// A layer of a user: a vector for each class.
#[derive(Parameters)]
struct Lookup<const CLASSES: usize, const N: usize> {
    #[parameter(weight, fan_in = 1, fan_out = N)]
    weight: [[f32; N]; CLASSES],
}

impl<const CLASSES: usize, const N: usize> Layer<Label<CLASSES>> for Lookup<CLASSES, N> {
    type Output = Vector<N>;
    const PLAN: Plan = Plan::leaf::<Label<CLASSES>, Self>()
        .onnx(Onnx::nodes(&[OnnxNode::new("Gather", &[OnnxInput::Field("weight"), OnnxInput::Input])]));

    fn forward(
        &self,
        input: &[Label<CLASSES>],
        output: &mut [Vector<N>],
        _: WorkspaceMut<'_>,
        _: &mut Mode<'_>,
    ) {
        output.iter_mut().zip(input).for_each(|(y, x)| y.0 = self.weight[x.index()]);
    }

    fn backward(&self, _: Backward<'_, Label<CLASSES>, Self>) {}
}

type Block<const C: usize> =
    Residual<(Conv2d<C, C, 3, 1, 1>, BatchNorm<C>, Relu, Conv2d<C, C, 3, 1, 1>, BatchNorm<C>)>;

network! {
    /// A residual network, whose fields have the names of values.
    struct Resnet: Image<3, 16, 16> => Vector<10> {
        input: (Conv2d<3, 4, 3, 1, 1>, BatchNorm<4>, Relu),
        blocks: [(Block<4>, Relu); 3],
        pool: GlobalAvgPool,
        output: (Linear<4, 10>, LogSoftmax),
    }
}

#[test]
fn networks_of_several_kinds_are_written() {
    type Sines = (Linear<3, 4>, Sine<4>, Shared<(Linear<4, 4>, Tanh), 3>, Sine<4>, Linear<4, 2>);
    row::<Sines, Vector<3>>("sines", "f32", &inputs(3));
    row::<Resnet, Image<3, 16, 16>>("resnet", "f32", &inputs(4));
    type Lenet = (
        Conv2d<1, 6, 5, 1, 2>,
        Tanh,
        AvgPool2d<2>,
        Conv2d<6, 16, 5>,
        Tanh,
        AvgPool2d<2>,
        Flatten,
        Linear<400, 120>,
        Tanh,
        (Linear<120, 84>, Tanh, Linear<84, 10>, Softmax),
    );
    row::<Lenet, Image<1, 28, 28>>("lenet", "f32", &inputs(2));
    type Autoencoder = (
        Conv2dWith<1, 4, (Kernel<3>, Stride<2>, Padding<1>)>,
        Gelu,
        TransposedConv2dWith<4, 1, (Kernel<3>, Stride<2>, Padding<1>, OutputPadding<1>)>,
        Sigmoid,
    );
    row::<Autoencoder, Image<1, 8, 12>>("image_autoencoder", "f32", &inputs(2));
    type Wider<const D: usize> =
        Residual<(Conv1dWith<4, 4, (Kernel<2>, Dilation<D>, Causal)>, Relu, Conv1d<4, 4, 1>)>;
    type Wave = (Conv1d<2, 4, 1>, Wider<1>, Wider<2>, Wider<4>, LastStep, Linear<4, 1>);
    row::<Wave, Sequence<16, 2>>("wave", "f32", &inputs(3));
    type Deep = (
        Linear<4, 6>,
        [(Residual<(LayerNorm<Vector<6>>, Linear<6, 6>, GeluTanh)>, Identity); 40],
        Linear<6, 2>,
    );
    row::<Deep, Vector<4>>("deep", "f32", &inputs(3));
    type Mixer =
        (Transpose, PerStep<(Linear<6, 8>, Gelu, Linear<8, 6>)>, Transpose, PerStep<SwiGlu>, MeanOver<Steps>);
    row::<Mixer, Sequence<6, 4>>("mixer", "f32", &inputs(3));
    row::<Identity, Vector<4>>("nothing", "f32", &inputs(3));
    row::<(Linear<4, 4, f64>, [Dropout<50>; 2]), Vector<4, f64>>("dropped", "f64", &inputs(3));
}

#[test]
fn recurrent_layers_in_every_direction_are_written() {
    type Both<F> = (Bidirectional<F>, Softsign);
    row::<Both<Lstm<3, 4>>, Sequence<5, 3>>("both_lstm", "f32", &inputs(3));
    row::<Both<Gru<3, 4>>, Sequence<5, 3>>("both_gru", "f32", &inputs(3));
    row::<Both<Rnn<3, 4, Relu>>, Sequence<5, 3>>("both_rnn", "f32", &inputs(3));
    row::<Both<Lstm<3, 4, f32, LearnedState>>, Sequence<5, 3>>("both_learned", "f32", &inputs(3));
    row::<(Reverse, Gru<3, 4>, Reverse), Sequence<5, 3>>("backwards", "f32", &inputs(3));
    row::<(Reverse, Gru<3, 4>), Sequence<5, 3>>("reversed", "f32", &inputs(3));
    type Unlike = Concat<(Rnn<3, 4, Sigmoid>, (Reverse, Rnn<3, 4, LeakyRelu<1, 5>>, Reverse))>;
    row::<Unlike, Sequence<5, 3>>("unlike_directions", "f32", &inputs(3));
    row::<Rnn<3, 4, HardSigmoid>, Sequence<5, 3>>("hard_rnn", "f32", &inputs(3));
}

#[test]
fn pairs_and_labels_are_inputs_and_outputs() {
    type Two = (Parallel<(Linear<3, 4>, Tanh), GlobalAvgPool>, Join, Linear<6, 2>);
    let pairs: Vec<_> = inputs::<Vector<3>>(3)
        .into_iter()
        .zip(inputs::<Image<2, 4, 3>>(3))
        .map(|(a, b)| Pair(a, b))
        .collect();
    write("two_inputs-f32", "f32", &network::<Two>(3), &pairs, |x, y| {
        let (a, b): (Vec<_>, Vec<_>) = x.iter().map(|&Pair(a, b)| (a, b)).unzip();
        let inputs = [("input.first".into(), Values::of(&a)), ("input.second".into(), Values::of(&b))];
        [inputs.into(), BTreeMap::from([("output".into(), Values::of(y))])]
    });
    let labels: Vec<Label<5>> = [3, 0, 4].map(|at| Label::new(at).unwrap()).into();
    write("labels-f32", "f32", &network::<(Lookup<5, 3>, Linear<3, 2>)>(3), &labels, |x, y| {
        [
            [("input".into(), Values::integers(x.iter().map(|label| label.index())))].into(),
            [("output".into(), Values::of(y))].into(),
        ]
    });
    // Twice the same value, and once the input itself.
    write("two_outputs-f32", "f32", &network::<Duplicate>(3), &inputs::<Vector<3>>(3), |x, _| {
        let outputs = ["output.first", "output.second"].map(|name| (name.into(), Values::of(x)));
        [[("input".into(), Values::of(x))].into(), outputs.into()]
    });
    type Halves = (Linear<3, 4>, Duplicate, Parallel<Tanh, Identity>);
    write("halves-f32", "f32", &network::<Halves>(3), &inputs::<Vector<3>>(3), |x, y| {
        let (a, b): (Vec<_>, Vec<_>) = y.iter().map(|&Pair(a, b)| (a, b)).unzip();
        let outputs = [("output.first".into(), Values::of(&a)), ("output.second".into(), Values::of(&b))];
        [[("input".into(), Values::of(x))].into(), outputs.into()]
    });
}

/// The values of padded sequences: what is behind their lengths is 0.
fn padded<const STEPS: usize, const N: usize>(
    name: &str,
    batch: &[Padded<STEPS, N>],
) -> BTreeMap<String, Values> {
    let steps: Vec<Sequence<STEPS, N>> = batch
        .iter()
        .map(|padded| {
            let mut steps = Sequence::default();
            padded.write_to(&mut steps);
            steps
        })
        .collect();
    let lengths = Values::integers(batch.iter().map(Padded::length));
    [(name.into(), Values::of(&steps)), (format!("{name}.length"), lengths)].into()
}

#[test]
fn sequences_of_unequal_lengths_are_written() {
    let steps = inputs::<Sequence<6, 2>>(1)[0].0;
    let batch: Vec<Padded<6, 2>> =
        [3, 6, 1, 5].into_iter().map(|length| Padded::new(&steps[..length]).unwrap()).collect();
    fn row<N: Layer<Padded<6, 2>, Output = Vector<OUT>>, const OUT: usize>(
        name: &str,
        batch: &[Padded<6, 2>],
    ) {
        write(&format!("{name}-f32"), "f32", &network::<N>(5), batch, |x, y| {
            [padded("input", x), [("output".into(), Values::of(y))].into()]
        });
    }
    row::<(Lstm<2, 3>, Gru<3, 3, f32, LearnedState>, LastStep, Linear<3, 2>), 2>("padded_last", &batch);
    row::<(PerStep<(Linear<2, 3>, Sigmoid)>, MeanOver<Steps>), 3>("padded_mean", &batch);
    row::<(Reverse, Rnn<2, 3>, PerStep<Cos>, Reverse, LastStep), 3>("padded_reverse", &batch);
    row::<(Residual<PerStep<(Linear<2, 3>, Tanh, Linear<3, 2>)>>, MeanOver<Steps>), 2>(
        "padded_residual",
        &batch,
    );
    type Ends = Concat<(
        (Gru<2, 3>, LastStep),
        (Reverse, Gru<2, 3>, LastStep),
        ((Reverse, Gru<2, 2>, Reverse), MeanOver<Steps>),
    )>;
    row::<Ends, 8>("padded_ends", &batch);
    type Each = (PerStep<Linear<2, 3>>, Gru<3, 2>, PerStep<(Linear<2, 2>, Softmax)>);
    write("padded_steps-f32", "f32", &network::<Each>(5), &batch, |x, y| {
        [padded("input", x), padded("output", y)]
    });
}

/// A cross-attention of sequences, of which the memory is padded.
fn cross<N, const MEMORY: usize>(name: &str)
where
    N: Layer<Pair<Sequence<5, 8>, Padded<6, MEMORY>>, Output = Sequence<5, 8>>,
{
    let memory = inputs::<Sequence<6, MEMORY>>(3);
    let memory = memory.iter().zip([6, 1, 4]).map(|(steps, length)| Padded::new(&steps.0[..length]).unwrap());
    let pairs: Vec<_> = inputs(3).into_iter().zip(memory).map(|(a, b)| Pair(a, b)).collect();
    write(name, "f32", &network::<N>(7), &pairs, |pairs, y| {
        let (first, second): (Vec<_>, Vec<_>) = pairs.iter().map(|&Pair(a, b)| (a, b)).unzip();
        let mut inputs = padded("input.second", &second);
        inputs.insert("input.first".into(), Values::of(&first));
        [inputs, BTreeMap::from([("output".into(), Values::of(y))])]
    });
}

#[test]
fn attention_is_written() {
    type Steps = Sequence<7, 8>;
    row::<SelfAttention<8, 2>, Steps>("attention", "f32", &inputs(3));
    row::<SelfAttention<8, 2, NoMask, f64>, Sequence<7, 8, f64>>("attention", "f64", &inputs(3));
    row::<SelfAttention<8, 2, Causal>, Steps>("attention_causal", "f32", &inputs(3));
    row::<SelfAttention<8, 1, SlidingWindow<3>>, Steps>("attention_sliding", "f32", &inputs(3));
    row::<SelfAttention<8, 4, (Causal, Rotary), f32, 4>, Steps>("attention_grouped", "f32", &inputs(3));
    row::<SelfAttention<8, 2, (NoMask, Rotary<100>, NoBias)>, Steps>("attention_rotary", "f32", &inputs(3));
    type Block = (
        Residual<(LayerNorm<Vector<8>>, SelfAttention<8, 2, Causal>)>,
        Residual<(LayerNorm<Vector<8>>, PerStep<(Linear<8, 16>, Gelu, Linear<16, 8>)>)>,
    );
    row::<(PerStep<Linear<3, 8>>, [Block; 2], LayerNorm<Vector<8>>), Sequence<7, 3>>(
        "transformer",
        "f32",
        &inputs(3),
    );
    cross::<CrossAttention<8, 2>, 8>("attention_cross");
    cross::<CrossAttention<8, 4, NoMask, f32, 3, 4>, 3>("attention_cross_grouped");

    for length in [7, 1] {
        type Last = (SelfAttention<8, 4, (Causal, Rotary), f32, 4>, SelfAttention<8, 2>, LastStep);
        let batch = inputs::<Steps>(3);
        let lengths = [4, length, 6];
        let batch =
            batch.iter().zip(lengths).map(|(steps, length)| Padded::<7, 8>::new(&steps.0[..length]).unwrap());
        let batch: Vec<_> = batch.collect();
        write(&format!("attention_padded_{length}"), "f32", &network::<Last>(7), &batch, |x, y| {
            [padded("input", x), BTreeMap::from([("output".into(), Values::of(y))])]
        });
    }
}
