//! PyTorch's attention and transformers: their weights load by `Format::pytorch`, the networks give the same outputs
//! and the same gradients of all inputs and weights, and what is saved for PyTorch has its names, shapes and numbers.

use safetensors::SafeTensors;

use crate::common::{backward, forward};
use chainrule::checkpoint::{CheckpointError, Format};
use chainrule::prelude::*;

type T = f64;

/// How many steps of each sample are not padding: `LENGTHS` of make.py.
const LENGTHS: [usize; 5] = [6, 3, 1, 5, 2];

/// One sample of the fixture, from the numbers of each of its inputs.
trait Input: Sample {
    fn of(sample: usize, numbers: &[Vec<f64>]) -> Self;

    /// The gradients of each of its inputs.
    fn grads(grad: &Self::Grad) -> Vec<Vec<f64>>;
}

/// The numbers of a sample.
fn part(sample: usize, numbers: &[f64]) -> &[f64] {
    let each = numbers.len() / LENGTHS.len();
    &numbers[sample * each..][..each]
}

impl<const STEPS: usize, const WIDTH: usize> Input for Sequence<STEPS, WIDTH, T> {
    fn of(sample: usize, numbers: &[Vec<f64>]) -> Self {
        Self::from_slice(part(sample, &numbers[0])).unwrap()
    }
    fn grads(grad: &Self) -> Vec<Vec<f64>> {
        vec![grad.as_slice().to_vec()]
    }
}

impl<const STEPS: usize, const WIDTH: usize> Input for Padded<STEPS, WIDTH, T> {
    fn of(sample: usize, numbers: &[Vec<f64>]) -> Self {
        Self::new(&Sequence::<STEPS, WIDTH, T>::of(sample, numbers).0[..LENGTHS[sample]]).unwrap()
    }
    fn grads(grad: &Sequence<STEPS, WIDTH, T>) -> Vec<Vec<f64>> {
        vec![grad.as_slice().to_vec()]
    }
}

impl<const STEPS: usize, const VOCAB: usize> Input for PaddedTokens<STEPS, VOCAB> {
    fn of(sample: usize, numbers: &[Vec<f64>]) -> Self {
        let indices: Vec<usize> = part(sample, &numbers[0]).iter().map(|&index| index as usize).collect();
        Self::from_indices(&indices[..LENGTHS[sample]]).unwrap()
    }
    fn grads(_: &Self::Grad) -> Vec<Vec<f64>> {
        vec![] // tokens have none
    }
}

impl<A: Input, B: Input> Input for Pair<A, B> {
    fn of(sample: usize, numbers: &[Vec<f64>]) -> Self {
        Self(A::of(sample, &numbers[..1]), B::of(sample, &numbers[1..]))
    }
    fn grads(&Pair(a, b): &Self::Grad) -> Vec<Vec<f64>> {
        [A::grads(&a), B::grads(&b)].concat()
    }
}

/// The numbers of a tensor of the file.
fn read(file: &SafeTensors<'_>, name: &str) -> Option<Vec<f64>> {
    let tensor = file.tensor(name).ok()?;
    assert_eq!(tensor.dtype(), safetensors::Dtype::F64, "{name}");
    Some(tensor.data().as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
}

/// Rounding: a few hundred sums of numbers near 1, in f64.
fn close(what: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!((ours - theirs).abs() <= 1e-12 * theirs.abs().max(1.0), "{what}, {at}: {ours} and {theirs}");
    }
}

