//! What all Rust peers share: their command line, the numbers they start from, and the clock.
//!
//! It has no dependency, and so adds nothing to a peer's build. `../python/common.py` makes the same numbers, bit for
//! bit.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The command line: `PROGRAM WORKLOAD [--variant NAME] [--threads N] [--ms MILLISECONDS] [--check STEPS]`.
pub struct Job {
    pub workload: String,
    /// Which of a program's several peers.
    pub variant: String,
    pub threads: usize,
    /// How long to take samples for.
    budget: Duration,
    /// The step to stop after, with every value printed on the way; 0 to take the time instead.
    check: usize,
}

impl Job {
    pub fn from_args() -> Job {
        let mut words = std::env::args().skip(1);
        let workload = words.next().expect("the name of a workload");
        let mut job = Job {
            workload,
            variant: String::new(),
            threads: 1,
            budget: Duration::from_millis(700),
            check: 0,
        };
        while let Some(name) = words.next() {
            let value = words.next().unwrap_or_else(|| panic!("{name} without a value"));
            let number = || value.parse::<usize>().unwrap_or_else(|_| panic!("{name} takes a number"));
            match name.as_str() {
                "--variant" => job.variant = value,
                "--threads" => job.threads = number(),
                "--ms" => job.budget = Duration::from_millis(number() as u64),
                "--check" => job.check = number(),
                _ => panic!("no option {name}"),
            }
        }
        job
    }

    /// For the optimizer. A step is timed with a rate so small that thousands of steps on one batch leave the numbers
    /// as they were: no denormals, no saturated softmax. A check takes steps that change the loss.
    pub fn learning_rate(&self) -> f64 {
        match self.workload.as_str() {
            _ if self.check == 0 => 1e-6,
            "D" => 1e-2,
            "E" => 1e-1,
            "EA" => 1e-4,
            _ => 1e-3,
        }
    }

    /// The samples in a batch.
    pub fn batch(&self) -> usize {
        match self.workload.as_str() {
            "D" => 32,
            "E" | "EA" => 128,
            "S" => SIMPLE_BATCH,
            name => name.trim_start_matches(char::is_alphabetic).parse().expect("a batch size in the name"),
        }
    }

    /// Whether an inference takes its input from a slice and gives its output back as one.
    pub fn copies(&self) -> bool {
        self.workload.ends_with("io")
    }

    /// Times `step`, or checks it: prints `time MEDIAN MIN` in microseconds, or `check STEP VALUE` for every step.
    /// `value` makes one number of what a step gives.
    pub fn run<T>(&self, mut step: impl FnMut() -> T, value: impl Fn(T) -> f64) {
        for n in 1..=self.check {
            println!("check {n} {:.9e}", value(step()));
        }
        if self.check == 0 {
            let (median, least) = sample(self.budget, || _ = black_box(step()));
            println!("time {median:.4} {least:.4}");
        }
    }

    /// [`Job::run`] of an inference, which gives its output.
    pub fn infer<Y: AsRef<[f32]>>(&self, step: impl FnMut() -> Y) {
        self.run(step, |y| digest(y.as_ref()));
    }

    /// [`Job::run`] of a training step, which gives its loss.
    pub fn train(&self, step: impl FnMut() -> f64) {
        self.run(step, |loss| loss);
    }

    /// [`Job::run`] of a kernel that leaves its result in `memory`.
    pub fn kernel<M>(&self, memory: &mut M, mut call: impl FnMut(&mut M), result: impl Fn(&M) -> f64) {
        if self.check > 0 {
            call(memory);
            println!("check 1 {:.9e}", result(memory));
        } else {
            self.run(|| call(black_box(memory)), |()| 0.0);
        }
    }
}

/// The median and the least of many samples of a call, in microseconds. A sample is as many calls as last 50
/// microseconds, so that reading the clock counts for nothing.
fn sample(budget: Duration, mut call: impl FnMut()) -> (f64, f64) {
    let (start, mut calls) = (Instant::now(), 0);
    while calls < 3 || start.elapsed() < Duration::from_millis(150) {
        call();
        calls += 1;
    }
    let one = start.elapsed().as_secs_f64() * 1e6 / f64::from(calls);
    let calls = (50.0 / one).ceil().max(1.0);
    let (start, mut samples) = (Instant::now(), Vec::new());
    while samples.len() < 5 || start.elapsed() < budget {
        let sample = Instant::now();
        for _ in 0..calls as u64 {
            call();
        }
        samples.push(sample.elapsed().as_secs_f64() * 1e6 / calls);
    }
    samples.sort_by(f64::total_cmp);
    (samples[samples.len() / 2], samples[0])
}

/// `count` numbers, uniform in [-scale, scale): the 24 highest bits of splitmix64, a hash of a counter.
pub fn uniform(seed: u64, count: usize, scale: f32) -> Vec<f32> {
    let start = seed.wrapping_mul(0xD1B5_4A32_D192_ED03);
    let number = |n: u64| {
        let mut z = start.wrapping_add((n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bits = (z ^ (z >> 31)) >> 40;
        (bits as f32 / (1 << 23) as f32 - 1.0) * scale
    };
    (0..count as u64).map(number).collect()
}

/// The weights of layer `k`, a row for each output as in PyTorch, and its biases. Of a convolution, `inputs` are the
/// numbers under its window.
pub fn layer(k: usize, inputs: usize, outputs: usize) -> (Vec<f32>, Vec<f32>) {
    let scale = 1.0 / (inputs as f32).sqrt();
    (uniform(2 * k as u64 + 1, inputs * outputs, scale), uniform(2 * k as u64 + 2, outputs, scale))
}

/// A matrix of this number of rows, column by column.
pub fn transposed(matrix: &[f32], rows: usize) -> Vec<f32> {
    let columns = matrix.len() / rows;
    (0..matrix.len()).map(|i| matrix[i % rows * columns + i / rows]).collect()
}

pub fn inputs(count: usize) -> Vec<f32> {
    uniform(1000, count, 1.0)
}

/// What D is to give.
pub fn targets(count: usize) -> Vec<f32> {
    uniform(2000, count, 1.0)
}

/// The classes of a batch: 0 to 9, repeated.
pub fn labels(batch: usize) -> impl Iterator<Item = usize> {
    (0..batch).map(|sample| sample % 10)
}

pub const SIMPLE_BATCH: usize = 10_000;

/// What S is to give for these inputs: the square of a 2x2 matrix.
pub fn squares(inputs: &[f32]) -> Vec<f32> {
    let square = |m: &[f32; 4]| {
        let [a, b, c, d] = *m;
        [a * a + b * c, a * b + b * d, c * a + d * c, c * b + d * d]
    };
    inputs.as_chunks().0.iter().flat_map(square).collect()
}

/// One number that equal outputs share, and others hardly do: the mean distance from a pattern. Its terms are of one
/// sign, so that nothing cancels and its error is that of an output.
pub fn digest(output: &[f32]) -> f64 {
    let distance = |(place, &number): (usize, &f32)| (f64::from(number) - (place % 7) as f64 + 3.0).abs();
    output.iter().enumerate().map(distance).sum::<f64>() / output.len() as f64
}
