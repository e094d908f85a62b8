//! What `network!` accepts: generics, visibility, derives, documentation.

use chainrule::network;
use chainrule::prelude::*;

mod inside {
    use chainrule::prelude::*;

    chainrule::network! {
        /// Its width and its block are chosen where it is used.
        #[derive(Clone, Debug)]
        #[must_use]
        pub struct Open<const H: usize, B: Maps<Vector<H>, Vector<H>> = Tanh>: Vector<4> => Vector<2> {
            /// Widens.
            pub widen: Linear<4, H>,
            block: B,
            pub(self) narrow: Linear<H, 2>,
        }
    }

    impl<const H: usize, B: Maps<Vector<H>, Vector<H>>> Open<H, B> {
        pub(crate) fn narrow(&self) -> &Linear<H, 2> {
            &self.narrow
        }
    }
}

use inside::Open;

network! {
    /// The side of a window is known where the network is used, so the output of the convolution is declared.
    struct Windows<const K: usize, T>: Image<1, 8, 8, T> => Vector<3, T>
    where
        T: Real,
        Conv2d<1, 2, K, 1, 0, T>: Maps<Image<1, 8, 8, T>, Image<2, 6, 6, T>>,
    {
        conv: Conv2d<1, 2, K, 1, 0, T>,
        head: Dense<Image<2, 6, 6, T>, Vector<3, T>>
    }
}

network! {
    #[derive(Clone, Default)]
    struct Deep<const H: usize = 8>: Vector<4> => Vector<2> {
        widen: Linear<4, H>,
        blocks: [Residual<(Linear<H, H>, Tanh)>; 50],
        row: (Relu, Tanh, Relu, Tanh, Relu, Tanh, Relu, Tanh, Relu, Tanh, Relu, Tanh, Relu, Tanh, Relu, Tanh),
        narrow: Linear<H, 2>,
    }
}

/// Holds a network, and derives `Default` as any other struct.
#[derive(Default)]
struct Model {
    net: Deep,
    steps: usize,
}

#[test]
fn a_generic_network_is_the_tuple_of_its_fields() -> Result<(), chainrule::Error> {
    type Block = (Linear<16, 16>, Relu);
    type Tuple = (Linear<4, 16>, Block, Linear<16, 2>);
    let (open, tuple) = (Open::<16, Block>::init(&mut rng(5)), Tuple::init(&mut rng(5)));
    let x = Vector([0.5, -1.0, 2.0, 0.25]);
    let (a, b): (Vector<2>, Vector<2>) = (open.predict(&x)?, tuple.predict(&x)?);
    assert_eq!(a, b);
    assert_eq!(open.widen, tuple.0);
    assert_eq!(open.narrow(), &tuple.2);
    assert_eq!(open.block.0, tuple.1.0); // without a visibility a field is public
    let y: Vector<2> = Open::<3>::init(&mut rng(1)).predict(&x)?; // the default block
    assert_eq!(y.0.len(), 2);
    Ok(())
}

#[test]
fn a_generic_network_is_trained_and_is_a_layer_of_others() -> Result<(), chainrule::Error> {
    type Net = (Tanh, Open<8>, [Linear<2, 2>; 2]);
    let mut trainer = Trainer::new(Net::init(&mut rng(2)), MeanSquaredError, Adam::new(0.05), 3);
    let (inputs, targets) = ([Vector([0.5, -1.0, 1.0, 0.0]); 4], [Vector([0.25, -0.5]); 4]);
    let first = trainer.step(&inputs, &targets)?;
    let last = (0..200).try_fold(first, |_, _| trainer.step(&inputs, &targets))?;
    assert!(last < first / 100.0, "{first} {last}");
    let paths = format!("{:?}", trainer.network.parameters());
    assert!(paths.starts_with("1.widen.weight [4, 8]"), "{paths}");
    assert!(Net::summary::<Vector<4>>().to_string().contains("1.block"));
    Ok(())
}

#[test]
fn a_where_clause_declares_what_a_generic_layer_gives() -> Result<(), chainrule::Error> {
    let net = Windows::<3, f64>::init(&mut rng(1));
    let y: Vector<3, f64> = net.predict(&Image([[[0.5; 8]; 8]]))?;
    let tuple = <(Conv2d<1, 2, 3, 1, 0, f64>, Dense<Image<2, 6, 6, f64>, Vector<3, f64>>)>::init(&mut rng(1));
    assert_eq!(y, tuple.predict(&Image([[[0.5; 8]; 8]]))?);
    let report = chainrule::gradcheck::gradcheck(&net, &[Image([[[0.25; 8]; 8]])]).unwrap();
    assert_eq!(report.checked, 64 + Windows::<3, f64>::COUNT);
    Ok(())
}

#[test]
fn default_is_zero_for_arrays_and_tuples_of_any_length() -> Result<(), chainrule::Error> {
    let model = Model::default();
    assert_eq!(model.steps, 0);
    assert_eq!(model.net.norm(), 0.0);
    assert_eq!(model.net.clone().predict(&Vector([1.0; 4]))?, Vector([0.0; 2]));
    assert!(Deep::<8>::zeros() == Owned::new(Deep::default()));
    Ok(())
}

#[test]
fn every_layer_is_zero_by_default() {
    fn is_zero<L: Parameters + Default>() {
        assert!(Owned::new(L::default()) == L::zeros());
    }
    is_zero::<(Linear<3, 4>, Dense<Vector<3>, Vector<4>>, Conv1d<2, 3, 1>, Conv2d<1, 2, 3>)>();
    is_zero::<(DepthwiseConv2d<2, 3>, TransposedConv2d<1, 2, 3>, BatchNorm<3>, GroupNorm<1, 2>)>();
    is_zero::<(LayerNorm<Vector<3>>, RmsNorm<Vector<3>>, PRelu, Dropout<50>, Reshape<Vector<3>>)>();
    is_zero::<(Relu, LeakyRelu, Elu, Selu, Gelu, GeluTanh, HardSigmoid, HardTanh, Mish, Sigmoid, Silu)>();
    is_zero::<(Softmax, LogSoftmax, Softplus, Softsign, Tanh, Identity, Flatten, GlobalAvgPool)>();
    is_zero::<(MaxPool1d<2>, MaxPool2d<2>, AvgPool1d<2>, AvgPool2d<2>, Upsample2d<2>)>();
    is_zero::<(
        Residual<Tanh>,
        Concat<(Tanh, Relu)>,
        Parallel<Tanh, Relu>,
        Shared<Tanh, 2>,
        Duplicate,
        Sum,
        Join,
    )>();
}
