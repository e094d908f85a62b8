//! The state of optimisers and of the random numbers' generator, part by part.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::{State, StateFields};
use crate::layer::Parameters;
use crate::optimizer::{Adam, AdamW, Average, Frozen, RmsProp, Sgd};

impl<N: Parameters> State for Sgd<N> {
    fn fields(fields: &mut impl StateFields<Self>) {
        fields.value("learning_rate", |sgd| sgd.learning_rate, |sgd, rate| sgd.learning_rate = rate);
        fields.value("momentum", |sgd| sgd.momentum, |sgd, momentum| sgd.momentum = momentum);
        fields.value("nesterov", |sgd| sgd.nesterov, |sgd, nesterov| sgd.nesterov = nesterov);
        fields.network("velocity", |sgd| &sgd.velocity, |sgd| &mut sgd.velocity);
    }
}

impl<N: Parameters> State for RmsProp<N> {
    fn fields(fields: &mut impl StateFields<Self>) {
        fields.value("learning_rate", |rms| rms.learning_rate, |rms, rate| rms.learning_rate = rate);
        fields.value("decay", |rms| rms.decay, |rms, decay| rms.decay = decay);
        fields.value("epsilon", |rms| rms.epsilon, |rms, epsilon| rms.epsilon = epsilon);
        fields.network("square", |rms| &rms.square, |rms| &mut rms.square);
    }
}

impl<N: Parameters> State for Adam<N> {
    fn fields(fields: &mut impl StateFields<Self>) {
        fields.value("learning_rate", |adam| adam.learning_rate, |adam, rate| adam.learning_rate = rate);
        fields.value("betas", |adam| adam.betas, |adam, betas| adam.betas = betas);
        fields.value("epsilon", |adam| adam.epsilon, |adam, epsilon| adam.epsilon = epsilon);
        fields.value("steps", |adam| adam.steps, |adam, steps| adam.steps = steps);
        fields.network("mean", |adam| &adam.mean, |adam| &mut adam.mean);
        fields.network("square", |adam| &adam.square, |adam| &mut adam.square);
    }
}

impl<N: Parameters> State for AdamW<N> {
    fn fields(fields: &mut impl StateFields<Self>) {
        fields.state("adam", |adamw| &adamw.adam, |adamw| &mut adamw.adam);
        fields.value("weight_decay", |adamw| adamw.weight_decay, |adamw, decay| adamw.weight_decay = decay);
    }
}

impl<O: State> State for Frozen<O> {
    fn fields(fields: &mut impl StateFields<Self>) {
        fields.state("optimizer", |frozen| &frozen.optimizer, |frozen| &mut frozen.optimizer);
        fields.value("paths", |frozen| frozen.paths.clone(), |frozen, paths| frozen.paths = paths);
    }
}

impl<N: Parameters> State for Average<N> {
    fn fields(fields: &mut impl StateFields<Self>) {
        fields.value("decay", |average| average.decay, |average, decay| average.decay = decay);
        fields.value("begun", |average| average.begun, |average, begun| average.begun = begun);
        fields.network("network", |average| &average.network, |average| &mut average.network);
    }
}

/// Where a generator stands in its stream: in which block of 16 words of 32 bits, and at which word of it.
#[derive(serde::Deserialize, serde::Serialize)]
struct Position {
    seed: [u8; 32],
    stream: u64,
    block: u64,
    word: u8,
}

impl State for ChaCha8Rng {
    fn fields(fields: &mut impl StateFields<Self>) {
        let get = |rng: &Self| {
            let at = rng.get_word_pos(); // below 2^68
            Position {
                seed: rng.get_seed(),
                stream: rng.get_stream(),
                block: (at / 16) as u64,
                word: (at % 16) as u8,
            }
        };
        let set = |rng: &mut Self, at: Position| {
            *rng = Self::from_seed(at.seed);
            rng.set_stream(at.stream);
            rng.set_word_pos(u128::from(at.block) * 16 + u128::from(at.word));
        };
        fields.value("position", get, set);
    }
}
