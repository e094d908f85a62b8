use alloc::vec::Vec;

/// Appends copies of these values.
///
/// Unlike `Vec::push` and `Vec::extend_from_slice`, it never has a value on the stack, in a debug build neither: a
/// sample may be larger than the stack.
///
/// ```
/// let mut numbers = vec![1.0];
/// chainrule_parameters::append_copies(&mut numbers, &[2.0, 3.0]);
/// assert_eq!(numbers, [1.0, 2.0, 3.0]);
/// ```
pub fn append_copies<T: Copy>(to: &mut Vec<T>, from: &[T]) {
    to.reserve(from.len());
    let length = to.len();
    to.spare_capacity_mut()[..from.len()].write_copy_of_slice(from);
    // SAFETY: the capacity is at least `length + from.len()`, and the values up to there are initialized: the new ones
    // have just been written.
    unsafe { to.set_len(length + from.len()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_appended_in_order_and_empty_ones_too() {
        let mut all = Vec::new();
        for part in [&[1_u16, 2][..], &[], &[3], &[4, 5, 6, 7, 8, 9]] {
            append_copies(&mut all, part);
        }
        assert_eq!(all, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let mut nothing = Vec::new();
        append_copies(&mut nothing, &[(); 5]);
        assert_eq!(nothing.len(), 5);
    }
}
