//! What the gradient check cannot see of a concatenation: the order of its numbers, its probes, its cost, its table.

use chainrule::Error;
use chainrule::layer::{Seen, Segment};
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

impl Probe for Diary {
    fn enter<X: Tensor, L: Layer<X>>(&mut self, name: Segment) {
        self.path.push(name);
    }

    fn leave<X: Tensor, L: Layer<X>>(&mut self, seen: Seen<'_, X, L>) {
        let numbers = |xs: &[X::Scalar]| xs.iter().map(|&x| chainrule::Real::to_f64(x)).collect::<Vec<_>>();
        let path = self.path.iter().map(Segment::to_string).collect::<Vec<_>>().join(".");
        let output_grad = numbers(L::Output::flat(seen.output_grad));
        self.entries.push((path, output_grad, seen.input_grad.map(|dx| numbers(X::flat(dx)))));
        self.path.pop();
    }
}

#[test]
fn a_probe_sees_every_branch_with_its_own_gradients() {
    type Net = Concat<(Relu, (Identity, Relu), Identity)>;
    let (net, x, dy) = (Net::zeros(), [Vector([-1.0, 2.0])], [Vector([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])]);
    let (mut y, mut dx) = ([Vector([0.0; 6])], [Vector([0.0; 2])]);
    let (mut tape, mut diary) = (Default::default(), Diary::default());
    net.forward(&x, &mut y, &mut workspace, &mut Mode::Evaluate);
    net.backward(&x, &y, &dy, Some(&mut dx), &mut Net::zeros(), &mut workspace, &mut diary);

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
    const COST: Cost = <Net as Layer<Vector<4>>>::COST;
    assert_eq!(COST.multiply_adds, 4 * 3 + 4 * 8 + 8 * 2);
    assert_eq!(COST.backward_multiply_adds, 2 * COST.multiply_adds);
    assert_eq!(COST.depth, 2); // of the longer branch
    // Output and gradient of each branch, and between the layers of the second; the input's gradient once more.
    assert_eq!(COST.tape_bytes, 4 * (2 * (3 + 2) + 2 * (8 + 8) + 4));

    let table = Net::summary::<Vector<4>>();
    let rows: Vec<_> = table.rows.iter().map(|row| (row.path.as_str(), row.output)).collect();
    assert_eq!(rows, [("0", &[3][..]), ("1.0", &[8]), ("1.1", &[8]), ("1.2", &[2])]);
    assert_eq!(table.parameters, table.rows.iter().map(|row| row.parameters).sum::<usize>());
}
