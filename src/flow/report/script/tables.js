// Tables that sort, filter and copy themselves.

/// `columns` have a name, a title, whether they are `text`, and functions of the row: `value`, and `show` if a value
/// is not shown as a number. `layer` is the layer that a click on a row selects.
function sortable({ id, title, columns, rows, layer = () => -1, live = false }) {
  const lines = Array.from({ length: rows }, (_, row) => ({ row, cells: [], line: null, stale: false }));
  const body = make("tbody");
  const sorting = { column: -1, down: false };
  const text = (column, row) => (column.show ? column.show(row) : number(column.value(row)));
  for (const own of lines) {
    const at = layer(own.row);
    own.line = make("tr", { "data-layer": at < 0 ? null : at, onclick: at < 0 ? null : () => select(at, true) });
    for (const column of columns) {
      const cell = make("td", { class: column.text ? "text" : null });
      const target = column.link && column.link(own.row);
      const inside = target !== undefined && target !== null && target !== false && target >= 0
        ? make("button", {
          type: "button", class: "link", onclick: (event) => { event.stopPropagation(); select(target, true); },
        }) : cell;
      if (inside !== cell) cell.append(inside);
      if (column.rich && inside === cell) inside.replaceChildren(...prose(text(column, own.row)));
      else inside.textContent = text(column, own.row);
      own.cells.push(inside);
      own.line.append(cell);
    }
    body.append(own.line);
  }
  const heads = columns.map((column, at) => {
    const button = make(
      "button", { type: "button", title: column.title ?? null, onclick: () => sort(at) }, column.name,
    );
    return make("th", { scope: "col", class: column.text ? "text" : null, "aria-sort": "none" }, button);
  });
  function sort(at) {
    sorting.down = sorting.column === at ? !sorting.down : false;
    sorting.column = at;
    const value = ({ row }) => columns[at].value(row);
    const empty = (x) => x === null || x === undefined || x === "" || Number.isNaN(x);
    const sign = sorting.down ? -1 : 1;
    lines.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (empty(x) || empty(y)) return empty(x) - empty(y) || a.row - b.row; // at the end in both directions
      const order = typeof x === "string" || typeof y === "string"
        ? String(x).localeCompare(String(y), "en", { numeric: true })
        : x - y;
      return sign * order || a.row - b.row;
    });
    body.append(...lines.map((own) => own.line));
    refresh(false);
    heads.forEach((head, i) => head.setAttribute(
      "aria-sort", i === at ? (sorting.down ? "descending" : "ascending") : "none",
    ));
  }
  const count = make("span", { class: "muted", role: "status" });
  const narrow = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const { line } of lines) {
      const found = words.every((word) => line.textContent.toLowerCase().includes(word));
      line.hidden = !found;
      left += found;
    }
    count.textContent = words.length ? `${left} of ${rows}` : "";
  };
  const filter = rows <= 8 ? null : make("input", {
    type: "search", placeholder: "Filter", "aria-label": `Filter ${title}`, oninput: narrow,
  });
  const copied = make("span", { class: "muted", role: "status" });
  const copy = make("button", { type: "button", text: "Copy as CSV", onclick: async () => {
    const quoted = (x) => (/[",\n]/.test(x) ? `"${x.replaceAll('"', '""')}"` : x);
    const cell = (column, row) => {
      const x = column.value(row);
      return x === null || x === undefined ? "" : quoted(String(x));
    };
    const seen = lines.filter(({ line }) => !line.hidden);
    const csv = [
      columns.map((column) => quoted(column.csv ?? column.name)),
      ...seen.map(({ row }) => columns.map((column) => cell(column, row))),
    ].map((row) => row.join(",") + "\n").join("");
    copied.textContent = (await clipboard(csv)) ? "copied" : "not allowed here";
    setTimeout(() => (copied.textContent = ""), 2000);
  } });
  const section = make("section", { class: "card table", id, "aria-label": title },
    make(
      "div", { class: "card-head" }, make("h2", { text: title }),
      make("div", { class: "buttons" }, count, filter, copied, copy),
    ),
    make(
      "div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${title}, table` },
      make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body),
    ));
  // A step of the training changes the visible rows at once, and the others when the steps stop: a table of hundreds
  // of rows takes longer than everything else on the page.
  const scroll = section.querySelector(".scroll");
  const view = { seen: false, top: 0, height: 0, row: 27, timer: 0 };
  const refresh = (all) => {
    const shown = lines.filter(({ line }) => !line.hidden);
    const [first, last] = [view.top / view.row - 3, (view.top + view.height) / view.row + 3];
    shown.forEach((own, place) => {
      if (!own.stale || !(all || (view.seen && place >= first && place <= last))) return;
      own.stale = false;
      columns.forEach((column, at) => { if (column.live) own.cells[at].textContent = text(column, own.row); });
    });
  };
  const look = () => {
    Object.assign(view, {
      top: scroll.scrollTop, height: scroll.clientHeight,
      row: lines.find(({ line }) => !line.hidden)?.line.offsetHeight || 27,
    });
    refresh(false);
  };
  if (live) {
    scroll.addEventListener("scroll", look);
    addEventListener("beforeprint", () => refresh(true));
    new IntersectionObserver(([entry]) => { view.seen = entry.isIntersecting; look(); }).observe(section);
  }
  return {
    section,
    moment() {
      if (!live) return;
      lines.forEach((own) => (own.stale = true));
      refresh(false);
      clearTimeout(view.timer);
      view.timer = setTimeout(() => refresh(true), 300);
    },
    layer() {
      for (const { line } of lines) line.classList.toggle("selected", line.dataset.layer === String(state.layer));
    },
  };
}

