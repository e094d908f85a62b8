//! A network that `network!` declares is the tuple of its fields, with their names.

use crate::common::{backward, forward};
use chainrule::gradcheck::gradcheck;
use chainrule::layer::describe;
use chainrule::layer::{BackwardHook, LayerPass, Plan, Segment};
use chainrule::network;
use chainrule::prelude::*;

network! {
    /// A classifier of small images.
    #[derive(Clone, Debug)]
    pub struct Named: Image<1, 4, 4, f64> => Vector<3, f64> {
        conv: Conv2d<1, 2, 3, 1, 0, f64>,
        act: Tanh,
        /// Two equal blocks.
        blocks: [Residual<(Conv2d<2, 2, 1, 1, 0, f64>, Silu)>; 2],
        head: Dense<Image<2, 2, 2, f64>, Vector<3, f64>>,
    }
}

type Tuple = (
    Conv2d<1, 2, 3, 1, 0, f64>,
    Tanh,
    [Residual<(Conv2d<2, 2, 1, 1, 0, f64>, Silu)>; 2],
    Dense<Image<2, 2, 2, f64>, Vector<3, f64>>,
);

fn inputs() -> [Image<1, 4, 4, f64>; 3] {
    core::array::from_fn(|sample| {
        let pixel = |row: usize, column: usize| ((7 * sample + 3 * row + 5 * column) % 11) as f64 / 5.0 - 1.0;
        Image([core::array::from_fn(|row| core::array::from_fn(|column| pixel(row, column)))])
    })
}

#[test]
fn its_parameters_have_the_paths_of_its_fields() {
    let mut paths = vec![];
    describe::<Named>(&mut |parameter| paths.push(parameter.path.to_string()));
    let layers = ["conv", "blocks.0.branch.0", "blocks.1.branch.0", "head"];
    let expected = layers.map(|layer| ["weight", "bias"].map(|name| format!("{layer}.{name}")));
    assert_eq!(paths, expected.as_flattened());
    assert_eq!(Named::COUNT, Tuple::COUNT);
    let [named, tuple] =
        [<Named as Layer<Image<1, 4, 4, f64>>>::PLAN, <Tuple as Layer<Image<1, 4, 4, f64>>>::PLAN];
    assert_eq!(named.cost, tuple.cost);
    let spaces = |plan: Plan| [plan.saved, plan.forward_scratch, plan.backward_scratch];
    assert_eq!(spaces(named), spaces(tuple));
}

#[test]
fn it_gives_what_the_tuple_of_its_fields_gives() -> Result<(), chainrule::Error> {
    let (named, tuple) = (Named::init(&mut rng(3)), Tuple::init(&mut rng(3)));
    for input in &inputs() {
        assert_eq!(named.predict(input)?, tuple.predict(input)?);
    }
    Ok(())
}

#[test]
fn its_gradients_are_right() {
    let report = gradcheck(&Named::init(&mut rng(1)), &inputs()).unwrap();
    assert_eq!(report.checked, 3 * 16 + Named::COUNT);
}

/// Collects the path of each child that a hook is shown.
#[derive(Default)]
struct Names(Vec<String>, Vec<String>);

impl BackwardHook for Names {
    fn enter(&mut self, name: Segment, _: &'static Plan) {
        self.0.push(name.to_string());
    }
    fn leave(&mut self, _: &LayerPass<'_>) {
        self.1.push(self.0.join("."));
        self.0.pop();
    }
}

#[test]
fn a_hook_sees_its_layers_by_the_names_of_its_fields_last_first() {
    let (net, mut names) = (Named::init(&mut rng(1)), Names::default());
    let (x, mut workspace) = (inputs(), Workspace::default());
    let y = forward(&*net, &x, &mut workspace, &mut Mode::Evaluate);
    backward(&*net, &x, &y, &y, &mut workspace, Some(&mut names));
    let own: Vec<_> = names.1.iter().filter(|path| !path.contains('.')).collect();
    assert_eq!(own, ["head", "blocks", "act", "conv"]);
    assert!(names.1.contains(&"blocks.1.branch.0".to_string()), "{:?}", names.1);
    assert!(names.1.contains(&"blocks.0.shortcut".to_string()), "{:?}", names.1);
}

#[test]
fn its_summary_names_its_fields() {
    let summary = Named::summary::<Image<1, 4, 4, f64>>();
    let paths: Vec<_> = summary.rows.iter().map(|row| row.path.as_str()).collect();
    assert_eq!(paths, ["conv", "act", "blocks.[0..2].branch.0", "blocks.[0..2].branch.1", "head"]);
    assert_eq!(summary.parameters, summary.rows.iter().map(|row| row.parameters).sum::<usize>());
    assert_eq!(summary.cost.multiply_adds, summary.rows.iter().map(|row| row.multiply_adds).sum::<u64>());
    // 3x3 windows at 2x2 places for 2 channels; twice 1x1 at 2x2 for 2 of 2; 8 numbers to 3.
    assert_eq!(summary.cost.multiply_adds, 9 * 4 * 2 + 2 * (4 * 2 * 2) + 8 * 3);
    assert_eq!(summary.cost.depth, 4);
    // 1/2 + 1/2 + 1/2: the hidden layers' channels.
    assert_eq!(summary.cost.beta(), 1.5);
    let table = summary.to_string();
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
}

#[test]
fn beta_counts_no_output_layer_among_the_hidden_ones() {
    type InARow = (Linear<2, 8>, Relu, Linear<8, 4>, Relu, Linear<4, 2>);
    type Residuals = (Linear<2, 8>, Residual<Linear<8, 2>, Linear<8, 2>>);
    type Branches = (Linear<2, 8>, Concat<(Linear<8, 4>, Linear<8, 4>)>);
    assert_eq!(<InARow as Layer<Vector<2>>>::PLAN.cost.beta(), 1.0 / 8.0 + 1.0 / 4.0);
    assert_eq!(<Residuals as Layer<Vector<2>>>::PLAN.cost.beta(), 1.0 / 8.0);
    assert_eq!(<Branches as Layer<Vector<2>>>::PLAN.cost.beta(), 1.0 / 8.0);
}

#[test]
fn a_table_names_linear_layers_as_their_users_write_them() {
    type Net = (Linear<3, 4, f64>, Linear<4, 4, f64, NoBias>, Residual<Identity, Tanh>);
    let table = Net::summary::<Vector<3, f64>>().to_string();
    for name in [" Linear<3, 4, f64> ", " Linear<4, 4, f64, NoBias> ", " Tanh "] {
        assert!(table.contains(name), "{name} is not in\n{table}");
    }
}

#[test]
fn it_is_a_struct_with_the_derives_that_stand_above_it() {
    let net = Named::init(&mut rng(1));
    let copy: Named = (*net).clone();
    assert_eq!(copy.head, net.head);
    assert!(format!("{copy:?}").starts_with("Named { conv: Conv2d"));
}
