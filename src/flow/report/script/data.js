// The data: the network as a tree, and its figures in a flow or at a step of the training.

const DATA = JSON.parse(document.getElementById("data").textContent);
const { layers: LAYERS, items: ITEMS, flows: FLOWS, training: TRAINING } = DATA;
const STEPS = TRAINING ? TRAINING.steps.length : 0;

/// What the page shows: a flow, or (at -1) the training at one of its steps; and the selected layer.
const state = { flow: FLOWS.length ? 0 : -1, step: Math.max(0, STEPS - 1), layer: -1 };

/// For each layer, the layer around it and the layers inside it.
const TREE = LAYERS.map(() => ({ parent: -1, inside: [] }));
{
  const open = [];
  LAYERS.forEach((layer, at) => {
    while (open.length && LAYERS[open.at(-1)].level >= layer.level) open.pop();
    if (open.length) {
      TREE[at].parent = open.at(-1);
      TREE[open.at(-1)].inside.push(at);
    }
    open.push(at);
  });
}
const isLeaf = (at) => !TREE[at].inside.length;
/// A skip connection without a layer: it is drawn as a curve.
const isSkip = (at) => LAYERS[at].layer === "Identity" && LAYERS[at].path.endsWith("shortcut");
const isStack = (at) => LAYERS[at].factor === "product" && !isLeaf(at);
const PATHS = new Map(LAYERS.map((layer, at) => [layer.path, at]));
const LEAVES = LAYERS.map((_, at) => at).filter((at) => isLeaf(at) && !isSkip(at));
const pathOf = (at) => LAYERS[at].path || "(network)";

/// The items of a kind that a layer has.
function itemsOf(kind, layer) {
  const { layer: owners } = ITEMS[kind] ?? { layer: [] };
  itemsOf.cache ??= {};
  const lists = (itemsOf.cache[kind] ??= owners.reduce((lists, owner, item) => {
    (lists[owner] ??= []).push(item);
    return lists;
  }, []));
  return lists[layer] ?? [];
}

/// The value in a packed column for a figure that was not measured.
const MISSING = -Infinity;

/// Unpacks a column: four characters are the upper 24 bits of a number of 64 bits.
function unpack({ rows, data }, kind) {
  const digits = new Uint8Array(128);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (let at = 0; at < 64; at += 1) digits[alphabet.charCodeAt(at)] = at;
  const values = new Float64Array(data.length / 4);
  const words = new Uint32Array(values.buffer);
  for (let at = 0, i = 0; at < values.length; at += 1, i += 4) {
    const bits =
      (digits[data.charCodeAt(i)] << 18) | (digits[data.charCodeAt(i + 1)] << 12) |
      (digits[data.charCodeAt(i + 2)] << 6) | digits[data.charCodeAt(i + 3)];
    words[2 * at + 1] = bits << 8;
  }
  const row = new Int32Array(ITEMS[kind].layer.length).fill(-1);
  rows.forEach((item, at) => (row[item] = at));
  return { row, values };
}

function column(kind, name) {
  column.cache ??= {};
  const packed = TRAINING?.figures[kind]?.[name];
  return packed && (column.cache[`${kind} ${name}`] ??= unpack(packed, kind));
}

/// A figure of an item, now or at another step; null if it was not measured.
function figure(kind, name, item, step = state.step, flow = state.flow) {
  if (flow >= 0) {
    const x = FLOWS[flow].figures[kind]?.[name]?.[item];
    return x === null || x === undefined ? null : Number(x);
  }
  const packed = column(kind, name);
  if (!packed || packed.row[item] < 0) return null;
  const x = packed.values[packed.row[item] * STEPS + step];
  return x === MISSING ? null : x;
}

const quotient = (a, b) => (a === null || b === null || !(b > 0) ? null : a / b);

/// Returns a figure of a layer. The figures of a stack at a step come from the layers inside it.
function layerFigure(name, at, step = state.step, flow = state.flow) {
  if (name === "update_to_weight") {
    return quotient(layerFigure("update", at, step, flow), layerFigure("weight", at, step, flow));
  }
  if (name === "gradient_to_weight") {
    return quotient(layerFigure("gradient", at, step, flow), layerFigure("weight", at, step, flow));
  }
  if (flow < 0 && isStack(at)) {
    const { inside } = TREE[at];
    if (name === "output_grad" || name === "output_rms") return layerFigure(name, inside.at(-1), step, flow);
    if (name !== "gain") return null;
    const gains = inside.map((own) => layerFigure("gain", own, step, flow));
    return gains.includes(null) ? null : gains.reduce((a, b) => a * b, 1);
  }
  return figure("layers", name, at, step, flow);
}

const pathName = (name) => (name === "shortcut" ? "skip" : name);

/// The paths through a sum: their names, the gradient that each adds to the input, and its share of their sum.
function paths(at) {
  const items = itemsOf("paths", at);
  const found = items.map((item) => ({ name: ITEMS.paths.name[item], grad: figure("paths", "input_grad", item) }));
  const sum = found.reduce((sum, path) => sum + (path.grad ?? 0), 0);
  return found.map(
    (path) => ({ ...path, share: path.grad !== null && sum > 0 && isFinite(sum) ? path.grad / sum : null }),
  );
}

/// The lengths of the gradient through time, from the first step to the last.
function instants(at, name = "length") {
  const points = itemsOf("instants", at).map((item) => [ITEMS.instants.size[item], figure("instants", name, item)]);
  return points.filter(([, y]) => y !== null).sort(([a], [b]) => a - b);
}

const moment = () =>
  state.flow >= 0
    ? FLOWS[state.flow]
    : {
        loss: TRAINING.loss[state.step],
        samples: TRAINING.samples[state.step],
        verdict: TRAINING.verdicts[TRAINING.verdict[state.step]],
      };

/// The parameters of a layer with those of the layers inside it. (A layer that is applied again counts once.)
function parametersOf(at) {
  const inside = TREE[at].inside;
  const counted = LAYERS[at].layer.startsWith("Shared<") ? inside.slice(0, 1) : inside;
  return counted.reduce((sum, own) => sum + parametersOf(own), LAYERS[at].parameters);
}
