# SPDX-License-Identifier: Apache-2.0
"""Builds models/mini/tekken.json: a v15 Tekken file with a cut vocabulary.

The rank list comes from mistral-common's own data/tekken_240911.json. Kept, in rank order, are the 256 bytes,
the entries that the training text uses often (with the halves they merge from), and the lowest ranks made of
ASCII and French letters; so a miniature wastes no embedding rows on scripts it never reads. Any such subset
stays a valid rank BPE: merging needs only the order of what is left. The shipped file was made once, before
training; a changed training text would choose a different vocabulary.
Last, a word behind its space goes if the bare word has no entry (" length" without "length") and the text does not use it
often: a model copies a word from prose into JSON only if both are cut alike.
Special slots carry the names and ids of the released v15 files; there are 64 of them instead of 1000.
"""

import argparse
import base64
import collections
import json
import pathlib
import random

import mistral_common
import tiktoken

import data
from skills import arithmetic

SOURCE = pathlib.Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"
PATTERN = json.loads(SOURCE.read_text(encoding="utf-8"))["config"]["pattern"]
NUM_SPECIAL = 64
VOCAB_SIZE = 4608  # before words that are cut unlike their bare form go
FRENCH = set("àâäçéèêëîïôöùûüÿœæÀÂÇÉÈÊËÎÏÔÙÛÜŒ«»’“”–—…·×÷")
NAMED = {
    0: "<unk>",
    1: "<s>",
    2: "</s>",
    3: "[INST]",
    4: "[/INST]",
    5: "[AVAILABLE_TOOLS]",
    6: "[/AVAILABLE_TOOLS]",
    7: "[TOOL_RESULTS]",
    8: "[/TOOL_RESULTS]",
    9: "[TOOL_CALLS]",
    10: "[IMG]",
    11: "<pad>",
    12: "[IMG_BREAK]",
    13: "[IMG_END]",
    14: "[PREFIX]",
    15: "[MIDDLE]",
    16: "[SUFFIX]",
    17: "[SYSTEM_PROMPT]",
    18: "[/SYSTEM_PROMPT]",
    19: "[TOOL_CONTENT]",
    24: "[AUDIO]",
    25: "[BEGIN_AUDIO]",
    32: "[ARGS]",
    33: "[CALL_ID]",
    34: "[THINK]",
    35: "[/THINK]",
    36: "[MODEL_SETTINGS]",
    37: "[/MODEL_SETTINGS]",
}


def sample_text(documents=30000):
    """Texts of the training mix, as the prompt layout would encode them piece by piece."""
    rng = random.Random(0)
    for _ in range(documents):
        kind = rng.choices(list(data.MIX), list(data.MIX.values()))[0]
        if kind == "drill":
            yield "".join(text for text, _ in arithmetic.drill(rng))
        elif kind not in ("echo", "spelling", "pictures"):
            request = data.conversation(rng, kind)
            yield json.dumps({"reasoning_effort": request["reasoning_effort"]})
            if request.get("tools"):
                yield json.dumps(request["tools"], ensure_ascii=False)
            for m in request["messages"]:
                yield m.get("content") or ""
                yield m.get("think") or ""
                for call in m.get("tool_calls") or []:
                    yield call["function"]["name"]
                    yield call["function"]["arguments"]


def used_often(ranks, least=15, most=2200):
    """Raw entries that the full tokenizer uses often in the sample, and the halves that they merge from."""
    by_bytes = {base64.b64decode(e["token_bytes"]): e["rank"] for e in ranks}
    full = tiktoken.Encoding("full", pat_str=PATTERN, mergeable_ranks=by_bytes, special_tokens={})
    counts = collections.Counter()
    for text in sample_text():
        counts.update(full.encode_ordinary(text))
    chosen = [full.decode_single_token_bytes(i) for i, n in counts.most_common(most) if n >= least]
    kept = set()
    while chosen:
        raw = chosen.pop()
        if len(raw) > 1 and raw not in kept:
            kept.add(raw)
            lower = {b: r for b, r in by_bytes.items() if r < by_bytes[raw] and b in raw}
            lower.update({bytes([b]): by_bytes[bytes([b])] for b in raw})
            chosen += merge(raw, lower)
    return kept


def merge(raw, ranks):
    """Rank BPE of raw with the given entries -> the parts left at the end."""
    parts = [raw[i : i + 1] for i in range(len(raw))]
    while len(parts) > 1:
        best = min(range(len(parts) - 1), key=lambda i: ranks.get(parts[i] + parts[i + 1], 1 << 30))
        if parts[best] + parts[best + 1] not in ranks:
            break
        parts[best : best + 2] = [parts[best] + parts[best + 1]]
    return parts


def kept_entries(ranks, count):
    wanted = used_often(ranks)
    print(len(wanted), "entries by use")
    kept, room = [], count - len(wanted) - 256
    for entry in ranks:
        raw = base64.b64decode(entry["token_bytes"])
        if raw in wanted:
            kept.append(raw)
            continue
        if room == 0:
            continue
        if len(raw) > 1:
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError:
                continue
            if not all(c in FRENCH or " " <= c <= "~" or c in "\n" for c in text):
                continue
            if len(text) > 12 or text.strip() == "" and len(text) > 4:
                continue
            room -= 1
        kept.append(raw)
    return kept


OFTEN = 1 / 8000  # of the sample's ids


def lone_words(raws):
    """Which entries are a word behind its space whose bare word is no entry, and not used often."""
    have = set(raws)
    lone = {
        i
        for i, raw in enumerate(raws)
        if len(raw) > 2 and raw.startswith(b" ") and raw[1:].isalpha() and raw[1:] not in have
    }
    bpe = tiktoken.Encoding(
        "cut", pat_str=PATTERN, mergeable_ranks={raw: i for i, raw in enumerate(raws)}, special_tokens={}
    )
    counts = collections.Counter()
    for text in sample_text():
        counts.update(bpe.encode_ordinary(text))
    return {i for i in lone if counts[i] < OFTEN * counts.total()}


def build():
    source_data = json.loads(SOURCE.read_text(encoding="utf-8"))
    raws = kept_entries(source_data["vocab"], VOCAB_SIZE - NUM_SPECIAL)
    lone = lone_words(raws)
    vocab = []
    for rank, raw in enumerate(raw for i, raw in enumerate(raws) if i not in lone):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = None
        vocab.append({"rank": rank, "token_bytes": base64.b64encode(raw).decode(), "token_str": text})
    specials = [
        {"rank": i, "token_str": NAMED.get(i, f"<SPECIAL_{i}>"), "is_control": True} for i in range(NUM_SPECIAL)
    ]
    return {
        "config": {
            "pattern": PATTERN,
            "num_vocab_tokens": len(vocab),
            "default_vocab_size": NUM_SPECIAL + len(vocab),
            "default_num_special_tokens": NUM_SPECIAL,
            "version": "v15",
        },
        "vocab": vocab,
        "special_tokens": specials,
        "image": {"image_patch_size": 14, "max_image_size": 1540, "spatial_merge_size": 2},
        "model_settings_builder": {
            "reasoning_effort": {"type": "enum", "accepts_none": True, "default": "none", "values": ["none", "high"]}
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", default="models/mini/tekken.json")
    args = parser.parse_args()
    text = json.dumps(build(), ensure_ascii=False, separators=(",", ":"))
    pathlib.Path(args.out).write_text(text + "\n", encoding="utf-8")
    print(args.out, len(text.encode()), "bytes")


if __name__ == "__main__":
    main()
