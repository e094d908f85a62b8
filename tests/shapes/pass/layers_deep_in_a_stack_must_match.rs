use chainrule::prelude::*;

type Block = Residual<(Relu, Linear<32, 64>, Relu, Linear<64, 32>)>;
type Net = (Linear<784, 32>, [(Block, Tanh); 8], Linear<32, 10>);

fn main() {
    let net = Net::init(&mut rng(1));
    let image = Vector::<784>::default();
    assert!(net.predict(&image).is_ok());
}
