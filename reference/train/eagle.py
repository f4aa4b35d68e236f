# SPDX-License-Identifier: Apache-2.0
"""Trains and measures the miniature's EAGLE head: a draft of the next tokens from the hidden state just computed.

python reference/train/eagle.py models/mini models/mini-eagle --engine build/sirocco --minutes 12
python reference/train/eagle.py models/mini models/mini-eagle --engine build/sirocco --measure

The head learns from the miniature's own greedy answers to training prompts; it is measured on its answers to
held-out ones. It is the native EAGLE layout: `eagle_linear` over (embedding, hidden), two layers of the target's
attention with a dense SwiGLU, a norm; embedding and output are the target's. Position t reads the token at t + 1
and the hidden at t and drafts the token at t + 2; its own normed output stands for the hidden at t + 1 in the next
step of a chain.
Shapes: B rows, S positions, D hidden.
"""

import argparse
import json
import pathlib
import random
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

import data
import prompts
from encode import Encoder
from evaluate import replies
from export import attention_tensors, load_native, write
from model import Attention, LayerCache, init_weights, swiglu
from optim import Optimiser
from rows import rms_norm
from skills.base import TRAIN

CHAIN = 3  # draft tokens a step
KINDS = ("chat", "facts", "arith", "memory", "system", "tools", "extract", "lists")
HELD_OUT = ("facts", "arithmetic", "thinking", "memory", "system", "tools", "no_call", "extract", "lists", "unknown")
LONGEST = 700  # ids of a training row


class DraftLayer(nn.Module):
    def __init__(self, config, width):
        super().__init__()
        self.eps = config.norm_eps
        self.attention_norm, self.ffn_norm = (nn.Parameter(torch.ones(config.dim)) for _ in range(2))
        self.attention = Attention(config)
        self.w13 = nn.Parameter(torch.empty(2 * width, config.dim))  # rows 0..F-1 are w1, then w3
        self.w2 = nn.Parameter(torch.empty(config.dim, width))

    def forward(self, x, rope, mask, cache):
        x = x + self.attention(rms_norm(x, self.attention_norm, self.eps), rope, mask, cache)
        return x + swiglu(rms_norm(x, self.ffn_norm, self.eps), self.w13, self.w2)


class EagleHead(nn.Module):
    def __init__(self, config, width=768, layers=2):
        super().__init__()
        self.config, self.width = config, width
        self.eagle_linear = nn.Parameter(torch.empty(config.dim, 2 * config.dim))
        self.layers = nn.ModuleList(DraftLayer(config, width) for _ in range(layers))
        self.norm = nn.Parameter(torch.ones(config.dim))

    def forward(self, embedded, hidden, rope, mask, caches):
        """embedded and hidden [B, S, D] -> the normed hidden [B, S, D] that logits and the next step use."""
        x = F.linear(torch.cat((embedded, hidden), -1), self.eagle_linear)
        for layer, cache in zip(self.layers, caches):
            x = layer(x, rope, mask, cache)
        return rms_norm(x, self.norm, self.config.norm_eps)

    def chain(self, target, ids, hidden):
        """The drafts of every position at once -> the hidden of each step, a list of [B, S - 1, D].

        Step k reads the token at t + 1 with the hidden that step k - 1 made for t, and sees the keys of step 1 up
        to t - k + 1 and its own chain's after that: what a chain that began k - 1 positions ago would see.
        """
        s = ids.shape[1] - 1
        embedded = F.embedding(ids[:, 1:], target.tok_embeddings)
        rope = target.rope(torch.arange(s)[None], torch.float32)
        rows, columns = torch.arange(s)[:, None], torch.arange(s)[None]
        caches, out, read = [LayerCache() for _ in self.layers], [], hidden[:, :-1]
        for step in range(CHAIN):
            seen = [columns <= rows - step] + [columns == rows - step + k for k in range(1, step + 1)]
            seen = torch.cat(seen, 1)
            seen[:step, 0] = True  # a chain cannot begin before the first position: these rows are not read
            mask = torch.zeros(seen.shape).masked_fill_(~seen, float("-inf"))[None, None]
            out.append(self(embedded, read, rope, mask, caches))
            read = F.pad(out[-1][:, :-1], (0, 0, 1, 0))
        return out

    def native_tensors(self):
        out = {"eagle_linear.weight": self.eagle_linear, "norm.weight": self.norm}
        for n, layer in enumerate(self.layers):
            at = f"layers.{n}."
            out |= attention_tensors(layer, at)
            out[at + "feed_forward.w1.weight"] = layer.w13[: self.width]
            out[at + "feed_forward.w3.weight"] = layer.w13[self.width :]
            out[at + "feed_forward.w2.weight"] = layer.w2
        return out

    def params_json(self):
        """The target's shapes with dense layers: no "moe", as the released head is read."""
        p = self.config.params_json() | {"n_layers": len(self.layers), "hidden_dim": self.width}
        return {k: v for k, v in p.items() if k not in ("moe", "vision_encoder")}


