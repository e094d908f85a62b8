use chainrule::{Init, Linear, Network, Parameters, Vector, rng};

#[derive(Parameters)]
struct Half;

type Net = (Linear<4, 8>, Half, Linear<8, 2>);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Vector::<4>::default()).is_ok());
}
