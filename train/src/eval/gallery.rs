//! The experiments on embeddings and units: each looks at a pool of held-out pictures and one of held-out seconds.

use image::RgbImage;
use lookhear::engine::ActivationMap;
use lookhear::preprocess::spectrogram;

use super::pictures::{Cell, Content, Picture, Row, spectrogram_picture, upside_down, with_heat};
use super::pool::{self, Pool, embeddings};
use super::report::Findings;
use super::units::{Unit, shown, units as all_units};
use super::{Setting, clusters, plots, tsne as two_dimensional, units};
use crate::Error;

/// Units on a contact sheet.
const ROWS: usize = 8;
/// Items of each.
const CELLS: usize = 8;

/// Which units prefer a class, and what the purest respond to.
pub(super) fn units(setting: &mut Setting) -> Result<Findings, Error> {
    let (pictures, seconds) = (pool::pictures(setting)?, pool::seconds(setting)?);
    let seen = all_units(&pictures, &pictures.maps(setting.judge));
    let heard = all_units(&seconds, &seconds.maps(setting.judge));
    let figures = vec![units::figure(&seen, "vision"), units::figure(&heard, "audio")];
    let of_pictures = sheet(&pictures, &seen, |_, item, _| Ok(item.clone()))?;
    let of_seconds =
        sheet(&seconds, &heard, |_, item, _| Ok(spectrogram_picture(&spectrogram::second(item))))?;
    let pictures = vec![
        Picture {
            title: "Vision tower: what units respond to".into(),
            caption: "One unit a row, purest first; its strongest pictures from the left, the class below each.".into(),
            content: Content::Sheet(of_pictures),
        },
        Picture {
            title: "Audio tower: what units respond to".into(),
            caption: "One unit a row; spectrograms of its strongest seconds: 1 s to the right, 0 to 24 kHz upwards.".into(),
            content: Content::Sheet(of_seconds),
        },
    ];
    Ok(Findings { figures, pictures })
}

/// Where units respond in the pictures that they respond to most.
pub(super) fn heatmaps(setting: &mut Setting) -> Result<Findings, Error> {
    let pool = pool::pictures(setting)?;
    let maps = pool.maps(setting.judge);
    let units = all_units(&pool, &maps);
    let side = setting.judge.manifest().spec.vision.input[1] as u32;
    let fit = setting.judge.manifest().preprocessing.fit;
    let rows = sheet(&pool, &units, |item, picture, unit| {
        let square = lookhear::preprocess::picture::square(picture, fit, side);
        let map: &ActivationMap = &maps[item];
        Ok(with_heat(&square, map.unit(unit.channel), map.rows, map.columns))
    })?;
    let picture = Picture {
        title: "Vision tower: where units respond".into(),
        caption: "One unit a row; light from blue to yellow where it responds, up to its largest value in that picture.".into(),
        content: Content::Sheet(rows),
    };
    Ok(Findings { figures: Vec::new(), pictures: vec![picture] })
}

/// When and at which frequencies units respond.
pub(super) fn spectrograms(setting: &mut Setting) -> Result<Findings, Error> {
    let pool = pool::seconds(setting)?;
    let maps = pool.maps(setting.judge);
    let units = all_units(&pool, &maps);
    let rows = sheet(&pool, &units, |item, second, unit| {
        let map = &maps[item];
        let heat = upside_down(map.unit(unit.channel), map.columns);
        Ok(with_heat(&spectrogram_picture(&spectrogram::second(second)), &heat, map.rows, map.columns))
    })?;
    let picture = Picture {
        title: "Audio tower: what units listen to".into(),
        caption: "One unit a row; spectrograms (1 s to the right, 0 to 24 kHz upwards) in grey, light from blue to yellow where the unit responds.".into(),
        content: Content::Sheet(rows),
    };
    Ok(Findings { figures: Vec::new(), pictures: vec![picture] })
}

/// Both towers' embeddings in two dimensions.
pub(super) fn tsne(setting: &mut Setting) -> Result<Findings, Error> {
    let (pictures, seconds) = (pool::pictures(setting)?, pool::seconds(setting)?);
    let seen = embeddings(&pictures.maps(setting.judge));
    let heard = embeddings(&seconds.maps(setting.judge));
    let plot = |tower: &str, embeddings: &[Vec<f32>], labels: &[usize], classes: &[String]| {
        let points = two_dimensional::points(embeddings, setting.seed);
        Picture {
            title: format!("t-SNE of the {tower} tower's embeddings"),
            caption: format!(
                "{} held-out items, a dot each, coloured by class. Perplexity 20.",
                labels.len()
            ),
            content: Content::Svg(plots::scatter(&points, labels, classes)),
        }
    };
    let pictures = vec![
        plot("vision", &seen, &pictures.labels(), &pictures.classes),
        plot("audio", &heard, &seconds.labels(), &seconds.classes),
    ];
    Ok(Findings { figures: Vec::new(), pictures })
}

/// How far both towers' clusters follow the classes.
pub(super) fn nmi(setting: &mut Setting) -> Result<Findings, Error> {
    let (pictures, seconds) = (pool::pictures(setting)?, pool::seconds(setting)?);
    let seen = embeddings(&pictures.maps(setting.judge));
    let heard = embeddings(&seconds.maps(setting.judge));
    let seed = setting.seed;
    Ok(vec![
        clusters::figure(&seen, &pictures.labels(), "vision tower", seed)?,
        clusters::figure(&heard, &seconds.labels(), "audio tower", seed)?,
    ]
    .into())
}

/// The purest units of different classes, each with what it responds to most.
fn sheet<T>(
    pool: &Pool<T>,
    units: &[Unit],
    draw: impl Fn(usize, &T, &Unit) -> Result<RgbImage, Error>,
) -> Result<Vec<Row>, Error> {
    let row = |unit: &&Unit| {
        let cell = |item: &usize| {
            let (class, content) = &pool.items[*item];
            Cell::new(&draw(*item, content, unit)?, &pool.classes[*class])
        };
        let cells: Result<Vec<Cell>, Error> = unit.top.iter().take(CELLS).map(cell).collect();
        let purity = 100.0 * unit.purity;
        let label = format!("unit {}: {purity:.0} % {}", unit.channel, pool.classes[unit.class]);
        Ok(Row { label, cells: cells? })
    };
    shown(units, ROWS).iter().map(row).collect()
}
