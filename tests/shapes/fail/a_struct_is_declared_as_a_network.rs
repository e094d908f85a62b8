use chainrule::{Init, Linear, Network, Relu, Vector, network, rng};

struct Net { fc1: Linear<4, 16>, act: Relu, fc2: Linear<16, 2> }

fn main() {
    network!(struct Other: Vector<4> => Vector<2> { fc: Linear<4, 2> });
    let net = Net::init(&mut rng(1));
    assert!(Other::init(&mut rng(1)).predict(&Vector::default()).is_ok());
    drop(net);
}
