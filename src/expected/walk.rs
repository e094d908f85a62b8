//! The gradient between the layers of weights on the main path, layer by layer.

use chainrule_parameters::{Segment, TypeName};

use super::LIMIT;
use super::advice::LayersBetween;
use super::cause::{Cause, Facts};
use super::elementary::ln;
use super::recurrent::Through;
use super::signal::{Gap, Passed, Signal, pass};
use super::text::Text;
use super::weights::has_weights;
use crate::init::Initializer;
use crate::layer::{Effect, Plan};

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

/// A recurrent layer on the main path.
#[derive(Clone, Copy)]
pub(super) struct InTime {
    pub(super) through: Through,
    pub(super) place: Place,
    /// Whether only its last step is read, so that a gradient reaches the first step only through all others.
    last: bool,
}

impl InTime {
    /// Returns whether the gradient explodes.
    pub(super) const fn explodes(&self) -> bool {
        self.through.arriving() > -LIMIT
    }

    /// Returns whether the gradient of the first step vanishes. The gradient of an earlier output would arrive there
    /// directly.
    pub(super) const fn vanishes(&self) -> bool {
        self.last && self.through.arriving() < LIMIT
    }

    /// Returns which of two layers to report.
    const fn or(self, other: Option<Self>) -> Self {
        let Some(other) = other else { return self };
        let (a, b) = (self.gravity(), other.gravity());
        let farther = self.through.arriving().abs() > other.through.arriving().abs();
        if a > b || a == b && farther { self } else { other }
    }

    const fn gravity(&self) -> u8 {
        if self.explodes() { 2 } else { self.vanishes() as u8 }
    }
}

/// A product of any size, whose logarithm is taken only when it is needed.
#[derive(Clone, Copy)]
pub(super) struct Product {
    factor: f64,
    /// The logarithm of the rest.
    log: f64,
}

impl Product {
    const ONE: Self = Self { factor: 1.0, log: 0.0 };

    const fn over(&mut self, other: &Self) {
        *self = Self { factor: 1.0, log: self.ln() - other.ln() };
    }

    const fn times(&mut self, factor: f64) {
        self.factor *= factor;
        if !(self.factor > 1e-100 && self.factor < 1e100) {
            self.log = self.ln();
            self.factor = 1.0;
        }
    }

    /// Returns its logarithm. For 0 this is a large negative number, so that sums and differences are finite.
    pub(super) const fn ln(&self) -> f64 {
        if self.factor == 0.0 { -1e7 } else { self.log + ln(self.factor) }
    }
}

/// The factors of the squared length of the gradient.
#[derive(Clone, Copy)]
pub(super) struct Gains {
    /// All layers together.
    pub(super) total: Product,
    /// Each of the [causes](Cause::ALL).
    pub(super) causes: [Product; 5],
    /// The causes that a later norm makes ineffective.
    scalable: [Product; 5],
    /// The reason why they are unknown.
    pub(super) gap: Option<Gap>,
    /// The number of layers of weights.
    pub(super) weights: usize,
    /// The facts that decide on the cure.
    pub(super) between: LayersBetween,
}

impl Gains {
    const NONE: Self = Self {
        total: Product::ONE,
        causes: [Product::ONE; 5],
        scalable: [Product::ONE; 5],
        gap: None,
        weights: 0,
        between: LayersBetween::NONE,
    };

    /// Multiplies by the squared gain of a layer.
    const fn times(&mut self, chi: f64, facts: &Facts) {
        let cause = facts.cause as usize;
        self.between = self.between.and(facts, chi);
        self.total.times(chi);
        self.causes[cause].times(chi);
        if matches!(facts.cause, Cause::Norm) {
            // The weights and sums before it are combined with it into one factor.
            let mut at = 0;
            while at < self.scalable.len() {
                let before = self.scalable[at];
                self.causes[at].over(&before);
                self.causes[cause].log += before.ln();
                at += 1;
            }
        }
        if !facts.scales {
            self.scalable = [Product::ONE; 5];
        } else if matches!(facts.cause, Cause::Weights | Cause::Sum) {
            self.scalable[cause].times(chi);
        }
    }

