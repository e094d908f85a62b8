// The network as a diagram: layers from top to bottom in the order of the forward pass, blocks as frames around them.

const ROW = 28; // the height of a layer
const CURVE = 22; // the space next to a branch for its skip connection
const HEAD = 24; // the height of a frame's title
const TIME = 26; // the height of the line through time

const diagram = { box: $("diagram"), boxes: new Map(), wires: [], order: [], scale: null, folded: new Set() };
const inner = (at) => TREE[at].inside.filter((own) => !isSkip(own));
/// A tuple: only its layers are drawn, without a frame.
const isBare = (at) => isStack(at) && (LAYERS[at].layer.startsWith("(") || LAYERS[at].level === 0);
/// Whether there is a path around the layers inside.
const hasSkip = (at) =>
  LAYERS[at].factor === "sum" && (TREE[at].inside.some(isSkip) || LAYERS[at].layer.startsWith("Highway"));
const isFramed = (at) => !isLeaf(at) && !isBare(at);

/// Places a layer in the columns from x to x + w, from y on. Returns its height.
function place(at, x, y, w) {
  const box = { at, x, y, w, h: 0, form: "layer" };
  diagram.boxes.set(at, box);
  if (isLeaf(at) || diagram.folded.has(at)) {
    box.form = isLeaf(at) ? "layer" : "folded";
    box.h = ROW + (itemsOf("instants", at).length > 1 ? TIME : 0) + (isLeaf(at) ? 0 : 5);
    return box.h;
  }
  if (isBare(at)) {
    box.form = "bare";
    return (box.h = sequence(at, x, y, w));
  }
  box.form = "frame";
  const [side, top] = [hasSkip(at) ? CURVE : 8, y + HEAD];
  const own = inner(at);
  const sideBySide = LAYERS[at].factor !== "product" && own.length > 1 && own.length <= 4;
  const column = (w - 2 * side - 8 * (own.length - 1)) / own.length;
  if (!sideBySide || column < 72) {
    const sum = LAYERS[at].factor === "sum";
    const height = sequence(
      at, x + side, top + (sum ? 12 : 0), w - 2 * side, LAYERS[at].factor === "product" || own.length === 1,
    );
    box.h = HEAD + height + (sum ? 36 : 10);
    if (sum && own.length === 1) join(at, box, [[x + w / 2, top + 12, top + 12 + height]], [0]);
    else if (sum) box.h -= 24;
    return box.h;
  }
  const heights = own.map((layer, i) => place(layer, x + side + i * (column + 8), top + 16, column));
  const most = Math.max(...heights);
  box.h = HEAD + most + 44;
  join(
    at, box, own.map((_, i) => [x + side + i * (column + 8) + column / 2, top + 16, top + 16 + heights[i]]),
    own.map((_, i) => i),
  );
  return box.h;
}

/// Places the layers inside one below the other.
function sequence(at, x, y, w, wired = true) {
  let end = y;
  inner(at).forEach((own, i) => {
    if (i > 0) {
      const gap = isBare(own) && !LAYERS[at].layer.startsWith("(") ? 14 : 8;
      if (wired) diagram.wires.push({ d: `M${x + w / 2} ${end}v${gap}` });
      end += gap;
    }
    end += place(own, x, end, w);
  });
  return end - y;
}

/// Draws the wires from the input of a sum to its branches, and from them to its output.
function join(at, box, branches, names) {
  const [middle, top, bottom] = [box.x + box.w / 2, box.y + HEAD, box.y + box.h];
  const sum = bottom - 15;
  const split = top + 3;
  const route = (x, from, to) => {
    if (x === middle) return `M${middle} ${split}V${from}M${middle} ${to}V${sum - 7}`;
    const turn = x < middle ? -8 : 8;
    const down = `M${middle} ${split}H${x - turn}Q${x} ${split} ${x} ${split + 8}V`;
    const back = `V${sum - 8}Q${x} ${sum} ${x - turn} ${sum}H${middle + turn}`;
    // A skip connection has no layers between.
    return from === null ? `${down}${sum - 8}${back}` : `${down}${from}M${x} ${to}${back}`;
  };
  diagram.wires.push({ d: `M${middle} ${box.y + HEAD - 2}V${split}` });
  branches.forEach(([x, from, to], i) => diagram.wires.push({ d: route(x, from, to), sum: at, path: names[i] }));
  if (hasSkip(at)) {
    diagram.wires.push({ d: route(box.x + box.w - 9, null, null), sum: at, path: -1, skip: true });
  }
  diagram.wires.push({ d: `M${middle} ${sum + 7}V${bottom}` });
  box.join = [middle, sum];
}

/// The title of a frame. It does not name the layers, since they are inside the frame.
function frameName(at) {
  const name = typeName(LAYERS[at].layer);
  const [, element, length] = /^\[(.*); (\d+)\]$/.exec(name) ?? [];
  if (length) return `${length} × ${LAYERS[inner(at)[0]].factor === "sum" ? element.split("<")[0] : element}`;
  return name.split("<")[0];
}

