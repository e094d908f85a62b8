use chainrule::{Parameters, Vector};

#[derive(Parameters)]
struct Scale<const N: usize> {
    factor: Vector<N>,
}

fn main() {
    assert_eq!(Scale::<4>::COUNT, 4);
}
