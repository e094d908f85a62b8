use chainrule::prelude::*;

fn main() -> Result<(), chainrule::Error> {
    let layer = Dropout::<50>::init(&mut rng(1));
    println!("{:?}", layer.predict(&Vector([0.5_f32; 8]))?);
    Ok(())
}
