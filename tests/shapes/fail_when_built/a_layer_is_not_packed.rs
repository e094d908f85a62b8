use chainrule::{Network, Parameters};

#[derive(Parameters)]
#[repr(C, packed)]
struct Slope {
    #[parameter(skip)]
    tag: u8,
    #[parameter(scale = 0.25)]
    slope: f32,
}

fn main() {
    assert!(Slope { tag: 1, slope: 3.0 }.norm() == 3.0);
}
