use chainrule::{Init, Linear, Network, Relu, Residual, Tanh, Vector, network, rng};

network! {
    struct Block: Vector<8> => Vector<8> {
        widen: Linear<8, 16>,
        act: Relu,
        back: Linear<16, 8>,
    }
}
network! {
    struct Net: Vector<8> => Vector<8> {
        blocks: [Residual<Block>; 3],
        last: (Block, Tanh),
    }
}

fn norm() -> f64 {
    Net::init(&mut rng(1)).norm()
}

fn main() {
    assert!(norm() > 0.0);
    assert!(Net::init(&mut rng(1)).predict(&Vector::default()).is_ok());
    assert!(<(Tanh, Block)>::init(&mut rng(1)).predict(&Vector::<8>::default()).is_ok());
}
