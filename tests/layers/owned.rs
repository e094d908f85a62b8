//! A network on the heap: what it can do at any size, and where its weights lie.

use crate::common::{bits, every_combinator, every_layer, every_network};
use chainrule::layer::View;
use chainrule::layer::{Parameter, Role, Visitor, visit};
use chainrule::prelude::*;

/// Sixteen layers: more than the standard library copies, compares and prints in a tuple.
type Sixteen = (
    Linear<2, 3>,
    Tanh,
    Linear<3, 3>,
    Sigmoid,
    PRelu,
    LayerNorm<Vector<3>>,
    BatchNorm<3>,
    Dropout<10>,
    Linear<3, 3, f32, NoBias>,
    Softsign,
    Residual<(Tanh, Linear<3, 3>)>,
    Elu,
    Concat<(Identity, Linear<3, 2>)>,
    Shared<Linear<5, 5>, 2>,
    Linear<5, 2>,
    Softplus,
);
type Block = Residual<(Tanh, Linear<4, 4, f64>)>;
/// Fifty: more than an array has `Default` for.
type Fifty = [Block; 50];

/// `Clone`, `PartialEq` and `Default`; `touch` changes one number.
fn check<N: Parameters>(touch: impl Fn(&mut N)) {
    let net = N::init_with(Initializer::he_normal().bias_normal(0.1), &mut rng(1));
    let mut copy = net.clone();
    assert!(copy == net && bits(&copy) == bits(&net));
    touch(&mut copy);
    assert!(copy != net, "one other number makes another network");
    assert_eq!(bits(&copy).iter().zip(bits(&net)).filter(|(a, b)| **a != *b).count(), 1);
    assert!(
        N::init_with(Initializer::he_normal().bias_normal(0.1), &mut rng(1)) == net,
        "the copy was touched, not this one"
    );
    let address = core::ptr::from_ref(&*copy).addr();
    copy.clone_from(&net);
    assert!(copy == net && core::ptr::from_ref(&*copy).addr() == address, "`clone_from` keeps the memory");

    let zeros = Owned::<N>::default();
    assert!(zeros == N::zeros() && zeros != net);
    assert!(bits(&zeros).iter().all(|&bits| bits == 0));
    assert_eq!(bits(&zeros).len(), N::COUNT);

    let moved = Owned::new(net.clone().into_inner());
    assert!(moved == net);
}

#[test]
fn sixteen_layers_are_copied_compared_and_made_of_zeros() {
    check::<Sixteen>(|net| net.14.bias[1] += 1.0);
    check::<Sixteen>(|net| net.6.running_variance[2] += 1.0); // a buffer counts
}

#[test]
fn fifty_blocks_are_copied_compared_and_made_of_zeros() {
    check::<Fifty>(|net| net[49].branch.1.bias[3] += 1.0);
    check::<Fifty>(|net| net[0].branch.1.weights_mut()[0] += 1.0);
}

#[test]
fn a_network_prints_its_type_and_how_many_parameters_it_has() {
    let text = format!("{:?}", Fifty::zeros());
    assert_eq!(text, "[Residual<(Tanh, Linear<4, 4, f64>)>; 50] with 1000 parameters");
    let text = format!("{:?}", Sixteen::zeros());
    assert!(
        text.starts_with("(Linear<2, 3>, Tanh, Linear<3, 3>, Sigmoid, PRelu, LayerNorm<Vector<3>>, "),
        "{text}"
    );
    assert!(text.ends_with(&format!(" with {} parameters", Sixteen::COUNT)), "{text}");
}

/// A network without any parameter takes no memory.
#[test]
fn a_network_without_parameters_is_owned_too() {
    let net = <(Tanh, [Relu; 3], Identity)>::init(&mut rng(0));
    assert_eq!(net, net.clone());
    assert_eq!(format!("{net:?}"), "(Tanh, [Relu; 3], Identity) with 0 parameters");
    assert_eq!(size_of_val(&*net), 0);
}

/// The address of each weight, which must be that of a cache line; and how many there are.
struct Lines(usize, Vec<String>);

impl Visitor<1, 0> for Lines {
    fn visit<T: Real>(&mut self, parameter: &Parameter<'_>, [xs]: [&[T]; 1], []: [&mut [T]; 0]) {
        if let Role::Weight { .. } = parameter.role {
            self.0 += 1;
            if !xs.as_ptr().addr().is_multiple_of(64) {
                self.1.push(parameter.path.to_string());
            }
        }
    }
}

/// How many weights a network has, each of which starts at a cache line.
fn aligned<N: Parameters>(name: &str, net: &N) -> usize {
    let mut lines = Lines(0, vec![]);
    visit([View::of(net)], [], &mut lines);
    assert!(lines.1.is_empty(), "{name}: not at a cache line: {:?}", lines.1);
    lines.0
}

#[test]
fn every_weight_of_a_nested_network_starts_at_a_cache_line() {
    // Sizes of which none is a multiple of 64 bytes, in tuples in blocks in arrays, between parameters that are not
    // aligned.
    type Inner = (PRelu, Linear<3, 5>, Residual<(Linear<5, 7>, PRelu, Linear<7, 5, f32, NoBias>)>);
    type Nested = (
        Linear<1, 3>,
        [(Inner, Concat<(Linear<5, 1>, Linear<5, 2>)>); 3],
        Shared<Linear<3, 3>, 2>,
        PRelu,
        Linear<3, 1>,
    );
    let net = Nested::init(&mut rng(1));
    assert_eq!(aligned("made", &*net), 1 + 3 * (3 + 2) + 1 + 1);
    aligned("copied", &*net.clone());
    aligned("zeros", &*Nested::zeros());
    let value = net.into_inner();
    aligned("on the stack", &value);
    aligned("moved", &*Owned::new(value));
    aligned("in a vector", &vec![Nested::zeros().into_inner(), Nested::zeros().into_inner()].pop().unwrap());
}

#[test]
fn every_weight_of_every_layer_starts_at_a_cache_line() {
    let mut weights = 0;
    macro_rules! case {
        ($file:literal, $name:ident: $layer:ty, $input:ty) => {{
            {
                #[allow(dead_code)] // a layer without parameters
                type T = f32;
                weights += aligned(stringify!($name), &*<$layer>::zeros());
            }
            {
                #[allow(dead_code)]
                type T = f64;
                weights += aligned(stringify!($name), &*<$layer>::zeros());
            }
        }};
    }
    every_layer!(case);
    every_combinator!(case);
    every_network!(case);
    assert!(weights > 100);
}

/// Without a heap, a network starts as a value.
#[test]
fn a_network_by_value_starts_at_zero() {
    type Small = (Linear<2, 3>, Residual<(Tanh, Linear<3, 3>)>, BatchNorm<3>, Conv2d<1, 2, 3>);
    assert_eq!(Small::default(), *Small::zeros());
    assert!(Fifty::zeroed() == *Fifty::zeros());
    assert_eq!(bits(&Sixteen::zeroed()), bits(&Sixteen::zeros()));
}
