//! `Infer`: a network of which only the output sizes are written is the network that is written out.

use chainrule::infer::{After, WithBias};
use chainrule::prelude::*;

use crate::common::{bits, every_combinator, every_layer, every_network};

/// Compiles for two equal types only.
trait Is<T> {}
impl<T> Is<T> for T {}
fn same<A: Is<B>, B>() {}

/// Every row of the shared lists is its own inference: what has its sizes stands for itself, alone and in a stack.
#[test]
fn whatever_is_written_with_its_sizes_stands_for_itself() {
    macro_rules! in_scalar {
        ($scalar:ident) => {{
            type T = $scalar;
            macro_rules! case {
                ($file:literal, $name:ident: $layer:ty, $input:ty) => {
                    same::<Infer<$input, $layer>, $layer>();
                    same::<Infer<$input, (Identity, ($layer,))>, (Identity, ($layer,))>();
                };
            }
            every_layer!(case);
            every_combinator!(case);
            every_network!(case);
        }};
    }
    in_scalar!(f32);
    in_scalar!(f64);
}

/// Each layer without sizes, behind each shape that it takes, in both scalars.
macro_rules! sizeless {
    ($($name:ident: $X:ty, $written:ty => $layer:ty;)+) => {$(
        #[test]
        fn $name() {
            {
                type T = f32;
                same::<Infer<$X, $written>, $layer>();
            }
            {
                type T = f64;
                same::<Infer<$X, $written>, $layer>();
            }
        }
    )+};
}

