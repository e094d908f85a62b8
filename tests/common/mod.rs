//! The lists of the shared tests: all layers, all combinators, and composed networks.
//!
//! A row is `file, name: Layer, Input`; the test that uses a list says what `T` is and what becomes of a row. A layer
//! that is in no row fails `tests/layers/list.rs`.
#![allow(unused_macros, unused_imports, dead_code)]

use chainrule::layer::{BackwardHook, View};
use chainrule::parameters::AsNetwork;
use chainrule::prelude::*;

/// Every layer of `src/layer`, by the file it lives in (a folder's files as `folder/file`).
macro_rules! every_layer {
    ($case:ident) => {
        $case!("dense", linear: Linear<3, 4, T>, Vector<3, T>);
        $case!("dense", linear_without_bias: Linear<3, 4, T, NoBias>, Vector<3, T>);
        $case!("dense", gate_linear: GateLinear<3, -2, T>, Vector<3, T>);
        $case!("dense", dense_from_image: Dense<Image<2, 3, 2, T>, Vector<5, T>>, Image<2, 3, 2, T>);
        $case!("dense", dense_to_sequence: Dense<Vector<3, T>, Sequence<2, 4, T>>, Vector<3, T>);
        $case!("convolution/conv2d", conv2d: Conv2d<2, 3, 3, 1, 0, T>, Image<2, 5, 4, T>);
        $case!("convolution/conv2d", conv2d_padded: Conv2d<2, 3, 3, 1, 1, T>, Image<2, 4, 3, T>);
        $case!("convolution/conv2d", conv2d_strided: Conv2d<1, 2, 3, 2, 2, T, NoBias>, Image<1, 6, 5, T>);
        $case!("convolution/conv2d", conv2d_of_pixels: Conv2d<3, 2, 1, 2, 0, T>, Image<3, 3, 4, T>);
        $case!("convolution/depthwise", depthwise: DepthwiseConv2d<2, 3, 1, 0, T>, Image<2, 5, 4, T>);
        $case!("convolution/depthwise", depthwise_padded: DepthwiseConv2d<3, 3, 2, 1, T>, Image<3, 4, 3, T>);
        $case!("convolution/depthwise", depthwise_without_bias: DepthwiseConv2d<2, 2, 3, 3, T, NoBias>, Image<2, 3, 4, T>);
        $case!("convolution/transposed2d", transposed: TransposedConv2d<2, 3, 3, 1, 0, T>, Image<2, 3, 4, T>);
        $case!("convolution/transposed2d", transposed_padded: TransposedConv2d<3, 2, 3, 2, 1, T>, Image<3, 3, 2, T>);
        $case!("convolution/transposed2d", transposed_with_gaps: TransposedConv2d<1, 2, 2, 3, 2, T, NoBias>, Image<1, 3, 4, T>);
        $case!("convolution/conv1d", conv1d: Conv1d<2, 3, 3, 1, 0, T>, Sequence<6, 2, T>);
        $case!("convolution/conv1d", conv1d_padded: Conv1d<2, 3, 5, 1, 2, T>, Sequence<4, 2, T>);
        $case!("convolution/conv1d", conv1d_strided: Conv1d<3, 2, 2, 3, 4, T, NoBias>, Sequence<9, 3, T>);
        $case!("convolution/conv2d_with", conv2d_with_sides: Conv2dWith<2, 3, (Kernel<3, 2>, Stride<2, 1>, Padding<1, 0>), T>, Image<2, 5, 4, T>);
        $case!("convolution/conv2d_with", conv2d_with_dilation: Conv2dWith<2, 3, (Dilation<2>, Kernel<2, 3>, Padding<1, 2>), T>, Image<2, 5, 4, T>);
        $case!("convolution/conv2d_with", conv2d_with_rows_dilated: Conv2dWith<1, 2, (Kernel<3>, Dilation<4, 1>, Stride<6, 2>, Padding<5, 1>), T>, Image<1, 9, 5, T>);
        $case!("convolution/conv2d_with", conv2d_with_groups: Conv2dWith<4, 6, (Kernel<3>, Groups<2>, Padding<1>), T>, Image<4, 4, 3, T>);
        $case!("convolution/conv2d_with", conv2d_with_multiplier: Conv2dWith<2, 6, (Kernel<3>, Groups<2>, Stride<2>), T, NoBias>, Image<2, 5, 7, T>);
        $case!("convolution/conv2d_with", conv2d_with_same: Conv2dWith<2, 3, (Kernel<4, 3>, Dilation<1, 2>, Same), T>, Image<2, 5, 4, T>);
        $case!("convolution/conv2d_with", conv2d_with_same_strided: Conv2dWith<1, 2, (Kernel<3, 4>, Stride<2, 3>, Same), T>, Image<1, 6, 5, T>);
        $case!("convolution/conv2d_with", conv2d_with_same_lower: Conv2dWith<1, 2, (Kernel<3, 4>, Stride<2, 3>, SameLower), T>, Image<1, 6, 5, T>);
        $case!("convolution/conv2d_with", conv2d_with_ends: Conv2dWith<2, 3, (Kernel<3>, Stride<2>, PaddingEnds<1, 2, 0, 3>), T>, Image<2, 5, 4, T>);
        $case!("convolution/conv2d_with", conv2d_with_all: Conv2dWith<4, 2, (Groups<2>, Dilation<2, 1>, PaddingEnds<1, 2, 2, 0>, Stride<2, 3>, Kernel<3, 2>), T, NoBias>, Image<4, 5, 6, T>);
        $case!("convolution/transposed2d_with", transposed_with_sides: TransposedConv2dWith<2, 3, (Kernel<3, 2>, Stride<1, 3>, Padding<1, 0>), T>, Image<2, 3, 4, T>);
        $case!("convolution/transposed2d_with", transposed_with_output_padding: TransposedConv2dWith<3, 2, (Kernel<3>, Stride<2>, Padding<1>, OutputPadding<1, 0>), T>, Image<3, 3, 2, T>);
        $case!("convolution/transposed2d_with", transposed_with_dilation: TransposedConv2dWith<2, 3, (Kernel<2, 3>, Stride<4, 2>, Dilation<6, 3>, Padding<2, 3>, OutputPadding<5, 2>), T>, Image<2, 3, 4, T>);
        $case!("convolution/transposed2d_with", transposed_with_groups: TransposedConv2dWith<4, 6, (Kernel<3>, Groups<2>, Stride<2>), T>, Image<4, 2, 3, T>);
        $case!("convolution/transposed2d_with", transposed_with_depthwise: TransposedConv2dWith<3, 3, (Kernel<2, 3>, Groups<3>, Padding<1>, Dilation<2, 1>), T, NoBias>, Image<3, 3, 4, T>);
        $case!("convolution/transposed2d_with", transposed_with_same: TransposedConv2dWith<2, 1, (Kernel<3, 2>, Stride<2, 3>, Same), T>, Image<2, 3, 2, T>);
        $case!("convolution/transposed2d_with", transposed_with_same_lower: TransposedConv2dWith<1, 2, (Kernel<3, 5>, Stride<2>, SameLower), T>, Image<1, 3, 2, T>);
        $case!("convolution/transposed2d_with", transposed_with_ends: TransposedConv2dWith<1, 2, (Kernel<3>, Stride<2>, PaddingEnds<0, 2, 1, 0>), T>, Image<1, 3, 4, T>);
        $case!("convolution/conv1d_with", conv1d_with_dilation: Conv1dWith<2, 3, (Kernel<3>, Dilation<2>, Padding<1>), T>, Sequence<6, 2, T>);
        $case!("convolution/conv1d_with", conv1d_with_dilation_and_stride: Conv1dWith<2, 3, (Kernel<3>, Dilation<2>, Stride<3>, Padding<4>), T>, Sequence<8, 2, T>);
        $case!("convolution/conv1d_with", conv1d_with_groups: Conv1dWith<4, 6, (Kernel<3>, Groups<2>, Padding<1>), T>, Sequence<5, 4, T>);
        $case!("convolution/conv1d_with", conv1d_with_narrow_groups: Conv1dWith<6, 2, (Kernel<2>, Groups<2>, Stride<2>), T>, Sequence<7, 6, T>);
        $case!("convolution/conv1d_with", conv1d_with_depthwise: Conv1dWith<3, 3, (Kernel<3>, Groups<3>, Dilation<2>, Padding<2>), T, NoBias>, Sequence<5, 3, T>);
        $case!("convolution/conv1d_with", conv1d_with_multiplier: Conv1dWith<2, 6, (Kernel<3>, Groups<2>, Stride<2>, Padding<1>), T>, Sequence<70, 2, T>);
        $case!("convolution/conv1d_with", conv1d_with_same: Conv1dWith<2, 3, (Kernel<4>, Same), T>, Sequence<5, 2, T>);
        $case!("convolution/conv1d_with", conv1d_with_same_lower: Conv1dWith<2, 3, (Kernel<4>, Stride<2>, SameLower), T>, Sequence<5, 2, T>);
        $case!("convolution/conv1d_with", conv1d_with_causal: Conv1dWith<2, 3, (Kernel<3>, Dilation<2>, Causal), T>, Sequence<6, 2, T>);
        $case!("convolution/conv1d_with", conv1d_with_causal_strided: Conv1dWith<2, 3, (Causal, Kernel<3>, Stride<2>), T>, Sequence<6, 2, T>);
        $case!("convolution/conv1d_with", conv1d_with_ends: Conv1dWith<2, 3, (Kernel<3>, Stride<2>, PaddingEnds<0, 3>), T>, Sequence<6, 2, T>);
        $case!("convolution/transposed1d", transposed1d: TransposedConv1d<2, 3, 3, 1, 0, T>, Sequence<4, 2, T>);
        $case!("convolution/transposed1d", transposed1d_padded: TransposedConv1d<3, 2, 3, 2, 1, T>, Sequence<3, 3, T>);
        $case!("convolution/transposed1d", transposed1d_with_gaps: TransposedConv1d<1, 2, 2, 3, 2, T, NoBias>, Sequence<4, 1, T>);
        $case!("convolution/transposed1d_with", transposed1d_with_output_padding: TransposedConv1dWith<2, 3, (Kernel<3>, Stride<2>, Padding<1>, OutputPadding<1>), T>, Sequence<4, 2, T>);
        $case!("convolution/transposed1d_with", transposed1d_with_dilation: TransposedConv1dWith<2, 3, (Kernel<3>, Stride<2>, Dilation<3>, Padding<2>, OutputPadding<2>), T>, Sequence<4, 2, T>);
        $case!("convolution/transposed1d_with", transposed1d_with_groups: TransposedConv1dWith<4, 6, (Kernel<3>, Groups<2>, Stride<2>), T>, Sequence<3, 4, T>);
        $case!("convolution/transposed1d_with", transposed1d_with_depthwise: TransposedConv1dWith<3, 3, (Kernel<3>, Groups<3>, Dilation<2>, Padding<1>), T, NoBias>, Sequence<5, 3, T>);
        $case!("convolution/transposed1d_with", transposed1d_with_causal: TransposedConv1dWith<2, 3, (Kernel<4>, Stride<2>, Causal), T>, Sequence<4, 2, T>);
        $case!("convolution/transposed1d_with", transposed1d_with_same: TransposedConv1dWith<2, 3, (Kernel<5>, Stride<2>, Same), T>, Sequence<4, 2, T>);
        $case!("positions/learned", learned_positions: LearnedPositions<4, 3, T>, Sequence<4, 3, T>);
        $case!("positions/learned", learned_positions_of_fewer_steps: LearnedPositions<7, 2, T>, Sequence<4, 2, T>);
        $case!("positions/sinusoidal", sinusoidal_positions: SinusoidalPositions, Sequence<5, 6, T>);
        $case!("positions/sinusoidal", sinusoidal_positions_of_odd_width: SinusoidalPositions, Sequence<4, 5, T>);
        $case!("identity", identity: Identity, Vector<4, T>);
        $case!("dropout", dropout: Dropout<30>, Vector<12, T>);
        $case!("prelu", prelu: PRelu<T>, Vector<7, T>);
        $case!("activation/sigmoid", sigmoid: Sigmoid, Vector<7, T>);
        $case!("activation/tanh", tanh: Tanh, Vector<7, T>);
        $case!("activation/relu", relu: Relu, Vector<7, T>);
        $case!("activation/relu", leaky_relu: LeakyRelu, Vector<7, T>);
        $case!("activation/relu", leaky_relu_fifth: LeakyRelu<1, 5>, Sequence<3, 2, T>);
        $case!("activation/elu", elu: Elu, Vector<7, T>);
        $case!("activation/elu", elu_half: Elu<1, 2>, Image<1, 2, 3, T>);
        $case!("activation/elu", selu: Selu, Vector<7, T>);
        $case!("activation/gelu", gelu: Gelu, Vector<7, T>);
        $case!("activation/gelu", gelu_tanh: GeluTanh, Vector<7, T>);
        $case!("activation/silu", silu: Silu, Vector<7, T>);
        $case!("activation/silu", mish: Mish, Vector<7, T>);
        $case!("activation/softplus", softplus: Softplus, Vector<7, T>);
        $case!("activation/softplus", softsign: Softsign, Vector<7, T>);
        $case!("activation/clamp", hard_tanh: HardTanh, Vector<7, T>);
        $case!("activation/hard", hard_sigmoid: HardSigmoid, Vector<7, T>);
        $case!("softmax", softmax: Softmax, Vector<7, T>);
        $case!("softmax", softmax_sequence: Softmax, Sequence<3, 4, T>);
        $case!("softmax", log_softmax: LogSoftmax, Vector<7, T>);
        $case!("softmax", log_softmax_sequence: LogSoftmax, Sequence<3, 4, T>);
        $case!("norm/batch_norm", batch_norm: BatchNorm<4, T>, Vector<4, T>);
        $case!("norm/batch_norm", batch_norm_sequence: BatchNorm<4, T>, Sequence<3, 4, T>);
        $case!("norm/batch_norm", batch_norm_image: BatchNorm<2, T>, Image<2, 2, 4, T>);
        $case!("norm/layer_norm", layer_norm: LayerNorm<Vector<7, T>>, Vector<7, T>);
        $case!("norm/layer_norm", layer_norm_sequence: LayerNorm<Vector<4, T>>, Sequence<3, 4, T>);
        $case!("norm/layer_norm", layer_norm_image: LayerNorm<Image<2, 3, 2, T>>, Image<2, 3, 2, T>);
        $case!("norm/rms_norm", rms_norm: RmsNorm<Vector<7, T>, Epsilon<1, 1_000_000>>, Vector<7, T>);
        $case!("norm/rms_norm", rms_norm_sequence: RmsNorm<Vector<4, T>, Epsilon<1, 1_000_000>>, Sequence<3, 4, T>);
        $case!("norm/batch_norm", batch_norm_of_keras: BatchNorm<4, T, (Epsilon<1, 1000>, Momentum<1, 100>)>, Vector<4, T>);
        $case!("norm/batch_norm", batch_norm_without_affine: BatchNorm<2, T, Epsilon, NoAffine>, Image<2, 2, 4, T>);
        $case!("norm/layer_norm", layer_norm_without_bias: LayerNorm<Vector<7, T>, Epsilon<1, 1000>, NoBias>, Vector<7, T>);
        $case!("norm/layer_norm", layer_norm_without_affine: LayerNorm<Vector<4, T>, Epsilon, NoAffine>, Sequence<3, 4, T>);
        $case!("norm/rms_norm", rms_norm_default: RmsNorm<Vector<7, T>>, Vector<7, T>);
        $case!("norm/rms_norm", rms_norm_without_affine: RmsNorm<Vector<7, T>, Epsilon<1, 1_000_000>, NoAffine>, Vector<7, T>);
        $case!("norm/group_norm", group_norm_without_affine: GroupNorm<2, 4, T, Epsilon<1, 100>, NoAffine>, Image<4, 2, 3, T>);
        $case!("norm/group_norm", instance_norm_default: GroupNorm<3, 3, T, Epsilon, NoAffine>, Image<3, 3, 3, T>);
        $case!("norm/group_norm", group_norm: GroupNorm<2, 4, T>, Image<4, 2, 3, T>);
        $case!("norm/group_norm", group_norm_of_one: GroupNorm<1, 3, T>, Image<3, 3, 3, T>);
        $case!("norm/group_norm", instance_norm: GroupNorm<3, 3, T>, Image<3, 3, 3, T>);
        $case!("norm/local_response", local_response_norm: LocalResponseNorm<3>, Image<5, 2, 3, T>);
        $case!("norm/local_response", local_response_norm_of_two: LocalResponseNorm<2, (Alpha<1, 2>, Beta<1, 2>, Offset<2>)>, Image<3, 2, 2, T>);
        $case!("norm/local_response", local_response_norm_of_steps: LocalResponseNorm<5, (Alpha<1>, Beta<3, 4>, Offset<1, 2>)>, Sequence<3, 4, T>);
        // The inputs repeat after 15 numbers, so no window here may hold two that lie 15 apart: a tie has no
        // derivative.
        $case!("pool/max", max_pool_2d: MaxPool2d<2>, Image<2, 5, 4, T>);
        $case!("pool/max", max_pool_2d_overlapping: MaxPool2d<3, 1>, Image<1, 5, 6, T>);
        $case!("pool/max", max_pool_2d_padded: MaxPool2d<3, 2, 1>, Image<2, 5, 4, T>);
        $case!("pool/max", max_pool_1d: MaxPool1d<2>, Sequence<5, 3, T>);
        $case!("pool/max", max_pool_1d_padded: MaxPool1d<3, 2, 1>, Sequence<6, 4, T>);
        $case!("pool/average", avg_pool_2d: AvgPool2d<2>, Image<2, 5, 4, T>);
        $case!("pool/average", avg_pool_2d_padded: AvgPool2d<3, 2, 1>, Image<2, 5, 4, T>);
        $case!("pool/average", avg_pool_1d: AvgPool1d<2>, Sequence<5, 3, T>);
        $case!("pool/average", avg_pool_1d_padded: AvgPool1d<4, 1, 2>, Sequence<6, 2, T>);
        $case!("pool/global", global_avg_pool: GlobalAvgPool, Image<3, 4, 5, T>);
        $case!("pool/global", global_avg_pool_sequence: GlobalAvgPool, Sequence<5, 3, T>);
        $case!("pool/global", global_max_pool: GlobalMaxPool, Image<3, 3, 5, T>);
        $case!("pool/global", global_max_pool_sequence: GlobalMaxPool, Sequence<4, 18, T>);
        $case!("pool/adaptive", adaptive_avg_pool_2d: AdaptiveAvgPool2d<2>, Image<2, 4, 6, T>);
        $case!("pool/adaptive", adaptive_avg_pool_2d_unequal: AdaptiveAvgPool2d<3, 4>, Image<1, 5, 3, T>);
        $case!("pool/adaptive", adaptive_avg_pool_1d: AdaptiveAvgPool1d<3>, Sequence<7, 2, T>);
        $case!("pool/adaptive", adaptive_max_pool_2d: AdaptiveMaxPool2d<2>, Image<2, 4, 6, T>);
        $case!("pool/adaptive", adaptive_max_pool_2d_unequal: AdaptiveMaxPool2d<3, 4>, Image<1, 5, 3, T>);
        $case!("pool/adaptive", adaptive_max_pool_1d: AdaptiveMaxPool1d<3>, Sequence<7, 2, T>);
        $case!("pool/lp", lp_pool_2d: LpPool2d<2, 2>, Image<2, 5, 4, T>);
        $case!("pool/lp", lp_pool_2d_overlapping: LpPool2d<4, 3, 1>, Image<1, 5, 4, T>);
        $case!("pool/lp", lp_pool_2d_of_sums: LpPool2d<1, 2>, Image<1, 4, 4, T>);
        $case!("pool/lp", lp_pool_1d: LpPool1d<3, 2, 1>, Sequence<5, 3, T>);
        $case!("pool/with", max_pool_2d_with: MaxPool2dWith<(Kernel<3, 2>, Stride<2, 1>, Padding<1, 0>, Dilation<1, 2>, CeilMode)>, Image<2, 6, 5, T>);
        $case!("pool/with", max_pool_2d_with_ceil: MaxPool2dWith<(CeilMode, Kernel<2>)>, Image<2, 5, 3, T>);
        $case!("pool/with", max_pool_2d_with_ends: MaxPool2dWith<(Kernel<3, 2>, Stride<1>, PaddingEnds<2, 0, 1, 1>)>, Image<1, 4, 5, T>);
        $case!("pool/with", max_pool_2d_with_same: MaxPool2dWith<(Kernel<2, 3>, Stride<2>, Same)>, Image<1, 5, 4, T>);
        $case!("pool/with", max_pool_1d_with: MaxPool1dWith<(Kernel<3>, Stride<2>, Padding<1>, Dilation<2>, CeilMode)>, Sequence<8, 2, T>);
        $case!("pool/with", max_pool_1d_with_causal: MaxPool1dWith<(Kernel<3>, Stride<1>, Causal)>, Sequence<5, 2, T>);
        $case!("pool/with", avg_pool_2d_with: AvgPool2dWith<(Kernel<3, 2>, Stride<2>, Padding<1>, CeilMode)>, Image<2, 5, 4, T>);
        $case!("pool/with", avg_pool_2d_with_excluded: AvgPool2dWith<(Kernel<3>, Stride<2>, Padding<1>, CeilMode, ExcludePadding)>, Image<1, 6, 5, T>);
        $case!("pool/with", avg_pool_2d_with_same: AvgPool2dWith<(Kernel<2>, Stride<1>, SameLower, ExcludePadding)>, Image<1, 3, 4, T>);
        $case!("pool/with", avg_pool_1d_with: AvgPool1dWith<(Kernel<4>, Stride<3>, Padding<2>, CeilMode)>, Sequence<7, 2, T>);
        $case!("pool/with", avg_pool_1d_with_dilation: AvgPool1dWith<(Kernel<2>, Stride<1>, Dilation<2>)>, Sequence<6, 2, T>);
        $case!("pool/lp_with", lp_pool_2d_with: LpPool2dWith<2, (Kernel<2, 3>, Stride<1, 2>, Padding<1>)>, Image<1, 4, 4, T>);
        $case!("pool/lp_with", lp_pool_1d_with: LpPool1dWith<2, (Kernel<2>, Dilation<3>)>, Sequence<7, 2, T>);
        $case!("resize/upsample", upsample_2d: Upsample2d<2>, Image<2, 3, 2, T>);
        $case!("resize/upsample", upsample_2d_by_three: Upsample2d<3>, Image<1, 2, 3, T>);
        $case!("resize/upsample", upsample_2d_by_two_numbers: Upsample2d<3, 2>, Image<2, 2, 3, T>);
        $case!("resize/upsample", upsample_1d: Upsample1d<3>, Sequence<4, 2, T>);
        $case!("resize/linear", upsample_bilinear: UpsampleBilinear2d<2>, Image<2, 3, 4, T>);
        $case!("resize/linear", upsample_bilinear_unequal: UpsampleBilinear2d<3, 2>, Image<1, 2, 3, T>);
        $case!("resize/linear", upsample_bilinear_aligned: UpsampleBilinear2d<2, 3, AlignCorners>, Image<1, 3, 4, T>);
        $case!("resize/linear", upsample_linear: UpsampleLinear1d<2>, Sequence<4, 2, T>);
        $case!("resize/linear", upsample_linear_aligned: UpsampleLinear1d<3, AlignCorners>, Sequence<3, 2, T>);
        $case!("resize/mod", resize_2d: Resize2d<5, 3>, Image<2, 3, 4, T>);
        $case!("resize/mod", resize_2d_aligned: Resize2d<2, 5, AlignCorners>, Image<2, 4, 3, T>);
        $case!("resize/mod", resize_2d_nearest: Resize2d<5, 3, Nearest>, Image<2, 3, 4, T>);
        $case!("resize/mod", resize_2d_nearest_exact: Resize2d<5, 3, NearestExact>, Image<2, 3, 4, T>);
        $case!("resize/mod", resize_1d: Resize1d<3>, Sequence<5, 2, T>);
        $case!("resize/mod", resize_1d_to_one: Resize1d<1, AlignCorners>, Sequence<4, 2, T>);
        $case!("pad/mod", zero_pad_2d: ZeroPad2d<1>, Image<2, 3, 2, T>);
        $case!("pad/mod", constant_pad_2d: ConstantPad2d<-7, 2, 1, 2, 0, 3>, Image<1, 3, 2, T>);
        $case!("pad/mod", reflection_pad_2d: ReflectionPad2d<1, 2, 2, 0>, Image<2, 3, 4, T>);
        $case!("pad/mod", replication_pad_2d: ReplicationPad2d<3, 1, 0, 2>, Image<2, 3, 2, T>);
        $case!("pad/mod", circular_pad_2d: CircularPad2d<2, 1, 3, 1>, Image<1, 3, 4, T>);
        $case!("pad/mod", pad_2d_by_nothing: Pad2d<chainrule::layer::Reflect, 0>, Image<1, 3, 2, T>);
        $case!("pad/mod", zero_pad_1d: ZeroPad1d<2, 1>, Sequence<3, 2, T>);
        $case!("pad/mod", constant_pad_1d: ConstantPad1d<1, 4, 1>, Sequence<3, 2, T>);
        $case!("pad/mod", reflection_pad_1d: ReflectionPad1d<2, 3>, Sequence<4, 2, T>);
        $case!("pad/mod", replication_pad_1d: ReplicationPad1d<2>, Sequence<3, 2, T>);
        $case!("pad/mod", circular_pad_1d: CircularPad1d<1, 3>, Sequence<3, 2, T>);
        $case!("pad/mod", pad_1d_before: Pad1d<chainrule::layer::Replicate, 4, 0>, Sequence<2, 3, T>);
        $case!("permute", transpose_sequence: Transpose, Sequence<3, 4, T>);
        $case!("permute", transpose_image: Transpose, Image<2, 3, 4, T>);
        $case!("permute", permute_012: Permute<0, 1, 2>, Image<2, 3, 4, T>);
        $case!("permute", permute_021: Permute<0, 2, 1>, Image<2, 3, 4, T>);
        $case!("permute", permute_102: Permute<1, 0, 2>, Image<2, 3, 4, T>);
        $case!("permute", permute_120: Permute<1, 2, 0>, Image<2, 3, 4, T>);
        $case!("permute", permute_201: Permute<2, 0, 1>, Image<2, 3, 4, T>);
        $case!("permute", permute_210: Permute<2, 1, 0>, Image<2, 3, 4, T>);
        $case!("shuffle", pixel_shuffle: PixelShuffle<2>, Image<8, 3, 2, T>);
        $case!("shuffle", pixel_unshuffle: PixelUnshuffle<2>, Image<2, 4, 6, T>);
        $case!("shuffle", depth_to_space: DepthToSpace<2>, Image<8, 3, 2, T>);
        $case!("shuffle", space_to_depth: SpaceToDepth<3>, Image<2, 3, 6, T>);
        $case!("shuffle", channel_shuffle: ChannelShuffle<3>, Image<6, 2, 3, T>);
        $case!("shuffle", channel_shuffle_sequence: ChannelShuffle<2>, Sequence<3, 4, T>);
        $case!("reduce/mod", mean_over_features_of_vector: MeanOver<Features>, Vector<7, T>);
        $case!("reduce/mod", mean_over_steps: MeanOver<Steps>, Sequence<5, 18, T>);
        $case!("reduce/mod", mean_over_features: MeanOver<Features>, Sequence<3, 4, T>);
        $case!("reduce/mod", mean_over_channels: MeanOver<Channels>, Image<3, 2, 4, T>);
        $case!("reduce/mod", mean_over_height: MeanOver<Height>, Image<2, 4, 3, T>);
        $case!("reduce/mod", mean_over_width: MeanOver<Width>, Image<2, 4, 3, T>);
        $case!("reduce/mod", sum_over_steps: SumOver<Steps>, Sequence<5, 3, T>);
        $case!("reduce/mod", sum_over_channels: SumOver<Channels>, Image<3, 2, 4, T>);
        $case!("reduce/mod", max_over_steps: MaxOver<Steps>, Sequence<5, 4, T>);
        $case!("reduce/mod", max_over_width: MaxOver<Width>, Image<2, 4, 3, T>);
        $case!("reduce/mod", max_over_channels: MaxOver<Channels>, Image<3, 2, 4, T>);
        $case!("reduce/mod", min_over_features: MinOver<Features>, Sequence<3, 4, T>);
        $case!("reduce/mod", min_over_height: MinOver<Height>, Image<2, 4, 3, T>);
        $case!("flatten", flatten: Flatten, Image<2, 3, 2, T>);
        $case!("flatten", flatten_sequence: Flatten, Sequence<3, 4, T>);
        $case!("flatten", flatten_vector: Flatten, Vector<5, T>);
        $case!("reshape", reshape: Reshape<Image<2, 2, 3, T>>, Vector<12, T>);
        $case!("recurrent/rnn", rnn: Rnn<3, 4, Tanh, T>, Sequence<5, 3, T>);
        $case!("recurrent/rnn", rnn_relu_learned_state: Rnn<2, 3, Relu, T, LearnedState>, Sequence<4, 2, T>);
        $case!("recurrent/lstm", lstm: Lstm<3, 4, T>, Sequence<5, 3, T>);
        $case!("recurrent/lstm", lstm_learned_state: Lstm<2, 3, T, LearnedState>, Sequence<4, 2, T>);
        $case!("recurrent/gru", gru: Gru<3, 4, T>, Sequence<5, 3, T>);
        $case!("recurrent/gru", gru_learned_state: Gru<2, 3, T, LearnedState>, Sequence<4, 2, T>);
        $case!("recurrent/last_step", last_step: LastStep, Sequence<3, 4, T>);
        $case!("recurrent/reverse", reverse: Reverse, Sequence<3, 4, T>);
        $case!("reshape", reshape_image: Reshape<Sequence<4, 3, T>>, Image<2, 3, 2, T>);
        $case!("activation/clamp", clamp: Clamp<-1, 3>, Vector<7, T>);
        $case!("activation/clamp", clamp_below: Clamp<{ i32::MIN }, 3, 2>, Image<1, 2, 3, T>);
        $case!("activation/clamp", clamp_above: Clamp<-3, { i32::MAX }, 4>, Vector<7, T>);
        $case!("activation/clamp", hard_tanh_with_limits: HardTanh<-1, 3, 2>, Vector<7, T>);
        $case!("activation/clamp", relu6: Relu6, Vector<7, T>);
        $case!("activation/hard", hard_sigmoid_of_keras: HardSigmoid<1, 5>, Vector<7, T>);
        $case!("activation/hard", hard_sigmoid_with_settings: HardSigmoid<1, 4, 3, 5>, Vector<7, T>);
        $case!("activation/hard", hard_swish: HardSwish, Vector<7, T>);
        $case!("activation/shrink", hard_shrink: HardShrink<3, 2>, Vector<7, T>);
        $case!("activation/shrink", hard_shrink_default: HardShrink, Vector<7, T>);
        $case!("activation/shrink", soft_shrink: SoftShrink<3, 2>, Vector<7, T>);
        $case!("activation/shrink", soft_shrink_default: SoftShrink, Sequence<3, 2, T>);
        $case!("activation/shrink", tanh_shrink: TanhShrink, Vector<7, T>);
        $case!("activation/threshold", thresholded_relu: ThresholdedRelu<1, 4>, Vector<7, T>);
        $case!("activation/threshold", thresholded_relu_default: ThresholdedRelu, Vector<7, T>);
        $case!("activation/threshold", threshold: Threshold<-1, 5, 4>, Vector<7, T>);
        $case!("activation/elu", celu: Celu, Vector<7, T>);
        $case!("activation/elu", celu_half: Celu<1, 2>, Vector<7, T>);
        $case!("activation/gelu", quick_gelu: QuickGelu, Vector<7, T>);
        $case!("activation/softplus", log_sigmoid: LogSigmoid, Vector<7, T>);
        $case!("activation/line", scale: Scale<-3, 4>, Vector<7, T>);
        $case!("activation/line", shift: Shift<-3, 4>, Vector<7, T>);
        $case!("activation/elementary", abs: Abs, Vector<7, T>);
        $case!("activation/elementary", neg: Neg, Vector<7, T>);
        $case!("activation/elementary", sin: Sin, Vector<7, T>);
        $case!("activation/elementary", cos: Cos, Vector<7, T>);
        $case!("activation/elementary", erf: Erf, Vector<7, T>);
        $case!("softmax", softmin: Softmin, Vector<7, T>);
        $case!("softmax", softmin_sequence: Softmin, Sequence<3, 4, T>);
        $case!("prelu", channel_prelu: ChannelPRelu<7, T>, Vector<7, T>);
        $case!("prelu", channel_prelu_sequence: ChannelPRelu<2, T>, Sequence<3, 2, T>);
        $case!("prelu", channel_prelu_image: ChannelPRelu<3, T>, Image<3, 2, 2, T>);
        $case!("affine", affine: Affine<7, T>, Vector<7, T>);
        $case!("affine", affine_sequence: Affine<2, T>, Sequence<3, 2, T>);
        $case!("affine", affine_image: Affine<3, T>, Image<3, 2, 2, T>);
        $case!("affine", affine_gain: Affine<4, T, NoBias>, Vector<4, T>);
        $case!("affine", affine_bias: Affine<3, T, NoGain>, Image<3, 2, 1, T>);
        $case!("dropout", dropout_2d: Dropout2d<30>, Image<4, 2, 2, T>);
        $case!("dropout", dropout_1d: Dropout1d<30>, Sequence<3, 4, T>);
        $case!("noise", gaussian_noise: GaussianNoise<1, 2>, Vector<12, T>);
        $case!("noise", gaussian_dropout: GaussianDropout<30>, Vector<12, T>);
        $case!("noise", alpha_dropout: AlphaDropout<30>, Vector<12, T>);
        $case!("gated", glu: Glu, Vector<8, T>);
        $case!("gated", glu_sequence: Glu, Sequence<3, 4, T>);
        $case!("gated", glu_image: Glu, Image<4, 2, 3, T>);
        $case!("gated", swi_glu: SwiGlu, Vector<8, T>);
        $case!("gated", ge_glu: GeGlu, Vector<8, T>);
        $case!("norm/batch_norm", batch_norm_without_gain: BatchNorm<4, T, Epsilon, NoGain>, Sequence<3, 4, T>);
        $case!("norm/group_norm", group_norm_vector: GroupNorm<2, 6, T>, Vector<6, T>);
        $case!("norm/group_norm", group_norm_sequence: GroupNorm<2, 4, T>, Sequence<3, 4, T>);
        $case!("norm/group_norm", instance_norm_sequence: GroupNorm<2, 2, T>, Sequence<5, 2, T>);
        $case!("norm/group_norm", instance_norm_sequence_default: GroupNorm<2, 2, T, Epsilon, NoAffine>, Sequence<5, 2, T>);
    };
}
pub(crate) use every_layer;

