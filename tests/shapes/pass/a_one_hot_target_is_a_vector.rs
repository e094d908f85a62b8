use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let one_hot = [[1.0_f32, 0.0, 0.0], [0.0_f32, 0.0, 1.0]];
    let targets = one_hot.map(Vector);
    println!("{}", net.loss(&CrossEntropy::default(), &[Vector([0.5_f32; 4]); 2], &targets)?);
    Ok(())
}
