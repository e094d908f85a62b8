use chainrule::{Dense, Init, Network, Vector, rng};

type Net = Dense<Vector<4, f32>, Vector<8, f32>>;

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Vector::default()).is_ok());
}