/// Every layer of `src/layer` that takes tokens, whose gradient by the input is none.
macro_rules! every_token_layer {
    ($case:ident) => {
        $case!("embedding", embedding: Embedding<7, 3, T>, Token<7>);
        $case!("embedding", embedding_of_steps: Embedding<11, 4, T>, Tokens<5, 11>);
    };
}
pub(crate) use every_token_layer;

/// Every layer of `src/stack` that takes tokens, and networks that do.
macro_rules! every_token_combinator {
    ($case:ident) => {
        $case!("tied", tied: Tied<7, 3, (Linear<3, 3, T>, Tanh), T>, Token<7>);
        $case!("tied", tied_steps: Tied<11, 4, (LearnedPositions<6, 4, T>, Gru<4, 4, T>), T>, Tokens<5, 11>);
        $case!("tied", tied_last_step: Tied<11, 4, (Rnn<4, 4, Tanh, T>, LastStep), T>, PaddedTokens<5, 11>);
        $case!("", tokens_to_class: (Embedding<11, 4, T>, SinusoidalPositions, Flatten, Linear<20, 3, T>), Tokens<5, 11>);
        $case!("", padded_tokens: (Embedding<11, 4, T>, LearnedPositions<5, 4, T>, Gru<4, 3, T>, LastStep), PaddedTokens<5, 11>);
    };
}
pub(crate) use every_token_combinator;

