use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let x = [0.5_f32; 4];
    println!("{:?}", net.predict(&Vector(x))?);
    Ok(())
}
