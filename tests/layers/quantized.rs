//! Networks of 8-bit integers: against a calculation with integers written here, and against the network in `f32`.

use chainrule::layer::{
    AdaptiveAvgPool1d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AvgPool1dWith, AvgPool2dWith, Causal, CeilMode,
    Conv1dWith, Conv2dWith, ExcludePadding, LearnedState, MaxPool1dWith, MaxPool2dWith, PaddingEnds, Same,
};
use chainrule::prelude::*;
use chainrule::quantized::{Interval, Multiplier, Quantization, Quantize, Quantized};

/// Returns inputs between -1 and 1 without a pattern.
fn inputs<X: Tensor<Scalar = f32>>(count: usize) -> Vec<X> {
    let number = |at: usize| ((at as f32 * 12.9898).sin() * 43_758.547).fract();
    (0..count)
        .map(|sample| {
            let numbers: Vec<f32> = (0..X::LEN).map(|at| number(sample * X::LEN + at)).collect();
            X::from_slice(&numbers).unwrap()
        })
        .collect()
}

/// Sets every weight and bias to numbers without a pattern, and running variances to positive ones.
fn scramble<N: Network>(net: &mut N) {
    let mut at = 0.0_f32;
    net.edit_parameters(|parameter, numbers: &mut [f32]| {
        let positive = parameter.path.to_string().ends_with("running_variance");
        for number in numbers {
            at += 1.0;
            *number = 0.5 * ((at * 78.233).sin() * 9_301.1).fract();
            if positive {
                *number = number.abs() + 0.5;
            }
        }
    });
}

/// Compares a quantized network with the one in `f32`: the largest error, in steps of the output's scale, is at most
/// `steps`.
pub(crate) fn compare<N, X>(steps: f32) -> Box<Quantized<N, X>>
where
    X: Tensor<Scalar = f32>,
    N: Quantize<X>,
{
    let (mut net, inputs) = (N::zeros(), inputs::<X>(100));
    scramble(&mut *net);
    let quantized = Quantized::<N, X>::calibrate(&net, &inputs).unwrap();
    let mut exact = vec![<N::Output as bytemuck::Zeroable>::zeroed(); inputs.len()];
    let mut workspace = Workspace::default();
    net.forward(&inputs, &mut exact, workspace.prepare::<X, N>(inputs.len()), &mut Mode::Evaluate);
    let mut outputs = vec![<N::Output as bytemuck::Zeroable>::zeroed(); inputs.len()];
    let mut memory = vec![0x55; Quantized::<N, X>::RAM];
    quantized.predict_into(&inputs, &mut outputs, &mut memory).unwrap();
    let scale = quantized.output().scale;
    let (mut largest, mut distinct) = (0.0_f32, std::collections::BTreeSet::new());
    for (exact, y) in N::Output::flat(&exact).iter().zip(N::Output::flat(&outputs)) {
        largest = largest.max((exact - y).abs() / scale);
        distinct.insert(y.to_bits());
    }
    assert!(largest <= steps, "{}: an error of {largest} steps", N::NAME);
    assert!(distinct.len() > 15, "{}: only {} different outputs", N::NAME, distinct.len());
    // Whatever is in the memory before has no effect.
    let mut again = outputs.clone();
    quantized.predict_into(&inputs, &mut again, &mut vec![-7; Quantized::<N, X>::RAM + 3]).unwrap();
    assert_eq!(again, outputs);
    quantized
}

/// The limits: half a step for rounding the output, as much for each rounding before it times what it is multiplied
/// by: the weights here are at most 0.5, and their sums are bounded by those of their absolute values. A network that
/// computes something else is wrong by tens of steps.
macro_rules! close {
    ($($name:ident: $net:ty, $X:ty, $steps:literal;)+) => {$(
        #[test]
        fn $name() {
            compare::<$net, $X>($steps);
        }
    )+};
}