/// Both lists of tokens.
macro_rules! every_token_row {
    ($case:ident) => {
        $crate::common::every_token_layer!($case);
        $crate::common::every_token_combinator!($case);
    };
}
pub(crate) use every_token_row;

/// Samples of tokens. Some tokens occur several times, and some never.
pub(crate) trait TokenInputs: Sample {
    /// The sample of these indices; a padded one ends at the first that is -1.
    fn of_indices(indices: &[i64]) -> Self;
    fn indices(&self) -> Vec<i64>;
    /// How many indices a sample has.
    const INDICES: usize;
    const VOCAB: usize;

    fn token_inputs(samples: usize) -> Vec<Self> {
        let index = |at: usize| ((at * at + 3 * at) % (Self::VOCAB - 1)) as i64;
        let sample = |sample: usize| (0..Self::INDICES).map(move |at| index(sample * Self::INDICES + at));
        (0..samples).map(|at| Self::of_indices(&sample(at).collect::<Vec<_>>())).collect()
    }
}

impl<const VOCAB: usize> TokenInputs for Token<VOCAB> {
    const INDICES: usize = 1;
    const VOCAB: usize = VOCAB;
    fn of_indices(indices: &[i64]) -> Self {
        Token::new(indices[0] as usize).unwrap()
    }
    fn indices(&self) -> Vec<i64> {
        vec![self.index() as i64]
    }
}

