//! A batch in pieces: the same bits for any number of threads, and the gradient of the whole batch up to rounding.

use crate::common::{bits, inputs};
use chainrule::Error;
use chainrule::prelude::*;

/// With dropout and noise of all kinds, which draw for each sample.
type Net = (
    (Linear<64, 40>, Tanh, Dropout<30>, GaussianNoise<1, 10>),
    (Reshape<Image<4, 5, 2>>, Dropout2d<25>, Reshape<Sequence<5, 8>>, Dropout1d<25>, Flatten),
    (Linear<40, 40>, Selu, AlphaDropout<10>, GaussianDropout<20>, Dropout<20>),
    Linear<40, 10>,
);
/// 100,352 multiply-adds.
type Large = (Linear<64, 256>, Tanh, Dropout<30>, Linear<256, 256>, Relu, Dropout<20>, Linear<256, 72>);

fn trainer() -> Trainer<Net, CrossEntropy, Adam<Net>> {
    Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(1e-3), 2)
}

fn batch<const CLASSES: usize>(samples: usize) -> (Vec<Vector<64>>, Vec<Label<CLASSES>>) {
    (inputs(samples), (0..samples).map(|at| Label::new(at % 10).unwrap()).collect())
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

#[test]
fn one_two_or_eight_threads_give_the_same_weights() {
    let (xs, ys) = batch(21);
    // Pieces of 5, 5, 5, 5 and 1 samples, on 1 thread, in three groups on 2, at once on 8.
    let [one, two, eight] = [1, 2, 8].map(|threads| {
        let mut trainer = trainer().micro_batch(5).clip_norm(1.0);
        let losses = [(); 3].map(|()| pool(threads).install(|| trainer.step(&xs, &ys)).unwrap().to_bits());
        (losses, bits(&trainer.network))
    });
    assert!(one == two && one == eight);

    let mut whole = trainer().clip_norm(1.0);
    (0..3).for_each(|_| _ = whole.step(&xs, &ys).unwrap());
    assert_ne!(bits(&whole.network), one.1, "cut or not, the same dropout: the batch was not cut");
}

#[test]
fn a_network_large_enough_is_cut_unasked_to_the_same_bits() {
    // 100,352 multiply-adds forward and about twice that back, for 120 samples: 36 million, and 16 million are worth a
    // piece.
    let (xs, ys) = batch(120);
    let step = |threads, micro_batch: Option<usize>| {
        let net = Large::init(&mut rng(1));
        let mut trainer = Trainer::new(net, CrossEntropy::default(), Sgd::new(0.1), 2);
        if let Some(samples) = micro_batch {
            trainer = trainer.micro_batch(samples);
        }
        pool(threads).install(|| trainer.step(&xs, &ys)).unwrap();
        bits(&trainer.network)
    };
    let (one, eight) = (step(1, None), step(8, None));
    assert!(one == eight);
    assert!(one == step(2, Some(60)), "it is cut into two pieces");
}

#[test]
fn a_trainer_may_go_from_one_pool_to_another() {
    let (xs, ys) = batch(16);
    let mut stays = trainer().micro_batch(2);
    let mut moves = trainer().micro_batch(2);
    for threads in [8, 2, 1, 3, 8] {
        pool(1).install(|| stays.step(&xs, &ys)).unwrap();
        pool(threads).install(|| moves.step(&xs, &ys)).unwrap();
        assert_eq!(bits(&moves.network), bits(&stays.network), "{threads} threads");
    }
}

#[test]
fn what_is_wrong_in_a_piece_names_the_sample_of_the_batch_and_leaves_no_trace() {
    let (xs, ys) = batch(10);
    let ended = [1, 2, 8].map(|threads| {
        let mut trainer = trainer().micro_batch(3);
        for (sample, element) in [(0, 0), (2, 63), (3, 5), (7, 1), (9, 2)] {
            let mut xs = xs.clone();
            xs[sample][element] = f32::NAN;
            match pool(threads).install(|| trainer.step(&xs, &ys)).unwrap_err() {
                Error::NonFiniteData { what: "input", sample: s, element: e, .. } => {
                    assert_eq!((s, e), (sample, element), "{threads} threads");
                }
                error => panic!("{error}"),
            }
        }
        assert_eq!(bits(&trainer.network), bits(&Net::init(&mut rng(1))));
        assert_eq!(trainer.steps(), 0);
        pool(threads).install(|| trainer.step(&xs, &ys)).unwrap();
        bits(&trainer.network) // dropout's numbers too are where they were
    });
    assert!(ended[0] == ended[1] && ended[0] == ended[2]);
}

#[test]
fn the_gradient_of_pieces_is_that_of_the_batch_by_its_formula() {
    // Least squares: R = 1/(2n) sum |W x + b - y|^2 over 2 outputs, dR/dW = 1/n sum (W x + b - y) x^T.
    type Map = Linear<3, 2, f64>;
    let net = Map::init(&mut rng(4));
    let (xs, ys) = (inputs::<Vector<3, f64>>(10), inputs::<Vector<2, f64>>(10));
    let (mut weights, mut bias) = ([0.0; 6], [0.0; 2]);
    let mut loss = 0.0;
    for (x, y) in xs.iter().zip(&ys) {
        for out in 0..2 {
            let a: f64 = net.bias[out] + (0..3).map(|at| net.weights()[2 * at + out] * x[at]).sum::<f64>();
            let error = (a - y[out]) / 10.0;
            loss += error * (a - y[out]) / 2.0;
            bias[out] += error;
            (0..3).for_each(|at| weights[2 * at + out] += error * x[at]);
        }
    }
    for size in [1, 3, 4, 9] {
        let mut trainer = Trainer::new(net.clone(), MeanSquaredError, Sgd::new(0.0), 1).micro_batch(size);
        let found = pool(2).install(|| trainer.step(&xs, &ys)).unwrap();
        // Numbers up to 30, sums of 10 of them: some 100 roundings of 2^-53 each, 1e-14 relative, 1e-12 in all.
        approx::assert_abs_diff_eq!(found, loss, epsilon = 1e-12);
        approx::assert_abs_diff_eq!(trainer.gradient().weights()[..], weights[..], epsilon = 1e-12);
        approx::assert_abs_diff_eq!(trainer.gradient().bias.0[..], bias[..], epsilon = 1e-12);
    }
}

/// A network of scores at three steps; of 11 samples, whose labels have weights, some steps are ignored, and of samples
/// 4 to 7 all.
type Tagger = (Linear<4, 12, f64>, Tanh, Dense<Vector<12, f64>, Sequence<3, 5, f64>>);

fn tagged() -> (Vec<Vector<4, f64>>, Vec<[Option<Label<5>>; 3]>) {
    let tag = |sample: usize, step: usize| {
        let ignored = (4..8).contains(&sample) || (sample + 2 * step).is_multiple_of(5);
        (!ignored).then(|| Label::new((sample * 3 + step) % 5).unwrap())
    };
    (inputs(11), (0..11).map(|sample| std::array::from_fn(|step| tag(sample, step))).collect())
}

#[test]
fn pieces_of_a_weighted_batch_count_by_their_weight() {
    let (xs, ys) = tagged();
    let loss = CrossEntropy::smoothed(0.1).weights([0.5, 2.0, 0.0, 1.25, 3.0]);
    let trainer = || Trainer::new(Tagger::init(&mut rng(1)), loss, Sgd::new(0.5), 2);
    let mut whole = trainer();
    let expected = whole.step(&xs, &ys).unwrap();
    // With pieces of 4 and 2 samples, some have no weight; with 3 and 7, some have little.
    for size in [1, 2, 3, 4, 7] {
        let [one, two, eight] = [1, 2, 8].map(|threads| {
            let mut trainer = trainer().micro_batch(size);
            let loss = pool(threads).install(|| trainer.step(&xs, &ys)).unwrap();
            // Losses below 3, gradients below 1, of at most some hundred roundings of 2^-53 each.
            approx::assert_abs_diff_eq!(loss, expected, epsilon = 1e-13);
            for (found, expected) in trainer.gradient().2.weights().iter().zip(whole.gradient().2.weights()) {
                approx::assert_abs_diff_eq!(found, expected, epsilon = 1e-14);
            }
            (loss.to_bits(), bits(&trainer.network))
        });
        assert!(one == two && one == eight, "pieces of {size}");
    }
    let nothing = [[None; 3]; 11];
    for size in [1, 4, 11] {
        let mut trainer = trainer().micro_batch(size);
        assert_eq!(trainer.step(&xs, &nothing), Err(Error::NoWeight));
        assert_eq!(bits(&trainer.network), bits(&Tagger::init(&mut rng(1))));
    }
}

#[test]
fn the_loss_of_a_data_set_is_a_mean_over_what_counts() {
    use chainrule::data::Dataset;
    // Evaluation takes 256 samples at once: of 700, the first and the second batch have little or no weight.
    let (xs, _) = (inputs::<Vector<4, f64>>(700), ());
    let label = |at: usize| (!(3..=600).contains(&at)).then(|| Label::<5>::new(at % 5).unwrap());
    let labels: Vec<_> = (0..700).map(label).collect();
    let net = <Linear<4, 5, f64>>::init(&mut rng(3));
    let loss = CrossEntropy::default().weights([0.5, 2.0, 0.0, 1.25, 3.0]);
    let (mut sum, mut weight) = (0.0, 0.0);
    for (x, label) in xs.iter().zip(&labels) {
        let score: Vector<5, f64> = net.predict(x).unwrap();
        sum += loss.value(&score, label);
        weight += Loss::<Vector<5, f64>, _>::weight(&loss, label);
    }
    let trainer = Trainer::new(net, loss, Sgd::new(0.1), 1);
    let found = trainer.evaluate(&Dataset::new(xs.clone(), labels).unwrap()).unwrap();
    approx::assert_relative_eq!(found, sum / weight, max_relative = 1e-13);
    let none = Dataset::new(xs, vec![None::<Label<5>>; 700]).unwrap();
    assert_eq!(trainer.evaluate(&none), Err(Error::NoWeight));
}

#[test]
fn statistics_are_the_mean_over_the_pieces() {
    type Norm = BatchNorm<2, f64>;
    let (xs, ys) = (inputs::<Vector<2, f64>>(10), inputs::<Vector<2, f64>>(10));
    let net = Norm::init(&mut rng(1));
    let mut trainer = Trainer::new(net, MeanSquaredError, Sgd::new(0.0), 1).micro_batch(4);
    pool(2).install(|| trainer.step(&xs, &ys)).unwrap();
    for channel in 0..2 {
        let (mut mean, mut variance) = (0.0, 0.0);
        for piece in xs.chunks(4) {
            let n = piece.len() as f64;
            let m = piece.iter().map(|x| x[channel]).sum::<f64>() / n;
            let v = piece.iter().map(|x| (x[channel] - m).powi(2)).sum::<f64>() / (n - 1.0);
            mean += n / 10.0 * m;
            variance += n / 10.0 * v;
        }
        // A tenth of the way from 0 and from 1; rounding as above.
        approx::assert_abs_diff_eq!(trainer.network.running_mean[channel], 0.1 * mean, epsilon = 1e-12);
        let expected = 0.9 + 0.1 * variance;
        approx::assert_abs_diff_eq!(trainer.network.running_variance[channel], expected, epsilon = 1e-12);
    }
}

#[test]
fn networks_and_trainers_go_from_thread_to_thread() {
    fn shared<T: Send + Sync>(_: &T) {}
    fn sent<T: Send>(_: &T) {}
    type Varied =
        (Linear<4, 8>, BatchNorm<8>, [Residual<(Tanh, Linear<8, 8>)>; 2], Dropout<10>, Linear<8, 2>);
    let net = Varied::init(&mut rng(1));
    shared(&net);
    let x = inputs::<Vector<4>>(1)[0];
    let here: Vector<2> = net.predict(&x).unwrap();
    let there = std::thread::scope(|scope| {
        [scope.spawn(|| net.predict(&x)), scope.spawn(|| net.predict(&x))].map(|t| t.join().unwrap().unwrap())
    });
    assert_eq!(there, [here, here]);
    sent(&Trainer::new(net, MeanSquaredError, Adam::new(0.1), 1));
}
