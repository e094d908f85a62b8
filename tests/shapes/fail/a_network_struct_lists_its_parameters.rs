use chainrule::prelude::*;

#[derive(Clone)]
struct Head {
    linear: Linear<4, 2>,
}

impl Layer<Vector<4>> for Head {
    type Output = Vector<2>;
    fn forward(&self, x: &[Vector<4>], y: &mut [Vector<2>], workspace: WorkspaceMut, mode: &mut Mode) {
        self.linear.forward(x, y, workspace, mode);
    }
    fn backward(&self, _: Backward<Vector<4>, Self>) {}
}

fn main() -> Result<(), chainrule::Error> {
    let head = Head { linear: Linear::zeroed() };
    println!("{:?}", head.predict(&Vector([0.0; 4]))?);
    Ok(())
}
