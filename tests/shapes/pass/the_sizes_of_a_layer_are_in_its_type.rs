use chainrule::prelude::*;

fn main() -> Result<(), chainrule::Error> {
    let net = <(Linear<4, 16>, Relu, Linear<16, 3>)>::init(&mut rng(1));
    println!("{:?}", net.predict(&Vector([0.5_f32; 4]))?);
    Ok(())
}
