use chainrule::prelude::*;

type Net = (Linear<4, 7>, Glu, Linear<3, 2>);

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Vector([0.5_f32; 4]))?);
    Ok(())
}
