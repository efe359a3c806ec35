//! Who appears in the studio.

use std::path::Path;

use rand_chacha::ChaCha8Rng;

use super::{Kind, Performer, draw, stamps, synthesize};

/// All that may appear: Debian's stamps if they are installed (real photos and sounds), otherwise
/// drawn objects with synthesized sounds.
pub fn cast(folder: &Path, rng: &mut ChaCha8Rng) -> Vec<Performer> {
    or_drawn(stamps::load(folder), rng)
}

/// The cast for visitors: of the stamps, only those that the shipped model knows well.
/// How often it is right on all of them, a demo with [`cast`] tells.
pub fn favourites(folder: &Path, rng: &mut ChaCha8Rng) -> Vec<Performer> {
    let mut found = stamps::load(folder);
    found.retain(|performer| stamps::FAVOURITES.contains(&&*performer.name));
    or_drawn(found, rng)
}

fn or_drawn(found: Vec<Performer>, rng: &mut ChaCha8Rng) -> Vec<Performer> {
    if found.len() >= 2 {
        return found;
    }
    let draw_one = |kind: Kind| Performer {
        name: kind.name().into(),
        picture: draw(kind, 256, rng),
        sound: synthesize(kind, 3.0, rng),
    };
    Kind::ALL.map(draw_one).into()
}
