use chainrule::{Init, Linear, Network, Tanh, Vector, rng};

type Wide = Linear<8, 8>;
#[rustfmt::skip]
type Net = (
    Wide, Tanh, Wide, Tanh, Wide, Tanh, Wide, Tanh,
    Wide, Tanh, Wide, Tanh, Wide, Tanh, Wide, Tanh, Wide,
);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Vector::<8>::default()).is_ok());
}
