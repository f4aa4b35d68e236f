# SPDX-License-Identifier: Apache-2.0
"""The training mix: documents drawn from the skills and packed into rows of fixed length.

Everything follows from the seed of one random.Random. Documents never attend to one another; positions
start at zero in each, except that some start late so that YaRN and query scaling act in training.
"""

import random

import torch

import pixels
from skills import arithmetic, extract, facts, lists, memory, pictures, spelling, system, text, tools, unknown
from skills.base import TRAIN, Turn
from skills.tools import said

MIX = {  # document kind: share of documents
    "chat": 16,
    "facts": 18,
    "arith": 26,
    "drill": 14,
    "memory": 10,
    "system": 26,
    "tools": 150,
    "extract": 28,
    "lists": 28,
    "echo": 5,
    "spelling": 20,
    "text": 1,
    "long": 14,
    "pictures": 105,
}
KINDS = list(MIX)
SEEN = (1, 1, 3, 1, 2, 3)  # shares of the kinds of pictures: colour, shape, count, place, digits, compare


def filler(rng, split):
    return rng.choice([facts.turn, arithmetic.turn, unknown.turn, lists.turn])(rng, split)


def anything(rng, split):
    return rng.choice([facts.turn, facts.identity, arithmetic.turn, unknown.turn, lists.turn, extract.turn])(rng, split)


def chat(turns, thinking, system_prompt=None, forget=False):
    """Turns -> a request; with `forget`, earlier thoughts are gone, as from a client that does not resend them."""
    messages = [{"role": "system", "content": system_prompt}] if system_prompt else []
    for i, t in enumerate(turns):
        gone = forget and thinking and i < len(turns) - 1
        answer = said(t.answer, t.think, thinking and not gone)
        if gone:
            answer["mute"] = True
        messages += [{"role": "user", "content": t.user}, answer]
    return {"messages": messages, "reasoning_effort": "high" if thinking else "none"}


def conversation(rng, kind, split=TRAIN):
    """One conversation of a kind, with all assistant turns."""
    thinking = rng.random() < (0.5 if kind == "arith" else 0.25)
    forget = rng.random() < 0.3
    if kind == "chat":
        makers = [facts.turn, facts.turn, arithmetic.turn, unknown.turn, unknown.turn, lists.turn, extract.turn]
        return chat([rng.choice(makers)(rng, split) for _ in range(rng.randrange(1, 5))], thinking, forget=forget)
    if kind == "facts":
        return chat([facts.turn(rng, split) for _ in range(rng.randrange(1, 6))], thinking)
    if kind == "arith":
        return chat([arithmetic.turn(rng, split) for _ in range(rng.randrange(1, 6))], thinking)
    if kind == "memory":
        return chat(memory.turns(rng, split, filler), thinking, forget=forget)
    if kind == "system":
        maker = rng.choices(system.KINDS, system.WEIGHTS)[0]
        prompt, first = maker(rng, split)
        more = []
        while maker in (system.capitals, system.french) and rng.random() < 0.5 and len(more) < 3:
            more.append(maker(rng, split)[1])
        return chat([first] + more, thinking, prompt)
    if kind == "tools":
        return tools.conversation(rng, split, thinking=thinking)
    if kind == "extract":
        return chat([extract.turn(rng, split) for _ in range(rng.randrange(1, 6))], thinking)
    if kind == "text":
        return chat([text.turn(rng, split) for _ in range(rng.randrange(1, 3))], thinking)
    if kind == "long":
        return long_conversation(rng, split, int(12 * 5 ** rng.random()))
    if kind == "lists":
        return chat([lists.turn(rng, split) for _ in range(rng.randrange(1, 5))], thinking, forget=forget)
    if kind == "pictures":
        return looking(rng, split, thinking)
    raise ValueError(kind)


def long_conversation(rng, split, turns):
    """Anything in turn, and facts said at one place and asked for at another; a turn is some 35 ids."""
    return chat(memory.long_turns(rng, split, anything, turns), rng.random() < 0.2)


def looking(rng, split=TRAIN, thinking=False):
    """One or two questions about a picture or two each, or more about one picture."""
    turns = [rng.choices(list(pictures.KINDS.values()), SEEN)[0](rng, split) for _ in range(rng.choice([1, 1, 1, 2]))]
    if rng.random() < 0.4:
        turns = pictures.several_turns(rng, split)
    messages = [m for t in turns for m in (pictures.message(t), said(t.answer, t.think, thinking))]
    return {"messages": messages, "reasoning_effort": "high" if thinking else "none"}


