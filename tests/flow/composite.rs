//! A layer of the user's that contains layers: the highway block of `docs/your-own-layer.md`, whose source is this
//! file.

#![allow(unreachable_pub)] // the block is public in the guide

use chainrule::flow::{Cause, Flow, FlowState};
use chainrule::gradcheck::gradcheck;
use chainrule::layer::{BackwardHook, Child, Parameter, Plan, Role, Segment, Space, ViewMut, Visitor, visit};
use chainrule::prelude::*;
use chainrule::stack::backward_child;

/// A highway block: `y = t h + (1 - t) x`, with `h = H(x)` and the gate `t = G(x)`, numbers from 0 to 1.
/// Srivastava, Greff, Schmidhuber, "Highway networks", 2015, eq. 3.
#[derive(Parameters)]
#[parameters(name = "Highway<{H}, {G}>")]
pub struct Highway<H, G> {
    pub transform: H,
    pub gate: G,
}

const TRANSFORM: &str = "transform";
const GATE: &str = "gate";

impl<const N: usize, T, H, G> Layer<Vector<N, T>> for Highway<H, G>
where
    T: Real,
    H: Maps<Vector<N, T>, Vector<N, T>>,
    G: Maps<Vector<N, T>, Vector<N, T>>,
{
    type Output = Vector<N, T>;
    const PLAN: Plan = Plan::leaf::<Vector<N, T>, Self>()
        .contains(&[Child::new(TRANSFORM, &H::PLAN), Child::new(GATE, &G::PLAN)])
        .saves(Space::per_sample::<Vector<N, T>>(2)) // h and t
        .backward_scratch(Space::per_sample::<Vector<N, T>>(2)) // dh or dt, and what it gives dx
        .cure("a bias of about -2 for each gate, so that it carries more");
    const OVERWRITES: bool = true; // as `backward_child` does

    fn forward(
        &self,
        input: &[Vector<N, T>],
        output: &mut [Vector<N, T>],
        mut workspace: WorkspaceMut<'_>,
        mode: &mut Mode<'_>,
    ) {
        let n = input.len();
        let (h, t) = workspace.saved::<Vector<N, T>>(2 * n).split_at_mut(n);
        let mut saved = workspace.split(&H::PLAN, n);
        self.transform.forward(input, h, workspace.child(&mut saved), mode);
        let mut saved = workspace.split(&G::PLAN, n);
        self.gate.forward(input, t, workspace.child(&mut saved), mode);
        for (y, ((x, h), t)) in output.iter_mut().zip(input.iter().zip(h).zip(t)) {
            (0..N).for_each(|i| y[i] = t[i] * h[i] + (T::one() - t[i]) * x[i]);
        }
    }

    fn backward(&self, pass: Backward<'_, Vector<N, T>, Self>) {
        self.backward_with_hook(pass, None);
    }

    fn backward_with_hook(
        &self,
        pass: Backward<'_, Vector<N, T>, Self>,
        mut hook: Option<&mut dyn BackwardHook>,
    ) {
        let Backward { input, output_grad, mut input_grad, gradient, mut workspace, accumulate, .. } = pass;
        let n = input.len();
        let (h, t) = workspace.saved::<Vector<N, T>>(2 * n).split_at(n);
        let (grad, part) = workspace.scratch::<Vector<N, T>>(2 * n).split_at_mut(n);

        for (dh, (t, dy)) in grad.iter_mut().zip(t.iter().zip(output_grad)) {
            (0..N).for_each(|i| dh[i] = t[i] * dy[i]);
        }
        let mut saved = workspace.split(&H::PLAN, n);
        let pass = Backward {
            input,
            output: h,
            output_grad: &*grad,
            input_grad: input_grad.as_deref_mut(),
            gradient: &mut gradient.transform,
            workspace: workspace.child(&mut saved),
            accumulate,
        };
        backward_child(Segment::Name(TRANSFORM), &self.transform, pass, &mut hook);

        for (dt, ((x, h), dy)) in grad.iter_mut().zip(input.iter().zip(h).zip(output_grad)) {
            (0..N).for_each(|i| dt[i] = (h[i] - x[i]) * dy[i]);
        }
        let mut saved = workspace.split(&G::PLAN, n);
        let pass = Backward {
            input,
            output: t,
            output_grad: &*grad,
            input_grad: input_grad.is_some().then_some(&mut *part),
            gradient: &mut gradient.gate,
            workspace: workspace.child(&mut saved),
            accumulate,
        };
        backward_child(Segment::Name(GATE), &self.gate, pass, &mut hook);

        for (dx, (part, (t, dy))) in
            input_grad.into_iter().flatten().zip(part.iter().zip(t.iter().zip(output_grad)))
        {
            (0..N).for_each(|i| dx[i] += part[i] + (T::one() - t[i]) * dy[i]);
        }
    }
}

