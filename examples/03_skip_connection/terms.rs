//! The two terms of the gradient at the input of a residual block, measured.

use std::error::Error;

use chainrule::flow::Flow;

/// The shares of |dR/dA(n)| that reach Z(n-k).
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) skip: f64,
    pub(crate) branch: f64,
    /// The skip's share, times the weights' gain and the mean of g' for each layer of the branch.
    pub(crate) predicted: f64,
    pub(crate) cosine: f64,
    pub(crate) both: f64,
}

impl Terms {
    /// Returns the mean over the blocks `1.0`, `1.1`, .. of a network. `residual` is the path of the residual block
    /// within such a block.
    pub(crate) fn of(flow: &Flow, residual: &str, gain: f64, k: usize) -> Result<Self, Box<dyn Error>> {
        let blocks = (0..).map_while(|at| Some((at, flow.layer(&format!("1.{at}"))?.output_grad_rms?)));
        let of_block = |(at, arrives): (usize, f64)| {
            let path = format!("1.{at}{residual}");
            let sum = flow.layer(&path)?;
            let [branch, skip] = &sum.paths[..] else { return None };
            let slopes = (0..k).filter_map(|i| flow.layer(&format!("{path}.branch.{i}.0"))?.activation);
            let skip = skip.input_grad_rms / arrives;
            Some(Self {
                skip,
                branch: branch.input_grad_rms / arrives,
                predicted: slopes.fold(skip, |left, slope| left * gain * slope.mean),
                cosine: sum.cosine.unwrap_or(0.0),
                both: sum.input_grad_rms? / arrives,
            })
        };
        let blocks: Vec<Self> = blocks.map(of_block).collect::<Option<_>>().ok_or("no residual block")?;
        Ok(Self::mean(&blocks))
    }

    /// Returns the root mean square of the shares, and the mean of the cosines.
    pub(crate) fn mean(of: &[Self]) -> Self {
        let mean = |value: &dyn Fn(&Self) -> f64| of.iter().map(value).sum::<f64>() / of.len() as f64;
        Self {
            skip: mean(&|t| t.skip.powi(2)).sqrt(),
            branch: mean(&|t| t.branch.powi(2)).sqrt(),
            predicted: mean(&|t| t.predicted.powi(2)).sqrt(),
            cosine: mean(&|t| t.cosine),
            both: mean(&|t| t.both.powi(2)).sqrt(),
        }
    }
}
