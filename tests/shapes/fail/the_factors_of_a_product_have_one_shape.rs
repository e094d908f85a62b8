use chainrule::prelude::*;

type Net = (Duplicate, Parallel<(Linear<4, 8>, Sigmoid), Linear<4, 6>>, Product, Linear<8, 3>);

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Vector([0.5_f32; 4]))?);
    Ok(())
}
