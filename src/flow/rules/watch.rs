use alloc::string::String;
use alloc::vec::Vec;

use super::check::{Finding, Memory, check};
use super::{Rule, Rules, Warning};
use crate::Error;
use crate::flow::Record;

/// A rule has recovered at a layer after this many records in a row without a finding there.
const RECOVERY: u64 = 3;

/// The rules of a recorder, their memory, and their findings.
#[derive(Clone, Debug, Default)]
pub(in crate::flow) struct Watch {
    pub(in crate::flow) rules: Rules,
    pub(in crate::flow) warnings: Vec<Warning>,
    memory: Memory,
    places: Vec<Place>,
}

/// A layer where a rule has found something.
#[derive(Clone, Debug)]
struct Place {
    rule: Rule,
    layer: Option<String>,
    /// The number of records in a row with the finding, and the number without it since.
    found: u64,
    quiet: u64,
    /// Whether there has been a warning.
    warned: bool,
}

impl Watch {
    pub(in crate::flow) fn of(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Checks a record whose step has been taken. Returns the error of the first rule that stops the training.
    pub(in crate::flow) fn look(&mut self, record: &Record) -> Result<(), Error> {
        let findings = check(&self.rules, &mut self.memory, record);
        for place in &mut self.places {
            let found = findings.iter().any(|finding| place.is_of(finding));
            (place.found, place.quiet) = if found { (place.found + 1, 0) } else { (0, place.quiet + 1) };
        }
        self.places.retain(|place| place.quiet < RECOVERY);
        for finding in &findings {
            if !self.places.iter().any(|place| place.is_of(finding)) {
                let (rule, layer) = (finding.rule, finding.layer.clone());
                self.places.push(Place { rule, layer, found: 1, quiet: 0, warned: false });
            }
        }
        let (settings, mut stopped) = (self.rules.settings.clone(), Ok(()));
        for setting in settings {
            let Some(warning) = self.warn(setting.rule, &findings, record.step) else { continue };
            if setting.stops && stopped.is_ok() {
                stopped = Err(warning.error());
            }
            self.warnings.push(warning);
        }
        stopped
    }

    /// Returns the warning of a rule at this step, if there is a new one.
    fn warn(&mut self, rule: Rule, findings: &[Finding], step: u64) -> Option<Warning> {
        let mut new = Vec::new();
        for place in self.places.iter_mut().filter(|place| place.rule == rule) {
            let due = !place.warned && place.found >= rule.patience();
            // Of several figures of one layer, takes the worst.
            let worst = findings.iter().filter(|finding| place.is_of(finding)).max_by(by_badness);
            if let Some(worst) = worst.filter(|_| due) {
                place.warned = true;
                new.push(worst);
            }
        }
        let others = new.len().saturating_sub(1);
        let worst = new.into_iter().max_by(by_badness)?;
        let own = self.rules.own.iter().find(|own| Rule::Own(own.name) == rule);
        Some(Warning {
            step,
            rule: rule.name(),
            layer: worst.layer.clone(),
            value: worst.value,
            threshold: worst.threshold,
            source: own.map_or(rule.source(), |own| own.source),
            text: worst.text.clone(),
            cure: worst.cure.clone(),
            others,
        })
    }
}

fn by_badness(a: &&Finding, b: &&Finding) -> core::cmp::Ordering {
    a.badness.total_cmp(&b.badness)
}

impl Place {
    fn is_of(&self, finding: &Finding) -> bool {
        self.rule == finding.rule && self.layer == finding.layer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Flow;

    /// Returns the steps at which these rules warn about these losses.
    fn warned(rules: Rules, losses: impl IntoIterator<Item = f64>) -> Vec<(u64, &'static str)> {
        let mut watch = Watch::of(rules);
        for (step, loss) in (0..).zip(losses) {
            let flow = Flow { loss: Some(loss), samples: 8, expected: None, layers: Vec::new() };
            watch.look(&Record { step, flow, mean_loss: Some(loss) }).unwrap();
        }
        watch.warnings.iter().map(|warning| (warning.step, warning.rule)).collect()
    }

    fn repeat(loss: f64, times: usize) -> impl Iterator<Item = f64> + Clone {
        std::iter::repeat_n(loss, times)
    }

    #[test]
    fn a_loss_that_rises_again_is_found_when_half_of_the_gain_is_lost() {
        let rules = || Rules::none().threshold(Rule::LossAboveBest, 0.5);
        let fell = repeat(2.0, 5).chain(repeat(1.0, 5));
        // The median of five is 1.6 from the third on, and the rule waits for three such records.
        let rises = |to| warned(rules(), fell.clone().chain(repeat(to, 8)));
        assert_eq!(rises(1.6), [(10 + 2 + 2, "loss above its best")]);
        assert_eq!(rises(1.4), []);
        assert_eq!(warned(rules(), repeat(2.0, 30)), []);
        // Without any gain, a fifth of the first loss counts as the gain: half of it is 0.2.
        assert_eq!(warned(rules(), repeat(2.0, 5).chain(repeat(2.19, 9))), []);
        assert_eq!(warned(rules(), repeat(2.0, 5).chain(repeat(2.21, 9))), [(9, "loss above its best")]);
    }

    #[test]
    fn a_loss_that_stays_at_that_of_guessing_is_found_after_twenty_records() {
        let rules = || Rules::default().guessing(10f64.ln());
        assert_eq!(warned(rules(), repeat(2.3, 25)), [(19, "loss of guessing")]);
        assert_eq!(warned(rules(), repeat(2.3, 19)), []);
        assert_eq!(warned(rules(), repeat(2.3, 10).chain(repeat(2.0, 15))), []);
        assert_eq!(warned(Rules::default(), repeat(2.3, 25)), []);
    }

    #[test]
    fn a_rule_of_a_program_warns_once_until_it_has_recovered() {
        let rules = Rules::none().own("loss", "us", 1.0, |record| record.flow.loss);
        let losses = [0.0, 2.0, 2.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0];
        // Two records without the finding are too few, and three are enough.
        assert_eq!(warned(rules, losses), [(1, "loss"), (9, "loss")]);
    }
}
