use chainrule::prelude::*;

fn main() -> Result<(), chainrule::Error> {
    let net = (Linear::new(4, 16), Relu, Linear::new(16, 3));
    println!("{:?}", net.predict(&Vector([0.5_f32; 4]))?);
    Ok(())
}
