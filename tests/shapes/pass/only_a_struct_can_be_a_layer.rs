use chainrule::Parameters;

#[derive(Parameters)]
struct Half;

fn main() {
    assert_eq!(Half::COUNT, 0);
}
