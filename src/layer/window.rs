//! Which part of its input each place of an output depends on.

/// The places of an input along one axis that the place `t` of the output depends on: from `stride * t + first` to
/// `stride * t + last`. See the example of [`Window`].
#[doc(alias("receptive field"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The distance in the input between the windows of two neighboring places of the output.
    pub stride: usize,
    /// The first place, relative to `stride * t`. It is negative if the layers add padding.
    pub first: isize,
    /// The last place, relative to `stride * t`.
    pub last: isize,
}

impl Reach {
    /// The reach of a layer whose output at place `t` depends only on the input at place `t`.
    const POINT: Self = Self { stride: 1, first: 0, last: 0 };

    /// Returns the reach of a window that extends over `span` places, in steps of `stride`, on an axis with `before`
    /// zeros before it. With a dilation of d, `kernel` places extend over `d * (kernel - 1) + 1`.
    pub const fn of_span(span: usize, stride: usize, before: usize) -> Self {
        let first = 0_isize.saturating_sub_unsigned(before);
        Self { stride, first, last: first.saturating_add_unsigned(span.saturating_sub(1)) }
    }

    /// Returns the receptive field: the number of places from the first to the last. Places beyond the ends of the
    /// input count too.
    pub const fn receptive_field(&self) -> usize {
        self.last.abs_diff(self.first).saturating_add(1)
    }

    /// Returns the latency in steps of the input: the output step `t` can be computed when the input step
    /// `stride * t + latency` has arrived.
    pub const fn latency(&self) -> usize {
        if self.last > 0 { self.last.unsigned_abs() } else { 0 }
    }

    /// Returns the reach of a layer followed by a layer with the reach `next`.
    const fn then(self, next: Self) -> Self {
        let stride = if self.stride > isize::MAX as usize { isize::MAX } else { self.stride as isize };
        Self {
            stride: self.stride.saturating_mul(next.stride),
            first: stride.saturating_mul(next.first).saturating_add(self.first),
            last: stride.saturating_mul(next.last).saturating_add(self.last),
        }
    }

    /// Returns the reach of a layer with this reach in parallel with one of the reach `other`, on the same input.
    const fn parallel(self, other: Self) -> Self {
        Self {
            stride: self.stride,
            first: if self.first < other.first { self.first } else { other.first },
            last: if self.last > other.last { self.last } else { other.last },
        }
    }
}

/// Which part of its input each place of a layer's output depends on: a part of its [`Plan`](super::Plan).
///
/// Sequences have one axis, the steps; images have two, rows and columns. Channels and features are not counted.
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
/// use chainrule::layer::Reach;
///
/// type Net = (Conv1d<1, 4, 5, 1, 2>, Relu, MaxPool1d<2>, Conv1d<4, 2, 3, 1, 1>);
/// const WINDOW: chainrule::layer::Window = <Net as Layer<Sequence<100, 1>>>::PLAN.window;
/// let reach = WINDOW.steps().unwrap();
/// assert_eq!(reach, Reach { stride: 2, first: -4, last: 5 });
/// assert_eq!((reach.receptive_field(), reach.latency()), (10, 5));
/// ```
#[doc(alias("receptive field"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(Option<[Reach; 2]>);

impl Window {
    /// The window of a layer whose output depends, at each place, only on the input at the same place.
    pub const POINTWISE: Self = Self(Some([Reach::POINT; 2]));

    /// The window of a layer whose output can depend, at each place, on the whole input.
    pub const WHOLE: Self = Self(None);

    /// The window of a recurrent layer: each step of the output can depend on the same step of the input and on all
    /// earlier steps.
    pub const PAST: Self = Self(Some([Reach { stride: 1, first: isize::MIN, last: 0 }; 2]));

    /// Returns whether each place of the output depends only on the same place of the input.
    pub(crate) const fn is_pointwise(&self) -> bool {
        matches!(
            self.0,
            Some([Reach { stride: 1, first: 0, last: 0 }, Reach { stride: 1, first: 0, last: 0 }])
        )
    }

    /// Returns the window of a layer over `kernel` steps, or over `kernel` x `kernel` pixels, with the stride `stride`,
    /// on an input with a padding of `padding`.
    ///
    /// # Examples
    /// ```
    /// use chainrule::layer::{Reach, Window};
    ///
    /// // Output row r depends on the input rows 2 r - 1, 2 r and 2 r + 1.
    /// assert_eq!(Window::of(3, 2, 1).rows(), Some(Reach { stride: 2, first: -1, last: 1 }));
    /// ```
    pub const fn of(kernel: usize, stride: usize, padding: usize) -> Self {
        Self(Some([Reach::of_span(kernel, stride, padding); 2]))
    }

    /// Returns the window of a layer whose windows over rows and over columns differ. A sequence uses the first one,
    /// over its steps.
    ///
    /// # Examples
    /// ```
    /// use chainrule::layer::{Reach, Window};
    ///
    /// // Windows of 3 x 5 pixels, the rows 2 apart, one row of padding at the top.
    /// let window = Window::along([Reach::of_span(5, 1, 1), Reach::of_span(5, 1, 0)]);
    /// assert_eq!(window.rows().unwrap().latency(), 3);
    /// assert_eq!(window.columns().unwrap().receptive_field(), 5);
    /// ```
    pub const fn along(axes: [Reach; 2]) -> Self {
        Self(Some(axes))
    }

    /// Returns the window of a layer that contains no layers and does not state a window. It is pointwise if input and
    /// output have the same number of steps, or of rows and columns. Otherwise it is the whole input.
    pub(super) const fn guess(input: &[usize], output: &[usize]) -> Self {
        let same = match (input, output) {
            ([_], [_]) => true,
            ([steps, _], [out_steps, _]) => *steps == *out_steps,
            ([_, rows, columns], [_, out_rows, out_columns]) => {
                *rows == *out_rows && *columns == *out_columns
            }
            _ => false,
        };
        if same { Self::POINTWISE } else { Self::WHOLE }
    }

    /// Returns the reach along the steps of a sequence, or `None` if an output step can depend on all of them.
    pub const fn steps(&self) -> Option<Reach> {
        self.rows()
    }

    /// Returns the reach along the rows of an image, or `None` if an output row can depend on all of them.
    pub const fn rows(&self) -> Option<Reach> {
        match self.0 {
            Some([rows, _]) => Some(rows),
            None => None,
        }
    }

    /// Returns the reach along the columns of an image, or `None` if an output column can depend on all of them.
    pub const fn columns(&self) -> Option<Reach> {
        match self.0 {
            Some([_, columns]) => Some(columns),
            None => None,
        }
    }

    /// Returns the window of a layer followed by a layer with the window `next`.
    pub(super) const fn then(self, next: Self) -> Self {
        match (self.0, next.0) {
            (Some([a, b]), Some([c, d])) => Self(Some([a.then(c), b.then(d)])),
            _ => Self::WHOLE,
        }
    }

    /// Returns the window of `times` such layers in a row.
    pub(super) const fn repeated(self, times: usize) -> Self {
        let (mut all, mut at) = (Self::POINTWISE, 0);
        while at < times {
            all = all.then(self);
            at += 1;
        }
        all
    }

    /// Returns the window of this layer in parallel with one that has the window `other`.
    pub(super) const fn parallel(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some([a, b]), Some([c, d])) if a.stride == c.stride && b.stride == d.stride => {
                Self(Some([a.parallel(c), b.parallel(d)]))
            }
            _ => Self::WHOLE,
        }
    }
}
