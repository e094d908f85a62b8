use chainrule::{Init, Linear, Network, Parameters, Relu, Vector, network, rng};

#[derive(Parameters)]
struct Other(Relu);

#[derive(Parameters)] struct Net { fc1: Linear<4, 16>, act: Relu, fc2: Linear<16, 2> }

fn main() {
    network!(struct Small: Vector<4> => Vector<2> { fc: Linear<4, 2> });
    let y: Vector<2> = Net::init(&mut rng(1)).predict(&Vector::<4>::default()).unwrap();
    assert_eq!(y.0.len(), 2);
}