@torch.no_grad()
def load(folder, config):
    folder = pathlib.Path(folder)
    params = json.loads((folder / "params.json").read_text())
    head = EagleHead(config, params["hidden_dim"], params["n_layers"])
    t = {k: v.float() for k, v in load_file(folder / "consolidated.safetensors").items()}
    head.eagle_linear.copy_(t["eagle_linear.weight"])
    head.norm.copy_(t["norm.weight"])
    for n, layer in enumerate(head.layers):
        at = f"layers.{n}."
        for name, p in attention_tensors(layer, at).items():
            p.copy_(t[name])
        layer.w13.copy_(torch.cat((t[at + "feed_forward.w1.weight"], t[at + "feed_forward.w3.weight"])))
        layer.w2.copy_(t[at + "feed_forward.w2.weight"])
    return head


def training_line(rng, number):
    """A request of the training mix that ends in a user's or a tool's message."""
    request = data.conversation(rng, rng.choice(KINDS), TRAIN)
    history = [prompts.public(m) for m in request["messages"][:-1]]
    out = {
        "id": f"own-{number}",
        "messages": prompts.with_call_ids(history),
        "temperature": 0,
        "max_tokens": 160,
        "reasoning_effort": request["reasoning_effort"],
    }
    return out | ({"tools": request["tools"]} if request.get("tools") else {})


def answered(engine, folder, lines):
    """Requests -> [(ids of prompt and the miniature's own greedy answer, length of the prompt)]."""
    encoder = Encoder(f"{folder}/tekken.json")
    out = []
    for line, reply in zip(lines, replies(engine, folder, lines)):
        prompt = encoder.conversation(line)[0]
        if len(prompt) + len(reply["tokens"]) <= LONGEST and len(reply["tokens"]) > 1:
            out.append((prompt + reply["tokens"], len(prompt)))
    return out


def batches(rows, rng, tokens=3000):
    """Endless batches of rows of like length -> ids [B, S], the positions [B, S] whose token is an answer's."""
    rows = sorted(rows, key=lambda r: len(r[0]))
    groups, group = [], []
    for row in rows:
        if group and len(row[0]) * (len(group) + 1) > tokens:
            groups.append(group)
            group = []
        group.append(row)
    groups.append(group)
    while True:
        rng.shuffle(groups)
        for group in groups:
            yield padded(group)


def padded(group):
    longest = max(len(ids) for ids, _ in group)
    ids, answer = torch.full((len(group), longest), 11), torch.zeros(len(group), longest, dtype=torch.bool)
    for row, (tokens, prompt) in enumerate(group):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        answer[row, prompt : len(tokens)] = True
    return ids, answer


@torch.no_grad()
def target_hidden(target, ids):
    return target.hidden(ids, torch.arange(ids.shape[1]).expand_as(ids), None)[0]


