use chainrule::{Network, Parameters, Real};

#[derive(Parameters)]
#[repr(C)]
struct Slope<T: Real = f32> {
    #[parameter(skip)]
    tag: u8,
    #[parameter(scale = 0.25)]
    slope: T,
}

fn main() {
    assert!(Slope::<f32> { tag: 1, slope: 3.0 }.norm() == 3.0);
}
