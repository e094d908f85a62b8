use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    type Digits = (Conv2d<1, 4, 3>, Relu, GlobalAvgPool, Linear<4, 10>);
    let pixels = [[[128_u8; 8]; 8]; 1];
    let image = Image(pixels);
    println!("{:?}", Digits::init(&mut rng(1)).predict(&image)?);
    Ok(())
}
