//! The guides: how to use this crate, and why it is designed as it is.

#[doc = chainrule_derive::page!("docs/introduction.md")]
#[cfg(feature = "fit")]
pub mod introduction {}

#[doc = chainrule_derive::page!("docs/get-started.md")]
#[cfg(all(feature = "fit", feature = "flow"))]
pub mod get_started {}

#[doc = chainrule_derive::page!("docs/from-other-libraries.md")]
#[cfg(all(feature = "fit", feature = "flow", feature = "onnx"))]
pub mod from_other_libraries {}

#[doc = chainrule_derive::page!("docs/shapes.md")]
#[cfg(all(feature = "alloc", feature = "checkpoint", feature = "flow"))]
pub mod shapes {}

#[doc = chainrule_derive::page!("docs/shape-errors.md")]
pub mod shape_errors {}

#[doc = chainrule_derive::page!("docs/layers.md")]
#[cfg(feature = "checkpoint")]
pub mod layers {}

#[doc = chainrule_derive::page!("docs/training.md")]
#[cfg(all(feature = "fit", feature = "flow"))]
pub mod training {}

#[doc = chainrule_derive::page!("docs/data.md")]
#[cfg(all(feature = "fit", feature = "csv", feature = "idx", feature = "images", feature = "npz"))]
pub mod data {}

#[doc = chainrule_derive::page!("docs/checkpoints.md")]
#[cfg(all(feature = "fit", feature = "onnx"))]
pub mod checkpoints {}

#[doc = chainrule_derive::page!("docs/your-own-layer.md")]
pub mod your_own_layer {}

#[doc = chainrule_derive::page!("docs/generic-code.md")]
#[cfg(all(feature = "alloc", feature = "flow"))]
pub mod generic_code {}

#[doc = chainrule_derive::page!("docs/sequences.md")]
#[cfg(all(feature = "alloc", feature = "flow", feature = "plot"))]
pub mod sequences {}

#[doc = chainrule_derive::page!("docs/transformers.md")]
#[cfg(all(feature = "fit", feature = "flow", feature = "checkpoint"))]
pub mod transformers {}

#[doc = chainrule_derive::page!("docs/device.md")]
#[cfg(feature = "checkpoint")]
pub mod device {}

#[doc = chainrule_derive::page!("docs/onnx.md")]
#[cfg(feature = "onnx")]
pub mod onnx {}

#[doc = chainrule_derive::page!("docs/many-machines.md")]
#[cfg(feature = "fit")]
pub mod many_machines {}

#[doc = chainrule_derive::page!("docs/design.md")]
pub mod design {}

#[doc = chainrule_derive::page!("docs/backpropagation.md")]
#[cfg(all(feature = "fit", feature = "flow", feature = "plot", feature = "theory"))]
pub mod backpropagation {}

#[doc = chainrule_derive::page!("docs/gradient-flow.md")]
#[cfg(all(feature = "fit", feature = "flow", feature = "plot", feature = "theory"))]
pub mod gradient_flow {}

#[doc = chainrule_derive::page!("docs/gradient-flow-time.md")]
#[cfg(all(feature = "fit", feature = "flow", feature = "plot", feature = "theory"))]
pub mod gradient_flow_time {}

#[doc = chainrule_derive::page!("docs/verdicts.md")]
#[cfg(all(feature = "fit", feature = "flow", feature = "plot", feature = "theory"))]
pub mod verdicts {}

#[doc = chainrule_derive::page!("docs/measurements.md")]
#[cfg(all(feature = "fit", feature = "flow", feature = "plot", feature = "theory"))]
pub mod measurements {}

#[doc = chainrule_derive::page!("docs/reports.md")]
#[cfg(all(feature = "fit", feature = "flow", feature = "plot", feature = "theory"))]
pub mod reports {}

#[doc = chainrule_derive::page!("docs/diagnosis.md")]
#[cfg(all(feature = "fit", feature = "flow", feature = "plot", feature = "theory"))]
pub mod diagnosis {}

#[doc = chainrule_derive::page!("examples/README.md")]
pub mod examples {}

#[doc = chainrule_derive::page!("docs/features.md")]
pub mod features {}

#[doc = chainrule_derive::page!("docs/performance.md")]
pub mod performance {}

#[doc = chainrule_derive::page!("docs/coverage.md")]
pub mod coverage {}
