//! Settings for loading files: the memory limit and the progress.

use std::path::Path;
#[cfg(feature = "fit")]
use std::time::{Duration, Instant};

/// The progress of loading a file or a folder. `on_progress` passes it to a function:
///
/// ```no_run
/// # #[cfg(feature = "idx")]
/// use chainrule::data::{DataError, idx::Idx};
///
/// # #[cfg(feature = "idx")]
/// # fn main() -> Result<(), DataError> {
/// let file = Idx::new("train-images-idx3-ubyte.gz").quiet();
/// file.on_progress(|progress| println!("{} of {:?} bytes", progress.done, progress.total)).images::<28, 28>()?;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "idx"))]
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The number of bytes of the (compressed) file that have been read; for a folder, the number of files.
    pub done: u64,
    /// The total number, if it is known.
    pub total: Option<u64>,
}

/// The settings that all loaders of files share.
#[derive(Default)]
pub(super) struct Loading<'a> {
    pub(super) memory: Option<u64>,
    pub(super) quiet: bool,
    pub(super) hook: Option<Box<dyn FnMut(Progress) + 'a>>,
}

/// Declares the method that sets the memory limit, for a builder of a file that may be compressed.
#[cfg(any(feature = "csv", feature = "idx"))]
macro_rules! memory_method {
    () => {
        /// Limits the bytes that the samples may take in memory. More than that are
        /// [`DataError::Memory`](crate::data::DataError).
        ///
        /// By default, there is no limit for an uncompressed file, because its samples cannot take more than a few
        /// times the size of the file. The samples of a compressed file may take 256 times its size, or 64 MiB if that
        /// is more.
        pub fn memory(mut self, bytes: u64) -> Self {
            self.loading.memory = Some(bytes);
            self
        }
    };
}
#[cfg(any(feature = "csv", feature = "idx"))]
pub(super) use memory_method;

/// Declares the methods for the progress, for a builder with a field `loading`.
macro_rules! loading_methods {
    ($lifetime:lifetime) => {
        /// Calls this function a few hundred times while the data are loaded, and at the end.
        pub fn on_progress(mut self, hook: impl FnMut($crate::data::Progress) + $lifetime) -> Self {
            self.loading.hook = Some(Box::new(hook));
            self
        }

        /// Shows no progress bar. By default, a bar is shown if loading takes longer than a second, the standard error
        /// is a terminal, and the feature `fit` is enabled.
        pub fn quiet(mut self) -> Self {
            self.loading.quiet = true;
            self
        }
    };
}
pub(super) use loading_methods;

/// Reports the progress of one file or folder.
pub(super) struct Meter<'a> {
    hook: Option<Box<dyn FnMut(Progress) + 'a>>,
    total: Option<u64>,
    /// The value of the counter at the next report.
    next: u64,
    last: Option<u64>,
    #[cfg(feature = "fit")]
    bar: Option<Bar>,
}

/// The unit of the counter.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Unit {
    #[cfg_attr(not(any(feature = "csv", feature = "idx")), allow(dead_code))]
    Bytes,
    #[cfg_attr(not(feature = "images"), allow(dead_code))]
    Files,
}

impl<'a> Meter<'a> {
    #[cfg_attr(not(feature = "fit"), allow(unused_variables))]
    pub(super) fn new(loading: &mut Loading<'a>, path: &Path, total: Option<u64>, unit: Unit) -> Self {
        Self {
            hook: loading.hook.take(),
            total,
            next: 1,
            last: None,
            #[cfg(feature = "fit")]
            bar: (!loading.quiet).then(|| Bar::new(path, unit)),
        }
    }

    /// Reports that `done` units are finished.
    #[inline]
    pub(super) fn at(&mut self, done: u64) {
        if done >= self.next {
            self.report(done);
        }
    }

    fn report(&mut self, done: u64) {
        self.next = done + self.total.map_or(1 << 20, |total| (total / 100).max(1));
        if self.last.replace(done) == Some(done) {
            return;
        }
        let progress = Progress { done, total: self.total };
        if let Some(hook) = &mut self.hook {
            hook(progress);
        }
        #[cfg(feature = "fit")]
        if let Some(bar) = &mut self.bar {
            bar.show(progress);
        }
    }

    /// Reports the final value, and removes the bar.
    pub(super) fn end(&mut self, done: u64) {
        self.report(done);
        #[cfg(feature = "fit")]
        drop(self.bar.take());
    }
}

/// A progress bar on the standard error, if that is a terminal. It appears after a second.
#[cfg(feature = "fit")]
struct Bar {
    name: String,
    unit: Unit,
    start: Instant,
    bar: Option<indicatif::ProgressBar>,
}

#[cfg(feature = "fit")]
impl Bar {
    const AFTER: Duration = Duration::from_secs(1);

    fn new(path: &Path, unit: Unit) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self { name, unit, start: Instant::now(), bar: None }
    }

    fn show(&mut self, progress: Progress) {
        if self.bar.is_none() && self.start.elapsed() >= Self::AFTER {
            self.bar = Some(self.draw_on(indicatif::ProgressDrawTarget::stderr(), progress.total));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(progress.done);
        }
    }

    /// Creates the bar. It draws nothing if there is no terminal.
    fn draw_on(&self, target: indicatif::ProgressDrawTarget, total: Option<u64>) -> indicatif::ProgressBar {
        let bar = indicatif::ProgressBar::with_draw_target(total, target).with_prefix(self.name.clone());
        let template = match (self.unit, total) {
            (Unit::Bytes, Some(_)) => "{prefix} {wide_bar} {bytes}/{total_bytes}, {eta} left",
            (Unit::Bytes, None) => "{prefix} {bytes}",
            (Unit::Files, _) => "{prefix} {wide_bar} {pos}/{len} files, {eta} left",
        };
        if let Ok(style) = indicatif::ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }
}

#[cfg(feature = "fit")]
impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(all(test, feature = "fit"))]
mod tests {
    use super::*;
    use crate::data::Written;

    #[test]
    fn a_bar_appears_after_a_second_and_is_removed_at_the_end() {
        let mut bar = Bar::new(Path::new("folder/train.csv"), Unit::Bytes);
        bar.show(Progress { done: 1, total: Some(1000) });
        assert!(bar.bar.is_none(), "a bar flickers for what is loaded at once");
        bar.start = Instant::now().checked_sub(Bar::AFTER).unwrap();
        bar.show(Progress { done: 2, total: Some(1000) });
        assert_eq!(bar.bar.as_ref().map(|bar| bar.position()), Some(2));
    }

    #[test]
    fn a_bar_shows_the_name_and_how_much_of_the_file_is_read() {
        for (unit, total, expected) in [
            (Unit::Bytes, Some(4096), ["train.csv ", "2.00 KiB/4.00 KiB", " left"]),
            (Unit::Bytes, None, ["train.csv ", "2.00 KiB", ""]),
            (Unit::Files, Some(4096), ["train.csv ", "2048/4096 files", " left"]),
        ] {
            let screen = Written::default();
            let mut bar = Bar::new(Path::new("folder/train.csv"), unit);
            let target = indicatif::ProgressDrawTarget::term_like(Box::new(screen.clone()));
            bar.bar = Some(bar.draw_on(target, total));
            bar.show(Progress { done: 2048, total });
            bar.bar.as_ref().unwrap().tick();
            drop(bar);
            let text = screen.text();
            expected.iter().for_each(|part| assert!(text.contains(part), "no {part:?} in {text:?}"));
        }
    }
}
