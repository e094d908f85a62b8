use chainrule::{Activation, Init, Linear, Network, Real, rng};

#[derive(Default)]
struct Cube;

impl Activation for Cube {
    fn apply<T: Real>(x: T) -> T {
        x * x * x
    }
    fn derivative<T: Real>(x: T, _: T) -> T {
        T::from_f64(3.0) * x * x
    }
}
chainrule::activation_layer!(Cube);

type Net = (Linear<4, 8>, Cube, Linear<8, 2>);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.norm() > 0.0);
}
