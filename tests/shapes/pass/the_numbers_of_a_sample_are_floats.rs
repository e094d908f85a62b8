use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let counts: [i32; 4] = [5, 0, 2, 1];
    println!("{:?}", net.predict(&Vector(counts.map(|n| n as f32)))?);
    Ok(())
}
