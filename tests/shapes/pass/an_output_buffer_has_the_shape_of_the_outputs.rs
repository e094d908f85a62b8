use chainrule::{Init, Linear, Network, Tanh, Vector, Workspace, rng};

type Net = (Linear<8, 16>, Tanh, Linear<16, 2>);

fn main() {
    let net = Net::init(&mut rng(1));
    let mut workspace = Workspace::default();
    let (inputs, mut outputs) = ([Vector::<8>::default()], [Vector::<2>::default()]);
    assert!(net.predict_into(&inputs, &mut outputs, &mut workspace).is_ok());
}
