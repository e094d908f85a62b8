use chainrule::prelude::*;

type Net = (Linear<16, 64>, [(Relu, Linear<64, 64>); 50], Linear<64, 10>);
const WEIGHTS: Initializer = Initializer::he_normal().gain(1.2);
const _: () = chainrule::gradient_flows_with::<Net, Vector<16>>(WEIGHTS, 1.0);

fn main() {
    let _ = Net::init_with(WEIGHTS, &mut rng(0));
}
