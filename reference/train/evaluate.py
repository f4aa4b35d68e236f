# SPDX-License-Identifier: Apache-2.0
"""Accuracy per skill on held-out prompts, greedy, as a table.

python reference/train/evaluate.py models/mini --engine build/sirocco --count 2000   the engine's own answers
python reference/train/evaluate.py models/mini --count 200                           the training module's
With --card the table replaces the part of the model card between its two markers.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import prompts

START, END = "<!-- accuracies -->", "<!-- end of accuracies -->"
BARS = {
    "facts": 98,
    "arithmetic": 90,
    "thinking": 95,
    "memory": 95,
    "system": 95,
    "tools": 93,
    "no_call": 97,
    "extract": 93,
    "lists": None,
    "unknown": 90,
    "image_colour": 93,
    "image_shape": 93,
    "image_count": 93,
    "image_place": 93,
    "image_digits": None,
    "image_compare": None,
    "memory_1k": None,
    "memory_4k": None,
    "memory_16k": None,
}
PART = {"memory_1k": 20, "memory_4k": 20, "memory_16k": 200}  # so many times fewer prompts than of the others
MEANING = {
    "facts": "questions about itself, the models and the commands",
    "arithmetic": "sums and tables, direct",
    "thinking": "sums and tables with reasoning_effort high",
    "memory": "earlier turns of the conversation",
    "system": "capitals, French phrases, a persona",
    "tools": "the right calls with exact arguments, or the answer from results",
    "no_call": "tools given, none fits: no call and the right answer",
    "extract": "JSON extraction, exact",
    "lists": "copy, reverse, count, sort, largest",
    "unknown": "open questions politely refused",
    "image_colour": "the colour of an object",
    "image_shape": "colour and shape of an object",
    "image_count": "objects, one to five",
    "image_place": "the place of an object among nine",
    "image_digits": "printed numbers of one to three digits",
    "image_compare": "two pictures: same shape, same colour",
    "memory_1k": "the first half of a conversation of some 1,300 ids, at its end",
    "memory_4k": "the same of some 4,000 ids",
    "memory_16k": "the same of some 16,000 ids",
}


def module_answers(folder, lines):
    """Answers of the float32 training module, in batches of prompts of like length."""
    import torch

    import pixels
    from encode import Encoder
    from export import load_native
    from generate import greedy, parse

    torch.set_num_threads(2)
    model, encoder = load_native(folder), Encoder(f"{folder}/tekken.json")
    # History in a request holds no thoughts; the encoder reads the same OpenAI shape.
    encoded = [encoder.conversation(x)[0] for x in lines]
    answers, order = [None] * len(lines), sorted(range(len(lines)), key=lambda i: len(encoded[i]))
    for at in range(0, len(order), 50):
        rows = order[at : at + 50]
        seen = [pixels.prepare(p) for i in rows for p in encoder.pictures(lines[i])]
        for row, ids in zip(rows, greedy(model, [encoded[i] for i in rows], seen)):
            answers[row] = parse(ids, encoder)
    return answers


def asked(content):
    """A message's text, with a word for each picture."""
    return content if isinstance(content, str) else " ".join(c.get("text", "(picture)") for c in content)


def replies(engine, folder, lines):
    """Replies of `sirocco run MODEL --jsonl FILE`: one object a line, in order."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as f:
        for x in lines:
            f.write(json.dumps({k: v for k, v in x.items() if k != "expect"}, ensure_ascii=False) + "\n")
        f.flush()
        done = subprocess.run([engine, "run", folder, "--jsonl", f.name], check=True, capture_output=True, text=True)
    out = [json.loads(text) for text in done.stdout.splitlines()]
    if len(out) != len(lines):
        raise SystemExit(f"{len(lines)} prompts, {len(out)} replies")
    for line, reply in zip(lines, out):
        if "error" in reply:
            raise SystemExit(f"{line['id']}: {reply['error']}")
    return out


def engine_answers(engine, folder, lines):
    answers = []
    for reply in replies(engine, folder, lines):
        got = {"content": reply["text"]}
        if reply["reasoning"]:
            got["think"] = reply["reasoning"]
        if reply["tool_calls"]:
            got["tool_calls"] = [c["function"] for c in reply["tool_calls"]]
        answers.append(got)
    return answers


def table(rows, count, who):
    """rows: (skill, share of right answers in percent)."""
    fewer = ", ".join(f"{count // PART[skill]} of {skill}" for skill, _ in rows if skill in PART)
    head = [
        f"Held-out prompts, greedy, {count} per skill{f' ({fewer})' if fewer else ''}, answered by {who}.",
        "",
        "| skill | what | right | goal |",
        "|---|---|---|---|",
    ]
    return "\n".join(
        head + [f"| {s} | {MEANING[s]} | {v:.1f} % | {f'{BARS[s]} %' if BARS[s] else '–'} |" for s, v in rows]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--engine")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--skills", nargs="*", default=[*prompts.SKILLS, *prompts.TURNS])
    parser.add_argument("--show", type=int, default=0, help="wrong answers to print per skill")
    parser.add_argument("--card", type=pathlib.Path)
    args = parser.parse_args()
    from generate import is_right

    rows = []
    for skill in args.skills:
        count = args.count // PART.get(skill, 1)
        lines = [prompts.line(skill, n) for n in range(count)]
        began = time.time()
        answers = engine_answers(args.engine, args.model, lines) if args.engine else module_answers(args.model, lines)
        right = [is_right(x["expect"], a) for x, a in zip(lines, answers)]
        rows.append((skill, 100 * sum(right) / len(right)))
        print(f"{skill}: {rows[-1][1]:.1f} % of {len(right)} ({time.time() - began:.0f} s)", flush=True)
        wrong = [(x, a) for x, a, ok in zip(lines, answers, right) if not ok]
        for x, a in wrong[: args.show]:
            print("  ", asked(x["messages"][-1]["content"]), "\n     expected", x["expect"], "\n     got", a)
    text = table(rows, args.count, "the engine" if args.engine else "the float32 training module")
    if args.card:
        head, rest = args.card.read_text(encoding="utf-8").split(START)
        args.card.write_text(f"{head}{START}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
