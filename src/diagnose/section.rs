//! A diagnosis in a report.

use alloc::format;
use alloc::vec;

use super::illness::Finding;
use super::report::{Diagnosis, Trial};
use crate::flow::{Report, ReportSection};

impl ReportSection for Diagnosis {
    fn add_to<'a>(&self, report: Report<'a>) -> Report<'a> {
        let text = match self.illness() {
            None => "healthy: nothing that keeps this training from learning was found".into(),
            Some(illness) => {
                format!("{illness}; the diagnosis cost as much as {} training steps", self.passes)
            }
        };
        let of = |kind: &'static str| {
            move |finding: &Finding| {
                vec![
                    kind.into(),
                    finding.illness.name().into(),
                    finding.at.as_deref().into(),
                    finding.evidence.as_str().into(),
                    finding.cure.as_str().into(),
                    finding
                        .trial
                        .and_then(|at| self.trials.get(at))
                        .map(|trial| trial.change.as_str())
                        .into(),
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
                trial.learned.into(),
                trial.stopped.as_deref().into(),
            ]
        };
        report
            .note("Diagnosis", text)
            .table("What was found", ["", "what", "where", "evidence", "cure", "tried"], rows)
            .table(
                "What was tried",
                ["change", "steps", "loss before", "loss", "held out", "learned", "stopped"],
                self.trials.iter().map(trial),
            )
    }
}
