//! What takes no framework: networks written out by hand, and kernels.
//!
//! --variant  gemm       plain slices, products by the gemm crate
//!            nalgebra   the same, products by nalgebra; A1, A2 and F by its static matrices
//!            openblas   products alone (F, P)
//!            tiled      a register tile over constant sizes (F)
//!            std        the standard library's tanh (T)
//!            rational   a quotient of polynomials (T)
//!            fma        fused multiply-adds in registers (PEAK): the limit of a core

mod kernels;
mod networks;
mod products;
mod statics;

fn main() {
    let job = &common::Job::from_args();
    match (job.variant.as_str(), &job.workload[..1]) {
        ("nalgebra", "A") => statics::infer(job),
        ("nalgebra", "F") => statics::product(job),
        (_, "A" | "B" | "D" | "E" | "S") => networks::run(job),
        ("tiled", "F") => kernels::tiled(job),
        (_, "F" | "P") if job.workload != "PEAK" => products::run(job),
        (_, "T") => kernels::tanh(job),
        ("fma", _) => kernels::peak(job),
        (variant, _) => panic!("{variant} by hand has no workload {}", job.workload),
    }
}
