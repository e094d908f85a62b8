// The page: its parts, what they do together, and the keyboard.

const tables = [];

/// Shows a flow, or with -1 the training at one of its steps.
function show(flow, step = state.step) {
  const other = state.flow !== flow;
  Object.assign(state, { flow, step: Math.max(0, Math.min(STEPS - 1, step)) });
  verdict();
  transport.moment();
  if (LAYERS.length) {
    paint();
    if (other) legend();
    details.show();
    profile.moment();
    training.moment();
    tables.forEach((table) => table.moment());
    if (!tooltip.box.hidden) Object.assign(tooltip, { at: -1 }), tooltip.atChosen();
  }
}

/// Selects a layer everywhere; on request, scrolls the diagram to it.
function select(at, scroll = false) {
  if (at < 0 || at === undefined) return;
  state.layer = at;
  let hidden = false;
  for (let up = TREE[at].parent; up >= 0; up = TREE[up].parent) hidden = diagram.folded.delete(up) || hidden;
  hidden ? draw() : choose();
  if (scroll) reveal();
  details.show();
  profile.layer();
  training.layer();
  if (TRAINING) training.drawSeries();
  tables.forEach((table) => table.layer());
}

const transport = {
  timer: 0,
  build() {
    if (FLOWS.length + (TRAINING ? 1 : 0) < 2 && STEPS < 2) return;
    $("transport").hidden = false;
    const tabs = make("div", { class: "tabs", role: "group", "aria-label": "What is shown" },
      ...FLOWS.map((flow, at) => make("button", {
        type: "button", "data-flow": at, text: flow.name, onclick: () => show(at),
      })),
      TRAINING && FLOWS.length
        ? make("button", { type: "button", "data-flow": -1, text: "training", onclick: () => show(-1) })
        : null);
    $("transport").append(tabs);
    if (!FLOWS.length) tabs.hidden = true;
    if (STEPS < 2) return;
    const first = TRAINING.steps[0];
    const span = TRAINING.steps.at(-1) - first || 1;
    transport.play = make("button", {
      id: "play", type: "button", "aria-label": "Play", text: "▶", onclick: () => transport.toggle(),
    });
    transport.slider = make("input", {
      id: "slider", type: "range", min: 0, max: STEPS - 1, value: state.step, "aria-label": "Recorded step",
      oninput: (event) => transport.later(Number(event.target.value)),
    });
    transport.label = make("output", { id: "step", for: "slider" });
    // The position of the slider for a step is that of the nearest record.
    const placeOf = (step) => {
      let at = 0;
      while (at < STEPS - 1 && TRAINING.steps[at] < step) at += 1;
      return at / (STEPS - 1);
    };
    const marks = make("div", { class: "marks" }, ...DATA.marks.filter(
      (mark) => mark.step >= first && mark.step <= first + span,
    ).map((mark) => {
      const own = make("button", {
        type: "button", title: `step ${mark.step}: ${mark.text}`, "aria-label": `step ${mark.step}: ${mark.text}`,
        onclick: () => training.pick(mark.step),
      });
      own.style.left = `${100 * placeOf(mark.step)}%`;
      return own;
    }));
    $("transport").append(make(
      "div", { class: "slide" }, transport.play, make("div", { class: "track" }, transport.slider, marks),
      transport.label,
    ));
  },
  moment() {
    document.querySelectorAll("[data-flow]").forEach((tab) => tab.setAttribute(
      "aria-pressed", String(Number(tab.dataset.flow) === state.flow),
    ));
    if (!transport.slider) return;
    transport.slider.value = state.step;
    const step = `step ${TRAINING.steps[state.step].toLocaleString("en")}`;
    transport.label.textContent = step;
    transport.slider.setAttribute("aria-valuetext", step);
    transport.slider.parentNode.parentNode.classList.toggle("off", state.flow >= 0);
  },
  /// Shows a step at the next frame of the screen, since a slider moves more often than that.
  later(step) {
    const waiting = transport.next !== undefined;
    transport.next = step;
    if (!waiting) requestAnimationFrame(() => {
      const next = transport.next;
      transport.next = undefined;
      show(-1, next);
    });
  },
  toggle() {
    const on = !transport.timer;
    clearInterval(transport.timer);
    transport.timer = 0;
    if (on) {
      if (state.flow >= 0 || state.step >= STEPS - 1) show(-1, 0);
      const stride = Math.ceil(STEPS / 300);
      transport.timer = setInterval(
        () => (state.step >= STEPS - 1 ? transport.toggle() : show(-1, state.step + stride)), 60,
      );
    }
    transport.play.textContent = on ? "❚❚" : "▶";
    transport.play.setAttribute("aria-label", on ? "Pause" : "Play");
  },
};

/// The next or the previous layer of the diagram.
function neighbour(by) {
  const { order } = diagram;
  const place = order.indexOf(state.layer);
  const next = place < 0 ? order.findIndex((at) => at > state.layer) : place + by;
  if (order[next] === undefined) return;
  select(order[next], true);
  if (document.activeElement === diagram.box) tooltip.atChosen();
}

