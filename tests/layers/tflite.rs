//! Int8 layers give the integers of TensorFlow Lite's reference kernels (`tests/fixtures/tflite.safetensors`, made by
//! `tflite.py` next to it), and where they do not, the difference is what `chainrule::quantized` says.

use bytemuck::{Pod, Zeroable};
use chainrule::layer::{
    Activation, AdaptiveMaxPool2d, AvgPool2dWith, Conv1dWith, Conv2dWith, ExcludePadding, Gelu, HardSwish,
    LeakyRelu, MaxPool2dWith, Parameters, Relu6, Same,
};
use chainrule::prelude::*;
use chainrule::quantized::{
    Channel, Int8LogSoftmax, Int8Softmax, Int32, Interval, Memory, Multiplier, Packed, Quantization,
    Quantize, Ranges, Rescale, ScaledSum, Weights, quantize_activation,
};
use safetensors::SafeTensors;

const FILE: &[u8] = include_bytes!("../fixtures/tflite.safetensors");

/// Returns the numbers of a tensor.
fn numbers<T: Pod>(name: &str, tensor: &str) -> Vec<T> {
    let file = SafeTensors::deserialize(FILE).unwrap();
    let tensor = file.tensor(&format!("{name}.{tensor}")).unwrap_or_else(|_| panic!("no {name}.{tensor}"));
    bytemuck::pod_collect_to_vec(tensor.data())
}

/// Returns the scales and zero points.
fn quantizations(name: &str, tensor: &str) -> Vec<Quantization> {
    let numbers = numbers::<f32>(name, tensor);
    numbers.chunks(2).map(|q| Quantization { scale: q[0], zero_point: q[1] as i8 }).collect()
}

fn parts(q: Quantization) -> (f64, i8) {
    (f64::from(q.scale), q.zero_point)
}

/// Returns the outputs of a layer for all samples of `x`.
fn run<L: Quantize<X>, X: Tensor<Scalar = f32>>(int8: &L::Int8, x: &[i8]) -> Vec<i8> {
    assert!(!x.is_empty() && x.len().is_multiple_of(X::LEN));
    let mut memory = vec![0x33; L::BUFFERS.bytes()];
    let mut outputs = vec![];
    for x in x.chunks(X::LEN) {
        let mut memory = Memory::split(&mut memory, &L::BUFFERS);
        memory.first[..X::LEN].copy_from_slice(x);
        L::run(int8, memory.reborrow());
        outputs.extend_from_slice(&memory.after(&L::BUFFERS).first[..<L::Output as Tensor>::LEN]);
    }
    outputs
}

/// Compares a layer of products and the activation after it.
fn products<L, X, A, W: Packed, C: Packed>(name: &str)
where
    X: Tensor<Scalar = f32>,
    L: Quantize<X, Int8 = Weights<W, C>>,
    A: Quantize<L::Output> + Default,
{
    let [x_quantization] = quantizations(name, "x_quantization")[..] else { panic!("one scale") };
    let [y_quantization] = quantizations(name, "y_quantization")[..] else { panic!("one scale") };
    let (w, w_scales, bias) =
        (numbers::<i8>(name, "w"), numbers::<f32>(name, "w_scale"), numbers::<i32>(name, "bias"));
    let mut int8 = Weights::<W, C>::zeroed();
    (int8.input_zero, int8.output_zero) = (x_quantization.zero_point, y_quantization.zero_point);
    let (weights, channels) = int8.parts_mut();
    weights.copy_from_slice(&w);
    let rows = w.chunks(w.len() / channels.len());
    for (o, (channel, row)) in channels.iter_mut().zip(rows).enumerate() {
        let sum: i32 = row.iter().map(|&w| i32::from(w)).sum();
        let ((x_scale, x_zero), (y_scale, _)) = (parts(x_quantization), parts(y_quantization));
        *channel = Channel {
            bias: Int32::new(bias[o] - i32::from(x_zero) * sum),
            multiplier: Multiplier::of(x_scale * f64::from(w_scales[o]) / y_scale),
        };
    }
    let y = run::<L, X>(&int8, &numbers::<i8>(name, "x"));
    let mut activation = A::Int8::zeroed();
    let ranges = A::Ranges::EMPTY;
    A::default().quantize(y_quantization, &ranges, None, &mut activation).unwrap();
    let y = run::<A, L::Output>(&activation, &y);
    let expected = numbers::<i8>(name, "y");
    assert_eq!(y, expected, "{name}");
    assert!(expected.iter().collect::<std::collections::BTreeSet<_>>().len() > 3, "{name} says nothing");
}