function fit(text, width, size = 6.5) {
  const most = Math.floor(width / size);
  return text.length <= most ? text : most > 1 ? text.slice(0, most - 1) + "…" : "";
}

/// Draws everything; `paint` then colors it.
function draw() {
  if (!LAYERS.length) return;
  const { box } = diagram;
  Object.assign(diagram, { boxes: new Map(), wires: [], order: [] });
  const width = Math.max(260, box.clientWidth - 2);
  const height = place(0, 14, 26, width - 28) + 52;
  const [middle, wires, shapes] = [width / 2, make("g"), make("g")];
  const end = (y, text) => make("text", { x: middle, y, class: "axis", "text-anchor": "middle", text });
  diagram.wires.push({ d: `M${middle} 18V26` }, { d: `M${middle} ${height - 26}V${height - 16}` });
  for (const wire of diagram.wires) {
    wire.line = make("path", {
      d: wire.d, class: wire.skip ? "wire skip" : wire.sum === undefined ? "wire" : "wire path-wire",
      "data-at": wire.skip ? wire.sum : null,
    });
    wires.append(wire.line);
  }
  const drawn = [...diagram.boxes.values()].filter((own) => own.form !== "bare");
  diagram.order = drawn.map((own) => own.at).sort((a, b) => a - b);
  for (const at of diagram.order) shapes.append(drawBox(diagram.boxes.get(at)));
  const chosen = (diagram.chosen = make("rect", { class: "chosen", rx: 6, visibility: "hidden" }));
  const svg = make("svg", { width, height, viewBox: `0 0 ${width} ${height}` },
    end(13, `input ${shape(LAYERS[0].input)}`), end(height - 4, `output ${shape(LAYERS[0].output)}`),
    shapes, wires, chosen);
  // Frames are below the wires, and layers above them.
  svg.insertBefore(make("g", {}, ...[...shapes.children].filter((own) => own.classList.contains("frame"))), shapes);
  svg.insertBefore(wires, shapes);
  box.replaceChildren(svg);
  paint();
  choose();
}

function drawBox(box) {
  const { at, x, y, w, h, form } = box;
  const layer = LAYERS[at];
  const own = make("g", {
    class: form, "data-at": at, id: `box-${at}`, role: "option", "aria-selected": "false",
    "aria-label": [
      pathOf(at), layer.layer, `output ${shape(layer.output)}`, plural(parametersOf(at), "parameter"),
    ].join(", "),
  });
  if (form === "folded") own.append(make("rect", {
    x: x + 5, y: y + 5, width: w - 10, height: h - 5, rx: 5, class: "behind",
  }));
  box.shape = make("rect", { x, y, width: w, height: form === "folded" ? h - 5 : h, rx: 5, class: "shape" });
  own.append(box.shape);
  const line = y + (form === "frame" ? 16 : 18);
  const foldable = isFramed(at);
  const start = x + (foldable ? 22 : 10);
  if (foldable) {
    const d = form === "folded" ? `M${x + 9} ${y + 9}l5 5l-5 5` : `M${x + 7} ${y + 9}l5 5l5-5`;
    own.append(make(
      "g", { class: "fold", "data-fold": at },
      make("rect", { x: x + 2, y: y + 2, width: 22, height: 20, fill: "transparent" }),
      make("path", { d, class: "chevron" }),
    ));
  }
  box.value = make("text", { x: x + w - 9, y: line, "text-anchor": "end", class: "value" });
  const facts = form === "frame"
    ? ""
    : [shape(layer.output), parametersOf(at) ? count(parametersOf(at)) : ""].filter(Boolean).join(" · ");
  // Shows as much as there is space for: the type first, then the gradient, the path, and the sizes.
  const room = w - (start - x) - 10;
  const valued = form === "frame" ? 0 : room > 118 ? 62 : 0;
  const least = Math.min(90, 6.5 * typeName(layer.layer).length);
  const path = layer.path && room - valued - least > layer.path.length * 6.7 + 10 ? layer.path : "";
  const sized = form !== "frame" && room > 335 ? facts.length * 5.9 + 14 : 0;
  const taken = (path ? path.length * 6.7 + 10 : 0) + (form === "frame" ? (box.join ? 170 : 0) : valued + sized);
  box.valued = valued > 0;
  const name = form === "frame" ? frameName(at) : typeName(layer.layer);
  own.append(make("text", { x: start, y: line, class: "name" },
    path ? make("tspan", { class: "path", text: path }) : null,
    make("tspan", { dx: path ? 7 : 0, text: fit(name, Math.max(room - taken, room * 0.4)) })));
  if (sized) own.append(make("text", {
    x: x + w - 9 - valued, y: line, "text-anchor": "end", class: "facts", text: facts,
  }));
  own.append(box.value);
  if (form === "layer" && h > ROW) {
    box.time = make("path", { class: "time" });
    own.append(box.time);
  }
  if (box.join) {
    const [cx, cy] = box.join;
    const concat = LAYERS[at].layer.startsWith("Concat");
    const d = concat ? `M${cx - 2} ${cy - 3.5}v7M${cx + 2} ${cy - 3.5}v7` : `M${cx - 4} ${cy}h8M${cx} ${cy - 4}v8`;
    own.append(make("g", { class: "join" }, make("circle", { cx, cy, r: 7 }), make("path", { d })));
  }
  return own;
}

