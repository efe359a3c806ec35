//! The layer table as a graph: what `lookhear::model::Network` computes, in ONNX's operators.
//!
//! Values inside are called by their place in the table (`vision.conv1_1`, `audio.pool3`, ...), weights as in the bundle.

use lookhear::model::{Distance, Fusion, Layer, Localization, Pooling, Spec, Tower, Weights, WeightsError};

use super::graph::{Builder, int, ints};

/// A graph, and the weights that have not yet found their place in it.
pub(super) struct Walk {
    pub(super) graph: Builder,
    pub(super) weights: Weights,
}

/// The axis of channels, for the operators that take it as an input.
const CHANNELS: &str = "channels";

/// What a head says of a pair, as names: probability of correspondence `[n]`.
type Probability = String;

impl Walk {
    /// The whole network; `share` is the fusion head's in the score.
    pub(super) fn network(&mut self, spec: &Spec, share: f32) -> Result<(), WeightsError> {
        let about = "RGB, planes of rows, -1..1: value / 127.5 - 1";
        let picture = self.graph.input("picture", &spec.vision.input, about);
        let about = "a second of sound, bin by bin: ln(max(magnitude, floor) / floor) / log_scale";
        let [_, bins, columns] = spec.audio.input;
        let spectrogram = self.graph.input("spectrogram", &[bins, columns], about);
        self.graph.integers(CHANNELS, &[1], &[1]);
        let sound = self.graph.node("spectrogram.plane", "Unsqueeze", &[&spectrogram, CHANNELS], []);

        let seen = self.tower("vision", &spec.vision, &picture)?;
        let heard = self.tower("audio", &spec.audio, &sound)?;
        let image = self.embedding("image_embedding", "vision", &spec.vision, &seen);
        let audio = self.embedding("audio_embedding", "audio", &spec.audio, &heard);
        let fusion = match (spec.distance, spec.fusion) {
            (Some(head), _) => Some(self.distance(head, spec, [&image, &audio])?),
            (None, Some(head)) => Some(self.fusion(head, spec, [&image, &audio])?),
            (None, None) => None,
        };
        let localization = match spec.localization {
            Some(head) => Some(self.localization(head, spec, &seen)?),
            None => None,
        };
        self.score(fusion, localization, share);
        Ok(())
    }

