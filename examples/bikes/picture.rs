//! A picture of the forecasts.

use std::error::Error;

use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;

use crate::{DAY, Forecasts, Rentals, TESTS};

/// The hours of the picture: the second week of September.
const SHOWN: std::ops::Range<usize> = 250 * DAY..257 * DAY;
const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/pictures");

/// Draws the rentals of a week, and the forecasts an hour before.
pub(crate) fn draw(truth: &[Vector<1>], forecasts: &Forecasts) -> Result<(), Box<dyn Error>> {
    let shown = SHOWN.start - TESTS[0] * DAY..SHOWN.end - TESTS[0] * DAY;
    let line = |of: &[Vector<1>]| {
        let days = (0..).map(|hour| f64::from(hour) / DAY as f64);
        days.zip(&of[shown.clone()]).map(|(day, rentals)| (day, f64::from(rentals[0]))).collect::<Vec<_>>()
    };
    let panel = |name: &str, of: &Rentals| {
        Lines::new(format!("Rentals, and the forecasts of {name} an hour before"))
            .x("days since 8 September 2011, a Thursday")
            .y("rentals an hour")
            .line("rentals", line(truth))
            .line("forecast", line(of))
            .picture()
    };
    std::fs::create_dir_all(PICTURES)?;
    let panels = [panel("a GRU", &forecasts.recurrent[0])?, panel("least squares", &forecasts.linear)?];
    Picture::below(panels).save(format!("{PICTURES}/bikes.png"))?;
    Ok(())
}