/// Colors everything by the gradient. A step of the training changes nothing else.
function paint() {
  const { scale } = diagram;
  for (const at of diagram.order) {
    const box = diagram.boxes.get(at);
    let x = layerFigure("output_grad", at);
    // Without a gradient, the output is not finite.
    const output = x === null ? layerFigure("output_rms", at) : null;
    if (output !== null && !isFinite(output)) x = output;
    const color = scale.color(x);
    if (box.form === "frame") {
      const shares = box.w > 250 ? paths(at).filter((path) => path.share !== null).slice(0, 3) : [];
      box.value.textContent = shares.map((path) => `${pathName(path.name)} ${percent(path.share)}`).join(" · ");
      continue;
    }
    box.shape.style.fill = color ? css(color) : "";
    box.shape.parentNode.style.color = color ? inkOn(color) : "";
    if (box.valued) box.value.textContent = number(x, 2);
    if (box.time) box.time.setAttribute(
      "d", sparkline(instants(at), box.x + 10, box.y + ROW - 2, box.w - 20, TIME - 6),
    );
  }
  for (const { line, sum, path, skip } of diagram.wires) {
    if (sum === undefined) continue;
    const found = paths(sum).filter(({ name }) => !skip || name === "shortcut");
    const own = skip ? found[0] : found[path];
    const color = own ? scale.color(own.grad) : null;
    line.style.stroke = color ? css(color) : "";
  }
}

/// A line through the gradient at each step of time, on a log scale of at least two decades.
function sparkline(points, x, y, w, h) {
  const logs = points.map(([at, length]) => [at, length > 0 && isFinite(length) ? Math.log10(length) : null]);
  const usable = logs.filter(([, v]) => v !== null);
  if (usable.length < 2) return "";
  const high = Math.max(...usable.map(([, v]) => v));
  const low = Math.min(high - 2, ...usable.map(([, v]) => v));
  const most = points.at(-1)[0];
  const [px, py] = [(at) => x + ((at - 1) / Math.max(1, most - 1)) * w, (v) => y + (1 - (v - low) / (high - low)) * h];
  return usable.map(([at, v], i) => `${i ? "L" : "M"}${px(at).toFixed(1)} ${py(v).toFixed(1)}`).join("");
}

/// Moves the outline to the selected layer.
function choose() {
  const box = diagram.boxes.get(state.layer);
  diagram.box.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
  diagram.chosen?.setAttribute("visibility", box ? "visible" : "hidden");
  if (!box) return;
  $(`box-${box.at}`)?.setAttribute("aria-selected", "true");
  diagram.box.setAttribute("aria-activedescendant", `box-${box.at}`);
  const outline = { x: box.x - 3, y: box.y - 3, width: box.w + 6, height: box.h + 6 };
  Object.entries(outline).forEach(([name, v]) => diagram.chosen.setAttribute(name, v));
}

/// Scrolls the diagram, and not the page, to the selected layer.
function reveal() {
  const box = diagram.boxes.get(state.layer);
  const { scrollTop, clientHeight } = diagram.box;
  if (box && (box.y < scrollTop + 10 || box.y + Math.min(box.h, clientHeight) > scrollTop + clientHeight - 10)) {
    diagram.box.scrollTop = box.y - clientHeight / 3;
  }
}

function fold(at) {
  if (!isFramed(at)) return;
  if (!diagram.folded.delete(at)) diagram.folded.add(at);
  draw();
}

/// Collapses all blocks, or none. The outermost block stays open.
function foldAll(folded) {
  const blocks = LAYERS.map((_, at) => at).filter((at) => isFramed(at) && LAYERS[at].level > 0);
  const outer = blocks.filter((at) => {
    for (let up = TREE[at].parent; up >= 0; up = TREE[up].parent) if (isFramed(up)) return false;
    return true;
  });
  diagram.folded = new Set(folded ? (outer.some((at) => !diagram.folded.has(at)) ? outer : blocks) : []);
  draw();
}

/// The colors and their numbers.
function legend() {
  const { scale } = diagram;
  const grads = LAYERS.map((_, at) => layerFigure("output_grad", at) ?? layerFigure("output_rms", at));
  const extra = [
    LAYERS.some((_, at) => layerFigure("output_grad", at) === 0) ? ["0", css(ZERO)] : null,
    grads.some((x) => x !== null && !isFinite(x)) ? ["not finite", css(WRONG)] : null,
  ].filter(Boolean);
  $("legend").replaceChildren(
    make("span", { class: "muted", text: "RMS of dR/doutput" }), ...ramp(scale),
    ...extra.map(([text, color]) => {
      const patch = make("i");
      patch.style.background = color;
      return make("span", { class: "patch" }, patch, text);
    }));
}
