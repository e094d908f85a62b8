use chainrule::prelude::*;

type Block = Highway<(Linear<32, 32>, Relu), 32>;
type Net = (Linear<784, 32>, [Block; 8], Linear<32, 10>);

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Vector([0.5_f32; 784]))?);
    Ok(())
}
