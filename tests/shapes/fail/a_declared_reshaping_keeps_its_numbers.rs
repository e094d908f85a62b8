use chainrule::{Dense, Image, Init, Linear, Network, Reshape, Vector, network, rng};

network! {
    struct Net: Vector<4> => Vector<2> {
        widen: Linear<4, 16>,
        image: Reshape<Image<1, 3, 4>>,
        head: Dense<Image<1, 3, 4>, Vector<2>>,
    }
}

fn main() {
    assert!(Net::init(&mut rng(1)).predict(&Vector::default()).is_ok());
}
