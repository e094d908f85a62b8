use chainrule::prelude::*;

/// Two layers. The fields of the second are listed as fields of this layer.
#[derive(Parameters)]
struct Block {
    #[parameter(flatten)]
    linear: Linear<3, 3>,
    #[parameter(scael = 1.0)]
    slope: [f32; 3],
}

fn main() {
    let block = Block::zeros();
    assert_eq!((block.linear.bias[0], block.slope[0]), (0.0, 0.0));
}
