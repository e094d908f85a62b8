use chainrule::{Conv2d, Dense, Image, Init, Relu, Vector, network, rng};

network! {
    /// Scores for ten classes.
    struct Small: Image<1, 8, 8> => Vector<10> {
        conv: Conv2d<1, 6, 3>,
        act: Relu,
        head: Dense<Image<6, 6, 6>, Vector<10>>,
    }
}

fn main() {
    assert_eq!(Small::init(&mut rng(1)).head.bias[0], 0.0);
}
