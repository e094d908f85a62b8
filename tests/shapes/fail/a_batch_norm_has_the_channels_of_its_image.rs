use chainrule::{BatchNorm, Conv2d, Image, Init, Network, Relu, rng};

type Net = (Conv2d<1, 6, 3>, BatchNorm<16>, Relu);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Image::<1, 8, 8>::default()).is_ok());
}
