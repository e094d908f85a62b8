use chainrule::{Init, Linear, MeanSquaredError, Network, Tanh, Vector, rng};

type Net = (Linear<8, 16>, Tanh, Linear<16, 3>);

fn main() {
    let net = Net::init(&mut rng(1));
    let inputs = [Vector::<8>::default()];
    let targets = [Vector([0.0, 1.0, 0.0])];
    assert!(net.loss(&MeanSquaredError, &inputs, &targets).is_ok());
}
