use super::Concat;
use crate::layer::Reverse;

/// A recurrent layer in both directions: `F` from the first step to the last, and another `F` from the last to the first.
///
/// Forward `y(t) = [F(x)(t), F'(x reversed)(STEPS - 1 - t)]`; backward is that of [`Concat`].
///
/// # Shapes
/// `Sequence<STEPS, IN>` to `Sequence<STEPS, 2 HIDDEN>`, the forward direction first, as in PyTorch. The two directions
/// have parameters of their own, at the paths `0` and `1.1`.
///
/// The last step of the output is the last of the forward direction, and the *first* of the other, which has seen one step.
/// For the last state of each direction, as PyTorch's `h_n` has them, write
/// `Concat<((F, LastStep), (Reverse, F, LastStep))>`.
///
/// # Gradient flow
/// That of a [`Concat`]: the first step is as near to the output in one direction as the last step is in the other.
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
pub type Bidirectional<F> = Concat<(F, (Reverse, F, Reverse))>;
