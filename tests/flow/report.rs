//! The page of a report: it needs nothing outside itself, its data are those of the flow, and any text and any number
//! is safe in it. `tests/report/browser.py` looks at the pages in a browser.

use std::fs;
use std::path::Path;

use chainrule::flow::{Flow, FlowState, LayerFlow, Record, Recorder, Report, ReportError};
use chainrule::prelude::*;
use serde_json::Value;

/// The folder to which pages are written, for `browser.py`.
const FOLDER: &str = "CHAINRULE_PAGES";

/// Writes a page for `browser.py`, if `CHAINRULE_PAGES` is set.
fn for_browser(name: &str, report: &Report<'_>) {
    if let Ok(folder) = std::env::var(FOLDER) {
        report.save(Path::new(&folder).join(name).with_extension("html")).unwrap();
    }
}

type X = Vector<8>;

fn inputs() -> Vec<X> {
    (0..32).map(|sample| Vector(std::array::from_fn(|i| ((sample * 7 + i * 3) as f32 * 0.7).sin()))).collect()
}

fn labels() -> Vec<Label<3>> {
    (0..32).map(|sample| Label::new(sample % 3).unwrap()).collect()
}

fn flow<N: Maps<X, Vector<3>>>(net: &N) -> Flow {
    net.flow(&CrossEntropy::default(), &inputs(), &labels()).unwrap()
}

/// A flow before and after a training, and its records.
fn trained<N: Maps<X, Vector<3>>>(steps: u64, every: u64) -> (Flow, Flow, Recorder) {
    let net = N::init(&mut rng(1));
    let (before, mut recorder) = (flow(&*net), Recorder::every(every));
    let mut trainer = Trainer::new(net, CrossEntropy::default(), Adam::<N>::new(0.01), 1);
    for _ in 0..steps {
        trainer.step_recorded(&inputs(), &labels(), &mut recorder).unwrap();
    }
    (before, flow(&*trainer.network), recorder)
}

fn data(html: &str) -> Value {
    let (_, rest) = html.split_once(r#"<script type="application/json" id="data">"#).unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

/// A number of the page, in which those that are not finite are texts.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.replace("Infinity", "inf").parse().unwrap()),
        number => Some(number.as_f64().unwrap()),
    }
}

/// Four significant digits, which are off by half of the last one.
#[track_caller]
fn assert_four_digits(found: Option<f64>, expected: Option<f64>) {
    let same = match (found, expected) {
        (Some(a), Some(b)) => (a - b).abs() <= 5.001e-4 * b.abs() || a.is_nan() && b.is_nan() || a == b,
        (a, b) => a == b,
    };
    assert!(same, "{found:?} on the page, {expected:?} in the flow");
}

type Plain = (Linear<8, 16>, [(Sigmoid, Linear<16, 16>); 20], Sigmoid, Linear<16, 3>);
type Mixed = (
    Linear<8, 16>,
    [Residual<(BatchNorm<16>, Relu, Linear<16, 16>)>; 3],
    Residual<(Linear<16, 12>, Tanh), Linear<16, 12>>,
    Concat<(Linear<12, 6>, (Linear<12, 6>, Relu))>,
    Highway<(Linear<12, 12>, Tanh), 12>,
    Shared<(Tanh, Linear<12, 12>), 2>,
    Linear<12, 3>,
);

#[test]
fn the_page_needs_nothing_outside_itself() {
    let (before, after, recorder) = trained::<Plain>(40, 2);
    let report = Report::new("Twenty layers of sigmoid")
        .flow("before", &before)
        .flow("after", &after)
        .recorder(&recorder)
        .mark(12, "the gradient of `0` rose 40-fold")
        .note("Note", "The layer `1.3.1`, and <b>no</b> markup.")
        .table(
            "Noise",
            ["layer", "signal to noise"],
            [vec!["1.3.1".into(), 0.25.into()], vec!["0".into(), 12_usize.into()]],
        )
        .histogram("Histogram", before.layers[1].outputs.as_ref().unwrap())
        .lines("Rate", ["learning rate", "loss"], [("loss", vec![(0.1, 2.0), (0.2, 1.0), (0.3, f64::NAN)])]);
    for_browser("plain", &report);
    let html = report.html().unwrap();
    assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"));
    assert!(html.contains(
        r#"content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:""#
    ));
    for outside in
        ["http:", "https:", "//cdn", " src=", "@import", "url(", "fetch(", "XMLHttpRequest", "import("]
    {
        let found = html.matches(outside).count();
        // The name of SVG's elements is not an address.
        let names = if outside == "http:" { html.matches("http://www.w3.org/2000/svg").count() } else { 0 };
        assert_eq!(found, names, "{outside}");
    }
    // What is linked to is on the page.
    for (_, link) in html.match_indices("href=\"").map(|(at, href)| (at, &html[at + href.len()..])) {
        let id = link.strip_prefix('#').unwrap().split('"').next().unwrap();
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
    }
    assert!(html.len() < 250_000, "{}", html.len());
}

