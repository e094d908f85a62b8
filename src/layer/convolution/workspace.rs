use alloc::vec::Vec;

use crate::kernel::{Real, Windows};

/// The scratch memory of a convolution, which grows at the first call and is used again after that.
#[derive(Clone, Debug)]
pub struct Workspace<T>(Vec<T>);

impl<T> Default for Workspace<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Real> Workspace<T> {
    /// Returns as many numbers as any convolution of these windows needs, from the start of a cache line on.
    pub(super) fn take(&mut self, windows: &Windows, out_channels: usize) -> &mut [T] {
        const LINE: usize = 64;
        let len = windows.workspace_len::<T>(out_channels);
        if self.0.len() < len + LINE {
            self.0.resize(len + LINE, T::zero());
        }
        let start = self.0.as_ptr().align_offset(LINE).min(LINE);
        &mut self.0[start..][..len]
    }
}
