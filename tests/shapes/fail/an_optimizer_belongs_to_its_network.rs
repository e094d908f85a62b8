use chainrule::{Adam, Init, Linear, Optimizer, Parameters, Tanh, rng};

type A = (Linear<8, 16>, Tanh, Linear<16, 2>);
type B = (Linear<8, 16>, Tanh, Linear<16, 3>);

fn main() {
    let mut net_a = A::init(&mut rng(1));
    let gradient_of_a = A::zeros();
    let mut adam_of_b = Adam::<B>::new(1e-3);
    assert!(adam_of_b.step(&mut net_a, &gradient_of_a).is_ok());
}
