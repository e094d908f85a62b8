use chainrule::prelude::*;

type Net = (Linear<64, 64>, [Residual<(Sigmoid, Linear<64, 64>)>; 50], Linear<64, 10>);
const _: () = chainrule::gradient_flows::<Net, Vector<64>>();

fn main() {}