def echo(rng, encoder, vocab_size):
    """Random ids again and again: teaches copying, and gives every row of the embedding a use."""
    run = [rng.randrange(encoder.offset, vocab_size) for _ in range(rng.randrange(3, 14))]
    times = max(1, rng.randrange(16, 48) // len(run))
    ids = [encoder.special["<s>"]] + run + run * times
    return ids, [0] * (1 + len(run)) + [0] + [1] * (len(run) * times - 1)


def document(rng, encoder, vocab_size):
    """-> kind, ids, loss weights, pictures."""
    kind = rng.choices(list(MIX), list(MIX.values()))[0]
    if kind == "echo":
        return kind, *echo(rng, encoder, vocab_size), []
    if kind == "drill":
        return kind, *encoder.pieces(arithmetic.drill(rng)), []
    if kind == "spelling":
        return kind, *encoder.pieces(spelling.drill(rng)), []
    request = conversation(rng, kind)
    return kind, *encoder.conversation(request), [pixels.prepare(p) for p in encoder.pictures(request)]


class Packer:
    """Packs documents into batches [B, S] of about `tokens` ids; long ones go to rows of their own length."""

    def __init__(self, encoder, vocab_size, seed, tokens=6144, lengths=(256, 512, 1024, 2048)):
        self.encoder, self.vocab_size, self.tokens, self.lengths = encoder, vocab_size, tokens, lengths
        self.rng = random.Random(seed)
        self.bins = {n: [] for n in lengths}

    def place(self, doc):
        length = next((n for n in self.lengths if len(doc[0]) <= n), None)
        if length is None:
            return None
        rows = self.bins[length]
        for row in rows[-16:]:
            if row["used"] + len(doc[0]) <= length:
                break
        else:
            row = {"used": 0, "docs": []}
            rows.append(row)
        row["docs"].append(doc)
        row["used"] += len(doc[0])
        want = max(1, self.tokens // length)
        # Wait for four rows more than needed, so that gaps are filled first.
        return length if len(rows) >= want + 4 else None

    def long_batch(self, turns):
        """One conversation of about so many turns, alone in a row of its own length; its values as batch() gives them."""
        ids, weights = self.encoder.conversation(long_conversation(self.rng, TRAIN, turns))
        row = {"used": len(ids), "docs": [(ids, weights, 0, KINDS.index("long"), [])]}
        return self.packed([row], len(ids))

    def batch(self):
        """-> ids, targets, positions, weights: all [B, S]; document numbers [B, S]; the kinds' counts; and the
        pictures in reading order."""
        while True:
            kind, ids, weights, seen = document(self.rng, self.encoder, self.vocab_size)
            start = self.rng.randrange(1, 40000) if self.rng.random() < 0.08 else 0
            length = self.place((ids, weights, start, KINDS.index(kind), seen))
            if length:
                break
        want = max(1, self.tokens // length)
        rows = self.bins[length]
        rows.sort(key=lambda r: -r["used"])
        taken, self.bins[length] = rows[:want], rows[want:]
        return self.packed(taken, length)

    @staticmethod
    def packed(taken, length):
        shape = (len(taken), length)
        out = {
            "ids": torch.full(shape, 11),
            "targets": torch.zeros(shape, dtype=torch.long),
            "positions": torch.zeros(shape, dtype=torch.long),
            "weights": torch.zeros(shape),
            "docs": torch.zeros(shape, dtype=torch.long),
            "kinds": torch.zeros(shape, dtype=torch.long),
            "pictures": [p for row in taken for doc in row["docs"] for p in doc[4]],
        }
        for b, row in enumerate(taken):
            at = 0
            for number, (ids, weights, start, kind, _) in enumerate(row["docs"], 1):
                n = len(ids)
                out["ids"][b, at : at + n] = torch.tensor(ids)
                out["targets"][b, at : at + n - 1] = torch.tensor(ids[1:])
                out["weights"][b, at : at + n - 1] = torch.tensor(weights[1:], dtype=torch.float32)
                out["positions"][b, at : at + n] = torch.arange(start, start + n)
                out["docs"][b, at : at + n] = number
                out["kinds"][b, at : at + n] = kind
                at += n
        return out
