use chainrule::prelude::*;

fn main() {
    let x = Vector([-1.0, 2.0]);
    let y = Relu(&x);
    assert_eq!(y, Ok(Vector([0.0, 2.0])));
}
