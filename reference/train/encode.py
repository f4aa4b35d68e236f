# SPDX-License-Identifier: Apache-2.0
"""The v15 prompt layout as ids with a loss weight each; check_encode.py shows it equal to mistral-common.

A conversation is OpenAI-shaped; an assistant message may carry "think". Every assistant message counts in
the loss, from the first id after [/INST] or [/TOOL_RESULTS] up to and with </s>, unless it carries "mute".
"""

import base64
import functools
import json

import tiktoken

import pixels


class Encoder:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            data = json.load(f)
        self.offset = data["config"]["default_num_special_tokens"]
        ranks = {base64.b64decode(e["token_bytes"]): e["rank"] for e in data["vocab"]}
        self.bpe = tiktoken.Encoding(
            "mini", pat_str=data["config"]["pattern"], mergeable_ranks=ranks, special_tokens={}
        )
        self.special = {t["token_str"]: t["rank"] for t in data["special_tokens"]}
        self.names = {v: k for k, v in self.special.items()}
        self.text_cached = functools.lru_cache(maxsize=4096)(self._text)

    def _text(self, text):
        return tuple(i + self.offset for i in self.bpe.encode_ordinary(text))

    def text(self, text):
        return list(self.text_cached(text)) if len(text) < 40 else list(self._text(text))

    def decode(self, ids, show_special=False):
        out, run = [], []
        for i in list(ids) + [None]:
            if i is not None and i >= self.offset:
                run.append(i - self.offset)
                continue
            out.append(self.bpe.decode(run))
            run = []
            if i is not None and show_special:
                out.append(self.names[i])
        return "".join(out)

    def settings(self, effort):
        return [
            self.special["[MODEL_SETTINGS]"],
            *self.text(json.dumps({"reasoning_effort": effort})),
            self.special["[/MODEL_SETTINGS]"],
        ]

    def picture(self, picture):
        s, (columns, rows) = self.special, pixels.grid(picture)
        line = [s["[IMG]"]] * columns + [s["[IMG_BREAK]"]]
        return line * (rows - 1) + line[:-1] + [s["[IMG_END]"]]

    def content(self, content):
        """Text, or a list of text and picture chunks."""
        if isinstance(content, str):
            return self.text(content)
        return [
            i
            for c in content
            for i in (self.text(c["text"]) if c["type"] == "text" else self.picture(pixels.of_chunk(c)))
        ]

    def assistant(self, m):
        s, out = self.special, []
        if m.get("think") is not None:
            out += [s["[THINK]"], *self.text(m["think"]), s["[/THINK]"]]
        if m.get("content"):
            out += self.text(m["content"].rstrip(" "))
        for c in m.get("tool_calls") or []:
            f = c["function"]
            out += [
                s["[TOOL_CALLS]"],
                *self.text(f["name"]),
                s["[ARGS]"],
                *self.text(json.dumps(json.loads(f["arguments"]), ensure_ascii=False)),
            ]
        return out + [s["</s>"]]

    @staticmethod
    def pictures(request):
        """The pictures of a request in reading order."""
        return [
            pixels.of_chunk(c)
            for m in request["messages"]
            if isinstance(m.get("content"), list)
            for c in m["content"]
            if c["type"] != "text"
        ]

    def conversation(self, request):
        """-> ids, weights (1 on the assistant's ids, else 0)."""
        s, ids, weights = self.special, [self.special["<s>"]], [0]

        def put(tokens, weight):
            ids.extend(tokens)
            weights.extend([weight] * len(tokens))

        opened = False
        for m in request["messages"]:
            if m["role"] == "system":
                put([s["[SYSTEM_PROMPT]"], *self.text(m["content"]), s["[/SYSTEM_PROMPT]"]], 0)
            elif m["role"] == "user":
                if not opened:
                    opened = True
                    if request.get("tools"):
                        put(
                            [
                                s["[AVAILABLE_TOOLS]"],
                                *self.text(json.dumps(request["tools"], ensure_ascii=False)),
                                s["[/AVAILABLE_TOOLS]"],
                            ],
                            0,
                        )
                    put(self.settings(request.get("reasoning_effort") or "none"), 0)
                put([s["[INST]"], *self.content(m["content"]), s["[/INST]"]], 0)
            elif m["role"] == "tool":
                put([s["[TOOL_RESULTS]"], *self.text(m["content"]), s["[/TOOL_RESULTS]"]], 0)
            else:
                put(self.assistant(m), 0 if m.get("mute") else 1)
        return ids, weights

    def pieces(self, pieces):
        """Plain text with marked loss: [(text, counts)] -> ids, weights, with <s> and </s>. An id counts if it starts in
        a piece that does."""
        marks = [int(counts) for text, counts in pieces for _ in text.encode()]  # one a byte
        ids, weights, at = self.text("".join(text for text, _ in pieces)), [], 0
        for i in ids:
            weights.append(marks[at])
            at += len(self.bpe.decode_single_token_bytes(i - self.offset))
        return [self.special["<s>"], *ids, self.special["</s>"]], [0, *weights, 1]
