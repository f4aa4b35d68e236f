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

import chat_samples
import text_samples
from mistral_common.protocol.fim.request import FIMRequest
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

import tekken_files


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
            for label, value in (
                ("DIFFERENT " + self.name, what),
                ("  ours", ours),
                ("  reference", reference),
            ):
                print(f"{label}: {str(value)[-900:]}", flush=True)

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


def reference_chat(tokenizer, request):
    """Ids of a request by the reference, or None and its reason where it refuses."""
    try:
        parsed = ChatCompletionRequest.from_openai(**json.loads(json.dumps(request)))
        return tokenizer.encode_chat_completion(parsed).tokens, None
    except Exception as error:  # it refuses in many ways: pydantic's errors, its own, KeyError, AssertionError
        return None, f"{type(error).__name__}: {str(error).splitlines()[:1]}"


def compare_conversations(pair, version, count, seed, pieces):
    sampler = chat_samples.Sampler(seed, pieces, version)
    tally = Tally(f"conversations {version}")
    accepted = 0
    for begin in range(0, count, 1000):
        requests = [sampler.request() for _ in range(min(1000, count - begin))]
        for request, got in zip(requests, pair.ours([{"request": r} for r in requests])):
            ids, reason = reference_chat(pair.reference, request)
            accepted += ids is not None
            tally.add((request, reason, got.get("error")), got.get("ids"), ids)
    print(f"  of them {accepted} accepted, {count - accepted} refused by the reference")
    return tally.report()


def compare_fim(pair, count, seed, pieces):
    rng = random.Random(seed)
    tally = Tally("fill in the middle")
    requests = [
        {
            "prompt": text_samples.random_text(rng, pieces),
            "suffix": rng.choice([None, text_samples.random_text(rng, pieces)]),
        }
        for _ in range(count)
    ]
    for request, got in zip(requests, pair.ours([{"request": r} for r in requests])):
        tally.add(request, got.get("ids"), pair.reference.encode_fim(FIMRequest(**request)).tokens)
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
    pieces = [base64.b64decode(v["token_bytes"]) for v in json.loads(pair.path.read_text())["vocab"]]
    bad = 0
    if arguments.conversations:
        bad += compare_conversations(pair, arguments.version, arguments.conversations, arguments.seed, pieces)
        bad += compare_fim(pair, arguments.conversations // 4, arguments.seed, pieces)
    if arguments.texts:
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
