use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    type Yes = (Linear<4, 8>, Relu, Linear<8, 1>);
    let net = Yes::init(&mut rng(1));
    let targets = [Vector([1.0_f32])];
    println!("{}", net.loss(&BinaryCrossEntropy, &[Vector([0.5_f32; 4])], &targets)?);
    Ok(())
}
