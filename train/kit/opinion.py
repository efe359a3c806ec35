"""What the teachers think of photos and sounds that nobody labelled.

The teachers were taught apart from each other; two small heads, learned from real clips, bring what they see and hear into
one space. How near a photo and a second are there is an opinion, of which there are as many as there are pairs, and the
program's own heads learn it ("Distilling the knowledge in a neural network", 2015).
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

STEPS, CLIPS, SHARPEST = 1500, 48, 50.0


class Teacher(nn.Module):
    """Vectors of both teachers (`[n, 1280]`, `[n, 1024]`) to directions of 128 dimensions."""

    def __init__(self, seen, heard):
        super().__init__()
        side = lambda c: nn.Sequential(
            nn.Dropout(0.4), nn.Linear(c, 256), nn.ReLU(), nn.Dropout(0.3), nn.Linear(256, 128)
        )
        self.vision, self.audio = side(seen.shape[1]), side(heard.shape[1])
        self.log_scale = nn.Parameter(torch.tensor(math.log(10.0)))
        for name, x, least in (("vision", seen, 1e-3), ("audio", heard, 1e-2)):
            self.register_buffer(f"{name}_mean", x.mean(0))
            self.register_buffer(f"{name}_deviation", x.std(0) + least)

    def see(self, x):
        return F.normalize(self.vision((x - self.vision_mean) / self.vision_deviation), dim=-1)

    def hear(self, x):
        return F.normalize(self.audio((x - self.audio_mean) / self.audio_deviation), dim=-1)

    def scale(self):
        return self.log_scale.exp().clamp(max=SHARPEST)


def learn(clips, negatives, photos):
    """Teaches the teachers' heads on real clips (`eye`, `ear`: a row for each moment); `photos` widen what is usual."""
    seen, heard = torch.cat([photos] + [clip["eye"] for clip in clips]), torch.cat([clip["ear"] for clip in clips])
    teacher = Teacher(seen, heard)
    optimizer = torch.optim.AdamW(teacher.parameters(), lr=1e-3, weight_decay=5e-2)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(1, (step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * step / STEPS))
        chosen = [clips[i] for i in torch.randperm(len(clips))[:CLIPS]]
        rows = [torch.randint(len(clip["eye"]), (1,)) for clip in chosen]
        eyes = teacher.see(torch.cat([clip["eye"][row] for clip, row in zip(chosen, rows)]))
        ears = teacher.hear(torch.cat([clip["ear"][row] for clip, row in zip(chosen, rows)]))
        logits = (teacher.scale() * eyes @ ears.T).masked_fill(negatives(chosen) == 0, -1e4)
        own = torch.arange(len(chosen))
        loss = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return teacher.eval()


class Opinion(nn.Module):
    """How far the heads' answers are from the teachers'. The localization head gets a scale of its own for it: with one
    that is right for opinions, its map would be too steep to mark a place."""

    def __init__(self):
        super().__init__()
        self.log_scales = nn.Parameter(torch.tensor([3.0, 0.0]))

    def forward(self, heads, maps, sounds, wanted, dropout):
        localization, fusion = heads(maps, sounds, dropout)
        similar = (localization - heads.bias) / heads.log_scale.exp()
        localization, fusion = similar * self.log_scales[0].exp(), fusion * self.log_scales[1].exp()

        def apart(answers, wanted):
            return F.kl_div(F.log_softmax(answers, 1), F.softmax(wanted, 1), reduction="batchmean")

        each = [apart(answers, wanted) + apart(answers.T, wanted.T) for answers in (localization, fusion)]
        return sum(each) / 2
