//! The size map of the matrix products: how fast a layer's three products are, for each width and batch, compared with
//! the peak of this core.
//!
//! ```text
//! $ cargo bench -p chainrule-benches --bench kernels            # prints the map, and what falls below half of its neighbors
//! $ cargo bench -p chainrule-benches --bench kernels -- FOLDER  # and draws it: kernels.svg
//! ```

#![allow(unsafe_code)]

#[path = "common/peak.rs"]
mod peak;

use std::hint::black_box;
use std::time::Instant;

use chainrule::plot::{HeatMap, Picture};

use chainrule_kernel::{Initial, Strided, gemm};

const WIDTHS: [usize; 21] = [1, 2, 3, 4, 5, 7, 8, 11, 13, 16, 17, 24, 31, 32, 33, 48, 64, 67, 96, 128, 130];
const BATCHES: [usize; 10] = [1, 2, 3, 4, 8, 13, 32, 61, 64, 128];
/// The best of several passes over the map, a second apart, since other processes seldom disturb all of them.
const PASSES: usize = 20;

/// Returns the least time that `work` takes, in seconds.
fn least(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    work();
    // Measures about 20 μs at a time, so that the time of reading the clock is negligible.
    let times = (20e-6 / start.elapsed().as_secs_f64().max(1e-8)) as usize + 1;
    let mut least = f64::INFINITY;
    for _ in 0..30 {
        let start = Instant::now();
        (0..times).for_each(|_| work());
        least = least.min(start.elapsed().as_secs_f64() / times as f64);
    }
    least
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (operations, lanes) = peak::run();
    let peak = operations / least(|| _ = peak::run()) / 1e9;
    println!("peak of this core: {peak:.0} GFLOP/s, vectors of {lanes} f32");
    let mut panels = Vec::new();
    for kind in ["forward, Z = X W + b", "input gradient, dX = dZ Wᵀ", "weight gradient, dW = Xᵀ dZ"] {
        println!("\n{kind}: GFLOP/s (rows: batch, columns: width in = width out)");
        print!("{:>5}", "");
        WIDTHS.iter().for_each(|width| print!("{width:>6}"));
        println!();
        let mut map = vec![vec![0.0_f64; WIDTHS.len()]; BATCHES.len()];
        for _ in 0..PASSES {
            for (row, batch) in map.iter_mut().zip(BATCHES) {
                for (speed, width) in row.iter_mut().zip(WIDTHS) {
                    *speed = speed.max(measure(kind, batch, width));
                }
            }
        }
        for (row, batch) in map.iter().zip(BATCHES) {
            print!("{batch:>5}");
            row.iter().for_each(|speed| print!("{speed:>6.1}"));
            println!();
        }
        for (row, batch) in BATCHES.iter().enumerate() {
            for at in 1..WIDTHS.len() - 1 {
                let [before, speed, after] = [map[row][at - 1], map[row][at], map[row][at + 1]];
                if speed < 0.5 * before.min(after) {
                    println!("below half of its neighbors: batch {batch}, width {}", WIDTHS[at]);
                }
            }
        }
        let mut picture = HeatMap::new(kind, WIDTHS.map(|width| width as f64))
            .x("width, in and out")
            .y("batch")
            .value(format!("GFLOP/s; peak {peak:.0}"));
        for (batch, row) in BATCHES.iter().zip(map) {
            picture = picture.row(batch.to_string(), row);
        }
        panels.push(picture.picture()?);
    }
    // `cargo bench` passes further arguments.
    if let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) {
        let path = std::path::Path::new(&folder).join("kernels.svg");
        Picture::below(panels).save(&path)?;
        println!("\ndrawn: {}", path.display());
    }
    Ok(())
}

fn measure(kind: &str, batch: usize, width: usize) -> f64 {
    let (x, w) = (vec![0.5_f32; batch * width], vec![0.25_f32; width * width]);
    let (bias, mut z, mut dw) = (vec![0.0; width], vec![0.0; batch * width], w.clone());
    let rows = |numbers| Strided::rows(numbers, width);
    let seconds = match kind.as_bytes()[0] {
        b'f' => least(|| gemm(rows(&x), rows(&w), Initial::Row(&bias), black_box(&mut z), width, width)),
        b'i' => {
            let w = Strided::transposed(&w, width);
            least(|| gemm(rows(&x), w, Initial::Zero, black_box(&mut z), width, width))
        }
        _ => {
            let x = Strided::transposed(&x, width);
            let dz = z.clone();
            least(|| gemm(x, rows(&dz), Initial::Zero, black_box(&mut dw), batch, width))
        }
    };
    (2 * batch * width * width) as f64 / seconds / 1e9
}