def drafted(answer, step):
    """Positions t whose draft of step `step` can be asked for: the chain began at an answer's token, and the token
    at t + 2 is the answer's too. answer [B, S] -> [B, S - 1], with the wanted tokens' places."""
    s = answer.shape[1] - 1
    wanted = F.pad(answer[:, 2:], (0, 1))  # the token at t + 2
    began = F.pad(answer[:, 1:], (step, 0))[:, :s]  # the token at t + 1 - step, which the target itself gave
    return wanted & began


def train(head, target, rows, minutes, seed):
    rng, began, step = random.Random(seed), time.time(), 0
    optimiser = Optimiser(head, muon_lr=0.012, adam_lr=0.003, dtype=torch.float32)
    for ids, answer in batches(rows, rng):
        spent = (time.time() - began) / (60 * minutes)
        if spent >= 1:
            return
        hidden = target_hidden(target, ids)
        loss, agree = 0.0, []
        for k, made in enumerate(head.chain(target, ids, hidden)):
            at = drafted(answer, k)[:, :-1]
            made, wanted = made[:, :-1][at], ids[:, 2:][at]
            logits = target.logits(made)
            loss = loss + F.cross_entropy(logits, wanted) + F.smooth_l1_loss(made, hidden[:, 1:-1][at])
            agree.append((logits.argmax(-1) == wanted).float().mean().item())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimiser.step(min(1.0, (step + 1) / 25) * min(1.0, (1 - spent) / 0.5))
        head.zero_grad()
        step += 1
        if step % 25 == 0:
            print(
                f"step {step} {(time.time() - began) / 60:.1f} min loss {loss.item():.3f} agreement "
                + " ".join(f"{a:.2f}" for a in agree),
                flush=True,
            )


@torch.no_grad()
def measure(head, target, rows):
    """-> for each step of a chain, the share of drafts that agree where all before them did; mean tokens accepted."""
    asked, agreed, chains, accepted = [0] * CHAIN, [0] * CHAIN, 0, 0
    for row in rows:
        ids, answer = padded([row])
        alive = None
        for k, made in enumerate(head.chain(target, ids, target_hidden(target, ids))):
            at = drafted(answer, k)[0]
            right = at.clone()
            right[:-1] &= target.logits(made[0, :-1]).argmax(-1) == ids[0, 2:]
            # The chain that drafts at t with step k drafted at t - 1 with step k - 1.
            before = at if alive is None else at & F.pad(alive, (1, 0))[:-1]
            alive = right & before
            asked[k] += before.sum().item()
            agreed[k] += alive.sum().item()
            chains += before.sum().item() if k == 0 else 0
            accepted += alive.sum().item()
    return [100 * g / max(1, n) for g, n in zip(agreed, asked)], accepted / max(1, chains)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--engine", default="build/sirocco")
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--answers", type=int, default=6000, help="own answers to learn from")
    parser.add_argument("--count", type=int, default=100, help="held-out prompts a skill to measure on")
    parser.add_argument("--measure", action="store_true", help="only measure what OUT holds")
    parser.add_argument("--seed", type=int, default=4)
    args = parser.parse_args()
    target = load_native(args.model).requires_grad_(False)
    if not args.measure:
        rng = random.Random(args.seed)
        rows = answered(args.engine, args.model, [training_line(rng, n) for n in range(args.answers)])
        head = EagleHead(target.config)
        init_weights(head, args.seed)
        train(head, target, rows, args.minutes, args.seed)
        write(args.out, head.params_json(), head.native_tensors())
    head = load(args.out, target.config)  # what is measured is what is stored
    for skill in HELD_OUT:
        rows = answered(args.engine, args.model, [prompts.line(skill, n) for n in range(args.count)])
        steps, tokens = measure(head, target, rows)
        print(
            f"{skill}: agreement " + ", ".join(f"{s:.1f} %" for s in steps) + f"; {tokens:.2f} of {CHAIN} accepted",
            flush=True,
        )


if __name__ == "__main__":
    main()
