use chainrule::Parameters;

#[derive(Parameters)]
struct Square<const N: usize> {
    #[parameter(weight, fan_in = N)]
    weight: [[f32; N]; N],
}

fn main() {
    assert_eq!(Square::<4>::COUNT, 16);
}
