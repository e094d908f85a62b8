use super::Concat;
use crate::layer::Reverse;

/// A recurrent layer in both directions. One `F` reads the sequence from the first step to the last, and a second `F`
/// reads it from the last step to the first.
///
/// Forward `y(t) = [F(x)(t), F'(x reversed)(STEPS - 1 - t)]`; backward as [`Concat`].
///
/// # Shapes
/// `Sequence<STEPS, IN>` to `Sequence<STEPS, 2 HIDDEN>`, with the forward direction first, as in PyTorch. The two
/// directions have separate parameters, at the paths `0` and `1.1`.
///
/// In the last step of the output, the forward direction has read all steps, and the other direction only the last one.
/// For the final state of each direction (PyTorch's `h_n`) write `Concat<((F, LastStep), (Reverse, F, LastStep))>`.
///
/// # Gradient flow
/// As [`Concat`]: the first step is as near to the output in one direction as the last step is in the other.
///
/// # Source
/// Schuster, Paliwal, "Bidirectional recurrent neural networks", IEEE Transactions on Signal Processing 45 (1997).
///
/// # Examples
/// ```
/// use chainrule::prelude::*;
///
/// type Net = (Bidirectional<Gru<3, 8>>, GlobalAvgPool, Linear<16, 2>);
/// let y: Vector<2> = Net::init(&mut rng(0)).predict(&Sequence([[0.1; 3]; 10]))?;
/// # Ok::<(), chainrule::Error>(())
/// ```
#[doc(alias("BiLSTM", "BiGRU", "bidirectional=True"))]
pub type Bidirectional<F> = Concat<(F, (Reverse, F, Reverse))>;
