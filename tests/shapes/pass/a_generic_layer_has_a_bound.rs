use chainrule::network;
use chainrule::prelude::*;

network! {
    struct Net<B: Maps<Vector<8>, Vector<8>>>: Vector<4> => Vector<8> {
        widen: Linear<4, 8>,
        block: B,
    }
}

fn main() {
    fn run<N: Maps<Vector<4>, Vector<8>>>() -> bool {
        N::init(&mut rng(1)).predict(&Vector::default()).is_ok()
    }
    assert!(run::<Net<Tanh>>());
}
