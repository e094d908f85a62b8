use super::History;
use crate::plot::{Lines, Picture, PlotError};

impl History {
    /// Draws the learning curves: all losses in one panel, and each other value in its own panel.
    ///
    /// A loss is a value called `loss` or `.. loss`. The x-axis shows epochs if no epoch has two rows, otherwise steps.
    ///
    /// ```
    /// use chainrule::metrics::History;
    ///
    /// let mut history = History::new(["loss", "validation loss", "accuracy"])?;
    /// history.record(1, 60, &[("loss", 0.9), ("validation loss", 0.7), ("accuracy", 0.81)])?;
    /// history.record(2, 120, &[("loss", 0.5), ("validation loss", 0.6), ("accuracy", 0.85)])?;
    /// assert!(history.picture()?.svg()?.contains("least 0.6000 at epoch 2"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`PlotError::Empty`] if nothing has been measured.
    pub fn picture(&self) -> Result<Picture, PlotError> {
        let (losses, others): (Vec<_>, Vec<_>) = (self.names.iter())
            .filter(|name| self.values(name).next().is_some())
            .partition(|name| *name == "loss" || name.ends_with(" loss"));
        let mut panels = Vec::new();
        if !losses.is_empty() {
            panels.push(self.panel("Loss", "loss", &losses)?);
        }
        for name in others {
            panels.push(self.panel(name, name, &[name])?);
        }
        if panels.is_empty() {
            let cure = "record at least one value";
            return Err(PlotError::Empty { title: "a history".into(), cure });
        }
        Ok(Picture::side_by_side(panels))
    }

    fn panel(&self, title: &str, y: &str, names: &[&String]) -> Result<Picture, PlotError> {
        let by_epoch = self.rows.windows(2).all(|pair| pair[0].epoch < pair[1].epoch);
        let x = if by_epoch { "epoch" } else { "step" };
        let mut lines = Lines::new(title).x(x).y(y);
        for &name in names {
            let place = self.names.iter().position(|other| other == name);
            let points = self.rows.iter().filter_map(|row| {
                let at = if by_epoch { row.epoch } else { row.step };
                Some((at as f64, row.values[place?]?))
            });
            let points: Vec<_> = points.collect();
            let least = points.iter().min_by(|a, b| a.1.total_cmp(&b.1));
            if let Some((at, least)) = least.filter(|_| name == "validation loss") {
                lines = lines.note(format!("validation loss: least {least:.4} at {x} {at}"));
            }
            lines = lines.line(name, points);
        }
        lines.picture()
    }
}
