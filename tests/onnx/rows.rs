//! The rows of ONNX's cases: made by make.py, which README.md describes.

use super::{compare_loss, run};
use crate::data::Cases;
use chainrule::prelude::*;

/// The cases below: those that can be expressed.
pub(crate) const CASES: usize = 176;

macro_rules! layer {
    ($cases:ident, $case:literal, $layer:ty, $input:ty, $parts:expr, $parameters:expr, $output:expr, $tolerance:expr) => {
        run::<$layer, $input>($cases, $case, false, [&$parts, &$parameters], $output, $tolerance);
    };
}

/// A layer in training mode.
macro_rules! training {
    ($cases:ident, $case:literal, $layer:ty, $input:ty, $parts:expr, $parameters:expr, $output:expr, $tolerance:expr) => {
        run::<$layer, $input>($cases, $case, true, [&$parts, &$parameters], $output, $tolerance);
    };
}

macro_rules! loss {
    (
        $cases:ident, $case:literal, $loss:expr, $input:ty, $target:ty, $sources:expr, $ignored:expr, $reduction:expr, $output:expr, $tolerance:expr
    ) => {
        compare_loss::<$input, $target, _, _>(
            $cases,
            $case,
            $loss,
            $sources,
            $ignored,
            ($reduction, $output),
            $tolerance,
        );
    };
}

