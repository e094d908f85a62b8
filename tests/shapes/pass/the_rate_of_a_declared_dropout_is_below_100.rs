use chainrule::{Dropout, Init, Linear, Network, Vector, network, rng};

network! {
    struct Net: Vector<4> => Vector<2> {
        widen: Linear<4, 8>,
        drop: Dropout<50>,
        head: Linear<8, 2>,
    }
}

fn main() {
    assert!(Net::init(&mut rng(1)).predict(&Vector::default()).is_ok());
}
