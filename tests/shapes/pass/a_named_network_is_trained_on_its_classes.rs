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
    let mut trainer = Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(0.01), 1);
    let label = Label::<3>::new(1)?;
    trainer.step(&[Vector([0.5_f32; 4])], &[label])?;
    Ok(())
}
