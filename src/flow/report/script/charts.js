// The gradient against depth, and the charts over the steps of a training.

/// The layers of weights, and recurrent layers.
const WEIGHTS = LEAVES.filter((at) => LAYERS[at].factor === "weights" || itemsOf("instants", at).length);

const profile = {
  box: $("profile"),
  chart: null,
  build() {
    if (WEIGHTS.length < 2) return (profile.box.hidden = true);
    const lines = FLOWS.map((flow, at) => ({ name: flow.name, class: `flow-${at % 4}`, points: profile.points(at) }));
    if (TRAINING) lines.push({ name: "this step", class: "now", points: profile.points(-1, state.step) });
    const chart = make("div", { class: "chart" });
    profile.box.replaceChildren(
      make("div", { class: "card-head" }, make("h2", { text: "The gradient against depth" })), key(lines) ?? "",
      chart,
    );
    profile.chart = lineChart(chart, {
      lines, x: "layer of weights, from the input", y: "RMS of dR/doutput", log: true,
      within: TRAINING ? [diagram.scale.number(0), diagram.scale.number(1)] : [], // for all steps
      label: "RMS of the gradient at each layer of weights",
      pick: (x) => select(WEIGHTS[Math.max(0, Math.min(WEIGHTS.length - 1, Math.round(x) - 1))], true),
    });
    profile.moment();
    profile.layer();
  },
  points: (flow, step = 0) => WEIGHTS.map((at, depth) => [
    depth + 1, layerFigure("output_grad", at, step, flow) ?? NaN,
  ]),
  moment() {
    const now = state.flow < 0;
    profile.chart?.active(now ? FLOWS.length : state.flow);
    if (TRAINING) profile.chart?.replace(FLOWS.length, now ? profile.points(-1, state.step) : []);
    profile.box.querySelector(".key .now")?.classList.toggle("off", !now);
  },
  layer() {
    const depth = WEIGHTS.indexOf(state.layer);
    profile.chart?.cursor(depth < 0 ? null : depth + 1);
  },
};

/// The figures of the heat map.
const HEAT = [
  "output_grad", "update_to_weight", "gain", "output_rms", "slope", "saturated", "dead", "entropy",
];

