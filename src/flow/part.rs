//! The parts inside a network: branches, gates, the steps of recurrent layers and the paths of attention, each with a
//! verdict.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::Serialize;

use super::table::short;
use super::verdict::{DEAD_FRACTION, FlowState, MIN_SAMPLES, VANISHING, Verdict};
use super::{Flow, GateFlow, LayerFlow};
use crate::layer::{Factor, Recurrence, head, tail};

/// The kind of a [`Part`]. See the example of [`Flow::parts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum PartKind {
    /// A path through a sum or a concatenation that has weights, such as the branch of a residual block.
    Branch,
    /// The numbers by which a layer multiplies others, such as the forget gate of an LSTM.
    Gate,
    /// The steps of a recurrent layer.
    Time,
    /// One of the two gradient paths through an attention layer: through the values, with the probabilities as
    /// constants, or through the scores, with the values as constants. The gradient of its input is their sum.
    Way,
}

/// A part that the main path bypasses, or contains as one layer. A problem inside need not show in the gradient of the
/// main path. See the example of [`Flow::parts`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// The path of the branch, or of the layer with the gate, the steps or the attention.
    pub path: String,
    /// Its type.
    pub layer: String,
    /// Its kind.
    pub kind: PartKind,
    /// The name of the gate. For a path of attention, `values` or `scores`. Empty for other parts.
    pub gate: &'static str,
    /// The number of other parts around it.
    pub level: usize,
    /// The meaning depends on the kind. Branch: |dR/d`output`| of the branch divided by that of its block, per number.
    /// Gate: its mean. Time: the share of the gradient at the last step that arrives at the first. Path of attention:
    /// the length of the gradient that it adds to the input, as a share of the sum of both lengths. `None` if there is
    /// no gradient.
    pub share: Option<f64>,
    /// The verdict on the gradients inside, with a reason and a cure if they are not healthy.
    pub verdict: Verdict,
}

impl Part {
    /// Returns the path and, unless it is a branch, the part of the layer: `3 forget gate`.
    pub fn name(&self) -> String {
        let path = if self.path.is_empty() { "(network)" } else { &self.path };
        match self.kind {
            PartKind::Branch => path.to_string(),
            PartKind::Gate if self.gate == "gate" => format!("{path} gate"),
            PartKind::Gate => format!("{path} {} gate", self.gate),
            PartKind::Time => format!("{path} time"),
            PartKind::Way => format!("{path} {}", self.gate),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.name(), self.verdict)
    }
}

