//! Shared by the experiments with deep networks: gradient flow without singular values, and saving pictures.

use std::path::Path;

use chainrule::flow::{Flow, FlowHook, FlowOptions};
use chainrule::loss::TargetFor;
use chainrule::plot::{Picture, PlotError};
use chainrule::prelude::*;

/// Gradient flow on a batch, in the time of a training step: [`GradientFlow::flow`] without singular values and
/// histograms.
pub(crate) fn flow<N, L, T, const D: usize, const C: usize>(
    net: &N,
    loss: &L,
    inputs: &[Vector<D>],
    targets: &[T],
) -> Result<Flow, chainrule::Error>
where
    N: Layer<Vector<D>, Output = Vector<C>>,
    T: TargetFor<L, Vector<C>>,
{
    let (mut workspace, mut gradient) = (Workspace::default(), N::zeros());
    let mut hook = FlowHook::new::<N, Vector<D>>(FlowOptions::LIGHT);
    let mean = net.loss_gradient_with_hook(
        loss,
        inputs,
        targets,
        &mut workspace,
        &mut gradient,
        &mut rng(0),
        &mut hook,
    )?;
    Ok(Flow { loss: Some(mean), samples: inputs.len(), expected: None, layers: hook.into_layers() })
}

/// Writes a picture into `target/gradient-flow`, as SVG and as PNG.
pub(crate) fn save(picture: &Picture, name: &str) -> Result<(), PlotError> {
    let folder = Path::new("target/gradient-flow");
    std::fs::create_dir_all(folder).map_err(|source| PlotError::Io { path: folder.into(), source })?;
    for ending in ["svg", "png"] {
        picture.save(folder.join(format!("{name}.{ending}")))?;
    }
    println!("picture: {}.svg and .png", folder.join(name).display());
    Ok(())
}
