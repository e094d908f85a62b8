use alloc::vec::Vec;

use bytemuck::Pod;

/// Samples, or bare numbers, that a layer keeps from one step to the next in its tape.
///
/// It grows to the largest batch it has seen, never crosses the stack, and allocates nothing after that.
#[derive(Clone, Debug)]
pub struct Buffer<X> {
    samples: Vec<X>,
}

impl<X> Default for Buffer<X> {
    fn default() -> Self {
        Self { samples: Vec::new() }
    }
}

impl<X: Pod> Buffer<X> {
    /// Room for `samples` samples, to be written: what stands there is zero or left from another batch.
    pub fn take(&mut self, samples: usize) -> &mut [X] {
        if self.samples.len() < samples {
            self.samples = bytemuck::zeroed_vec(samples);
        }
        &mut self.samples[..samples]
    }

    /// The first `samples` samples, as the forward pass wrote them.
    ///
    /// # Panics
    /// When no batch of this size was taken before: backward without forward.
    pub fn get(&self, samples: usize) -> &[X] {
        assert!(samples <= self.samples.len(), "backward was called on a tape that forward has not filled");
        &self.samples[..samples]
    }
}
