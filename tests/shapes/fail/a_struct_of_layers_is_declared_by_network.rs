use chainrule::prelude::*;

#[derive(Parameters)]
struct Net {
    fc1: Linear<4, 16>,
    act: Relu,
    fc2: Linear<16, 2>,
}

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    println!("{:?}", net.predict(&Vector([0.0_f32; 4]))?);
    Ok(())
}
