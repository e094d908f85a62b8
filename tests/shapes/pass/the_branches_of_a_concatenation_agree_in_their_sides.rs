use chainrule::{Concat, Conv2d, Image, Init, Network, rng};

type Net = Concat<(Conv2d<1, 4, 3>, Conv2d<1, 4, 5, 1, 1>)>;

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Image::<1, 8, 8>::default()).is_ok());
}
