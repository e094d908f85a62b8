use chainrule::{Init, Linear, Network, Relu, Residual, Vector, rng};

type Block = Residual<(Relu, Linear<128, 64>)>;

fn main() {
    let block = Block::init(&mut rng(1));
    let features = Vector::<128>::default();
    assert!(block.predict(&features).is_ok());
}
