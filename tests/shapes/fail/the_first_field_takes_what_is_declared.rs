use chainrule::{Conv2d, Dense, Image, Init, Network, Relu, Vector, network, rng};

network! {
    struct Small: Image<1, 8, 8> => Vector<10> {
        conv: Conv2d<3, 6, 3>,
        act: Relu,
        head: Dense<Image<6, 6, 6>, Vector<10>>,
    }
}

fn main() {
    assert!(Small::init(&mut rng(1)).predict(&Image::default()).is_ok());
}
