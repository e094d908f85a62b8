use chainrule::{Init, Linear, Network, Tanh, Vector, network, rng};

struct Width;

network! {
    struct Net: Vector<4> => Vector<2> {
        widen: Linear<4, 8>,
        act: Tanh,
        head: Linear<8, 2>,
    }
}

fn main() {
    let (_, _, net) = (Width, Tanh, Net::init(&mut rng(1)));
    assert!(net.predict(&Vector::default()).is_ok());
}
