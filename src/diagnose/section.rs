//! A diagnosis in a report.

use alloc::format;
use alloc::string::String;
use alloc::vec;

use super::problem::Finding;
use super::report::{Diagnosis, Trial, number_of};
use crate::flow::{Report, ReportSection};

impl ReportSection for Diagnosis {
    fn add_to<'a>(&self, report: Report<'a>) -> Report<'a> {
        let text = match self.problem() {
            None => "healthy: found nothing that keeps this training from learning".into(),
            Some(problem) => {
                format!("{problem}; the diagnosis cost as much as {} training steps", self.passes)
            }
        };
        let guessing = self.guessing.map_or(String::new(), |loss| {
            format!("\nthe best constant output has a loss of {}", number_of(loss))
        });
        let tried = |trial: &Trial| match trial.loss_after {
            Some(loss) => {
                format!("{}: a loss of {} after {} steps", trial.change, number_of(loss), trial.steps)
            }
            None => format!("{}: no finite loss", trial.change),
        };
        let of = |kind: &'static str| {
            move |finding: &Finding| {
                vec![
                    kind.into(),
                    finding.problem.name().into(),
                    finding.at.as_deref().into(),
                    finding.evidence.as_str().into(),
                    finding.cure.as_str().into(),
                    finding.trial.and_then(|at| self.trials.get(at)).map(tried).into(),
                ]
            }
        };
        let rows = self.findings.iter().map(of("finding")).chain(self.remarks.iter().map(of("remark")));
        let trial = |trial: &Trial| {
            vec![
                trial.change.as_str().into(),
                trial.steps.into(),
                trial.loss_before.into(),
                trial.loss_after.into(),
                trial.held_out.into(),
                trial.learned.map(|share| format!("{:.0} %", 100.0 * share.max(-9.99))).into(),
                trial.stopped.as_deref().into(),
            ]
        };
        report
            .note("Diagnosis", text + &guessing)
            .table("What was found", ["", "what", "where", "evidence", "cure", "tried"], rows)
            .table(
                "What was tried",
                ["change", "steps", "loss before", "loss", "held out", "learned", "stopped"],
                self.trials.iter().map(trial),
            )
    }
}
