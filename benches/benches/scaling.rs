//! What a training step costs as a network grows in width, in depth and in batch: time compared with the peak of this
//! core (a roofline), and bytes compared with the formula. On one thread with `RAYON_NUM_THREADS=1`.
//!
//! ```text
//! $ RAYON_NUM_THREADS=1 cargo bench -p chainrule-benches --bench scaling            # prints the tables
//! $ RAYON_NUM_THREADS=1 cargo bench -p chainrule-benches --bench scaling -- FOLDER  # and draws them: scaling.svg
//! ```

#![allow(unsafe_code)]

#[path = "common/peak.rs"]
mod peak;

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use chainrule::plot::{Lines, Picture};
use chainrule::prelude::*;

/// The system's allocator, which knows how many bytes are in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes on to the system's allocator, unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns the least time that `work` takes, in seconds, within about a second.
fn least(mut work: impl FnMut()) -> f64 {
    let (begin, mut least) = (Instant::now(), f64::INFINITY);
    for round in 0.. {
        let start = Instant::now();
        work();
        least = least.min(start.elapsed().as_secs_f64());
        if round >= 3 && begin.elapsed().as_secs_f64() > 0.5 {
            break;
        }
    }
    least
}

/// The cost of a network in training.
struct Row {
    /// Width, depth or batch.
    size: usize,
    seconds: f64,
    /// Multiply-adds of a step, forward and backward.
    multiply_adds: f64,
    /// Bytes of the network, its gradient and Adam's two moments.
    parameters: usize,
    /// Bytes of the workspace, by the formula.
    workspace: usize,
    /// Bytes in use after the first steps.
    in_use: usize,
}

/// `N` on a batch of random vectors: a step of Adam against targets of the same shape.
fn train<const WIDTH: usize, N>(size: usize, batch: usize) -> Row
where
    N: Maps<Vector<WIDTH>, Vector<WIDTH>> + chainrule::init::Init,
{
    let inputs: Vec<Vector<WIDTH>> = (0..batch)
        .map(|at| Vector(std::array::from_fn(|i| ((at * 31 + i * 17) % 64) as f32 / 32.0 - 1.0)))
        .collect();
    let before = IN_USE.load(Ordering::Relaxed);
    let mut trainer = Trainer::new(N::init(&mut rng(1)), MeanSquaredError, Adam::new(1e-6), 1);
    let mut step = || _ = black_box(trainer.step(black_box(&inputs), &inputs));
    (0..2).for_each(|_| step());
    let in_use = IN_USE.load(Ordering::Relaxed) - before;
    let seconds = least(step);
    let cost = N::PLAN.cost;
    // The plan counts an input gradient for every layer. The first layer, which is square in all networks here, needs
    // none.
    let each = cost.multiply_adds + cost.backward_multiply_adds - (WIDTH * WIDTH) as u64;
    let multiply_adds = each as f64 * batch as f64;
    let workspace = 64 * chainrule::budget::<N, Vector<WIDTH>>().training_lines(batch); // cache lines
    Row { size, seconds, multiply_adds, parameters: 16 * N::COUNT, workspace, in_use }
}

type Plain<const WIDTH: usize> = [(Linear<WIDTH, WIDTH>, Relu); 4];
type Deep<const DEPTH: usize> = [Residual<(Linear<64, 64>, Tanh)>; DEPTH];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (operations, lanes) = peak::run();
    let peak = operations / least(|| _ = peak::run()) / 1e9;
    println!("peak of this core: {peak:.0} GFLOP/s, vectors of {lanes} f32");
    let tables = [
        (
            "width",
            "four layers, batch 32, Adam",
            vec![
                train::<16, Plain<16>>(16, 32),
                train::<32, Plain<32>>(32, 32),
                train::<64, Plain<64>>(64, 32),
                train::<128, Plain<128>>(128, 32),
                train::<256, Plain<256>>(256, 32),
                train::<512, Plain<512>>(512, 32),
                train::<1024, Plain<1024>>(1024, 32),
                train::<2048, Plain<2048>>(2048, 32),
            ],
        ),
        (
            "depth",
            "residual blocks of 64, batch 32, Adam",
            vec![
                train::<64, Deep<1>>(1, 32),
                train::<64, Deep<3>>(3, 32),
                train::<64, Deep<10>>(10, 32),
                train::<64, Deep<30>>(30, 32),
                train::<64, Deep<100>>(100, 32),
                train::<64, Deep<300>>(300, 32),
                train::<64, Deep<1000>>(1000, 32),
            ],
        ),
        (
            "batch",
            "four layers of 128, Adam",
            [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
                .map(|batch| train::<128, Plain<128>>(batch, batch))
                .into_iter()
                .collect(),
        ),
    ];
    let (mut times, mut speeds) = (Vec::new(), Vec::new());
    for (name, what, rows) in tables {
        println!("\n{name} ({what})");
        println!("{name:>7} {:>12} {:>9} {:>6}", "μs a step", "GFLOP/s", "peak");
        let speed = |row: &Row| 2.0 * row.multiply_adds / row.seconds / 1e9;
        for row in &rows {
            let share = 100.0 * speed(row) / peak;
            println!("{:>7} {:>12.1} {:>9.1} {share:>5.0}%", row.size, row.seconds * 1e6, speed(row));
        }
        println!(
            "{name:>7} {:>12} {:>12} {:>12} {:>12}",
            "KiB: weights", "workspace", "in use", "of formula"
        );
        for row in &rows {
            let kib = |bytes: usize| bytes as f64 / 1024.0;
            let formula = row.parameters + row.workspace;
            println!(
                "{:>7} {:>12.1} {:>12.1} {:>12.1} {:>11.2}x",
                row.size,
                kib(row.parameters),
                kib(row.workspace),
                kib(row.in_use),
                row.in_use as f64 / formula as f64
            );
        }
        let points =
            |y: &dyn Fn(&Row) -> f64| rows.iter().map(|row| (row.size as f64, y(row))).collect::<Vec<_>>();
        let time = Lines::new(format!("Time of a step against {name}")).x(name).y("μs").log_x().log_y();
        let time = time.line("measured", points(&|row| row.seconds * 1e6));
        let limit = points(&|row| 2.0 * row.multiply_adds / peak / 1e3);
        times.push(time.line("at the core's peak", limit).note(what).picture()?);
        let speeded = Lines::new(format!("Speed against {name}")).x(name).y("GFLOP/s").log_x();
        speeds.push(
            speeded.line("measured", points(&speed)).level(peak, "peak of the core").note(what).picture()?,
        );
    }
    // `cargo bench` passes further arguments.
    if let Some(folder) = std::env::args().skip(1).find(|argument| !argument.starts_with('-')) {
        let path = std::path::Path::new(&folder).join("scaling.svg");
        Picture::grid(3, times.into_iter().chain(speeds)).save(&path)?;
        println!("\ndrawn: {}", path.display());
    }
    Ok(())
}
