//! The state of optimizers, schedules and generators of random numbers, part by part.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::{State, StateFields};
use crate::layer::Parameters;
use crate::optimizer::{Adam, AdamW, ExponentialMovingAverage, FreezeParameters, RmsProp, Sgd};
use crate::schedule::Schedule;

impl<N: Parameters> State for Sgd<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.rate(&mut self.learning_rate, self.first_rate);
        fields.setting("momentum", self.momentum);
        fields.setting("nesterov", self.nesterov);
        fields.network("velocity", &mut self.velocity);
    }
}

impl<N: Parameters> State for RmsProp<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.rate(&mut self.learning_rate, self.first_rate);
        fields.setting("decay", self.decay);
        fields.setting("epsilon", self.epsilon);
        fields.network("square", &mut self.square);
    }
}

impl<N: Parameters> State for Adam<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.rate(&mut self.learning_rate, self.first_rate);
        fields.setting("betas", format_args!("{:?}", self.betas));
        fields.setting("epsilon", self.epsilon);
        fields.count("steps", &mut self.steps);
        fields.network("mean", &mut self.mean);
        fields.network("square", &mut self.square);
    }
}

impl<N: Parameters> State for AdamW<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.state("adam", &mut self.adam);
        fields.setting("weight_decay", self.weight_decay);
    }
}

impl<O: State> State for FreezeParameters<O> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.state("optimizer", &mut self.optimizer);
        fields.setting("paths", format_args!("{:?}", self.paths));
    }
}

impl<N: Parameters> State for ExponentialMovingAverage<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.setting("decay", self.decay);
        fields.count("updates", &mut self.updates);
        fields.network("network", &mut self.network);
    }
}

/// A setting without a name.
impl State for Schedule {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.setting("", self);
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
