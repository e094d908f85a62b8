use chainrule::prelude::*;

#[derive(Parameters)]
struct Shift {
    by: f32,
}

fn main() {
    println!("{}", Shift { by: 0.5 }.by);
}