async function clipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages that are files may not write to the clipboard; a selection in a text field may.
    const field = make("textarea", { class: "unseen" });
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

const measured = (name) => FLOWS.some(
  (flow) => flow.figures.layers?.[name],
) || Boolean(TRAINING?.figures.layers?.[name]);

function layerTable() {
  const layers = LAYERS.map((_, at) => at).filter(
    (at) => !isSkip(at) && !(isStack(at) && isBare(at) && LAYERS[at].level),
  );
  const of = (row) => layers[row];
  const figures = [
    "output_grad", "gain", "slope", "saturated", "dead", "entropy", "smallest", "largest", "share", "output_rms",
  ].filter(measured);
  if (measured("update")) figures.push("update_to_weight");
  const columns = [
    { name: "path", text: true, value: (row) => pathOf(of(row)), show: (row) => pathOf(of(row)), link: of },
    {
      name: "layer", text: true, value: (row) => LAYERS[of(row)].layer,
      show: (row) => fit(typeName(LAYERS[of(row)].layer), 36, 1),
    },
    {
      name: "output", text: true, value: (row) => shape(LAYERS[of(row)].output),
      show: (row) => shape(LAYERS[of(row)].output),
    },
    {
      name: "parameters", value: (row) => parametersOf(of(row)),
      show: (row) => parametersOf(of(row)).toLocaleString("en"),
    },
    ...figures.map(
      (name) => ({
        name: FIGURES[name].name, csv: name, title: FIGURES[name].title, live: true,
        value: (row) => layerFigure(name, of(row)), show: (row) => shown(name, layerFigure(name, of(row))),
      }),
    ),
  ];
  return sortable({ id: "layers", title: "Layers", columns, rows: layers.length, layer: of, live: true });
}

function parameterTable() {
  const { layer, name, size } = ITEMS.parameters;
  const ratio = (a) => (row) => quotient(figure("parameters", a, row), figure("parameters", "weight", row));
  const updates = FLOWS.some(
    (flow) => flow.figures.parameters?.update,
  ) || Boolean(TRAINING?.figures.parameters?.update);
  const path = (row) => [LAYERS[layer[row]].path, name[row]].filter(Boolean).join(".");
  const columns = [
    { name: "parameter", text: true, value: path, show: path, link: (row) => layer[row] },
    { name: "numbers", value: (row) => size[row], show: (row) => size[row].toLocaleString("en") },
    { name: "|W|", csv: "norm", title: "its norm", live: true, value: (row) => figure("parameters", "weight", row) },
    {
      name: "|dR/dW|", csv: "gradient_norm", title: "norm of its gradient", live: true,
      value: (row) => figure("parameters", "gradient", row),
    },
    { name: "dW/W", csv: "gradient_to_weight", title: "|dR/dW| / |W|", live: true, value: ratio("gradient") },
  ];
  if (updates) columns.push({
    name: "update/W", csv: "update_to_weight", title: FIGURES.update_to_weight.title, live: true,
    value: ratio("update"),
  });
  return sortable({
    id: "parameters", title: "Parameters", columns, rows: size.length, layer: (row) => layer[row], live: true,
  });
}

/// A table of a section. A number is a list with one element, to distinguish it from a text.
function sectionTable({ title, columns, rows }, at) {
  const value = (cell) => (Array.isArray(cell) ? Number(cell[0]) : cell);
  return sortable({
    id: `section-${at}`, title, rows: rows.length,
    columns: columns.map((name, i) => {
      const text = rows.some((row) => typeof row[i] === "string");
      return {
        name, text, rich: text, value: (row) => value(rows[row][i] ?? null),
        show: (row) => { const x = value(rows[row][i] ?? null); return typeof x === "string" ? x : number(x, 4); },
        link: (row) => (text ? PATHS.get(rows[row][i]) : null),
      };
    }),
  });
}
