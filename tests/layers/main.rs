//! Layers, combinators and tensors: gradients, agreement with PyTorch, extremes, shapes of inputs.

#[path = "../common/chain_rule.rs"]
mod chain_rule;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/embedding.rs"]
mod embedding;
#[path = "../fixtures/mod.rs"]
mod fixtures;
#[path = "../common/wrong_layers.rs"]
mod wrong_layers;

mod adjoint;
mod any_input;
mod architecture;
mod attention;
mod concat;
mod convolution_settings;
mod convolutions;
mod declared;
mod declared_attributes;
mod decoder;
mod effects;
mod elementary;
mod extremes;
mod gallery;
mod gradcheck_catches;
mod gradients;
mod infer;
mod jacobians;
mod list;
mod losses;
mod named;
mod noise;
mod norm;
mod own_layer;
mod owned;
mod padded;
mod parity;
mod pooling;
mod product_of_jacobians;
mod properties;
mod quantized;
mod quantized_digits;
mod quantized_errors;
mod quantized_recurrent;
mod shared;
mod streams;
mod sums;
mod tensors;
mod tflite;
mod tokens;
mod two_inputs;
mod unequal_lengths;
mod windows;
mod words;
