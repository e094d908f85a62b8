use chainrule::prelude::*;

/// Two layers, one of which counts as this layer's own fields.
#[derive(Parameters)]
struct Block {
    #[parameter(flatten)]
    linear: Linear<3, 3>,
    #[parameter(scale = 1.0)]
    slope: [f32; 3],
}

fn main() {
    let block = Block::zeros();
    assert_eq!((block.linear.bias[0], block.slope[0]), (0.0, 0.0));
}
