use chainrule::{Init, Linear, Network, Tanh, rng};

type Net = (Linear<4, 0>, Tanh, Linear<0, 1>);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.norm() > 0.0);
}