impl<const STEPS: usize, const VOCAB: usize> TokenInputs for Tokens<STEPS, VOCAB> {
    const INDICES: usize = STEPS;
    const VOCAB: usize = VOCAB;
    fn of_indices(indices: &[i64]) -> Self {
        Tokens::from_indices(&indices.iter().map(|&at| at as usize).collect::<Vec<_>>()).unwrap()
    }
    fn indices(&self) -> Vec<i64> {
        self.0.iter().map(|token| token.index() as i64).collect()
    }
}

impl<const STEPS: usize, const VOCAB: usize> TokenInputs for PaddedTokens<STEPS, VOCAB> {
    const INDICES: usize = STEPS;
    const VOCAB: usize = VOCAB;
    fn of_indices(indices: &[i64]) -> Self {
        let known = indices.iter().take_while(|&&at| at >= 0).map(|&at| at as usize);
        PaddedTokens::from_indices(&known.collect::<Vec<_>>()).unwrap()
    }
    fn indices(&self) -> Vec<i64> {
        self.tokens().map(|token| token.index() as i64).collect()
    }

    /// Of lengths from 1 to `STEPS`.
    fn token_inputs(samples: usize) -> Vec<Self> {
        let whole = Tokens::<STEPS, VOCAB>::token_inputs(samples);
        let cut =
            |(at, tokens): (usize, Tokens<STEPS, VOCAB>)| PaddedTokens::new(&tokens.0[..1 + at % STEPS]);
        whole.into_iter().enumerate().map(cut).collect::<Result<_, _>>().unwrap()
    }
}

