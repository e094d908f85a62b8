//! A picture of the sounds.

use chainrule::plot::{Lines, Picture};

use crate::TESTED;
use crate::sound::RATE;
use crate::take::Take;

const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/pictures");

/// Draws 10 ms at the loudest sample: the waves, and the errors below them.
pub(crate) fn draw(tested: &Take, played: &[(&str, Vec<f32>)]) -> Result<(), Box<dyn std::error::Error>> {
    let loudest =
        (0..TESTED).max_by(|&a, &b| tested.input[a].abs().total_cmp(&tested.input[b].abs())).unwrap_or(0);
    let start = loudest.saturating_sub(RATE / 400).min(TESTED - RATE / 100);
    let shown = start..start + RATE / 100;
    let points = |wave: &dyn Fn(usize) -> f32| -> Vec<(f64, f64)> {
        shown.clone().map(|at| (1e3 * (at - start) as f64 / RATE as f64, f64::from(wave(at)))).collect()
    };
    let mut waves = Lines::new("A valve amplifier, and two networks that learned it")
        .y("sample")
        .line("input", points(&|at| tested.input[at]))
        .line("amplifier", points(&|at| tested.target[at]));
    let mut errors = Lines::new("network minus amplifier").x("time (ms)").y("error");
    for (name, wave) in played {
        waves = waves.line(*name, points(&|at| wave[at]));
        errors = errors.line(*name, points(&|at| wave[at] - tested.target[at]));
    }
    std::fs::create_dir_all(PICTURES)?;
    Picture::below([waves.picture()?, errors.picture()?]).save(format!("{PICTURES}/stream.png"))?;
    Ok(())
}