sizeless! {
    a_linear_layer_behind_a_vector: Vector<8, T>, LinearTo<3> => Linear<8, 3, T>;
    a_linear_layer_without_bias: Vector<8, T>, LinearTo<3, NoBias> => Linear<8, 3, T, NoBias>;
    a_linear_layer_with_a_bias_by_name: Vector<8, T>, LinearTo<3, WithBias> => Linear<8, 3, T>;
    a_linear_layer_behind_a_sequence: Sequence<5, 2, T>, LinearTo<3> => Dense<Sequence<5, 2, T>, Vector<3, T>>;
    a_linear_layer_behind_an_image: Image<2, 5, 4, T>, LinearTo<3> => Dense<Image<2, 5, 4, T>, Vector<3, T>>;
    a_linear_layer_behind_an_image_without_bias:
        Image<2, 5, 4, T>, LinearTo<3, NoBias> => Dense<Image<2, 5, 4, T>, Vector<3, T>, NoBias>;
    a_linear_layer_behind_more_than_1024_numbers:
        Image<3, 224, 224, T>, LinearTo<3> => Dense<Image<3, 224, 224, T>, Vector<3, T>>;
    a_dense_layer: Vector<6, T>, DenseTo<Sequence<2, 4, T>> => Dense<Vector<6, T>, Sequence<2, 4, T>>;
    a_dense_layer_without_bias:
        Image<1, 2, 2, T>, DenseTo<Image<1, 3, 3, T>, NoBias> => Dense<Image<1, 2, 2, T>, Image<1, 3, 3, T>, NoBias>;
    a_convolution_of_an_image: Image<3, 9, 8, T>, ConvTo<6, 5> => Conv2d<3, 6, 5, 1, 0, T>;
    a_convolution_with_stride_and_padding: Image<3, 9, 8, T>, ConvTo<6, 5, 2, 1> => Conv2d<3, 6, 5, 2, 1, T>;
    a_convolution_without_bias: Image<3, 9, 8, T>, ConvTo<6, 5, 1, 2, NoBias> => Conv2d<3, 6, 5, 1, 2, T, NoBias>;
    a_convolution_of_a_sequence: Sequence<9, 2, T>, ConvTo<6, 5> => Conv1d<2, 6, 5, 1, 0, T>;
    a_convolution_of_a_sequence_without_bias:
        Sequence<9, 2, T>, ConvTo<6, 3, 2, 1, NoBias> => Conv1d<2, 6, 3, 2, 1, T, NoBias>;
    a_transposed_convolution: Image<3, 4, 5, T>, TransposedConvTo<2, 3, 2, 1> => TransposedConv2d<3, 2, 3, 2, 1, T>;
    a_transposed_convolution_without_bias:
        Image<3, 4, 5, T>, TransposedConvTo<2, 3, 1, 0, NoBias> => TransposedConv2d<3, 2, 3, 1, 0, T, NoBias>;
    a_transposed_one_of_a_sequence: Sequence<4, 3, T>, TransposedConvTo<2, 3, 2> => TransposedConv1d<3, 2, 3, 2, 0, T>;
    a_convolution_with_settings:
        Image<4, 5, 6, T>, ConvToWith<6, (Kernel<3, 1>, Groups<2>)> => Conv2dWith<4, 6, (Kernel<3, 1>, Groups<2>), T>;
    one_of_a_sequence_with_settings: Sequence<5, 4, T>, ConvToWith<6, Kernel<3>> => Conv1dWith<4, 6, Kernel<3>, T>;
    a_transposed_one: Image<4, 5, 6, T>, TransposedConvToWith<6, Kernel<3>> => TransposedConv2dWith<4, 6, Kernel<3>, T>;
    one_of_steps: Sequence<5, 4, T>, TransposedConvToWith<6, Kernel<3>> => TransposedConv1dWith<4, 6, Kernel<3>, T>;
    a_depthwise_convolution: Image<3, 4, 5, T>, AutoDepthwiseConv2d<3, 2, 1> => DepthwiseConv2d<3, 3, 2, 1, T>;
    a_depthwise_convolution_without_bias:
        Image<3, 4, 5, T>, AutoDepthwiseConv2d<3, 1, 0, NoBias> => DepthwiseConv2d<3, 3, 1, 0, T, NoBias>;
    a_batch_norm_of_a_vector: Vector<4, T>, AutoBatchNorm => BatchNorm<4, T>;
    a_batch_norm_of_a_sequence: Sequence<3, 4, T>, AutoBatchNorm => BatchNorm<4, T>;
    a_batch_norm_of_an_image: Image<2, 3, 4, T>, AutoBatchNorm => BatchNorm<2, T>;
    a_batch_norm_with_settings: Vector<4, T>, AutoBatchNorm<Epsilon<1, 1000>, NoAffine>
        => BatchNorm<4, T, Epsilon<1, 1000>, NoAffine>;
    an_rms_norm_with_settings: Sequence<3, 4, T>, AutoRmsNorm<Epsilon<1, 100_000>>
        => RmsNorm<Vector<4, T>, Epsilon<1, 100_000>>;
    a_group_norm_without_bias: Image<4, 3, 2, T>, AutoGroupNorm<2, Epsilon, NoBias>
        => GroupNorm<2, 4, T, Epsilon, NoBias>;
    a_part_in_evaluation_mode: Vector<4, T>, (Evaluate<(LinearTo<3>, AutoBatchNorm)>, LinearTo<2>)
        => (Evaluate<(Linear<4, 3, T>, BatchNorm<3, T>)>, Linear<3, 2, T>);
    a_layer_norm_of_a_vector: Vector<4, T>, AutoLayerNorm => LayerNorm<Vector<4, T>>;
    a_layer_norm_of_each_step: Sequence<3, 4, T>, AutoLayerNorm => LayerNorm<Vector<4, T>>;
    a_layer_norm_of_an_image: Image<2, 3, 4, T>, AutoLayerNorm => LayerNorm<Image<2, 3, 4, T>>;
    an_rms_norm_of_a_vector: Vector<4, T>, AutoRmsNorm => RmsNorm<Vector<4, T>>;
    an_rms_norm_of_each_step: Sequence<3, 4, T>, AutoRmsNorm => RmsNorm<Vector<4, T>>;
    an_rms_norm_of_an_image: Image<2, 3, 4, T>, AutoRmsNorm => RmsNorm<Image<2, 3, 4, T>>;
    a_group_norm: Image<4, 3, 2, T>, AutoGroupNorm<2> => GroupNorm<2, 4, T>;
    a_group_norm_of_a_sequence: Sequence<3, 4, T>, AutoGroupNorm<2> => GroupNorm<2, 4, T>;
    a_group_norm_of_a_vector: Vector<4, T>, AutoGroupNorm<2> => GroupNorm<2, 4, T>;
    a_prelu_of_a_vector: Vector<4, T>, AutoChannelPRelu => ChannelPRelu<4, T>;
    a_prelu_of_a_sequence: Sequence<3, 4, T>, AutoChannelPRelu => ChannelPRelu<4, T>;
    a_prelu_of_an_image: Image<4, 3, 2, T>, AutoChannelPRelu => ChannelPRelu<4, T>;
    an_affine_layer_of_a_vector: Vector<4, T>, AutoAffine => Affine<4, T>;
    an_affine_layer_of_a_sequence: Sequence<3, 4, T>, AutoAffine<NoGain> => Affine<4, T, NoGain>;
    an_affine_layer_of_an_image: Image<4, 3, 2, T>, AutoAffine<NoBias> => Affine<4, T, NoBias>;
    a_layer_on_each_step: Sequence<3, 4, T>, (PerStep<(LinearTo<6>, Relu, LinearTo<2>)>, LinearTo<5>)
        => (PerStep<(Linear<4, 6, T>, Relu, Linear<6, 2, T>)>, Dense<Sequence<3, 2, T>, Vector<5, T>>);
    a_gate_halves_what_arrives: Vector<4, T>, (LinearTo<6>, Glu, LinearTo<2>)
        => (Linear<4, 6, T>, Glu, Linear<3, 2, T>);
    a_recurrent_layer: Sequence<5, 3, T>, RnnTo<4> => Rnn<3, 4, Tanh, T>;
    a_recurrent_layer_with_settings: Sequence<5, 3, T>, RnnTo<4, Relu, LearnedState> => Rnn<3, 4, Relu, T, LearnedState>;
    a_gated_recurrent_unit: Sequence<5, 3, T>, (GruTo<4>, GruTo<2, LearnedState>)
        => (Gru<3, 4, T>, Gru<4, 2, T, LearnedState>);
    a_classifier_of_two_lstms: Sequence<28, 28, T>, (LstmTo<64>, Dropout<20>, LstmTo<32, LearnedState>, LastStep, LinearTo<10>)
        => (Lstm<28, 64, T>, Dropout<20>, Lstm<64, 32, T, LearnedState>, LastStep, Linear<32, 10, T>);
    both_directions: Sequence<5, 3, T>, (Bidirectional<LstmTo<4>>, Bidirectional<GruTo<2>>)
        => (Bidirectional<Lstm<3, 4, T>>, Bidirectional<Gru<8, 2, T>>);
    a_highway_block: Vector<4, T>, (LinearTo<3>, AutoHighway<(LinearTo<6>, Relu, LinearTo<3>)>, AutoHighway<Tanh, 1>)
        => (Linear<4, 3, T>, Highway<(Linear<3, 6, T>, Relu, Linear<6, 3, T>), 3, -2, T>, Highway<Tanh, 3, 1, T>);
    a_highway_block_with_its_size: Vector<4, T>, Highway<(LinearTo<6>, Relu, LinearTo<4>), 4, -1, T>
        => Highway<(Linear<4, 6, T>, Relu, Linear<6, 4, T>), 4, -1, T>;
    a_highway_block_on_each_step: Sequence<5, 3, T>, (LstmTo<4>, PerStep<[AutoHighway<LinearTo<4>>; 2]>)
        => (Lstm<3, 4, T>, PerStep<[Highway<Linear<4, 4, T>, 4, -2, T>; 2]>);
    a_prelu_of_the_scalar_of_its_input: Vector<4, T>, PRelu => PRelu<T>;

    a_tuple: Vector<4, T>, (LinearTo<3>, Tanh, LinearTo<2>) => (Linear<4, 3, T>, Tanh, Linear<3, 2, T>);
    a_tuple_of_one: Vector<4, T>, (LinearTo<3>,) => (Linear<4, 3, T>,);
    a_tuple_of_sixteen: Vector<1, T>, (
        LinearTo<2>, LinearTo<3>, LinearTo<4>, LinearTo<5>, LinearTo<6>, LinearTo<7>, LinearTo<8>, LinearTo<9>,
        LinearTo<10>, LinearTo<11>, LinearTo<12>, LinearTo<13>, LinearTo<14>, LinearTo<15>, LinearTo<16>, LinearTo<17>
    ) => (
        Linear<1, 2, T>, Linear<2, 3, T>, Linear<3, 4, T>, Linear<4, 5, T>, Linear<5, 6, T>, Linear<6, 7, T>,
        Linear<7, 8, T>, Linear<8, 9, T>, Linear<9, 10, T>, Linear<10, 11, T>, Linear<11, 12, T>,
        Linear<12, 13, T>, Linear<13, 14, T>, Linear<14, 15, T>, Linear<15, 16, T>, Linear<16, 17, T>
    );
    nested_tuples: Vector<4, T>, ((LinearTo<3>, (Relu, LinearTo<5>)), LinearTo<2>)
        => ((Linear<4, 3, T>, (Relu, Linear<3, 5, T>)), Linear<5, 2, T>);
    an_array: Vector<4, T>, (LinearTo<3>, [(Tanh, LinearTo<3>); 5], LinearTo<2>)
        => (Linear<4, 3, T>, [(Tanh, Linear<3, 3, T>); 5], Linear<3, 2, T>);
    an_array_of_one_layer: Vector<4, T>, [LinearTo<4>; 3] => [Linear<4, 4, T>; 3];
    an_inferred_stack_in_another: Vector<4, T>, (Infer<Vector<4, T>, (LinearTo<3>, Relu)>, LinearTo<2>)
        => ((Linear<4, 3, T>, Relu), Linear<3, 2, T>);
    a_residual_block: Vector<4, T>, Residual<(LinearTo<8>, Tanh, LinearTo<4>)>
        => Residual<(Linear<4, 8, T>, Tanh, Linear<8, 4, T>)>;
    a_residual_block_with_a_shortcut: Vector<4, T>, Residual<(LinearTo<8>, Tanh, LinearTo<3>), LinearTo<3, NoBias>>
        => Residual<(Linear<4, 8, T>, Tanh, Linear<8, 3, T>), Linear<4, 3, T, NoBias>>;
    a_shortcut_of_several_layers: Vector<4, T>, Residual<LinearTo<3>, (LinearTo<3, NoBias>, AutoBatchNorm)>
        => Residual<Linear<4, 3, T>, (Linear<4, 3, T, NoBias>, BatchNorm<3, T>)>;
    a_shortcut_that_fits_a_vector_that_is_kept: Vector<4, T>, Residual<(Tanh, LinearTo<4>), AutoShortcut>
        => Residual<(Tanh, Linear<4, 4, T>)>;
    a_shortcut_that_fits_a_vector: Vector<4, T>, Residual<(Tanh, LinearTo<3>), AutoShortcut>
        => Residual<(Tanh, Linear<4, 3, T>), Linear<4, 3, T, NoBias>>;
    a_shortcut_that_fits_a_sequence_that_is_kept: Sequence<9, 4, T>, Residual<ConvTo<4, 3, 1, 1>, AutoShortcut>
        => Residual<Conv1d<4, 4, 3, 1, 1, T>>;
    a_shortcut_that_fits_fewer_steps: Sequence<9, 4, T>, Residual<ConvTo<4, 3, 2, 1>, AutoShortcut>
        => Residual<Conv1d<4, 4, 3, 2, 1, T>, Conv1d<4, 4, 1, 2, 0, T, NoBias>>;
    a_shortcut_that_fits_more_features: Sequence<9, 4, T>, Residual<ConvTo<6, 3, 1, 1>, AutoShortcut>
        => Residual<Conv1d<4, 6, 3, 1, 1, T>, Conv1d<4, 6, 1, 1, 0, T, NoBias>>;
    a_shortcut_that_fits_an_image_that_is_kept: Image<4, 7, 6, T>, Residual<ConvTo<4, 3, 1, 1>, AutoShortcut>
        => Residual<Conv2d<4, 4, 3, 1, 1, T>>;
    a_shortcut_that_fits_more_channels: Image<4, 7, 6, T>, Residual<ConvTo<8, 3, 1, 1>, AutoShortcut>
        => Residual<Conv2d<4, 8, 3, 1, 1, T>, Conv2d<4, 8, 1, 1, 0, T, NoBias>>;
    a_shortcut_that_fits_a_smaller_image: Image<4, 7, 6, T>, Residual<ConvTo<8, 3, 2, 1>, AutoShortcut>
        => Residual<Conv2d<4, 8, 3, 2, 1, T>, Conv2d<4, 8, 1, 2, 0, T, NoBias>>;
    a_shortcut_that_fits_a_third_of_an_image: Image<4, 10, 8, T>, Residual<ConvTo<4, 3, 3, 1>, AutoShortcut>
        => Residual<Conv2d<4, 4, 3, 3, 1, T>, Conv2d<4, 4, 1, 3, 0, T, NoBias>>;
    branches: Image<3, 6, 6, T>, (Concat<(ConvTo<8, 3, 1, 1>, ConvTo<4, 5, 1, 2>)>, ConvTo<2, 1>)
        => (Concat<(Conv2d<3, 8, 3, 1, 1, T>, Conv2d<3, 4, 5, 1, 2, T>)>, Conv2d<12, 2, 1, 1, 0, T>);
    three_branches: Vector<3, T>, (Concat<(Identity, LinearTo<2>, (LinearTo<4>, Relu))>, LinearTo<1>)
        => (Concat<(Identity, Linear<3, 2, T>, (Linear<3, 4, T>, Relu))>, Linear<9, 1, T>);
    four_branches: Vector<3, T>, Concat<(Identity, LinearTo<2>, Tanh, LinearTo<1>)>
        => Concat<(Identity, Linear<3, 2, T>, Tanh, Linear<3, 1, T>)>;
    a_layer_for_each_half_of_a_pair:
        Pair<Image<1, 6, 6, T>, Vector<2, T>>,
        (Parallel<(ConvTo<4, 3>, Relu, LinearTo<8>), LinearTo<8>>, Sum, LinearTo<3>)
        => (
            Parallel<(Conv2d<1, 4, 3, 1, 0, T>, Relu, Dense<Image<4, 4, 4, T>, Vector<8, T>>), Linear<2, 8, T>>,
            Sum,
            Linear<8, 3, T>
        );
    a_pair_of_one_sample: Vector<3, T>, (Duplicate, Parallel<LinearTo<2>, LinearTo<4>>, Join, LinearTo<1>)
        => (Duplicate, Parallel<Linear<3, 2, T>, Linear<3, 4, T>>, Join, Linear<6, 1, T>);
    a_pair_with_a_memory:
        Vector<3, T>, (Duplicate, OnFirst<LinearTo<4>>, ResidualWithMemory<(Join, LinearTo<4>)>, First, LinearTo<1>)
        => (Duplicate, OnFirst<Linear<3, 4, T>>, ResidualWithMemory<(Join, Linear<7, 4, T>)>, First, Linear<4, 1, T>);
    a_shared_layer: Vector<3, T>, (LinearTo<5>, Shared<(LinearTo<5>, Tanh), 4>, LinearTo<1>)
        => (Linear<3, 5, T>, Shared<(Linear<5, 5, T>, Tanh), 4>, Linear<5, 1, T>);
}

