use chainrule::prelude::*;

fn main() -> Result<(), chainrule::Error> {
    let net = Conv2d::<1, 6, 5>::init(&mut rng(1));
    println!("{:?}", net.predict(&Image([[[0.5_f32; 8]; 8]]))?);
    Ok(())
}
