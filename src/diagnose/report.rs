use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use serde::Serialize;

use super::problem::{Finding, Problem};

/// The result of [`Trainer::diagnose`](crate::Trainer::diagnose): the problems of a training, the trials, and which of
/// them helped. See the example of [`diagnose`](crate::diagnose).
///
/// Its text fits 80 columns.
#[doc(alias = "debug training")]
#[doc(alias = "troubleshoot")]
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The problems, the cause first. Empty for a healthy training.
    pub findings: Vec<Finding>,
    /// Facts that are unusual, but do not keep this training from learning. The most remarkable come first.
    pub remarks: Vec<Finding>,
    /// All trials. The first is the control: the unchanged training.
    pub trials: Vec<Trial>,
    /// The loss of the best constant output, which ignores the input. `None` if the loss has no such output.
    pub guessing: Option<f64>,
    /// The full learning rate, if the schedule is in its warm-up. Trials use this rate from their first step on.
    pub full_rate: Option<f64>,
    /// The training steps of all trials together.
    pub steps: u64,
    /// The cost of the diagnosis, in training steps of one batch: steps, measurements and evaluations. A training with
    /// this many steps takes about as long.
    pub passes: u64,
}

/// A short training with one change: an element of [`Diagnosis::trials`]. See the example of
/// [`diagnose`](crate::diagnose).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Trial {
    /// The change, such as "learning rate / 10".
    pub change: String,
    /// How many steps it took.
    pub steps: u64,
    /// The loss before its first step, in evaluation mode, on a fixed part of the training data. `None` if it is not
    /// finite.
    pub loss_before: Option<f64>,
    /// The loss after its last step, on the same samples.
    pub loss_after: Option<f64>,
    /// The loss after its last step on held-out data, if there are any.
    pub held_out: Option<f64>,
    /// The reason why it ended before its last step, if it did.
    pub stopped: Option<String>,
    /// What it has learned, as a share of what can be learned: 0 for the loss of guessing, and 1 for the smallest loss
    /// of all trials. It is negative if the loss is larger than that of guessing.
    pub learned: Option<f64>,
}

impl Diagnosis {
    /// Returns whether there are no findings.
    pub fn is_healthy(&self) -> bool {
        self.findings.is_empty()
    }

    /// Returns the problem of the first finding, the cause of the others. `None` for a healthy training.
    pub fn problem(&self) -> Option<Problem> {
        self.findings.first().map(|finding| finding.problem)
    }

    /// Returns the finding of this problem, if there is one.
    pub fn finding(&self, problem: Problem) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.problem == problem)
    }

    /// Returns the trial of the unchanged training.
    pub fn control(&self) -> Option<&Trial> {
        self.trials.first()
    }
}

/// The name of the trial of the unchanged training for four times as many steps.
pub(super) const LONGER: &str = "as it is, for longer";
/// The width of a line.
const WIDTH: usize = 80;
/// The width of the column of changes.
const CHANGE: usize = 40;

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.findings[..] {
            [] => f.write_str("healthy: found nothing that keeps this training from learning\n")?,
            [one] => writeln!(f, "{}", one.problem)?,
            [first, others @ ..] => {
                let others: Vec<_> = others.iter().map(|finding| finding.problem.name()).collect();
                paragraph(f, "", &alloc::format!("{}; also {}", first.problem, others.join(", ")))?;
            }
        }
        for (at, finding) in self.findings.iter().enumerate() {
            f.write_str("\n")?;
            self.show(f, &alloc::format!("{}. ", at + 1), finding)?;
        }
        if !self.remarks.is_empty() {
            f.write_str("\nunusual, but not what keeps it from learning\n")?;
            for remark in &self.remarks {
                let at = remark.at.as_ref().map(|at| alloc::format!(", `{at}`")).unwrap_or_default();
                paragraph(f, "- ", &alloc::format!("{}{at}: {}", remark.problem, remark.evidence))?;
            }
        }
        self.table(f)
    }
}

