use chainrule::prelude::*;

type Net = (Conv2d<1, 8, 3>, Flatten, MaxPool2d<2>, Linear<72, 10>);

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Image([[[0.0_f32; 8]; 8]]))?);
    Ok(())
}
