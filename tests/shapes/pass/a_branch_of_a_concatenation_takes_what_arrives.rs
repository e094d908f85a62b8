use chainrule::prelude::*;

type Net = (Linear<4, 8>, Concat<(Linear<8, 4>, Linear<8, 4>)>, Linear<8, 3>);

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Vector([0.5_f32; 4]))?);
    Ok(())
}
