use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    type Other = (Linear<4, 8>, Relu, Linear<8, 3>);
    let net = Net::init(&mut rng(1));
    let mut average = ExponentialMovingAverage::<Net>::new(0.99);
    average.update(&net)?;
    Ok(())
}
