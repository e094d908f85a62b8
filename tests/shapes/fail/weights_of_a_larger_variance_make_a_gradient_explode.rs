use chainrule::prelude::*;

type Net = (Linear<64, 64>, [(Relu, Linear<64, 64>); 30], Linear<64, 10>);
const START: Initializer = Initializer::he_normal().gain(1.5);
const _: () = chainrule::gradient_flows_with::<Net, Vector<64>>(START, 1.0);

fn main() {}
