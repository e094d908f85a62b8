//! The check of each rule on a record.

use alloc::string::String;
use alloc::vec::Vec;

use super::sudden::{Change, Figures, median};
use super::{Rule, Rules};
use crate::flow::figures::find_near;
use crate::flow::{FlowState, LayerFlow, MIN_SAMPLES, Record, Verdict};
use crate::layer::Factor;

/// With fewer samples in the window than this, units are not called dead or dormant. A unit that is active for 2 % of
/// all samples is inactive in all of 256 with probability 0.006.
const WINDOW_SAMPLES: u64 = 256;
/// The number of losses in the median.
const LOSSES: usize = 5;
/// If a training has gained less than this share of its first loss, it counts as this much.
const LEAST_GAIN: f64 = 0.2;
/// The number of records after which the rule of guessing starts.
const GUESSING_RECORDS: u64 = 20;
/// The number of records after which the rule of small updates starts.
const UPDATE_RECORDS: u64 = 3;
/// The smallest possible rank of a matrix for which a collapse is reported.
const LEAST_RANK: usize = 8;

const UPDATE: &str = "the update";

/// A finding of a rule at a layer.
pub(super) struct Finding {
    pub(super) rule: Rule,
    pub(super) layer: Option<String>,
    pub(super) value: f64,
    pub(super) threshold: f64,
    pub(super) text: String,
    pub(super) cure: String,
    /// The severity. If several layers have the same finding, the one with the largest is named.
    pub(super) badness: f64,
}

/// The figures of earlier records that the rules need.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    records: u64,
    figures: Figures,
    /// The last losses.
    losses: Vec<f64>,
    /// The first median of the losses, and the smallest.
    first_loss: Option<f64>,
    least_loss: f64,
    /// The largest |update| / |W| of each layer so far.
    largest_updates: Vec<(String, f64)>,
}

/// Checks a record with all rules.
pub(super) fn check(rules: &Rules, memory: &mut Memory, record: &Record) -> Vec<Finding> {
    memory.records += 1;
    let mut found = Found { rules, all: Vec::new() };
    let by_verdict = [Rule::Vanishing, Rule::Exploding, Rule::Saturated, Rule::DeadUnits];
    if by_verdict.iter().any(|rule| found.threshold(*rule).is_some()) {
        verdict(&mut found, record, &record.flow.verdict());
    }
    units(&mut found, record);
    attention(&mut found, record);
    updates(&mut found, memory, record);
    ranks(&mut found, record);
    sudden(&mut found, memory, record);
    losses(&mut found, memory, record);
    for own in &rules.own {
        if let Some((value, threshold)) = (own.figure)(record).zip(found.threshold(Rule::Own(own.name)))
            && value > threshold
        {
            let text = format!("{} is {value:.3e}, above {threshold:.3e}", own.name);
            found.add(Rule::Own(own.name), None, value, text, "the program defines this rule");
        }
    }
    found.all
}

struct Found<'a> {
    rules: &'a Rules,
    all: Vec<Finding>,
}

impl Found<'_> {
    fn threshold(&self, rule: Rule) -> Option<f64> {
        self.rules.settings.iter().find(|setting| setting.rule == rule).map(|setting| setting.threshold)
    }

    fn add(
        &mut self,
        rule: Rule,
        layer: Option<&LayerFlow>,
        value: f64,
        text: String,
        cure: impl Into<String>,
    ) {
        let Some(threshold) = self.threshold(rule) else { return };
        // The distance from the threshold in logarithms, on either side. For a sudden change it is the distance from 1.
        // A value of 0 is further away than all others.
        let from = if rule == Rule::SuddenChange { 1.0 } else { threshold };
        let distance = (value / from).ln().abs();
        let badness = if distance.is_nan() { 0.0 } else { distance };
        let layer = layer.map(|layer| layer.path.clone());
        self.all.push(Finding { rule, layer, value, threshold, text, cure: cure.into(), badness });
    }
}

