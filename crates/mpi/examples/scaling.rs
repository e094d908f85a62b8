//! Measures a step on this number of ranks: the table of the guide, `docs/many-machines.md`.
//!
//! ```text
//! $ RAYON_NUM_THREADS=1 mpirun -n 2 target/release/examples/scaling
//! ```
//! Each time is the least of many, because other processes use the machine too.

use std::time::Instant;

use chainrule::distributed::{Communicator, RankError};
use chainrule::prelude::*;
use chainrule_mpi::Mpi;

type Net = (Linear<64, 128>, [Residual<(Relu, Linear<128, 128>)>; 3], Relu, Linear<128, 10>);

/// The samples of a piece.
const PIECE: usize = 64;
const REPEATS: usize = 1000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut mpi = Mpi::start()?;
    let (rank, ranks) = (mpi.rank(), mpi.size());
    let bytes = Net::COUNT * size_of::<f32>();

    let (own, mut all) = ([0; 48], vec![0; 48 * ranks]);
    let report = least(|| mpi.all_gather(&own, &mut all))?;
    let chunk = bytes.div_ceil(ranks);
    let (send, mut received) = (vec![0; chunk * ranks], vec![0; chunk * ranks]);
    let exchange = least(|| {
        mpi.all_to_all(&send, &mut received)?;
        mpi.all_gather(&send[..chunk], &mut received)
    })?;

    let net = Net::init(&mut rng(0));
    let trainer = Trainer::new(net, CrossEntropy::default(), Adam::new(1e-3), 0).micro_batch(PIECE);
    let mut trainer = trainer.across(mpi)?;
    let mut step = |samples: usize| {
        let inputs: Vec<Vector<64>> =
            (0..samples).map(|at| Vector([at as f32 / samples as f32; 64])).collect();
        let labels = (0..samples).map(|at| Label::new(at % 10)).collect::<Result<Vec<Label<10>>, _>>()?;
        least(|| trainer.step(&inputs, &labels).map(drop))
    };
    let (strong, weak) = (step(8 * PIECE)?, step(PIECE * ranks)?);
    if rank == 0 {
        let micro = |seconds: f64| (1e6 * seconds).round();
        println!(
            "{ranks} ranks: {} µs for a batch of {}, {} µs for {} a rank; of these a report {} µs, the {bytes} bytes {} µs",
            micro(strong),
            8 * PIECE,
            micro(weak),
            PIECE,
            micro(report),
            micro(exchange)
        );
    }
    Ok(())
}

/// Returns the least time of a call, in seconds.
fn least<E: From<RankError>>(mut f: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let mut least = f64::INFINITY;
    for _ in 0..REPEATS {
        let start = Instant::now();
        f()?;
        least = least.min(start.elapsed().as_secs_f64());
    }
    Ok(least)
}
