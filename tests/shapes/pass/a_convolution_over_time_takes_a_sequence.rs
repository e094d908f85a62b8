use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    type Audio = (Conv1d<1, 8, 5>, Relu, GlobalAvgPool, Linear<8, 4>);
    let net = Audio::init(&mut rng(1));
    let clip = Sequence([[0.1_f32]; 100]);
    println!("{:?}", net.predict(&clip)?);
    Ok(())
}
