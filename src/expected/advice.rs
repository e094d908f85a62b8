//! What to try against gradients that vanish or explode: the words of every verdict, expected or measured.

/// Against vanishing gradients.
pub(crate) const SKIP: &str = "let it pass by the layers, Z(n) + Z(n-k): `Residual<..>` around each block";

/// Against g' as the cause of vanishing gradients.
pub(crate) const LARGER_SLOPE: &str =
    "an activation with a larger slope (Tanh; with He's weights LeakyRelu or Relu)";

/// Against sums that grow.
pub(crate) const SMALLER_BRANCHES: &str = "make each branch smaller: its last weights divided by the square root of the number of blocks, or a norm at its start";

/// Against exploding gradients.
pub(crate) const NORM_BETWEEN: &str = "a norm between the layers";

/// Says with which factor W to try; the factor is before it.
pub(crate) const TIMES_AS_LARGE: &str = "times as large (`Initializer::gain`), then look again";
