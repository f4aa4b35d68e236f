# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/text: a Tekken vocabulary cut to 8,192 plain tokens and what the reference makes of texts.

texts.jsonl        {"text", "ids"} per line
chat_vN.jsonl      {"request", "ids", "sizes"} per line; ids is null where the reference refuses the request;
                   sizes maps the URL of each picture to its width and height in pixels
fim.jsonl          {"prompt", "suffix", "ids"} per line
python_json.jsonl  {"in", "out"} per line: json.dumps(json.loads(in), ensure_ascii=False), null where refused
"""

import base64
import io
import json
import pathlib
import random
import tempfile

import chat_samples
import text_samples
from compare_tokenizer import reference_chat
from mistral_common.protocol.fim.request import FIMRequest
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

from PIL import Image

import tekken_files

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests/golden/text"
VOCAB = 8192
SLOTS = 64

JSON_TEXTS = [
    "{}",
    "[]",
    ' {"b":1,"a":2 } ',
    '{"a":1,"b":2,"a":3}',
    "[1,-0,0,-1,123456789012345678901234567890]",
    "[1.0,-0.0,1e5,1E+5,1e-5,1e16,1e15,123456789012345680.0,0.0001,0.00001]",
    "[1.5e300,5e-324,2.2250738585072014e-308]",
    "[1e400,-1e400,1e-400,0.1,0.30000000000000004,3.141592653589793,100.0,1e22,1e21,12345.678]",
    "[NaN,Infinity,-Infinity]",
    '"\\u00e9\\ud83c\\udf89\\/\\b\\f\\n\\r\\t\\u0001\\u007f\\"\\\\é"',
    '["\\u2028"]',
    "[1,]",
    "{'a':1}",
    "{a:1}",
    "[01]",
    "[1.]",
    "[.5]",
    "[1e]",
    "[-]",
    "nul",
    "true",
    "false",
    "null",
    '"a',
    '"\x01"',
    "[1] 2",
    "",
    " ",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "[tru]",
    "\ufeff{}",
    '"\\x"',
    '"\\u12g4"',
    "[+1]",
    "-",
    "--1",
    "1 ",
    "\t[\n1\r,2]\n",
    "1e05",
    "0e0",
    "-0e-0",
    '{"":{"":[{}]}}',
    '"\ud7ff\ue000\U0010ffff"',
    "[" * 50 + "]" * 50,
    "\u00a0[]",
    "[1\u00a0]",
    "1_000",
    "0x10",
    "Nan",
]


def python_json_lines():
    for text in JSON_TEXTS:
        try:
            out = json.dumps(json.loads(text), ensure_ascii=False)
        except json.JSONDecodeError:
            out = None
        yield {"in": text, "out": out}


def write_lines(name, lines):
    with open(GOLDEN / name, "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def text_lines(tekken, pieces):
    rng = random.Random(20260316)
    fixed = [
        "",
        " ",
        "Hello, world!",
        "\n\n",
        " \n ",
        "a\u0300\u0301B",
        "\u0300A",
        "é" * 300,
        " " * 500,
        "ab" * 200,
        "☺",
    ]
    for text in fixed + [text_samples.random_text(rng, pieces) for _ in range(800)]:
        if len(text) <= 600:
            yield {"text": text, "ids": tekken.encode(text, bos=False, eos=False)}


def picture_sizes(request):
    sizes = {}
    for message in request["messages"]:
        for chunk in message["content"] if isinstance(message.get("content"), list) else []:
            if isinstance(chunk, dict) and chunk.get("type") == "image_url":
                url = chunk["image_url"]["url"] if isinstance(chunk["image_url"], dict) else chunk["image_url"]
                sizes[url] = Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).size
    return sizes


def chat_lines(version, count, pieces):
    with tempfile.TemporaryDirectory() as directory:
        path = tekken_files.write(f"{directory}/tekken.json", version=version, vocab=VOCAB, special_slots=SLOTS)
        tokenizer = MistralTokenizer.from_file(str(path))
        sampler = chat_samples.Sampler(20260316, pieces, version, broken=0.02)
        for request in (sampler.request() for _ in range(count)):
            yield {
                "request": request,
                "ids": reference_chat(tokenizer, request)[0],
                "sizes": picture_sizes(request),
            }


def fim_lines(tokenizer, pieces):
    rng = random.Random(20260316)
    for _ in range(40):
        prompt, suffix = (text_samples.random_text(rng, pieces)[:80] for _ in range(2))
        ids = tokenizer.encode_fim(FIMRequest(prompt=prompt, suffix=suffix)).tokens
        yield {"prompt": prompt, "suffix": suffix, "ids": ids}


def main():
    GOLDEN.mkdir(parents=True, exist_ok=True)
    tekken = tekken_files.assemble("v15", VOCAB, SLOTS)
    for entry in tekken["vocab"]:
        entry["token_str"] = None  # for people only
    path = GOLDEN / "tekken.json"
    path.write_text(json.dumps(tekken, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    tokenizer = MistralTokenizer.from_file(str(path))
    reference = tokenizer.instruct_tokenizer.tokenizer
    pieces = [base64.b64decode(entry["token_bytes"]) for entry in tekken["vocab"]]
    write_lines("texts.jsonl", text_lines(reference, pieces))
    for version, count in {"v3": 40, "v7": 40, "v11": 40, "v13": 40, "v15": 140}.items():
        write_lines(f"chat_{version}.jsonl", chat_lines(version, count, pieces))
    write_lines("fim.jsonl", fim_lines(tokenizer, pieces))
    write_lines("python_json.jsonl", python_json_lines())


if __name__ == "__main__":
    main()
