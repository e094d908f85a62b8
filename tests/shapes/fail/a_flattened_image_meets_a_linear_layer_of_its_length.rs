use chainrule::{Conv2d, Flatten, Image, Init, Linear, Network, rng};

type Net = (Conv2d<1, 6, 5>, Flatten, Linear<95, 10>);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Image::<1, 8, 8>::default()).is_ok());
}