    /// Multiplies by the quotient of `later` and `earlier`, `times` times.
    const fn repeat(&mut self, later: &Self, earlier: &Self, times: usize) {
        self.weights += times * (later.weights - earlier.weights);
        self.total.log += times as f64 * (later.total.ln() - earlier.total.ln());
        let mut at = 0;
        while at < self.causes.len() {
            self.causes[at].log += times as f64 * (later.causes[at].ln() - earlier.causes[at].ln());
            self.scalable[at].log += times as f64 * (later.scalable[at].ln() - earlier.scalable[at].ln());
            at += 1;
        }
    }
}

/// A walk over the main path, in the order of the forward pass.
#[derive(Clone, Copy)]
pub(super) struct Walk {
    signal: Signal,
    initializer: Initializer,
    /// The layers from the first layer of weights (excluded) to the last one so far (included).
    pub(super) gains: Gains,
    /// The same, with the layers after the last one.
    here: Gains,
    place: Place,
    pub(super) first: Place,
    pub(super) last: Place,
    /// The recurrent layer in which the gradient changes most.
    pub(super) time: Option<InTime>,
    /// The recurrent layer through which most of the gradient arrives, among those after which no layer has mixed the
    /// steps.
    open: Option<InTime>,
    /// The gains of the whole network and a limit, if this is a search for the place where the gradient passes the
    /// limit.
    search: Option<(f64, f64)>,
    /// The last layer at which the gradient is beyond the limit, and the logarithm of what is left there.
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
            time: None,
            open: None,
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

    /// Walks through equal layers. If the signal does not change any more, all of them have the same effect.
    const fn copies(&mut self, plan: &Plan, copies: usize, numbered: bool) {
        let level = self.place.depth - 1;
        let mut copy = 0;
        while copy < copies {
            let (signal, here, gains) = (self.signal, self.here, self.gains);
            if numbered && level < DEPTH {
                self.place.path[level] = Segment::Index(copy);
            }
            self.through(plan);
            copy += 1;
            if copy > 1 && self.signal.equals(&signal) && self.here.gap.is_none() {
                let skipped = self.skippable(&here, copies - copy);
                if skipped > 0 {
                    let (here_now, gains_now) = (self.here, self.gains);
                    self.here.repeat(&here_now, &here, skipped);
                    self.gains.repeat(&gains_now, &gains, skipped);
                    copy += skipped;
                    if self.gains.weights > gains_now.weights && level < DEPTH {
                        self.last.path[level] = Segment::Index(copy - 1);
                    }
                }
            }
        }
    }

    /// Returns how many of the `rest` of equal layers can be skipped: all, or in a search only those that are not near
    /// the place.
    const fn skippable(&self, before: &Gains, rest: usize) -> usize {
        let Some((total, limit)) = self.search else { return rest };
        let here = self.here.total.ln();
        // The number of copies after which the gradient passes the limit.
        let ahead = (total - limit - here) / (here - before.total.ln());
        if ahead > 3.0 && rest > 3 {
            let most = rest - 3;
            let skipped = ahead as usize - 2;
            if skipped < most { skipped } else { most }
        } else if ahead < -3.0 {
            rest
        } else {
            0
        }
    }

    const fn layer(&mut self, plan: &Plan) {
        let Passed { signal, chi, gap, through } = pass(plan, self.signal, &self.initializer);
        self.signal = signal;
        self.through_time(plan, through);
        // The gradient passes through the steps of the first layer of weights too.
        if self.here.weights > 0 || matches!(plan.effect, Effect::Recurrent(_)) && chi.is_nan() {
            if chi.is_nan() && self.here.gap.is_none() {
                self.here.gap = gap;
            }
            self.here.times(chi, &Facts::of(plan));
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
            let left = total - self.gains.total.ln();
            if if limit < 0.0 { left < limit } else { left > limit } {
                self.found = Some((self.last, left));
            }
        }
    }

    /// Follows the gradient of the last step through the steps of recurrent layers. If there are several in a row, the
    /// gradient can pass through the steps of any of them.
    const fn through_time(&mut self, plan: &Plan, through: Option<Through>) {
        if let Some(through) = through {
            let here = InTime { through, place: Place { layer: plan.name, ..self.place }, last: false };
            self.time = Some(here.or(self.time));
            self.open = match self.open {
                Some(open) if open.through.arriving() > through.arriving() => Some(open),
                _ => Some(here),
            };
        } else if let (Effect::LastStep, Some(open)) = (plan.effect, self.open) {
            self.time = Some(InTime { last: true, ..open }.or(self.time));
            self.open = None;
        } else if !plan.window.is_pointwise() {
            self.open = None;
        }
    }
}
