use chainrule::prelude::*;

type Net = (Parallel<Linear<4, 8>, Linear<4, 8>>, Join, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    let x = Vector([0.5_f32; 4]);
    println!("{:?}", Net::init(&mut rng(1)).predict(&x)?);
    Ok(())
}
