use bytemuck::Pod;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The scalar type of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// `f32`.
    F32,
    /// `f64`.
    F64,
}

/// The scalar type of a parameter: `f32` or `f64`.
pub trait Number: Pod + Send + Sync + PartialEq + sealed::Sealed {
    /// Which of the two.
    const SCALAR: Scalar;
}

impl Number for f32 {
    const SCALAR: Scalar = Scalar::F32;
}

impl Number for f64 {
    const SCALAR: Scalar = Scalar::F64;
}
