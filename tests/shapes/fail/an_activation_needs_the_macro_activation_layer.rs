use chainrule::{Activation, Init, Linear, Network, Parameters, Real, Vector, rng};

#[derive(Clone, Copy, Default, Parameters)]
struct Cube;

impl Activation for Cube {
    fn apply<T: Real>(x: T) -> T {
        x * x * x
    }
    fn derivative<T: Real>(x: T, _: T) -> T {
        T::from_f64(3.0) * x * x
    }
}

type Net = (Linear<4, 8>, Cube, Linear<8, 2>);

fn main() {
    let net = Net::init(&mut rng(1));
    assert!(net.predict(&Vector::<4>::default()).is_ok());
}
