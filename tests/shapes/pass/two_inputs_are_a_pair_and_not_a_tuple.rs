use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    type Two = (Parallel<Linear<2, 8>, Linear<3, 8>>, Join, Linear<16, 3>);
    let net = Two::init(&mut rng(1));
    let x = Pair(Vector([0.5_f32; 2]), Vector([0.5_f32; 3]));
    println!("{:?}", net.predict(&x)?);
    Ok(())
}
