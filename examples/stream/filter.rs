//! Linear filters, and the measure of an error.

/// Returns the error-to-signal ratio: the energy of the difference, divided by the energy of the target.
pub(crate) fn error_to_signal(sound: &[f32], target: &[f32]) -> f64 {
    let energy = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|x| f64::from(x * x)).sum::<f64>();
    let error = energy(&mut sound.iter().zip(target).map(|(a, y)| a - y));
    error / energy(&mut target.iter().copied())
}

/// Returns the filter of `taps` coefficients (FIR) with the smallest squared error: the best linear model.
pub(crate) fn best(sound: &[f32], target: &[f32], taps: usize) -> Vec<f64> {
    let correlation = |other: &[f32], lag: usize| -> f64 {
        sound.iter().zip(&other[lag..]).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
    };
    let own: Vec<f64> = (0..taps).map(|lag| correlation(sound, lag)).collect();
    let wanted: Vec<f64> = (0..taps).map(|lag| correlation(target, lag)).collect();
    // The normal equations R h = r, where R[i, j] = own[|i - j|], by Gauss; R is positive definite.
    let mut rows: Vec<Vec<f64>> =
        (0..taps).map(|i| (0..taps).map(|j| own[i.abs_diff(j)]).chain([wanted[i]]).collect()).collect();
    for pivot in 0..taps {
        let (done, rest) = rows.split_at_mut(pivot + 1);
        let row = &done[pivot];
        for other in rest {
            let factor = other[pivot] / row[pivot];
            other.iter_mut().zip(row).skip(pivot).for_each(|(x, y)| *x -= factor * y);
        }
    }
    let mut filter = vec![0.0; taps];
    for i in (0..taps).rev() {
        let known: f64 = (i + 1..taps).map(|j| rows[i][j] * filter[j]).sum();
        filter[i] = (rows[i][taps] - known) / rows[i][i];
    }
    filter
}

/// Returns the filtered sound.
pub(crate) fn apply(sound: &[f32], filter: &[f64]) -> Vec<f32> {
    let at = |at: usize| -> f64 {
        let terms = filter.iter().zip(sound[..=at].iter().rev());
        terms.map(|(h, &x)| h * f64::from(x)).sum()
    };
    (0..sound.len()).map(|step| at(step) as f32).collect()
}
