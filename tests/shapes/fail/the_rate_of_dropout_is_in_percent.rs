use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Dropout<0.5>, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Vector([0.5_f32; 4]))?);
    Ok(())
}
