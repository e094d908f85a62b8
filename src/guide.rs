//! The long pages: how things are done, and why they are as they are.

#[doc = include_str!("../docs/your-own-layer.md")]
pub mod your_own_layer {}

#[doc = include_str!("../docs/design.md")]
pub mod design {}
