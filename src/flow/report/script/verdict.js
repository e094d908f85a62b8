// The verdict in words, with its cure.

const MARKS = { healthy: "✓", vanishing: "↓", exploding: "↑", dead: "✕", saturated: "≈", "non-finite": "!" };

function verdict() {
  const now = FLOWS.length || TRAINING ? moment() : null;
  $("verdict").hidden = !now;
  if (!now) return;
  const { state: name, starts_at: start, cause, why, cure } = now.verdict;
  const theory = now.theory ?? FLOWS.find((flow) => flow.theory)?.theory;
  const samples = plural(now.samples, "sample");
  const loss = now.loss === null ? "not finite" : number(Number(now.loss), 4);
  $("verdict").className = `card verdict ${name}`;
  $("verdict").replaceChildren(
    make("div", { class: "verdict-head" },
      make("span", { class: "chip" }, make("i", { "aria-hidden": "true", text: MARKS[name] ?? "" }), name),
      cause && cause !== "" && name !== "healthy"
        ? make("span", { class: "muted" }, "cause: ", make("b", { text: cause }))
        : null,
      start && PATHS.has(start) && start !== "" && name !== "healthy"
        ? make("span", { class: "muted" }, "at ", ...prose(`\`${start}\``))
        : null,
      make("span", { class: "figures" }, "loss ", make("b", { text: loss }), ` · ${samples}`)),
    make("p", { class: "why" }, ...prose(sentence(why))),
    cure ? make("p", { class: "cure" }, make("b", { text: "Cure " }), ...prose(sentence(cure))) : "",
    theory ? make("p", {
      class: "muted theory",
      text: `Theory expects ${number(Number(theory.share))} of the gradient to arrive with new weights (Glorot), `
        + `${number(Number(theory.rate))} a layer of weights.`,
    }) : "");
}

/// A text with a large first letter and a full stop.
const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) + (/[.!?)]$/.test(text) ? "" : ".") : "");
