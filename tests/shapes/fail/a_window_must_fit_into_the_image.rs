use chainrule::{Conv2d, Image, Init, Network, Relu, rng};

type Net = (Conv2d<1, 6, 40>, Relu);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Image::<1, 28, 28>::default()).is_ok());
}
