use chainrule::{Init, Linear, Network, Tanh, Tape, Vector, rng};

type A = (Linear<8, 16>, Tanh, Linear<16, 2>);
type B = (Linear<8, 16>, Tanh, Linear<16, 2>);

fn main() {
    let net_a = A::init(&mut rng(1));
    let mut tape_of_b = Workspace::default();
    let (inputs, mut outputs) = ([Vector::<8>::default()], [Vector::<2>::default()]);
    assert!(net_a.predict_into(&inputs, &mut outputs, &mut tape_of_b).is_ok());
}
