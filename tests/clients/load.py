# SPDX-License-Identifier: Apache-2.0
"""Many streams at once, for a while: some clients leave, some read slowly.

usage: load.py PROGRAM MODEL [--streams N] [--seconds S] [--leaving SHARE] [--slow SHARE] [--max-queue N] [--nice N]

Starts a server of its own (--deterministic, so that an answer does not depend on its company), asks each
question alone, then keeps N streams open for S seconds. With a queue cap above the load every stream that
stays must end with 200 and the text that was given alone; with a smaller one it may also be refused, with 429
and Retry-After or with 503. Afterwards no cache page is held and the memory has not grown.
"""

import asyncio
import collections
import json
import random
import socket
import time

from serving import Server, parser_of, percentiles

QUESTIONS = [f"What is {i} + {i * 7 % 11}?" for i in range(12)]


def body_of(question):
    messages = [{"role": "user", "content": question}]
    return {"messages": messages, "temperature": 0, "max_tokens": 24, "ignore_eos": True, "seed": 1}


def text_of(stream):
    text = ""
    for line in stream.split("\n"):
        if line.startswith("data: {"):
            for choice in json.loads(line[6:]).get("choices", []):
                text += choice["delta"].get("content") or ""
    return text


class Load:
    def __init__(self, server, options):
        self.server, self.options = server, options
        self.random = random.Random(1)
        self.ends = collections.Counter()
        self.wrong = []
        self.first, self.gaps, self.whole, self.refused = [], [], [], []
        self.memory = []
        self.alone = {}

    def ask_alone(self):
        for question in QUESTIONS:
            status, answer = self.server.post("/v1/chat/completions", body_of(question))
            assert status == 200, answer
            self.alone[question] = answer["choices"][0]["message"]["content"]

    async def connect(self, slow):
        sock = socket.socket()
        sock.setblocking(False)
        if slow:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.server.port))
        return await asyncio.open_connection(sock=sock, limit=4096 if slow else 1 << 20)

    async def one(self):
        question = self.random.choice(QUESTIONS)
        leaves = self.random.random() < self.options.leaving
        slow = self.random.random() < self.options.slow
        patience = self.random.choice([0.0, 0.02, 0.3, 2.0]) * self.random.random()
        begin = time.monotonic()
        reader, writer = await self.connect(slow)
        body = json.dumps(body_of(question) | {"stream": True})
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nConnection: close"
        writer.write(f"{head}\r\n\r\n{body}".encode())
        try:
            if leaves:
                try:
                    await asyncio.wait_for(reader.read(), patience)
                except asyncio.TimeoutError:
                    pass
                self.ends["left"] += 1
            else:
                self.judge(question, begin, await self.read(reader, slow))
        finally:
            writer.close()

    async def read(self, reader, slow):
        data, last = b"", None
        while piece := await reader.read(256 if slow else 65536):
            data += piece
            now = time.monotonic()
            if b"data: " in piece and not slow:
                if last:
                    self.gaps.append(now - last)
                last = now
            if slow:
                await asyncio.sleep(0.02)
        return data.decode()

    def judge(self, question, begin, data):
        status, seconds = data[9:12], time.monotonic() - begin
        self.ends[status] += 1
        head = data.split("\r\n\r\n")[0].lower()
        if status == "200":
            self.whole.append(seconds)
            if "data: [DONE]" not in data or text_of(data) != self.alone[question]:
                self.wrong.append(data)
        elif status in ("429", "503") and "retry-after" in head:
            self.refused.append(seconds)
        else:
            self.wrong.append(data)

    async def keep_busy(self, until):
        while time.monotonic() < until:
            await self.one()

    async def watch_memory(self, until):
        while time.monotonic() < until:
            self.memory.append(self.server.resident_mib())
            await asyncio.sleep(1)

    async def run(self):
        until = time.monotonic() + self.options.seconds
        streams = [self.keep_busy(until) for _ in range(self.options.streams)]
        await asyncio.gather(self.watch_memory(until), *streams)


def refusals_of(server):
    """Milliseconds that the server took over each refusal, by its own log."""
    return [line["ms"] for line in server.log() if line["event"] == "request" and line["status"] in (429, 503)]


def check(load, pages, total_pages, options):
    ends, stayed = load.ends, sum(load.ends.values()) - load.ends["left"]
    print(f"ends: {dict(ends)}; wrong: {len(load.wrong)}; pages: {pages}")
    print(f"ms to the end: {percentiles(load.whole, 1e3)}; between pieces: {percentiles(load.gaps, 1e3)}")
    fifth = max(1, len(load.memory) // 5)
    early, late = max(load.memory[fifth : 2 * fifth] or load.memory), max(load.memory[-fifth:])
    print(f"resident MiB: {early:.0f} after a fifth of the time, {late:.0f} in the last; most {max(load.memory):.0f}")
    assert not load.wrong, load.wrong[0][-2000:]
    assert pages["held"] == 0 and sum(pages.values()) == total_pages, pages
    assert late < early * 1.1 + 32, "memory grows"
    if options.max_queue > options.streams:
        assert ends["200"] >= 0.95 * stayed, "streams were refused though there was room"
    else:
        refusals = refusals_of(load.server)
        print(f"refusals by the server's clock, ms: {percentiles(refusals)}")
        assert ends["200"] > 0 and ends["429"] > 0, ends


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--leaving", type=float, default=0.3)
    parser.add_argument("--slow", type=float, default=0.0)
    parser.add_argument("--max-queue", type=int, default=4096)
    parser.add_argument("--parallel", default="32")
    parser.add_argument("--nice", type=int, default=0)
    options = parser.parse_args()
    flags = ["--max-queue", str(options.max_queue), "--parallel", options.parallel, "--deterministic"]
    flags += ["--context", "2048", "--threads-http", "2"]
    with Server(options.program, options.model, *flags, nice=options.nice) as server:
        load = Load(server, options)
        load.ask_alone()
        total_pages = sum(server.pages().values())
        asyncio.run(load.run())
        check(load, server.pages(), total_pages, options)
    print("the load was carried")


if __name__ == "__main__":
    main()
