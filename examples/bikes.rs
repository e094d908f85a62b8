//! Forecasts a real series: how many bicycles a city rents, an hour to a day ahead.
//!
//! A recurrent network is not always better than a linear model. This example compares a GRU fairly with persistence
//! and with linear autoregressions, on the future, and shows where it wins (1 and 3 hours ahead, for windows of the
//! same length) and where it does not (a day ahead).
//!
//! ```text
//! $ cargo run --release --features csv,gzip,plot --example bikes
//! hours           mean   persistence           least squares     GRU, 3 seeds
//! ahead  tested   rental now     a day before  24 hours  a week  24 hours
//!     1  Jul, Aug   186.8   90.7          97.9      41.4    38.6      37.9 ± 0.5
//!     1  all        162.7   82.2          94.5      38.9    35.0      34.2 ± 0.2
//!     3  all        162.7  160.7          94.5      55.0    50.7      51.0 ± 0.3
//!    24  all        162.7   94.5          94.5      65.8    63.6      67.8 ± 1.1
//! ..
//! ```
//! These are root mean squared errors in rentals an hour. The table (`examples/data/README.md`) has the rentals of
//! each hour of 2011 in Washington, D.C. A GRU of 32 units reads 24 hours. Each hour has six numbers: the square root
//! of the rentals, the temperature, and, of the hour that is forecast, the time of day as sine and cosine, whether it
//! is on a working day, and the rentals a week before it. The first test is July and August, learned from all hours
//! before; then September and October; then November and December. The last 31 days before a test are the validation
//! set for early stopping; least squares needs none, so it learns from them too.
//!
//! An hour and three hours ahead, the GRU is better than least squares for the same windows, by 12 % and 7 %: the
//! effect of rentals on the next hours depends on the time of day, and a linear map cannot multiply the two. A window
//! of a week makes up for that. The program fails unless the GRU of each seed is better an hour ahead.
//! `target/pictures/bikes.png` shows a week. The units and the learning rate of the GRU were chosen by November and
//! December, before the other tests were added.
//!
//! # Source
//! Fanaee-T, Gama, "Event labeling combining ensemble detectors and background knowledge", Progress in Artificial
//! Intelligence 2 (2014), for the data.

#[path = "bikes/models.rs"]
mod models;
#[path = "bikes/picture.rs"]
mod picture;

use std::error::Error;

use chainrule::data::{Csv, Dataset};
use chainrule::metrics::mean_squared_error;
use chainrule::prelude::*;
use models::{Recurrent, Samples, least_squares, recurrent};

const DAY: usize = 24;
const WEEK: usize = 7 * DAY;

/// For each hour of the year: the time of day, whether it is on a working day, and the temperature; and the rentals.
type Table = Dataset<Vector<3>, Vector<1>>;
type Rentals = Vec<Vector<1>>;

const SEEDS: u64 = 3;
/// The first days of the tests, from 0, and the end of the last one.
const TESTS: [usize; 4] = [181, 243, 304, 365];

fn read() -> Result<Table, Box<dyn Error>> {
    let bytes = &include_bytes!("data/bike-rentals.csv.gz")[..];
    let csv = Csv::from_reader("bike-rentals.csv", bytes).inputs(["hour", "workingday", "temperature"]);
    Ok(csv.numbers(["bikers"])?.read()?)
}

/// The forecasts this many hours ahead, for all hours that are tested.
#[derive(Default)]
struct Forecasts {
    now: Rentals,
    day_before: Rentals,
    linear: Rentals,
    linear_week: Rentals,
    recurrent: [Rentals; SEEDS as usize],
}

impl Forecasts {
    fn new(table: &Table, ahead: usize) -> Result<Self, Box<dyn Error>> {
        let mut all = Self::default();
        for days in TESTS.windows(2) {
            let tested = days[0] * DAY..days[1] * DAY;
            let earlier = |hours: usize| &table.targets()[tested.start - hours..tested.end - hours];
            all.now.extend(earlier(ahead));
            all.day_before.extend(earlier(DAY));
            let samples = Samples::new(table, ahead, tested.clone())?;
            for (seed, forecasts) in (0..).zip(&mut all.recurrent) {
                forecasts.extend(recurrent(&samples, seed)?);
            }
            all.linear.extend(least_squares(samples)?);
            all.linear_week.extend(least_squares::<WEEK>(Samples::new(table, ahead, tested.clone())?)?);
        }
        Ok(all)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let table = read()?;
    let truth = &table.targets()[TESTS[0] * DAY..];
    println!("{} hours; a GRU of {} parameters", table.len(), Recurrent::COUNT);
    println!("root mean squared error in rentals an hour\n");
    println!("hours           mean   persistence           least squares     GRU, {SEEDS} seeds");
    println!("ahead  tested   rental now     a day before  24 hours  a week  24 hours");
    for ahead in [1, 3, 24] {
        let forecasts = Forecasts::new(&table, ahead)?;
        let names = ["Jul, Aug", "Sep, Oct", "Nov, Dec"];
        for (name, days) in names.into_iter().zip(TESTS.windows(2)) {
            let tested = (days[0] - TESTS[0]) * DAY..(days[1] - TESTS[0]) * DAY;
            compare(&format!("{ahead:5}  {name}"), truth, &forecasts, tested)?;
        }
        let better = compare(&format!("{ahead:5}  all     "), truth, &forecasts, 0..truth.len())?;
        if ahead == 1 {
            picture::draw(truth, &forecasts)?;
            if !better {
                return Err("an hour ahead, each GRU should be better than least squares".into());
            }
        }
    }
    println!("\npicture: target/pictures/bikes.png");
    Ok(())
}

/// Prints a row of the table: the errors in these hours. Returns whether each GRU is better than least squares for the
/// same windows.
fn compare(
    name: &str,
    truth: &[Vector<1>],
    forecasts: &Forecasts,
    hours: std::ops::Range<usize>,
) -> Result<bool, chainrule::Error> {
    let truth = &truth[hours.clone()];
    let error = |of: &Rentals| mean_squared_error(&of[hours.clone()], truth).map(f64::sqrt);
    let Forecasts { now, day_before, linear, linear_week, recurrent } = forecasts;
    let [now, day_before, linear, linear_week] =
        [error(now)?, error(day_before)?, error(linear)?, error(linear_week)?];
    let recurrent = recurrent.iter().map(error).collect::<Result<Vec<_>, _>>()?;
    let middle = mean(recurrent.iter().copied());
    let square: f64 = recurrent.iter().map(|error| (error - middle).powi(2)).sum();
    let deviation = (square / (recurrent.len() - 1) as f64).sqrt();
    println!(
        "{name}  {:6.1}  {now:5.1}  {day_before:12.1}  {linear:8.1}  {linear_week:6.1}  {middle:8.1} ± {deviation:.1}",
        mean(truth.iter().map(|y| f64::from(y[0]))),
    );
    Ok(recurrent.iter().all(|error| *error < linear))
}

fn mean(of: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = of.len() as f64;
    of.sum::<f64>() / count
}
