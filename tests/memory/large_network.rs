//! Large networks and large samples in a thread with a stack of 2 MB, in a debug build too: parameters, gradients,
//! moments and activations live on the heap, and nothing large crosses the stack on its way there.

use std::thread;

use chainrule::checkpoint;
use chainrule::prelude::*;

/// Runs `f` on a stack of 2 MB, the size that test threads and worker threads have.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(2 << 20).spawn(f).unwrap().join().unwrap();
}

/// A batch that is made on the heap.
fn batch<X: Tensor<Scalar = f32>>(samples: usize) -> Vec<X> {
    let mut batch: Vec<X> = bytemuck::zeroed_vec(samples);
    X::flat_mut(&mut batch).iter_mut().enumerate().for_each(|(at, x)| *x = 0.01 * (at % 97) as f32 - 0.5);
    batch
}

/// 25.6 million weights, in one large matrix, in some middling ones, and in many small ones.
type Large = (
    Linear<784, 4096>,
    Relu,
    Linear<4096, 4096>,
    [Residual<(Tanh, Linear<4096, 128>, PRelu, Linear<128, 4096>)>; 4],
    Linear<4096, 400>,
    [(Linear<400, 400>, Residual<(Tanh, Linear<400, 400>)>); 2],
    Linear<400, 10>,
);

#[test]
fn a_network_of_100_megabytes_is_built_trained_copied_compared_printed_saved_loaded_and_dropped() {
    on_a_small_stack(|| {
        assert!(Large::COUNT * size_of::<f32>() >= 100_000_000);
        let net = Large::init(&mut rng(1));
        let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.01).momentum(0.9), 1);
        let (xs, ys) = (batch::<Vector<784>>(1), batch::<Vector<10>>(1));
        let before = trainer.network.2.norm();
        assert!(trainer.step(&xs, &ys).unwrap() > 0.0);
        assert_ne!(trainer.network.2.norm(), before);
        assert!(trainer.network.predict(&xs[0]).unwrap()[0].is_finite());

        let mut copy: Owned<Large> = trainer.network.clone();
        assert!(copy.2.weights() == trainer.network.2.weights());
        assert_eq!(copy, trainer.network);
        copy.2.weights_mut()[4096 * 4096 - 1] += 1.0;
        assert_ne!(copy, trainer.network);
        copy.clone_from(&trainer.network);
        assert_eq!(copy.parameters(), trainer.network.parameters());
        copy.set_zero();
        assert_eq!(copy, Owned::default());
        drop(copy);

        let printed = format!("{:?}", trainer.network);
        assert!(printed.starts_with("(Linear<784, 4096>, Relu, Linear<4096, 4096>, [Residual<"), "{printed}");
        assert!(printed.ends_with(&format!(" with {} parameters", Large::COUNT)), "{printed}");
        assert!(format!("{:?}", trainer.network.parameters()).len() < 100_000);

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.safetensors");
        checkpoint::save(&trainer.network, &path).unwrap();
        let loaded = checkpoint::load::<Large>(&path).unwrap();
        assert_eq!(loaded, trainer.network);
        drop(loaded);

        // With its gradient and its momentum.
        let copy = trainer.clone();
        assert_eq!(copy.network, trainer.network);
        assert_eq!(copy.gradient().parameters(), trainer.gradient().parameters());
        assert!(format!("{copy:?}").contains("network: (Linear<784, 4096>, "), "{copy:?}");
    });
}

#[test]
fn a_network_of_100_megabytes_takes_a_step_of_adam() {
    on_a_small_stack(|| {
        let (mut net, mut adam) = (Large::zeros(), AdamW::new(0.01));
        let gradient = Large::init_with(Initializer::constant(1.0), &mut rng(1));
        adam.step(&mut net, &gradient).unwrap();
        // The first step is the learning rate.
        approx::assert_relative_eq!(net.2.weights()[4096 * 4096 - 1], -0.01, max_relative = 1e-6);
    });
}

#[test]
fn a_large_layer_is_copied_and_compared() {
    on_a_small_stack(|| {
        let layer = Linear::<4096, 4096>::init_with(Initializer::constant(0.5), &mut rng(1));
        let mut copy = layer.clone();
        assert_eq!(copy, layer);
        copy.weights_mut()[7] = 0.0;
        assert_ne!(copy, layer);
    });
}

/// 602 KB a sample: three of them would fill a good part of the stack.
type Photo = Image<3, 224, 224>;

/// A network with large samples in every place: as its input, between its layers, as its output, in a bias.
type Photos = (
    Dense<Photo, Vector<2>>,
    Dense<Vector<2>, Photo>,
    Residual<(Relu, Dropout<20>)>,
    [Residual<PRelu>; 2],
    Residual<(Dense<Photo, Vector<1>>, Dense<Vector<1>, Photo>), (Identity, Softsign)>,
);

#[test]
fn a_batch_of_large_samples_goes_through_a_network_and_back() {
    on_a_small_stack(|| {
        let (xs, ys) = (batch::<Photo>(8), batch::<Photo>(8));
        let mut trainer = Trainer::new(Photos::init(&mut rng(1)), Huber::default(), Sgd::new(0.01), 1);
        assert!(trainer.step(&xs, &ys).unwrap() > 0.0);

        let (mut outputs, mut workspace) = (batch::<Photo>(8), Workspace::default());
        trainer.network.predict_into(&xs, &mut outputs, &mut workspace).unwrap();
        assert_eq!(trainer.network.predict_batch(&xs).unwrap(), outputs);
    });
}

/// 9.4 MB a sample, more than the stack holds: it can only be lent.
type Poster = Image<3, 1024, 768>;

#[test]
fn a_sample_larger_than_the_stack_goes_through_a_network_and_back() {
    type Net = (Residual<Dropout<20>>, Relu, Dense<Poster, Vector<1>>);
    on_a_small_stack(|| {
        let xs = batch::<Poster>(1);
        let mut trainer = Trainer::new(Net::init(&mut rng(1)), MeanSquaredError, Sgd::new(0.01), 1);
        assert!(trainer.step(&xs, &[Vector([3.0])]).unwrap() > 0.0);
        assert!(trainer.network.predict(&xs[0]).unwrap()[0].is_finite());
    });
}

#[test]
fn a_thousand_blocks_are_built_trained_and_dropped() {
    type Net = [Residual<(Tanh, Linear<4, 4>)>; 1000];
    on_a_small_stack(|| {
        let net = Net::init_with(Initializer::he_normal().gain(0.01), &mut rng(1));
        let mut trainer = Trainer::new(net, MeanSquaredError, Adam::new(0.01), 1);
        assert!(trainer.step(&batch::<Vector<4>>(2), &batch::<Vector<4>>(2)).unwrap() >= 0.0);
        assert!(trainer.gradient()[0].branch.1.weights().iter().any(|g| *g != 0.0));
    });
}
