use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    type Sensors = (Conv1d<3, 8, 5>, Relu, GlobalAvgPool, Linear<8, 4>);
    let net = Sensors::init(&mut rng(1));
    let recording = Sequence([[0.1_f32; 100]; 3]);
    println!("{:?}", net.predict(&recording)?);
    Ok(())
}
