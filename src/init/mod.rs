// Tier 5.
//! The initialization of a network's parameters.
//!
//! The product in the chain rule has a factor W for every layer. The initializer sets the size of W at the start of
//! training, and so determines whether gradients vanish or explode there. One call initializes a whole network:
//!
//! ```
//! use chainrule::prelude::*;
//!
//! type Net = (Linear<64, 32>, Relu, [Residual<(Linear<32, 32>, Relu)>; 3], Linear<32, 10>);
//!
//! let net = Net::init(&mut rng(7)); // Glorot's initialization, a good default
//! let net = Net::init_with(Initializer::he_normal(), &mut rng(7)); // for ReLU
//! let net = Net::init_with(Initializer::orthogonal().gain(1.1), &mut rng(7));
//! ```
//!
//! Biases start at 0, unless [`bias_uniform`](Initializer::bias_uniform), [`bias_normal`](Initializer::bias_normal) or
//! [`bias_constant`](Initializer::bias_constant) is set. Scales and buffers start at the value that their layer
//! declares (for example, the slope of a PReLU at 0.25). [`init_part`](Initializer::init_part) initializes a part of a
//! network with a different initializer.

#[cfg(feature = "alloc")]
mod draw;
#[cfg(feature = "alloc")]
mod fill;
mod initializer;
mod variance;

#[cfg(feature = "alloc")]
pub use fill::Init;
pub use initializer::Initializer;
