//! nalgebra's static matrices, each a plain array: nothing is allocated, and loops have constant bounds.

use std::hint::black_box;

use common::{Job, digest, inputs, layer, transposed, uniform};
use nalgebra::{SMatrix, SVector};

use crate::kernels::rational_tanh;

pub fn infer(job: &Job) {
    match &job.workload[..2] {
        "A1" => perceptron::<16, 64, 64, 4>(job, rational_tanh),
        _ => perceptron::<784, 128, 64, 10>(job, |z| z.max(0.0)),
    }
}

struct Dense<const IN: usize, const OUT: usize> {
    weights: Box<SMatrix<f32, OUT, IN>>,
    biases: SVector<f32, OUT>,
}

impl<const IN: usize, const OUT: usize> Dense<IN, OUT> {
    fn new(k: usize) -> Self {
        let (weights, biases) = layer(k, IN, OUT);
        Dense {
            weights: Box::new(SMatrix::from_row_slice(&weights)),
            biases: SVector::from_column_slice(&biases),
        }
    }

    fn forward(&self, x: &SVector<f32, IN>) -> SVector<f32, OUT> {
        let mut z = self.biases;
        z.gemv(1.0, &self.weights, x, 1.0);
        z
    }
}

fn perceptron<const IN: usize, const H: usize, const J: usize, const OUT: usize>(
    job: &Job,
    activation: impl Fn(f32) -> f32,
) {
    let net = (Dense::<IN, H>::new(0), Dense::<H, J>::new(1), Dense::<J, OUT>::new(2));
    let data = inputs(IN);
    let mut x = SVector::<f32, IN>::from_column_slice(&data);
    job.infer(|| {
        if job.copies() {
            x.copy_from_slice(black_box(&data));
        }
        let (first, second, last) = black_box(&net);
        let a = first.forward(black_box(&x)).map(&activation);
        let y = last.forward(&second.forward(&a).map(&activation));
        black_box(y).data.0[0]
    });
}

pub fn product(job: &Job) {
    match job.batch() {
        1 => of_batch::<1>(job),
        8 => of_batch::<8>(job),
        32 => of_batch::<32>(job),
        _ => of_batch::<128>(job),
    }
}

fn of_batch<const BATCH: usize>(job: &Job) {
    let w = Box::new(SMatrix::<f32, 64, 64>::from_column_slice(&transposed(&uniform(1, 64 * 64, 0.125), 64)));
    let x = Box::new(SMatrix::<f32, 64, BATCH>::from_column_slice(&uniform(2, 64 * BATCH, 1.0)));
    let mut c = Box::new(SMatrix::<f32, 64, BATCH>::zeros());
    job.kernel(&mut c, |c| c.gemm(1.0, black_box(&w), black_box(&x), 1.0), |c| digest(c.as_slice()));
}
