# SPDX-License-Identifier: Apache-2.0
"""Many streams at once, some of whose readers leave. usage: load.py PORT STREAMS [LEAVING_SHARE]

Asks a running server ten kinds of question at temperature 0 and checks that every stream that stayed ended
whole, or was refused with 429 or 503, and that equal questions got equal answers. Prints percentiles.
"""

import asyncio
import collections
import json
import random
import sys
import time


def text_of(stream):
    text = ""
    for line in stream.split("\n"):
        if line.startswith("data: {"):
            for choice in json.loads(line[6:])["choices"]:
                text += choice["delta"].get("content") or ""
    return text


class Load:
    def __init__(self, port, leaving):
        self.port, self.leaving = port, leaving
        self.ends = collections.Counter()
        self.texts = collections.defaultdict(set)
        self.seconds = []

    async def one(self, i):
        question = f"What is {i % 10} + 3?"
        body = json.dumps(
            {"messages": [{"role": "user", "content": question}], "stream": True, "temperature": 0, "max_tokens": 24}
        )
        begin = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nConnection: close"
        writer.write(f"{head}\r\n\r\n{body}".encode())
        await writer.drain()
        if random.random() < self.leaving:
            await asyncio.sleep(random.random() * 3)
            self.ends["left"] += 1
        else:
            data = (await reader.read()).decode()
            status = data[9:12]
            whole = status != "200" or "data: [DONE]" in data
            self.ends[status if whole else "cut"] += 1
            if status == "200":
                self.texts[question].add(text_of(data))
                self.seconds.append(time.monotonic() - begin)
        writer.close()

    async def run(self, streams):
        await asyncio.gather(*(self.one(i) for i in range(streams)))


def main():
    port, streams = int(sys.argv[1]), int(sys.argv[2])
    load = Load(port, float(sys.argv[3]) if len(sys.argv) > 3 else 0.3)
    random.seed(1)
    asyncio.run(load.run(streams))
    times = sorted(load.seconds)
    marks = {share: round(times[int(share * (len(times) - 1))], 2) for share in (0.5, 0.9, 0.99)} if times else {}
    print(f"ends: {dict(load.ends)}; seconds to the end: {marks}")
    assert not set(load.ends) - {"200", "429", "503", "left"}, load.ends
    assert all(len(answers) == 1 for answers in load.texts.values()), "equal questions, different answers"


if __name__ == "__main__":
    main()
