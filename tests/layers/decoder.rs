//! Layers on a pair whose second half is a memory, as in a decoder.

use crate::common::{backward, bits, forward};
use chainrule::prelude::*;

type Target = Sequence<3, 4, f64>;
type Memory = Sequence<5, 4, f64>;
type Attention = PreNorm<4, SelfAttention<4, 2, Causal, f64>, f64>;

fn pairs() -> [Pair<Target, Memory>; 2] {
    [1.0, 2.0].map(|seed| {
        let number = |at: usize| (seed + 1.7 * at as f64).sin();
        let target = Sequence(std::array::from_fn(|t| std::array::from_fn(|i| number(4 * t + i))));
        let memory = Sequence(std::array::from_fn(|t| std::array::from_fn(|i| number(20 + 4 * t + i))));
        Pair(target, memory)
    })
}

/// `OnFirst<F>` is `Parallel<F, Identity>`, to the last bit, and saves no copy of the memory.
#[test]
fn a_layer_on_the_first_half_copies_no_memory() {
    let on_first = <OnFirst<Attention>>::init(&mut rng(3));
    let parallel = Parallel { first: <Attention>::init(&mut rng(3)).into_inner(), second: Identity };
    let (inputs, mut one, mut other) = (pairs(), Workspace::default(), Workspace::default());
    let ours = forward(&*on_first, &inputs, &mut one, &mut Mode::Evaluate);
    let theirs = forward(&parallel, &inputs, &mut other, &mut Mode::Evaluate);
    assert_eq!(ours, theirs);
    let (ours, gradient) = backward(&*on_first, &inputs, &ours, &inputs, &mut one, None);
    let (theirs, expected) = backward(&parallel, &inputs, &theirs, &inputs, &mut other, None);
    assert_eq!(ours, theirs);
    assert_eq!(bits(&gradient), bits(&expected));

    fn saved<L: Layer<Pair<Target, Memory>>>() -> usize {
        L::PLAN.saved.per_sample
    }
    let less = saved::<Parallel<Attention, Identity>>() - saved::<OnFirst<Attention>>();
    assert_eq!(less, 2 * size_of::<Memory>());
}

/// A number of the memory changes all steps of the target, one of the last step of the target changes that step alone.
#[test]
fn a_decoder_sees_all_of_the_memory_and_no_later_step() {
    type Net = TransformerDecoder<4, 2, 8, 2, Causal, Gelu, f64>;
    let net = Net::init(&mut rng(5));
    let [pair, _] = pairs();
    let Pair(target, memory) = pair;
    let y: Target = net.predict(&pair).unwrap();
    let changed = |target: Target, memory: Memory| -> [bool; 3] {
        let other: Target = net.predict(&Pair(target, memory)).unwrap();
        std::array::from_fn(|step| other.0[step] != y.0[step])
    };
    let (mut last, mut other) = (target, memory);
    last[2][0] += 0.5;
    other[4][1] += 0.5;
    assert_eq!(changed(last, memory), [false, false, true]);
    assert_eq!(changed(target, other), [true; 3]);
}

/// Gradient flow sees the layers inside, with the paths that the parameters have.
#[test]
fn gradient_flow_looks_into_a_decoder() {
    type Net = (
        Parallel<Identity, TransformerBlock<4, 2, 8, NoMask, Relu, f64>>,
        TransformerDecoder<4, 2, 8, 2, Causal, Relu, f64>,
    );
    let net = Net::init(&mut rng(5));
    let targets = [Sequence([[0.1; 4]; 3]); 2];
    let flow = net.flow(&MeanSquaredError, &pairs(), &targets).unwrap();
    let layers =
        ["0.second.0.branch.1.query", "1.0.1.0.branch.1.value", "1.0.0.1.branch.1.key", "1.0.1.2.branch.1.0"];
    for path in layers {
        let layer = flow.layers.iter().find(|layer| layer.path == path);
        let layer = layer.unwrap_or_else(|| panic!("{path} is missing:\n{flow}"));
        assert!(layer.parameters[0].gradient_norm > 0.0, "{path}");
    }
    let mut paths = vec![];
    chainrule::parameters::describe(&<Net as Parameters>::DESCRIPTION, &mut |parameter| {
        paths.push(parameter.path.to_string());
    });
    for layer in flow.layers.iter().filter(|layer| layer.layer.starts_with("Linear")) {
        assert!(paths.contains(&format!("{}.weight", layer.path)), "{} has no parameters", layer.path);
    }
}