/// After a switch between dark and light.
function recolor() {
  if (!LAYERS.length) return;
  paint();
  legend();
  if (TRAINING) training.draw();
}

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { key, target } = event;
  if (key === "Escape") return tooltip.hide();
  if (target.matches("input[type=search], select, textarea") || $("help").open) return;
  const inDiagram = target === diagram.box;
  const onSlider = target.id === "slider";
  const act = {
    j: () => neighbour(1), k: () => neighbour(-1),
    ArrowDown: inDiagram && (() => neighbour(1)), ArrowUp: inDiagram && (() => neighbour(-1)),
    "[": STEPS && (() => show(-1, state.step - 1)), "]": STEPS && (() => show(-1, state.step + 1)),
    ArrowLeft: inDiagram && STEPS && (() => show(-1, state.step - 1)),
    ArrowRight: inDiagram && STEPS && (() => show(-1, state.step + 1)),
    p: STEPS > 1 && (() => transport.toggle()),
    Enter: inDiagram && (() => fold(state.layer)),
    "/": () => document.querySelector("#layers input")?.focus(),
    t: () => $("theme").click(),
    "?": () => $("help").showModal(),
  }[key];
  if (!act || (onSlider && key.startsWith("Arrow"))) return;
  event.preventDefault();
  act();
}

function sections() {
  DATA.sections.forEach((own, at) => {
    if (own.kind === "table") {
      const table = sectionTable(own, at);
      tables.push(table);
      return $("sections").append(table.section);
    }
    const card = make(
      "section", { class: "card", id: `section-${at}`, "aria-label": own.title }, make("h2", { text: own.title }),
    );
    $("sections").append(card);
    if (own.kind === "note") own.text.split("\n").forEach((line) => card.append(make("p", {}, ...prose(line))));
    if (own.kind === "histogram") card.append(make(
      "div", { class: "pair" }, histogramChart(own.histogram, "", "in no bin"),
    ));
    if (own.kind === "lines") {
      const lines = own.lines.map(
        (line, i) => ({
          name: line.name, class: `flow-${i % 6}`, points: line.x.map((x, j) => [Number(x), Number(line.y[j])]),
        }),
      );
      const ys = lines.flatMap((line) => line.points.map(([, y]) => y)).filter(isFinite);
      const log = ys.length > 0 && ys.every((y) => y > 0) && Math.max(...ys) > 100 * Math.min(...ys);
      const chart = make("div", { class: "chart" });
      card.append(key(lines) ?? "", chart);
      lineChart(chart, { lines, x: own.x, y: own.y, log, label: own.title });
    }
  });
}

function start() {
  $("title").textContent = DATA.title;
  $("footer").textContent =
    `chainrule ${DATA.version}. RMS is the root mean square over the batch; the scale of the colors is logarithmic.`;
  if (LAYERS.length) {
    const shapes = `${shape(LAYERS[0].input)} → ${shape(LAYERS[0].output)}`;
    $("summary").textContent =
      `${plural(LEAVES.length, "layer")} · ${plural(parametersOf(0), "parameter")} · ${shapes}`;
  }
  $("help-button").addEventListener("click", () => $("help").showModal());
  $("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    recolor();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolor);
  document.addEventListener("keydown", keys);
  if (!LAYERS.length) {
    document.querySelector(".columns").hidden = true;
    verdict();
    return sections();
  }
  // One scale for all flows and steps, so that a color means the same everywhere.
  const all = FLOWS.flatMap((_, flow) => LAYERS.map((_, at) => layerFigure("output_grad", at, 0, flow)));
  const recorded = column("layers", "output_grad")?.values ?? [];
  const every = Math.max(1, Math.floor(recorded.length / 50000));
  for (let at = 0; at < recorded.length; at += every) all.push(recorded[at]);
  diagram.scale = new Scale(all, "log");
  const first = moment().verdict.starts_at;
  state.layer = first !== null && PATHS.has(first) ? PATHS.get(first) : WEIGHTS[0] ?? LEAVES[0] ?? 0;
  if (LAYERS.length > 1200) LAYERS.forEach((_, at) => {
    if (isFramed(at) && LAYERS[at].level > 0) diagram.folded.add(at);
  });
  tables.push(layerTable());
  if (ITEMS.parameters.layer.length && (FLOWS.length || TRAINING.figures.parameters)) tables.push(parameterTable());
  $("tables").append(...tables.map((table) => table.section));
  transport.build();
  sections();
  draw();
  legend();
  profile.build();
  training.build();
  show(state.flow);
  select(state.layer);

  $("fold").addEventListener("click", () => foldAll(true));
  $("unfold").addEventListener("click", () => foldAll(false));
  if (!LAYERS.some((_, at) => isFramed(at) && LAYERS[at].level > 0)) $("fold").parentNode.hidden = true;
  const { box } = diagram;
  const under = (event) => event.target.closest?.("[data-at]");
  box.addEventListener("pointermove", (event) => {
    const own = event.pointerType === "touch" ? null : under(event);
    own ? tooltip.show(Number(own.dataset.at), event.clientX, event.clientY) : tooltip.hide();
  });
  box.addEventListener("pointerleave", tooltip.hide);
  box.addEventListener("focus", () => box.matches(":focus-visible") && tooltip.atChosen());
  box.addEventListener("blur", tooltip.hide);
  box.addEventListener(
    "scroll", () => (tooltip.box.hidden ? null : box.matches(":focus-visible") ? tooltip.atChosen() : tooltip.hide()),
  );
  box.addEventListener("click", (event) => {
    const folds = event.target.closest("[data-fold]");
    if (folds) return fold(Number(folds.dataset.fold));
    const own = under(event);
    if (own) select(Number(own.dataset.at));
  });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (width === innerWidth) return;
    width = innerWidth;
    draw();
    profile.build();
    training.build();
    details.show();
  });
}

start();