/// Layers that are defined for some numbers only, or that overflow: `positive_inputs` are those that all of them take.
macro_rules! every_partial_layer {
    ($case:ident) => {
        $case!("activation/elementary", square: Square, Vector<7, T>);
        $case!("activation/partial", exp: Exp, Vector<7, T>);
        $case!("activation/partial", log: Log, Vector<7, T>);
        $case!("activation/partial", sqrt: Sqrt, Vector<7, T>);
        $case!("activation/partial", reciprocal: Reciprocal, Vector<7, T>);
    };
}
pub(crate) use every_partial_layer;

/// Every layer that contains layers, by its file in `src/stack`.
macro_rules! every_combinator {
    ($case:ident) => {
        $case!("tuple", tuple_of_one: (Tanh,), Vector<4, T>);
        $case!("tuple", tuple_of_two: (Linear<4, 3, T>, Tanh), Vector<4, T>);
        $case!("tuple", tuple_of_five: (Linear<4, 3, T>, Tanh, Linear<3, 5, T>, Sigmoid, Linear<5, 2, T>), Vector<4, T>);
        $case!(
            "tuple",
            tuple_of_sixteen: (
                Linear<2, 3, T>, Tanh, Linear<3, 3, T>, Sigmoid, Linear<3, 3, T>, Gelu, Linear<3, 3, T>, Silu,
                Linear<3, 3, T>, Softsign, Linear<3, 3, T>, Elu, Linear<3, 3, T>, Mish, Linear<3, 2, T>, Softplus
            ),
            Vector<2, T>
        );
        $case!("array", array_of_none: [(Linear<3, 3, T>, Tanh); 0], Vector<3, T>);
        $case!("array", array_of_one: [(Linear<3, 3, T>, Tanh); 1], Vector<3, T>);
        $case!("array", array_of_four: [(Linear<3, 3, T>, Tanh); 4], Vector<3, T>);
        $case!("residual", residual: Residual<(Linear<3, 5, T>, Tanh, Linear<5, 3, T>)>, Vector<3, T>);
        $case!("residual", residual_with_shortcut: Residual<(Linear<3, 4, T>, Tanh), Linear<3, 4, T, NoBias>>, Vector<3, T>);
        $case!("highway", highway: Highway<(Linear<3, 3, T>, Tanh), 3, -2, T>, Vector<3, T>);
        $case!("highway", highway_per_step: PerStep<Highway<(Linear<2, 4, T>, Gelu, Linear<4, 2, T>), 2, 1, T>>, Sequence<3, 2, T>);
        $case!("highway", highway_in_a_row: (Linear<2, 3, T>, [Highway<(Dropout<0>, Linear<3, 3, T>), 3, -1, T>; 2], Highway<Tanh, 3, 0, T>), Vector<2, T>);
        $case!("concat", concat_of_two: Concat<(Linear<3, 2, T>, (Linear<3, 4, T>, Tanh))>, Vector<3, T>);
        $case!("concat", concat_of_three: Concat<(Linear<3, 2, T>, Identity, Linear<3, 1, T, NoBias>)>, Vector<3, T>);
        $case!("concat", concat_of_four: Concat<(Tanh, Linear<3, 2, T>, Sigmoid, Linear<3, 1, T>)>, Vector<3, T>);
        $case!("concat", concat_of_steps: Concat<(Softmax, Dense<Sequence<3, 2, T>, Sequence<3, 4, T>>)>, Sequence<3, 2, T>);
        $case!("concat", concat_of_channels: Concat<(Conv2d<2, 3, 3, 1, 1, T>, Conv2d<2, 1, 1, 1, 0, T>, Gelu)>, Image<2, 4, 3, T>);
        $case!("concat", concat_in_concat: Concat<(Concat<(Tanh, Linear<3, 2, T>)>, Residual<Linear<3, 3, T>>)>, Vector<3, T>);
        // A pair is not a tensor, so the layers that make a pair, work on it and take it apart are in one stack.
        $case!("pair", pair_of_one_sample: (Duplicate, Sum), Vector<3, T>);
        $case!("pair", pair_summed: (Duplicate, Parallel<(Linear<3, 4, T>, Tanh), Linear<3, 4, T, NoBias>>, Sum), Vector<3, T>);
        $case!("pair", pair_joined: (Duplicate, Parallel<Linear<3, 2, T>, (Linear<3, 4, T>, Tanh)>, Join), Vector<3, T>);
        $case!("pair", pair_of_shapes: (
            Duplicate,
            Parallel<(Conv2d<2, 3, 3, 1, 1, T>, Gelu, Dense<Image<3, 4, 3, T>, Vector<2, T>>), Dense<Image<2, 4, 3, T>, Vector<3, T>>>,
            Join,
            Linear<5, 2, T>
        ), Image<2, 4, 3, T>);
        $case!("pair", pair_of_steps_joined: (Duplicate, Parallel<Softmax, Dense<Sequence<3, 2, T>, Sequence<3, 4, T>>>, Join), Sequence<3, 2, T>);
        $case!("pair", pair_of_channels_joined: (Duplicate, Parallel<Conv2d<2, 3, 3, 1, 1, T>, Silu>, Join), Image<2, 4, 3, T>);
        $case!("pair", pair_in_pair: (
            Duplicate,
            Parallel<(Duplicate, Parallel<Tanh, Linear<3, 2, T>>, Join), Residual<Linear<3, 3, T>>>,
            Join
        ), Vector<3, T>);
        $case!("similarity", cosine_similarity: (Duplicate, Parallel<Linear<3, 4, T>, Linear<3, 4, T, NoBias>>, CosineSimilarity), Vector<3, T>);
        $case!("similarity", cosine_similarity_of_channels: (
            Duplicate,
            Parallel<Conv2d<2, 3, 3, 1, 1, T>, Conv2d<2, 3, 1, 1, 0, T>>,
            CosineSimilarity<Channels>
        ), Image<2, 4, 3, T>);
        $case!("similarity", pairwise_distance: (Duplicate, Parallel<Linear<3, 4, T>, Linear<3, 4, T, NoBias>>, PairwiseDistance), Vector<3, T>);
        $case!("similarity", pairwise_distance_of_steps: (
            Duplicate,
            Parallel<Identity, Dense<Sequence<3, 2, T>, Sequence<3, 2, T>>>,
            PairwiseDistance<3>
        ), Sequence<3, 2, T>);
        $case!("pairwise", pair_multiplied: (Duplicate, Parallel<(Linear<3, 4, T>, Sigmoid), Linear<3, 4, T>>, Product), Vector<3, T>);
        $case!("pairwise", pair_subtracted: (Duplicate, Parallel<Linear<3, 4, T>, (Linear<3, 4, T>, Tanh)>, Difference), Vector<3, T>);
        $case!("pairwise", pair_divided: (Duplicate, Parallel<Tanh, (Linear<3, 3, T>, Softplus, Shift<1, 4>)>, Quotient), Vector<3, T>);
        $case!("pairwise", larger_of_a_pair: (Duplicate, Parallel<Conv2d<2, 3, 3, 1, 1, T>, Conv2d<2, 3, 1, 1, 0, T>>, Maximum), Image<2, 4, 3, T>);
        $case!("pairwise", smaller_of_a_pair: (Duplicate, Parallel<Softmax, Scale<1, 4>>, Minimum), Sequence<3, 4, T>);
        $case!("attention/self_attention", self_attention: SelfAttention<4, 2, NoMask, T>, Sequence<3, 4, T>);
        $case!("attention/self_attention", self_attention_causal: SelfAttention<4, 1, Causal, T>, Sequence<5, 4, T>);
        $case!("attention/self_attention", self_attention_of_a_window: SelfAttention<6, 3, SlidingWindow<2>, T>, Sequence<5, 6, T>);
        $case!("attention/self_attention", self_attention_grouped: SelfAttention<8, 4, (Causal, Rotary, NoBias), T, 4>, Sequence<4, 8, T>);
        $case!("attention/cross_attention", cross_attention: (
            Duplicate,
            Parallel<Identity, PerStep<Linear<4, 3, T>>>,
            CrossAttention<4, 2, NoMask, T, 3>
        ), Sequence<3, 4, T>);
        $case!("memory", on_first: (Duplicate, OnFirst<(Linear<3, 4, T>, Tanh)>, Join), Vector<3, T>);
        $case!("memory", residual_with_memory: (
            Duplicate, OnFirst<Linear<3, 4, T>>, ResidualWithMemory<(Join, Linear<7, 4, T>, Tanh)>, Join
        ), Vector<3, T>);
        $case!("memory", residual_with_memory_of_steps: (
            Duplicate,
            [ResidualWithMemory<(Parallel<Softmax, PerStep<Linear<2, 2, T>>>, Product)>; 2],
            OnFirst<PerStep<Linear<2, 2, T>>>,
            Sum
        ), Sequence<3, 2, T>);
        $case!("memory", first_of_a_pair: (Duplicate, Parallel<Linear<3, 2, T>, Linear<3, 4, T>>, First), Vector<3, T>);
        $case!("memory", second_of_a_pair: (Duplicate, Parallel<Linear<3, 2, T>, Linear<3, 4, T>>, Second), Vector<3, T>);
        $case!("per_step", per_step: PerStep<Linear<2, 3, T>>, Sequence<4, 2, T>);
        $case!("per_step", per_step_of_a_stack: PerStep<(Linear<2, 4, T, NoBias>, BatchNorm<4, T>, SwiGlu, Residual<(Linear<2, 2, T>, Tanh)>)>, Sequence<3, 2, T>);
        $case!("per_step", per_step_in_a_stack: (Conv1d<2, 3, 3, 1, 1, T>, [PerStep<(Tanh, Linear<3, 3, T>)>; 2], PerStep<Identity>), Sequence<3, 2, T>);
        $case!("evaluate", evaluate: (Evaluate<(Linear<3, 4, T>, BatchNorm<4, T>)>, Tanh), Vector<3, T>);
        $case!("evaluate", evaluate_a_norm: Evaluate<BatchNorm<2, T>>, Image<2, 2, 4, T>);
        $case!("shared", shared_never: Shared<(Linear<3, 3, T>, Tanh), 0>, Vector<3, T>);
        $case!("shared", shared_once: Shared<(Linear<3, 3, T>, Tanh), 1>, Vector<3, T>);
        $case!("shared", shared_three_times: Shared<(Linear<3, 3, T>, Tanh), 3>, Vector<3, T>);
        $case!("shared", shared_in_shared: Shared<(Shared<(PRelu<T>, Linear<3, 3, T>), 2>, Tanh), 2>, Vector<3, T>);
    };
}
pub(crate) use every_combinator;

