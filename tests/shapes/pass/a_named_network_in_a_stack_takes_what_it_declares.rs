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
    type Stack = (Linear<8, 4>, Net);
    println!("{:?}", Stack::init(&mut rng(1)).predict(&Vector([0.5_f32; 8]))?);
    Ok(())
}
