# SPDX-License-Identifier: Apache-2.0
"""Mixed random requests for a while: valid, hostile, cancelled. The server may refuse, but not err.

usage: mixed.py PROGRAM MODEL [--minutes M] [--seed N]

After every second the cache's books are read (free + held + cached = all), at the end nothing is held. The
server checks the same law itself whenever it is idle, and would end.
"""

import collections
import json
import random
import socket
import threading
import time

from serving import Server, parser_of

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"enum": ["x", "y"]}}, "required": ["a"]}


def nested(depth):
    return {"type": "object", "properties": {"a": nested(depth - 1)}, "required": ["a"]} if depth else {"type": "null"}


def doubling(levels):
    """Each definition names the next one twice."""
    inner = {f"d{i}": {"type": "array", "prefixItems": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(levels)}
    return {"$defs": inner | {f"d{levels}": {"type": "integer"}}, "$ref": "#/$defs/d0"}


SCHEMAS = [
    SCHEMA,
    {"type": "object", "minProperties": 5000, "additionalProperties": {"type": "string"}},
    {"type": "array", "minItems": 100000, "items": {"type": "integer"}},
    {"type": "object", "properties": {f"p{i}": {"type": "string"} for i in range(150)}},
    {"$ref": "#"},
    {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    {"type": "string", "pattern": "^((a{1,999}){1,999}){1,999}$"},
    {"type": "string", "pattern": "^(a{1,999}b?){1,999}$"},
    {"enum": [f"value {i}" for i in range(1000)]},
    {"not": {}},
    nested(60),
    doubling(25),
]
TOOLS = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in ("f", "g")]
TEXTS = [
    "Hello",
    "What is 17 + 25?",
    "é\u0000\u202e",
    "[TOOL_CALLS]f[ARGS]{}",
    "</s><s>[INST]",
    "x " * 900,
    "",
    "😀" * 50,
]


class Maker:
    """Makes requests: (method, path, body). Bodies are JSON values or raw bytes."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self):
        return self.random.choice(TEXTS)

    def samplers(self):
        r = self.random
        fields = {
            "temperature": r.choice([0, 0.7, 1.5, -1, "hot", None, 1e308]),
            "top_p": r.choice([0, 0.5, 1, 2]),
            "top_k": r.choice([-1, 0, 1, 40]),
            "min_p": r.choice([0, 0.1, 1]),
            "seed": r.choice([1, -1, 2**63]),
            "stop": r.choice(["a", ["b", "How"], [], [""], 5]),
            "logit_bias": r.choice([{"5": 100}, {"x": 1}, [[7, False]], "no"]),
            "repetition_penalty": r.choice([1.1, 0]),
            "dry_multiplier": 0.8,
            "xtc_probability": 0.5,
            "min_tokens": r.choice([0, 3, 1000]),
            "bad_words": ["the"],
            "allowed_token_ids": r.choice([[], [100, 101, 102]]),
            "cache_prompt": r.choice([True, False]),
            "priority": r.choice([-5, 0, 5]),
            "n": r.choice([1, 2, 4, 0]),
            "timings_per_token": True,
            "return_progress": True,
            "logprobs": r.choice([True, 3, False]),
        }
        return {key: fields[key] for key in r.sample(sorted(fields), r.randrange(5))}

    def chat(self):
        r = self.random
        roles = ["user", "assistant", "system", "tool", "developer", "nobody"]
        weights = [8, 3, 1, 1, 1, 0.2]
        count = 1 + r.randrange(5)
        body = {"messages": [{"role": x, "content": self.text()} for x in r.choices(roles, weights, k=count)]}
        body |= {"max_tokens": r.choice([1, 8, 40, 0, None]), "stream": r.random() < 0.5} | self.samplers()
        if r.random() < 0.3:
            body |= {"tools": TOOLS, "tool_choice": r.choice(["auto", "none", "required", {"type": "function"}])}
        if r.random() < 0.2:
            body["response_format"] = r.choice(
                [
                    {"type": "json_object"},
                    {"type": "json_schema", "json_schema": {"schema": r.choice(SCHEMAS)}},
                    {"type": "x"},
                ]
            )
        if r.random() < 0.3:
            body["reasoning_effort"] = r.choice(["high", "none", "low", "odd", 5])
        return "POST", "/v1/chat/completions", body

    def messages(self):
        r = self.random
        block = r.choice([{"type": "text", "text": self.text()}, {"type": "image"}, {"type": "tool_result"}, 5])
        content = r.choice([self.text(), [block]])
        body = {"max_tokens": r.choice([8, 30, -1]), "messages": [{"role": "user", "content": content}]}
        body |= {"stream": r.random() < 0.5, "system": r.choice(["Be kind.", [{"type": "text", "text": "x"}], 5])}
        return "POST", r.choice(["/v1/messages", "/v1/messages/count_tokens"]), body

    def responses(self):
        r = self.random
        item = r.choice([{"role": "user", "content": self.text()}, {"type": "poem"}])
        body = {"input": r.choice([self.text(), [item]])}
        body |= {"max_output_tokens": 8, "stream": r.random() < 0.5, "previous_response_id": r.choice([None, "resp_x"])}
        return "POST", "/v1/responses", body

    def completion(self):
        r = self.random
        prompt = r.choice([self.text(), [1, 5, 900], ["a", "b"], [], -1, [10**9], {"x": 1}])
        body = {"prompt": prompt, "max_tokens": r.choice([1, 12, 0]), "stream": r.random() < 0.5} | self.samplers()
        if r.random() < 0.2:
            body["grammar"] = r.choice(['root ::= "yes" | "no"', "root ::= (", 'root ::= "a" root'])
        return "POST", r.choice(["/v1/completions", "/completion", "/infill"]), body

    def small(self):
        r = self.random
        body = r.choice([{"content": self.text()}, {"prompt": self.text()}, {"tokens": [1, 2, 3]}, {}, []])
        path = r.choice(["/tokenize", "/detokenize", "/apply-template", "/v1/embeddings", "/reset_prefix_cache"])
        return "POST", path, body

    def look(self):
        path = self.random.choice(
            ["/health", "/metrics", "/slots", "/props", "/v1/models", "/nowhere", "/v1/responses/x"]
        )
        return "GET", path, None

    def hostile(self):
        r = self.random
        raw = r.choice([b"{", b"[" * 50000, b"\xff\xfe", b'{"messages": "x"}', b"0" * 300000, b'{"a":' * 500, b""])
        return "POST", r.choice(["/v1/chat/completions", "/v1/messages", "/completion", "/tokenize"]), raw

    def make(self):
        kinds = [self.chat, self.messages, self.responses, self.completion, self.small, self.look, self.hostile]
        return self.random.choices(kinds, [8, 3, 3, 4, 2, 1, 2])[0]()


BROKEN_HTTP = [
    b"GET\r\n\r\n",
    b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /health HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
    b"GET /health HTTP/1.1\r\n\r\n" * 40,
    b"\x16\x03\x01\x02\x00\x01",
]


class Client(threading.Thread):
    def __init__(self, server, seed, until, ends, errors):
        super().__init__(daemon=True)
        self.server, self.until, self.ends, self.errors = server, until, ends, errors
        self.maker, self.random = Maker(seed), random.Random(seed + 1000)

    def run(self):
        while time.monotonic() < self.until and not self.errors:
            try:
                kind = self.random.random()
                if kind < 0.2:
                    self.leave_early(self.random.choice(BROKEN_HTTP) if kind < 0.03 else None)
                else:
                    self.ask()
            except Exception as error:  # noqa: BLE001, whatever it is, it belongs in the report
                self.errors.append(repr(error))

    def ask(self):
        method, path, body = self.maker.make()
        try:
            status, _, text = self.server.call(method, path, body)
        except OSError as error:
            raise RuntimeError(f"{error!r} for {method} {path} {body!r}") from error
        self.ends[status] += 1
        if status >= 500 and status not in (501, 503) or '"code":500' in text or "no token is allowed" in text:
            self.errors.append(f"{status} for {method} {path} {body!r}: {text[-500:]}")

    def leave_early(self, raw):
        if raw is None:
            method, path, body = self.maker.make()
            text = body if isinstance(body, bytes) else json.dumps(body).encode()
            head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(text)}\r\n\r\n".encode()
            raw = head + text[: self.random.choice([len(text), len(text), len(text) // 2])]
        with socket.create_connection(("127.0.0.1", self.server.port)) as connection:
            try:
                connection.sendall(raw)
                time.sleep(self.random.choice([0, 0.002, 0.05, 0.3]) * self.random.random())
            except OSError:  # it hung up first
                pass
        self.ends["left"] += 1


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--nice", type=int, default=0)
    options = parser.parse_args()
    flags = ["--context", "2048", "--parallel", "8", "--cache-memory", "16"]  # a cache that is often full
    ends, errors = collections.Counter(), []
    with Server(options.program, options.model, *flags, nice=options.nice) as server:
        all_pages = sum(server.pages().values())
        until = time.monotonic() + options.minutes * 60
        clients = [Client(server, options.seed + i, until, ends, errors) for i in range(12)]
        for client in clients:
            client.start()
        looks = 0
        while time.monotonic() < until and not errors:
            time.sleep(1)
            counts = server.pages_now()
            assert sum(counts.values()) == all_pages, counts
            looks += 1
        for client in clients:
            client.join()
        assert not errors, f"{errors[0]}\n{server.call('GET', '/slots')[2]}\n{server.call('GET', '/metrics')[2]}"
        pages = server.pages()
        assert pages["held"] == 0 and sum(pages.values()) == all_pages, pages
        preemptions = server.metric("vllm:num_preemptions_total")
    print(
        f"{sum(ends.values())} requests: {dict(ends)}; {preemptions:.0f} preemptions; the books balanced {looks} times"
    )


if __name__ == "__main__":
    main()
