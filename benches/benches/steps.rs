//! Steps of training and inference, on one thread or several (`RAYON_NUM_THREADS`): the workloads that `benches/peers`
//! compares with other libraries.
//!
//! ```text
//! $ RAYON_NUM_THREADS=1 cargo bench -p chainrule-benches --bench steps
//! $ cargo bench -p chainrule-benches --bench steps -- lenet
//! ```

use chainrule::prelude::*;
use chainrule::rand::RngExt;
use divan::Bencher;

fn main() {
    divan::main();
}

/// Samples of numbers between -1 and 1.
fn samples<X: Tensor<Scalar = f32>>(count: usize) -> Vec<X> {
    let mut random = rng(1);
    (0..count)
        .map(|_| {
            let mut sample = X::zeroed();
            sample.as_mut_slice().iter_mut().for_each(|x| *x = random.random_range(-1.0..1.0));
            sample
        })
        .collect()
}

fn labels(count: usize) -> Vec<Label<10>> {
    (0..count).map(|at| Label::new(at % 10).expect("below 10")).collect()
}

type Controller = (Linear<16, 64>, Tanh, Linear<64, 64>, Tanh, Linear<64, 4>);
type Digits = (Linear<784, 128>, Relu, Linear<128, 64>, Relu, Linear<64, 10>);
#[rustfmt::skip]
type Lenet = (
    Conv2d<1, 6, 5, 1, 2>, Relu, MaxPool2d<2>, Conv2d<6, 16, 5>, Relu, MaxPool2d<2>, Flatten,
    Linear<400, 120>, Relu, Linear<120, 84>, Relu, Linear<84, 10>,
);
/// Small color images.
#[rustfmt::skip]
type Color = (
    Conv2d<3, 16, 3, 1, 1>, Relu, MaxPool2d<2>, Conv2d<16, 32, 3, 1, 1>, Relu, MaxPool2d<2>, Flatten, Linear<2048, 10>,
);
/// A channel of audio.
#[rustfmt::skip]
type Audio = (
    Conv1d<1, 8, 9, 1, 4>, Relu, Conv1d<8, 16, 5, 1, 2>, Relu, MaxPool1d<4>, Conv1d<16, 16, 3, 1, 1>, Relu,
    GlobalAvgPool, Linear<16, 10>,
);
type Deep = [Residual<(Linear<64, 64>, Tanh, Linear<64, 64>)>; 50];
type Wide = (Linear<1024, 1024>, Relu, Linear<1024, 1024>, Relu, Linear<1024, 10>);
type Tiny = (Linear<4, 32>, Tanh, Linear<32, 16>, Tanh, Linear<16, 4>);

macro_rules! inference {
    ($name:ident: $net:ty, $input:ty => $output:ty, batches $batches:expr) => {
        #[divan::bench(args = $batches)]
        fn $name(bencher: Bencher<'_, '_>, batch: usize) {
            let (net, inputs) = (<$net>::init(&mut rng(1)), samples::<$input>(batch));
            let mut outputs = vec![<$output>::default(); batch];
            let mut workspace = Workspace::default();
            bencher.bench_local(|| net.predict_into(divan::black_box(&inputs), &mut outputs, &mut workspace));
        }
    };
}
inference!(infer_controller: Controller, Vector<16> => Vector<4>, batches [1, 32]);
inference!(infer_digits: Digits, Vector<784> => Vector<10>, batches [1, 32]);
inference!(infer_lenet: Lenet, Image<1, 28, 28> => Vector<10>, batches [1, 13, 32]);
inference!(infer_color: Color, Image<3, 32, 32> => Vector<10>, batches [1, 32]);
inference!(infer_audio: Audio, Sequence<1024, 1> => Vector<10>, batches [1, 32]);
inference!(linear_64: Linear<64, 64>, Vector<64> => Vector<64>, batches [1, 8, 32, 128]);

macro_rules! step {
    ($name:ident: $net:ty, $input:ty, $targets:expr, $loss:expr, $optimizer:expr, batches $batches:expr) => {
        #[divan::bench(args = $batches)]
        fn $name(bencher: Bencher<'_, '_>, batch: usize) {
            let (inputs, targets) = (samples::<$input>(batch), $targets(batch));
            let mut trainer = Trainer::new(<$net>::init(&mut rng(1)), $loss, $optimizer, 1);
            bencher.bench_local(|| trainer.step(divan::black_box(&inputs), &targets));
        }
    };
}
step!(digits_adam: Digits, Vector<784>, labels, CrossEntropy::default(), Adam::new(1e-6), batches [32, 128]);
step!(lenet_adam: Lenet, Image<1, 28, 28>, labels, CrossEntropy::default(), Adam::new(1e-6), batches [1, 32, 128]);
step!(color_adam: Color, Image<3, 32, 32>, labels, CrossEntropy::default(), Adam::new(1e-6), batches [32, 50, 128]);
step!(audio_adam: Audio, Sequence<1024, 1>, labels, CrossEntropy::default(), Adam::new(1e-6), batches [1, 32]);
step!(deep_sgd: Deep, Vector<64>, samples::<Vector<64>>, MeanSquaredError, Sgd::new(1e-6), batches [32]);
step!(wide_sgd: Wide, Vector<1024>, labels, CrossEntropy::default(), Sgd::new(1e-6), batches [128]);
step!(wide_adam: Wide, Vector<1024>, labels, CrossEntropy::default(), Adam::new(1e-6), batches [128]);
step!(tiny_adam: Tiny, Vector<4>, samples::<Vector<4>>, MeanSquaredError, Adam::new(1e-6), batches [10_000]);
