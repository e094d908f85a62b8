chainrule::network! {
    /// Scores for ten classes.
    struct Cifar: chainrule::Image<3, 32, 32> => chainrule::Vector<10> {
        conv: chainrule::Conv2d<3, 32, 3, 2>,
        act: chainrule::Relu,
        same: chainrule::Identity,
        head: chainrule::Dense<chainrule::Image<32, 15, 15>, chainrule::Vector<10>>,
    }
}

fn main() {
    println!("{}", <Cifar as chainrule::Init>::init(&mut chainrule::rng(0)).head.bias[0]);
}
