use chainrule::layer::{Activation, Effect, Moments};
use chainrule::prelude::*;

#[derive(Clone, Copy, Parameters)]
struct Absolute;

impl Activation for Absolute {
    fn apply<T: Real>(x: T) -> T {
        x.abs()
    }
    fn derivative<T: Real>(x: T, _: T) -> T {
        if x > T::zero() { T::one() } else { -T::one() }
    }
}
chainrule::activation_layer!(Absolute);

type Net = (Linear<16, 64>, [(Absolute, Linear<64, 64>); 10]);
const _: () = chainrule::gradient_flows::<Net, Vector<16>>();

fn main() {
    let _ = (Effect::Unknown, Moments::Slopes { above: 1.0, below: 0.0 });
}