/// A dozen networks of several kinds.
macro_rules! every_network {
    ($case:ident) => {
        $case!("", perceptron: (Linear<5, 8, T>, Tanh, Linear<8, 3, T>), Vector<5, T>);
        $case!("", relu_classifier: (Linear<5, 8, T>, Relu, Linear<8, 8, T>, Relu, Linear<8, 3, T>, LogSoftmax), Vector<5, T>);
        $case!("", post_activation: (Linear<4, 3, T>, [(Residual<(Tanh, Linear<3, 3, T>)>, Tanh); 4], Linear<3, 2, T>), Vector<4, T>);
        $case!("", pre_activation: (Linear<4, 3, T>, [Residual<(Tanh, Linear<3, 3, T>)>; 4], Linear<3, 2, T>), Vector<4, T>);
        $case!("", deep_branch: Residual<[(Sigmoid, Linear<3, 3, T>); 6]>, Vector<3, T>);
        $case!("", residual_in_residual: Residual<(Residual<(Linear<3, 3, T>, Relu)>, Tanh, Residual<Linear<3, 3, T>>)>, Vector<3, T>);
        $case!("", shortcut_in_stack: (Linear<3, 4, T>, Residual<(Gelu, Linear<4, 2, T>), (Linear<4, 2, T, NoBias>, Tanh)>, Silu), Vector<3, T>);
        $case!("", array_of_arrays: [[Residual<(Linear<3, 3, T>, PRelu<T>)>; 2]; 2], Vector<3, T>);
        $case!("", nested_tuples: ((Linear<4, 4, T>, (Mish, Linear<4, 3, T>)), (Softsign, (Linear<3, 2, T>,))), Vector<4, T>);
        $case!("", image_to_sequence: (Dense<Image<1, 3, 3, T>, Sequence<2, 3, T>>, Elu, Softmax), Image<1, 3, 3, T>);
        $case!("", recurrent: (Lstm<2, 3, T>, Gru<3, 3, T>, Bidirectional<Rnn<3, 2, Tanh, T>>, LastStep, Linear<4, 2, T>), Sequence<4, 2, T>);
        $case!("", highway_of_steps: (Lstm<2, 3, T>, PerStep<Highway<(Linear<3, 3, T>, Softsign), 3, -2, T>>, Dropout<0>, Gru<3, 3, T>, GlobalAvgPool), Sequence<4, 2, T>);
        $case!("", transformer: (TransformerEncoder<4, 2, 6, 2, Causal, Gelu, T>, PerStep<Linear<4, 3, T>>), Sequence<3, 4, T>);
        $case!("", transformer_post_norm: [PostNormTransformerBlock<4, 2, 6, NoMask, Tanh, T>; 2], Sequence<3, 4, T>);
        $case!("", transformer_decoder: (
            Duplicate,
            Parallel<PerStep<Linear<4, 4, T>>, TransformerBlock<4, 2, 6, NoMask, Gelu, T>>,
            TransformerDecoder<4, 2, 6, 2, Causal, Gelu, T>
        ), Sequence<3, 4, T>);
        $case!("", dropout_between: (Linear<4, 8, T>, Dropout<50>, Relu, Dropout<20>, Linear<8, 2, T>), Vector<4, T>);
        $case!("", autoencoder: (Linear<6, 2, T>, Selu, Linear<2, 6, T>, HardSigmoid), Vector<6, T>);
    };
}
pub(crate) use every_network;