#[test]
fn the_data_of_the_page_are_the_figures_of_the_flow() {
    let (before, after, recorder) = trained::<Mixed>(60, 4);
    let report = Report::new("Mixed").flow("before", &before).flow("after", &after).recorder(&recorder);
    for_browser("mixed", &report);
    let page = data(&report.html().unwrap());
    assert_eq!(page["layers"].as_array().unwrap().len(), before.layers.len());
    for (name, flow, found) in [("before", &before, &page["flows"][0]), ("after", &after, &page["flows"][1])]
    {
        assert_eq!(found["name"], name);
        assert_eq!(found["samples"], 32);
        assert_four_digits(number(&found["loss"]), flow.loss);
        let verdict = flow.verdict();
        assert_eq!(found["verdict"]["state"], verdict.state.to_string());
        assert_eq!(
            (found["verdict"]["why"].as_str(), found["verdict"]["cure"].as_str()),
            (Some(&verdict.why[..]), Some(&verdict.cure[..]))
        );
        let figures = &found["figures"]["layers"];
        for (at, layer) in flow.layers.iter().enumerate() {
            let shown = &page["layers"][at];
            assert_eq!(
                (shown["path"].as_str(), shown["layer"].as_str()),
                (Some(&layer.path[..]), Some(&layer.layer[..]))
            );
            assert_eq!(serde_json::to_value(layer.output_shape).unwrap(), shown["output"]);
            let column = |name: &str| number(&figures[name][at]);
            assert_four_digits(column("output_grad"), layer.output_grad_rms);
            assert_four_digits(column("input_grad"), layer.input_grad_rms);
            assert_four_digits(column("gain"), layer.gain);
            assert_four_digits(column("output_rms"), Some(layer.output_rms));
            assert_four_digits(column("slope"), layer.activation.map(|slope| slope.mean));
            assert_four_digits(column("dead"), layer.activation.map(|slope| slope.dead));
            assert_four_digits(column("cosine"), layer.cosine);
            let spectrum = layer.weights.and_then(|weights| weights.spectrum);
            assert_four_digits(column("largest"), spectrum.map(|spectrum| spectrum.largest));
            let [outputs, grads] = [0, 1].map(|kind| &found["histograms"][at.to_string()][kind]);
            assert_eq!(*outputs, serde_json::to_value(&layer.outputs).unwrap());
            assert_eq!(*grads, serde_json::to_value(&layer.output_grads).unwrap());
        }
        let norms = flow.layers.iter().flat_map(|layer| &layer.parameters);
        for (at, parameter) in norms.enumerate() {
            assert_eq!(page["items"]["parameters"]["name"][at], parameter.name);
            assert_eq!(page["items"]["parameters"]["size"][at], parameter.len);
            assert_four_digits(number(&found["figures"]["parameters"]["weight"][at]), Some(parameter.norm));
        }
        let paths = flow.layers.iter().flat_map(|layer| &layer.paths);
        for (at, path) in paths.enumerate() {
            assert_eq!(page["items"]["paths"]["name"][at], path.name);
            assert_four_digits(
                number(&found["figures"]["paths"]["input_grad"][at]),
                Some(path.input_grad_rms),
            );
        }
    }
}

/// The numbers of a packed column, row by row: the upper 24 bits of an `f64` in four digits of base64.
fn unpacked(data: &str) -> Vec<f64> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let bits = |four: &[u8]| four.iter().fold(0, |bits, c| bits << 6 | u64::from(digit(*c)));
    data.as_bytes().chunks(4).map(|four| f64::from_bits(bits(four) << 40)).collect()
}

