# SPDX-License-Identifier: Apache-2.0
"""Compares `sirocco tokenize` with the pinned mistral-common on masses of text and conversations.

The full vocabulary is too large to commit, so these comparisons run locally:
    python reference/compare_tokenizer.py build/sirocco --texts 1000000 --code-points --corpus some.txt
Prints how many were equal, and the first differences.
"""
import argparse
import base64
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

import tekken_files
import text_samples


class Pair:
    """The program and the reference on one tokenizer file."""

    def __init__(self, program, version, vocab):
        self.program = program
        self.directory = tempfile.TemporaryDirectory()
        self.path = tekken_files.write(pathlib.Path(self.directory.name) / "tekken.json", version=version, vocab=vocab)
        self.reference = MistralTokenizer.from_file(str(self.path))
        self.tekken = self.reference.instruct_tokenizer.tokenizer

    def ours(self, requests):
        """Results of a batch of request lines, as dicts."""
        lines = "\n".join(json.dumps(r, ensure_ascii=False) for r in requests) + "\n"
        command = [self.program, "tokenize", str(self.path), "--jsonl", "-"]
        done = subprocess.run(command, input=lines.encode(), capture_output=True, check=True)
        results = [json.loads(line) for line in done.stdout.decode().split("\n") if line]
        assert len(results) == len(requests), (len(results), len(requests))
        return results


class Tally:
    def __init__(self, name):
        self.name, self.equal, self.different = name, 0, 0

    def add(self, what, ours, reference):
        if ours == reference:
            self.equal += 1
            return
        self.different += 1
        if self.different <= 5:
            print(f"DIFFERENT {self.name}: {what!r}\n  ours      {ours}\n  reference {reference}", flush=True)

    def report(self):
        print(f"{self.name}: {self.equal} equal, {self.different} different", flush=True)
        return self.different


def compare_texts(pair, name, texts, batch=20000):
    tally = Tally(name)
    pending = []

    def flush():
        for text, got in zip(pending, pair.ours([{"text": t} for t in pending])):
            tally.add(text, got.get("ids"), pair.tekken.encode(text, bos=False, eos=False))
        pending.clear()

    for text in texts:
        pending.append(text)
        if len(pending) == batch:
            flush()
    flush()
    return tally.report()


def code_points(form):
    for c in range(0x110000):
        if not 0xD800 <= c <= 0xDFFF:
            yield form.replace("@", chr(c))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("--version", default="v15")
    parser.add_argument("--vocab", type=int, default=130072)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--texts", type=int, default=0, help="random texts")
    parser.add_argument("--code-points", action="store_true", help="every code point alone and in context")
    parser.add_argument("--corpus", help="a text file, compared line by line and in large blocks")
    parser.add_argument("--conversations", type=int, default=0, help="random chat requests")
    arguments = parser.parse_args()
    pair = Pair(arguments.program, arguments.version, arguments.vocab)
    rng = random.Random(arguments.seed)
    bad = 0
    if arguments.texts:
        pieces = [base64.b64decode(v["token_bytes"]) for v in json.loads(pair.path.read_text())["vocab"]]
        texts = (text_samples.random_text(rng, pieces) for _ in range(arguments.texts))
        bad += compare_texts(pair, "random texts", texts)
    if arguments.code_points:
        bad += compare_texts(pair, "code points alone", code_points("@"))
        bad += compare_texts(pair, "code points in context", code_points("a@b A@B 1@2 @ x\n@\n!@y@@ Z@@z  @"))
    if arguments.corpus:
        text = pathlib.Path(arguments.corpus).read_text(encoding="utf-8")
        bad += compare_texts(pair, "corpus lines", text.split("\n"))
        blocks = [text[i : i + 100_000] for i in range(0, len(text), 100_000)]
        bad += compare_texts(pair, "corpus blocks of 100,000 characters", blocks, batch=20)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
