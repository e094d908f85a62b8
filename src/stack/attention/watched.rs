use super::maps::Sizes;
use crate::kernel::{Reach, Real};
use crate::layer::{AttentionScores, BackwardHook};
use crate::tensor::Numbers;

/// Passes the queries and keys to a hook, which can compute the weights from them.
#[cold]
#[inline(never)]
pub(super) fn show<T: Real>(
    sizes: &Sizes,
    [queries, keys]: [&[T]; 2],
    lengths: &dyn Fn(usize) -> [usize; 2],
    one_input: bool,
    hook: &mut dyn BackwardHook,
) {
    let visible = |sample: usize, query: usize| {
        let [of_queries, of_keys] = lengths(sample);
        match sizes.reach {
            _ if query >= of_queries => 0..0,
            Reach::All => 0..of_keys,
            Reach::Before { window } => (query + 1).saturating_sub(window)..query + 1,
        }
    };
    hook.attention(&AttentionScores {
        queries: Numbers::of(queries),
        keys: Numbers::of(keys),
        heads: sizes.heads,
        key_heads: sizes.key_value / sizes.head(),
        samples: queries.len() / (sizes.steps[0] * sizes.width).max(1),
        steps: sizes.steps,
        one_input,
        visible: &visible,
    });
}
