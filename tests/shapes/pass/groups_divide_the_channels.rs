use chainrule::{Conv2d, GroupNorm, Image, Init, Network, Relu, rng};

type Net = (Conv2d<1, 32, 3>, GroupNorm<4, 32>, Relu);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Image::<1, 8, 8>::default()).is_ok());
}
