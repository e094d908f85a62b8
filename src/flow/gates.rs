use alloc::vec::Vec;

use serde::Serialize;

use super::VANISHING;

/// The numbers of a gate over a batch, and over all steps of a recurrent layer: an element of
/// [`LayerFlow::gates`](super::LayerFlow::gates). See the example of [`TimeFlow`](crate::flow::TimeFlow).
#[doc(alias = "forget gate")]
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GateFlow {
    /// Its name, such as `forget` in an LSTM.
    pub name: &'static str,
    /// The mean of the numbers by which it multiplies.
    pub mean: f64,
    /// The share of these numbers whose size is below [`VANISHING`]: what they multiply gets less than that share of
    /// the gradient.
    pub closed: f64,
    /// The share of these numbers above 1 - [`VANISHING`]: the gate passes nearly everything.
    pub open: f64,
}

/// The sums of a gate.
#[derive(Clone, Copy, Debug)]
struct Sums {
    name: &'static str,
    count: u64,
    sum: f64,
    closed: u64,
    open: u64,
}

/// The gates of a layer during its backward pass, in the order of the pass.
#[derive(Clone, Debug, Default)]
pub(super) struct Gates(Vec<Sums>);

impl Gates {
    pub(super) fn add(&mut self, name: &'static str, numbers: &mut dyn Iterator<Item = f64>) {
        let at = self.0.iter().position(|gate| gate.name == name).unwrap_or_else(|| {
            self.0.push(Sums { name, count: 0, sum: 0.0, closed: 0, open: 0 });
            self.0.len() - 1
        });
        let gate = &mut self.0[at];
        for number in numbers {
            gate.count += 1;
            gate.sum += number;
            gate.closed += u64::from(number.abs() < VANISHING);
            gate.open += u64::from(number > 1.0 - VANISHING);
        }
    }

    pub(super) fn figures(&self) -> Vec<GateFlow> {
        let share = |part: u64, gate: &Sums| part as f64 / gate.count as f64;
        let figures = |gate: &Sums| GateFlow {
            name: gate.name,
            mean: gate.sum / gate.count as f64,
            closed: share(gate.closed, gate),
            open: share(gate.open, gate),
        };
        self.0.iter().filter(|gate| gate.count > 0).map(figures).collect()
    }
}