close! {
    a_linear_layer: Linear<8, 5>, Vector<8>, 3.0;
    without_a_bias: Linear<8, 5, f32, NoBias>, Vector<8>, 3.0;
    a_dense_layer_on_images: Dense<Image<2, 3, 4>, Sequence<3, 5>>, Image<2, 3, 4>, 3.0;
    a_convolution: Conv2d<3, 4, 3, 1, 1>, Image<3, 6, 7>, 3.0;
    a_convolution_with_strides: Conv2d<2, 4, 3, 2, 1, f32, NoBias>, Image<2, 9, 8>, 3.0;
    a_depthwise_convolution: DepthwiseConv2d<3, 3, 1, 1>, Image<3, 5, 5>, 3.0;
    a_convolution_of_sequences: Conv1d<3, 5, 4, 2, 1>, Sequence<9, 3>, 3.0;
    a_batch_norm_of_images: BatchNorm<3>, Image<3, 4, 4>, 2.0;
    a_batch_norm_of_sequences: BatchNorm<3>, Sequence<4, 3>, 2.0;
    an_affine_layer: Affine<6>, Vector<6>, 2.0;
    pools_of_images: (MaxPool2d<3, 2, 1>, AvgPool2d<2, 1, 1>), Image<2, 9, 8>, 1.6;
    pools_of_sequences: (MaxPool1d<2>, AvgPool1d<3, 1>), Sequence<12, 3>, 1.6;
    global_means: GlobalAvgPool, Image<3, 4, 5>, 1.1;
    global_means_of_sequences: GlobalAvgPool, Sequence<5, 4>, 1.1;
    global_maxima: (Dropout<20>, GlobalMaxPool, Identity), Sequence<6, 3>, 1.1;
    a_flattened_sequence: (Flatten, Linear<12, 4>), Sequence<4, 3>, 3.0;
    a_vector_as_a_sequence: Reshape<Sequence<4, 3>>, Vector<12>, 1.1;
    tables: (Tanh, Silu), Vector<9>, 4.0;
    a_sigmoid: (Linear<6, 6>, Sigmoid), Vector<6>, 4.0;
    clamps: (Clamp<-1, 3, 4>, HardTanh, Relu6), Vector<9>, 1.1;
    a_perceptron: (Linear<8, 16>, Relu, Linear<16, 16>, Relu, Linear<16, 4>), Vector<8>, 6.0;
    a_convolutional_network: (
        (Conv2d<1, 4, 3, 1, 1>, BatchNorm<4>, Relu, MaxPool2d<2>),
        (Conv2d<4, 6, 3>, Relu6, Flatten, Linear<24, 5>)
    ), Image<1, 8, 8>, 8.0;
    a_residual_block: Residual<(Linear<6, 9>, Relu, Linear<9, 6>)>, Vector<6>, 4.0;
    a_residual_block_with_a_shortcut:
        Residual<(Linear<6, 9>, Relu, Linear<9, 4>), (Tanh, Linear<6, 4>)>, Vector<6>, 6.0;
    a_sum_after_one_layer: (Residual<Linear<5, 5>>, Relu), Vector<5>, 4.0;
    an_array_of_blocks: (Linear<4, 6>, [Residual<(Linear<6, 6>, Relu)>; 3], Linear<6, 3>), Vector<4>, 14.0;
    an_array_of_no_layers: ([Relu; 0], Evaluate<Linear<4, 4>>), Vector<4>, 3.0;
    an_array_of_three: [Linear<4, 4>; 3], Vector<4>, 8.0;
    a_convolution_in_groups: Conv2dWith<4, 6, (Kernel<3, 2>, Stride<2>, Groups<2>, Same), f32, NoBias>,
        Image<4, 7, 6>, 3.0;
    a_dilated_convolution: Conv2dWith<2, 3, (Kernel<3>, Dilation<2>, PaddingEnds<1, 2>)>, Image<2, 9, 8>, 3.0;
    a_causal_convolution: Conv1dWith<3, 4, (Kernel<3>, Dilation<2>, Causal)>, Sequence<9, 3>, 3.0;
    a_convolution_of_sequences_in_groups: Conv1dWith<4, 6, (Kernel<3>, Groups<2>, Stride<2>)>,
        Sequence<9, 4>, 3.0;
    pools_with_settings: (
        MaxPool2dWith<(Kernel<3, 2>, Stride<2>, CeilMode)>,
        AvgPool2dWith<(Kernel<2>, Stride<1>, PaddingEnds<0, 1>, ExcludePadding)>,
        AvgPool2dWith<(Kernel<2, 1>, Stride<1>, Padding<1, 0>, CeilMode)>
    ), Image<2, 10, 7>, 2.1;
    pools_of_sequences_with_settings: (
        MaxPool1dWith<(Kernel<3>, Dilation<2>, Stride<1>)>,
        AvgPool1dWith<(Kernel<2>, Stride<1>, Causal)>
    ), Sequence<12, 3>, 1.6;
    adaptive_pools: (AdaptiveMaxPool2d<5, 4>, AdaptiveAvgPool2d<3, 2>), Image<2, 9, 7>, 1.6;
    adaptive_pools_of_sequences: (AdaptiveAvgPool1d<5>, AdaptiveMaxPool1d<3>), Sequence<12, 2>, 1.6;
    other_axes: (Transpose, Permute<2, 0, 1>, Permute<1, 0, 2>), Image<2, 3, 4>, 1.1;
    other_steps: (Reverse, Transpose, LastStep), Sequence<5, 4>, 1.1;
    branches_of_vectors: Concat<(Linear<6, 4>, (Linear<6, 5>, Tanh), Relu)>, Vector<6>, 3.0;
    branches_of_images: (Concat<(Conv2d<2, 3, 3, 1, 1>, MaxPool2d<3, 1, 1>)>, Relu), Image<2, 5, 5>, 3.0;
    branches_of_sequences: Concat<(Conv1d<3, 2, 3, 1, 1>, Identity, AvgPool1d<3, 1, 1>, Sigmoid)>,
        Sequence<7, 3>, 3.0;
    a_shared_layer: (Shared<(Linear<4, 4>, Tanh), 3>, Linear<4, 3>), Vector<4>, 8.0;
    a_shared_layer_in_place: (Linear<4, 5>, Shared<Tanh, 2>), Vector<4>, 4.0;
    a_layer_per_step: PerStep<(Linear<3, 5>, Relu, Linear<5, 2>)>, Sequence<6, 3>, 4.0;
    // A step of the output is 1/256, and one of the input, of about 3/255, changes a probability by a quarter of it.
    probabilities: (Linear<6, 8>, Softmax), Vector<6>, 3.0;
    probabilities_of_steps: Softmax, Sequence<4, 5>, 1.1;
    // A step of the output is 1/16, and the input is exact up to a tenth of it.
    logarithms_of_probabilities: (Linear<6, 8>, LogSoftmax), Vector<6>, 1.1;
    a_recurrent_layer: Rnn<3, 8>, Sequence<6, 3>, 3.0;
    a_recurrent_layer_of_rectifiers: Rnn<3, 5, Relu>, Sequence<6, 3>, 3.0;
    an_lstm: Lstm<3, 6>, Sequence<6, 3>, 3.0;
    an_lstm_from_a_learned_state: (Lstm<3, 17, f32, LearnedState>, LastStep, Linear<17, 3>), Sequence<6, 3>, 4.0;
    a_gru: Gru<3, 6>, Sequence<6, 3>, 3.0;
    a_gru_in_both_directions: (Bidirectional<Gru<3, 4, f32, LearnedState>>, Gru<8, 5>), Sequence<6, 3>, 4.0;
}

