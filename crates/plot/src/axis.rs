//! The position of numbers on an axis, and its ticks.

/// A range of values, linear or logarithmic.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    /// The least and the greatest value, or their log10.
    low: f64,
    high: f64,
    log: bool,
    /// Whether all values are whole numbers: depths, steps. There is no step 2.5.
    whole: bool,
}

/// A number on an axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    /// 0 at the axis's low end, 1 at its high end.
    pub(super) at: f64,
    /// Nothing, for a tick between two numbers.
    pub(super) label: String,
}

impl Axis {
    /// Returns an axis that contains all these values, with this share of its length free at each end.
    ///
    /// Values without a position on it, such as zero on a logarithmic axis, are skipped.
    pub(super) fn of(values: impl IntoIterator<Item = f64>, log: bool, free: f64) -> Self {
        let (mut low, mut high, mut whole) = (f64::INFINITY, f64::NEG_INFINITY, true);
        for value in values.into_iter().filter(|value| value.is_finite() && !(log && *value <= 0.0)) {
            whole &= value.fract() == 0.0 && value.abs() < 1e9;
            let value = if log { value.log10() } else { value };
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        // A range too small to put different numbers on becomes one around its middle.
        let least = if log { 0.1 } else { (1e-9 * low.abs().max(high.abs())).max(1e-300) };
        if high * 0.5 - low * 0.5 < least * 0.5 {
            let around = match (log, low.abs()) {
                (true, _) => 0.5,
                (false, 0.0) => 1.0,
                // Whole numbers stay apart by one.
                (false, size) => (0.1 * size.max(1e-290)).max(if whole { 1.0 } else { 0.0 }),
            };
            (low, high) = (low - around, high + around);
        }
        let margin = high * free - low * free;
        // An axis that begins below zero would suggest negative values.
        let above_zero = !log && low >= 0.0;
        low = if above_zero { (low - margin).max(0.0) } else { low - margin };
        Self { low: low.max(f64::MIN), high: (high + margin).min(f64::MAX), log, whole: whole && !log }
    }

    /// Returns the position of a value, 0 at the low end and 1 at the high end, or `None` if it has none.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let value = if self.log { value.log10() } else { value };
        // By halves: the range itself may be more than the largest number.
        let place = (value * 0.5 - self.low * 0.5) / (self.high * 0.5 - self.low * 0.5);
        (value.is_finite() && place.is_finite()).then_some(place)
    }

    /// Returns the value at a position.
    pub(super) fn value(&self, place: f64) -> f64 {
        let value = self.low * (1.0 - place) + self.high * place;
        if self.log { 10f64.powf(value) } else { value }
    }

    /// Returns ticks at about `most` round numbers.
    pub(super) fn ticks(&self, most: usize) -> Vec<Tick> {
        if !self.log {
            return self.linear_ticks(self.low, self.high, most);
        }
        let decades = self.decades(most);
        if decades.iter().filter(|tick| !tick.label.is_empty()).count() >= 3 {
            return decades;
        }
        let between = self.between_decades();
        if (3..=most.max(3)).contains(&between.len()) {
            return between;
        }
        let linear = self.linear_ticks(self.value(0.0), self.value(1.0), most);
        if between.len() < 3 && linear.len() >= 2 { linear } else { decades }
    }

    fn tick(&self, value: f64, label: String) -> Option<Tick> {
        let at = self.place(value)?;
        (-1e-9..=1.0 + 1e-9).contains(&at).then_some(Tick { at, label })
    }

    fn linear_ticks(&self, low: f64, high: f64, most: usize) -> Vec<Tick> {
        let mut step = round_step(high / most as f64 - low / most as f64);
        if self.whole {
            step = step.max(1.0);
        }
        let first = (low / step - 1e-6).ceil();
        // The bound is for what rounding may do at the ends of the range of numbers.
        let values = (0..2 * most + 2).map(|index| (first + index as f64) * step);
        let values = values.take_while(|value| *value <= high + step * 1e-6);
        let largest = low.abs().max(high.abs());
        values.filter_map(|value| self.tick(value, number(value, step, largest))).collect()
    }

    /// Returns ticks at 1e-12, 1e-9, .., and the powers of ten or the multiples between them as ticks without a number.
    fn decades(&self, most: usize) -> Vec<Tick> {
        let span = self.high - self.low;
        let strides = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200];
        let stride =
            strides.into_iter().find(|stride| span / f64::from(*stride) <= most as f64).unwrap_or(200);
        let (first, last) = (self.low.floor() as i32, self.high.ceil() as i32);
        let plain = (-3.0..=4.0).contains(&self.low.ceil()) && self.high.floor() <= 4.0;
        let mut ticks = Vec::new();
        for power in first..=last {
            // `powi` of the least powers is 0.
            let value = 10f64.powf(power.into());
            let label = match power {
                _ if power % stride != 0 => String::new(),
                0 => "1".into(),
                _ if plain => format!("{}", 10f64.powi(power)),
                _ => format!("1e{power}"),
            };
            ticks.extend(self.tick(value, label));
            if stride == 1 {
                ticks.extend((2..10).filter_map(|times| self.tick(f64::from(times) * value, String::new())));
            }
        }
        ticks
    }

    /// Returns 1, 2, 5, 10, 20, ..
    fn between_decades(&self) -> Vec<Tick> {
        let (first, last) = (self.low.floor() as i32, self.high.ceil() as i32);
        let values = (first..=last).flat_map(|power| [1.0, 2.0, 5.0].map(|times| (times, power)));
        values
            .filter_map(|(times, power)| {
                let value = times * 10f64.powf(power.into());
                self.tick(value, number(value, value, value))
            })
            .collect()
    }
}

