use chainrule::{Init, Linear, Network, Tanh, Vector, rng};

type Net = (Linear<784, 32>, [(Linear<32, 16>, Tanh); 8], Linear<32, 10>);

fn main() {
    let net = Net::init(&mut rng(1));
    let image = Vector::<784>::default();
    assert!(net.predict(&image).is_ok());
}
