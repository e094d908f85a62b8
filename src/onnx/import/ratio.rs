//! Numbers of a file as ratios of integers, which can be parameters of types.

/// Returns the ratio with the smallest denominator that rounds to the same `f32`. `None` if no such ratio fits.
pub(super) fn ratio(number: f64) -> Option<(i64, u64)> {
    let target = number as f32;
    if !target.is_finite() {
        return None;
    }
    let exact = f64::from(target).abs();
    // The convergents of the continued fraction approach the number.
    let (mut before, mut now) = ((0_u64, 1_u64), (1_u64, 0_u64));
    let mut rest = exact;
    for _ in 0..40 {
        let whole = rest.floor();
        if whole > 1e15 {
            return None;
        }
        let step = |before: u64, now: u64| (whole as u64).checked_mul(now)?.checked_add(before);
        let next = (step(before.0, now.0)?, step(before.1, now.1)?);
        (before, now) = (now, next);
        if (now.0 as f64 / now.1 as f64) as f32 == target.abs() {
            let numerator = i64::try_from(now.0).ok()?;
            return Some((if target < 0.0 { -numerator } else { numerator }, now.1));
        }
        rest = 1.0 / (rest - whole);
    }
    None
}

/// Returns two numbers as ratios with the same denominator. Each part is an `i32`.
pub(super) fn two_ratios(low: f64, high: f64) -> Option<(i32, i32, u32)> {
    let denominator = |number: f64| if number.is_finite() { Some(ratio(number)?.1) } else { Some(1) };
    let (a, b) = (denominator(low)?, denominator(high)?);
    let both = a / gcd(a, b) * b;
    let numerator = |number: f64, infinite: i32| {
        if !number.is_finite() {
            return Some(infinite);
        }
        let (numerator, denominator) = ratio(number)?;
        let numerator = numerator.checked_mul(i64::try_from(both / denominator).ok()?)?;
        i32::try_from(numerator).ok().filter(|&number| number != i32::MIN && number != i32::MAX)
    };
    Some((numerator(low, i32::MIN)?, numerator(high, i32::MAX)?, u32::try_from(both).ok()?))
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a.max(1) } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_the_shortest_that_round_to_the_number() {
        assert_eq!(ratio(f64::from(1e-5_f32)), Some((1, 100_000)));
        assert_eq!(ratio(f64::from(0.2_f32)), Some((1, 5)));
        assert_eq!(ratio(f64::from(-1.0_f32 / 3.0)), Some((-1, 3)));
        assert_eq!(ratio(3.0), Some((3, 1)));
        assert_eq!(ratio(0.0), Some((0, 1)));
        assert_eq!(ratio(f64::NAN), None);
        assert_eq!(ratio(1e30), None);
        for number in [0.707_106_77_f32, 0.044_715, 1e-12, 123_456.79, 1.702] {
            let (numerator, denominator) = ratio(number.into()).unwrap();
            assert_eq!((numerator as f64 / denominator as f64) as f32, number);
        }
    }

    #[test]
    fn two_ratios_have_one_denominator() {
        assert_eq!(two_ratios(-0.5, 1.5), Some((-1, 3, 2)));
        assert_eq!(two_ratios(f64::NEG_INFINITY, 0.25), Some((i32::MIN, 1, 4)));
        assert_eq!(two_ratios(f64::from(0.1_f32), f64::from(0.25_f32)), Some((2, 5, 20)));
    }
}
