use chainrule::prelude::*;
use chainrule::quantized::Quantized;

type Net = (Linear<4, 8>, LayerNorm<Vector<8>>, Linear<8, 2>);

fn main() {
    println!("{} bytes", size_of::<Quantized<Net, Vector<4>>>());
}
