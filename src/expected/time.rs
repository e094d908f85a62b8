//! Texts about a gradient on the way back through the steps of a recurrent layer, and about cures.

use super::elementary::{exp, ln};
use super::text::Text;
use super::walk::InTime;
use crate::init::Initializer;
use crate::layer::Recurrence;

/// Writes that the gradient of a network vanishes or explodes through time.
pub(super) const fn sentence(time: &InTime, initializer: &Initializer) -> Text {
    let (mut text, through) = (Text::new(), &time.through);
    let vanishes = !time.explodes();
    text.text("through time the gradient of this network ").text(if vanishes {
        "vanishes"
    } else {
        "explodes"
    });
    text.text(" with ").text(initializer.scheme_name()).text(" weights: in ");
    time.place.write(&mut text);
    text.text(if vanishes { ", whose last step alone is read, theory" } else { " theory" });
    text.text(" expects ");
    share(&mut text, time);
    text.text(". Cure: ").text(cure(through.kind, through.steps, vanishes).as_str());
    if vanishes {
        text.text("; or read all steps, for example with `GlobalAvgPool`. (This assumes the weights of a new network. If \
                   the program changes them, measure them with `flow`.)");
    }
    text
}

/// Writes how much of the gradient arrives at the first step.
pub(super) const fn share(text: &mut Text, time: &InTime) {
    let through = &time.through;
    text.share(0.5 * through.share).text(" of the gradient of step ").whole(through.steps as u64);
    text.text(" to arrive at step 1, ")
        .decimals(exp(0.5 * through.share / through.factors()))
        .text(" a step");
    if let Some(gate) = gate(through.kind) {
        text.text(", and ").share(0.5 * through.carried).text(" by the ").text(gate).text(" gates alone");
    }
}

/// Returns the name of the gate that keeps the state of a recurrent layer.
pub(crate) const fn gate(kind: Recurrence) -> Option<&'static str> {
    match kind {
        Recurrence::Lstm => Some("forget"),
        Recurrence::Gru => Some("update"),
        Recurrence::Plain(_) | Recurrence::Unknown => None,
    }
}

/// Returns the cure for a gradient that vanishes or explodes through this number of steps.
pub(crate) const fn cure(kind: Recurrence, steps: usize, vanishes: bool) -> Text {
    let mut text = Text::new();
    // With a gate of 1 - 1/T, 1/e of the gradient is left after T steps.
    let bias = ln(if steps > 2 { (steps - 1) as f64 } else { 1.0 });
    match (kind, vanishes) {
        (_, false) => text.text(
            "clip the gradient, `Trainer::clip_norm`, and start with smaller weights of the hidden state, such as an \
             orthogonal matrix",
        ),
        (Recurrence::Lstm, true) => {
            text.text("start with a larger forget bias, `set_forget_bias(").tenths(bias).text(")`")
        }
        (Recurrence::Gru, true) => {
            text.text("start with a larger bias of the update gate, `set_update_bias(").tenths(bias).text(")`")
        }
        (Recurrence::Plain(_) | Recurrence::Unknown, true) => text
            .text("use an `Lstm`, and `set_forget_bias(")
            .tenths(bias)
            .text(")`; or start the weights of the hidden state at the identity, with `Relu`"),
    };
    text
}