chainrule::network! {
    struct Named: Vector<6> => Vector<3> {
        widen: Linear<6, 8>,
        act: Relu,
        block: Residual<Linear<8, 8>>,
        head: Linear<8, 3>,
    }
}
chainrule::network! {
    struct Generic<const H: usize>: Vector<6> => Vector<3> { widen: Linear<6, H>, act: Relu6, head: Linear<H, 3> }
}

#[test]
fn a_declared_network_is_its_tuple() {
    type Tuple = (Linear<6, 8>, Relu, Residual<Linear<8, 8>>, Linear<8, 3>);
    let (named, tuple) = (compare::<Named, Vector<6>>(6.0), compare::<Tuple, Vector<6>>(6.0));
    for x in inputs::<Vector<6>>(50) {
        assert_eq!(named.predict(&x).unwrap(), tuple.predict(&x).unwrap());
    }
    compare::<(Generic<10>, Identity), Vector<6>>(6.0);
}

/// The result of a whole network with integers, from the numbers of its layers.
#[test]
fn a_network_is_to_the_bit_what_its_integers_say() {
    type Net = (Linear<6, 8>, Relu, Residual<Linear<8, 8>>, Linear<8, 3>);
    type Int8 = Quantized<Net, Vector<6>>;
    let quantized = compare::<Net, Vector<6>>(6.0);
    let (mut memory, mut output) = (vec![0; Int8::RAM], [0; 3]);
    let first = &quantized.layers().first;
    let block = &quantized.layers().rest.rest.first;
    let last = &quantized.layers().rest.rest.rest;
    for seed in 0..200_i32 {
        let x: [i8; 6] = std::array::from_fn(|at| (seed * 31 + 71 * at as i32) as i8);
        quantized.predict_int8(&x, &mut output, &mut memory).unwrap();

        let channel = |bias: i32, multiplier: Multiplier, zero: i8, w: &[i8], x: &[i8]| -> i8 {
            let sum: i32 = w.iter().zip(x).map(|(&w, &x)| i32::from(w) * i32::from(x)).sum();
            (multiplier.apply(sum + bias) + i32::from(zero)).clamp(-128, 127) as i8
        };
        let h: [i8; 8] = std::array::from_fn(|o| {
            let c = first.channels[o];
            channel(c.bias.get(), c.multiplier, first.output_zero, &first.weights[o], &x)
        });
        let h = h.map(|h| h.max(first.output_zero)); // ReLU
        let branch = &block.rest.first;
        let mut sum: [i8; 8] = std::array::from_fn(|o| {
            let c = branch.channels[o];
            channel(c.bias.get(), c.multiplier, branch.output_zero, &branch.weights[o], &h)
        });
        block.first.add(&h, &mut sum);
        let y: [i8; 3] = std::array::from_fn(|o| {
            let c = last.channels[o];
            channel(c.bias.get(), c.multiplier, last.output_zero, &last.weights[o], &sum)
        });
        assert_eq!(output, y);
    }
}

