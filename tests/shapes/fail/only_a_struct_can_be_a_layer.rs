use chainrule::Parameters;

#[derive(Parameters)]
enum Half { Left, Right }

fn main() {
    assert_eq!(Half::COUNT, 0);
}
