//! The font, and how wide a text is.
//!
//! The pixels of a PNG need a font, and a machine may have none. This one ships in the crate `epaint_default_fonts`:
//! Ubuntu Light, under the Ubuntu Font License 1.0.

use std::sync::OnceLock;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

/// The font's name among those that `plotters` knows; not "sans-serif", which belongs to the program.
const NAME: &str = "chainrule::plot";

/// How much wider than Ubuntu Light a sans-serif font may be that an SVG is shown in (DejaVu Sans: 1.17).
const OTHER_FONTS: f64 = 1.17;

/// Returns the font that measures texts and draws them into pixels.
pub(super) fn family() -> FontFamily<'static> {
    static REGISTERED: OnceLock<()> = OnceLock::new();
    REGISTERED.get_or_init(|| {
        // If the bytes were not a font, drawing would return `PlotError::Draw`.
        register_font(NAME, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).ok();
    });
    FontFamily::Name(NAME)
}

/// Returns the width of a text of this size, in any sans-serif font.
pub(super) fn width(text: &str, size: f64) -> f64 {
    // Measured large, because `plotters` rounds to whole pixels.
    const LARGE: f64 = 100.0;
    let font = FontDesc::new(family(), LARGE, FontStyle::Normal);
    let measured =
        font.box_size(text).map_or(0.6 * LARGE * text.chars().count() as f64, |(width, _)| width.into());
    OTHER_FONTS * measured * size / LARGE * PIXEL_SIZE
}

/// `plotters` takes the height from the font's lowest to its highest point as the size for pixels, here 1.121 em ..
pub(super) const PIXEL_SIZE: f64 = 1.121;
/// .. and 1.24 em for SVG.
pub(super) const SVG_SIZE: f64 = 1.24;

/// A digit is 0.7 em high, so its middle is 0.35 em above the baseline. For pixels `plotters` puts the baseline 0.11 em
/// below the point that it is given as a text's middle ..
pub(super) const PIXEL_DROP: f64 = 0.24;
/// .. and half the height of an x in SVG, 0.26 em.
pub(super) const SVG_DROP: f64 = 0.09;

/// Returns the text, or its beginning and end with an ellipsis between them where it is too long.
///
/// The middle is left out, because the paths of layers differ at their ends.
pub(super) fn shorten(text: &str, size: f64, room: f64) -> String {
    let text = clean(text);
    if width(&text, size) <= room {
        return text;
    }
    let letters: Vec<char> = text.chars().collect();
    // By halves: the longest text that fits has `kept` letters.
    let (mut kept, mut too_many) = (0, letters.len());
    while kept + 1 < too_many {
        let middle = usize::midpoint(kept, too_many);
        if width(&without_middle(&letters, middle), size) <= room { kept = middle } else { too_many = middle }
    }
    without_middle(&letters, kept)
}

fn without_middle(letters: &[char], kept: usize) -> String {
    let (start, end) = letters.split_at(kept.div_ceil(2));
    start.iter().copied().chain(['…']).chain(end[end.len() - kept / 2..].iter().copied()).collect()
}

/// Returns the text on one line, without what XML forbids.
fn clean(text: &str) -> String {
    let allowed = |letter: char| !letter.is_control() && !matches!(letter, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|letter| if allowed(letter) { letter } else { ' ' }).collect()
}
