//! The guides: how to use this crate, and why it is designed as it is.

#[doc = include_str!("../docs/your-own-layer.md")]
pub mod your_own_layer {}

#[doc = include_str!("../docs/generic-code.md")]
#[cfg(all(feature = "alloc", feature = "flow"))]
pub mod generic_code {}

#[doc = include_str!("../docs/sequences.md")]
#[cfg(all(feature = "alloc", feature = "flow", feature = "plot"))]
pub mod sequences {}

#[doc = include_str!("../docs/transformers.md")]
#[cfg(all(feature = "fit", feature = "flow", feature = "checkpoint"))]
pub mod transformers {}

#[doc = include_str!("../docs/device.md")]
#[cfg(feature = "checkpoint")]
pub mod device {}

#[doc = include_str!("../docs/onnx.md")]
#[cfg(feature = "onnx")]
pub mod onnx {}

#[doc = include_str!("../docs/many-machines.md")]
#[cfg(feature = "fit")]
pub mod many_machines {}

#[doc = include_str!("../docs/design.md")]
pub mod design {}

#[doc = include_str!("../docs/gradient-flow.md")]
#[cfg(all(feature = "fit", feature = "flow", feature = "plot", feature = "theory"))]
pub mod gradient_flow {}

#[doc = include_str!("../docs/features.md")]
pub mod features {}

#[doc = include_str!("../docs/performance.md")]
pub mod performance {}

#[doc = include_str!("../docs/coverage.md")]
pub mod coverage {}
