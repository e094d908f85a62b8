use chainrule::Parameters;

#[derive(Parameters)]
enum ParallelInput { Left, Right }

fn main() {
    assert_eq!(ParallelInput::COUNT, 0);
}