fn check<N, X: Input>(name: &str, format: Format)
where
    N: Layer<X, Output: Input>,
{
    let format = format.within(name);
    let path = format!("{}/fixtures/transformers.safetensors", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let net: Owned<N> = format.load(&path).unwrap_or_else(|error| panic!("{name}: {error}"));

    let numbers = |part: &str| read(&file, &format!("{name}_{part}"));
    let inputs: Vec<Vec<f64>> = (0..2).map_while(|at| numbers(&format!("input_{at}"))).collect();
    let batch: Vec<X> = (0..LENGTHS.len()).map(|sample| X::of(sample, &inputs)).collect();
    let output = [numbers("output").unwrap()];
    let cotangent = numbers("cotangent").unwrap();
    let cotangents: Vec<<N::Output as Sample>::Grad> = (0..LENGTHS.len())
        .map(|sample| {
            let mut grad = bytemuck::Zeroable::zeroed();
            bytemuck::cast_slice_mut::<_, f64>(std::slice::from_mut(&mut grad))
                .copy_from_slice(part(sample, &cotangent));
            grad
        })
        .collect();

    let mut workspace = Workspace::default();
    let ours = forward(&*net, &batch, &mut workspace, &mut Mode::Evaluate);
    for (sample, ours) in ours.iter().enumerate() {
        // Padded steps are 0 in the fixture, and are compared by their steps and their length.
        assert_close_output(name, ours, &<N::Output as Input>::of(sample, &output));
    }
    let (input_grads, gradient) = backward(&*net, &batch, &ours, &cotangents, &mut workspace, None);
    for (sample, grad) in input_grads.iter().enumerate() {
        for (at, grad) in X::grads(grad).iter().enumerate() {
            let theirs = numbers(&format!("input_grad_{at}")).unwrap();
            close(&format!("{name}: gradient of input {at} of sample {sample}"), grad, part(sample, &theirs));
        }
    }

    // Saved in PyTorch's names: the weights to the last bit, and the gradient, a network of the same type.
    let (weights, grads) = (format.to_bytes(&net).unwrap(), format.to_bytes(&gradient).unwrap());
    let (weights, grads) =
        (SafeTensors::deserialize(&weights).unwrap(), SafeTensors::deserialize(&grads).unwrap());
    let prefix = format!("{name}.");
    let theirs: Vec<&str> = file.names().into_iter().filter(|key| key.starts_with(&prefix)).collect();
    assert_eq!(weights.len(), theirs.len());
    for key in theirs {
        let (ours, expected) = (weights.tensor(key).unwrap(), file.tensor(key).unwrap());
        assert_eq!((ours.shape(), ours.data()), (expected.shape(), expected.data()), "{key}");
        let gradient = key.replacen('.', "_gradient.", 1);
        close(&gradient, &read(&grads, key).unwrap(), &read(&file, &gradient).unwrap());
    }
}

/// Compares two outputs number by number, through their lists of numbers.
fn assert_close_output<Y: Sample>(name: &str, ours: &Y, theirs: &Y) {
    let list = |y: &Y| Y::numbers(std::slice::from_ref(y)).iter().collect::<Vec<f64>>();
    close(&format!("{name}: output"), &list(ours), &list(theirs));
}

#[test]
fn attention_is_that_of_pytorch() {
    type Steps6 = Sequence<6, 8, T>;
    let format = Format::pytorch;
    check::<SelfAttention<8, 4, Causal, T>, Steps6>("attention", format());
    check::<SelfAttention<8, 2, (NoMask, NoBias), T>, Steps6>("attention_without_bias", format());
    check::<SelfAttention<8, 2, NoMask, T>, Padded<6, 8, T>>("attention_padded", format());
    type Memory = Pair<Sequence<4, 8, T>, Padded<6, 5, T>>;
    check::<CrossAttention<8, 2, NoMask, T, 5>, Memory>("attention_to_a_memory", format());
    // Two heads of keys for four of queries, which PyTorch has as a function on linear layers.
    check::<SelfAttention<8, 4, Causal, T, 4>, Steps6>("grouped", format());
    // Linear layers too: one of them is renamed, here to its own name.
    check::<SelfAttention<8, 2, (Causal, Rotary), T>, Steps6>("rotary", format().rename("query", "query"));
}

#[test]
fn blocks_and_transformers_are_those_of_pytorch() {
    type Steps6 = Sequence<6, 8, T>;
    let format = Format::pytorch;
    type Block = PostNormTransformerBlock<8, 2, 12, NoMask, Relu, T>;
    check::<Block, Steps6>("block", format().transformer_layer("", ""));
    type Encoder = TransformerEncoder<8, 2, 12, 2, Causal, Gelu, T>;
    check::<Encoder, Steps6>("encoder", format().transformer_layers("0", "layers").rename("1", "norm"));
    let tokens = format().rename("0", "embedding").transformer_layers("1", "encoder.layers");
    check::<(Embedding<11, 8, T>, [Block; 2]), PaddedTokens<6, 11>>("tokens", tokens);
}

#[test]
fn a_decoder_with_a_padded_memory_is_that_of_pytorch() {
    type Input = Pair<Sequence<4, 8, T>, Padded<6, 8, T>>;
    type Source = TransformerEncoder<8, 2, 12, 1, NoMask, Relu, T>;
    type Net = (Parallel<Identity, Source>, TransformerDecoder<8, 2, 12, 2, Causal, Relu, T>);
    let format = Format::pytorch()
        .transformer_layers("0.second.0", "encoder.layers")
        .rename("0.second.1", "encoder.norm")
        .transformer_layers("1.0", "decoder.layers")
        .rename("1.2", "decoder.norm");
    check::<Net, Input>("translator", format);

    type PostSource = [PostNormTransformerBlock<8, 2, 12, NoMask, Gelu, T>; 1];
    type PostNet =
        (Parallel<Identity, PostSource>, [PostNormDecoderBlock<8, 2, 12, Causal, Gelu, T>; 2], First);
    let format = Format::pytorch()
        .transformer_layers("0.second", "encoder.layers")
        .transformer_layers("1", "decoder.layers");
    check::<PostNet, Input>("translator_post_norm", format);
}

#[test]
fn other_layers_are_no_blocks() {
    type Net = (TransformerBlock<8, 2, 12>, PerStep<Linear<8, 3>>);
    let net = Net::init(&mut rng(1));
    let error = Format::pytorch().transformer_layers("", "layers").to_bytes(&net).unwrap_err();
    assert!(
        matches!(&error, CheckpointError::NoTransformerLayer { path, found: [1, 3, 2] } if path.is_empty())
    );
    assert!(error.to_string().ends_with(
        "the network has 1 attention layers, 3 linear layers and 2 norms there: a block has 1, 2 and 2 of these, and a block of a decoder 2, 2 and 3"
    ), "{error}");
    // Two blocks are not one.
    let two = <[TransformerBlock<8, 2, 12>; 2]>::init(&mut rng(1));
    assert!(Format::pytorch().transformer_layer("", "layer").to_bytes(&two).is_err());
    assert!(Format::pytorch().transformer_layers("", "layers").to_bytes(&two).is_ok());
}

/// A flattened sequence is in another order in PyTorch, after attention as after recurrence: the format must say which.
#[test]
fn what_flattens_a_transformer_must_say_the_order() {
    type Net = (TransformerBlock<8, 2, 12>, Dense<Sequence<3, 8>, Vector<2>>);
    let net = Net::init(&mut rng(1));
    let error = Format::pytorch().to_bytes(&net).unwrap_err();
    assert!(matches!(error, CheckpointError::StepsOrFeaturesFirst { .. }), "{error}");
    assert!(Format::pytorch().steps_first().to_bytes(&net).is_ok());
}
