//! Batches on disk, for a learner elsewhere: one file a batch, exactly what a step of `fit` would see.
//!
//! Safetensors, so that NumPy, PyTorch and JAX read them: `pictures` `[n, 3, 224, 224]` in bytes (0 is -1, 255 is 1),
//! `sounds` `[n, 257, 199]` in bytes of [`STEPS`] steps a unit, `targets` `[n, n]`, 1 where the picture (row) belongs to
//! the sound (column).

use std::ops::Range;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use lookhear::preprocess::spectrogram::{BINS, COLUMNS};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use crate::Error;
use crate::compose::SIDE;
use crate::config::Config;
use crate::example::Batch;
use crate::loader::{Loader, Source, threads};

/// Steps of a byte in one unit of the log spectrogram: 4 units, more than the loudest sound has, fill the byte.
pub const STEPS: f32 = 64.0;

/// Writes the batches of these steps into a folder; files that are there already are kept.
///
/// # Errors
/// The data cannot be read, or the folder cannot be written.
pub fn pack(config: &Config, steps: Range<u64>, folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(|e| Error::file(folder, e))?;
    let source = Source::open(config)?;
    let (config, folder) = (config.clone(), folder.to_path_buf());
    let bar = ProgressBar::new(steps.end.saturating_sub(steps.start));
    let mut loader = Loader::ahead(steps.clone(), threads(), move |step| {
        let target = folder.join(format!("{step:06}.safetensors"));
        match target.exists() {
            true => Ok(()),
            false => write(&source.batch(&config, step)?, &folder, &target),
        }
    });
    for _ in steps {
        loader.next_batch()?;
        bar.inc(1);
    }
    bar.finish();
    Ok(())
}

/// Writes beside the target first, so that no half of a file ever has its name.
fn write(batch: &Batch, folder: &Path, target: &PathBuf) -> Result<(), Error> {
    let n = batch.size;
    let pictures = bytes(&batch.pictures, |value| (value + 1.0) * 127.5);
    let sounds = bytes(&batch.sounds, |value| value * STEPS);
    let targets = bytes(&batch.targets, |value| value);
    let side = SIDE as usize;
    let view = |shape: &[usize], data| TensorView::new(Dtype::U8, shape.to_vec(), data);
    let failed = |e: &dyn std::fmt::Display| Error::file(target, e);
    let tensors = [
        ("pictures", view(&[n, 3, side, side], &pictures).map_err(|e| failed(&e))?),
        ("sounds", view(&[n, BINS, COLUMNS], &sounds).map_err(|e| failed(&e))?),
        ("targets", view(&[n, n], &targets).map_err(|e| failed(&e))?),
    ];
    let content = safetensors::serialize(tensors, None).map_err(|e| failed(&e))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|e| failed(&e))?;
    std::io::Write::write_all(&mut file, &content).map_err(|e| failed(&e))?;
    file.persist(target).map_err(|e| failed(&e.error))?;
    Ok(())
}

fn bytes(values: &[f32], scale: impl Fn(f32) -> f32) -> Vec<u8> {
    values.iter().map(|value| scale(*value).round().clamp(0.0, 255.0) as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::SafeTensors;

    #[test]
    fn a_batch_comes_back_but_for_rounding() {
        let side = SIDE as usize;
        let batch = Batch {
            size: 2,
            pictures: (0..2 * 3 * side * side).map(|i| (i % 256) as f32 / 127.5 - 1.0).collect(),
            sounds: (0..2 * BINS * COLUMNS).map(|i| (i % 300) as f32 / 100.0).collect(),
            targets: vec![1.0, 0.0, 0.0, 1.0],
        };
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a.safetensors");
        write(&batch, folder.path(), &target).unwrap();
        let content = std::fs::read(&target).unwrap();
        let tensors = SafeTensors::deserialize(&content).unwrap();
        assert_eq!(tensors.tensor("pictures").unwrap().shape(), [2, 3, side, side]);
        let pictures = tensors.tensor("pictures").unwrap().data();
        assert!(pictures.iter().enumerate().all(|(i, byte)| usize::from(*byte) == i % 256));
        let sounds = tensors.tensor("sounds").unwrap().data();
        assert!(
            sounds.iter().zip(&batch.sounds).all(|(b, s)| (f32::from(*b) / STEPS - s).abs() <= 0.5 / STEPS)
        );
        assert_eq!(tensors.tensor("targets").unwrap().data(), [1, 0, 0, 1]);
    }
}
