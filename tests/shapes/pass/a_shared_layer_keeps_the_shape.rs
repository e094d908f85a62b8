use chainrule::prelude::*;

type Net = (Linear<4, 16>, Shared<(Linear<16, 16>, Relu), 3>, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Vector([0.5_f32; 4]))?);
    Ok(())
}
