"""What correspondence is learned by, and how it is judged, on pictures with sounds."""

import numpy as np
import torch
import torch.nn.functional as F


def negatives(clips):
    """1 where two clips may be told apart: not two of one kind."""
    kinds = [clip["kind"] for clip in clips]
    return torch.tensor([[float(i == j or a is None or a != b) for j, b in enumerate(kinds)] for i, a in enumerate(kinds)])


def logistic(logits, targets, counts):
    """Cross-entropy; all positives weigh as much as all negatives."""
    each = F.softplus(logits) - targets * logits
    share = lambda side: (each * side).sum() / side.sum().clamp_min(1)
    return (share(targets * counts) + share((1 - targets) * counts)) / 2


def contrast(logits, targets, counts):
    """Finding the partner among the batch, in both directions."""

    def one(logits, targets, counts):
        partners = targets.sum(1)
        log = F.log_softmax(logits.masked_fill(counts == 0, -1e4), 1)
        return -((log * targets).sum(1) / partners.clamp_min(1)).sum() / (partners > 0).sum().clamp_min(1)

    return (one(logits, targets, counts) + one(logits.T, targets.T, counts.T)) / 2


def loss(outputs, targets, counts):
    localization, fusion = outputs
    parts = contrast(localization, targets, counts), logistic(localization, targets, counts)
    return sum(parts) + logistic(fusion, targets, counts)


def four_moments(count):
    """Rows of the four moments by which a clip is judged."""
    return ((torch.arange(4) * 2 + 1) * count) // 8


@torch.no_grad()
def judge(heads, maps, sounds, clips):
    """AUC, own sound preferred, own sounds a match where 8 % of foreign ones are; of the mean of both heads. `maps` and
    `sounds` are of four moments of each clip."""
    rows = [sum(logits.sigmoid() for logits in heads(maps[i : i + 64], sounds)) / 2 for i in range(0, len(maps), 64)]
    n = len(clips)
    scores = torch.cat(rows).reshape(n, 4, n, 4).diagonal(dim1=1, dim2=3)
    own, counts = torch.eye(n, dtype=bool), negatives(clips).bool()
    ours, foreign = scores[own].flatten().numpy(), np.sort(scores[~own & counts].flatten().numpy())
    auc = np.searchsorted(foreign, ours).mean() / len(foreign)
    mean = scores.mean(-1)
    preferred = (mean.diag()[:, None] > mean)[~own & counts].float().mean().item()
    return f"AUC {auc:.3f}, preferred {preferred:.3f}, match {(ours >= np.quantile(foreign, 0.92)).mean():.3f}"
