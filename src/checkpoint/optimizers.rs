//! The state of optimizers, schedules and generators of random numbers, part by part.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::{State, StateFields};
use crate::layer::Parameters;
use crate::optimizer::{Adam, AdamW, ExponentialMovingAverage, FreezeParameters, RmsProp, Sgd};
use crate::schedule::Schedule;

impl<N: Parameters> State for Sgd<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.number("learning_rate", &mut self.learning_rate);
        fields.number("momentum", &mut self.momentum);
        fields.flag("nesterov", &mut self.nesterov);
        fields.network("velocity", &mut self.velocity);
    }
}

impl<N: Parameters> State for RmsProp<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.number("learning_rate", &mut self.learning_rate);
        fields.number("decay", &mut self.decay);
        fields.number("epsilon", &mut self.epsilon);
        fields.network("square", &mut self.square);
    }
}

impl<N: Parameters> State for Adam<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.number("learning_rate", &mut self.learning_rate);
        fields.two_numbers("betas", &mut self.betas);
        fields.number("epsilon", &mut self.epsilon);
        fields.count("steps", &mut self.steps);
        fields.network("mean", &mut self.mean);
        fields.network("square", &mut self.square);
    }
}

impl<N: Parameters> State for AdamW<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.state("adam", &mut self.adam);
        fields.number("weight_decay", &mut self.weight_decay);
    }
}

impl<O: State> State for FreezeParameters<O> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.state("optimizer", &mut self.optimizer);
        fields.texts("paths", &mut self.paths);
    }
}

impl<N: Parameters> State for ExponentialMovingAverage<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.number("decay", &mut self.decay);
        fields.flag("begun", &mut self.begun);
        fields.network("network", &mut self.network);
    }
}

/// One value without a name.
impl State for Schedule {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.value("", self);
    }
}

/// The position of a generator in its stream: the block of 16 words of 32 bits, and the word of the block.
#[derive(serde::Deserialize, serde::Serialize)]
struct Position {
    seed: [u8; 32],
    stream: u64,
    block: u64,
    word: u8,
}

impl State for ChaCha8Rng {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        let at = self.get_word_pos(); // below 2^68
        let (seed, stream) = (self.get_seed(), self.get_stream());
        let mut position = Position { seed, stream, block: (at / 16) as u64, word: (at % 16) as u8 };
        fields.value("position", &mut position);
        *self = Self::from_seed(position.seed);
        self.set_stream(position.stream);
        self.set_word_pos(u128::from(position.block) * 16 + u128::from(position.word));
    }
}
