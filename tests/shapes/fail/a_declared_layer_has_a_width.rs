use chainrule::{Init, Linear, Network, Tanh, Vector, network, rng};

network! {
    struct Net: Vector<4> => Vector<2> {
        layers: (Linear<4, WIDTH>, Tanh, Linear<WIDTH, 2>),
    }
}
const WIDTH: usize = 0;

fn main() {
    assert!(Net::init(&mut rng(1)).predict(&Vector::default()).is_ok());
}
