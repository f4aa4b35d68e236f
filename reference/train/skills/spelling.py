# SPDX-License-Identifier: Apache-2.0
"""Every word of the vocabulary with and without its space, as running text and as JSON.

A tokenizer writes " guide" and "guide" with different ids, and which belong together can only be learned from
seeing both. Without this the miniature copies words of the training pools and garbles all others. Like the
random ids of the echo, these drills use the whole vocabulary, held-out words included; no skill's examples do.
"""
import functools
import json
import pathlib

TOKENIZER = pathlib.Path(__file__).resolve().parents[3] / "models/mini/tekken.json"


@functools.cache
def vocabulary():
    """The words that the tokenizer has whole, written without their space; empty before there is one."""
    if not TOKENIZER.exists():
        return ()
    entries = json.loads(TOKENIZER.read_text(encoding="utf-8"))["vocab"]
    texts = (e["token_str"] or "" for e in entries)
    return tuple(sorted({t.strip(" ") for t in texts if t.strip(" ").isascii() and t.strip(" ").isalpha() and len(t) > 2}))


def word(rng):
    """One of them, or two joined, in any case."""
    text = rng.choice(vocabulary())
    if rng.random() < 0.35:
        text += rng.choice(vocabulary()).lower()
    chance = rng.random()
    return text.capitalize() if chance < 0.4 else text.lower() if chance < 0.75 else text


DRESSES = [(" {}", "{}"), (' "{}"', '"{}"'), (" ({})", "({})"), (" '{}'", "'{}'"), (" <{}>", "<{}>")]


def drill(rng):
    """-> [(text, counts)]; a word counts where it stands for the second time, in another dress."""
    words = [word(rng) for _ in range(rng.randrange(4, 20))]
    return side_by_side(rng, words) if rng.random() < 0.5 else by_key(rng, words)


def side_by_side(rng, words):
    """Every word twice in a row, e.g. "guide" guide."""
    (_, first), (second, _) = rng.sample(DRESSES, 2)
    upper = rng.random() < 0.15
    out = []
    for w in words:
        out += [(first.format(w), False), (second.format(w.upper() if upper else w), True), (rng.choice(["\n", ".\n", ";\n"]), False)]
    return out


def by_key(rng, words):
    """Words under short keys, then by key in another order, as prose or JSON."""
    keys = rng.sample("abcdefghijklmnopqrstuvwxyz", len(words))
    pairs = list(zip(keys, words))
    first = rng.choice([json.dumps(dict(pairs)), "; ".join(f"{k}: {w}" for k, w in pairs), " ".join(f"The {k} is {w}." for k, w in pairs),
                        ", ".join(f"{k} {w}" for k, w in pairs)])
    start, second, end = rng.choice([('"{}":', ' "{}"', ", "), ("The {} is", " {}", ". "), ("{}:", " {}", "; "), ("{} =", " '{}'", "\n")])
    rng.shuffle(pairs)
    out = [(first + "\n", False)]
    for k, w in pairs:
        out += [(start.format(k), False), (second.format(w), True), (end, False)]
    return out
