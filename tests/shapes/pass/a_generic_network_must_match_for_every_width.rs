use chainrule::{Init, Linear, Maps, Network, Tanh, Vector, network, rng};

network! {
    struct Net<const H: usize, B: Maps<Vector<H>, Vector<H>>>: Vector<4> => Vector<2> {
        widen: Linear<4, H>,
        block: B,
        head: Linear<H, 2>,
    }
}

fn main() {
    assert!(Net::<8, Tanh>::init(&mut rng(1)).predict(&Vector::default()).is_ok());
}
