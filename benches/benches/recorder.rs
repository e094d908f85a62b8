//! What recording costs: a training of MLP 784-128-64-10 with a `Recorder` at every 100th step, relative to one
//! without, in turn: the median of several rounds.
//!
//! ```text
//! $ cargo bench -p chainrule-benches --bench recorder
//! ```

use std::time::{Duration, Instant};

use chainrule::flow::Recorder;
use chainrule::prelude::*;
use chainrule::rand::RngExt;

type Net = (Linear<784, 128>, Relu, Linear<128, 64>, Relu, Linear<64, 10>);

const STEPS: u64 = 200;
const ROUNDS: usize = 15;

fn main() -> Result<(), chainrule::Error> {
    let mut random = rng(1);
    let inputs: Vec<Vector<784>> =
        (0..32).map(|_| Vector(std::array::from_fn(|_| random.random_range(0.0..1.0)))).collect();
    let labels: Vec<Label<10>> = (0..32).map(|at| Label::new(at % 10)).collect::<Result<_, _>>()?;

    println!("{:>24} {:>8} {:>8} {:>8}", "over no recorder", "median", "least", "most");
    for (name, every) in [("recorder, never", 0), ("every 100th step", 100), ("every 10th step", 10)] {
        let mut ratios = Vec::new();
        for round in 0..ROUNDS {
            let [mut plain, mut watched] = [(); 2]
                .map(|()| Trainer::new(Net::init(&mut rng(1)), CrossEntropy::default(), Adam::new(1e-3), 1));
            let mut recorder = Recorder::every(every);
            let mut train = |watch: bool| -> Result<Duration, chainrule::Error> {
                let start = Instant::now();
                for _ in 0..STEPS {
                    if watch {
                        watched.step_recorded(&inputs, &labels, &mut recorder)?;
                    } else {
                        plain.step(&inputs, &labels)?;
                    }
                }
                Ok(start.elapsed())
            };
            // The second one finds the caches warm, so they take turns.
            let first = train(round % 2 == 0)?;
            let second = train(round % 2 == 1)?;
            let (with, without) = if round % 2 == 0 { (first, second) } else { (second, first) };
            ratios.push(with.as_secs_f64() / without.as_secs_f64());
            assert_eq!(plain.network.parameters(), watched.network.parameters(), "the same bits");
        }
        ratios.sort_by(f64::total_cmp);
        println!("{name:>24} {:>8.3} {:>8.3} {:>8.3}", ratios[ROUNDS / 2], ratios[0], ratios[ROUNDS - 1]);
    }
    Ok(())
}