type LeNet = Infer<
    Image<1, 28, 28>,
    (
        (ConvTo<6, 5, 1, 2>, Tanh, MaxPool2d<2>, ConvTo<16, 5>, Tanh, MaxPool2d<2>),
        (LinearTo<120>, Tanh, LinearTo<84>, Tanh, LinearTo<10>),
    ),
>;
type LeNetWrittenOut = (
    (Conv2d<1, 6, 5, 1, 2>, Tanh, MaxPool2d<2>, Conv2d<6, 16, 5>, Tanh, MaxPool2d<2>),
    (Dense<Image<16, 5, 5>, Vector<120>>, Tanh, Linear<120, 84>, Tanh, Linear<84, 10>),
);
const _: () = chainrule::shapes::<LeNet, Image<1, 28, 28>, Vector<10>>();

/// The parameters of LeNet-5 with full connections, counted by hand.
#[test]
fn lenet_has_the_parameters_and_the_outputs_of_the_network_written_out() {
    let inferred = LeNet::init(&mut rng(5));
    let by_hand = (25 + 1) * 6 + (6 * 25 + 1) * 16 + (400 + 1) * 120 + (120 + 1) * 84 + (84 + 1) * 10;
    assert_eq!(bits(&inferred).len(), by_hand);
    let written: Owned<LeNetWrittenOut> = LeNetWrittenOut::init(&mut rng(5));
    assert_eq!(bits(&inferred), bits(&written));
    let picture: Image<1, 28, 28> =
        Image([core::array::from_fn(|h| core::array::from_fn(|w| ((h * w) as f32).sin()))]);
    let y: Vector<10> = inferred.predict(&picture).unwrap();
    assert_eq!(y, written.predict(&picture).unwrap());
    assert!(y.0.iter().any(|y| *y != 0.0));
}