macro_rules! products {
    ($($name:ident: $layer:ty, $X:ty $(, $activation:ty)?;)+) => {$(
        #[test]
        fn $name() {
            products!(@run $name, $layer, $X $(, $activation)?);
        }
    )+};
    (@run $name:ident, $layer:ty, $X:ty) => { products::<$layer, $X, Identity, _, _>(stringify!($name)) };
    (@run $name:ident, $layer:ty, $X:ty, $activation:ty) => {
        products::<$layer, $X, $activation, _, _>(stringify!($name))
    };
}

products! {
    linear: Linear<20, 7>, Vector<20>;
    linear_each: Linear<33, 9>, Vector<33>;
    linear_relu: Linear<12, 8>, Vector<12>, Relu;
    linear_relu6: Linear<12, 8>, Vector<12>, Relu6;
    linear_small_sums: Linear<10, 20>, Vector<10>;
    linear_saturates: Linear<40, 6>, Vector<40>;
    linear_multiplier_above_1: Linear<3, 20>, Vector<3>;
    linear_large_bias: Linear<5, 6>, Vector<5>;
    conv: Conv2d<3, 4, 3, 1, 1>, Image<3, 6, 7>;
    conv_small_sums: Conv2d<2, 6, 3, 1, 1>, Image<2, 6, 7>;
    conv_relu: Conv2d<3, 4, 3, 1, 1>, Image<3, 6, 7>, Relu;
    conv_strides: Conv2d<2, 5, 3, 2>, Image<2, 9, 8>;
    conv_1x1: Conv2d<7, 5, 1>, Image<7, 4, 5>;
    conv_5x5: Conv2d<6, 4, 5>, Image<6, 7, 8>;
    conv_one_channel: Conv2d<1, 6, 5, 1, 2>, Image<1, 12, 11>;
    conv_same_strides: Conv2dWith<3, 4, (Kernel<3>, Stride<2>, Same)>, Image<3, 8, 6>;
    conv_wide: Conv2dWith<2, 3, (Kernel<3, 5>, Padding<1, 2>)>, Image<2, 7, 9>;
    conv_dilated: Conv2dWith<2, 3, (Kernel<3>, Dilation<2>, Padding<2>)>, Image<2, 9, 8>;
    conv_groups: Conv2dWith<6, 4, (Kernel<3>, Groups<2>, Same)>, Image<6, 5, 6>;
    depthwise: DepthwiseConv2d<3, 3, 1, 1>, Image<3, 5, 6>;
    depthwise_strides: DepthwiseConv2d<4, 3, 2, 1>, Image<4, 9, 7>;
    depthwise_two_each: Conv2dWith<3, 6, (Kernel<3>, Groups<3>, Padding<1>)>, Image<3, 6, 5>;
    steps: Conv1d<3, 5, 3, 1, 1>, Sequence<9, 3>;
    steps_strides: Conv1d<2, 4, 4, 2>, Sequence<12, 2>;
    steps_dilated: Conv1dWith<2, 4, (Kernel<3>, Dilation<2>, Same)>, Sequence<9, 2>;
    steps_groups: Conv1dWith<6, 4, (Kernel<3>, Groups<2>, Padding<1>)>, Sequence<7, 6>;
    steps_depthwise: Conv1dWith<4, 4, (Kernel<5>, Groups<4>, Same)>, Sequence<8, 4>;
}

