use chainrule::Parameters;

#[derive(Parameters)]
struct Slopes {
    #[parameter(scale = 0.25, shape = &[3], scalar = f32)]
    slope: [f32; 3],
}

fn main() {
    assert_eq!(Slopes::COUNT, 3);
}
