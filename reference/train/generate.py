# SPDX-License-Identifier: Apache-2.0
"""Greedy answers of the training module to many prompts at once (float32, keys and values cached)."""

import json

import torch

from model import LayerCache


class LeftPadded:
    """Rows of unequal length, padded on the left; pads are masked and positions start at each row's first id."""

    def __init__(self, prompts, pad=11):
        self.length = max(map(len, prompts))
        self.ids = torch.full((len(prompts), self.length), pad)
        self.real = torch.zeros(len(prompts), self.length, dtype=torch.bool)
        for row, ids in enumerate(prompts):
            self.ids[row, self.length - len(ids) :] = torch.tensor(ids)
            self.real[row, self.length - len(ids) :] = True
        self.positions = (self.real.cumsum(1) - 1).clamp(min=0)


@torch.no_grad()
def greedy(model, prompts, pictures=(), most=160, stop=2):
    """prompts: lists of ids; their prepared pictures in reading order -> lists of new ids, without the stop id."""
    batch = LeftPadded(prompts)
    caches = [LayerCache() for _ in model.layers]
    s = batch.length
    mask = torch.ones(s, s, dtype=torch.bool).tril()[None] & batch.real[:, None, :]
    mask |= torch.eye(s, dtype=torch.bool)[None]  # a pad sees itself, so that no row is empty
    hidden, _ = model.hidden(batch.ids, batch.positions, additive(mask[:, None]), caches=caches, pictures=pictures)
    following = model.logits(hidden[:, -1]).argmax(-1)
    out, alive = [[] for _ in prompts], set(range(len(prompts)))
    positions, real = batch.positions[:, -1:], batch.real
    for _ in range(most):
        for row in list(alive):
            token = following[row].item()
            alive.discard(row) if token == stop else out[row].append(token)
        if not alive:
            break
        positions = positions + 1
        real = torch.cat((real, torch.ones(len(prompts), 1, dtype=torch.bool)), 1)
        hidden, _ = model.hidden(following[:, None], positions, additive(real[:, None, None, :]), caches=caches)
        following = model.logits(hidden[:, -1]).argmax(-1)
    return out


def additive(seen):
    return torch.zeros(seen.shape).masked_fill_(~seen, float("-inf"))


def parse(ids, encoder):
    """Answer ids -> {"think"?, "content"?, "tool_calls"?: [{name, arguments text}]}."""
    s, out = encoder.special, {}
    if ids and ids[0] == s["[THINK]"]:
        end = ids.index(s["[/THINK]"]) if s["[/THINK]"] in ids else len(ids)
        out["think"] = encoder.decode(ids[1:end])
        ids = ids[end + 1 :]
    head, *calls = split_at(ids, s["[TOOL_CALLS]"])
    if head:
        out["content"] = encoder.decode(head)
    if calls:
        out["tool_calls"] = []
        for c in calls:
            name, *arguments = split_at(c, s["[ARGS]"])
            out["tool_calls"].append(
                {"name": encoder.decode(name), "arguments": encoder.decode(arguments[0]) if arguments else ""}
            )
    return out


def split_at(ids, marker):
    parts = [[]]
    for i in ids:
        if i == marker:
            parts.append([])
        else:
            parts[-1].append(i)
    return parts


def is_right(expect, got):
    """Exact: text, names, arguments as JSON values; and thinks exactly when it should."""
    if ("think" in got) != expect["thinks"]:
        return False
    if expect.get("content") is not None and got.get("content", "").strip() != expect["content"]:
        return False
    wanted, calls = expect.get("tool_calls") or [], got.get("tool_calls") or []
    if len(wanted) != len(calls):
        return False
    for w, c in zip(wanted, calls):
        try:
            arguments = json.loads(c["arguments"] or "{}")
        except ValueError:
            return False
        if w["name"] != c["name"] or w["arguments"] != arguments:
            return False
    return True
