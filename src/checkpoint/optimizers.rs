//! The parts of the state of optimizers, schedules and random number generators.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::{State, StateFields};
use crate::layer::Parameters;
use crate::optimizer::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, Asgd, ExponentialMovingAverage, FreezeParameters, Lbfgs, Lion,
    NAdam, RAdam, RmsProp, Rprop, Sgd, StepOptions,
};
use crate::schedule::Schedule;

/// Adds the settings of the optimizer's options.
fn options(fields: &mut StateFields<'_>, options: &StepOptions) {
    let StepOptions { weight_decay, decoupled, decay_all, maximize, groups } = options;
    fields.setting("weight_decay", weight_decay);
    fields.setting("decoupled", decoupled);
    fields.setting("decay_all", decay_all);
    fields.setting("maximize", maximize);
    fields.setting("groups", format_args!("{groups:?}"));
}

impl<N: Parameters> State for Sgd<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.rate(&mut self.learning_rate, self.first_rate);
        fields.setting("momentum", self.momentum);
        fields.setting("dampening", self.dampening);
        fields.setting("nesterov", self.nesterov);
        options(fields, &self.options);
        fields.count("steps", &mut self.steps);
        fields.network("velocity", self.moments.at(0));
    }
}

impl<N: Parameters> State for Asgd<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.rate(&mut self.learning_rate, self.first_rate);
        fields.setting("lambda", self.lambda);
        fields.setting("alpha", self.alpha);
        fields.setting("start", self.start);
        options(fields, &self.options);
        fields.count("steps", &mut self.steps);
        fields.network("average", self.moments.at(0));
    }
}

impl<N: Parameters> State for Adagrad<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.rate(&mut self.learning_rate, self.first_rate);
        fields.setting("rate_decay", self.rate_decay);
        fields.setting("initial_sum", self.initial_sum);
        fields.setting("epsilon", self.epsilon);
        options(fields, &self.options);
        fields.count("steps", &mut self.steps);
        fields.network("sum", self.moments.at(0));
    }
}

impl<N: Parameters> State for Adadelta<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.rate(&mut self.learning_rate, self.first_rate);
        fields.setting("decay", self.decay);
        fields.setting("epsilon", self.epsilon);
        options(fields, &self.options);
        fields.network("square", self.moments.at(0));
        fields.network("step_square", self.moments.at(1));
    }
}

impl<N: Parameters> State for RmsProp<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.rate(&mut self.learning_rate, self.first_rate);
        fields.setting("decay", self.decay);
        fields.setting("epsilon", self.epsilon);
        fields.setting("momentum", self.momentum);
        fields.setting("centered", self.centered);
        options(fields, &self.options);
        fields.network("square", self.moments.at(0));
        let needed = self.needs_more();
        if fields.has("mean", needed) & fields.has("velocity", needed) {
            fields.network("mean", self.moments.at(1));
            fields.network("velocity", self.moments.at(2));
        }
    }
}

impl<N: Parameters> State for Adam<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.rate(&mut self.learning_rate, self.first_rate);
        fields.setting("betas", format_args!("{:?}", self.betas));
        fields.setting("epsilon", self.epsilon);
        fields.setting("amsgrad", self.amsgrad);
        fields.setting("lazy_rows", self.lazy_rows);
        options(fields, &self.options);
        fields.count("steps", &mut self.steps);
        fields.network("mean", self.moments.at(0));
        fields.network("square", self.moments.at(1));
        if fields.has("largest", self.amsgrad) {
            fields.network("largest", self.moments.at(2));
        }
    }
}

impl<N: Parameters> State for AdamW<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.state("adam", &mut self.adam);
    }
}

impl<N: Parameters> State for Adamax<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.rate(&mut self.learning_rate, self.first_rate);
        fields.setting("betas", format_args!("{:?}", self.betas));
        fields.setting("epsilon", self.epsilon);
        options(fields, &self.options);
        fields.count("steps", &mut self.steps);
        fields.network("mean", self.moments.at(0));
        fields.network("largest", self.moments.at(1));
    }
}

impl<N: Parameters> State for NAdam<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.rate(&mut self.learning_rate, self.first_rate);
        fields.setting("betas", format_args!("{:?}", self.betas));
        fields.setting("epsilon", self.epsilon);
        fields.setting("momentum_decay", self.momentum_decay);
        options(fields, &self.options);
        fields.count("steps", &mut self.steps);
        fields.value("product", &mut self.product);
        fields.network("mean", self.moments.at(0));
        fields.network("square", self.moments.at(1));
    }
}

impl<N: Parameters> State for RAdam<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.rate(&mut self.learning_rate, self.first_rate);
        fields.setting("betas", format_args!("{:?}", self.betas));
        fields.setting("epsilon", self.epsilon);
        options(fields, &self.options);
        fields.count("steps", &mut self.steps);
        fields.network("mean", self.moments.at(0));
        fields.network("square", self.moments.at(1));
    }
}

impl<N: Parameters> State for Rprop<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.rate(&mut self.learning_rate, self.first_rate);
        fields.setting("etas", format_args!("{:?}", self.etas));
        fields.setting("step_sizes", format_args!("{:?}", self.step_sizes));
        options(fields, &self.options);
        fields.count("steps", &mut self.steps);
        fields.network("previous", self.moments.at(0));
        fields.network("step_size", self.moments.at(1));
    }
}

impl<N: Parameters> State for Lion<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.rate(&mut self.learning_rate, self.first_rate);
        fields.setting("betas", format_args!("{:?}", self.betas));
        options(fields, &self.options);
        fields.network("mean", self.moments.at(0));
    }
}

/// A file contains the whole history. Only a program with a history of the same length can read it.
impl<N: Parameters> State for Lbfgs<N> {
    fn fields(&mut self, fields: &mut StateFields<'_>) {
        fields.setting("learning_rate", self.learning_rate);
        fields.setting("max_iterations", self.max_iterations);
        fields.setting("max_evaluations", format_args!("{:?}", self.max_evaluations));
        fields.setting("gradient_tolerance", self.gradient_tolerance);
        fields.setting("change_tolerance", self.change_tolerance);
        fields.setting("line_search", self.line_search);
        fields.setting("maximize", self.maximize);
        let (memory, vectors) = self.state();
        fields.value("memory", memory);
        vectors.for_each(|(name, vector)| fields.network(&name, vector));
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

/// The position of a generator in its stream: the index of the block of 16 words of 32 bits, and the word in the block.
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