/// Every optimizer of a trainer, in each of its forms, at a rate.
macro_rules! each_optimizer {
    ($case:ident) => {
        $case!("Sgd", |rate| Sgd::new(rate));
        $case!("Sgd, weight decay", |rate| Sgd::new(rate).weight_decay(0.01).decay_all());
        $case!("Sgd, momentum", |rate| Sgd::new(rate).momentum(0.9));
        $case!("Sgd, dampening", |rate| Sgd::new(rate).momentum(0.9).dampening(0.25));
        $case!("Sgd, Nesterov", |rate| Sgd::new(rate).nesterov(0.9));
        $case!("Asgd", |rate| Asgd::new(rate).start(2));
        $case!("Adagrad", |rate| Adagrad::new(rate).initial_sum(0.1));
        $case!("Adadelta", |rate| Adadelta::new(rate));
        $case!("RmsProp", |rate| RmsProp::new(rate));
        $case!("RmsProp, centered", |rate| RmsProp::new(rate).centered().momentum(0.5).epsilon(1e-3));
        $case!("Adam", |rate| Adam::new(rate));
        $case!("Adam, AMSGrad", |rate| Adam::new(rate).amsgrad());
        $case!("Adam, a group", |rate| Adam::new(rate).weight_decay(1e-3).group(Group::new("0").rate(0.5)));
        $case!("AdamW", |rate| AdamW::new(rate).weight_decay(0.1));
        $case!("Adamax", |rate| Adamax::new(rate));
        $case!("NAdam", |rate| NAdam::new(rate));
        $case!("RAdam", |rate| RAdam::new(rate).betas([0.9, 0.9]));
        $case!("Rprop", |rate| Rprop::new(rate));
        $case!("Lion", |rate| Lion::new(rate).weight_decay(0.1));
    };
}
pub(crate) use each_optimizer;
/// Positive numbers, from small to large ones.
pub(crate) fn positive_inputs<X: Tensor>(samples: usize) -> Vec<X> {
    let mut inputs = inputs::<X>(samples);
    X::flat_mut(&mut inputs).iter_mut().for_each(|x| *x = chainrule::Real::abs(*x));
    inputs
}

