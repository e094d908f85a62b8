use super::ExpectedState;
use super::advice::{Cure, Unhealthy, cures, flat};
use super::cause::Cause;
use super::elementary::exp;
use super::text::Text;
use super::walk::Walk;
use crate::init::Initializer;
use crate::layer::Plan;

/// Writes the expectation. For gradients that vanish or explode it adds the reason and a cure.
pub(super) const fn sentence(
    plan: &Plan,
    walk: &Walk,
    state: ExpectedState,
    rate: f64,
    initializer: &Initializer,
) -> Text {
    let mut text = Text::new();
    let total = 0.5 * walk.gains.total.ln();
    match state {
        ExpectedState::NotKnown => {
            text.text("theory does not know whether the gradient of this network arrives at its first layer");
            if let Some(gap) = walk.gains.gap {
                text.text(": `").name(&gap.layer).text("` ").text(gap.reason);
            }
        }
        ExpectedState::Healthy if walk.gains.weights < 2 => {
            text.text("with one layer or block of weights there is no product to vanish or explode");
        }
        ExpectedState::Healthy => {
            text.text("of the gradient at `");
            walk.last.write_path(&mut text);
            text.text("`, theory expects ").share(total).text(" to arrive at `");
            walk.first.write_path(&mut text);
            text.text("`: ").decimals(rate).text(" a layer of weights");
        }
        ExpectedState::Vanishing | ExpectedState::Exploding => {
            let vanishes = matches!(state, ExpectedState::Vanishing);
            text.text("the gradient of this network ");
            text.text(if vanishes { "vanishes" } else { "explodes" });
            text.text(" with ").text(initializer.scheme_name()).text(" weights: from `");
            walk.last.write_path(&mut text);
            text.text("` back to `");
            walk.first.write_path(&mut text);
            text.text("` theory expects it to ").text(if vanishes { "shrink" } else { "grow" }).text(" to ");
            text.power(total)
                .text(if vanishes { " of" } else { " times" })
                .text(" its length, by ")
                .decimals(rate)
                .text(" a layer");
            if let Some((place, left)) = walk.found {
                text.text("; at ");
                place.write(&mut text);
                text.text(", it is ").power(0.5 * left);
            }
            text.text(". Spread over the layers of weights: ");
            let cause = causes(&mut text, walk, vanishes);
            text.text("; the cause is ")
                .text(if matches!(cause, Cause::Weights | Cause::Activation) { "" } else { "the " })
                .text(cause.name())
                .text(". Cure: ");
            let steps = if walk.gains.weights > 1 { walk.gains.weights - 1 } else { 1 };
            let (first, other) =
                cures(&Unhealthy { cause, rate, steps, flat: flat(plan), between: walk.gains.between });
            cure(&mut text, &first);
            if let Some(other) = other {
                text.text("; or ");
                cure(&mut text, &other);
            }
        }
    }
    if let (ExpectedState::Healthy, Some(time)) = (state, &walk.time) {
        text.text("; through time, in ");
        time.place.write(&mut text);
        text.text(", it expects ");
        super::time::share(&mut text, time);
    }
    text
}

/// Writes the factor of the gradient per layer of weights, for each kind of factor. Returns the cause.
const fn causes(text: &mut Text, walk: &Walk, vanishes: bool) -> Cause {
    let steps = (walk.gains.weights - 1) as f64;
    let (mut at, mut worst, mut first) = (0, 0, true);
    while at < Cause::ALL.len() {
        let gain = walk.gains.causes[at].ln();
        // A factor that was divided out again has a rounded logarithm.
        if gain.abs() > 1e-9 || at == 0 {
            let value = exp(0.5 * gain / steps);
            text.text(if first { "" } else { ", " }).text(Cause::ALL[at].name()).text(" ").decimals(value);
            first = false;
        }
        if if vanishes { gain < walk.gains.causes[worst].ln() } else { gain > walk.gains.causes[worst].ln() }
        {
            worst = at;
        }
        at += 1;
    }
    Cause::ALL[worst]
}

const fn cure(text: &mut Text, cure: &Cure) {
    text.text(cure.before);
    if !cure.factor.is_nan() {
        text.decimals(cure.factor);
    }
    text.text(cure.after);
}
