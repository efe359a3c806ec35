//! A wider network that computes what a narrower one does, so that training need not begin anew: after Net2WiderNet
//! (Chen, Goodfellow, Shlens, "Net2Net", ICLR 2016), which gives all copies equal shares and then adds noise.

use burn::module::Param;
use burn::nn::Linear;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Tensor, TensorData};
use lookhear::model::{Bundle, Layer, Network, Spec, Tower, TowerNet};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::Error;

/// For every channel of a wider layer, the channel of the narrower one that it is a copy of.
type Origins = Vec<usize>;

/// The network of a bundle, folded and on flex, with as many channels as `wide` has.
///
/// # Errors
/// The bundle has another layer table, or cannot be read.
pub(crate) fn widened(bundle: &Bundle, wide: &Spec, seed: u64) -> Result<Network, Error> {
    let narrow = &bundle.manifest.spec;
    if !is_wider(narrow, wide) {
        return Err(Error::OtherLayers { found: narrow.name.clone(), wanted: wide.name.clone() });
    }
    Ok(widen(bundle.network(&Device::flex())?, wide, &mut ChaCha8Rng::seed_from_u64(seed)))
}

/// Whether the two tables differ in nothing but the number of channels, of which `wide` has nowhere fewer.
fn is_wider(narrow: &Spec, wide: &Spec) -> bool {
    let fits = |narrow: &Tower, wide: &Tower| {
        let layers = narrow.layers.iter().zip(&wide.layers).all(|pair| match pair {
            (Layer::Conv { channels, stride }, Layer::Conv { channels: more, stride: same }) => {
                stride == same && channels <= more
            }
            (one, other) => one == other,
        });
        layers && narrow.layers.len() == wide.layers.len() && narrow.input == wide.input
    };
    fits(&narrow.vision, &wide.vision)
        && fits(&narrow.audio, &wide.audio)
        && (narrow.fusion, narrow.distance, narrow.localization)
            == (wide.fusion, wide.distance, wide.localization)
}

/// The folded `network` with as many channels as `wide` has. Channels are copied, and those who read a channel read
/// its copies, in random shares: the outputs stay what they were, and the copies will learn different things.
fn widen(mut network: Network, wide: &Spec, rng: &mut ChaCha8Rng) -> Network {
    let seen = widen_tower(&mut network.vision, &wide.vision, rng);
    let heard = widen_tower(&mut network.audio, &wide.audio, rng);
    if let Some(head) = &mut network.localization {
        read_conv(&mut head.vision[0].conv, &seen, rng);
        read_conv(&mut head.audio[0].conv, &heard, rng);
    }
    if let Some(head) = &mut network.distance {
        read_linear(&mut head.vision[0], &seen, rng);
        read_linear(&mut head.audio[0], &heard, rng);
    }
    if let Some(head) = &mut network.fusion {
        // It reads both embeddings, one after the other.
        let narrow = 1 + seen.iter().max().copied().unwrap_or(0);
        let both = seen.into_iter().chain(heard.into_iter().map(|origin| narrow + origin)).collect();
        read_linear(&mut head.fc1, &both, rng);
    }
    network
}

/// Returns where the channels of the activation map come from.
fn widen_tower(tower: &mut TowerNet, wide: &Tower, rng: &mut ChaCha8Rng) -> Origins {
    let mut origins: Origins = (0..wide.input[0]).collect();
    for (block, channels) in tower.convs.iter_mut().zip(wide.channels()) {
        let conv = &mut block.conv;
        read_conv(conv, &origins, rng);
        let narrow = conv.weight.dims()[0];
        origins = (0..channels).map(|channel| channel % narrow).collect();
        conv.weight = conv.weight.clone().map(|weight| copied(weight, 0, &origins));
        conv.bias = conv.bias.take().map(|bias| bias.map(|bias| copied(bias, 0, &origins)));
    }
    origins
}

fn read_conv(conv: &mut Conv2d, origins: &Origins, rng: &mut ChaCha8Rng) {
    conv.weight = Param::from_tensor(shared(conv.weight.val(), 1, origins, rng));
}

