//! Prints a line for each row: network, method, expected and measured value, tolerance, and whether they agree.

/// The allowed relative deviation from the expected value, below and above.
#[derive(Clone, Copy)]
pub(crate) struct Tolerance(pub(crate) f64, pub(crate) f64);

impl Tolerance {
    pub(crate) fn within(share: f64) -> Self {
        Self(-share, share)
    }
}

impl std::fmt::Display for Tolerance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(below, above) = self;
        let text = if below + above == 0.0 {
            format!("±{}", percent(*above))
        } else {
            format!("-{} +{}", percent(-below), percent(*above))
        };
        f.pad(&text)
    }
}

fn percent(share: f64) -> String {
    if share < 0.01 { format!("{share:.0e}") } else { format!("{:.0} %", 100.0 * share) }
}

#[derive(Default)]
pub(crate) struct Table {
    rows: usize,
    outside: Vec<String>,
}

impl Table {
    pub(crate) fn new() -> Self {
        println!("{:25} {:50} {:>9} {:>9}  tolerance", "what", "in which networks", "expected", "measured");
        Self::default()
    }

    pub(crate) fn row(&mut self, what: &str, how: &str, expected: f64, measured: f64, tolerance: Tolerance) {
        let Tolerance(below, above) = tolerance;
        let agrees = (expected * (1.0 + below)..=expected * (1.0 + above)).contains(&measured);
        let [e, m] = [expected, measured].map(|x| number(x, above));
        println!(
            "{what:25} {how:50} {e:>9} {m:>9}  {tolerance:13} {}",
            if agrees { "ok" } else { "OUTSIDE" }
        );
        self.rows += 1;
        if !agrees {
            self.outside.push(format!("{what}, {how}"));
        }
    }

    /// Returns the published figure (of a paper or of another program), and compares the prediction of
    /// `chainrule::theory` with it. The prediction uses the same derivatives as the network, so it would share a
    /// mistake in them. 0.3 % is half of a third digit.
    pub(crate) fn published(&mut self, what: &str, published: f64, predicted: f64) -> f64 {
        if !(-0.003..=0.003).contains(&(predicted / published - 1.0)) {
            self.outside.push(format!("{what}, predicted {predicted} and published {published}"));
        }
        published
    }

    /// # Errors
    /// The rows outside their tolerance.
    pub(crate) fn verdict(&self) -> Result<(), Box<dyn std::error::Error>> {
        if self.outside.is_empty() {
            println!("\nAll {} rows are within their tolerance.", self.rows);
            return Ok(());
        }
        Err(format!("outside their tolerance: {}", self.outside.join("; ")).into())
    }
}

/// Formats a number with enough digits for the tolerance.
fn number(x: f64, tolerance: f64) -> String {
    match x {
        _ if tolerance < 1e-3 => format!("{x:.7}"),
        0.01..1000.0 => format!("{x:.4}"),
        _ => format!("{x:.2e}"),
    }
}
