use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let row: Vec<f32> = "0.1 0.2 0.3 0.4 1.0".split(' ').map(|x| x.parse().unwrap()).collect();
    let x = &row[..4];
    println!("{:?}", net.predict(x)?);
    Ok(())
}
