use chainrule::{Adam, Init, Linear, Optimizer, Parameters, Tanh, rng};

type A = (Linear<8, 16>, Tanh, Linear<16, 2>);
type B = (Linear<8, 16>, Tanh, Linear<16, 3>);

fn main() {
    let mut net_a = A::init(&mut rng(1));
    let gradient_of_b = B::zeros();
    let mut adam = Adam::new(1e-3);
    assert!(adam.step(&mut net_a, &gradient_of_b).is_ok());
}
