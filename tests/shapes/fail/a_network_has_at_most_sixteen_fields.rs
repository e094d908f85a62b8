use chainrule::network;
use chainrule::prelude::*;

network! {
    struct Net: Vector<4> => Vector<4> {
        a: Tanh, b: Relu, c: Tanh, d: Relu,
        e: Tanh, f: Relu, g: Tanh, h: Relu,
        i: Tanh, j: Relu, k: Tanh, l: Relu,
        m: Tanh, n: Relu, o: Tanh, p: Relu, q: Tanh,
    }
}

fn main() {
    assert!(Net::init(&mut rng(1)).predict(&Vector::default()).is_ok());
}
