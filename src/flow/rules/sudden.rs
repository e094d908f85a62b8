//! Sudden changes: figures that are far from their running median.

use alloc::string::String;
use alloc::vec::Vec;

use crate::flow::figures::find_near;

/// The number of records in the median.
const RECORDS: usize = 20;
/// With fewer records than this there is no usual value yet.
const FEWEST: usize = 8;
/// The smallest modified z-score of a figure that is far from the usual: twice the 3.5 of Iglewicz and Hoaglin.
const FAR: f64 = 7.0;
/// The smallest median absolute deviation, in decades, for figures that hardly vary at all.
const LEAST_DEVIATION: f64 = 0.02;

/// The last values of the figures, by their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures {
    all: Vec<Series>,
    /// The probable index of the next figure.
    next: usize,
}

#[derive(Clone, Debug)]
struct Series {
    what: &'static str,
    path: String,
    /// log10 of the last values, oldest first.
    last: Vec<f64>,
    /// Whether the last value was far below the median of the values before it.
    fell: bool,
}

/// The ratio of a figure to the median of the values before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Change {
    /// The figure over the median.
    pub(super) ratio: f64,
    pub(super) median: f64,
    pub(super) records: usize,
}

impl Figures {
    /// Adds a figure. Returns the change if it is far from the usual, by more than a factor of `fold`. A fall is
    /// returned from the second record on, since a single batch may have a small gradient.
    pub(super) fn add(&mut self, what: &'static str, path: &str, value: f64, fold: f64) -> Option<Change> {
        if !value.is_finite() || value < 0.0 {
            return None;
        }
        let at = find_near(&self.all, self.next, |series| series.what == what && series.path == path);
        let at = at.unwrap_or_else(|| {
            self.all.push(Series { what, path: path.into(), last: Vec::with_capacity(RECORDS), fell: false });
            self.all.len() - 1
        });
        self.next = (at + 1) % self.all.len();
        let Series { last, fell, .. } = &mut self.all[at];
        // 0 is below all other values, and has no logarithm.
        let log = value.max(f64::MIN_POSITIVE).log10();
        let change = change(last, log, fold).map(|median| Change {
            ratio: if value == 0.0 { 0.0 } else { 10f64.powf(log - median) },
            median: 10f64.powf(median),
            records: last.len(),
        });
        if last.len() == RECORDS {
            last.remove(0);
        }
        last.push(log);
        let falls = change.is_some_and(|change| change.ratio < 1.0);
        let fell = core::mem::replace(fell, falls);
        change.filter(|change| change.ratio.is_finite() && (!falls || fell))
    }
}

/// Returns the median of the last values if the new one is far from it.
fn change(last: &[f64], log: f64, fold: f64) -> Option<f64> {
    if last.len() < FEWEST {
        return None;
    }
    let middle = median(last);
    let deviations: Vec<f64> = last.iter().map(|x| (x - middle).abs()).collect();
    let deviation = median(&deviations).max(LEAST_DEVIATION);
    let distance = (log - middle).abs();
    let far = 0.6745 * distance / deviation > FAR && distance > fold.max(1.0).log10();
    // A rise from 0 has no ratio.
    (far && middle > f64::MIN_POSITIVE.log10()).then_some(middle)
}

/// Returns the median. For an even count it is the mean of the two in the middle. It is 0 without numbers.
pub(super) fn median(xs: &[f64]) -> f64 {
    let mut sorted = xs.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        len if len.is_multiple_of(2) => 0.5 * (sorted[middle - 1] + sorted[middle]),
        _ => sorted[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(values: &[f64], value: f64) -> Option<Change> {
        let mut figures = Figures::default();
        for value in values {
            assert_eq!(figures.add("x", "0", *value, 10.0), None);
        }
        figures.add("x", "0", value, 10.0)
    }

    #[test]
    fn a_figure_is_compared_with_the_median_of_those_before_it() {
        let usual = [1.0, 1.1, 0.9, 1.0, 1.2, 0.8, 1.0, 1.0];
        assert_eq!(after(&usual[..7], 40.0), None, "seven records are too few");
        let rise = after(&usual, 40.0).unwrap();
        assert!((rise.ratio - 40.0).abs() < 1e-12 && (rise.median - 1.0).abs() < 1e-15 && rise.records == 8);
        assert_eq!(after(&usual, 9.9), None, "less than 10-fold");
        // A fall counts if it lasts for two records.
        let low = |value| after(&[&usual[..], &[value]].concat(), value);
        assert_eq!(after(&usual, 0.05), None);
        assert!((low(0.05).unwrap().ratio - 0.05).abs() < 1e-15);
        assert_eq!(low(0.0).unwrap().ratio, 0.0);
        assert_eq!(after(&[0.0; 8], 1.0), None, "a rise from 0 has no ratio");
        assert_eq!(after(&usual, f64::NAN), None);
    }

    #[test]
    fn what_always_varies_by_as_much_is_no_change() {
        // log10: half a decade to either side of 0. The MAD is 0.5, so 1.6 decades are a z-score of 2.2, and 6 decades
        // one of 8.1.
        let wide = [0.316, 3.16, 0.316, 3.16, 0.316, 3.16, 0.316, 3.16];
        assert_eq!(after(&wide, 40.0), None);
        assert!(after(&wide, 1e6).is_some());
    }

    #[test]
    fn the_median_forgets_what_is_older_than_twenty_records() {
        let mut figures = Figures::default();
        let mut found = Vec::new();
        for at in 0..60 {
            found.extend(figures.add("x", "0", if at < 30 { 1.0 } else { 100.0 }, 10.0).map(|_| at));
        }
        // Of the twenty records before record 40, ten are 1 and ten are 100: the median is between them.
        assert_eq!(found, (30..40).collect::<Vec<_>>());
    }

    #[test]
    fn medians_by_hand() {
        assert_eq!((median(&[]), median(&[3.0]), median(&[4.0, 1.0])), (0.0, 3.0, 2.5));
        assert_eq!(median(&[9.0, 1.0, 5.0]), 5.0);
    }
}
