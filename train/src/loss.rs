//! What training minimizes.

use burn::tensor::{Tensor, activation};
use lookhear::model::{FusionNet, LocalizationNet, Network, Pooling, embedding, pool};

/// A batch's loss with its parts.
pub struct Loss {
    /// What the gradient is taken of.
    pub total: Tensor<1>,
    /// L3-Net's fusion head or AVE-Net's distance: cross-entropy of (does not correspond, corresponds).
    pub fusion: Option<Tensor<1>>,
    /// Localization head: logistic loss of the pooled map.
    pub logistic: Option<Tensor<1>>,
    /// Localization head: finding the right one among the batch, in both directions.
    pub contrast: Option<Tensor<1>>,
}

/// How the parts of the loss are put together in a step.
#[derive(Clone, Copy)]
pub struct Terms {
    /// All pairs of the batch count; otherwise only the diagonal does.
    pub all_pairs: bool,
    /// Weight of the fusion head.
    pub fusion: f64,
    /// Pooling of the localization map in this step.
    pub pooling: Option<Pooling>,
}

/// Runs both towers and the heads.
///
/// Shapes: `pictures` `[n, 3, h, w]`, `sounds` `[n, 1, bins, columns]`, `targets` `[n, n]`, 1 where
/// picture (row) and sound (column) correspond.
pub fn loss(
    network: &Network,
    pictures: Tensor<4>,
    sounds: Tensor<4>,
    targets: Tensor<2>,
    terms: Terms,
) -> Loss {
    let seen = network.vision.forward(pictures);
    let heard = embedding(network.audio.forward(sounds));
    let weights = balance(&targets, terms.all_pairs);

    let fusion = network.fusion.as_ref().filter(|_| terms.fusion > 0.0);
    let fusion =
        fusion.map(|head| fusion_loss(head, embedding(seen.clone()), heard.clone(), &targets, &weights));
    let distance = network.distance.as_ref().filter(|_| terms.fusion > 0.0);
    let fusion = fusion.or_else(|| {
        distance.map(|head| {
            let logits =
                head.logits(head.project_image(embedding(seen.clone())), head.project_audio(heard.clone()));
            logistic_loss(logits, &targets, &weights)
        })
    });
    let (mut logistic, mut contrast) = (None, None);
    if let (Some(head), Some(pooling)) = (&network.localization, terms.pooling) {
        let logits = localization_logits(head, seen, heard, pooling);
        logistic = Some(logistic_loss(logits.clone(), &targets, &weights));
        // Contrast needs the batch, and a common scale of both sides.
        if terms.all_pairs {
            contrast = Some(contrastive_loss(logits, &targets));
        }
    }
    let parts = [fusion.clone().map(|l| l * terms.fusion), logistic.clone(), contrast.clone()];
    let total = parts.into_iter().flatten().reduce(|a, b| a + b);
    let total = total.unwrap_or_else(|| Tensor::zeros([1], &targets.device()));
    Loss { total, fusion, logistic, contrast }
}

/// Weights of the pairs: of the diagonal alone, or of all pairs so that positives and negatives
/// weigh the same together. Their sum is 1.
fn balance(targets: &Tensor<2>, all_pairs: bool) -> Tensor<2> {
    let [n, _] = targets.dims();
    if !all_pairs {
        return Tensor::<2>::eye(n, &targets.device()) / n as f64;
    }
    let negatives = targets.clone().neg() + 1.0;
    let share = |side: Tensor<2>| {
        let sum = side.clone().sum().clamp_min(1.0).reshape([1, 1]);
        side / sum * 0.5
    };
    share(targets.clone()) + share(negatives)
}

fn fusion_loss(
    head: &FusionNet,
    seen: Tensor<2>,
    heard: Tensor<2>,
    targets: &Tensor<2>,
    weights: &Tensor<2>,
) -> Tensor<1> {
    let logits = head.forward_pairs(seen, heard);
    let [n, m, _] = logits.dims();
    let yes = logits.clone().slice([0..n, 0..m, 1..2]);
    let no = logits.slice([0..n, 0..m, 0..1]);
    // Softmax over two classes is a sigmoid of their difference.
    logistic_loss((yes - no).squeeze_dim::<2>(2), targets, weights)
}

fn localization_logits(
    head: &LocalizationNet,
    seen: Tensor<4>,
    heard: Tensor<2>,
    pooling: Pooling,
) -> Tensor<2> {
    let similarities = head.similarities(head.project_image(seen), head.project_audio(heard));
    head.logits(pool(similarities, pooling))
}

/// `sum(weights * (softplus(logit) - target * logit))`.
fn logistic_loss(logits: Tensor<2>, targets: &Tensor<2>, weights: &Tensor<2>) -> Tensor<1> {
    let each = activation::softplus(logits.clone(), 1.0) - targets.clone() * logits;
    (each * weights.clone()).sum()
}

/// For each picture with a partner among the sounds, minus the mean log-probability of its
/// partners under a softmax over all sounds; the same for each sound; the mean of both.
fn contrastive_loss(logits: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
    let direction = |logits: Tensor<2>, targets: Tensor<2>| {
        let partners = targets.clone().sum_dim(1);
        let has_one = partners.clone().clamp_max(1.0);
        let log_probability = activation::log_softmax(logits, 1);
        let mean = (log_probability * targets).sum_dim(1) / partners.clamp_min(1.0);
        mean.sum().neg() / has_one.sum().clamp_min(1.0)
    };
    let rows = direction(logits.clone(), targets.clone());
    let columns = direction(logits.transpose(), targets.clone().transpose());
    (rows + columns) * 0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    fn tensor(values: [[f32; 2]; 2]) -> Tensor<2> {
        Tensor::from_data(TensorData::from(values), &Device::flex())
    }

    fn number(t: Tensor<1>) -> f32 {
        t.into_scalar()
    }

    #[test]
    fn contrast_equals_a_case_by_hand() {
        let targets = tensor([[1.0, 0.0], [0.0, 1.0]]);
        let expected = (1.0 + (-2.0f32).exp()).ln();
        let found = number(contrastive_loss(tensor([[2.0, 0.0], [0.0, 2.0]]), &targets));
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        // A row and a column without a partner do not count.
        let half = tensor([[1.0, 0.0], [0.0, 0.0]]);
        let found = number(contrastive_loss(tensor([[2.0, 0.0], [0.0, 2.0]]), &half));
        assert!((found - expected).abs() < 1e-5);
    }

    #[test]
    fn logistic_loss_balances_both_sides() {
        let targets = tensor([[1.0, 0.0], [0.0, 0.0]]);
        let weights = balance(&targets, true);
        let found = number(logistic_loss(tensor([[0.0; 2]; 2]), &targets, &weights));
        assert!((found - 2f32.ln()).abs() < 1e-5);
        let right = number(logistic_loss(tensor([[9.0, -9.0], [-9.0, -9.0]]), &targets, &weights));
        assert!(right < 1e-3);
        let one_wrong = number(logistic_loss(tensor([[-9.0, -9.0], [-9.0, -9.0]]), &targets, &weights));
        assert!((one_wrong - 4.5).abs() < 1e-2, "the only positive weighs one half: {one_wrong}");
    }
}
