use chainrule::{Conv2d, Image, Init, Network, Relu, rng};

type Net = (Conv2d<1, 2, 5>, Relu);
type Wide = Image<1, 8, 2000>;

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Wide::default()).is_ok());
}
