use chainrule::prelude::*;

type Net = (Linear<64, 64>, [(Relu, Linear<64, 64>); 30], Linear<64, 10>);
const _: () = chainrule::gradient_flows::<Net, Vector<64>>();

fn main() {}
