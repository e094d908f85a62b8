// The figures of one layer: in the tooltip, and with its pictures in the panel.

/// The figures of a layer, as [name, value, meaning].
function facts(at) {
  const layer = LAYERS[at];
  const all = [
    ["shape", `${shape(layer.input)} → ${shape(layer.output)}`, "the shapes of the input and of the output"],
  ];
  const own = parametersOf(at);
  if (own) all.push(["parameters", own.toLocaleString("en"), "with those of the layers inside"]);
  const add = (name, text = null) => {
    const x = layerFigure(name, at);
    if (x !== null) all.push([FIGURES[name].name, text ?? shown(name, x), FIGURES[name].title]);
  };
  ["output_grad", "input_grad", "gain"].forEach((name) => add(name));
  const slope = layerFigure("slope", at);
  if (slope !== null) add("slope", `${number(slope)} of at most ${number(Number(layer.max_derivative))}`);
  ["saturated", "dead"].forEach((name) => add(name));
  const [low, high] = [layerFigure("smallest", at), layerFigure("largest", at)];
  if (high !== null) {
    const bound = state.flow >= 0 && FLOWS[state.flow].bounds.includes(at) ? "≤ " : "";
    all.push([
      "σ of W", `${bound}${number(low)} to ${number(high)}`,
      "the smallest and the largest singular value, the bounds of its gain",
    ]);
  }
  for (const path of paths(at)) {
    const name = pathName(path.name);
    const share = path.share === null ? "" : ` (${percent(path.share)})`;
    all.push([
      `by ${name}`, `${number(path.grad)}${share}`,
      "RMS of the gradient that this path adds to the input, and its share",
    ]);
  }
  [
    "entropy", "cosine", "share", "rate", "input_rms", "output_rms", "weight", "gradient", "gradient_to_weight",
    "update_to_weight",
  ].forEach((name) => add(name));
  return all;
}

function factList(at, most = Infinity) {
  return make(
    "dl", {},
    ...facts(at).slice(0, most).flatMap(([name, value, title]) => [
      make("dt", { title, text: name }), make("dd", { text: value }),
    ]),
  );
}

const details = {
  box: $("details"),
  chart: null,
  show() {
    const at = state.layer;
    const { box } = details;
    box.hidden = at < 0;
    if (at < 0) return;
    const layer = LAYERS[at];
    const kind = { weights: "W", activation: "g′", sum: "sum of paths", product: "stack", other: "" }[layer.factor];
    const parent = TREE[at].parent;
    box.replaceChildren(
      make("div", { class: "card-head" },
        make(
          "h2", {}, make("span", { class: "path", text: layer.path ? `${layer.path} ` : "" }), typeName(layer.layer),
        ),
        make("div", { class: "buttons" },
          kind
            ? make("span", {
              class: "chip quiet", text: kind, title: "its factor in the product of the chain rule",
            })
            : null,
          parent < 0 ? null : make("button", {
            type: "button", text: "Enclosing", title: `select ${pathOf(parent)}`, onclick: () => select(parent, true),
          }))),
      factList(at));
    const histograms = state.flow >= 0 ? FLOWS[state.flow].histograms[at] : null;
    if (histograms) {
      box.append(make("div", { class: "pair" },
        histograms[0] ? histogramChart(histograms[0], "Outputs", "not finite") : null,
        histograms[1] ? histogramChart(histograms[1], "log10 of |dR/doutput|", "zeros, left out") : null));
    }
    const [lengths, carried] = [instants(at), instants(at, "carried")];
    if (lengths.length > 1) {
      const lines = [{ name: "all paths", points: lengths }];
      if (carried.length) lines.push({ name: "the gates alone", points: carried, class: "second" });
      const chart = make("div", { class: "chart" });
      box.append(make("h3", { text: "The gradient through time" }), key(lines) ?? "", chart);
      lineChart(chart, {
        lines, x: "step of the sequence", y: "|dR/dh|", log: true, height: 170,
        label: `Length of the gradient at each step of time in ${pathOf(at)}`,
      });
    }
  },
};

const tooltip = {
  box: $("tooltip"),
  at: -1,
  show(at, x, y) {
    const { box } = tooltip;
    if (tooltip.at !== at || box.hidden) {
      tooltip.at = at;
      box.replaceChildren(
        make("b", { text: `${LAYERS[at].path} ${fit(typeName(LAYERS[at].layer), 320)}` }), factList(at),
      );
      box.hidden = false;
    }
    const { offsetWidth: w, offsetHeight: h } = box;
    const left = x + 16 + w > innerWidth - 8 ? Math.max(8, x - w - 16) : x + 16;
    box.style.left = `${Math.min(left, Math.max(8, innerWidth - w - 8))}px`;
    box.style.top = `${Math.max(8, Math.min(y + 14, innerHeight - h - 8))}px`;
  },
  hide() {
    tooltip.box.hidden = true;
    tooltip.at = -1;
  },
  /// Shows the tooltip next to the selected layer, for the keyboard.
  atChosen() {
    const own = $(`box-${state.layer}`);
    if (!own) return tooltip.hide();
    const { right, top } = own.getBoundingClientRect();
    tooltip.show(state.layer, Math.min(right, innerWidth - 40), top - 14);
  },
};