    /// `[n, c, h, w]` to the activation map.
    fn tower(&mut self, name: &str, tower: &Tower, input: &str) -> Result<String, WeightsError> {
        let (mut x, mut convs) = (input.to_string(), 0);
        for (layer, shape) in tower.layers.iter().zip(tower.shapes()) {
            let here = format!("{name}.{}", shape.name);
            x = match *layer {
                Layer::Conv { channels, stride } => {
                    let weights = format!("{name}.convs.{convs}.conv");
                    convs += 1;
                    let y = self.conv(&here, &weights, &x, [channels, shape.input[0]], 3, stride)?;
                    self.graph.node(&format!("{here}.relu"), "Relu", &[&y], [])
                }
                Layer::MaxPool => {
                    let window = [ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])];
                    self.graph.node(&here, "MaxPool", &[&x], window)
                }
            };
        }
        Ok(x)
    }

    /// A convolution that keeps the size but for its stride.
    fn conv(
        &mut self,
        name: &str,
        weights: &str,
        x: &str,
        [channels, inputs]: [usize; 2],
        kernel: usize,
        stride: usize,
    ) -> Result<String, WeightsError> {
        let weight = self.weight(&format!("{weights}.weight"), &[channels, inputs, kernel, kernel])?;
        let bias = self.weight(&format!("{weights}.bias"), &[channels])?;
        let [kernel, stride, pad] = [kernel, stride, kernel / 2].map(|n| n as i64);
        let attributes =
            [ints("kernel_shape", &[kernel; 2]), ints("strides", &[stride; 2]), ints("pads", &[pad; 4])];
        Ok(self.graph.node(name, "Conv", &[x, &weight, &bias], attributes))
    }

    /// A fully connected layer; a bundle keeps its weights as `[in, out]`, as `Gemm` takes them.
    fn linear(&mut self, name: &str, x: &str, [inputs, outputs]: [usize; 2]) -> Result<String, WeightsError> {
        let weight = self.weight(&format!("{name}.weight"), &[inputs, outputs])?;
        let bias = self.weight(&format!("{name}.bias"), &[outputs])?;
        Ok(self.graph.node(name, "Gemm", &[x, &weight, &bias], []))
    }

    fn weight(&mut self, name: &str, shape: &[usize]) -> Result<String, WeightsError> {
        let values = self.weights.take(name, shape)?;
        Ok(self.graph.floats(name, shape, &values))
    }

    fn scalar(&mut self, name: &str, value: f32) -> String {
        self.graph.floats(name, &[], &[value])
    }

    /// pool4: the maximum over the whole map, `[n, c]`.
    fn embedding(&mut self, name: &str, tower: &str, table: &Tower, map: &str) -> String {
        let largest = self.graph.node(&pooled(tower), "GlobalMaxPool", &[map], []);
        let about = "the largest value of every channel of the activation map";
        self.graph.output(name, &[table.map_shape()[0]], about);
        self.graph.node(name, "Flatten", &[&largest], [])
    }

    /// L3-Net's head on both embeddings.
    fn fusion(
        &mut self,
        head: Fusion,
        spec: &Spec,
        embeddings: [&str; 2],
    ) -> Result<Probability, WeightsError> {
        let both = self.graph.node("fusion.both", "Concat", &embeddings, [int("axis", 1)]);
        let inputs = spec.vision.map_shape()[0] + spec.audio.map_shape()[0];
        let hidden = self.linear("fusion.fc1", &both, [inputs, head.hidden])?;
        let hidden = self.graph.node("fusion.fc1.relu", "Relu", &[&hidden], []);
        let logits = self.linear("fusion.fc2", &hidden, [head.hidden, 2])?;
        Ok(self.corresponds(&logits))
    }

    /// AVE-Net's head on both embeddings.
    fn distance(
        &mut self,
        head: Distance,
        spec: &Spec,
        [image, audio]: [&str; 2],
    ) -> Result<Probability, WeightsError> {
        let mut side = |tower: &str, x: &str, channels, output: &str| {
            let x = self.linear(&format!("distance.{tower}.0"), x, [channels, head.dims])?;
            let x = self.graph.node(&format!("distance.{tower}.0.relu"), "Relu", &[&x], []);
            let x = self.linear(&format!("distance.{tower}.1"), &x, [head.dims, head.dims])?;
            self.graph.output(output, &[head.dims], "in the common space, of length 1");
            Ok::<_, WeightsError>(self.unit_length(output, &x))
        };
        let seen = side("vision", image, spec.vision.map_shape()[0], "image_projection")?;
        let heard = side("audio", audio, spec.audio.map_shape()[0], "audio_projection")?;
        // Of unit vectors, |a - b|^2 = 2 - 2ab.
        let cosine = self.dot("distance.cosine", &seen, &heard);
        let [two, least] = [("two", 2.0), ("least", 1e-6)]
            .map(|(name, value)| self.scalar(&format!("distance.{name}"), value));
        let nearness = self.graph.node("distance.nearness", "Mul", &[&cosine, &two], []);
        let square = self.graph.node("distance.square", "Sub", &[&two, &nearness], []);
        let square = self.graph.node("distance.positive", "Max", &[&square, &least], []);
        let distance = self.graph.node("distance", "Sqrt", &[&square], []);
        let logits = self.linear("distance.fc", &distance, [1, 2])?;
        Ok(self.corresponds(&logits))
    }

    /// Logits `[n, 2]` of (does not correspond, corresponds) to the output `fusion`.
    fn corresponds(&mut self, logits: &str) -> Probability {
        let both = self.graph.node("fusion.softmax", "Softmax", &[logits], [int("axis", 1)]);
        let second = self.graph.integers("fusion.class", &[], &[1]);
        self.graph.output("fusion", &[], "probability of correspondence by the embeddings");
        self.graph.node("fusion", "Gather", &[&both, &second], [int("axis", 1)])
    }

    /// AVOL-Net's head on the vision tower's map and the audio tower's embedding.
    fn localization(
        &mut self,
        head: Localization,
        spec: &Spec,
        map: &str,
    ) -> Result<Probability, WeightsError> {
        let [rows, columns] = spec.map_size();
        let about = "every place of the picture in the common space";
        self.graph.output("image_projection", &[head.dims, rows, columns], about);
        let seen = self.places("vision", "image_projection", head, spec.vision.map_shape()[0], map)?;
        let channels = spec.audio.map_shape()[0];
        let heard = self.places("audio", "localization.audio", head, channels, &pooled("audio"))?;
        self.graph.output("audio_projection", &[head.dims], "the sound in the common space");
        self.graph.node("audio_projection", "Flatten", &[&heard], []);

        let similarities = self.dot("localization.similarities", &seen, &heard);
        let whole = self.pool(head.pooling, &similarities);
        let scale = self.weights.take("localization.log_scale", &[1])?[0].exp();
        let scale = self.scalar("localization.scale", scale);
        let bias = self.weight("localization.bias", &[1])?;
        let mut probability = |name: &str, x: &str, axes: &[i64]| {
            let x = self.graph.node(&format!("{name}.scaled"), "Mul", &[x, &scale], []);
            let x = self.graph.node(&format!("{name}.logit"), "Add", &[&x, &bias], []);
            let x = self.graph.node(&format!("{name}.sigmoid"), "Sigmoid", &[&x], []);
            let axes = self.graph.integers(&format!("{name}.axes"), &[axes.len()], axes);
            self.graph.node(name, "Squeeze", &[&x, &axes], [])
        };
        probability("map", &similarities, &[1]);
        let localization = probability("localization", &whole, &[1, 2, 3]);
        self.graph.output("map", &[rows, columns], "probability of correspondence of every place");
        self.graph.output("localization", &[], "probability of correspondence by the map");
        Ok(localization)
    }

    /// Two 1x1 convolutions, to the common space `[n, dims, h, w]`.
    fn places(
        &mut self,
        tower: &str,
        output: &str,
        head: Localization,
        channels: usize,
        x: &str,
    ) -> Result<String, WeightsError> {
        let [first, second] = [0, 1].map(|i| format!("localization.{tower}.{i}.conv"));
        let x = self.conv(&first, &first, x, [head.dims, channels], 1, 1)?;
        let x = self.graph.node(&format!("{first}.relu"), "Relu", &[&x], []);
        if head.normalize {
            let x = self.conv(&second, &second, &x, [head.dims, head.dims], 1, 1)?;
            return Ok(self.unit_length(output, &x));
        }
        self.conv(output, &second, &x, [head.dims, head.dims], 1, 1)
    }

    /// Divides by the length along the channels.
    fn unit_length(&mut self, name: &str, x: &str) -> String {
        let squares = self.dot(&format!("{name}.square"), x, x);
        let least = self.scalar(&format!("{name}.least"), 1e-6);
        let square = self.graph.node(&format!("{name}.positive"), "Add", &[&squares, &least], []);
        let length = self.graph.node(&format!("{name}.length"), "Sqrt", &[&square], []);
        self.graph.node(name, "Div", &[x, &length], [])
    }

    /// Dot products along the channels, of which one is left.
    fn dot(&mut self, name: &str, a: &str, b: &str) -> String {
        let products = self.graph.node(&format!("{name}.products"), "Mul", &[a, b], []);
        self.graph.node(name, "ReduceSum", &[&products, CHANNELS], [int("keepdims", 1)])
    }

    /// Similarities `[n, 1, h, w]` to `[n, 1, 1, 1]`.
    fn pool(&mut self, pooling: Pooling, similarities: &str) -> String {
        let largest = self.graph.node("localization.largest", "GlobalMaxPool", &[similarities], []);
        let Pooling::LogMeanExp { sharpness } = pooling else { return largest };
        // The largest is taken out first, so that exp() cannot overflow.
        let sharpness = self.scalar("localization.sharpness", sharpness as f32);
        let mut x = similarities.to_string();
        for (name, op, other) in [
            ("below", "Sub", Some(&largest)),
            ("sharp", "Mul", Some(&sharpness)),
            ("exp", "Exp", None),
            ("mean", "GlobalAveragePool", None),
            ("log", "Log", None),
            ("rest", "Div", Some(&sharpness)),
            ("logmeanexp", "Add", Some(&largest)),
        ] {
            let inputs: Vec<&str> = [Some(&x), other].into_iter().flatten().map(|x| x.as_str()).collect();
            x = self.graph.node(&format!("localization.{name}"), op, &inputs, []);
        }
        x
    }

    /// Both heads as the bundle weighs them, or the one that there is.
    fn score(&mut self, fusion: Option<Probability>, localization: Option<Probability>, share: f32) {
        let about = "AVC score: what `lookhear` compares with the thresholds";
        self.graph.output("score", &[], about);
        match (fusion, localization) {
            (Some(fusion), Some(localization)) => {
                let [first, second] =
                    [("fusion", fusion, share), ("localization", localization, 1.0 - share)].map(
                        |(name, probability, share)| {
                            let share = self.scalar(&format!("score.{name}_share"), share);
                            self.graph.node(&format!("score.{name}"), "Mul", &[&probability, &share], [])
                        },
                    );
                self.graph.node("score", "Add", &[&first, &second], []);
            }
            (one, other) => {
                let only = one.or(other).unwrap_or_default();
                self.graph.node("score", "Identity", &[&only], []);
            }
        }
    }
}

/// The name of a tower's map, pooled: `[n, c, 1, 1]`.
fn pooled(tower: &str) -> String {
    format!("{tower}.pooled")
}