/// Jacob et al. 2018, eq. 13, by hand.
#[test]
fn a_range_becomes_a_scale_and_a_zero_point() {
    let of = |low, high| Quantization::of(Interval { low, high });
    assert_eq!(of(0.0, 255.0), Quantization { scale: 1.0, zero_point: -128 });
    assert_eq!(of(-255.0, 0.0), Quantization { scale: 1.0, zero_point: 127 });
    assert_eq!(of(-1.0, 1.0), Quantization { scale: 2.0 / 255.0, zero_point: -1 });
    assert_eq!(of(-100.0, 155.0), Quantization { scale: 1.0, zero_point: -28 });
    assert_eq!(of(0.0, 0.0), Quantization { scale: 1.0, zero_point: 0 });
    let one = of(-100.0, 155.0);
    let cases = [(0.0, -28), (0.49, -28), (0.5, -27), (-0.5, -29), (-0.51, -29), (1e9, 127), (-1e9, -128)];
    for (number, integer) in cases {
        assert_eq!(one.quantize(number), integer, "{number}");
    }
    assert_eq!(one.quantize(f32::NAN), -28);
    assert_eq!((one.dequantize(127), one.dequantize(-128), one.dequantize(-28)), (155.0, -100.0, 0.0));
    for range in [(-1e-44, 1e-44), (-3e38, 3e38), (0.0, f32::MIN_POSITIVE)] {
        let scale = of(range.0, range.1).scale;
        assert!(scale > 0.0 && scale.is_finite(), "{range:?}");
    }
}

