use chainrule_parameters::append_copies;

use super::bad_cell::{BadCell, excerpt};
use super::column::{InputColumns, Missing, check_count};
use super::lines::{Cells, Lines};
use super::stream::{Pairs, Stream};
use super::{DataError, Dataset};
use crate::kernel::Real;
use crate::tensor::Tensor;

/// The function that converts the cells of the target's columns to a target, and appends the target to a vector.
pub(super) type Parse<Y> = Box<dyn FnMut(&Cells<'_>, &[usize], &mut Vec<Y>) -> Result<(), DataError>>;

/// The rows of a table, read one at a time: a [`Stream`]. [`Csv::labels`](super::Csv::labels),
/// [`Csv::classes`](super::Csv::classes) and [`Csv::numbers`](super::Csv::numbers) return it.
///
/// After an invalid row it continues with the next row. After an error in reading the file it ends.
///
/// The example of [`stream`](super::stream) reads batches of rows.
pub struct Records<'a, X, Y> {
    lines: Lines<'a>,
    inputs: InputColumns,
    targets: Vec<usize>,
    /// The given names of classes. A target with one of these names is never missing.
    classes: Vec<String>,
    parse: Parse<Y>,
    /// Whether there was at least one row.
    any: bool,
    /// The last row, on the heap because a sample may be larger than the stack.
    input: Box<X>,
}

impl<'a, X: Tensor, Y> Records<'a, X, Y> {
    pub(super) fn new(
        lines: Lines<'a>,
        inputs: InputColumns,
        targets: Vec<usize>,
        classes: Vec<String>,
        parse: Parse<Y>,
    ) -> Result<Self, DataError> {
        check_count::<X>(lines.path(), "an input", inputs.numbers())?;
        Ok(Self { lines, inputs, targets, classes, parse, any: false, input: bytemuck::zeroed_box() })
    }

    /// Reads all remaining rows into memory. The example of [`Csv`](super::Csv) calls it.
    ///
    /// # Errors
    /// [`DataError`] for the first invalid row, for a table without rows, and for samples that take more
    /// [memory](super::Csv::memory) than the limit.
    pub fn read(mut self) -> Result<Dataset<X, Y>, DataError> {
        let (mut inputs, mut targets) = (vec![], vec![]);
        let mut means = (self.inputs.missing() == Missing::Mean).then(Means::<X>::new);
        while self.advance(&mut targets)? {
            if let Some(means) = &mut means {
                means.add(inputs.len(), &self.input, &self.inputs.holes);
            }
            append_copies(&mut inputs, core::slice::from_ref(&*self.input));
            let bytes = size_of::<X>() + size_of::<Y>();
            self.lines.file.check_memory(inputs.len() as u128 * bytes as u128)?;
        }
        if let Some(means) = means {
            means.fill(&mut inputs).map_err(|element| {
                let column = self.inputs.column_of(element);
                let name = self.lines.names().map(|names| names[column].clone());
                DataError::NoMean { path: self.lines.path().into(), column: column + 1, name }
            })?;
        }
        Dataset::new(inputs, targets)
    }

    /// Reads the next row: the input into `input`. Appends the target to the vector.
    fn advance(&mut self, target: &mut Vec<Y>) -> Result<bool, DataError> {
        let Self { lines, inputs, targets, classes, parse, any, input } = self;
        loop {
            let Some(cells) = lines.next().inspect_err(|_| *any = true)? else {
                let path = lines.path().into();
                return if core::mem::replace(any, true) {
                    Ok(false)
                } else {
                    Err(DataError::NoRows { path })
                };
            };
            let is_class = |text| classes.iter().any(|name| name.as_bytes() == text);
            let mut texts = targets.iter().map(|&column| (column, cells.raw(column)));
            let missing = texts.find(|&(_, text)| Missing::matches(text) && !is_class(text));
            if inputs.missing() == Missing::DropRow && (missing.is_some() || inputs.any_missing(&cells)) {
                continue;
            }
            *any = true;
            inputs.read(&cells, &mut **input)?;
            if let Some((column, text)) = missing.filter(|(_, text)| !text.is_empty()) {
                return Err(cells.bad(column, BadCell::MissingTarget { text: excerpt(text) }));
            }
            parse(&cells, targets, target)?;
            return Ok(true);
        }
    }
}

impl<X: Tensor, Y> Stream for Records<'_, X, Y> {
    type Input = X;
    type Target = Y;

    fn append_next(&mut self, inputs: &mut Vec<X>, targets: &mut Vec<Y>) -> Result<bool, DataError> {
        if self.inputs.missing() == Missing::Mean {
            if core::mem::replace(&mut self.any, true) {
                return Ok(false);
            }
            return Err(DataError::StreamedMean { path: self.lines.path().into() });
        }
        let any = self.advance(targets)?;
        if any {
            append_copies(inputs, core::slice::from_ref(&*self.input));
        }
        Ok(any)
    }
}

impl<'a, X: Tensor, Y> IntoIterator for Records<'a, X, Y> {
    type Item = Result<(X, Y), DataError>;
    type IntoIter = Pairs<Self>;

    fn into_iter(self) -> Pairs<Self> {
        Pairs::new(self)
    }
}

/// The means of the elements over all inputs, and the missing elements.
struct Means<X> {
    sums: Vec<f64>,
    counts: Vec<u64>,
    /// The index of each input with a missing element, and the index of the element.
    holes: Vec<(usize, usize)>,
    of: core::marker::PhantomData<fn(X)>,
}

impl<X: Tensor> Means<X> {
    fn new() -> Self {
        Self {
            sums: vec![0.0; X::LEN],
            counts: vec![0; X::LEN],
            holes: vec![],
            of: core::marker::PhantomData,
        }
    }

    fn add(&mut self, index: usize, input: &X, holes: &[usize]) {
        for ((sum, count), x) in self.sums.iter_mut().zip(&mut self.counts).zip(input.as_slice()) {
            *sum += x.to_f64();
            *count += 1;
        }
        for &element in holes {
            self.counts[element] -= 1; // the 0 in the place of a missing number adds nothing to the sum
            self.holes.push((index, element));
        }
    }

    /// Sets each missing element to its mean. The error is the index of an element without a mean.
    fn fill(self, inputs: &mut [X]) -> Result<(), usize> {
        for (index, element) in self.holes {
            if self.counts[element] == 0 {
                return Err(element);
            }
            let mean = self.sums[element] / self.counts[element] as f64;
            inputs[index].as_mut_slice()[element] = X::Scalar::from_f64(mean);
        }
        Ok(())
    }
}