/// Inputs on both sides of every kink that a layer here has (0, ±1, ±3), near and far.
pub(crate) fn inputs<X: Tensor>(samples: usize) -> Vec<X> {
    const NUMBERS: [f64; 15] =
        [-4.2, 3.01, -0.3, 0.99, -2.99, 0.01, 5.1, -1.01, 0.4, -3.01, 1.01, -0.01, 2.99, -0.99, 1.7];
    let mut inputs = vec![X::zeroed(); samples];
    for (at, x) in X::flat_mut(&mut inputs).iter_mut().enumerate() {
        *x = chainrule::Real::from_f64(NUMBERS[at % NUMBERS.len()]);
    }
    inputs
}

/// All numbers of a network, as bits.
struct Bits(Vec<u64>);

impl chainrule::layer::Visitor<1, 0> for Bits {
    fn visit<T: chainrule::Real>(
        &mut self,
        _: &chainrule::layer::Parameter<'_>,
        [xs]: [&[T]; 1],
        []: [&mut [T]; 0],
    ) {
        self.0.extend(xs.iter().map(|x| chainrule::Real::to_f64(*x).to_bits()));
    }
}

pub(crate) fn bits(network: &impl AsNetwork) -> Vec<u64> {
    let mut bits = Bits(vec![]);
    chainrule::layer::visit([View::of(network.as_network())], [], &mut bits);
    bits.0
}

/// How many numbers of a network are trained.
struct Trained(usize);

impl chainrule::layer::Visitor<1, 0> for Trained {
    fn visit<T: chainrule::Real>(
        &mut self,
        parameter: &chainrule::layer::Parameter<'_>,
        [xs]: [&[T]; 1],
        []: [&mut [T]; 0],
    ) {
        self.0 += if matches!(parameter.role, chainrule::layer::Role::Buffer { .. }) { 0 } else { xs.len() };
    }
}

pub(crate) fn trained(network: &impl AsNetwork) -> usize {
    let mut trained = Trained(0);
    chainrule::layer::visit([View::of(network.as_network())], [], &mut trained);
    trained.0
}

/// Runs the forward pass of a layer by itself.
pub(crate) fn forward<L: Layer<X>, X: Sample>(
    layer: &L,
    input: &[X],
    workspace: &mut Workspace,
    mode: &mut Mode<'_>,
) -> Vec<L::Output> {
    let mut output = bytemuck::zeroed_vec(input.len());
    layer.forward(input, &mut output, workspace.prepare::<X, L>(input.len()), mode);
    output
}

/// Runs the backward pass after it. Returns the gradients of the input and of the parameters. A hook is called around
/// the layers inside.
pub(crate) fn backward<L: Layer<X>, X: Sample>(
    layer: &L,
    input: &[X],
    output: &[L::Output],
    output_grad: &[<L::Output as Sample>::Grad],
    workspace: &mut Workspace,
    hook: Option<&mut dyn BackwardHook>,
) -> (Vec<X::Grad>, Owned<L>) {
    let (mut input_grad, mut gradient) = (bytemuck::zeroed_vec(input.len()), L::zeros());
    bytemuck::cast_slice_mut(&mut input_grad).fill(1_u8); // to be overwritten
    let pass = Backward {
        input,
        output,
        output_grad,
        input_grad: Some(&mut input_grad),
        gradient: &mut *gradient,
        workspace: workspace.prepare::<X, L>(input.len()),
        accumulate: !L::OVERWRITES,
    };
    match hook {
        None => layer.backward(pass),
        hook => layer.backward_with_hook(pass, hook),
    }
    (input_grad, gradient)
}