/// A range is not spent on what a later layer clamps.
#[test]
fn a_layer_before_a_rectifier_has_the_rectifiers_range() {
    type Net<T> = (Linear<8, 16>, T);
    let alone = compare::<(Linear<8, 16>, Identity), Vector<8>>(3.0);
    let rectified = compare::<Net<Relu>, Vector<8>>(3.0);
    let pooled = compare::<
        (Linear<8, 16>, Reshape<Sequence<16, 1>>, MaxPool1d<2>, (Dropout<1>, Relu6)),
        Vector<8>,
    >(3.0);
    assert!(alone.output().zero_point > -100);
    assert_eq!((rectified.output().zero_point, pooled.output().zero_point), (-128, -128));
    assert!(rectified.output().scale < 0.8 * alone.output().scale);
    assert_eq!(rectified.layers().first.output_zero, -128);
}

#[test]
fn a_channel_of_zeros_gives_its_bias() {
    let mut net = Linear::<3, 3>::zeros();
    net.bias = Vector([0.0, 1.5, -1e-3]);
    net.weight[1] = Vector([0.0, 0.0, 2.0]);
    let quantized: Box<Quantized<Linear<3, 3>, Vector<3>>> =
        Quantized::calibrate(&net, &[Vector([1.0, -1.0, 0.5]), Vector([0.0, 1.0, 0.3])]).unwrap();
    let y = quantized.predict(&Vector([0.9, 0.0, 0.1])).unwrap();
    let step = quantized.output().scale;
    for (y, exact) in y.0.iter().zip([0.0, 1.5, -1e-3]) {
        assert!((y - exact).abs() <= step, "{y} and {exact}");
    }
    // All zeros: a network that is always 0.
    let nothing = Linear::<3, 2>::zeros();
    let quantized: Box<Quantized<Linear<3, 2>, Vector<3>>> =
        Quantized::calibrate(&nothing, &[Vector([1.0, 2.0, 3.0])]).unwrap();
    assert_eq!(quantized.predict(&Vector([1.0, 2.0, 3.0])).unwrap(), Vector([0.0, 0.0]));
}

#[test]
fn sizes_are_constants() {
    type LeNet = (
        (Conv2d<1, 6, 5, 1, 2>, Relu, MaxPool2d<2>, Conv2d<6, 16, 5>, Relu, MaxPool2d<2>),
        (Dense<Image<16, 5, 5>, Vector<120>>, Relu, Linear<120, 84>, Relu, Linear<84, 10>),
    );
    type Int8 = Quantized<LeNet, Image<1, 28, 28>>;
    const WEIGHTS: usize = 6 * 25 + 16 * 6 * 25 + 400 * 120 + 120 * 84 + 84 * 10;
    // For each channel a bias and a multiplier, 4 + 4 + 1 bytes; two zero points for each layer, one for each pool;
    // two limits for each ReLU; scale and zero point of input and output.
    const REST: usize = 9 * (6 + 16 + 120 + 84 + 10) + 2 * 5 + 2 + 2 * 4 + 2 * 5;
    const _: () = assert!(Int8::FLASH == WEIGHTS + REST);
    const _: () = assert!(align_of::<Int8>() == 1);
    // The output of the first convolution in one buffer and that of its pool in the other; 8 windows of the second and
    // the weights of a channel, each filled up to a multiple of 16.
    const _: () = assert!(Int8::RAM == 6 * 28 * 28 + 6 * 14 * 14 + 9 * 160);
    const _: () = assert!(Int8::MULTIPLY_ADDS == 784 * 150 + 100 * 2400 + 400 * 120 + 120 * 84 + 84 * 10);
}
