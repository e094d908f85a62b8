use super::ExpectedState;
use super::advice::{LARGER_SLOPE, NORM_BETWEEN, SKIP, SMALLER_BRANCHES, TIMES_AS_LARGE};
use super::elementary::exp;
use super::text::Text;
use super::walk::{CAUSES, Walk};
use crate::init::Initializer;
use crate::layer::{Factor, Plan};

/// Writes what theory expects, and for gradients that do not flow why, and what to try.
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
                .text(if cause > 1 { "the " } else { "" })
                .text(CAUSES[cause])
                .text(". Cure: ");
            cure(&mut text, plan, vanishes, cause, rate);
        }
    }
    text
}

/// Writes by what each kind of factor multiplies the gradient for each layer of weights. Returns the one to blame.
const fn causes(text: &mut Text, walk: &Walk, vanishes: bool) -> usize {
    let steps = (walk.gains.weights - 1) as f64;
    let (mut at, mut worst) = (0, 0);
    while at < CAUSES.len() {
        let gain = walk.gains.causes[at].ln();
        if at == 0 || gain != 0.0 {
            let value = exp(0.5 * gain / steps);
            text.text(if at > 0 { ", " } else { "" }).text(CAUSES[at]).text(" ").decimals(value);
        }
        if if vanishes { gain < walk.gains.causes[worst].ln() } else { gain > walk.gains.causes[worst].ln() }
        {
            worst = at;
        }
        at += 1;
    }
    worst
}

const fn cure(text: &mut Text, plan: &Plan, vanishes: bool, cause: usize, rate: f64) {
    match (vanishes, cause) {
        (true, 1) if has_flat_activation(plan) => _ = text.text(LARGER_SLOPE).text("; or ").text(SKIP),
        (false, 2) => _ = text.text(SMALLER_BRANCHES),
        _ => {
            text.text("weights ").decimals(1.0 / rate).text(" ").text(TIMES_AS_LARGE).text("; or ");
            text.text(if vanishes { SKIP } else { NORM_BETWEEN });
        }
    }
}

/// Returns whether there is an activation whose slope is below 1 everywhere.
const fn has_flat_activation(plan: &Plan) -> bool {
    let mut at = 0;
    while at < plan.children.len() {
        if has_flat_activation(plan.children[at].plan) {
            return true;
        }
        at += 1;
    }
    matches!(plan.factor, Factor::Activation { max_derivative } if max_derivative < 1.0)
}
