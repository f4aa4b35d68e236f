# SPDX-License-Identifier: Apache-2.0
"""Ids that are spelled alike share part of their rows of the embedding and of the head, while training.

" guide", "guide", "Guide" and "GUIDE" are four ids (or more), and most of them are rare. A row is what the id learned by
itself plus the sum of what its features learned: the word without space and case, each letter by its place, length, case
and space. So what holds of one spelling holds of all, and a word seen once can be copied. The sum is linear: export.py
writes it out, and the stored model is a plain table again.
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize

from encode import Encoder

FRONT, BACK, LONGEST = 8, 3, 12  # letters counted from the start, from the end; lengths told apart


def features(raw):
    """The names of what an id's bytes have in common with those of others."""
    space, word = raw.startswith(b" "), raw[1:] if raw.startswith(b" ") else raw
    low = word.lower()
    case = "none" if low == word else "all" if word == word.upper() and len(word) > 1 else "first"
    out = [("word", low), ("case", case), ("length", min(len(word), LONGEST))]
    out += [("front", i, c) for i, c in enumerate(low[:FRONT])] + [
        ("back", i, c) for i, c in enumerate(low[::-1][:BACK])
    ]
    return out + [("space",)] * space


def incidence(encoder, vocab_size):
    """-> per id its features: their numbers one id after the other, where each id's begin [V + 1], how many there are."""
    numbers, flat, starts = {}, [], [0]
    for i in range(vocab_size):
        if i >= encoder.offset:  # special ids have none
            names = features(encoder.bpe.decode_single_token_bytes(i - encoder.offset))
            flat += [numbers.setdefault(name, len(numbers)) for name in names]
        starts.append(len(flat))
    return torch.tensor(flat), torch.tensor(starts), len(numbers)


class Spelled(nn.Module):
    """own rows [V, D] -> own rows + the sum of what their features share, over the root of their number."""

    def __init__(self, flat, starts, count, dim):
        super().__init__()
        counts = starts.diff()
        self.flat, self.starts = flat, starts
        self.weights = counts.clamp(min=1).float().rsqrt().repeat_interleave(counts)
        self.shared = nn.Parameter(torch.zeros(count, dim))

    def forward(self, own):
        return own + F.embedding_bag(
            self.flat, self.shared, self.starts, mode="sum", per_sample_weights=self.weights, include_last_offset=True
        )


def share_spellings(model, tokenizer):
    """Adds the shared part, all zero, to a model's two tables; assign their own rows before this."""
    c = model.config
    found = incidence(Encoder(tokenizer), c.vocab_size)
    for name in ("tok_embeddings", "output"):
        parametrize.register_parametrization(model, name, Spelled(*found, c.dim))
