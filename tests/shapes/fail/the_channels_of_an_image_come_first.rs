use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    type Colors = (Conv2d<3, 8, 5>, Relu, GlobalAvgPool, Linear<8, 10>);
    let net = Colors::init(&mut rng(1));
    let photo = Image([[[0.5_f32; 3]; 32]; 32]);
    println!("{:?}", net.predict(&photo)?);
    Ok(())
}