#[test]
fn each_recorded_step_has_the_figures_of_its_record() {
    let (_, _, recorder) = trained::<Mixed>(30, 3);
    let page = data(&Report::new("").recorder(&recorder).html().unwrap());
    let (training, records) = (&page["training"], recorder.records());
    assert_eq!(training["stride"], 1);
    let compare = |kind: &str, name: &str, of: &dyn Fn(&LayerFlow) -> Vec<Option<f64>>, stacks: bool| {
        let packed = &training["figures"][kind][name];
        let rows: Vec<usize> = serde_json::from_value(packed["rows"].clone()).unwrap();
        let numbers = unpacked(packed["data"].as_str().unwrap());
        assert_eq!(numbers.len(), rows.len() * records.len());
        let mut compared = 0;
        for (step, record) in records.iter().enumerate() {
            let all: Vec<(usize, Option<f64>)> = record
                .flow
                .layers
                .iter()
                .enumerate()
                .flat_map(|(at, layer)| of(layer).into_iter().map(move |x| (at, x)))
                .collect();
            for (item, (layer, expected)) in all.into_iter().enumerate() {
                match rows.iter().position(|row| *row == item) {
                    Some(row) => {
                        let found = numbers[row * records.len() + step];
                        assert_four_digits((found != f64::NEG_INFINITY).then_some(found), expected);
                        compared += 1;
                    }
                    // A stack has the figures of the layers inside it.
                    None => {
                        assert!(expected.is_none() || stacks && page["layers"][layer]["factor"] == "product")
                    }
                }
            }
        }
        assert!(compared >= records.len(), "{kind} {name}");
    };
    compare("layers", "output_grad", &|layer| vec![layer.output_grad_rms], true);
    compare("layers", "gain", &|layer| vec![layer.gain], true);
    compare("layers", "saturated", &|layer| vec![layer.activation.map(|slope| slope.saturated)], true);
    compare("layers", "cosine", &|layer| vec![layer.cosine], true);
    compare(
        "paths",
        "input_grad",
        &|layer| layer.paths.iter().map(|path| Some(path.input_grad_rms)).collect(),
        false,
    );
    compare(
        "parameters",
        "update",
        &|layer| layer.parameters.iter().map(|own| own.update_norm).collect(),
        false,
    );
    // Over all parameters of a layer.
    let norm = |layer: &LayerFlow| {
        let square: f64 = layer.parameters.iter().map(|own| own.norm.powi(2)).sum();
        vec![(!layer.parameters.is_empty()).then(|| square.sqrt())]
    };
    compare("layers", "weight", &norm, true);
    for (step, record) in records.iter().enumerate() {
        assert_eq!(training["steps"][step], record.step);
        assert_eq!(training["samples"][step], record.flow.samples);
        assert_four_digits(number(&training["loss"][step]), record.flow.loss);
        let verdict = training["verdict"][step].as_u64().unwrap() as usize;
        assert_eq!(training["verdicts"][verdict]["why"], record.flow.verdict().why);
    }
}

#[test]
fn any_text_is_safe_in_the_page() {
    let text = "</script><script>alert(\"1\")</script> <!-- 'quoted' {data} {script} \\ \u{2028} 梯度 \u{0}";
    let (before, ..) = trained::<Mixed>(0, 1);
    let report = Report::new(text).flow(text, &before).note(text, text).table(
        text,
        [text, "b"],
        [vec![text.into(), Some(f64::NAN).into()], vec![None::<f64>.into()]],
    );
    for_browser("texts", &report);
    let html = report.html().unwrap();
    let plain = Report::new("").flow("", &before).html().unwrap();
    // The texts add no element.
    for element in ["<script", "</script", "<!--", "</title"] {
        assert_eq!(html.matches(element).count(), plain.matches(element).count(), "{element}");
    }
    let page = data(&html);
    assert_eq!(page["title"], text);
    assert_eq!(page["flows"][0]["name"], text);
    // The first section has the parts inside the network.
    assert_eq!(page["sections"][1]["text"], text);
    assert_eq!(page["sections"][2]["rows"][0], serde_json::json!([text, ["NaN"]]));
    assert_eq!(page["sections"][2]["rows"][1], serde_json::json!([null]));
}

