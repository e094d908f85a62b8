use chainrule::prelude::*;

chainrule::network! {
    /// Scores.
    struct Net: Vector<4> => Vector<3> {
        hidden: Linear<4, 16>,
        act: Relu,
        out: Linear<16, 3>,
    }
}

fn main() -> Result<(), chainrule::Error> {
    let net = Net::init(&mut rng(1));
    println!("{:?}", net.predict(&Vector([0.5_f32; 4]))?);
    Ok(())
}
