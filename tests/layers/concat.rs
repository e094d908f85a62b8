//! What the gradient check cannot see of a concatenation: the order of its numbers, what a hook sees, its cost, its
//! table.

use crate::common::{backward, forward};
use chainrule::Error;
use chainrule::layer::{BackwardHook, Cost, LayerPass, Plan, Segment};
use chainrule::prelude::*;

#[test]
fn features_are_joined_at_each_step_and_channels_one_after_the_other() -> Result<(), Error> {
    let steps = Sequence([[1.0, -2.0], [-3.0, 4.0]]);
    let joined = Concat { branches: (Identity, Relu) }.predict(&steps)?;
    assert_eq!(joined, Sequence([[1.0, -2.0, 1.0, 0.0], [-3.0, 4.0, 0.0, 4.0]]));

    let image = Image([[[1.0, -2.0]], [[-3.0, 4.0]]]);
    let joined = Concat { branches: (Identity, Relu, MaxPool2d::<1>) }.predict(&image)?;
    let [first, second] = image.0;
    assert_eq!(joined, Image([first, second, [[1.0, 0.0]], [[0.0, 4.0]], first, second]));

    let joined = Concat { branches: (Relu, Identity, Identity, Relu) }.predict(&Vector([-1.0]))?;
    assert_eq!(joined, Vector([0.0, -1.0, -1.0, 0.0]));
    Ok(())
}

/// Where the backward pass went, and the gradients it had there.
#[derive(Default)]
struct Diary {
    path: Vec<Segment>,
    entries: Vec<(String, Vec<f64>, Option<Vec<f64>>)>,
}

impl BackwardHook for Diary {
    fn enter(&mut self, name: Segment, _: &'static Plan) {
        self.path.push(name);
    }

    fn leave(&mut self, pass: &LayerPass<'_>) {
        let path = self.path.iter().map(Segment::to_string).collect::<Vec<_>>().join(".");
        let input_grad = pass.input_grad.as_ref().map(|dx| dx.iter().collect());
        self.entries.push((path, pass.output_grad.iter().collect(), input_grad));
        self.path.pop();
    }
}

#[test]
fn a_hook_sees_every_branch_with_its_own_gradients() {
    type Net = Concat<(Relu, (Identity, Relu), Identity)>;
    let (net, x, dy) = (Net::zeros(), [Vector([-1.0, 2.0])], [Vector([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])]);
    let (mut workspace, mut diary) = (Workspace::default(), Diary::default());
    let y = forward(&*net, &x, &mut workspace, &mut Mode::Evaluate);
    let (dx, _) = backward(&*net, &x, &y, &dy, &mut workspace, Some(&mut diary));

    // The Relu lets nothing through at -1, and all at 2.
    let entry = |path: &str, dy: [f64; 2], dx: [f64; 2]| (path.to_string(), dy.to_vec(), Some(dx.to_vec()));
    assert_eq!(
        diary.entries,
        [
            entry("0", [1.0, 2.0], [0.0, 2.0]),
            entry("1.1", [3.0, 4.0], [0.0, 4.0]),
            entry("1.0", [0.0, 4.0], [0.0, 4.0]),
            entry("1", [3.0, 4.0], [0.0, 4.0]),
            entry("2", [5.0, 6.0], [5.0, 6.0]),
        ]
    );
    assert_eq!(dx, [Vector([5.0, 12.0])]);
}

#[test]
fn the_cost_of_a_concatenation_is_that_of_its_branches_and_of_what_it_keeps() {
    type Net = Concat<(Linear<4, 3>, (Linear<4, 8>, Relu, Linear<8, 2>))>;
    const PLAN: Plan = <Net as Layer<Vector<4>>>::PLAN;
    const COST: Cost = PLAN.cost;
    assert_eq!(COST.multiply_adds, 4 * 3 + 4 * 8 + 8 * 2);
    assert_eq!(COST.backward_multiply_adds, 2 * COST.multiply_adds);
    assert_eq!(COST.depth, 2); // of the longer branch
    // Saved: the output of each branch, and what is between the layers of the second.
    assert_eq!(PLAN.saved.per_sample, 4 * ((3 + 2) + (8 + 8)));
    // Scratch memory of the backward pass: the gradients of the same, and that of the input once more.
    assert_eq!(PLAN.backward_scratch.per_sample, 4 * ((3 + 2) + (8 + 8) + 4));

    let table = Net::summary::<Vector<4>>();
    let rows: Vec<_> = table.rows.iter().map(|row| (row.path.as_str(), row.output)).collect();
    assert_eq!(rows, [("0", &[3][..]), ("1.0", &[8]), ("1.1", &[8]), ("1.2", &[2])]);
    assert_eq!(table.parameters, table.rows.iter().map(|row| row.parameters).sum::<usize>());
}
