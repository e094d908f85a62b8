// Elements, and the small charts.

/// Creates an element with attributes, listeners (`onclick`) and children.
function make(name, attributes = {}, ...children) {
  const own = make.svg.has(name)
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) own.addEventListener(key.slice(2), value);
    else if (key === "text") own.textContent = value;
    else own.setAttribute(key, value);
  }
  own.append(...children.filter((child) => child !== null && child !== undefined));
  return own;
}
make.svg = new Set(["svg", "g", "rect", "path", "line", "text", "circle", "clipPath", "title", "tspan"]);

const $ = (id) => document.getElementById(id);

/// A text with `code` in it. The path of a layer becomes a button that selects it.
function prose(text) {
  return text.split("`").map((part, at) => {
    if (at % 2 === 0) return part;
    if (!PATHS.has(part) || part === "") return make("code", { text: part });
    return make("button", {
      type: "button", class: "link", text: part, onclick: () => select(PATHS.get(part), true),
    });
  });
}

/// The numbers at which an axis has a label; on a log scale, `low` and `high` are logarithms.
function ticks(low, high, log, most = 5, whole = false) {
  const plain = (x) => x === 0 || (Math.abs(x) >= 1e-3 && Math.abs(x) < 1e5);
  const short = (x) => (plain(x) ? String(Number(x.toPrecision(6))) : x.toExponential().replace("e+", "e"));
  const text = (x) => short(x).replace(/^-/, "−");
  const all = [];
  if (log) {
    const every = Math.max(1, Math.ceil((high - low) / most));
    const within = high - low < 1 ? [1, 2, 3, 5, 7] : high - low < 2 ? [1, 2, 5] : [1];
    for (let at = Math.floor(low / every) * every; at <= high; at += every) {
      for (const times of within) {
        const place = at + Math.log10(times);
        if (place < low || place > high) continue;
        const far = times === 1 && (at < -3 || at > 4);
        all.push({ at: place, text: far ? `1e${at}` : text(Number((times * 10 ** at).toPrecision(3))) });
      }
    }
    return all;
  }
  const rough = (high - low) / most || 1;
  const unit = 10 ** Math.floor(Math.log10(rough));
  let every = unit * ([1, 2, 5, 10].find((step) => step * unit >= rough) ?? 10);
  if (whole) every = Math.max(1, every);
  for (let at = Math.ceil(low / every - 1e-9); at * every <= high + 1e-9 * every; at += 1) {
    all.push({ at: at * every, text: text(Number((at * every).toPrecision(6))) });
  }
  return all;
}