type Block<const OUT: usize, const STRIDE: usize> = (
    Residual<
        (ConvTo<OUT, 3, STRIDE, 1, NoBias>, AutoBatchNorm, Relu, ConvTo<OUT, 3, 1, 1, NoBias>, AutoBatchNorm),
        AutoShortcut,
    >,
    Relu,
);
type ResNet = Infer<
    Image<3, 15, 12>,
    (ConvTo<8, 3, 1, 1>, [Block<8, 1>; 2], Block<16, 2>, Block<16, 1>, GlobalAvgPool, LinearTo<10>),
>;
const _: () = chainrule::shapes::<ResNet, Image<3, 15, 12>, Vector<10>>();

/// Without a weight in its branches, a residual network is the product of its shortcuts: here a 1x1 convolution with a
/// stride of 2, computed by hand.
#[test]
fn a_residual_network_with_branches_of_zeros_is_its_shortcuts() {
    type Net = Infer<Image<2, 5, 4>, (Block<2, 1>, Block<3, 2>)>;
    let mut net = Net::zeros();
    for (out, from, weight) in [(0, 0, 2.0), (1, 1, 3.0), (2, 0, 0.5), (2, 1, 0.25)] {
        net.1.0.shortcut.weight[out][from][0][0] = weight;
    }
    let x: Image<2, 5, 4> = Image(core::array::from_fn(|c| {
        core::array::from_fn(|h| core::array::from_fn(|w| (c * 40 + h * 4 + w) as f32))
    }));
    let y: Image<3, 3, 2> = net.predict(&x).unwrap();
    for h in 0..3 {
        for w in 0..2 {
            let [a, b] = [0, 1].map(|c| x[(c, 2 * h, 2 * w)]);
            assert_eq!([0, 1, 2].map(|c| y[(c, h, w)]), [2.0 * a, 3.0 * b, 0.5 * a + 0.25 * b]);
        }
    }
}

