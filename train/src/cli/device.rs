//! Devices by name.

use burn::tensor::Device;
use lookhear::engine::Backend;
use lookhear_train::Error;

/// What trains: `flex`, `wgpu`, `ndarray`, `cuda`, `cuda:1`, ..., `libtorch` (the CPU), or `libtorch:0`, ... (its GPUs).
pub(super) fn device(name: &str) -> Result<Device, Error> {
    let wrong = |why: &dyn std::fmt::Display| Error::argument("--device", name, why);
    let number = |index: &str| {
        let number = index.parse::<usize>();
        number.map_err(|_| wrong(&"a number comes behind the colon, as in cuda:1"))
    };
    match name {
        "cuda" => cuda(0),
        "libtorch" => libtorch(None),
        name => match name.split_once(':') {
            Some(("cuda", index)) => cuda(number(index)?),
            Some(("libtorch", index)) => libtorch(Some(number(index)?)),
            _ => name.parse::<Backend>().map_err(|e| wrong(&e))?.device().map_err(|e| wrong(&e)),
        },
    }
}

#[cfg(feature = "cuda")]
fn cuda(index: usize) -> Result<Device, Error> {
    Ok(Device::cuda(index))
}

#[cfg(not(feature = "cuda"))]
fn cuda(_index: usize) -> Result<Device, Error> {
    Err(Error::argument("--device", "cuda", "it is not built in; build with `--features cuda`"))
}

#[cfg(feature = "libtorch")]
#[expect(deprecated, reason = "until a Burn backend trains as fast on a CPU")]
fn libtorch(gpu: Option<usize>) -> Result<Device, Error> {
    Ok(gpu.map_or_else(Device::libtorch, Device::libtorch_cuda))
}

#[cfg(not(feature = "libtorch"))]
fn libtorch(_gpu: Option<usize>) -> Result<Device, Error> {
    Err(Error::argument("--device", "libtorch", "it is not built in; build with `--features libtorch`"))
}
