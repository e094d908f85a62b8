use alloc::vec;
use alloc::vec::Vec;

use serde::Serialize;

/// A histogram with bins of equal width.
///
/// ```
/// use chainrule::flow::Histogram;
///
/// let histogram = Histogram::of(&[0.0, 0.5, 1.0, 4.0, f64::NAN], 4);
/// assert_eq!((histogram.counts.clone(), histogram.left_out), (vec![2, 1, 0, 1], 1));
/// assert_eq!(histogram.edges().collect::<Vec<_>>(), [0.0, 1.0, 2.0, 3.0, 4.0]);
/// ```
#[doc(alias = "bins")]
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Histogram {
    /// The lower edge of the first bin.
    pub start: f64,
    /// The upper edge of the last bin.
    pub end: f64,
    /// The number of values in each bin.
    pub counts: Vec<usize>,
    /// The number of values in no bin: zeros in a histogram of logarithms, and values that are not finite.
    pub left_out: usize,
}

impl Histogram {
    /// Counts `numbers` in `bins` bins of equal width between the smallest and the largest. There is at least one bin.
    pub fn of(numbers: &[f64], bins: usize) -> Self {
        let bins = bins.max(1);
        let finite = numbers.iter().copied().filter(|x| x.is_finite());
        let (mut start, mut end) = finite
            .clone()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        if start > end {
            (start, end) = (0.0, 1.0); // nothing to count
        }
        if start == end {
            // All numbers are equal: the range around them is just wide enough for distinct edges.
            let half = if start == 0.0 { 0.5 } else { 0.5 * start.abs().max(f64::MIN_POSITIVE) };
            (start, end) = ((start - half).max(f64::MIN), (end + half).min(f64::MAX));
        }
        let mut counts = vec![0; bins];
        let mut left_out = 0;
        for &x in numbers {
            if x.is_finite() {
                // Uses halves, because `end - start` may overflow.
                let share = (x / 2.0 - start / 2.0) / (end / 2.0 - start / 2.0);
                counts[((share * bins as f64) as usize).min(bins - 1)] += 1;
            } else {
                left_out += 1;
            }
        }
        Self { start, end, counts, left_out }
    }

    /// Returns the `counts.len() + 1` edges of the bins.
    pub fn edges(&self) -> impl Iterator<Item = f64> {
        let bins = self.counts.len() as f64;
        (0..=self.counts.len()).map(move |at| {
            let (share, width) = (at as f64 / bins, self.end - self.start);
            let edge = if width.is_finite() {
                self.start + width * share
            } else {
                self.start * (1.0 - share) + self.end * share
            };
            edge.clamp(self.start, self.end)
        })
    }
}