fn read_linear(linear: &mut Linear, origins: &Origins, rng: &mut ChaCha8Rng) {
    linear.weight = Param::from_tensor(shared(linear.weight.val(), 0, origins, rng));
}

/// Along `axis`, a copy of the origin of each channel.
fn copied<const D: usize>(weight: Tensor<D>, axis: usize, origins: &Origins) -> Tensor<D> {
    let channels = origins.iter().map(|&origin| weight.clone().narrow(axis, origin, 1)).collect();
    Tensor::cat(channels, axis)
}

/// [`copied`], and of the copies of each weight every one is a random share: together they are the weight.
fn shared<const D: usize>(
    weight: Tensor<D>,
    axis: usize,
    origins: &Origins,
    rng: &mut ChaCha8Rng,
) -> Tensor<D> {
    let weight = copied(weight, axis, origins);
    let dims = weight.dims();
    let (channels, inner) = (dims[axis], dims[axis + 1..].iter().product::<usize>());
    let mut shares: Vec<f32> = (0..dims.iter().product()).map(|_| rng.random_range(0.5..1.5)).collect();
    for outer in shares.chunks_exact_mut(channels * inner) {
        for i in 0..inner {
            let mut sums = vec![0.0; channels];
            origins
                .iter()
                .enumerate()
                .for_each(|(channel, &origin)| sums[origin] += outer[channel * inner + i]);
            for (channel, &origin) in origins.iter().enumerate() {
                outer[channel * inner + i] /= sums[origin];
            }
        }
    }
    let shares = Tensor::from_data(TensorData::new(shares, dims), &weight.device());
    weight * shares
}

#[cfg(test)]
mod tests {
    use lookhear::model::embedding;

    use super::*;

    fn largest<const D: usize>(tensor: Tensor<D>) -> f32 {
        tensor.abs().max().into_scalar::<f32>()
    }

    #[test]
    fn a_wider_network_computes_the_same() {
        let (narrow, wide) = (Spec::preset("edge").unwrap(), Spec::preset("edge-wide").unwrap());
        assert!(is_wider(&narrow, &wide) && !is_wider(&wide, &narrow));
        assert!(!is_wider(&Spec::preset("l3").unwrap(), &wide));
        let device = Device::flex();
        device.seed(3);
        let before = Network::new_folded(&narrow, &device);
        let after = widen(before.clone(), &wide, &mut ChaCha8Rng::seed_from_u64(5));

        let noise = |[c, h, w]: [usize; 3]| {
            Tensor::<4>::random([2, c, h, w], burn::tensor::Distribution::Normal(0.0, 1.0), &device)
        };
        let (pictures, sounds) = (noise([3, 64, 64]), noise([1, 64, 48]));
        let [a, b] = [&before, &after].map(|network| {
            let (seen, heard) =
                (network.vision.forward(pictures.clone()), network.audio.forward(sounds.clone()));
            let (vision, audio) = (embedding(seen.clone()), embedding(heard.clone()));
            let fused = network.fusion.as_ref().unwrap().forward_pairs(vision, audio.clone());
            let head = network.localization.as_ref().unwrap();
            let similarities = head.similarities(head.project_image(seen.clone()), head.project_audio(audio));
            (seen, fused, similarities)
        });
        assert_eq!((a.0.dims()[1], b.0.dims()[1]), (128, 192));
        assert!(largest(a.1.clone() - b.1) < 1e-4 * largest(a.1));
        assert!(largest(a.2.clone() - b.2) < 1e-4 * largest(a.2));
    }

    #[test]
    fn copies_are_read_in_different_shares() {
        let weight = Tensor::<2>::from_data([[1.0, 2.0], [3.0, 4.0]], &Device::flex());
        let wide = shared(weight, 0, &vec![0, 1, 0], &mut ChaCha8Rng::seed_from_u64(1));
        let values = wide.into_data().try_to_vec::<f32>().unwrap();
        let [a, b, c, d, e, f] = values[..] else { panic!("{values:?}") };
        assert_eq!((c, d), (3.0, 4.0));
        assert!((a + e - 1.0).abs() < 1e-6 && (b + f - 2.0).abs() < 1e-6);
        assert!(a != e && b != f);
    }
}
