use chainrule::{Image, Init, Network, Upsample2d, rng};

type Net = Upsample2d<0>;

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Image::<1, 8, 8>::default()).is_ok());
}
