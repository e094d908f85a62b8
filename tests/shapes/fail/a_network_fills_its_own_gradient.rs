use chainrule::{Init, Linear, MeanSquaredError, Network, Parameters, Tanh, Vector, Workspace, rng};

type A = (Linear<8, 16>, Tanh, Linear<16, 2>);
type B = (Linear<8, 16>, Tanh, Linear<16, 3>);

fn main() {
    let (inputs, targets, loss) = ([Vector::<8>::default()], [Vector::<2>::default()], MeanSquaredError);
    let net_a = A::init(&mut rng(1));
    let mut workspace = Workspace::default();
    let mut gradient = B::zeros();
    assert!(net_a.loss_gradient(&loss, &inputs, &targets, &mut workspace, &mut gradient, &mut rng(2)).is_ok());
}
