use chainrule::{Init, Linear, Network, Tanh, Vector, rng};

type Net = (Linear<4, 8, f64>, Tanh, Linear<8, 2, f64>);

fn main() {
    let net = Net::init(&mut rng(1));
    let x = Vector::<4, f32>::default();
    assert!(net.predict(&x).is_ok());
}
