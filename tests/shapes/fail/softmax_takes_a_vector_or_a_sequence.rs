use chainrule::{Dense, Image, Init, Network, Softmax, Vector, rng};

type Shape = Image<1, 8, 8>;
type Pixels = Image<1, 8, 8>;
type Net = (Dense<Pixels, Shape>, Softmax, Dense<Shape, Vector<10>>);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Pixels::default()).is_ok());
}