impl Flow {
    /// Returns the parts inside, in the order of the layers: each branch with weights of each sum, each gate, the steps
    /// of each recurrent layer, and the paths of attention. Each has a verdict.
    ///
    /// A network can be healthy as a whole while a part is not: for example, a skip connection carries the gradient
    /// around a branch in which it vanishes. [`verdict`](Flow::verdict) mentions it. This method tells where it is,
    /// why, and what helps.
    ///
    /// ```
    /// use chainrule::flow::FlowState;
    /// use chainrule::prelude::*;
    ///
    /// type Block = Residual<[(Linear<16, 16>, Sigmoid); 6]>;
    /// type Net = (Linear<2, 16>, [Block; 3], Linear<16, 2>);
    ///
    /// let inputs: Vec<Vector<2>> = (0..32).map(|at| Vector([at as f32 / 16.0 - 1.0, 0.5])).collect();
    /// let targets: Vec<Label<2>> = (0..32).map(|at| Label::new(at / 16)).collect::<Result<_, _>>()?;
    /// let flow = Net::init(&mut rng(1)).flow(&CrossEntropy::default(), &inputs, &targets)?;
    /// assert_eq!(flow.verdict().state, FlowState::Healthy); // around the branches
    ///
    /// let parts = flow.parts();
    /// assert_eq!(parts.len(), 3);
    /// assert_eq!(parts[0].path, "1.0.branch");
    /// assert_eq!(parts[0].verdict.state, FlowState::Vanishing); // inside them
    /// assert_eq!(flow.layer("1.0").unwrap().paths[0].name, "branch"); // the other path is the skip connection
    /// assert_eq!(flow.steps()[0].from.path, "2"); // the gradient starts at the last layer of weights
    /// println!("{}", flow.parts_table());
    /// # Ok::<(), chainrule::Error>(())
    /// ```
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        // The last place of each part that is not yet passed.
        let mut open: Vec<usize> = Vec::new();
        let mut branches = self.branches().into_iter().peekable();
        for (at, layer) in self.layers.iter().enumerate() {
            open.retain(|&end| at < end);
            let part = |kind, gate, share, level, verdict| {
                let (path, layer) = (layer.path.clone(), layer.layer.clone());
                Part { path, layer, kind, gate, level, share, verdict }
            };
            if let Some(branch) = branches.next_if(|branch| branch.at == at) {
                let share = branch.entering;
                parts.push(part(PartKind::Branch, "", share, open.len(), self.branch_verdict(&branch)));
                open.push(branch.end);
            }
            for gate in &layer.gates {
                parts.push(part(
                    PartKind::Gate,
                    gate.name,
                    Some(gate.mean),
                    open.len(),
                    gate_verdict(gate, layer),
                ));
            }
            if let Some(time) = &layer.time {
                let verdict = time_verdict(time_steps(layer), layer);
                parts.push(part(PartKind::Time, "", time.arriving_share(), open.len(), verdict));
            }
            for (way, share, verdict) in layer.ways() {
                parts.push(part(PartKind::Way, way, share, open.len(), verdict));
            }
        }
        parts
    }

    /// Returns a table of the [parts](Flow::parts), 80 columns wide, with their states and problems.
    pub fn parts_table(&self) -> String {
        let parts = self.parts();
        if parts.is_empty() {
            return "no branches with weights, no gates, no recurrent layers and no attention\n".into();
        }
        let mut table = format!("{:<24} {:<20} {:>7}  state\n", "part", "layer", "share");
        for part in parts {
            let name = format!("{}{}", "  ".repeat(part.level), part.name());
            let share = part.share.map_or("-".into(), short);
            let left = part.verdict.first_over_last.filter(|_| part.verdict.state != FlowState::Healthy);
            let left = left.map_or(String::new(), |left| format!(" to {left:.1e}"));
            table += &format!(
                "{:<24} {:<20} {share:>7}  {}{left}\n",
                tail(&name, 24),
                head(&part.layer, 20),
                part.verdict.state
            );
        }
        table
    }

    /// Returns the branches with weights, in the order of the layers.
    pub(super) fn branches(&self) -> Vec<Branch> {
        let mut branches = Vec::new();
        for at in (0..self.layers.len()).filter(|&at| self.layers[at].factor == Factor::Sum) {
            let end = at + 1 + self.inside(at).len();
            let mut branch = at + 1;
            while branch < end {
                let next = branch + 1 + self.inside(branch).len();
                let [block, own] = [at, branch].map(|at| self.layers[at].output_grad_rms);
                let entering = own.zip(block).and_then(|(own, block)| super::figures::ratio(own, block));
                // A gate is listed as a gate, and not as a branch.
                let gate =
                    self.layers[at].gates.iter().any(|gate| self.layers[branch].path.ends_with(gate.name));
                if self.layers[branch].has_weights() && !gate {
                    branches.push(Branch { at: branch, end: next, entering });
                }
                branch = next;
            }
        }
        branches.sort_by_key(|branch| branch.at);
        branches
    }

    /// Returns the verdict on a branch, with the rules for a whole network.
    pub(super) fn branch_verdict(&self, branch: &Branch) -> Verdict {
        let inside = &self.layers[branch.at..branch.end];
        let unhealthy = |share: &f64| !(VANISHING..=1.0 / VANISHING).contains(share);
        if let Some(share) = branch.entering.filter(unhealthy) {
            let (state, word) =
                if share < 1.0 { (FlowState::Vanishing, "only ") } else { (FlowState::Exploding, "") };
            let why = format!("{word}{} of the gradient at its block enters it", short(share));
            return Verdict::new(state, inside.first(), why, "");
        }
        let own = Flow {
            loss: self.loss,
            samples: self.samples,
            expected: None,
            layers: inside.iter().map(LayerFlow::without_histograms).collect(),
        };
        let verdict = own.verdict();
        let dead = |layer: &&LayerFlow| layer.activation.is_some_and(|slope| slope.dead > DEAD_FRACTION);
        match own.leaves().find(dead).filter(|_| self.samples >= MIN_SAMPLES) {
            Some(at) if verdict.state == FlowState::Healthy => {
                own.off(FlowState::Dead, at, format!("at {}", at.named()))
            }
            _ => verdict,
        }
    }

    /// Returns a text about the parts inside that are not healthy, although the main path is.
    pub(super) fn unhealthy_parts(&self) -> String {
        let parts = self.parts();
        let wrong: Vec<&Part> =
            parts.iter().filter(|part| part.verdict.state != FlowState::Healthy).collect();
        let distance = |part: &Part| {
            let share = part.verdict.first_over_last.or(part.share).unwrap_or(1.0);
            if share > 0.0 { share.ln().abs() } else { f64::INFINITY }
        };
        let Some(worst) = wrong.iter().max_by(|a, b| distance(a).total_cmp(&distance(b))) else {
            return String::new();
        };
        let others = match wrong.len() - 1 {
            0 => String::new(),
            others => format!(" (and {others} more)"),
        };
        let share = worst.verdict.first_over_last.map_or(String::new(), |share| format!(", to {share:.1e}"));
        match (worst.kind, worst.verdict.state) {
            (PartKind::Branch, state @ (FlowState::Vanishing | FlowState::Exploding)) => {
                let (verb, meaning) = if state == FlowState::Vanishing {
                    ("vanishes", "the first layers inside hardly learn, though those before the branch do")
                } else {
                    ("explodes", "the first layers inside take far larger steps than the last")
                };
                let entering = worst.verdict.first_over_last.is_none();
                if entering {
                    return format!("; but of the branch `{}`{others}, {}", worst.path, worst.verdict.why);
                }
                format!("; but inside the branch `{}`{others} it {verb}{share}: {meaning}", worst.path)
            }
            (PartKind::Branch, _) => {
                format!("; but inside the branch `{}`{others}, {}", worst.path, worst.verdict.why)
            }
            (PartKind::Gate | PartKind::Time | PartKind::Way, _) => {
                format!("; but {}{others}", worst.verdict.why)
            }
        }
    }
}

