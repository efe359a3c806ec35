//! The model card: what a bundle says of itself, what people say of it, and what was measured.

use std::fmt::Write;

use lookhear::model::{Bundle, Thresholds, Training};

use crate::Error;

/// Digits of a hash that tables show.
const DIGITS: usize = 12;

/// A model card in Markdown: `about` in the words of those who made the model, then what the bundle `name` holds, then
/// the tables that `eval --out` wrote of it.
///
/// # Errors
/// There are no such tables, or they are of another model.
pub fn card(name: &str, bundle: &Bundle, about: &str, figures: &str) -> Result<String, Error> {
    let hash = &bundle.hash[..DIGITS.min(bundle.hash.len())];
    let mut sources = figures.lines().filter(|line| line.contains(", model `")).peekable();
    let wrong = match sources.peek() {
        None => Some("none of its lines names a model"),
        Some(_) => sources.find(|line| !line.contains(hash)),
    };
    if let Some(why) = wrong {
        return Err(Error::OtherFigures { model: name.into(), hash: hash.into(), reason: why.into() });
    }
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = sections(&mut text, name, bundle, about);
    Ok(text + "## Figures\n\n" + figures.trim_end() + "\n")
}

fn sections(text: &mut String, name: &str, bundle: &Bundle, about: &str) -> std::fmt::Result {
    let manifest = &bundle.manifest;
    let Training { data, steps, pairs, hours, split } = &manifest.training;
    let parameters = manifest.spec.vision.parameters() + manifest.spec.audio.parameters();
    let megabytes = bundle.as_bytes().len() as f64 / 1e6;
    writeln!(text, "{}\n\n## {name}\n\n| | |\n|---|---|", about.trim_end())?;
    writeln!(text, "| SHA-256 | `{}` |", bundle.hash)?;
    writeln!(
        text,
        "| size | {megabytes:.1} MB; {:.2} million parameters in the towers |",
        parameters as f64 / 1e6
    )?;
    writeln!(text, "| learned from | {data} |")?;
    writeln!(text, "| training | {steps} steps, {pairs} pairs, {hours} hours; split `{split}` |")?;
    let Thresholds { on, off, even, fusion_share, hold, silence, extent, place } = manifest.thresholds;
    writeln!(text, "| a match begins, ends | at a score of {on:.2}, {off:.2}, lasting {hold} s |")?;
    writeln!(text, "| yes and no are equally likely | at {even:.2} |")?;
    writeln!(text, "| share of the fusion head in the score | {:.0} % |", fusion_share * 100.0)?;
    writeln!(text, "| silence | below {silence} dB of full scale |")?;
    writeln!(
        text,
        "| a place sounds | from {place:.2} of the map; its extent is {:.0} % of the range |\n",
        extent * 100.0
    )
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use lookhear::model::{Network, Spec};
    use lookhear::preprocess::{Fit, Preprocessing};

    use super::*;

    #[test]
    fn figures_of_the_model_are_taken_and_those_of_another_are_not() {
        let mut spec = Spec::preset("edge").unwrap();
        spec.vision.input = [3, 32, 32];
        let network = Network::new(&spec, &Device::flex());
        let training = Training { data: "two stones".into(), steps: 7, ..Training::default() };
        let preprocessing = Preprocessing::new(Fit::Stretch);
        let bundle = Bundle::new(spec, network, preprocessing, Thresholds::default(), training, &[]).unwrap();
        let table = |hash: &str| {
            format!("### AVC\n\n`lookhear-train eval avc`, model `{hash}`, split `s`, seed 1.\n")
        };
        let text =
            card("stones.safetensors", &bundle, "# Stones\n\nThey hear.\n", &table(&bundle.hash[..12]))
                .unwrap();
        assert!(text.starts_with("# Stones\n\nThey hear.\n\n## stones.safetensors\n"), "{text}");
        assert!(text.contains("| learned from | two stones |") && text.contains(&bundle.hash), "{text}");
        assert!(
            text.contains("| a match begins, ends | at a score of 0.50, 0.40") && text.contains("### AVC"),
            "{text}"
        );
        for (figures, why) in
            [(table("0123456789ab"), "`0123456789ab`"), ("# Notes".into(), "none of its lines")]
        {
            let error = card("stones.safetensors", &bundle, "", &figures).unwrap_err().to_string();
            assert!(error.contains("stones.safetensors") && error.contains(why), "{error}");
            assert!(error.contains("eval all --out"), "{error}");
        }
    }
}
