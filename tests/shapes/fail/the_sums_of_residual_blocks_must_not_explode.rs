use chainrule::prelude::*;

type Block = Residual<(Relu, Linear<64, 64>)>;
type Net = (Linear<16, 64>, [Block; 50], Linear<64, 10>);
const _: () = chainrule::gradient_flows::<Net, Vector<16>>();

fn main() {
    let _ = Net::init(&mut rng(0));
}
