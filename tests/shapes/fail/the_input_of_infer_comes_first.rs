use chainrule::prelude::*;

type Net = Infer<(ConvTo<4, 3>, Relu, LinearTo<10>), Image<1, 8, 8>>;

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Image([[[0.5_f32; 8]; 8]]))?);
    Ok(())
}
