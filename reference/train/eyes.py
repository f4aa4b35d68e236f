# SPDX-License-Identifier: Apache-2.0
"""Teaches the tower to see before the text model learns to read its rows.

Linear probes on the mean of a picture's rows name colour, shape, place, count and digits; the probes are thrown
away. Through the text model's loss alone a tower told nothing but colours apart after thirty million tokens;
with probes it takes some minutes (train.py runs them first). By hand, e.g. to look at a tower alone:
python reference/train/eyes.py OUT.pt --minutes 15
"""

import argparse
import pathlib
import random
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import pixels
from model import Config, init_weights
from optim import Optimiser
from skills import pictures
from skills.base import TEST, TRAIN
from tower import Tower

BATCH = 64
ROW_SIZE = 12.0  # norm of a row as the text model gets it, a little more than an embedding's
BLANK = 10  # the class of a digit that is not there
CLASSES = {
    "colour": len(pictures.COLOURS),
    "shape": len(pictures.SHAPES),
    "place": 9,
    "count": 5,
    "digit 1": 11,
    "digit 2": 11,
    "digit 3": 11,
}


def sample(rng, split):
    """-> a prepared picture and the classes that it shows, e.g. {"colour": 2, "shape": 0}."""
    kind = rng.choices(("placed", "large", "several", "number"), (55, 10, 20, 15))[0]
    if kind == "several":
        picture, count = pictures.several(rng, split)
        classes = {"count": count - 1}
    elif kind == "number":
        picture, text = pictures.number(rng, split)
        classes = {f"digit {i + 1}": int(text[i]) if i < len(text) else BLANK for i in range(3)}
    else:
        picture, colour, shape, place = pictures.one(rng, split, kind == "placed")
        classes = {"colour": list(pictures.COLOURS).index(colour), "shape": pictures.SHAPES.index(shape)}
        if kind == "placed":
            classes["place"] = sum(pictures.PLACES, []).index(place)
    return pixels.prepare(np.asarray(picture)), classes


class Student(nn.Module):
    def __init__(self, config, seed):
        super().__init__()
        self.tower = Tower(config)
        init_weights(self.tower, seed)
        self.probes = nn.ModuleDict({name: nn.Linear(config.dim, n) for name, n in CLASSES.items()})

    def forward(self, samples):
        """-> mean loss of a picture, and the share of right answers by class."""
        by_size, total, right = {}, 0.0, {name: [] for name in CLASSES}
        for picture, classes in samples:
            by_size.setdefault(tuple(picture.shape), []).append((picture, classes))
        for members in by_size.values():
            seen = self.tower.encode(torch.stack([p for p, _ in members]), torch.float32).mean(1)
            for name, probe in self.probes.items():
                asked = [i for i, (_, classes) in enumerate(members) if name in classes]
                if not asked:
                    continue
                scores, wanted = probe(seen[asked]), torch.tensor([members[i][1][name] for i in asked])
                total = total + F.cross_entropy(scores, wanted, reduction="sum")
                right[name] += (scores.argmax(-1) == wanted).tolist()
        return total / len(samples), {name: sum(r) / max(1, len(r)) for name, r in right.items()}


def teach(config, minutes, seed=4, fall=0.4):
    """-> the state of a tower that was taught for so long; prints what it can tell apart on held-out pictures."""
    torch.manual_seed(seed)
    student = Student(config, seed)
    optimiser = Optimiser(student, muon_lr=0.01, dtype=torch.float32)
    rng, began, step = random.Random(seed), time.time(), 0
    held_out = [sample(random.Random(i), TEST) for i in range(600)]
    while (spent := (time.time() - began) / (60 * minutes)) < 1:
        loss, _ = student([sample(rng, TRAIN) for _ in range(BATCH)])
        loss.backward()
        for p in student.parameters():  # a batch need not show every class
            p.grad = torch.zeros_like(p) if p.grad is None else p.grad
        optimiser.step(min(1.0, (step + 1) / 50) * min(1.0, (1 - spent) / fall))
        student.zero_grad()
        step += 1
        if step % 100 == 0:
            with torch.no_grad():
                _, right = student(held_out)
            print(
                f"eyes: step {step} {(time.time() - began) / 60:.1f} min {step * BATCH / (time.time() - began):.0f} pictures/s "
                f"loss {loss.item():.3f} | " + " ".join(f"{name} {r:.2f}" for name, r in right.items()),
                flush=True,
            )
    with torch.no_grad():
        rows = torch.cat([student.tower.encode(p[None], torch.float32)[0] for p, _ in held_out[:100]])
        student.tower.w_out.mul_(ROW_SIZE / rows.norm(dim=-1).mean())
    return student.tower.state_dict()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, default=15)
    args = parser.parse_args()
    torch.save(teach(Config(), args.minutes), args.out)


if __name__ == "__main__":
    main()
