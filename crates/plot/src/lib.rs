//! Floor 1: charts of names and numbers, as SVG and PNG. `chainrule` re-exports this crate as `chainrule::plot`; it
//! does not depend on networks.
//!
//! | picture | of what |
//! |---|---|
//! | [`Lines`] | curves: gradient against depth, loss against step |
//! | [`Bars`] | a figure or two for each layer |
//! | [`Histograms`] | a small histogram for each layer |
//! | [`HeatMap`] | a figure for each layer and step |
//! | [`Scatter`] | points of classes, and a classifier's regions |
//! | [`Pixels`] | small gray images |
//!
//! Each is a builder, which `picture()` draws. A [`Picture`] can be saved, or put [side by
//! side](Picture::side_by_side). Colors are safe for color-blind eyes, and markers tell lines apart in gray. No value
//! is dropped silently: a value without a position on an axis is marked at its edge or counted in a note.
//!
//! ```
//! use chainrule_plot::Lines;
//!
//! let picture = Lines::new("Training")
//!     .x("epoch")
//!     .y("loss")
//!     .line("training", [(1.0, 0.9), (2.0, 0.4), (3.0, 0.2)])
//!     .line("test", [(1.0, 0.9), (2.0, 0.5), (3.0, 0.4)])
//!     .picture()?;
//! picture.save(std::env::temp_dir().join("training.svg"))?;
//! # Ok::<(), chainrule_plot::PlotError>(())
//! ```
//!
//! No font needs to be installed. A program built with this module contains the font Ubuntu Light for its PNGs, from
//! the crate `epaint_default_fonts`. The font's license, the Ubuntu Font License 1.0, has to be distributed with such a
//! program. It does not apply to the pictures.

mod axis;
mod bars;
mod color_bar;
mod curve;
mod error;
mod frame;
mod heat_map;
mod histograms;
mod legend;
mod lines;
mod mark;
mod palette;
mod picture;
mod pixels;
mod regions;
mod scatter;
mod text;

pub use bars::Bars;
pub use error::PlotError;
pub use heat_map::HeatMap;
pub use histograms::Histograms;
pub use lines::Lines;
pub use picture::Picture;
pub use pixels::Pixels;
pub use scatter::Scatter;
