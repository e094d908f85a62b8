use chainrule::prelude::*;

type Net = (Parallel<Conv2d<1, 4, 3>, Conv2d<1, 4, 5>>, Join, GlobalAvgPool, Linear<8, 3>);

fn main() -> Result<(), chainrule::Error> {
    let x = Image([[[0.5_f32; 8]; 8]]);
    println!("{:?}", Net::init(&mut rng(1)).predict(&Pair(x, x))?);
    Ok(())
}
