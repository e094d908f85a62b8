use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    type Denoise = (Conv2d<1, 8, 3, 1, 1>, Relu, Conv2d<8, 1, 3, 1, 1>);
    let net = Denoise::init(&mut rng(1));
    let (noisy, clean) = ([Image([[[0.5_f32; 8]; 8]])], [Vector([0.5_f32; 64])]);
    println!("{}", net.loss(&MeanSquaredError, &noisy, &clean)?);
    Ok(())
}
