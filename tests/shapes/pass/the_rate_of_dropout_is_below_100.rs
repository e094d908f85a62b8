use chainrule::{Dropout, Init, Linear, Network, Vector, rng};

type Net = (Linear<4, 8>, Dropout<50>, Linear<8, 2>);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Vector::<4>::default()).is_ok());
}
