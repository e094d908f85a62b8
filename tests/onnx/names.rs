//! The names of docs/coverage.md: made by make.py, which README.md describes. It compiles if the crate has them all.

#![allow(dead_code, unused_imports)]

/// A network, for optimizers.
type Network = chainrule::Linear<1, 1>;

#[rustfmt::skip]
fn every_name_exists() {
    let _ = <chainrule::Initializer>::constant;
    let _ = <chainrule::Initializer>::gain;
    let _ = <chainrule::Initializer>::glorot_normal;
    let _ = <chainrule::Initializer>::glorot_uniform;
    let _ = <chainrule::Initializer>::he_normal;
    let _ = <chainrule::Initializer>::he_uniform;
    let _ = <chainrule::Initializer>::orthogonal;
    let _ = <chainrule::Schedule>::cosine;
    let _ = <chainrule::Schedule>::exponential;
    let _ = <chainrule::Schedule>::one_cycle;
    let _ = <chainrule::Schedule>::step;
    let _ = <chainrule::Schedule>::warm_restarts;
    use chainrule::Adam as _;
    use chainrule::AdamW as _;
    use chainrule::AutoBatchNorm as _;
    use chainrule::AvgPool1d as _;
    use chainrule::AvgPool2d as _;
    use chainrule::BatchNorm as _;
    use chainrule::BinaryCrossEntropy as _;
    use chainrule::Concat as _;
    use chainrule::Conv1d as _;
    use chainrule::Conv2d as _;
    use chainrule::ConvTo as _;
    use chainrule::CrossEntropy as _;
    use chainrule::Dense as _;
    use chainrule::DepthwiseConv2d as _;
    use chainrule::Dropout as _;
    use chainrule::Elu as _;
    use chainrule::Flatten as _;
    use chainrule::Gelu as _;
    use chainrule::GeluTanh as _;
    use chainrule::GlobalAvgPool as _;
    use chainrule::GroupNorm as _;
    use chainrule::HardSigmoid as _;
    use chainrule::HardTanh as _;
    use chainrule::Huber as _;
    use chainrule::Identity as _;
    use chainrule::InstanceNorm as _;
    use chainrule::Join as _;
    use chainrule::Layer as _;
    use chainrule::LayerNorm as _;
    use chainrule::LeakyRelu as _;
    use chainrule::Linear as _;
    use chainrule::LinearTo as _;
    use chainrule::LogSoftmax as _;
    use chainrule::MaxPool1d as _;
    use chainrule::MaxPool2d as _;
    use chainrule::MeanAbsoluteError as _;
    use chainrule::MeanSquaredError as _;
    use chainrule::Mish as _;
    use chainrule::Network as _;
    use chainrule::NoAffine as _;
    use chainrule::PRelu as _;
    use chainrule::Parameters as _;
    use chainrule::Plateau as _;
    use chainrule::Relu as _;
    use chainrule::Reshape as _;
    use chainrule::Residual as _;
    use chainrule::RmsNorm as _;
    use chainrule::RmsProp as _;
    use chainrule::Schedule as _;
    use chainrule::Selu as _;
    use chainrule::Sgd as _;
    use chainrule::Sigmoid as _;
    use chainrule::Silu as _;
    use chainrule::Softmax as _;
    use chainrule::Softplus as _;
    use chainrule::Softsign as _;
    use chainrule::Sum as _;
    use chainrule::Tanh as _;
    use chainrule::TransposedConv2d as _;
    use chainrule::TransposedConvTo as _;
    use chainrule::Upsample2d as _;
    use chainrule::network as _;
}
