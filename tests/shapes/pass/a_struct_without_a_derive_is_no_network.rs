use chainrule::prelude::*;

#[derive(Parameters)] struct Net {
    fc1: Linear<4, 16>,
    fc2: Linear<16, 2>,
}

fn main() {
    let net = Net { fc1: Linear::zeroed(), fc2: Linear::zeroed() };
    let trainer = Trainer::new(net, MeanSquaredError, Adam::new(0.1), 1);
    println!("{}", trainer.steps());
}
