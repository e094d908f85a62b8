use chainrule::prelude::*;

type Net = (Conv2d<1, 8, 3>, Relu, Dense<Image<8, 6, 6>, Vector<10>>);

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Image([[[0.0_f32; 8]; 8]]))?);
    Ok(())
}