/// A loss of ln 10 is that of a guess among ten classes.
#[test]
fn a_residual_network_learns_to_tell_eight_images_apart() {
    let mut images: Vec<Image<3, 15, 12>> = vec![Image::default(); 8];
    for (at, x) in Image::flat_mut(&mut images).iter_mut().enumerate() {
        *x = ((at * at) as f32 * 0.37).sin();
    }
    let labels: Vec<Label<10>> = (0..8).map(|at| Label::new(at).unwrap()).collect();
    let mut trainer = Trainer::new(ResNet::init(&mut rng(3)), CrossEntropy::default(), Adam::new(1e-2), 1);
    let losses: Vec<f64> = (0..20).map(|_| trainer.step(&images, &labels).unwrap()).collect();
    assert!(losses[19] < 0.5 * 10_f64.ln(), "{losses:?}");
}

/// A layer outside the crate, and the same without its size.
#[derive(Parameters)]
struct Scaled<const N: usize> {
    #[parameter(scale = 3.0)]
    factor: Vector<N>,
}

impl<const N: usize> Layer<Vector<N>> for Scaled<N> {
    type Output = Vector<N>;

    fn forward(&self, input: &[Vector<N>], output: &mut [Vector<N>], _: WorkspaceMut<'_>, _: &mut Mode<'_>) {
        for (x, y) in input.iter().zip(output) {
            (0..N).for_each(|i| y[i] = self.factor[i] * x[i]);
        }
    }

