//! The way of the gradient through the layers of weights on the main path.

use chainrule_parameters::{Segment, TypeName};

use super::elementary::ln;
use super::signal::{Gap, Passed, Signal, has_weights, pass};
use super::text::Text;
use crate::init::Initializer;
use crate::layer::{Effect, Factor, Plan};

/// The kinds of factors, in the order in which messages list them.
pub(super) const CAUSES: [&str; 4] = ["W", "g'", "sum of paths", "other factor"];

/// Layers nested deeper than this have a shorter path in messages.
const DEPTH: usize = 12;

/// A layer of weights, or a block with weights, on the main path.
#[derive(Clone, Copy)]
pub(super) struct Place {
    path: [Segment; DEPTH],
    depth: usize,
    layer: TypeName,
}

impl Place {
    pub(super) const NETWORK: Self =
        Self { path: [Segment::Flattened; DEPTH], depth: 0, layer: TypeName { parts: &[] } };

    /// Writes its path.
    pub(super) const fn write_path(&self, text: &mut Text) {
        let mut at = 0;
        while at < self.depth && at < DEPTH {
            text.segment(at == 0, self.path[at]);
            at += 1;
        }
    }

    /// Writes its path and its type.
    pub(super) const fn write(&self, text: &mut Text) {
        text.text("`");
        self.write_path(text);
        text.text(if self.depth > 0 { "`, `" } else { "" }).name(&self.layer).text("`");
    }
}

/// Logarithms of what layers multiply the squared length of the gradient by.
#[derive(Clone, Copy)]
pub(super) struct Gains {
    /// Of all layers together.
    pub(super) total: f64,
    /// For each of the [`CAUSES`].
    pub(super) causes: [f64; 4],
    /// Why they are not known.
    pub(super) gap: Option<Gap>,
    /// How many layers of weights there are.
    pub(super) weights: usize,
}

impl Gains {
    const NONE: Self = Self { total: 0.0, causes: [0.0; 4], gap: None, weights: 0 };

    /// Adds `times` the difference between `later` and `earlier`.
    const fn add(&mut self, later: &Self, earlier: &Self, times: usize) {
        self.total += times as f64 * (later.total - earlier.total);
        self.weights += times * (later.weights - earlier.weights);
        let mut at = 0;
        while at < CAUSES.len() {
            self.causes[at] += times as f64 * (later.causes[at] - earlier.causes[at]);
            at += 1;
        }
    }
}

/// A walk over the main path, in the order of the forward pass.
#[derive(Clone, Copy)]
pub(super) struct Walk {
    signal: Signal,
    initializer: Initializer,
    /// The layers between the first layer of weights, which is excluded, and the last so far, which is included.
    pub(super) gains: Gains,
    /// The same, with the layers behind the last.
    here: Gains,
    place: Place,
    pub(super) first: Place,
    pub(super) last: Place,
    /// The gains of the whole network and a limit, if the place is searched where the gradient passes the limit.
    search: Option<(f64, f64)>,
    /// That place: the last from which it is beyond the limit down to it, and the logarithm of what is left there.
    pub(super) found: Option<(Place, f64)>,
}

impl Walk {
    /// Walks over a network.
    pub(super) const fn over(
        plan: &Plan,
        input_square: f64,
        initializer: Initializer,
        search: Option<(f64, f64)>,
    ) -> Self {
        let mut walk = Self {
            signal: Signal::new(input_square),
            initializer,
            gains: Gains::NONE,
            here: Gains::NONE,
            place: Place::NETWORK,
            first: Place::NETWORK,
            last: Place::NETWORK,
            search,
            found: None,
        };
        walk.through(plan);
        walk
    }

    const fn through(&mut self, plan: &Plan) {
        if !matches!(plan.effect, Effect::Stack) {
            return self.layer(plan);
        }
        let mut at = 0;
        while at < plan.children.len() {
            let child = &plan.children[at];
            if self.place.depth < DEPTH {
                self.place.path[self.place.depth] = child.name;
            }
            self.place.depth += 1;
            self.copies(child.plan, child.copies, matches!(child.name, Segment::Repeated(_)));
            self.place.depth -= 1;
            at += 1;
        }
    }

    /// Walks through equal layers. A signal that does not change any more passes the rest in one step.
    const fn copies(&mut self, plan: &Plan, copies: usize, numbered: bool) {
        let level = self.place.depth - 1;
        let mut copy = 0;
        while copy < copies {
            let before = *self;
            if numbered && level < DEPTH {
                self.place.path[level] = Segment::Index(copy);
            }
            self.through(plan);
            copy += 1;
            let settled = self.signal.equals(&before.signal) && copy > 1 && self.search.is_none();
            if settled && copy < copies && self.here.gap.is_none() {
                let (after, rest) = (*self, copies - copy);
                self.here.add(&after.here, &before.here, rest);
                self.gains.add(&after.gains, &before.gains, rest);
                if self.gains.weights > after.gains.weights && level < DEPTH {
                    self.last.path[level] = Segment::Index(copies - 1);
                }
                return;
            }
        }
    }

    const fn layer(&mut self, plan: &Plan) {
        let Passed { signal, chi, gap } = pass(plan, self.signal, &self.initializer);
        self.signal = signal;
        if self.here.weights > 0 {
            if chi.is_nan() && self.here.gap.is_none() {
                self.here.gap = gap;
            }
            // 0 has no logarithm to count with.
            let gain = if chi > 0.0 { ln(chi) } else { -1e7 };
            let gain = if chi.is_nan() { f64::NAN } else { gain };
            self.here.total += gain;
            self.here.causes[cause(plan)] += gain;
        }
        if !has_weights(plan) {
            return;
        }
        self.here.weights += 1;
        self.gains = self.here;
        self.last = Place { layer: plan.name, ..self.place };
        if self.gains.weights == 1 {
            self.first = self.last;
        }
        if let Some((total, limit)) = self.search {
            let left = total - self.gains.total;
            if if limit < 0.0 { left < limit } else { left > limit } {
                self.found = Some((self.last, left));
            }
        }
    }
}

const fn cause(plan: &Plan) -> usize {
    match plan.factor {
        Factor::Weights => 0,
        Factor::Activation { .. } => 1,
        Factor::Sum => 2,
        Factor::Product | Factor::Other => 3,
    }
}
