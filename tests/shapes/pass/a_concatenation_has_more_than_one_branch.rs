use chainrule::prelude::*;

type Net = (Concat<(Linear<4, 8>, Linear<4, 8>)>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Vector([0.5_f32; 4]))?);
    Ok(())
}
