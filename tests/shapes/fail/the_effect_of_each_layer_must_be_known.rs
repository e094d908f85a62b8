use chainrule::prelude::*;

type Net = (Linear<16, 64>, Softmax, Linear<64, 10>);
const _: () = chainrule::gradient_flows::<Net, Vector<16>>();

fn main() {
    let _ = Net::init(&mut rng(0));
}
