# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/mini from the shipped file with transformers in float32.

logits.json: for fixed prompts (ids) the last row of logits: top 16 and the largest magnitude.
losses.json: -log p of every token of a text in overlapping windows (src/measure/text_windows.h).
conversations.jsonl: a greedy conversation per skill: the OpenAI request and the answer. Prompts are taken
from the held-out ones; the first whose answer is right and never near a tie (top two logits at least 0.5
apart at every step) stands for its skill.
"""

import argparse
import json
import pathlib

import torch

import pixels
import prompts
import reference
from encode import Encoder
from generate import is_right, parse

PROMPTS = [
    {"messages": [{"role": "user", "content": "Hello!"}]},
    {"messages": [{"role": "user", "content": "What is 47 + 38?"}], "reasoning_effort": "high"},
    {
        "messages": [
            {"role": "system", "content": "Answer in capital letters."},
            {"role": "user", "content": "Who are you?"},
        ]
    },
]


@torch.no_grad()
def answer(model, ids, pictures, most=160):
    """Greedy ids and the smallest gap between the best two logits."""
    out, gap, cache, step = [], float("inf"), None, torch.tensor([ids])
    while len(out) < most:
        seen = reference.pictures_argument(pictures) if cache is None else {}
        got = model(input_ids=step, past_key_values=cache, use_cache=True, **seen)
        cache = got.past_key_values
        top = got.logits[0, -1].topk(2)
        gap = min(gap, (top.values[0] - top.values[1]).item())
        token = top.indices[0].item()
        if token == 2:
            break
        out.append(token)
        step = torch.tensor([[token]])
    return out, gap


def logits_of(model, encoder):
    cases = []
    for request in PROMPTS:
        ids = encoder.conversation(request)[0]
        with torch.no_grad():
            row = model(input_ids=torch.tensor([ids])).logits[0, -1]
        top = row.topk(16)
        cases.append(
            {
                "ids": ids,
                "top_ids": top.indices.tolist(),
                "top_logits": top.values.tolist(),
                "max_abs": row.abs().max().item(),
            }
        )
    return cases


TEXT = " ".join(
    [
        "The engine reads the file, keeps the cache and answers: 47 + 38 = 85, as promised.",
        "Ein zweiter Satz, damit nicht alles vorhersagbar ist; et une troisième phrase.",
        "def square(x): return x * x",
    ]
    * 3
)
CONTEXT, STRIDE = 48, 20


@torch.no_grad()
def losses_of(model, encoder, bos=1):
    """A naive reading of the definition: one full pass a window, the losses that nobody had before."""
    ids = encoder.text(TEXT)
    losses, begin = [], 0
    while len(losses) < len(ids):
        window = ids[begin : begin + CONTEXT - 1]
        rows = model(input_ids=torch.tensor([[bos] + window[:-1]])).logits[0].double().log_softmax(-1)
        every = [-rows[i, token].item() for i, token in enumerate(window)]
        losses += every[len(losses) - begin :]
        begin += STRIDE
    return {
        "about": "transformers 5.8.1, float32",
        "bos": bos,
        "context": CONTEXT,
        "stride": STRIDE,
        "ids": ids,
        "losses": losses,
    }


def conversations(model, encoder, skills, tries):
    for skill in skills:
        for number in range(tries):
            line = prompts.line(skill, number)
            seen = [pixels.prepare(p) for p in encoder.pictures(line)]
            ids, gap = answer(model, encoder.conversation(line)[0], seen)
            got = parse(ids, encoder)
            if gap >= 0.5 and is_right(line["expect"], got):
                del line["expect"]
                yield {"skill": skill, "request": line, "answer": got, "ids": ids, "least_gap": round(gap, 2)}
                break
        else:
            print(f"{skill}: no clear and right answer in {tries} prompts: left out")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", nargs="?", default="models/mini")
    parser.add_argument("out", nargs="?", type=pathlib.Path, default=pathlib.Path("tests/golden/mini"))
    parser.add_argument("--tries", type=int, default=60, help="held-out prompts to try for each skill")
    parser.add_argument("--skills", nargs="*", default=list(prompts.SKILLS))
    args = parser.parse_args()
    torch.set_num_threads(2)
    model, encoder = reference.load(args.model), Encoder(f"{args.model}/tekken.json")
    args.out.mkdir(parents=True, exist_ok=True)
    about = "float32 logits of transformers 5.8.1 on models/mini; written by reference/train/goldens.py"
    (args.out / "logits.json").write_text(
        json.dumps({"about": about, "cases": logits_of(model, encoder)}, indent=1) + "\n"
    )
    (args.out / "losses.json").write_text(json.dumps(losses_of(model, encoder)) + "\n")
    with open(args.out / "conversations.jsonl", "w", encoding="utf-8") as f:
        for c in conversations(model, encoder, args.skills, args.tries):
            f.write(json.dumps(c, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