/// A path with weights through a sum. Its layers are those from `at` to `end`.
pub(super) struct Branch {
    pub(super) at: usize,
    pub(super) end: usize,
    /// The part of the gradient at the sum that enters the branch.
    pub(super) entering: Option<f64>,
}

/// Returns the flow of a single recurrent layer.
fn time_steps(layer: &LayerFlow) -> Flow {
    Flow { loss: Some(0.0), samples: 0, expected: None, layers: [layer.without_histograms()].to_vec() }
}

fn time_verdict(alone: Flow, layer: &LayerFlow) -> Verdict {
    alone.through_time().unwrap_or_else(|| {
        let share = layer.time.as_ref().and_then(|time| time.arriving_share());
        let why = match share {
            Some(share) => format!("{} of the gradient of the last step arrives at the first", short(share)),
            None => "no gradient arrives at its last step".into(),
        };
        Verdict::new(FlowState::Healthy, None, why, "")
    })
}

/// Returns the verdict on a gate. Where it is closed, what it multiplies gets no gradient.
fn gate_verdict(gate: &GateFlow, layer: &LayerFlow) -> Verdict {
    let name = layer.named();
    let figures = format!("mean {}, closed in {:.0} %", short(gate.mean), 100.0 * gate.closed);
    if gate.closed > DEAD_FRACTION {
        let why =
            format!("the {} gate of {name} is closed ({figures}): nearly no gradient passes", gate.name);
        let cure = match (layer.recurrence(), gate.name) {
            (Recurrence::Lstm, "forget") => "a larger bias, `set_forget_bias`",
            _ if layer.factor == Factor::Sum => "a larger bias of the gate; training can open it too",
            _ => "a larger bias of the gate; or smaller weights",
        };
        return Verdict::new(FlowState::Saturated, Some(layer), why, cure);
    }
    Verdict::new(FlowState::Healthy, None, figures, "")
}