const training = {
  box: $("training"),
  heat: "output_grad",
  loss: null,
  series: null,
  build() {
    if (!TRAINING) return;
    training.box.hidden = false;
    const measured = HEAT.filter((name) => training.rows(name).length);
    if (!measured.includes(training.heat)) training.heat = measured[0] ?? "output_grad";
    const loss = make("div", { class: "chart" });
    const map = make("div", { class: "heat" });
    const choice = make("select", {
      id: "heat", "aria-label": "Figure of the heat map",
      onchange: (event) => { training.heat = event.target.value; training.draw(); training.drawSeries(); },
    },
      ...measured.map((name) => {
        const selected = name === training.heat;
        return make("option", { value: name, text: shortTitle(name), selected });
      }));
    const { samples } = TRAINING;
    const each = samples.every((n) => n === samples[0]) ? `, ${plural(samples[0], "sample")} each` : "";
    const thinned = TRAINING.stride > 1 ? ` One of ${TRAINING.stride} is shown.` : "";
    training.box.replaceChildren(
      make(
        "div", { class: "card-head" }, make("h2", { text: "Training" }),
        make("span", { class: "muted", text: `${plural(STEPS, "record")}${each}.${thinned}` }),
      ),
      make("h3", { text: "Loss" }), loss,
      make("div", { class: "card-head" }, make("h3", { text: "Each layer at each step" }), choice),
      map, make("div", { id: "heat-legend" }),
      make("h3", { id: "series-title" }), make("div", { class: "chart", id: "series" }));
    const points = TRAINING.steps.map((step, at) => [
      step, TRAINING.loss[at] === null ? NaN : Number(TRAINING.loss[at]),
    ]);
    const positive = points.map(([, y]) => y).filter((y) => y > 0 && isFinite(y));
    const log = positive.length === points.length && Math.max(...positive) > 100 * Math.min(...positive);
    training.loss = lineChart(loss, {
      lines: [{ points }], x: "step", y: "", log, height: 150, marks: DATA.marks, label: "Loss at each recorded step",
      pick: training.pick,
    });
    training.map = map;
    training.draw();
    training.drawSeries();
    training.moment();
  },
  rows: (name) => LEAVES.filter((at) => {
    const own = column("layers", name === "update_to_weight" ? "update" : name);
    return own && own.row[at] >= 0;
  }),
  /// Shows the recorded step that is nearest to this one.
  pick(step) {
    let best = 0;
    TRAINING.steps.forEach((own, at) => {
      if (Math.abs(own - step) < Math.abs(TRAINING.steps[best] - step)) best = at;
    });
    show(-1, best);
  },
  /// Draws the heat map: a row for each layer, a column for each record.
  draw() {
    const rows = training.rows(training.heat);
    const values = new Float64Array(rows.length * STEPS);
    rows.forEach((at, row) => {
      for (let step = 0; step < STEPS; step += 1) {
        values[row * STEPS + step] = layerFigure(training.heat, at, step, -1) ?? NaN;
      }
    });
    const every = Math.max(1, Math.floor(values.length / 20000));
    const sample = [];
    for (let at = 0; at < values.length; at += every) sample.push(values[at]);
    const scale = training.heat === "output_grad" ? diagram.scale : new Scale(sample, FIGURES[training.heat].scale);
    const picture = new ImageData(Math.max(1, STEPS), Math.max(1, rows.length));
    const table = Array.from({ length: 256 }, (_, at) => scale.at(at / 255));
    for (let at = 0; at < values.length; at += 1) {
      const x = values[at];
      const plain = x > 0 || (scale.kind === "linear" && x === 0);
      const place = Math.round(255 * Math.min(1, Math.max(0, scale.share(x))));
      const color = plain && x < Infinity ? table[place] : x === 0 ? ZERO : x === Infinity ? WRONG : null;
      if (color) picture.data.set([...color, 255], 4 * at);
    }
    const height = Math.max(60, Math.min(360, rows.length * Math.max(3, Math.min(14, 280 / rows.length))));
    const canvas = make("canvas", {
      width: picture.width, height: picture.height, role: "img",
      "aria-label": `${FIGURES[training.heat].title}: ${rows.length} layers at ${STEPS} recorded steps`,
    });
    canvas.getContext("2d").putImageData(picture, 0, 0);
    canvas.style.height = `${height}px`;
    const [cursor, row] = [make("div", { class: "heat-cursor" }), make("div", { class: "heat-row" })];
    Object.assign(training, { cursor, row, heatRows: rows });
    const frame = make("div", { class: "heat-frame", onpointerdown: (event) => {
      const { left, top, width, height: tall } = canvas.getBoundingClientRect();
      const within = (share, n) => Math.max(0, Math.min(n - 1, Math.floor(share * n)));
      select(rows[within((event.clientY - top) / tall, rows.length)], true);
      show(-1, within((event.clientX - left) / width, STEPS));
    } }, canvas, cursor, row);
    training.map.replaceChildren(
      make(
        "div", { class: "heat-side muted" }, make("span", { text: rows.length ? fit(pathOf(rows[0]), 46) : "" }),
        make("span", { text: rows.length ? fit(pathOf(rows.at(-1)), 46) : "" }),
      ),
      frame,
      make(
        "div", { class: "heat-foot muted" },
        make("span", { text: `step ${TRAINING.steps[0].toLocaleString("en")}` }),
        make("span", { text: TRAINING.steps.at(-1).toLocaleString("en") }),
      ),
    );
    $("heat-legend").replaceChildren(...ramp(scale));
    training.moment();
    training.layer();
  },
  /// Draws the figure of the heat map for the selected layer only.
  drawSeries() {
    const name = training.heat;
    const points = TRAINING.steps.map((step, at) => [
      step, state.layer < 0 ? NaN : layerFigure(name, state.layer, at, -1) ?? NaN,
    ]);
    $("series-title").textContent = state.layer < 0
      ? ""
      : `${shortTitle(name)}, ${pathOf(state.layer)}`;
    const { scale } = FIGURES[name];
    training.series = lineChart($("series"), {
      lines: [{ points }], x: "step", y: "", log: scale !== "linear",
      level: name === "update_to_weight" ? 1e-3 : scale === "ratio" ? 1 : null, height: 150, marks: DATA.marks,
      label: `${FIGURES[name].title} of the selected layer at each recorded step`, pick: training.pick,
    });
    training.moment();
  },
  moment() {
    if (!TRAINING || !training.cursor) return;
    const step = state.flow < 0 ? TRAINING.steps[state.step] : null;
    training.loss?.cursor(step);
    training.series?.cursor(step);
    training.cursor.hidden = step === null;
    training.cursor.style.left = `${(100 * (state.step + 0.5)) / STEPS}%`;
  },
  layer() {
    if (!TRAINING || !training.row) return;
    const at = training.heatRows.indexOf(state.layer);
    training.row.hidden = at < 0;
    training.row.style.top = `${(100 * at) / training.heatRows.length}%`;
    training.row.style.height = `${100 / training.heatRows.length}%`;
  },
};
