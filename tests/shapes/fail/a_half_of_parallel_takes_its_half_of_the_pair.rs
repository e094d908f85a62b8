use chainrule::prelude::*;

type Net = (Parallel<Linear<4, 8>, Linear<4, 8>>, Join, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Pair(Vector([0.5_f32; 4]), Vector([0.5_f32; 2])))?);
    Ok(())
}
