use chainrule::Parameters;

#[derive(Parameters)]
struct ParallelInput;

fn main() {
    assert_eq!(ParallelInput::COUNT, 0);
}
