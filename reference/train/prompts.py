# SPDX-License-Identifier: Apache-2.0
"""Held-out prompts: one JSONL file per skill, each line an OpenAI chat request with the expected answer.

python reference/train/prompts.py OUT_FOLDER --count 2000
A line: {"id", "messages", "tools"?, "reasoning_effort", "temperature": 0, "max_tokens",
"expect": {"content"?: text, "tool_calls"?: [{name, arguments}], "thinks": bool}}.
Templates, values and names come from the test split (facts and tables of arithmetic: wording only).
"""

import argparse
import json
import pathlib
import random
import zlib

import data
import pixels
from skills import arithmetic, extract, facts, lists, memory, pictures, system, tools, unknown
from skills.base import TEST


def facts_prompt(rng):
    return data.chat([facts.turn(rng, TEST)], False)


def arithmetic_prompt(rng):
    return data.chat([arithmetic.turn(rng, TEST)], False)


def thinking_prompt(rng):
    return data.chat([arithmetic.turn(rng, TEST)], True)


def memory_prompt(rng):
    return data.chat(memory.turns(rng, TEST, data.filler), False)


def system_prompt(rng):
    prompt, turn = system.turn(rng, TEST, (system.capitals, system.french, system.persona), (1, 1, 1))
    return data.chat([turn], False, prompt)


def tool_prompt(rng):
    """One or two calls, or an answer from results: whatever the conversation ends in, but a call at least."""
    while True:
        c = tools.conversation(rng, TEST, rounds=1, results=None if rng.random() < 0.25 else False)
        if any(m.get("tool_calls") for m in c["messages"]):
            return c


def no_call_prompt(rng):
    while True:
        c = tools.conversation(rng, TEST, rounds=1, results=False)
        if not any(m.get("tool_calls") for m in c["messages"]):
            return c


def extract_prompt(rng):
    return data.chat([extract.turn(rng, TEST)], False)


def list_prompt(rng):
    return data.chat([lists.turn(rng, TEST)], False)


def unknown_prompt(rng):
    return data.chat([unknown.turn(rng, TEST)], False)


def picture_prompt(kind):
    def prompt(rng):
        seen = pictures.turn(rng, TEST, [kind])
        return {
            "messages": [pictures.message(seen), {"role": "assistant", "content": seen.answer}],
            "reasoning_effort": "none",
        }

    return prompt


TURNS = {"memory_1k": 30, "memory_4k": 110, "memory_16k": 440}  # of a long conversation, some 35 ids each
ASKED = len(memory.SLOTS)  # questions at the end of each of them


def long_prompt(rng, turns, number):
    """The same conversation for `ASKED` numbers in a row, so that an engine which keeps prefixes reads it once."""
    return data.chat(memory.recall(rng, TEST, data.anything, turns, number % ASKED), False)


SKILLS = {
    "facts": facts_prompt,
    "arithmetic": arithmetic_prompt,
    "thinking": thinking_prompt,
    "memory": memory_prompt,
    "system": system_prompt,
    "tools": tool_prompt,
    "no_call": no_call_prompt,
    "extract": extract_prompt,
    "lists": list_prompt,
    "unknown": unknown_prompt,
    **{f"image_{name}": picture_prompt(kind) for name, kind in pictures.KINDS.items()},
}


def public(message):
    """An assistant turn of the history as a client would send it."""
    out = {k: v for k, v in message.items() if k not in ("think", "mute")}
    if isinstance(out.get("content"), list):
        out["content"] = [
            c if c["type"] != "picture" else {"type": "image_url", "image_url": {"url": pixels.data_url(c["picture"])}}
            for c in out["content"]
        ]
    for i, call in enumerate(out.get("tool_calls") or []):
        call["id"] = f"call{i:05d}"
    return out


def with_call_ids(messages):
    """Tool results name the call they answer, in order."""
    waiting = []
    for m in messages:
        if m.get("tool_calls"):
            waiting = [c["id"] for c in m["tool_calls"]]
        elif m["role"] == "tool":
            m["tool_call_id"] = waiting.pop(0)
    return messages


def line(skill, number, seed=1):
    def drawn(n):
        return random.Random(zlib.crc32(f"{seed} {skill} {n}".encode()))

    if skill in TURNS:
        request = long_prompt(drawn(number // ASKED), TURNS[skill], number)
    else:
        request = SKILLS[skill](drawn(number))
    *history, last = request["messages"]
    expect = {"thinks": "think" in last}
    if last.get("content") is not None:
        expect["content"] = last["content"]
    if last.get("tool_calls"):
        expect["tool_calls"] = [
            {"name": c["function"]["name"], "arguments": json.loads(c["function"]["arguments"])}
            for c in last["tool_calls"]
        ]
    out = {"id": f"{skill}-{number}", "messages": with_call_ids([public(m) for m in history])}
    if request.get("tools"):
        out["tools"] = request["tools"]
    return out | {
        "reasoning_effort": request["reasoning_effort"],
        "temperature": 0,
        "max_tokens": 160,
        "expect": expect,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=2000)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for skill in SKILLS:
        with open(args.out / f"{skill}.jsonl", "w", encoding="utf-8") as f:
            for number in range(args.count):
                f.write(json.dumps(line(skill, number), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
