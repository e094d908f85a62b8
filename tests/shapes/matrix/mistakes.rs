//! The wrong networks of the matrix.

/// A network with one mistake, in `f32` and in `f64` (for `gradcheck`).
pub(super) struct Mistake {
    pub(super) name: &'static str,
    pub(super) in_f32: Network,
    pub(super) in_f64: Network,
}

/// A wrong network, and the message that the compiler must give.
pub(super) struct Network {
    pub(super) input: &'static str,
    pub(super) layers: &'static [&'static str],
    /// The end of the first line of the message.
    pub(super) says: &'static str,
}

macro_rules! mistakes {
    ($($name:literal: $input:literal => [$($layer:literal),+], $says:literal;
        $input_64:literal => [$($layer_64:literal),+], $says_64:literal;)+) => {
        /// The mistakes. Each network gives 4 numbers if its mistake is corrected.
        pub(super) const MISTAKES: &[Mistake] = &[$(Mistake {
            name: $name,
            in_f32: Network { input: $input, layers: &[$($layer),+], says: $says },
            in_f64: Network { input: $input_64, layers: &[$($layer_64),+], says: $says_64 },
        }),+];
    };
}

mistakes! {
    "dense_sizes":
        "Vector<8>" => ["Linear<8, 16>", "Relu", "Linear<32, 4>"],
        "layer 2 of this stack, `Linear<32, 4>`, cannot take `Vector<16>` as its input";
        "Vector<8, f64>" => ["Linear<8, 16, f64>", "Relu", "Linear<32, 4, f64>"],
        "layer 2 of this stack, `Linear<32, 4, f64>`, cannot take `Vector<16, f64>` as its input";
    "channels":
        "Image<1, 8, 8>" => ["Conv2d<1, 6, 3>", "Relu", "Conv2d<3, 8, 3>", "GlobalAvgPool", "Linear<8, 4>"],
        "layer 2 of this stack, `Conv2d<3, 8, 3>`, cannot take `Image<6, 6, 6>` as its input";
        "Image<1, 8, 8, f64>" => [
            "Conv2d<1, 6, 3, 1, 0, f64>", "Relu", "Conv2d<3, 8, 3, 1, 0, f64>", "GlobalAvgPool", "Linear<8, 4, f64>"
        ],
        "layer 2 of this stack, `Conv2d<3, 8, 3, 1, 0, f64>`, cannot take `Image<6, 6, 6, f64>` as its input";
    "kernel":
        "Image<1, 8, 8>" => ["Conv2d<1, 6, 3>", "Dense<Image<6, 4, 4>, Vector<16>>", "Relu", "Linear<16, 4>"],
        "layer 1 of this stack, `Dense<Image<6, 4, 4>, Vector<16>>`, cannot take `Image<6, 6, 6>` as its input";
        "Image<1, 8, 8, f64>" => [
            "Conv2d<1, 6, 3, 1, 0, f64>", "Dense<Image<6, 4, 4, f64>, Vector<16, f64>>", "Relu", "Linear<16, 4, f64>"
        ],
        "layer 1 of this stack, `Dense<Image<6, 4, 4, f64>, Vector<16, f64>>`, cannot take `Image<6, 6, 6, f64>` as its input";
    "flatten":
        "Image<1, 8, 8>" => ["Conv2d<1, 6, 5>", "Flatten", "Relu", "Linear<95, 4>"],
        "layer 3 of this stack, `Linear<95, 4>`, cannot take `Vector<96>` as its input";
        "Image<1, 8, 8, f64>" => ["Conv2d<1, 6, 5, 1, 0, f64>", "Flatten", "Relu", "Linear<95, 4, f64>"],
        "layer 3 of this stack, `Linear<95, 4, f64>`, cannot take `Vector<96, f64>` as its input";
    "image_side":
        "Image<1, 8, 8>" => ["Conv2d<1, 8, 3, 2>", "Relu", "Dense<Image<8, 4, 4>, Vector<4>>"],
        "layer 2 of this stack, `Dense<Image<8, 4, 4>, Vector<4>>`, cannot take `Image<8, 3, 3>` as its input";
        "Image<1, 8, 8, f64>" => [
            "Conv2d<1, 8, 3, 2, 0, f64>", "Relu", "Dense<Image<8, 4, 4, f64>, Vector<4, f64>>"
        ],
        "layer 2 of this stack, `Dense<Image<8, 4, 4, f64>, Vector<4, f64>>`, cannot take `Image<8, 3, 3, f64>` as its input";
    "norm_channels":
        "Image<1, 8, 8>" => ["Conv2d<1, 6, 3>", "BatchNorm<16>", "Relu", "GlobalAvgPool", "Linear<6, 4>"],
        "layer 1 of this stack, `BatchNorm<16>`, cannot take `Image<6, 6, 6>` as its input";
        "Image<1, 8, 8, f64>" => [
            "Conv2d<1, 6, 3, 1, 0, f64>", "BatchNorm<16, f64>", "Relu", "GlobalAvgPool", "Linear<6, 4, f64>"
        ],
        "layer 1 of this stack, `BatchNorm<16, f64>`, cannot take `Image<6, 6, 6, f64>` as its input";
    "scalar":
        "Vector<8>" => ["Linear<8, 16>", "Relu", "Linear<16, 4, f64>"],
        "layer 2 of this stack, `Linear<16, 4, f64>`, cannot take `Vector<16>` as its input";
        "Vector<8, f64>" => ["Linear<8, 16, f64>", "Relu", "Linear<16, 4>"],
        "layer 2 of this stack, `Linear<16, 4>`, cannot take `Vector<16, f64>` as its input";
    "height_width_channels":
        "Image<28, 28, 3>" => ["Conv2d<3, 6, 5>", "Relu", "GlobalAvgPool", "Linear<6, 4>"],
        "layer 0 of this stack, `Conv2d<3, 6, 5>`, cannot take `Image<28, 28, 3>` as its input";
        "Image<28, 28, 3, f64>" => [
            "Conv2d<3, 6, 5, 1, 0, f64>", "Relu", "GlobalAvgPool", "Linear<6, 4, f64>"
        ],
        "layer 0 of this stack, `Conv2d<3, 6, 5, 1, 0, f64>`, cannot take `Image<28, 28, 3, f64>` as its input";
    "branch":
        "Vector<8>" => ["Linear<8, 16>", "Residual<(Relu, Linear<16, 8>)>", "Relu", "Linear<16, 4>"],
        "layer 1 of this stack, a residual block, has a branch that gives `Vector<8>` and a skip connection that gives `Vector<16>`: the shapes must be the same";
        "Vector<8, f64>" => ["Linear<8, 16, f64>", "Residual<(Relu, Linear<16, 8, f64>)>", "Relu", "Linear<16, 4, f64>"],
        "layer 1 of this stack, a residual block, has a branch that gives `Vector<8, f64>` and a skip connection that gives `Vector<16, f64>`: the shapes must be the same";
    "stride_without_shortcut":
        "Image<1, 8, 8>" => [
            "Conv2d<1, 8, 3, 1, 1>", "Residual<(Conv2d<8, 8, 3, 2, 1>, Relu)>", "GlobalAvgPool", "Linear<8, 4>"
        ],
        "layer 1 of this stack, a residual block, has a branch that gives `Image<8, 4, 4>` and a skip connection that gives `Image<8, 8, 8>`: the shapes must be the same";
        "Image<1, 8, 8, f64>" => [
            "Conv2d<1, 8, 3, 1, 1, f64>", "Residual<(Conv2d<8, 8, 3, 2, 1, f64>, Relu)>", "GlobalAvgPool",
            "Linear<8, 4, f64>"
        ],
        "layer 1 of this stack, a residual block, has a branch that gives `Image<8, 4, 4, f64>` and a skip connection that gives `Image<8, 8, 8, f64>`: the shapes must be the same";
    "repeated_block":
        "Vector<8>" => ["Linear<8, 16>", "[(Linear<16, 8>, Relu); 3]", "Linear<8, 4>"],
        "layer 1 of this stack repeats a block that takes `Vector<16>` and gives `Vector<8>`: the shapes must be the same";
        "Vector<8, f64>" => ["Linear<8, 16, f64>", "[(Linear<16, 8, f64>, Relu); 3]", "Linear<8, 4, f64>"],
        "layer 1 of this stack repeats a block that takes `Vector<16, f64>` and gives `Vector<8, f64>`: the shapes must be the same";
    "first_layer":
        "Vector<8>" => ["Linear<9, 16>", "Relu", "Linear<16, 4>"],
        "layer 0 of this stack, `Linear<9, 16>`, cannot take `Vector<8>` as its input";
        "Vector<8, f64>" => ["Linear<9, 16, f64>", "Relu", "Linear<16, 4, f64>"],
        "layer 0 of this stack, `Linear<9, 16, f64>`, cannot take `Vector<8, f64>` as its input";
    "last_layer":
        "Vector<8>" => ["Linear<8, 16>", "Relu", "Linear<16, 5>"], "";
        "Vector<8, f64>" => ["Linear<8, 16, f64>", "Relu", "Linear<16, 5, f64>"], "";
    "window":
        "Image<1, 8, 8>" => ["Conv2d<1, 8, 3, 2>", "Relu", "Conv2d<8, 16, 5>", "GlobalAvgPool", "Linear<16, 4>"],
        "layer 2 of this stack, `Conv2d<8, 16, 5>`, cannot take `Image<8, 3, 3>` as its input: a window of 5 does not fit into a dimension of 3 with a padding of 0";
        "Image<1, 8, 8, f64>" => [
            "Conv2d<1, 8, 3, 2, 0, f64>", "Relu", "Conv2d<8, 16, 5, 1, 0, f64>", "GlobalAvgPool", "Linear<16, 4, f64>"
        ],
        "layer 2 of this stack, `Conv2d<8, 16, 5, 1, 0, f64>`, cannot take `Image<8, 3, 3, f64>` as its input: a window of 5 does not fit into a dimension of 3 with a padding of 0";
    "groups":
        "Image<1, 8, 8>" => ["Conv2d<1, 6, 3>", "GroupNorm<4, 6>", "Relu", "GlobalAvgPool", "Linear<6, 4>"],
        "layer 1 of this stack, `GroupNorm<4, 6>`, cannot take `Image<6, 6, 6>` as its input: 6 channels cannot be split into 4 equal groups";
        "Image<1, 8, 8, f64>" => [
            "Conv2d<1, 6, 3, 1, 0, f64>", "GroupNorm<4, 6, f64>", "Relu", "GlobalAvgPool", "Linear<6, 4, f64>"
        ],
        "layer 1 of this stack, `GroupNorm<4, 6, f64>`, cannot take `Image<6, 6, 6, f64>` as its input: 6 channels cannot be split into 4 equal groups";
}
