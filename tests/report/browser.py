"""Opens the pages of `tests/flow/report.rs` in a browser, and uses them as a reader does.

    CHAINRULE_PAGES=FOLDER cargo test -p chainrule-tests --test flow report
    python tests/report/browser.py FOLDER [--pictures OTHER_FOLDER]

It needs selenium, and Debian's chromium and chromium-driver. Expected numbers are read from the JSON in the page by
Python, and not by the page's own code.
"""

import base64
import json
import math
import re
import shutil
import statistics
import struct
import sys
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

# The longest times in milliseconds, on a page of 200 layers and 2,000 steps: until it is loaded, and of an interaction.
LOAD, INTERACTION = 3000, 100
PHONE = 390


class Page:
    def __init__(self, folder):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.folder = Path(folder).resolve()
        # No request may leave the page, and what would ask the network is an error in the log.
        self.browser.execute_cdp_cmd("Network.enable", {})
        self.browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["http://*", "https://*"]})

    def open(self, name, width=1400, height=1000, dark=False):
        self.size(width, height)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        self.browser.get(f"file://{self.folder / name}.html")
        self.name, self.read = name, None
        return self

    @property
    def data(self):
        """The JSON of the page."""
        self.read = self.read or json.loads(self.js("return document.getElementById('data').textContent"))
        return self.read

    def size(self, width, height):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def js(self, code, *arguments):
        return self.browser.execute_script(code, *arguments)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0]).textContent", selector)

    def keys(self, *keys):
        ActionChains(self.browser).send_keys(*keys).perform()

    def healthy(self):
        """No error in the console, and nothing wider than the window."""
        log = [entry["message"] for entry in self.browser.get_log("browser") if entry["level"] != "INFO"]
        assert not log, (self.name, log)
        wide = self.js("return document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{self.name}: {wide} pixels too wide"

    def picture(self, folder, name):
        time.sleep(0.2)
        shot = self.browser.execute_cdp_cmd("Page.captureScreenshot", {})
        (Path(folder) / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


def number(text):
    """The number that a text of the page shows."""
    text = text.replace("−", "-").replace(",", "").replace(" %", "e-2").strip()
    return {"–": None, "∞": math.inf}[text] if text in ("–", "∞") else float(text)


def same(found, expected, digits=3):
    """Whether a text shows a number, rounded to some digits."""
    found = number(found) if isinstance(found, str) else found
    if expected is None or found is None:
        return expected == found
    expected = float(expected)
    return math.isclose(found, expected, rel_tol=0.51 * 10.0 ** (1 - digits), abs_tol=1e-300)


def packed(data, kind, column):
    """A packed column as {item: [a number for each step]}: the upper 24 bits of numbers of 64 bits."""
    own = data["training"]["figures"][kind][column]
    steps = len(data["training"]["steps"])
    raw = base64.b64decode(own["data"])
    numbers = [struct.unpack(">d", raw[at : at + 3] + bytes(5))[0] for at in range(0, len(raw), 3)]
    assert len(numbers) == steps * len(own["rows"])
    return {row: numbers[at * steps : (at + 1) * steps] for at, row in enumerate(own["rows"])}


def facts(page, selector):
    """The figures of a layer in the panel or the tooltip, by their names."""
    names = page.js("return [...document.querySelectorAll(arguments[0] + ' dt')].map((own) => own.textContent)", selector)
    values = page.js("return [...document.querySelectorAll(arguments[0] + ' dd')].map((own) => own.textContent)", selector)
    assert len(names) == len(values) > 0, selector
    return dict(zip(names, values))


def layer(data, path):
    return next(at for at, own in enumerate(data["layers"]) if own["path"] == path)


def check_figures(page, selector, at, flow):
    """The figures in the panel or the tooltip are those of the JSON."""
    shown, columns = facts(page, selector), page.data["flows"][flow]["figures"]["layers"]
    for name, column in [("dR/dout", "output_grad"), ("dR/din", "input_grad"), ("gain", "gain"), ("RMS out", "output_rms"), ("cosine", "cosine")]:
        expected = columns.get(column, [None] * len(page.data["layers"]))[at]
        if expected is None:
            assert name not in shown, (name, shown)
        else:
            assert same(shown[name], expected), (name, shown[name], expected)
    if columns["largest"][at] is not None:
        low, high = shown["σ of W"].removeprefix("≤ ").split(" to ")
        assert same(low, columns["smallest"][at]) and same(high, columns["largest"][at]), shown
    if columns["slope"][at] is not None:
        assert same(shown["g′"].split(" of ")[0], columns["slope"][at]), shown
    return shown


def hover_shows_the_figures(page):
    page.open("mixed", height=2600)
    for path in ["0", "1.0.branch.0", "1.0.branch.1", "1.1.branch.2", "3.1.0", "4.gate.1", "6"]:
        at = layer(page.data, path)
        ActionChains(page.browser).move_to_element(page.one(f"#box-{at} .shape")).perform()
        assert page.text("#tooltip b").startswith(path + " ")
        check_figures(page, "#tooltip", at, 0)
    # The two paths of a residual block, whose shares are also in its frame.
    block = layer(page.data, "1.0")
    ActionChains(page.browser).move_to_element(page.one(f"#box-{block} .name")).perform()
    shown, items = check_figures(page, "#tooltip", block, 0), page.data["items"]["paths"]
    grads = [page.data["flows"][0]["figures"]["paths"]["input_grad"][item] for item, own in enumerate(items["layer"]) if own == block]
    for name, grad in zip(["by branch", "by skip"], grads):
        value, share = re.fullmatch(r"(\S+) \((\d+) %\)", shown[name]).groups()
        assert same(value, grad) and abs(float(share) - 100 * grad / sum(grads)) <= 0.5001, (shown, grads)
        assert f"{name.removeprefix('by ')} {share} %" in page.text(f"#box-{block} .value")
    assert page.js("return document.querySelectorAll('.wire.skip').length") == 4  # three blocks and the gate
    # Away from the layers there is no tooltip.
    ActionChains(page.browser).move_to_element(page.one("h1")).perform()
    assert not page.one("#tooltip").is_displayed()
    page.healthy()


def click_selects_everywhere(page):
    page.open("mixed", height=2600)
    at = layer(page.data, "1.2.branch.2")
    page.one(f"#box-{at} .shape").click()
    check_figures(page, "#details", at, 0)
    assert page.text("#details h2").startswith("1.2.branch.2 Linear<16, 16>")
    assert page.one(f"#box-{at}").get_attribute("aria-selected") == "true"
    assert [row.get_attribute("data-layer") for row in page.all("#layers tr.selected")] == [str(at)]
    # Both histograms of the layer have all of its numbers.
    bars = page.all("#details .histogram svg")
    for bar, histogram in zip(bars, page.data["flows"][0]["histograms"][str(at)], strict=True):
        assert f"{sum(histogram['counts']):,} number" in bar.get_attribute("aria-label")
    # From a table, and from a path in the verdict.
    page.one("#layers tbody tr:nth-child(2) .link").click()
    assert page.text("#details h2").startswith("0 Linear<8, 16>")
    link = page.one("#verdict .why .link")
    link.click()
    assert page.text("#details h2").startswith(link.text + " ")
    # A block is collapsed and expanded.
    before, block = len(page.all("#diagram .layer")), layer(page.data, "1.0")
    page.one(f"#box-{block} .fold").click()
    assert len(page.all("#diagram .layer")) == before - 3
    assert page.one(f"#box-{block}").get_attribute("class") == "folded"
    page.one(f"#box-{block} .fold").click()
    assert len(page.all("#diagram .layer")) == before
    page.one("#fold").click()
    assert len(page.all("#diagram .layer")) == 2
    # Selecting a layer of a collapsed block expands it.
    page.js("select(arguments[0], true)", at)
    assert page.one(f"#box-{at}").is_displayed()
    page.healthy()


def slider_and_tabs(page):
    page.open("plain", height=1400)
    data = page.data
    grads, steps = packed(data, "layers", "output_grad"), data["training"]["steps"]
    at = layer(data, "1.7.1")
    page.js("select(arguments[0])", at)

    def check(step):
        assert page.text("#step") == f"step {steps[step]}"
        assert page.one("#slider").get_attribute("aria-valuetext") == f"step {steps[step]}"
        assert same(facts(page, "#details")["dR/dout"], grads[at][step])
        assert same(page.text(f"#box-{at} .value"), grads[at][step], digits=2)
        assert same(page.text("#verdict .figures b"), data["training"]["loss"][step], digits=4)
        why = data["training"]["verdicts"][data["training"]["verdict"][step]]["why"].replace("`", "")
        assert page.text("#verdict .why").lower().rstrip(".") == why.lower().rstrip(".")
        # The table follows when the steps stop.
        column = [th.text for th in page.all("#layers th")].index("dR/dout") + 1
        time.sleep(0.4)
        assert same(page.text(f"#layers tr[data-layer='{at}'] td:nth-child({column})"), grads[at][step])

    page.one("[data-flow='-1']").click()
    check(len(steps) - 1)
    page.one("#slider").send_keys(Keys.HOME)
    time.sleep(0.1)
    check(0)
    page.one("#slider").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    time.sleep(0.1)
    check(2)
    # With the pointer, to its middle.
    ActionChains(page.browser).move_to_element(page.one("#slider")).click().perform()
    time.sleep(0.1)
    check(page.js("return state.step"))
    assert abs(page.js("return state.step") - len(steps) / 2) <= 1
    page.js("document.activeElement.blur()")
    for key, by in [("]", 1), ("[", -1)]:
        before = page.js("return state.step")
        page.keys(key)
        check(before + by)
    # A mark goes to its step.
    page.one(".marks button").click()
    assert page.text("#step") == f"step {data['marks'][0]['step']}"
    # The warnings of the recorder have marks too.
    titles = [mark.get_attribute("title") for mark in page.all(".marks button")]
    assert any("rose 40-fold" in title for title in titles), titles
    # The heat map selects a layer and a step.
    canvas = page.one(".heat canvas")
    page.js("arguments[0].scrollIntoView({block: 'center'})", canvas)
    ActionChains(page.browser).move_to_element_with_offset(canvas, -canvas.size["width"] // 2 + 3, -canvas.size["height"] // 2 + 1).click().perform()
    assert page.js("return [state.step, state.flow, LAYERS[state.layer].path]") == [0, -1, "0"]
    figures = [option.get_attribute("value") for option in page.all("#heat option")]
    assert figures == ["output_grad", "update_to_weight", "gain", "output_rms", "slope", "saturated", "dead"], figures
    for figure in figures:
        Select(page.one("#heat")).select_by_value(figure)
    # It plays to the end.
    page.one("#play").click()
    deadline = time.time() + 10
    while page.js("return state.step") < len(steps) - 1 and time.time() < deadline:
        time.sleep(0.1)
    time.sleep(0.2)
    assert page.text("#step") == f"step {steps[-1]}" and page.one("#play").get_attribute("aria-label") == "Play"
    # A row of the table that is in sight follows at once.
    page.js("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", f"#layers tr[data-layer='{at}']")
    time.sleep(0.5)
    page.js("show(-1, 5)")
    column = [th.text for th in page.all("#layers th")].index("dR/dout") + 1
    assert same(page.text(f"#layers tr[data-layer='{at}'] td:nth-child({column})"), grads[at][5])
    page.js("scrollTo(0, 0)")
    # A flow again.
    page.one("[data-flow='1']").click()
    page.js("select(arguments[0])", at)
    check_figures(page, "#details", at, 1)
    page.healthy()


def tables_sort_filter_and_copy(page):
    page.open("mixed")
    heads = [th.text for th in page.all("#layers th")]
    gains = page.data["flows"][0]["figures"]["layers"]["gain"]
    order = lambda: [int(row) for row in page.js("return [...document.querySelectorAll('#layers tbody tr')].map((row) => row.dataset.layer)")]
    start = order()
    head = page.all("#layers th")[heads.index("gain")]
    head.find_element(By.TAG_NAME, "button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert [gains[at] for at in order()] == sorted(gains[at] for at in start)
    head.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)  # by the keyboard
    assert head.get_attribute("aria-sort") == "descending"
    assert [gains[at] for at in order()] == sorted((gains[at] for at in start), reverse=True)
    # Layers without the figure come last, in both directions.
    slopes = page.data["flows"][0]["figures"]["layers"]["slope"]
    for _ in range(2):
        page.all("#layers th button")[heads.index("g′")].click()
        found = [slopes[at] is None for at in order()]
        assert found == sorted(found)
    page.all("#layers th button")[heads.index("path")].click()
    paths = [page.data["layers"][at]["path"] or "(network)" for at in order()]
    natural = lambda path: [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in path.split(".")]
    assert paths[1:] == sorted(paths[1:], key=natural)
    page.one("#layers input").send_keys("tanh")
    seen = [row for row in page.all("#layers tbody tr") if row.is_displayed()]
    assert seen and all("tanh" in row.text.lower() for row in seen)
    # What is copied is what is seen, with all digits of the JSON.
    page.js("window.copied = null; navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.one("#layers .buttons button").click()
    time.sleep(0.1)
    lines = page.js("return window.copied").strip().split("\n")
    assert len(lines) == 1 + len(seen) and lines[0].startswith("path,layer,output,parameters,output_grad,gain")
    assert "copied" in page.text("#layers .buttons")
    at = layer(page.data, "2.branch.1")
    row = next(line for line in lines if line.startswith("2.branch.1,"))
    assert float(row.split(",")[5]) == gains[at], row
    # The parameters.
    norms = page.data["flows"][0]["figures"]["parameters"]["weight"]
    column = [th.text for th in page.all("#parameters th")].index("|W|") + 1
    for row in (1, 4, 9):
        assert same(page.text(f"#parameters tbody tr:nth-child({row}) td:nth-child({column})"), norms[row - 1])
    page.healthy()


def keyboard_and_theme(page):
    page.open("mixed", height=1000)
    background = lambda: page.js("return getComputedStyle(document.body).backgroundColor")
    light = background()
    page.one("#theme").click()
    dark = background()
    assert light != dark
    page.keys("t")
    assert background() == light
    page.open("mixed", dark=True)
    assert background() == dark  # as the system says
    # From layer to layer, with the figures of each next to it once the diagram has the focus.
    page.js("select(diagram.order[0])")
    page.keys("j", "j", "k")
    assert page.js("return diagram.order.indexOf(state.layer)") == 1
    for _ in range(60):
        if page.js("return document.activeElement.id") == "diagram":
            break
        page.keys(Keys.TAB)
    assert page.js("return document.activeElement.id") == "diagram"
    assert page.js("return getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keys(Keys.ARROW_DOWN)
    at = page.js("return state.layer")
    assert page.js("return diagram.order.indexOf(state.layer)") == 2
    assert page.one("#diagram").get_attribute("aria-activedescendant") == f"box-{at}"
    time.sleep(0.1)
    assert page.one("#tooltip").is_displayed()
    check_figures(page, "#tooltip", at, 0)
    for _ in range(30):
        page.keys(Keys.ARROW_DOWN)
    time.sleep(0.1)
    box, frame = page.one(f"#box-{page.js('return state.layer')}").rect, page.one("#diagram").rect
    assert frame["y"] <= box["y"] <= frame["y"] + frame["height"], "the selected layer is not in sight"
    step = page.js("return state.step")
    page.keys(Keys.ARROW_LEFT)
    assert page.js("return [state.flow, state.step]") == [-1, step - 1]
    page.keys("?")
    assert page.one("#help").is_displayed() and "previous layer" in page.text("#help")
    page.keys(Keys.ESCAPE)
    assert not page.one("#help").is_displayed()
    page.keys("/")
    assert page.js("return document.activeElement.getAttribute('aria-label')") == "Filter Layers"
    page.keys("j")  # now a letter of the filter
    assert page.js("return document.activeElement.value") == "j"
    page.healthy()


def every_page_everywhere(page):
    """All pages open without errors, dark and light, wide and as narrow as a phone; buttons and pictures have names."""
    for path in sorted(page.folder.glob("*.html")):
        for width, dark in [(1400, False), (PHONE, True)]:
            page.open(path.stem, width=width, height=844, dark=dark)
            page.healthy()
            nameless = page.js("""
                return [...document.querySelectorAll("button, input, select, svg[role=img], canvas")]
                    .filter((own) => !(own.getAttribute("aria-label") || own.textContent.trim())).map((own) => own.outerHTML.slice(0, 80))""")
            assert not nameless, (path.stem, nameless)
    # Texts are texts.
    page.open("texts")
    assert '<script>alert("1")</script>' in page.browser.title
    assert page.js("return document.querySelector('h1').textContent") == page.data["title"]
    assert page.js("return document.querySelectorAll('main script, main b script').length") == 0
    # No gradient, and no network.
    page.open("non_finite")
    assert page.text("#verdict .chip").endswith("non-finite") and "not finite" in page.text("#verdict .figures")
    page.open("sections")
    assert page.text("#section-0") == "A noteand no network"
    # Images and sequences.
    page.open("recurrent")
    assert len(page.all("#diagram path.time")) == 3 and "gates alone" in page.text("#details")
    page.open("resnet")
    assert len(page.all("#diagram .wire.skip")) == 3
    # Printed, the page has all layers and no buttons.
    page.open("plain")
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not page.one("#theme").is_displayed()
    assert page.js("const own = document.getElementById('diagram'); return own.scrollHeight - own.clientHeight") <= 1
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def contrast(page):
    """Texts have a contrast of at least 4.5 to 1 (WCAG 2.1, AA), also on the colored layers."""
    code = """
        const light = (text) => {
            const [r, g, b] = text.match(/[\\d.]+/g).slice(0, 3).map(Number)
                .map((x) => (text.startsWith("color(") ? x : x / 255)).map((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
        const low = [];
        for (const box of document.querySelectorAll("#diagram .layer")) {
            const ground = getComputedStyle(box.querySelector(".shape")).fill;
            for (const text of box.querySelectorAll("text, tspan")) {
                const own = ratio(getComputedStyle(text).fill, ground);
                if (own < 4.5) low.push([box.id, own]);
            }
        }
        const surface = (own) => { for (; own; own = own.parentElement) { const c = getComputedStyle(own).backgroundColor; if (!/, 0\\)$/.test(c)) return c; } return "rgb(255, 255, 255)"; };
        for (const own of document.querySelectorAll("p, span, dt, dd, th button, td, h1, h2, h3, .link, .chip, button")) {
            if (!own.offsetParent || !own.textContent.trim() || own.closest(".off")) continue;
            const found = ratio(getComputedStyle(own).color, surface(own));
            if (found < 4.5) low.push([own.outerHTML.slice(0, 90), found]);
        }
        return low;"""
    for name in ["plain", "mixed"]:
        for dark in (False, True):
            low = page.open(name, dark=dark).js(code)
            assert not low, (name, dark, low[:5])


def two_hundred_layers_and_two_thousand_steps(page):
    def milliseconds(action, times=15):
        code = """
            const run = %s[arguments[0]], found = [];
            for (let turn = 0; turn < arguments[1]; turn += 1) {
                const start = performance.now();
                run(turn);
                document.body.offsetHeight; // the layout belongs to it
                found.push(performance.now() - start);
            }
            return found;"""
        return statistics.median(page.js(code % ACTIONS, action, times))

    # Other processes may use the machine: the best of three.
    loads = []
    for _ in range(3):
        page.open("large")
        loads.append(page.js("const [own] = performance.getEntriesByType('navigation'); return own.loadEventEnd - own.startTime"))
        if loads[-1] < LOAD:
            break
    assert page.js("return STEPS") == 2000 and len(page.all("#diagram .layer")) == 200
    times = {action: milliseconds(action) for action in ["step", "select", "sort", "fold"]}
    print(f"  {(page.folder / 'large.html').stat().st_size / 1e6:.1f} MB: loads in {min(loads):.0f} ms;", ", ".join(f"{name} {ms:.0f} ms" for name, ms in times.items()))
    assert min(loads) < LOAD, loads
    assert times["step"] < INTERACTION and times["select"] < INTERACTION, times
    page.healthy()


# What is timed.
ACTIONS = """{
    step: (turn) => show(-1, (turn * 131) % STEPS),
    select: (turn) => select(LEAVES[(turn * 37) % LEAVES.length], true),
    sort: (turn) => document.querySelectorAll("#layers th button")[4 + (turn % 2)].click(),
    fold: (turn) => foldAll(turn % 2 === 0),
}"""


def pictures(page, folder):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name in ["plain", "mixed", "resnet", "recurrent", "large", "one_layer", "non_finite", "texts"]:
        for look, width, height, dark in [("light", 1400, 1000, False), ("dark", 1400, 1000, True), ("phone", PHONE, 1600, False)]:
            page.open(name, width, height, dark).picture(folder, f"{name}_{look}")


def main():
    page = Page(sys.argv[1])
    try:
        if sys.argv[2:3] == ["--pictures"]:
            return pictures(page, sys.argv[3])
        for test in [
            hover_shows_the_figures,
            click_selects_everywhere,
            slider_and_tabs,
            tables_sort_filter_and_copy,
            keyboard_and_theme,
            every_page_everywhere,
            contrast,
            two_hundred_layers_and_two_thousand_steps,
        ]:
            start = time.time()
            test(page)
            print(f"ok {test.__name__} ({time.time() - start:.1f} s)")
    finally:
        page.browser.quit()


if __name__ == "__main__":
    main()
