use chainrule::{Adam, Linear, MeanSquaredError, Relu, Trainer, Vector, network};

struct Net { fc1: Linear<4, 16>, act: Relu, fc2: Linear<16, 2> }

fn train(net: Net) {
    let mut trainer = Trainer::new(net, MeanSquaredError, Adam::new(0.01), 1);
    trainer.step(&[Vector::<4>::default()], &[Vector::<2>::default()]).unwrap();
}

fn main() {
    network!(struct Other: Vector<4> => Vector<2> { fc: Linear<4, 2> });
    let _: fn(Net) = train;
}