#[test]
fn what_has_no_gradient_or_no_numbers_is_a_page_too() {
    // One layer.
    let one = flow(&*Linear::<8, 3>::init(&mut rng(1)));
    for_browser("one_layer", &Report::new("One layer").flow("now", &one));
    assert_eq!(
        data(&Report::new("").flow("now", &one).html().unwrap())["layers"].as_array().unwrap().len(),
        1
    );

    // A forward pass that is not finite.
    let mut net = Plain::init(&mut rng(1));
    net.1[3].1.bias[0] = f32::NAN;
    let wrong = flow(&*net);
    assert_eq!((wrong.loss, wrong.verdict().state), (None, FlowState::NonFinite));
    let right = flow(&*Plain::init(&mut rng(1)));
    let report = Report::new("Not finite").flow("wrong", &wrong).flow("right", &right);
    for_browser("non_finite", &report);
    let page = data(&report.html().unwrap());
    assert_eq!(
        (&page["flows"][0]["loss"], &page["flows"][0]["verdict"]["state"]),
        (&Value::Null, &"non-finite".into())
    );
    let bad = wrong.layers.iter().position(|layer| layer.output_rms.is_nan()).unwrap();
    assert_eq!(page["flows"][0]["figures"]["layers"]["output_rms"][bad], "NaN");
    assert!(page["flows"][0]["figures"]["parameters"].get("gradient").is_none());

    // Sections alone, and nothing at all.
    let sections = Report::new("Sections").note("A note", "and no network");
    for_browser("sections", &sections);
    sections.html().unwrap();
    assert!(matches!(Report::new("").html(), Err(ReportError::Empty)));
    assert!(matches!(Report::new("").recorder(&Recorder::every(1)).html(), Err(ReportError::Empty)));
    let empty = Flow { loss: None, samples: 0, expected: None, layers: vec![] };
    Report::new("").flow("empty", &empty).html().unwrap();
}

#[test]
fn flows_of_two_networks_are_an_error_that_names_the_first_difference() {
    let (a, b) =
        (flow(&*Linear::<8, 3>::init(&mut rng(1))), flow(&*<(Linear<8, 3>, Tanh)>::init(&mut rng(1))));
    let error = Report::new("").flow("a", &a).flow("b", &b).html().unwrap_err().to_string();
    assert!(
        error.starts_with(
            "the flow `b` is not of the same network as the flow `a`: it has `(Linear<8, 3>, Tanh)`"
        ),
        "{error}"
    );
    let records = [Record { step: 7, flow: b, mean_loss: None }];
    let error = Report::new("").flow("a", &a).records(&records).html().unwrap_err().to_string();
    assert!(error.starts_with("the record of step 7"), "{error}");
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flow.html");
    let (a, b) =
        (flow(&*Linear::<8, 3>::init(&mut rng(1))), flow(&*<(Linear<8, 3>, Tanh)>::init(&mut rng(1))));
    fs::write(&path, "old").unwrap();
    assert!(matches!(Recorder::every(1).report(&path), Err(ReportError::Empty)));
    Report::new("").flow("a", &a).flow("b", &b).save(&path).unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    a.report(&path).unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        Report::new("Gradient flow").flow("this batch", &a).html().unwrap()
    );
    for wrong in [folder.path().to_path_buf(), folder.path().join("missing").join("flow.html")] {
        let Err(ReportError::Io { path, .. }) = a.report(&wrong) else { panic!("{wrong:?}") };
        assert_eq!(path, wrong);
    }
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["flow.html"]);
}

type Deep = (Linear<8, 4>, [(Tanh, Linear<4, 4>); 99], Linear<4, 3>);

/// Records of this many steps in which the gradient shrinks and grows: copies of one, which a training would take
/// minutes for in a test.
fn records(steps: u64) -> Vec<Record> {
    let (_, _, recorder) = trained::<Deep>(1, 1);
    let one = &recorder.records()[0].flow;
    let record = |step: u64| {
        let mut flow = one.clone();
        let by = |at: usize| 1.0 + 0.9 * (step as f64 / 150.0 + at as f64 / 40.0).sin();
        for (at, layer) in flow.layers.iter_mut().enumerate() {
            layer.output_grad_rms = layer.output_grad_rms.map(|rms| rms * by(at));
            layer.gain = layer.gain.map(|gain| gain * by(at + 1) / by(at));
        }
        flow.loss = Some(1.1 * (-(step as f64) / 1000.0).exp());
        Record { step, flow, mean_loss: None }
    };
    (0..steps).map(record).collect()
}

