use chainrule::prelude::*;

fn train<N: Maps<Vector<4>, Vector<3>>>(net: N) -> Result<f64, chainrule::Error> {
    let mut trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(0.01), 1);
    trainer.step(&[Vector([0.1; 4]); 6], &[Label::<3>::new(1)?; 6])
}

type Iris = (Linear<4, 16>, Relu, Linear<16, 3>);

fn main() -> Result<(), chainrule::Error> {
    println!("{}", train(Iris::init(&mut rng(1)).into_inner())?);
    Ok(())
}
