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
    return text.capitalize() if chance < 0.2 else text.lower() if chance < 0.6 else text


def drill(rng):
    """-> [(text, counts)]: the same words twice in different dress; only the second time counts."""
    words = [word(rng) for _ in range(2 * rng.randrange(1, 5))]
    pairs = list(zip(words[::2], words[1::2]))
    plain = [" ".join(words), ", ".join(words), ". ".join(f"The {a} is {b}" for a, b in pairs) + ".",
             "; ".join(f"{a}: {b}" for a, b in pairs), " and ".join(f"{a} with {b}" for a, b in pairs)]
    quoted = [json.dumps(words), json.dumps(dict(pairs)), "\n".join(words), "(" + ")(".join(words) + ")",
              "_".join(words), " ".join(w.upper() for w in words)]
    first, second = rng.choice(plain), rng.choice(quoted)
    if rng.random() < 0.4 and second != second.upper():
        first, second = second, first
    return [(first + "\n", False), (second, True)]