#[test]
fn two_hundred_layers_and_two_thousand_steps_take_less_than_12_megabytes() {
    // The bytes of a step, from 700 steps on: with more parameters times steps than a page shows for each parameter.
    let all = records(if std::env::var(FOLDER).is_ok() { 2000 } else { 750 });
    assert_eq!(all[0].flow.leaves().count(), 200);
    let report = |steps: usize| Report::new("200 layers, 2,000 steps").records(&all[..steps]);
    if all.len() == 2000 {
        assert!(report(2000).html().unwrap().len() < 12_000_000);
        return for_browser("large", &report(2000));
    }
    let [some, more] = [700, 750].map(|steps| report(steps).html().unwrap().len());
    let step = (more - some) / 50;
    assert!(some + 1300 * step < 12_000_000, "{some} bytes for 700 steps, {step} for each step more");
}

type Conv3<const IN: usize, const OUT: usize, const STRIDE: usize = 1> =
    Conv2d<IN, OUT, 3, STRIDE, 1, f32, NoBias>;
type Block<const C: usize> = (Residual<(Conv3<C, C>, BatchNorm<C>, Relu, Conv3<C, C>, BatchNorm<C>)>, Relu);
type Down<const A: usize, const B: usize> = (
    Residual<
        (Conv3<A, B, 2>, BatchNorm<B>, Relu, Conv3<B, B>, BatchNorm<B>),
        (Conv2d<A, B, 1, 2, 0, f32, NoBias>, BatchNorm<B>),
    >,
    Relu,
);
type ResNet =
    ((Conv3<1, 4>, BatchNorm<4>, Relu), [Block<4>; 2], (Down<4, 8>, Block<8>), GlobalAvgPool, Linear<8, 3>);

#[test]
fn images_and_sequences_have_pages() {
    let images: Vec<Image<1, 8, 8>> = (0..8)
        .map(|sample| {
            Image([std::array::from_fn(|y| std::array::from_fn(|x| ((sample * 5 + y * 3 + x) as f32).sin()))])
        })
        .collect();
    let flow = ResNet::init(&mut rng(1)).flow(&CrossEntropy::default(), &images, &labels()[..8]).unwrap();
    let report = Report::new("A residual network").flow("this batch", &flow);
    for_browser("resnet", &report);
    assert_eq!(data(&report.html().unwrap())["layers"][1]["output"], serde_json::json!([4, 8, 8]));

    type Recurrent =
        (Bidirectional<Lstm<3, 6>>, PerStep<(Linear<12, 8>, Tanh)>, Gru<8, 4>, LastStep, Linear<4, 3>);
    let steps = |sample: usize| {
        Sequence::<60, 3>(std::array::from_fn(|t| [((sample + t) as f32 * 0.3).sin(), 0.3, 0.1]))
    };
    let sequences: Vec<_> = (0..8).map(steps).collect();
    let net = Recurrent::init(&mut rng(1));
    let flow = net.flow(&CrossEntropy::default(), &sequences, &labels()[..8]).unwrap();
    let report = Report::new("Recurrent layers").flow("this batch", &flow);
    for_browser("recurrent", &report);
    let page = data(&report.html().unwrap());
    let gru = flow.layers.iter().position(|layer| layer.path == "2").unwrap();
    let lengths: Vec<(usize, f64)> = (0..page["items"]["instants"]["layer"].as_array().unwrap().len())
        .filter(|item| page["items"]["instants"]["layer"][item] == gru)
        .map(|item| {
            let step = page["items"]["instants"]["size"][item].as_u64().unwrap() as usize;
            (step, number(&page["flows"][0]["figures"]["instants"]["length"][item]).unwrap())
        })
        .collect();
    assert_eq!((lengths.len(), lengths[0].0, lengths[47].0), (48, 1, 60));
    for (step, length) in lengths {
        assert_four_digits(Some(length), Some(flow.layers[gru].time.as_ref().unwrap().gradients[step - 1]));
    }
}
