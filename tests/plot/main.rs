//! Pictures: what an SVG says and where it puts things, how large a PNG is, and what cannot be drawn.

mod any;
mod files;
mod kinds;
mod lines;
mod svg;
