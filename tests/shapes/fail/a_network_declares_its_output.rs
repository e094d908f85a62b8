use chainrule::network;
use chainrule::prelude::*;

network! {
    struct Net: Vector<4> {
        layer: Linear<4, 2>,
    }
}

fn main() {
    assert!(Net::init(&mut rng(1)).predict(&Vector::default()).is_ok());
}