/// A line chart in a box of this size. `lines` have a name, a class, and points [x, y]; where y is not a number there
/// is a gap. The numbers of `within` are in the range of y. Returns functions that move the cursor and replace the
/// points of a line.
function lineChart(box, {
  lines, x, y, log = false, within = [], level = null, marks = [], height = 190, label, pick,
}) {
  const width = Math.max(260, box.clientWidth || 600);
  const [left, right, top, bottom] = [52, 12, y ? 24 : 10, 34];
  const usable = (v) => v !== null && isFinite(v) && (!log || v > 0);
  const scaled = (v) => (log ? Math.log10(v) : v);
  const points = lines.flatMap((line) => line.points.filter(([, v]) => usable(v)));
  const svg = make("svg", {
    width: "100%", height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label,
  });
  box.replaceChildren(svg);
  if (!points.length) {
    svg.append(make("text", {
      x: width / 2, y: height / 2, class: "axis", "text-anchor": "middle", text: "nothing was measured",
    }));
    return { cursor() {}, replace() {}, active() {} };
  }
  const range = (all) => all.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
  let [x0, x1] = range(points.map(([v]) => v));
  let [y0, y1] = range(
    points.map(([, v]) => scaled(v)).concat(within.map(scaled), level === null ? [] : [scaled(level)]),
  );
  if (x0 === x1) [x0, x1] = [x0 - 0.5, x1 + 0.5];
  const least = log ? 0.5 : 1e-12 + Math.abs(y1) * 1e-3;
  if (y1 - y0 < least) [y0, y1] = [(y0 + y1 - least) / 2, (y0 + y1 + least) / 2];
  const air = 0.04 * (y1 - y0);
  [y0, y1] = [y0 - air, y1 + air];
  const px = (v) => left + ((v - x0) / (x1 - x0)) * (width - left - right);
  const py = (v) => height - bottom - ((v - y0) / (y1 - y0)) * (height - top - bottom);
  for (const tick of ticks(y0, y1, log, 4)) {
    svg.append(make("line", { x1: left, x2: width - right, y1: py(tick.at), y2: py(tick.at), class: "grid" }));
    svg.append(make("text", {
      x: left - 6, y: py(tick.at) + 4, class: "axis", "text-anchor": "end", text: tick.text,
    }));
  }
  for (const tick of ticks(x0, x1, false, width < 420 ? 4 : 6, points.every(([v]) => Number.isInteger(v)))) {
    svg.append(make("text", {
      x: px(tick.at), y: height - bottom + 16, class: "axis", "text-anchor": "middle", text: tick.text,
    }));
  }
  svg.append(make("text", {
    x: (left + width - right) / 2, y: height - 3, class: "axis title", "text-anchor": "middle", text: x,
  }));
  if (y) svg.append(make("text", { x: 0, y: 12, class: "axis title", text: y }));
  if (level !== null) svg.append(make("line", {
    x1: left, x2: width - right, y1: py(scaled(level)), y2: py(scaled(level)), class: "level",
  }));
  for (const mark of marks) {
    if (mark.step < x0 || mark.step > x1) continue;
    svg.append(make(
      "line", { x1: px(mark.step), x2: px(mark.step), y1: top, y2: height - bottom, class: "mark" },
      make("title", { text: mark.text }),
    ));
  }
  const outline = (all) => {
    let [d, pen] = ["", "M"];
    for (const [vx, vy] of all) {
      if (!usable(vy)) pen = "M";
      else {
        const level = Math.min(height - bottom, Math.max(top, py(scaled(vy))));
        d += `${pen}${px(vx).toFixed(1)} ${level.toFixed(1)}`;
        if (pen === "M") d += "h0"; // a point alone is a dot
        pen = "L";
      }
    }
    return d;
  };
  const drawn = lines.map((line) => make("path", { d: outline(line.points), class: `line ${line.class ?? ""}` }));
  svg.append(...drawn);
  const cursor = make("line", { y1: top, y2: height - bottom, class: "cursor", visibility: "hidden" });
  svg.append(cursor);
  if (pick) {
    svg.classList.add("pickable");
    svg.addEventListener("pointerdown", (event) => {
      const { left: edge, width: seen } = svg.getBoundingClientRect();
      pick(x0 + ((((event.clientX - edge) / seen) * width - left) / (width - left - right)) * (x1 - x0));
    });
  }
  return {
    cursor(v) {
      cursor.setAttribute("visibility", v === null || v < x0 || v > x1 ? "hidden" : "visible");
      if (v !== null) for (const end of ["x1", "x2"]) cursor.setAttribute(end, px(Math.min(x1, Math.max(x0, v))));
    },
    replace: (at, all) => drawn[at].setAttribute("d", outline(all)),
    /// Draws one line thicker than the others.
    active: (active) => drawn.forEach((path, at) => path.classList.toggle("active", at === active)),
  };
}

/// The colors of a scale, between its ends.
function ramp(scale) {
  const bar = make("span", { class: "ramp", "aria-hidden": "true" });
  const stops = Array.from({ length: 9 }, (_, at) => css(scale.at(at / 8)));
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  const [low, high] = [0, 1].map((share) => make("span", { text: number(scale.number(share), 2) }));
  return [low, bar, high];
}

/// The legend of a chart with several lines.
function key(lines) {
  if (lines.length < 2) return null;
  return make(
    "p", { class: "key" }, ...lines.map((line) => make("span", { class: line.class ?? "" }, make("i"), line.name)),
  );
}

/// A histogram: its bins, the ends of its range, and the count of numbers in no bin.
function histogramChart({ start, end, counts, left_out }, title, note) {
  const [width, height] = [300, 96];
  const most = Math.max(...counts, 1);
  const total = counts.reduce((a, b) => a + b, 0);
  const edge = (at) => start + (end - start) * (at / counts.length);
  const middle = Math.abs(start + end) < (end - start) / 500 ? 0 : edge(counts.length / 2);
  const bars = counts.map((n, at) => {
    const tall = n ? Math.max(1, (n / most) * (height - 4)) : 0;
    return make("rect", {
      x: (at * width) / counts.length, y: height - tall, width: width / counts.length - 0.75, height: tall,
      class: "bar",
    },
      make("title", { text: `${number(edge(at))} to ${number(edge(at + 1))}: ${n.toLocaleString("en")}` }));
  });
  const svg = make(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img",
      "aria-label": `${title}: ${plural(total, "number")} from ${number(start)} to ${number(end)}`,
    },
    ...bars,
  );
  return make("figure", { class: "histogram" },
    make(
      "figcaption", {}, make("b", { text: title }),
      left_out ? make("span", { class: "muted", text: ` ${left_out.toLocaleString("en")} ${note}` }) : null,
    ),
    svg,
    make("div", { class: "ends" }, ...[start, middle, end].map((x) => make("span", { text: number(x) }))));
}
