use chainrule::prelude::*;

type Net = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    let cotangents = [Vector([1.0_f32, 0.0, 0.0])];
    let (input_grads, _) = net.vjp(&[Vector([0.5; 4])], &cotangents)?;
    println!("{input_grads:?}");
    Ok(())
}
