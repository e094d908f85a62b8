use chainrule::{Conv2d, Dense, Flatten, Image, Init, Network, Vector, rng};

type Net = (Conv2d<1, 6, 5>, Flatten, Dense<Vector<3456>, Vector<10>>);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Image::<1, 28, 28>::default()).is_ok());
}
