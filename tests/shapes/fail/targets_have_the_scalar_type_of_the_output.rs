use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let targets = [Vector([0.0_f64, 1.0, 0.0])];
    println!("{}", net.loss(&MeanSquaredError, &[Vector([0.5_f32; 4])], &targets)?);
    Ok(())
}
