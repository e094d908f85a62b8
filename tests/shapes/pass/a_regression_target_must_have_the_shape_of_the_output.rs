use chainrule::{Init, Linear, MeanSquaredError, Network, Tanh, Vector, rng};

type Net = (Linear<8, 16>, Tanh, Linear<16, 3>);

fn main() {
    let net = Net::init(&mut rng(1));
    let (inputs, targets) = ([Vector::<8>::default()], [Vector::<3>::default()]);
    assert!(net.loss(&MeanSquaredError, &inputs, &targets).is_ok());
}
