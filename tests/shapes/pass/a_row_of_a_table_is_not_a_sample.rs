use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let table = [[5.1_f32, 3.5, 1.4, 0.2], [4.9_f32, 3.0, 1.4, 0.2]];
    println!("{:?}", net.predict_batch(&table.map(Vector))?);
    Ok(())
}
