use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let rows = vec![vec![0.1_f32, 0.2, 0.3, 0.4]; 8];
    let xs = rows.iter().map(|row| Vector::<4>::from_slice(row)).collect::<Result<Vec<_>, _>>()?;
    println!("{:?}", net.predict_batch(&xs)?);
    Ok(())
}
