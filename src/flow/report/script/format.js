// Numbers, texts and colors.

function number(x, digits = 3) {
  if (x === null || x === undefined) return "–";
  if (Number.isNaN(x)) return "NaN";
  if (!isFinite(x)) return x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  if (size === 0) return "0";
  if (Number.isInteger(x) && size < 1e7) return x.toLocaleString("en").replace("-", "−");
  if (size >= 1e-3 && size < 1e5) return x.toPrecision(size >= 1000 ? 4 : digits).replace("-", "−");
  return x.toExponential(digits - 1).replace("e+", "e").replace(/^-/, "−");
}

function percent(x) {
  if (x === null || x === undefined) return "–";
  return `${x > 0 && x < 0.0995 ? number(100 * x, 2) : (100 * x).toFixed(0)} %`;
}

function count(x) {
  if (x < 1e4) return x.toLocaleString("en");
  const [size, unit] = x < 1e6 ? [1e3, "k"] : x < 1e9 ? [1e6, "M"] : [1e9, "G"];
  return (x / size).toPrecision(3) + " " + unit;
}

const shape = (sides) => (sides.length ? sides.join(" × ") : "1");
const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
/// The name of a type without the parts that all types have.
const typeName = (name) => name.replaceAll(/, (f32|f64|no bias)\b/g, "");

/// What a figure is called, what it means, and how it is shown.
const FIGURES = {
  output_grad: { name: "dR/dout", title: "RMS of the gradient at the output", scale: "log" },
  input_grad: { name: "dR/din", title: "RMS of the gradient at the input", scale: "log" },
  gain: {
    name: "gain", title: "|dR/dinput| / |dR/doutput|, the layer's factor in the length of the gradient",
    scale: "ratio",
  },
  output_rms: { name: "RMS out", title: "RMS of the output", scale: "log" },
  input_rms: { name: "RMS in", title: "RMS of the input", scale: "log" },
  slope: { name: "g′", title: "mean of |g′|", scale: "linear" },
  saturated: {
    name: "saturated", title: "share of numbers with |g′| below 0.05 of its maximum", scale: "linear", share: true,
  },
  dead: {
    name: "dead", title: "share of units whose output and g′ are 0 in every sample", scale: "linear", share: true,
  },
  smallest: { name: "σ min", title: "smallest singular value of W" },
  largest: { name: "σ max", title: "largest singular value of W" },
  share: { name: "through time", title: "share of the gradient of the last step that arrives at the first" },
  entropy: {
    name: "entropy", title: "entropy of the attention probabilities, divided by its maximum; mean of the heads",
    scale: "linear",
  },
  rate: { name: "a step", title: "factor of the gradient from one step to the step before" },
  cosine: { name: "cosine", title: "cosine of the angle between the gradients of the two paths" },
  weight: { name: "|W|", title: "norm of the parameters" },
  gradient: { name: "|dR/dW|", title: "norm of their gradient" },
  gradient_to_weight: { name: "dW/W", title: "|dR/dW| / |W|", scale: "log" },
  update_to_weight: { name: "update/W", title: "|update| / |W| of the step; about 1e-3 is healthy", scale: "log" },
};
const shortTitle = (name) => FIGURES[name].title.split(/[,;]/)[0];
const shown = (name, x) => (FIGURES[name]?.share ? percent(x) : number(x));

/// Colors that differ in lightness, so that they are told apart with any color vision and in print: viridis (van der
/// Walt, Smith 2015), and blue to red around a middle (ColorBrewer's RdBu).
const SEQUENCE = [
  "#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725",
].map(rgb);
const AROUND = ["#2166ac", "#67a9cf", "#d1e5f0", "#f7f7f7", "#fddbc7", "#ef8a62", "#b2182b"].map(rgb);
const ZERO = [0x9a, 0x9a, 0x9a];
const WRONG = [0xe0, 0x2f, 0x2f];

function rgb(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

function between(stops, share) {
  const place = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const at = Math.min(stops.length - 2, Math.floor(place));
  return stops[at].map((from, i) => Math.round(from + (stops[at + 1][i] - from) * (place - at)));
}

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/// From numbers to shares of a range and colors. Numbers outside the range have the color of its end.
class Scale {
  constructor(numbers, kind) {
    this.kind = kind;
    const usable = numbers.filter((x) => x !== null && isFinite(x) && (kind === "linear" || x > 0));
    const all = usable.map((x) => (kind === "linear" ? x : Math.log10(x))).sort((a, b) => a - b);
    // The few most extreme numbers do not determine the range of the colors.
    const edge = all.length > 400 ? Math.floor(all.length / 400) : 0;
    this.low = all.length ? all[edge] : 0;
    this.high = all.length ? all[all.length - 1 - edge] : 1;
    if (kind === "log") this.low = Math.min(this.low, this.high - 2);
    if (kind === "ratio") {
      this.high = Math.max(0.1, Math.abs(this.low), Math.abs(this.high));
      this.low = -this.high;
    }
    if (kind === "linear") [this.low, this.high] = [Math.min(0, this.low), Math.max(this.high, this.low + 1e-9)];
  }
  share(x) {
    return ((this.kind === "linear" ? x : Math.log10(x)) - this.low) / (this.high - this.low);
  }
  color(x) {
    if (x === null) return null;
    if (!isFinite(x)) return WRONG;
    if (x <= 0 && this.kind !== "linear") return ZERO;
    return this.at(this.share(x));
  }
  at(share) {
    // Both ends are visible against the page.
    const seen = Math.min(1, Math.max(0, share));
    return this.kind === "ratio"
      ? between(AROUND, seen)
      : between(SEQUENCE, isDark() ? 0.14 + 0.86 * seen : 0.97 * seen);
  }
  number(share) {
    const x = this.low + (this.high - this.low) * share;
    return this.kind === "linear" ? x : 10 ** x;
  }
}

const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
/// Black or white, whichever has more contrast: at least 4.5 to 1.
function inkOn(color) {
  const [r, g, b] = color.map((x) => ((x / 255) <= 0.04045 ? x / 255 / 12.92 : ((x / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000" : "#fff";
}
