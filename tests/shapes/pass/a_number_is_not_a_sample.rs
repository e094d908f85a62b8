use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    type Curve = (Linear<1, 16>, Tanh, Linear<16, 1>);
    let net = Curve::init(&mut rng(1));
    let y = net.predict(&Vector([0.5_f32]))?;
    println!("{:?}", y);
    Ok(())
}
