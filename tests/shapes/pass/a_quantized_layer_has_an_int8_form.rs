use chainrule::prelude::*;
use chainrule::quantized::Quantized;

type Net = (Linear<4, 8>, Sigmoid, Linear<8, 2>);

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(0));
    let samples = [Vector([0.1, 0.2, 0.3, 0.4]), Vector([1.0, 0.0, -1.0, 0.5])];
    let quantized: Box<Quantized<Net, Vector<4>>> = Quantized::calibrate(&net, &samples)?;
    println!("{}", quantized.predict(&samples[0])?);
    Ok(())
}
