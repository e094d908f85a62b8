use chainrule::{Conv2d, Image, Init, Network, Relu, Residual, rng};

type Net = Residual<(Relu, Conv2d<4, 4, 3, 2, 1>), Conv2d<4, 4, 1, 2>>;

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Image::<4, 8, 8>::default()).is_ok());
}