    fn backward(&self, pass: Backward<'_, Vector<N>, Self>) {
        for (x, dy) in pass.input.iter().zip(pass.output_grad) {
            (0..N).for_each(|i| pass.gradient.factor[i] += x[i] * dy[i]);
        }
        for (dx, dy) in pass.input_grad.into_iter().flatten().zip(pass.output_grad) {
            (0..N).for_each(|i| dx[i] = self.factor[i] * dy[i]);
        }
    }
}

struct AutoScaled;

impl<const PLACE: usize, const N: usize> After<PLACE, Vector<N>> for AutoScaled {
    type Layer = Scaled<N>;
}

/// An activation outside the crate.
#[derive(Clone, Copy, Default, Parameters)]
struct Power<const N: i32>;

impl<const N: i32> Activation for Power<N> {
    fn apply<T: Real>(x: T) -> T {
        T::from_f64(x.to_f64().powi(N))
    }
    fn derivative<T: Real>(x: T, _: T) -> T {
        T::from_f64(f64::from(N) * x.to_f64().powi(N - 1))
    }
}
chainrule::activation_layer!([const N: i32] Power<N>);

#[test]
fn an_activation_outside_the_crate_is_inferred() {
    same::<Infer<Image<1, 4, 4>, (Power<3>, LinearTo<2>)>, (Power<3>, Dense<Image<1, 4, 4>, Vector<2>>)>();
    let y = Infer::<Vector<2>, (Power<3>,)>::init(&mut rng(0)).predict(&Vector([2.0, -1.0]));
    assert_eq!(y, Ok(Vector([8.0, -1.0])));
}

#[test]
fn a_layer_outside_the_crate_is_inferred() {
    type Written = (Linear<4, 3>, Residual<Scaled<3>>, Linear<3, 2>);
    same::<Infer<Vector<4>, (LinearTo<3>, Residual<Scaled<3>>, LinearTo<2>)>, Written>();
    same::<Infer<Vector<4>, (LinearTo<3>, Residual<AutoScaled>, LinearTo<2>)>, Written>();
    let y: Vector<2> = Infer::<Vector<2>, (AutoScaled, Residual<AutoScaled>)>::init(&mut rng(0))
        .predict(&Vector([1.0, -2.0]))
        .unwrap();
    assert_eq!(y, Vector([12.0, -24.0])); // 3 (1 + 3) times the input
}