#[rustfmt::skip]
pub(crate) fn run_all(cases: &mut Cases) {
    layer!(cases, "test_add", Sum, Pair<Sequence<4, 5>, Sequence<4, 5>>, ["x", "y"], [], "sum", [0.001, 1e-07]);
    layer!(cases, "test_averagepool_2d_precomputed_pads_count_include_pad", AvgPool2d<5, 1, 2>, Image<1, 5, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_averagepool_2d_precomputed_strides", AvgPool2d<2, 2, 0>, Image<1, 5, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_averagepool_1d_default", AvgPool1d<2, 1, 0>, Sequence<32, 3>, ["x(0, 2, 1)"], [], "y(0, 2, 1)", [0.001, 1e-07]);
    layer!(cases, "test_averagepool_2d_default", AvgPool2d<2, 1, 0>, Image<3, 32, 32>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_averagepool_2d_strides", AvgPool2d<5, 3, 0>, Image<3, 32, 32>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_batchnorm_example", BatchNorm<3>, Image<3, 4, 5>, ["x"], ["gain = s", "bias = bias", "running_mean = mean", "running_variance = var"], "y", [0.001, 1e-07]);
    layer!(cases, "test_batchnorm_epsilon", BatchNorm<3, f32, Epsilon<1, 100>>, Image<3, 4, 5>, ["x"], ["gain = s", "bias = bias", "running_mean = mean", "running_variance = var"], "y", [0.001, 1e-07]);
    training!(cases, "test_batchnorm_example_training_mode", BatchNorm<3>, Image<3, 4, 5>, ["x"], ["gain = s", "bias = bias", "running_mean = mean", "running_variance = var"], "y", [0.001, 1e-07]);
    training!(cases, "test_batchnorm_epsilon_training_mode", BatchNorm<3, f32, Epsilon<1, 100>>, Image<3, 4, 5>, ["x"], ["gain = s", "bias = bias", "running_mean = mean", "running_variance = var"], "y", [0.001, 1e-07]);
    layer!(cases, "test_clip_example", HardTanh, Vector<3>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_clip", HardTanh, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_concat_1d_axis_0", Join, Pair<Vector<2>, Vector<2>>, ["value0", "value1"], [], "output", [0.001, 1e-07]);
    layer!(cases, "test_concat_1d_axis_negative_1", Join, Pair<Vector<2>, Vector<2>>, ["value0", "value1"], [], "output", [0.001, 1e-07]);
    layer!(cases, "test_concat_2d_axis_0", Join, Pair<Vector<2>, Vector<2>>, ["value0(1, 0)", "value1(1, 0)"], [], "output(1, 0)", [0.001, 1e-07]);
    layer!(cases, "test_concat_2d_axis_1", Join, Pair<Vector<2>, Vector<2>>, ["value0", "value1"], [], "output", [0.001, 1e-07]);
    layer!(cases, "test_concat_2d_axis_negative_2", Join, Pair<Vector<2>, Vector<2>>, ["value0(1, 0)", "value1(1, 0)"], [], "output(1, 0)", [0.001, 1e-07]);
    layer!(cases, "test_concat_2d_axis_negative_1", Join, Pair<Vector<2>, Vector<2>>, ["value0", "value1"], [], "output", [0.001, 1e-07]);
    layer!(cases, "test_concat_3d_axis_0", Join, Pair<Vector<2>, Vector<2>>, ["value0(1, 2, 0)", "value1(1, 2, 0)"], [], "output(1, 2, 0)", [0.001, 1e-07]);
    layer!(cases, "test_concat_3d_axis_1", Join, Pair<Vector<2>, Vector<2>>, ["value0(0, 2, 1)", "value1(0, 2, 1)"], [], "output(0, 2, 1)", [0.001, 1e-07]);
    layer!(cases, "test_concat_3d_axis_2", Join, Pair<Vector<2>, Vector<2>>, ["value0", "value1"], [], "output", [0.001, 1e-07]);
    layer!(cases, "test_concat_3d_axis_negative_3", Join, Pair<Vector<2>, Vector<2>>, ["value0(1, 2, 0)", "value1(1, 2, 0)"], [], "output(1, 2, 0)", [0.001, 1e-07]);
    layer!(cases, "test_concat_3d_axis_negative_2", Join, Pair<Vector<2>, Vector<2>>, ["value0(0, 2, 1)", "value1(0, 2, 1)"], [], "output(0, 2, 1)", [0.001, 1e-07]);
    layer!(cases, "test_concat_3d_axis_negative_1", Join, Pair<Vector<2>, Vector<2>>, ["value0", "value1"], [], "output", [0.001, 1e-07]);
    layer!(cases, "test_basic_conv_with_padding", Conv2d<1, 1, 3, 1, 1, f32, NoBias>, Image<1, 5, 5>, ["x"], ["weight = W"], "y", [0.001, 1e-07]);
    layer!(cases, "test_basic_conv_without_padding", Conv2d<1, 1, 3, 1, 0, f32, NoBias>, Image<1, 5, 5>, ["x"], ["weight = W"], "y", [0.001, 1e-07]);
    layer!(cases, "test_conv_with_strides_padding", Conv2d<1, 1, 3, 2, 1, f32, NoBias>, Image<1, 7, 5>, ["x"], ["weight = W"], "y", [0.001, 1e-07]);
    layer!(cases, "test_conv_with_strides_no_padding", Conv2d<1, 1, 3, 2, 0, f32, NoBias>, Image<1, 7, 5>, ["x"], ["weight = W"], "y", [0.001, 1e-07]);
    layer!(cases, "test_conv_with_autopad_same", Conv2d<1, 1, 3, 2, 1, f32, NoBias>, Image<1, 5, 5>, ["x"], ["weight = W"], "y", [0.001, 1e-07]);
    layer!(cases, "test_convtranspose", TransposedConv2d<1, 2, 3, 1, 0, f32, NoBias>, Image<1, 3, 3>, ["X"], ["weight = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_dropout_default", Dropout<50>, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_dropout_default_ratio", Dropout<10>, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_dropout_default_mask", Dropout<50>, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_dropout_default_mask_ratio", Dropout<10>, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    training!(cases, "test_training_dropout_zero_ratio", Dropout<0>, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    training!(cases, "test_training_dropout_zero_ratio_mask", Dropout<0>, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_dropout_default_old", Dropout<50>, Vector<3>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_dropout_random_old", Dropout<20>, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_elu_example", Elu<2, 1>, Vector<3>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_elu", Elu<2, 1>, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_elu_default", Elu, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_flatten_axis0", Flatten, Image<6, 4, 5>, ["a"], [], "b", [0.001, 1e-07]);
    layer!(cases, "test_flatten_axis1", Flatten, Image<3, 4, 5>, ["a"], [], "b", [0.001, 1e-07]);
    layer!(cases, "test_flatten_axis2", Flatten, Sequence<5, 4>, ["a(0, 1, 3, 2)"], [], "b", [0.001, 1e-07]);
    layer!(cases, "test_flatten_axis3", Flatten, Vector<5>, ["a"], [], "b", [0.001, 1e-07]);
    layer!(cases, "test_flatten_default_axis", Flatten, Image<4, 3, 2>, ["a"], [], "b", [0.001, 1e-07]);
    layer!(cases, "test_flatten_negative_axis4", Flatten, Image<6, 4, 5>, ["a"], [], "b", [0.001, 1e-07]);
    layer!(cases, "test_flatten_negative_axis3", Flatten, Image<3, 4, 5>, ["a"], [], "b", [0.001, 1e-07]);
    layer!(cases, "test_flatten_negative_axis2", Flatten, Sequence<5, 4>, ["a(0, 1, 3, 2)"], [], "b", [0.001, 1e-07]);
    layer!(cases, "test_flatten_negative_axis1", Flatten, Vector<5>, ["a"], [], "b", [0.001, 1e-07]);
    layer!(cases, "test_gelu_tanh_1", GeluTanh, Vector<3>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_gelu_tanh_2", GeluTanh, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_gelu_default_1", Gelu, Vector<3>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_gelu_default_2", Gelu, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_gemm_default_zero_bias", Linear<5, 4>, Vector<5>, ["a"], ["weight = b", "bias = c"], "y", [0.001, 1e-07]);
    layer!(cases, "test_gemm_default_no_bias", Linear<10, 3, f32, NoBias>, Vector<10>, ["a"], ["weight = b"], "y", [0.001, 1e-07]);
    layer!(cases, "test_gemm_default_scalar_bias", Linear<3, 4>, Vector<3>, ["a"], ["weight = b", "bias = c"], "y", [0.001, 1e-07]);
    layer!(cases, "test_gemm_default_single_elem_vector_bias", Linear<7, 3>, Vector<7>, ["a"], ["weight = b", "bias = c"], "y", [0.001, 1e-07]);
    layer!(cases, "test_gemm_default_vector_bias", Linear<7, 4>, Vector<7>, ["a"], ["weight = b", "bias = c"], "y", [0.001, 1e-07]);
    layer!(cases, "test_gemm_default_matrix_bias", (Parallel<Linear<6, 4, f32, NoBias>, Identity>, Sum), Pair<Vector<6>, Vector<4>>, ["a", "c"], ["0.first.weight = b"], "y", [0.001, 1e-07]);
    layer!(cases, "test_gemm_transposeA", Linear<6, 4>, Vector<6>, ["a(1, 0)"], ["weight = b", "bias = c"], "y", [0.001, 1e-07]);
    layer!(cases, "test_gemm_transposeB", Linear<6, 4>, Vector<6>, ["a"], ["weight = b(1, 0)", "bias = c"], "y", [0.001, 1e-07]);
    layer!(cases, "test_globalaveragepool", GlobalAvgPool, Image<3, 5, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_globalaveragepool_precomputed", GlobalAvgPool, Image<1, 3, 3>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_group_normalization_example", GroupNorm<2, 4>, Image<4, 2, 2>, ["x"], ["gain = scale", "bias = bias"], "y", [0.001, 1e-07]);
    layer!(cases, "test_group_normalization_epsilon", GroupNorm<2, 4, f32, Epsilon<1, 100>>, Image<4, 2, 2>, ["x"], ["gain = scale", "bias = bias"], "y", [0.001, 1e-07]);
    layer!(cases, "test_identity", Identity, Image<1, 2, 2>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_instancenorm_example", GroupNorm<2, 2>, Image<2, 1, 3>, ["x"], ["gain = s", "bias = bias"], "y", [0.001, 1e-07]);
    layer!(cases, "test_instancenorm_epsilon", GroupNorm<3, 3, f32, Epsilon<1, 100>>, Image<3, 4, 5>, ["x"], ["gain = s", "bias = bias"], "y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_4d_axis0", LayerNorm<Vector<120>>, Vector<120>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_4d_axis_negative_4", LayerNorm<Vector<120>>, Vector<120>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_4d_axis1", LayerNorm<Image<3, 4, 5>>, Image<3, 4, 5>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_4d_axis_negative_3", LayerNorm<Image<3, 4, 5>>, Image<3, 4, 5>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_4d_axis2", LayerNorm<Sequence<4, 5>>, Sequence<4, 5>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_4d_axis_negative_2", LayerNorm<Sequence<4, 5>>, Sequence<4, 5>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_4d_axis3", LayerNorm<Vector<5>>, Vector<5>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_4d_axis_negative_1", LayerNorm<Vector<5>>, Vector<5>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_default_axis", LayerNorm<Vector<5>>, Vector<5>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_2d_axis0", LayerNorm<Sequence<3, 4>>, Sequence<3, 4>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_2d_axis_negative_2", LayerNorm<Sequence<3, 4>>, Sequence<3, 4>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_2d_axis1", LayerNorm<Vector<4>>, Vector<4>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_2d_axis_negative_1", LayerNorm<Vector<4>>, Vector<4>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_3d_axis0_epsilon", LayerNorm<Image<2, 3, 5>, Epsilon<1, 10>>, Image<2, 3, 5>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_3d_axis_negative_3_epsilon", LayerNorm<Image<2, 3, 5>, Epsilon<1, 10>>, Image<2, 3, 5>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_3d_axis1_epsilon", LayerNorm<Sequence<3, 5>, Epsilon<1, 10>>, Sequence<3, 5>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_3d_axis_negative_2_epsilon", LayerNorm<Sequence<3, 5>, Epsilon<1, 10>>, Sequence<3, 5>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_3d_axis2_epsilon", LayerNorm<Vector<5>, Epsilon<1, 10>>, Vector<5>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_layer_normalization_3d_axis_negative_1_epsilon", LayerNorm<Vector<5>, Epsilon<1, 10>>, Vector<5>, ["X"], ["gain = W", "bias = B"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_leakyrelu_example", LeakyRelu<1, 10>, Vector<3>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_leakyrelu", LeakyRelu<1, 10>, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_leakyrelu_default", LeakyRelu, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_logsoftmax_example_1", LogSoftmax, Vector<3>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_logsoftmax_large_number", LogSoftmax, Vector<4>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_logsoftmax_axis_0", LogSoftmax, Sequence<5, 3>, ["x(1, 2, 0)"], [], "y(1, 2, 0)", [0.001, 1e-07]);
    layer!(cases, "test_logsoftmax_axis_1", LogSoftmax, Sequence<5, 4>, ["x(0, 2, 1)"], [], "y(0, 2, 1)", [0.001, 1e-07]);
    layer!(cases, "test_logsoftmax_axis_2", LogSoftmax, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_logsoftmax_negative_axis", LogSoftmax, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_logsoftmax_default_axis", LogSoftmax, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_matmul_2d", Linear<4, 3, f32, NoBias>, Vector<4>, ["a"], ["weight = b"], "c", [0.001, 1e-07]);
    layer!(cases, "test_matmul_1d_3d", Linear<4, 1, f32, NoBias>, Vector<4>, ["b(0, 2, 1)"], ["weight = a"], "c", [0.001, 1e-07]);
    layer!(cases, "test_matmul_4d_1d", Linear<3, 1, f32, NoBias>, Vector<3>, ["a"], ["weight = b"], "c", [0.001, 1e-07]);
    layer!(cases, "test_matmul_1d_1d", Linear<3, 1, f32, NoBias>, Vector<3>, ["a"], ["weight = b"], "c", [0.001, 1e-07]);
    layer!(cases, "test_maxpool_2d_precomputed_pads", MaxPool2d<5, 1, 2>, Image<1, 5, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_maxpool_with_argmax_2d_precomputed_pads", MaxPool2d<5, 1, 2>, Image<1, 5, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_maxpool_2d_precomputed_strides", MaxPool2d<2, 2, 0>, Image<1, 5, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_maxpool_with_argmax_2d_precomputed_strides", MaxPool2d<2, 2, 0>, Image<1, 5, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_maxpool_2d_precomputed_same_upper", MaxPool2d<3, 2, 1>, Image<1, 5, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_maxpool_1d_default", MaxPool1d<2, 1, 0>, Sequence<32, 3>, ["x(0, 2, 1)"], [], "y(0, 2, 1)", [0.001, 1e-07]);
    layer!(cases, "test_maxpool_2d_default", MaxPool2d<2, 1, 0>, Image<3, 32, 32>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_maxpool_2d_strides", MaxPool2d<5, 3, 0>, Image<3, 32, 32>, ["x"], [], "y", [0.001, 1e-07]);
    training!(cases, "test_mvn", BatchNorm<3, f32, Epsilon<1, 1_000_000_000>, NoAffine>, Image<3, 3, 1>, ["X"], ["running_mean = 0", "running_variance = 1"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_mish", Mish, Vector<10000>, ["X"], [], "Y", [0.001, 1e-07]);
    layer!(cases, "test_relu", Relu, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_reshape_reordered_all_dims", Reshape<Image<4, 2, 3>>, Image<2, 3, 4>, ["data"], [], "reshaped", [0.001, 1e-07]);
    layer!(cases, "test_reshape_reordered_last_dims", Reshape<Sequence<4, 3>>, Sequence<3, 4>, ["data"], [], "reshaped", [0.001, 1e-07]);
    layer!(cases, "test_reshape_reduced_dims", Reshape<Vector<12>>, Sequence<4, 3>, ["data(0, 2, 1)"], [], "reshaped", [0.001, 1e-07]);
    layer!(cases, "test_reshape_extended_dims", Reshape<Image<3, 2, 2>>, Sequence<4, 3>, ["data(0, 2, 1)"], [], "reshaped", [0.001, 1e-07]);
    layer!(cases, "test_reshape_one_dim", Reshape<Vector<24>>, Image<2, 3, 4>, ["data"], [], "reshaped", [0.001, 1e-07]);
    layer!(cases, "test_reshape_negative_dim", Reshape<Sequence<6, 2>>, Sequence<3, 4>, ["data"], [], "reshaped", [0.001, 1e-07]);
    layer!(cases, "test_reshape_negative_extended_dims", Reshape<Image<2, 3, 4>>, Image<2, 3, 4>, ["data"], [], "reshaped", [0.001, 1e-07]);
    layer!(cases, "test_reshape_zero_dim", Reshape<Image<3, 4, 1>>, Sequence<4, 3>, ["data(0, 2, 1)"], [], "reshaped", [0.001, 1e-07]);
    layer!(cases, "test_reshape_zero_and_negative_dim", Reshape<Image<3, 1, 4>>, Sequence<4, 3>, ["data(0, 2, 1)"], [], "reshaped", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_4d_axis0", RmsNorm<Vector<120>, Epsilon<1, 100000>>, Vector<120>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_4d_axis_negative_4", RmsNorm<Vector<120>, Epsilon<1, 100000>>, Vector<120>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_4d_axis1", RmsNorm<Image<3, 4, 5>, Epsilon<1, 100000>>, Image<3, 4, 5>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_4d_axis_negative_3", RmsNorm<Image<3, 4, 5>, Epsilon<1, 100000>>, Image<3, 4, 5>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_4d_axis2", RmsNorm<Sequence<4, 5>, Epsilon<1, 100000>>, Sequence<4, 5>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_4d_axis_negative_2", RmsNorm<Sequence<4, 5>, Epsilon<1, 100000>>, Sequence<4, 5>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_4d_axis3", RmsNorm<Vector<5>, Epsilon<1, 100000>>, Vector<5>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_4d_axis_negative_1", RmsNorm<Vector<5>, Epsilon<1, 100000>>, Vector<5>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_default_axis", RmsNorm<Vector<5>, Epsilon<1, 100000>>, Vector<5>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_2d_axis0", RmsNorm<Sequence<3, 4>, Epsilon<1, 100000>>, Sequence<3, 4>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_2d_axis_negative_2", RmsNorm<Sequence<3, 4>, Epsilon<1, 100000>>, Sequence<3, 4>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_2d_axis1", RmsNorm<Vector<4>, Epsilon<1, 100000>>, Vector<4>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_2d_axis_negative_1", RmsNorm<Vector<4>, Epsilon<1, 100000>>, Vector<4>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_3d_axis0_epsilon", RmsNorm<Image<2, 3, 5>, Epsilon<1, 10>>, Image<2, 3, 5>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_3d_axis_negative_3_epsilon", RmsNorm<Image<2, 3, 5>, Epsilon<1, 10>>, Image<2, 3, 5>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_3d_axis1_epsilon", RmsNorm<Sequence<3, 5>, Epsilon<1, 10>>, Sequence<3, 5>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_3d_axis_negative_2_epsilon", RmsNorm<Sequence<3, 5>, Epsilon<1, 10>>, Sequence<3, 5>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_3d_axis2_epsilon", RmsNorm<Vector<5>, Epsilon<1, 10>>, Vector<5>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_rms_normalization_3d_axis_negative_1_epsilon", RmsNorm<Vector<5>, Epsilon<1, 10>>, Vector<5>, ["X"], ["gain = W"], "Y", [0.001, 1e-07]);
    layer!(cases, "test_selu_default", Selu, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_sigmoid_example", Sigmoid, Vector<3>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_sigmoid", Sigmoid, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_softmax_example", Softmax, Vector<3>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_softmax_large_number", Softmax, Vector<4>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_softmax_axis_0", Softmax, Sequence<5, 3>, ["x(1, 2, 0)"], [], "y(1, 2, 0)", [0.001, 1e-07]);
    layer!(cases, "test_softmax_axis_1", Softmax, Sequence<5, 4>, ["x(0, 2, 1)"], [], "y(0, 2, 1)", [0.001, 1e-07]);
    layer!(cases, "test_softmax_axis_2", Softmax, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_softmax_negative_axis", Softmax, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_softmax_default_axis", Softmax, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    loss!(cases, "test_sce_none", |_| CrossEntropy::default(), Vector<5>, Label<5>, ["x", "y"], None, "none", "z", [0.001, 1e-07]);
    loss!(cases, "test_sce_none_log_prob", |_| CrossEntropy::default(), Vector<5>, Label<5>, ["x", "y"], None, "none", "z", [0.001, 1e-07]);
    layer!(cases, "test_sce_none_log_prob", LogSoftmax, Vector<5>, ["x"], [], "log_prob", [0.001, 1e-07]);
    loss!(cases, "test_sce_sum", |_| CrossEntropy::default(), Vector<5>, Label<5>, ["x", "y"], None, "sum", "z", [0.001, 1e-07]);
    loss!(cases, "test_sce_sum_log_prob", |_| CrossEntropy::default(), Vector<5>, Label<5>, ["x", "y"], None, "sum", "z", [0.001, 1e-07]);
    layer!(cases, "test_sce_sum_log_prob", LogSoftmax, Vector<5>, ["x"], [], "log_prob", [0.001, 1e-07]);
    loss!(cases, "test_sce_mean", |_| CrossEntropy::default(), Vector<5>, Label<5>, ["x", "y"], None, "mean", "z", [0.001, 1e-07]);
    loss!(cases, "test_sce_mean_log_prob", |_| CrossEntropy::default(), Vector<5>, Label<5>, ["x", "y"], None, "mean", "z", [0.001, 1e-07]);
    layer!(cases, "test_sce_mean_log_prob", LogSoftmax, Vector<5>, ["x"], [], "log_prob", [0.001, 1e-07]);
    loss!(cases, "test_sce_mean_3d", |_| CrossEntropy::default(), Vector<5>, Label<5>, ["x(0, 2, 1)", "y"], None, "mean", "z", [0.001, 1e-07]);
    loss!(cases, "test_sce_mean_3d_log_prob", |_| CrossEntropy::default(), Vector<5>, Label<5>, ["x(0, 2, 1)", "y"], None, "mean", "z", [0.001, 1e-07]);
    layer!(cases, "test_sce_mean_3d_log_prob", LogSoftmax, Vector<5>, ["x(0, 2, 1)"], [], "log_prob(0, 2, 1)", [0.001, 1e-07]);
    loss!(cases, "test_sce_NCd1d2d3d4d5_none_no_weight", |_| CrossEntropy::default(), Vector<5>, Label<5>, ["x(0, 2, 3, 4, 5, 6, 1)", "y"], None, "none", "z", [0.001, 1e-07]);
    loss!(cases, "test_sce_NCd1d2d3d4d5_none_no_weight_log_prob", |_| CrossEntropy::default(), Vector<5>, Label<5>, ["x(0, 2, 3, 4, 5, 6, 1)", "y"], None, "none", "z", [0.001, 1e-07]);
    layer!(cases, "test_sce_NCd1d2d3d4d5_none_no_weight_log_prob", LogSoftmax, Vector<5>, ["x(0, 2, 3, 4, 5, 6, 1)"], [], "log_prob(0, 2, 3, 4, 5, 6, 1)", [0.001, 1e-07]);
    layer!(cases, "test_softplus_example", Softplus, Vector<3>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_softplus", Softplus, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_softsign_example", Softsign, Vector<3>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_softsign", Softsign, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_squeeze", Reshape<Image<3, 4, 5>>, Image<3, 4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_squeeze_negative_axes", Reshape<Sequence<5, 3>>, Image<3, 1, 5>, ["x"], [], "y(0, 2, 1)", [0.001, 1e-07]);
    layer!(cases, "test_sum_example", (Parallel<Sum, Identity>, Sum), Pair<Pair<Vector<3>, Vector<3>>, Vector<3>>, ["data_0", "data_1", "data_2"], [], "result", [0.001, 1e-07]);
    layer!(cases, "test_sum_one_input", Identity, Vector<3>, ["data_0"], [], "result", [0.001, 1e-07]);
    layer!(cases, "test_sum_two_inputs", Sum, Pair<Vector<3>, Vector<3>>, ["data_0", "data_1"], [], "result", [0.001, 1e-07]);
    layer!(cases, "test_swish", Silu, Vector<3>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_tanh_example", Tanh, Vector<3>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_tanh", Tanh, Sequence<4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_unsqueeze_axis_0", Reshape<Image<3, 4, 5>>, Image<3, 4, 5>, ["x"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_unsqueeze_axis_1", Reshape<Image<1, 4, 5>>, Sequence<5, 4>, ["x(0, 2, 1)"], [], "y", [0.001, 1e-07]);
    layer!(cases, "test_unsqueeze_axis_2", Reshape<Image<4, 1, 5>>, Sequence<5, 4>, ["x(0, 2, 1)"], [], "y", [0.001, 1e-07]);
}
