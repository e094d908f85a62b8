use chainrule::{Conv2d, Image, Init, Network, Relu, rng};

type Net = (Conv2d<1, 6, 5>, Relu, Conv2d<6, 16, 5>);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Image::<1, 28, 28>::default()).is_ok());
}