/// Returns 1, 2 or 5 times a power of ten, and no less than this.
fn round_step(least: f64) -> f64 {
    let least = least.max(1e-305);
    let power = 10f64.powi(least.log10().floor() as i32);
    [1.0, 2.0, 5.0, 10.0]
        .map(|times| times * power)
        .into_iter()
        .find(|step| *step >= least * (1.0 - 1e-9))
        .unwrap_or(least)
}

/// Formats a number with enough digits to tell it from the next one, a `step` away, in the notation of the `largest`
/// one on its axis: 0.002, or 2e-12.
pub(super) fn number(value: f64, step: f64, largest: f64) -> String {
    let power = |value: f64| (value.abs().log10() + 1e-9).floor() as i32;
    if value == 0.0 {
        "0".into()
    } else if (1e-3..1e6).contains(&largest) {
        let decimals = (-power(step)).clamp(0, 12) as usize;
        format!("{value:.decimals$}")
    } else {
        let decimals = (power(value) - power(step)).clamp(0, 12) as usize;
        format!("{value:.decimals$e}")
    }
}

/// Formats a single number in up to four digits; a whole one in all of its digits.
pub(super) fn alone(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e9 {
        return format!("{value}");
    }
    let short = format!("{value:.3e}").parse().unwrap_or(value);
    if (1e-3..1e6).contains(&short.abs()) { format!("{short}") } else { format!("{short:e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: [f64; 2], log: bool) -> Vec<String> {
        let ticks = Axis::of(values, log, 0.0).ticks(6);
        ticks.into_iter().map(|tick| tick.label).filter(|label| !label.is_empty()).collect()
    }

    #[test]
    fn ticks_are_round_numbers_with_the_digits_they_need() {
        assert_eq!(labels([-0.2, 0.6], false), ["-0.2", "0", "0.2", "0.4", "0.6"]);
        assert_eq!(labels([1.0, 4.0], false), ["1", "2", "3", "4"]);
        assert_eq!(labels([0.0, 4e-12], false), ["0", "1e-12", "2e-12", "3e-12", "4e-12"]);
        assert_eq!(labels([1e-12, 1.0], true), ["1e-12", "1e-10", "1e-8", "1e-6", "1e-4", "1e-2", "1"]);
        assert_eq!(labels([0.01, 10.0], true), ["0.01", "0.1", "1", "10"]);
        assert_eq!(labels([5.0, 5.0], false), ["4", "5", "6"]);
        assert_eq!(labels([1.0, 20.0], true), ["1", "2", "5", "10", "20"]);
    }

    #[test]
    fn a_number_alone_is_short() {
        let numbers = [0.001, 0.1, 1500.0, 1e7, 1.0 / 3.0, 1.234567e-12, f64::NAN, f64::INFINITY].map(alone);
        assert_eq!(numbers, ["0.001", "0.1", "1500", "10000000", "0.3333", "1.235e-12", "NaN", "inf"]);
    }

    #[test]
    fn a_decade_is_as_long_everywhere_on_a_logarithmic_axis() {
        let axis = Axis::of([1e-30, 1e30], true, 0.0);
        assert_eq!([1e-30, 1.0, 1e30].map(|value| axis.place(value)), [Some(0.0), Some(0.5), Some(1.0)]);
        assert_eq!([0.0, -1.0, f64::NAN, f64::INFINITY].map(|value| axis.place(value)), [None; 4]);
    }

    #[test]
    fn every_range_has_an_axis_with_few_ticks_in_order() {
        let ends = [f64::MIN, -1.0, -1e-320, 0.0, 5e-324, 1e-300, 1.0, 1.0 + 1e-15, 1e15, f64::MAX, f64::NAN];
        for (low, high) in ends.into_iter().flat_map(|low| ends.map(|high| (low, high))) {
            for log in [false, true] {
                let axis = Axis::of([low, high], log, 0.04);
                let ticks = axis.ticks(6);
                let named = ticks.iter().filter(|tick| !tick.label.is_empty()).count();
                assert!((1..=12).contains(&named), "{low} to {high}, log {log}: {axis:?} {ticks:?}");
                assert!(ticks.is_sorted_by(|a, b| a.at < b.at), "{low} to {high}, log {log}: {ticks:?}");
            }
        }
    }
}