fn verdict(found: &mut Found<'_>, record: &Record, verdict: &Verdict) {
    let layer = verdict.starts_at.as_deref().and_then(|path| record.flow.layer(path));
    let share = verdict.first_over_last;
    let (rule, value) = match verdict.state {
        FlowState::Vanishing => (Rule::Vanishing, share),
        FlowState::Exploding => (Rule::Exploding, share),
        FlowState::Saturated => {
            (Rule::Saturated, layer.and_then(|layer| layer.activation).map(|slope| slope.saturated))
        }
        FlowState::Dead if record.flow.samples >= MIN_SAMPLES => {
            (Rule::DeadUnits, layer.and_then(|layer| layer.activation).map(|slope| slope.dead))
        }
        _ => return,
    };
    let (Some(value), Some(threshold)) = (value, found.threshold(rule)) else { return };
    let beyond = if rule == Rule::Vanishing { value < threshold } else { value > threshold };
    if beyond {
        found.add(rule, layer, value, verdict.why.clone(), verdict.cure.clone());
    }
}

fn units(found: &mut Found<'_>, record: &Record) {
    let limits = [Rule::DeadUnits, Rule::DormantUnits].map(|rule| found.threshold(rule));
    for layer in record.flow.leaves() {
        let Some(units) = layer.units.filter(|units| units.samples >= WINDOW_SAMPLES) else { continue };
        let beyond = |limit: Option<f64>, share: f64| limit.is_some_and(|limit| share > limit);
        let (rule, count, what) = if beyond(limits[0], units.dead_share()) {
            (Rule::DeadUnits, units.dead, "dead")
        } else if beyond(limits[1], units.dormant_share()) {
            (Rule::DormantUnits, units.dormant, "dormant")
        } else {
            continue;
        };
        let verdict_said_it =
            |other: &Finding| other.rule == rule && other.layer.as_ref() == Some(&layer.path);
        if found.all.iter().any(verdict_said_it) {
            continue;
        }
        let text = format!(
            "in {}, {count} of {} units are {what} in all of the last {} recorded samples",
            layer.named(),
            units.units,
            units.samples
        );
        let cure = "a lower learning rate; an activation with a slope on both sides, `LeakyRelu`; He's weights, \
                    `Initializer::he_normal()`";
        found.add(rule, Some(layer), count as f64 / units.units as f64, text, cure);
    }
}

fn attention(found: &mut Found<'_>, record: &Record) {
    let Some(limit) = found.threshold(Rule::AttentionCollapse) else { return };
    for layer in &record.flow.layers {
        let Some(attention) = layer.attention.as_ref().filter(|attention| attention.collapsed() > limit)
        else {
            continue;
        };
        let text = format!("of {}: {}", layer.named(), attention.in_words());
        let rule = Rule::AttentionCollapse;
        found.add(rule, Some(layer), attention.collapsed(), text, crate::flow::ways::CURE);
    }
}

fn updates(found: &mut Found<'_>, memory: &mut Memory, record: &Record) {
    let weights = record.flow.leaves().filter(|layer| layer.has_weights());
    let moved = weights.filter_map(|layer| Some((layer, layer.update_to_weight()?)));
    for (hint, (layer, update)) in moved.enumerate() {
        let all = &mut memory.largest_updates;
        let at = find_near(all, hint, |(path, _)| *path == layer.path).unwrap_or_else(|| {
            all.push((layer.path.clone(), update));
            all.len() - 1
        });
        all[at].1 = all[at].1.max(update);
        let largest = all[at].1;
        let name = layer.named();
        if found.threshold(Rule::LargeUpdates).is_some_and(|limit| update > limit) {
            let text = format!("a step changes {name} by {update:.1e} of its length");
            let cure = "a lower learning rate, or a warmup, `Schedule::warm_up`; about 1e-3 is healthy";
            found.add(Rule::LargeUpdates, Some(layer), update, text, cure);
        }
        if memory.records >= UPDATE_RECORDS
            && largest > 0.0
            && found.threshold(Rule::SmallUpdates).is_some_and(|limit| largest < limit)
        {
            let text = format!("no recorded step changed {name} by more than {largest:.1e} of its length");
            let cure = "a higher learning rate; or check the verdict for a vanishing gradient; about 1e-3 is healthy";
            found.add(Rule::SmallUpdates, Some(layer), largest, text, cure);
        }
    }
}

