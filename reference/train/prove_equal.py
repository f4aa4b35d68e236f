# SPDX-License-Identifier: Apache-2.0
"""Shows that model.py equals transformers' Mistral4 classes on the stored weights, in float32.

Inputs: a chat prompt, random ids, ids at late positions (query scaling above 1) and, with a tower, pictures of
several sizes. Fails above 1e-4 of the largest logit.
"""

import argparse
import random
import sys

import torch

import data
import pixels
import reference
from encode import Encoder
from export import load_native
from model import IMAGE_ID


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", default="models/mini")
    args = parser.parse_args()
    torch.set_num_threads(2)
    ours, theirs = load_native(args.folder), reference.load(args.folder)
    encoder = Encoder(f"{args.folder}/tekken.json")
    chat, _ = encoder.conversation({"messages": [{"role": "user", "content": "What is 47 + 38?"}]})
    vocab = ours.config.vocab_size
    random_ids = torch.randint(0, vocab, (300,), generator=torch.Generator().manual_seed(0)).tolist()
    worst = 0.0
    cases = [
        ("chat", chat, 0, []),
        ("random", [i for i in random_ids if i != IMAGE_ID], 0, []),
        ("late", [i for i in random_ids if i != IMAGE_ID], 9000, []),
    ]
    for n in range(3 if ours.tower else 0):
        request = data.looking(random.Random(n))
        seen = [pixels.prepare(p) for p in encoder.pictures(request)]
        cases.append((f"pictures {[tuple(p.shape[1:]) for p in seen]}", encoder.conversation(request)[0], 0, seen))
    for name, ids, start, seen in cases:
        ids = torch.tensor([ids])
        positions = torch.arange(start, start + ids.shape[1])[None]
        with torch.no_grad():
            a = ours.logits(ours.hidden(ids, positions, None, pictures=seen)[0])
            b = theirs(input_ids=ids, position_ids=positions, **reference.pictures_argument(seen)).logits
        difference = ((a - b).abs().max() / b.abs().max()).item()
        worst = max(worst, difference)
        print(f"{name}: {ids.shape[1]} ids from position {start}: {difference:.2e} of the largest logit")
    sys.exit(worst > 1e-4)


if __name__ == "__main__":
    main()
