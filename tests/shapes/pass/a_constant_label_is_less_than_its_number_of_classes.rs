use chainrule::Label;

const UNKNOWN: Label<11> = Label::of::<10>();

fn main() {
    assert_eq!(UNKNOWN.index(), 10);
}