/// LiteRT, TensorFlow Lite's successor, rounds the sums of `FULLY_CONNECTED` once: (sum * significand) / 2^n, half up.
/// (Those of convolutions it rounds twice.)
#[test]
fn linear_layers_of_litert_round_once() {
    let mut differences = 0;
    for name in ["linear", "linear_each", "linear_small_sums", "linear_multiplier_above_1"] {
        let [x_quantization] = quantizations(name, "x_quantization")[..] else { panic!("one scale") };
        let [y_quantization] = quantizations(name, "y_quantization")[..] else { panic!("one scale") };
        let (w, w_scales, bias) =
            (numbers::<i8>(name, "w"), numbers::<f32>(name, "w_scale"), numbers::<i32>(name, "bias"));
        let ((x_scale, x_zero), (y_scale, y_zero)) = (parts(x_quantization), parts(y_quantization));
        let inputs = w.len() / bias.len();
        let mut y = vec![];
        for x in numbers::<i8>(name, "x").chunks(inputs) {
            for (o, w) in w.chunks(inputs).enumerate() {
                let products =
                    w.iter().zip(x).map(|(&w, &x)| i64::from(w) * (i64::from(x) - i64::from(x_zero)));
                let sum = products.sum::<i64>() + i64::from(bias[o]);
                let factor = x_scale * f64::from(w_scales[o]) / y_scale;
                let exponent = factor.log2().floor() as i32 + 1;
                let significand = (factor * 2_f64.powi(31 - exponent)).round() as i64;
                let rounded = (sum * significand + (1 << (30 - exponent))) >> (31 - exponent);
                y.push((rounded + i64::from(y_zero)).clamp(-128, 127) as i8);
            }
        }
        assert_eq!(y, numbers::<i8>(name, "y_litert"), "{name}");
        assert!(largest_difference(&y, &numbers(name, "y")) <= 1);
        differences += y.iter().zip(numbers::<i8>(name, "y")).filter(|(a, b)| **a != *b).count();
    }
    assert!(differences > 10, "only {differences} numbers differ");
}

fn pool<L: Quantize<X, Int8 = [i8; 1]>, X: Tensor<Scalar = f32>>(name: &str) {
    let zero = numbers::<i8>(name, "zero")[0];
    assert_eq!(run::<L, X>(&[zero], &numbers::<i8>(name, "x")), numbers::<i8>(name, "y"), "{name}");
}

/// A mean with padding is `PAD` and then `AVERAGE_POOL_2D`; without, it is `AVERAGE_POOL_2D` alone.
#[test]
fn pools() {
    pool::<MaxPool2d<2>, Image<3, 6, 8>>("max");
    pool::<AdaptiveMaxPool2d<3, 4>, Image<3, 6, 8>>("max");
    pool::<MaxPool2d<3, 2, 1>, Image<2, 9, 7>>("max_padded");
    pool::<MaxPool2dWith<(Kernel<3>, Stride<2>, Same)>, Image<2, 8, 6>>("max_same");
    pool::<AvgPool2d<2>, Image<3, 6, 8>>("mean");
    pool::<AdaptiveAvgPool2d<3, 4>, Image<3, 6, 8>>("mean");
    pool::<AvgPool2d<3, 2, 1>, Image<2, 9, 7>>("mean_with_padding");
    pool::<AvgPool2dWith<(Kernel<3>, Stride<2>, Padding<1>)>, Image<2, 9, 7>>("mean_with_padding");
    type Excluding = (Kernel<3>, Stride<2>, Padding<1>, ExcludePadding);
    pool::<AvgPool2dWith<Excluding>, Image<2, 9, 7>>("mean_excluding_padding");
    pool::<AvgPool2dWith<(Kernel<3>, Stride<2>, Same, ExcludePadding)>, Image<2, 8, 6>>("mean_same");
}

