//! What an archive holds.

use std::io;

use super::{Sense, Unfit};
use crate::embed::{Archive, Pool, Settings, Space, What};
use crate::model::Spec;

/// What scores can be compared in: a sense in a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// What the rows are of.
    pub sense: Sense,
    /// Where they lie.
    pub space: Space,
    /// How the tower's map is pooled; `None` in the shared space.
    pub pool: Option<Pool>,
}

impl Kind {
    /// Looks at an archive of a model (its hash and its layer table).
    pub(super) fn of(archive: &Archive, model: &str, spec: &Spec) -> Result<(Self, Settings), Unfit> {
        let label = archive.label();
        let settings = label.settings().ok_or(Unfit::Version)?;
        let theirs = label.get("model").unwrap_or_default();
        if theirs != model {
            return Err(Unfit::Model { theirs: theirs.into(), ours: model.into() });
        }
        let sense = match settings.what {
            What::Audio => Sense::Sound,
            What::Vision => Sense::Picture,
            What::Ave => either(archive, settings.dims(spec), positions(spec))?,
        };
        let shared = settings.is_shared();
        let space = if shared { Space::Shared } else { Space::Tower };
        Ok((Self { sense, space, pool: (!shared).then_some(settings.pool) }, settings))
    }

    /// Rows of each moment.
    pub(super) fn rows(self, spec: &Spec) -> usize {
        match (self.sense, self.space) {
            (Sense::Picture, Space::Shared) => positions(spec),
            _ => 1,
        }
    }
}

/// Vectors that a picture has in the shared space.
fn positions(spec: &Spec) -> usize {
    // AVE-Net's head has one for the whole picture.
    spec.localization.map_or(1, |_| spec.map_size().iter().product())
}

/// The sense of an archive of [`What::Ave`]: only the positions of a picture have the same timestamp.
fn either(archive: &Archive, dims: usize, positions: usize) -> Result<Sense, Unfit> {
    if positions == 1 {
        return Err(Unfit::Mixed);
    }
    let mut sense = Sense::Sound;
    let mut looked = false;
    let look = archive.read(dims, 2, &mut |rows| {
        if let [first, second] = rows.timestamps[..]
            && first == second
        {
            sense = Sense::Picture;
        }
        looked = true;
        // That was enough.
        Err(io::ErrorKind::Interrupted.into())
    });
    if looked { Ok(sense) } else { look.map(|()| sense).map_err(Unfit::from) }
}
