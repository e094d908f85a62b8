use chainrule::{Conv2d, Image, Init, MaxPool2d, Network, rng};

type Net = (Conv2d<1, 6, 5>, MaxPool2d<5>);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Image::<1, 8, 8>::default()).is_ok());
}
