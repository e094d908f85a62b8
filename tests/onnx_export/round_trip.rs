//! Export and import: a file that this crate writes comes back as the network that it was.

use chainrule::onnx::{self, Model};
use chainrule::prelude::*;

use crate::common::{every_layer, every_network, forward, inputs};
use crate::rows::network;

/// Writes a network, reads it into a network of zeros, and compares what both predict. Returns why the reader refuses
/// the file, if it does.
fn refusal<N: Layer<X, Output: Tensor>, X: Tensor>(name: &str) -> Option<String> {
    let exported = network::<N>(7);
    let bytes = onnx::to_bytes::<X, _>(&exported).unwrap_or_else(|error| panic!("{name}: {error}"));
    let model = Model::from_bytes(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    let imported = match model.load::<N>() {
        Ok(network) => network,
        Err(error) => return Some(error.to_string()),
    };
    let input = inputs::<X>(3);
    let [expected, found] = [&exported, &imported]
        .map(|net| forward(&**net, &input, &mut Workspace::default(), &mut Mode::Evaluate));
    for (expected, found) in N::Output::numbers(&expected).iter().zip(N::Output::numbers(&found).iter()) {
        let difference = (expected - found).abs();
        assert!(difference <= 1e-5 * expected.abs().max(1.0), "{name}: {expected}, then {found}");
    }
    None
}

/// The rows of which the reader makes another network, or none. A file does not have the settings `Same`, `Causal` and
/// `CeilMode`, but the padding that follows from them; axes that only change places are not a layer of a file; some
/// layers become several operators, or one that is not a layer of PyTorch's.
const REFUSED: &[&str] = &[
    "gate_linear",
    "dense_to_sequence",
    "conv2d_with_same",
    "conv2d_with_same_strided",
    "conv2d_with_same_lower",
    "conv2d_with_ends",
    "conv2d_with_all",
    "transposed_with_dilation",
    "transposed_with_same",
    "transposed_with_same_lower",
    "transposed_with_ends",
    "conv1d_with_same",
    "conv1d_with_same_lower",
    "conv1d_with_causal",
    "conv1d_with_causal_strided",
    "transposed1d_with_dilation",
    "transposed1d_with_causal",
    "transposed1d_with_same",
    // A sum with a constant is not read as positions.
    "learned_positions",
    "learned_positions_of_fewer_steps",
    "sinusoidal_positions",
    "sinusoidal_positions_of_odd_width",
    "batch_norm_without_affine",
    "layer_norm_without_affine",
    "local_response_norm",
    "local_response_norm_of_two",
    "local_response_norm_of_steps",
    "max_pool_1d",
    "max_pool_1d_padded",
    "avg_pool_1d",
    "avg_pool_1d_padded",
    "global_avg_pool_sequence",
    "global_max_pool_sequence",
    "adaptive_avg_pool_2d",
    "adaptive_avg_pool_2d_unequal",
    "adaptive_avg_pool_1d",
    "adaptive_max_pool_2d",
    "adaptive_max_pool_2d_unequal",
    "adaptive_max_pool_1d",
    "lp_pool_2d",
    "lp_pool_2d_overlapping",
    "lp_pool_2d_of_sums",
    "lp_pool_1d",
    "max_pool_2d_with",
    "max_pool_2d_with_ceil",
    "max_pool_2d_with_same",
    "max_pool_1d_with",
    "max_pool_1d_with_causal",
    "avg_pool_2d_with",
    "avg_pool_2d_with_excluded",
    "avg_pool_2d_with_same",
    "avg_pool_1d_with",
    "avg_pool_1d_with_dilation",
    "lp_pool_2d_with",
    "lp_pool_1d_with",
    "upsample_1d",
    "upsample_linear",
    "upsample_linear_aligned",
    "resize_2d",
    "resize_2d_aligned",
    "resize_2d_nearest",
    "resize_2d_nearest_exact",
    "resize_1d",
    "resize_1d_to_one",
    "circular_pad_2d",
    "zero_pad_1d",
    "constant_pad_1d",
    "reflection_pad_1d",
    "replication_pad_1d",
    "circular_pad_1d",
    "pad_1d_before",
    "transpose_sequence",
    "transpose_image",
    "permute_012",
    "permute_021",
    "permute_102",
    "permute_120",
    "permute_201",
    "permute_210",
    "pixel_unshuffle",
    "channel_shuffle",
    "channel_shuffle_sequence",
    "mean_over_steps",
    "mean_over_features",
    "sum_over_steps",
    "max_over_steps",
    "min_over_features",
    "flatten_vector",
    "rnn_relu_learned_state",
    "lstm_learned_state",
    "gru_learned_state",
    "reverse",
    "reshape_image",
    "tanh_shrink",
    "threshold",
    "celu_half",
    "log_sigmoid",
    "softmin",
    "softmin_sequence",
    "glu",
    "glu_sequence",
    "glu_image",
    "swi_glu",
    "ge_glu",
    "batch_norm_without_gain",
    "image_to_sequence",
    "highway_of_steps",
    "transformer",
    "transformer_post_norm",
    "transformer_decoder",
];

#[test]
fn networks_come_back_from_their_files() {
    type T = f32;
    let (mut back, mut refused) = (0, Vec::new());
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {
            match refusal::<$layer, $input>(stringify!($name)) {
                None => back += 1,
                Some(why) => {
                    println!("{}: {why}", stringify!($name));
                    refused.push(stringify!($name));
                }
            }
        };
    }
    every_layer!(case);
    every_network!(case);
    assert_eq!(refused, REFUSED);
    assert!(back > refused.len(), "{back} networks come back");
}

/// Layers with two names, of which the reader gives one.
#[test]
fn a_layer_may_have_another_name_than_in_the_file() {
    type Series = Sequence<5, 3>;
    assert_eq!(refusal::<(Clamp<-1, 1>, Clamp<0, 6>), Vector<7>>("limits"), None);
    assert_eq!(refusal::<(HardTanh<0, 6>, HardTanh<-3, 5, 2>), Vector<7>>("hard_tanh"), None);
    assert_eq!(refusal::<(Gru<3, 4>, MeanOver<Steps>, Linear<4, 2>), Series>("mean"), None);
    assert_eq!(refusal::<(Gru<3, 4>, GlobalAvgPool, Linear<4, 2>), Series>("average"), None);
    assert_eq!(refusal::<(Gru<3, 4>, MaxOver<Steps>, Linear<4, 2>), Series>("max"), None);
}
