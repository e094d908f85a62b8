use chainrule::{Init, LeakyRelu, Linear, Network, Vector, rng};

type Net = (Linear<4, 8>, LeakyRelu<1, 0>, Linear<8, 2>);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Vector::<4>::default()).is_ok());
}