const GUIDE: &str = include_str!("../../docs/your-own-layer.md");
const THIS: &str = include_str!("composite.rs");

#[test]
fn the_block_of_the_guide_is_that_of_this_file() {
    let start = THIS.find("/// A highway block").unwrap();
    let end = THIS.find("\nconst GUIDE").unwrap();
    assert!(GUIDE.contains(&THIS[start..end]), "copy the block of tests/flow/composite.rs into the guide");
}

const N: usize = 32;
type Block = Highway<(Linear<N, N>, Tanh), (Linear<N, N>, Sigmoid)>;
type Net = (Linear<16, N>, [Block; 30], Linear<N, 10>);

#[test]
fn its_gradient_is_that_of_finite_differences_alone_and_in_stacks() {
    type V = Vector<4, f64>;
    type L = Linear<4, 4, f64>;
    let inputs: [V; 3] = [0.3, -1.1, 0.7].map(|x| Vector(std::array::from_fn(|i| x - 0.07 * i as f64)));
    gradcheck(&Highway::<(L, Tanh), (L, Sigmoid)>::init(&mut rng(1)), &inputs).unwrap();
    // Dropout saves, a norm takes scratch memory, and the block is in a block.
    type Inner = Highway<(Dropout<20>, L), (RmsNorm<V>, L, Sigmoid)>;
    type Outer = Highway<(Inner, BatchNorm<4, f64>), (Tanh, HardSigmoid)>;
    gradcheck(&<(Outer, Shared<Inner, 2>)>::init(&mut rng(1)), &inputs).unwrap();
}

#[test]
fn its_plan_adds_up_the_layers_inside() {
    let plan = <Block as Layer<Vector<N>>>::PLAN;
    assert_eq!(plan.cost.multiply_adds, 2 * (N * N) as u64);
    assert_eq!(plan.cost.depth, 1);
    assert_eq!(Block::COUNT, 2 * (N * N + N));
    assert_eq!(plan.name.to_string(), "Highway<(Linear<32, 32>, Tanh), (Linear<32, 32>, Sigmoid)>");
    let names: Vec<_> = plan.children.iter().map(|child| child.name.to_string()).collect();
    assert_eq!(names, ["transform", "gate"]);
}

fn flow(net: &Owned<Net>) -> Flow {
    let inputs: Vec<Vector<16>> =
        (0..32).map(|at| Vector(std::array::from_fn(|i| ((7 * at + 3 * i) as f32).sin() * 1.4))).collect();
    let labels: Vec<Label<10>> = (0..32).map(|at| Label::new(at % 10).unwrap()).collect();
    net.flow(&CrossEntropy::default(), &inputs, &labels).unwrap()
}

/// Sets the biases of all gates.
struct Gates(f64);

impl Visitor<0, 1> for Gates {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, []: [&[T]; 0], [numbers]: [&mut [T]; 1]) {
        if parameter.role == Role::Bias && parameter.path.to_string().contains("gate") {
            numbers.fill(T::from_f64(self.0));
        }
    }
}

#[test]
fn gradient_flow_sees_the_layers_inside_and_prints_the_cure_that_the_block_states() {
    let mut net = Net::init(&mut rng(1));
    let faulty = flow(&net);
    let paths: Vec<&str> = faulty.layers.iter().map(|layer| layer.path.as_str()).collect();
    for path in ["1.29", "1.29.transform", "1.29.transform.0", "1.29.gate", "1.29.gate.0", "1.29.gate.1"] {
        assert!(paths.contains(&path), "{path} is not in {paths:?}");
    }
    let gate = faulty.layers.iter().find(|layer| layer.path == "1.29.gate.1").unwrap();
    assert_eq!(gate.activation.unwrap().max_derivative, 0.25);
    assert!(gate.output_grad_rms.unwrap() > 0.0);

    // A gate of 1/2 carries half of the gradient, and tanh passes on a part of the other half: it vanishes over 30.
    let verdict = faulty.verdict();
    assert_eq!((verdict.state, verdict.cause), (FlowState::Vanishing, Some(Cause::Other)), "{verdict}");
    assert_eq!(verdict.cure, "a bias of about -2 for each gate, so that it carries more");
    // The cure: σ(-2) = 0.12, so that 0.88 are carried, and over 30 blocks more than without it.
    visit([], [ViewMut::of(&mut *net)], &mut Gates(-2.0));
    let cured = flow(&net).verdict();
    let [before, after] = [verdict.rate.unwrap(), cured.rate.unwrap_or(1.0)];
    assert!((after.ln() / before.ln()) < 0.9, "from {before} to {after}: {cured}");
}
