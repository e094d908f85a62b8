use chainrule::{Linear, Network, Relu, Vector, network};

struct Net { fc1: Linear<4, 16>, act: Relu, fc2: Linear<16, 2> }

fn predict(net: Net) -> Vector<2> {
    net.predict(&Vector::<4>::default()).unwrap()
}

fn main() {
    network!(struct Other: Vector<4> => Vector<2> { fc: Linear<4, 2> });
    let _: fn(Net) -> Vector<2> = predict;
}
