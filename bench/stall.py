# SPDX-License-Identifier: Apache-2.0
"""How long a long prompt keeps other streams waiting.

usage: stall.py PROGRAM MODEL [--prompt TOKENS] [--streams N] [-- flags of serve]

Some streams decode; in their midst a request with a long prompt arrives. Prints the longest gap between two
tokens of each stream before it and beside it, and how long the prompt took.
"""

import asyncio
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "clients"))

from serving import Server, parse, parser_of, percentiles  # noqa: E402


async def stream(port, body, on_piece):
    text = json.dumps(body | {"stream": True})
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    writer.write(f"POST /completion HTTP/1.1\r\nHost: x\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
    while line := await reader.readline():
        if line.startswith(b"data: {"):
            on_piece()
            event = json.loads(line[6:])
            assert "error" not in event, event
            if event["stop"]:
                break
    writer.close()


class Talker:
    """Decodes for as long as it is wanted; remembers when its pieces came."""

    def __init__(self):
        self.times = []

    async def run(self, port, number):
        body = {"prompt": [1000 + number] * 8, "n_predict": 1 << 16, "ignore_eos": True, "temperature": 0}
        await stream(port, body, lambda: self.times.append(time.monotonic()))

    def gaps(self, begin, end):
        times = [t for t in self.times if begin <= t <= end]
        return [b - a for a, b in zip(times, times[1:])]


async def measure(port, options):
    talkers = [Talker() for _ in range(options.streams)]
    tasks = [asyncio.create_task(talker.run(port, i)) for i, talker in enumerate(talkers)]
    await asyncio.sleep(1)
    start = time.monotonic()
    await asyncio.sleep(3)
    arrival = time.monotonic()
    prompt = [1000 + i * 7 % 997 for i in range(options.prompt)]
    first = []
    body = {"prompt": prompt, "n_predict": 1, "temperature": 0}
    await stream(port, body, lambda: first.append(time.monotonic()))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    before = [gap for talker in talkers for gap in talker.gaps(start, arrival)]
    beside = [gap for talker in talkers for gap in talker.gaps(arrival, first[0])]
    return before, beside, first[0] - arrival


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--prompt", type=int, default=60_000)
    parser.add_argument("--streams", type=int, default=4)
    options, flags = parse(parser)
    with Server(options.program, options.model, *flags) as server:
        before, beside, seconds = asyncio.run(measure(server.port, options))
    print(f"{options.streams} streams; ms between tokens alone: {percentiles(before, 1e3)}")
    print(f"beside a prompt of {options.prompt} tokens: {percentiles(beside, 1e3)}")
    print(f"the prompt took {seconds:.1f} s")


if __name__ == "__main__":
    main()
