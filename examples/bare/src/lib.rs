//! The part of this program that needs no operating system. It builds for a microcontroller too.
//!
//! ```text
//! $ rustup target add thumbv7em-none-eabihf
//! $ cargo build --release --lib --target thumbv7em-none-eabihf
//! ```
#![no_std]

pub mod digits;
