//! tract, a library for inference in Rust. It reads the ONNX model that `../python/onnx_peer.py --save` wrote into
//! `onnx/`, next to the folder of this program. A1io and A2io are as A1 and A2, from a slice to a slice.

use std::hint::black_box;
use std::path::Path;

use common::{Job, digest, inputs};
use tract_onnx::prelude::*;

fn main() -> TractResult<()> {
    let job = &Job::from_args();
    let name = job.workload.trim_end_matches("io");
    let program = std::env::current_exe()?;
    let folder = program.parent().and_then(Path::parent).expect("the program is in bin/").join("onnx");
    let model = tract_onnx::onnx().model_for_path(folder.join(format!("{name}.onnx")))?.into_optimized()?;
    let shape = model.input_fact(0)?.shape.as_concrete().expect("a constant shape").to_vec();
    let data = inputs(shape.iter().product());
    let mut state = model.into_runnable()?.spawn()?;
    let given = Tensor::from_shape(&shape, &data)?;
    let numbers =
        |y: &TValue| y.to_plain_array_view::<f32>().map(|y| y.iter().copied().collect::<Vec<f32>>());
    if job.copies() {
        let mut step = || {
            let x = Tensor::from_shape(&shape, black_box(&data))?;
            numbers(&state.run(tvec!(x.into()))?[0])
        };
        job.infer(|| step().unwrap());
    } else {
        let mut step = || state.run(tvec!(black_box(&given).clone().into()));
        job.run(|| step().unwrap(), |y| digest(&numbers(&y[0]).unwrap()));
    }
    Ok(())
}
