use chainrule::prelude::*;

type Net = (Linear<64, 64>, [(Relu, Linear<64, 64>); 30], Linear<64, 10>);
const _: () = chainrule::gradient_flows_with::<Net, Vector<64>>(Initializer::he_normal(), 1.0);

fn main() {}
