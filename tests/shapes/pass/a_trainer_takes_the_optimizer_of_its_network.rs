use chainrule::{Init, Linear, MeanSquaredError, Sgd, Tanh, Trainer, Vector, rng};

type A = (Linear<8, 16>, Tanh, Linear<16, 2>);
type B = (Linear<8, 16>, Tanh, Linear<16, 2>);

fn main() {
    let net_a = A::init(&mut rng(1));
    let sgd_of_b = Sgd::<B>::new(0.1);
    let mut trainer = Trainer::new(net_a, MeanSquaredError, sgd_of_b, 7);
    assert!(trainer.step(&[Vector::<8>::default()], &[Vector::<2>::default()]).is_ok());
}