#[test]
fn sums() {
    for name in ["add", "add_unequal", "add_saturates"] {
        let [a, b, y] = quantizations(name, "quantizations")[..] else { panic!("three scales") };
        let mut sum = numbers::<i8>(name, "a");
        ScaledSum::of([parts(a), parts(b)], parts(y)).add(&numbers::<i8>(name, "b"), &mut sum);
        assert_eq!(sum, numbers::<i8>(name, "y"), "{name}");
    }
}

#[test]
fn other_scales() {
    for name in ["rescale_0.031", "rescale_0.9", "rescale_0.0031"] {
        let [x, y] = quantizations(name, "quantizations")[..] else { panic!("two scales") };
        let rescale = Rescale::of(parts(x), parts(y));
        let all: Vec<i8> = (-128..=127).map(|x| rescale.apply(x)).collect();
        assert_eq!(all, numbers::<i8>(name, "y"), "{name}");
    }
}

#[test]
fn numbers_become_integers_and_back() {
    let [q] = quantizations("conversions", "quantization")[..] else { panic!("one scale") };
    let integers: Vec<i8> = numbers::<f32>("conversions", "x").iter().map(|&x| q.quantize(x)).collect();
    assert_eq!(integers, numbers::<i8>("conversions", "y"));
    let back: Vec<f32> = (-128..=127).map(|x| q.dequantize(x)).collect();
    assert_eq!(back, numbers::<f32>("conversions", "back"));
}

/// Returns the largest difference, in steps of the output, to the table of an activation.
fn table<A: Activation + Parameters>(name: &str) -> i32 {
    let [x, y] = quantizations(name, "quantizations")[..] else { panic!("two scales") };
    let end = |integer: i8| y.dequantize(integer);
    let (range, mut table) = (Interval { low: end(-128), high: end(127) }, [0; 256]);
    let output = quantize_activation::<A>(x, range, &mut table).unwrap();
    assert_eq!(output.zero_point, y.zero_point);
    assert!((output.scale / y.scale - 1.0).abs() < 1e-6);
    largest_difference(&table, &numbers(name, "y"))
}

fn largest_difference(a: &[i8], b: &[i8]) -> i32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| (i32::from(a) - i32::from(b)).abs()).max().unwrap()
}

/// TensorFlow Lite has tables of these too.
#[test]
fn tables_of_activations() {
    assert_eq!(table::<Sigmoid>("logistic"), 0);
    assert_eq!(table::<Sigmoid>("logistic_wide"), 0);
    assert_eq!(table::<Tanh>("tanh"), 0);
    assert_eq!(table::<Tanh>("tanh_wide"), 0);
    assert_eq!(table::<Gelu>("gelu"), 0);
}

/// It computes these with integers of few digits; a table is rounded once.
#[test]
fn activations_that_differ_by_one() {
    assert!(table::<LeakyRelu<1, 8>>("leaky_relu") <= 1);
    assert!(table::<HardSwish>("hard_swish") <= 1);
}

/// Its exponentials have fewer digits.
#[test]
fn softmax_differs_by_one() {
    let rows = |name: &str, width: usize, row: &dyn Fn(&[i8], &mut [i8])| {
        let x = numbers::<i8>(name, "x");
        let mut y = vec![0; x.len()];
        x.chunks(width).zip(y.chunks_mut(width)).for_each(|(x, y)| row(x, y));
        let difference = largest_difference(&y, &numbers(name, "y"));
        assert!(difference <= 1, "{name}: {difference}");
    };
    let scale = |name: &str| f64::from(quantizations(name, "quantizations")[0].scale);
    for (name, width) in [("softmax", 10), ("softmax_narrow", 3)] {
        let softmax = Int8Softmax::of(scale(name));
        rows(name, width, &|x, y| softmax.row(x, y));
    }
    let log_softmax = Int8LogSoftmax::of(scale("log_softmax"));
    rows("log_softmax", 10, &|x, y| log_softmax.row(x, y));
}
