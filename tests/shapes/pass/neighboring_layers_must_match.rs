use chainrule::{Init, Linear, Network, Relu, Vector, rng};

type Net = (Linear<784, 128>, Relu, Linear<128, 10>);

fn main() {
    let net = Net::init(&mut rng(1));
    let image = Vector::<784>::default();
    assert!(net.predict(&image).is_ok());
}
