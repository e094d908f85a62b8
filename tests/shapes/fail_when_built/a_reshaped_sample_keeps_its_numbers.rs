use chainrule::{Image, Init, Network, Reshape, Tanh, Vector, rng};

type Net = (Tanh, Reshape<Image<1, 3, 5>>);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Vector([0.0; 12])).is_ok());
}