fn ranks(found: &mut Found<'_>, record: &Record) {
    let Some(limit) = found.threshold(Rule::RankCollapse) else { return };
    let weights: Vec<_> = record.flow.leaves().filter(|layer| layer.factor == Factor::Weights).collect();
    // The rank of the network's outputs depends on its targets, so it is left out.
    let hidden = weights.split_last().map_or(&[][..], |(_, hidden)| hidden);
    for (layer, rank) in hidden.iter().filter_map(|layer| Some((layer, layer.rank?))) {
        let share = (rank.feature - 1) as f64 / (rank.most - 1).max(1) as f64;
        if rank.most >= LEAST_RANK && share <= limit {
            let text = format!(
                "the outputs of {} for {} samples have a rank of {} of {}",
                layer.named(),
                rank.samples,
                rank.feature,
                rank.most
            );
            let cure = "a lower learning rate; a norm before the layer; weights drawn again";
            found.add(Rule::RankCollapse, Some(layer), share, text, cure);
        }
    }
}

fn sudden(found: &mut Found<'_>, memory: &mut Memory, record: &Record) {
    let Some(fold) = found.threshold(Rule::SuddenChange) else { return };
    let mut add = |layer: Option<&LayerFlow>, what: &'static str, value: Option<f64>| {
        let Some(value) = value else { return };
        let path = layer.map_or("", |layer| &layer.path);
        let Some(Change { ratio, median, records }) = memory.figures.add(what, path, value, fold) else {
            return;
        };
        // At the end of a schedule all updates fall, finally to 0. A loss may fall too.
        if ratio < 1.0 && (what == UPDATE || layer.is_none()) {
            return;
        }
        let of = layer.map_or(String::new(), |layer| format!(" of {}", layer.named()));
        let change = match ratio {
            0.0 => "fell to 0".into(),
            1.0.. => format!("rose {}-fold, to {value:.2e}", rounded(ratio)),
            _ => format!("fell {}-fold, to {value:.2e}", rounded(1.0 / ratio)),
        };
        let text =
            format!("{what}{of} {change}, from a median of {median:.2e} in the {records} records before");
        let cure = "check what changed at this step: the batch, the learning rate; clip the gradient, \
                    `Trainer::clip_norm`";
        found.add(Rule::SuddenChange, layer, ratio, text, cure);
    };
    for layer in record.flow.leaves().filter(|layer| layer.has_weights()) {
        add(Some(layer), "the gradient", layer.gradient_norm());
        add(Some(layer), UPDATE, layer.update_to_weight());
        add(Some(layer), "the output", Some(layer.output_rms));
    }
    add(None, "the loss", record.mean_loss);
}

/// Formats a ratio of at least 1 with two digits.
fn rounded(ratio: f64) -> String {
    if ratio < 1e6 { format!("{ratio:.0}") } else { format!("{ratio:.0e}") }
}

fn losses(found: &mut Found<'_>, memory: &mut Memory, record: &Record) {
    let Some(loss) = record.mean_loss.or(record.flow.loss).filter(|loss| loss.is_finite()) else { return };
    if memory.losses.len() == LOSSES {
        memory.losses.remove(0);
    }
    memory.losses.push(loss);
    if memory.losses.len() < LOSSES {
        return;
    }
    let now = median(&memory.losses);
    let Some(first) = memory.first_loss else {
        (memory.first_loss, memory.least_loss) = (Some(now), now);
        return;
    };
    memory.least_loss = memory.least_loss.min(now);
    let least = memory.least_loss;
    let lost = (now - least) / (first - least).max(LEAST_GAIN * first.abs());
    if found.threshold(Rule::LossAboveBest).is_some_and(|limit| lost > limit) && lost.is_finite() {
        let text = format!("the loss is {now:.3e}; it was {first:.3e} at first, and {least:.3e} at best");
        let cure = "go back to the last good weights, with a lower learning rate";
        found.add(Rule::LossAboveBest, None, lost, text, cure);
    }
    if let Some(guessing) = found.rules.guessing.filter(|guessing| *guessing > 0.0)
        && memory.records >= GUESSING_RECORDS
        && found.threshold(Rule::LossOfGuessing).is_some_and(|limit| least > limit * guessing)
    {
        let text = format!(
            "after {} records the loss is {now:.3e}, and that of guessing {guessing:.3e}",
            memory.records
        );
        let cure = "check the verdict: does the gradient arrive? check that inputs and targets match";
        found.add(Rule::LossOfGuessing, None, now / guessing, text, cure);
    }
}
