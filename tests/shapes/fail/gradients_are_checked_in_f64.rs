use chainrule::gradcheck::gradcheck;
use chainrule::{Tanh, Vector};

fn main() {
    let inputs = [Vector([0.5_f32, -1.5])];
    assert!(gradcheck(&Tanh, &inputs).is_ok());
}
