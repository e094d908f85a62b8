use chainrule::Label;

const UNKNOWN: Label<10> = Label::of::<10>();

fn main() {
    assert_eq!(UNKNOWN.index(), 10);
}
