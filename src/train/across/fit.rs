//! What the ranks compare before a fit.

use std::fmt::Debug;

use super::wire::digest;
use crate::data::{Dataset, Loader};
use crate::distributed::RankError;
use crate::layer::{Parameters, Plan, View};
use crate::train::{Fit, FitError, Trainer};

const WEIGHTS: &str = "weights";

impl<N: Parameters, L, O> Trainer<N, L, O> {
    /// Checks that all ranks start the same run, and that each has a part of it.
    pub(in crate::train) fn check_ranks<X: Copy, Target: Copy, Y>(
        &mut self,
        options: &Fit<'_, X, Target, Y>,
        loader: &Loader<'_, X, Target>,
        samples: usize,
        plan: &Plan,
    ) -> Result<(), FitError> {
        let batch = loader.samples().min(options.batch_size);
        let pieces = self.pieces(plan, batch).map_err(FitError::Setting);
        let (steps, place) = (self.steps, self.rng.get_word_pos());
        let Some(ranks) = &mut self.ranks else { return Ok(()) };
        let weights = digest(View::of(&*self.network));
        let text = |value: &dyn Debug| format!("{value:?}");
        let checked = ranks.check_same(&[
            ("number of samples", text(&samples)),
            ("number of validation samples", text(&options.validation.map(Dataset::len))),
            ("number of epochs", text(&options.epochs)),
            ("batch size", text(&options.batch_size)),
            ("sampling", loader.sampling().to_string()),
            ("setting of drop_last", text(&options.drop_last)),
            ("monitor", options.monitor.to_string()),
            ("patience", text(&options.patience)),
            ("setting of keep_best", text(&options.keep_best)),
            ("setting of save_best", text(&options.best_file.is_some())),
            ("plateau", text(&options.plateau)),
            ("decay of the average", text(&options.decay)),
            ("choice of other data and network", text(&(options.other_data, options.other_network))),
            ("choice of checkpoints", text(&(options.checkpoint.is_some(), options.every))),
            ("list of values", text(&options.names().collect::<Vec<_>>())),
            ("choice of on_epoch", text(&options.on_epoch.is_some())),
            ("number of steps", text(&steps)),
            ("place in the random numbers", text(&place)),
            (WEIGHTS, text(&weights)),
        ]);
        checked.map_err(|error| match error {
            RankError::Differs { rank, what, .. } if what == WEIGHTS => {
                RankError::Weights { rank, step: steps }
            }
            error => error,
        })?;
        let (ranks, pieces) = (ranks.size, batch.div_ceil(pieces?.piece.max(1)));
        if pieces < ranks { Err(RankError::TooMany { ranks, samples: batch, pieces }.into()) } else { Ok(()) }
    }
}
