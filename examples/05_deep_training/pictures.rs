//! Pictures of a training, and a page of HTML for each network.

use std::error::Error;

use chainrule::flow::{Flow, Report};
use chainrule::plot::{HeatMap, Lines, Picture};

use crate::Outcome;
use crate::gradient_flow::save;

/// Draws the gradient against depth before and after training, and its records during training.
pub(crate) fn draw(all: &[Outcome]) -> Result<(), Box<dyn Error>> {
    let profile = |title: &str, flow: fn(&Outcome) -> &Flow| {
        let lines = Lines::new(title).x("depth (layers)").y("RMS of dR/dZ").log_y();
        let points = |o| flow(o).profile().into_iter().map(|(depth, rms)| (depth as f64, rms));
        all.iter().fold(lines, |lines, o| lines.line(o.name, points(o))).picture()
    };
    let (before, after) =
        (profile("Before training", |o| &o.before)?, profile("After training", |o| &o.after)?);
    save("05_deep_training", &Picture::side_by_side([before, after]))?;

    let mut panels = Vec::new();
    for Outcome { name, recorder, .. } in all {
        let steps = || recorder.records().iter().map(|record| record.step as f64);
        let mut map = HeatMap::new(format!("{name}: gradient"), steps())
            .x("step")
            .y("layer")
            .value("RMS of dR/dZ")
            .log();
        for layer in (5..=50).rev().step_by(5).chain([1]) {
            map =
                map.row(layer.to_string(), recorder.records().iter().map(|r| r.flow.profile()[layer - 1].1));
        }
        let mut pace =
            Lines::new(format!("{name}: pace")).x("step").y("log10(|update| / |W|)").level(-3.0, "1e-3");
        for layer in [1, 10, 25, 40, 50] {
            let pace_of = |flow: &Flow| {
                let layer = flow.leaves().filter(|layer| layer.weights.is_some()).nth(layer - 1)?;
                layer.parameters[0].update_to_weight().map(f64::log10)
            };
            let points =
                recorder.records().iter().map(|r| (r.step as f64, pace_of(&r.flow).unwrap_or(f64::NAN)));
            pace = pace.line(format!("layer {layer}"), points);
        }
        panels.extend([map.picture()?, pace.picture()?]);
    }
    save("05_training_recorded", &Picture::grid(2, panels))?;

    for (at, Outcome { name, before, after, recorder, accuracy, .. }) in all.iter().enumerate() {
        let path = format!("target/gradient-flow/05_deep_training_{at}.html");
        let records: Vec<_> = recorder.records().iter().step_by(2).cloned().collect();
        Report::new(format!("Fifty layers: {name}"))
            .flow("before training", before)
            .flow("after training", after)
            .records(&records)
            .note("After the training", format!("It reads {:.1} % of the test digits.", 100.0 * accuracy))
            .save(&path)?;
        println!("page: {path}, {} kB", std::fs::metadata(&path)?.len() / 1000);
    }
    Ok(())
}
