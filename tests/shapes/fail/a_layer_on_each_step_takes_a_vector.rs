use chainrule::prelude::*;

type Net = (Conv1d<3, 4, 3>, PerStep<Conv1d<4, 8, 1>>, Relu);

fn main() -> Result<(), chainrule::Error> {
    println!("{:?}", Net::init(&mut rng(1)).predict(&Sequence([[0.5_f32; 3]; 9]))?);
    Ok(())
}
