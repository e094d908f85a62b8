use super::{JacobianSpectra, JacobianSpectrum};
use crate::plot::{Histograms, Lines, Picture, PlotError};

/// The number of bins of each histogram.
const BINS: usize = 40;

/// Draws a histogram of the singular values of each Jacobian, for several networks or depths. It has a log scale if one
/// of them is wide.
///
/// ```
/// use chainrule::flow::{JacobianParts, picture};
/// use chainrule::prelude::*;
/// type Net = (Linear<8, 16>, [(Tanh, Linear<16, 16>); 3]);
///
/// let net = Net::init(&mut rng(1));
/// let inputs = [Vector([0.5; 8])];
/// let spectrum = net.jacobian_spectrum(&inputs)?;
/// let depths = net.jacobian_spectra(&inputs, JacobianParts::Depths)?;
/// # let folder = tempfile::tempdir()?;
/// # std::env::set_current_dir(&folder)?;
/// picture::singular_values([("new", &spectrum)])?.save("spectrum.svg")?;
/// picture::singular_values_by_depth(&depths)?.save("depths.svg")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`PlotError`] if there is nothing to draw, for example because no Jacobian was decomposed.
pub fn singular_values<'a>(
    spectra: impl IntoIterator<Item = (&'a str, &'a JacobianSpectrum)>,
) -> Result<Picture, PlotError> {
    let spectra: Vec<_> = spectra.into_iter().collect();
    let wide = spectra.iter().any(|(_, spectrum)| spectrum.is_wide());
    let x = if wide { "log10 of the singular value" } else { "singular value" };
    let histograms = Histograms::new("Singular values of dy/dx").x(x);
    let panel = |histograms: Histograms, &(name, spectrum): &(&str, &JacobianSpectrum)| {
        let histogram = if wide { spectrum.log_histogram(BINS) } else { spectrum.histogram(BINS) };
        let Some(histogram) = histogram.filter(|histogram| histogram.counts.iter().any(|&count| count > 0))
        else {
            return histograms.note(format!("{name}: no singular values to show"));
        };
        let edges: Vec<f64> = histogram.edges().collect();
        let counts: Vec<u64> = histogram.counts.iter().map(|&count| count as u64).collect();
        let histograms = histograms.panel(name, &edges, &counts);
        match histogram.left_out {
            0 => histograms,
            zeros => histograms.note(format!("{name}: {zeros} are 0, up to rounding")),
        }
    };
    spectra.iter().fold(histograms, panel).picture()
}

/// Draws the largest, the smallest and the root mean square singular value of each part, one after the other. With
/// [`JacobianParts::Depths`](super::JacobianParts::Depths) this shows how the spectrum spreads with depth. See the
/// example of [`singular_values`].
///
/// # Errors
/// [`PlotError`] if there is nothing to draw.
pub fn singular_values_by_depth(spectra: &JacobianSpectra) -> Result<Picture, PlotError> {
    let line = |figure: fn(&JacobianSpectrum) -> Option<f64>| {
        let points =
            (1..).zip(&spectra.parts).map(move |(depth, part)| Some((f64::from(depth), figure(part)?)));
        points.flatten().filter(|(_, value)| *value > 0.0)
    };
    Lines::new("Singular values against depth")
        .x("layer on the main path")
        .y("singular value")
        .log_y()
        .line("largest", line(|part| Some(part.largest.mean)))
        .line("root mean square", line(|part| Some(part.mean_square.mean.sqrt())))
        .line("smallest", line(|part| Some(part.smallest?.mean)))
        .level(1.0, "1: no change")
        .picture()
}
