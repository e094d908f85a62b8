use chainrule::prelude::*;

fn main() -> Result<(), chainrule::Error> {
    let layer = Dropout::new(0.5);
    println!("{:?}", layer.predict(&Vector([0.5_f32; 8]))?);
    Ok(())
}