impl Diagnosis {
    fn show(&self, f: &mut fmt::Formatter<'_>, number: &str, finding: &Finding) -> fmt::Result {
        let at = finding.at.as_ref().map(|at| alloc::format!(", in `{at}`")).unwrap_or_default();
        paragraph(f, number, &alloc::format!("{}{at}", finding.problem))?;
        paragraph(f, "   evidence: ", &finding.evidence)?;
        paragraph(f, "   cure: ", &finding.cure)?;
        let tried = finding.trial.and_then(|at| self.trials.get(at));
        // The unchanged training, after equally many steps.
        let control = tried.and_then(|tried| {
            let longer =
                self.trials.iter().find(|trial| trial.change == LONGER && trial.steps == tried.steps);
            longer.or_else(|| self.control())
        });
        let Some((trial, control)) = tried.zip(control) else {
            return paragraph(f, "   tried: ", "no, this cannot be tried while the program runs");
        };
        let after = |trial: &Trial| match (trial.loss_after, &trial.stopped) {
            (_, Some(_)) => "that stopped".into(),
            (None, None) => "a loss that is not finite".into(),
            (Some(loss), None) => alloc::format!("a loss of {}", number_of(loss)),
        };
        let (change, steps) = (&trial.change, trial.steps);
        let text =
            alloc::format!("{change}: {} after {steps} steps, as it is {}", after(trial), after(control));
        paragraph(f, "   tried: ", &text)
    }

    fn table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.trials.is_empty() {
            return Ok(());
        }
        let loss = |loss: Option<f64>| loss.map_or("-".into(), number_of);
        writeln!(
            f,
            "\n{:CHANGE$} {:>6} {:>9} {:>9} {:>9}",
            "what was tried", "steps", "loss", "held out", "learned"
        )?;
        for trial in &self.trials {
            let learned =
                trial.learned.map_or("-".into(), |share| alloc::format!("{:.0} %", 100.0 * share.max(-9.99)));
            let after = if trial.stopped.is_some() { "stopped".into() } else { loss(trial.loss_after) };
            let change: String = trial.change.chars().take(CHANGE).collect();
            let (steps, held_out) = (trial.steps, loss(trial.held_out));
            writeln!(f, "{change:CHANGE$} {steps:>6} {after:>9} {held_out:>9} {learned:>9}")?;
        }
        if let Some(guessing) = self.guessing {
            writeln!(
                f,
                "{:CHANGE$} {:>6} {:>9} {:>9} {:>9}",
                "the best constant output",
                "",
                number_of(guessing),
                "",
                "0 %"
            )?;
        }
        if let Some(rate) = self.full_rate {
            let text = alloc::format!(
                "The schedule is in its warm-up: all trials have the full learning rate, {}, from the first step on.",
                number_of(rate)
            );
            paragraph(f, "", &text)?;
        }
        write!(
            f,
            "cost: {} training steps; with all measurements, as much as {} steps",
            self.steps, self.passes
        )
    }
}

/// Formats a number in at most 9 characters.
pub(super) fn number_of(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 {
        "0".into()
    } else if (0.01..1000.0).contains(&size) {
        alloc::format!("{x:.4}")
    } else if (1000.0..100_000.0).contains(&size) {
        alloc::format!("{x:.0}")
    } else {
        alloc::format!("{x:.1e}")
    }
}

/// Writes words in lines of at most 80 columns. All lines except the first are indented by the width of the lead.
fn paragraph(f: &mut fmt::Formatter<'_>, lead: &str, text: &str) -> fmt::Result {
    let indent = if lead.trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        lead.len()
    } else {
        5.min(lead.len())
    };
    let mut line = lead.to_string();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(f, "{line}")?;
            line = " ".repeat(indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.write_str(word)?;
        empty = false;
    }
    writeln!(f, "{line}")
}
