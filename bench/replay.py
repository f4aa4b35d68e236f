# SPDX-License-Identifier: Apache-2.0
"""Replays an agent-like trace: agents that share a long system prompt and tools, and go back and forth.

usage: replay.py PROGRAM MODEL [--agents N] [--turns N] [--no-cache] [-- flags of serve]

Each agent sends its whole conversation every turn, as real ones do, with a tool's result added; between turns it
waits a moment. Prints time to first token, time between tokens, throughput and the share of prompt tokens that
came from the prefix cache. --no-cache replays the same trace without the prefix cache, for comparison.
"""

import asyncio
import json
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "clients"))

from serving import Server, parse, parser_of, percentiles  # noqa: E402

WORDS = "read write file line error value test build result path name list count open close begin end".split()


def prose(source, words):
    return " ".join(source.choice(WORDS) for _ in range(words))


def tool(source, i):
    parameters = {"type": "object", "properties": {"path": {"type": "string", "description": prose(source, 8)}}}
    return {
        "type": "function",
        "function": {"name": f"tool_{i}", "description": prose(source, 40), "parameters": parameters},
    }


class Agent:
    def __init__(self, options, shared, seed):
        self.options, self.shared = options, shared
        self.random = random.Random(seed)
        self.messages = [shared["system"], {"role": "user", "content": prose(self.random, 60)}]
        self.first, self.gaps, self.tokens = [], [], 0

    async def turn(self, port):
        body = {
            "messages": self.messages,
            "tools": self.shared["tools"],
            "tool_choice": "none",  # the lengths of a trace do not depend on what a model likes to call
            "max_tokens": self.options.answer,
            "ignore_eos": True,
            "temperature": 0,
            "stream": True,
            "cache_prompt": not self.options.no_cache,
        }
        text = json.dumps(body)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(text)}\r\nConnection: close"
        begin = last = time.monotonic()
        writer.write(f"{head}\r\n\r\n{text}".encode())
        answer, got_first = "", False
        while line := await reader.readline():
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            assert "error" not in event, event
            piece = "".join(choice["delta"].get("content") or "" for choice in event["choices"])
            if not piece:
                continue
            now = time.monotonic()
            (self.gaps if got_first else self.first).append(now - last)
            got_first, last, answer = True, now, answer + piece
        self.tokens += self.options.answer
        writer.close()
        assert got_first, f"no answer after {time.monotonic() - begin:.1f} s"
        call = {"id": f"call{self.random.randrange(10**5):05}", "type": "function"}
        call["function"] = {"name": "tool_1", "arguments": json.dumps({"path": prose(self.random, 2)})}
        self.messages.append({"role": "assistant", "content": answer, "tool_calls": [call]})
        result = prose(self.random, self.random.randrange(50, 300))
        self.messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})

    async def run(self, port):
        for _ in range(self.options.turns):
            await self.turn(port)
            await asyncio.sleep(self.random.random() * 0.2)


async def replay(agents, port):
    await asyncio.gather(*(agent.run(port) for agent in agents))


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--agents", type=int, default=6)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--answer", type=int, default=32, help="tokens of an answer")
    parser.add_argument("--no-cache", action="store_true")
    options, flags = parse(parser)
    source = random.Random(5)
    shared = {
        "system": {"role": "system", "content": prose(source, 600)},
        "tools": [tool(source, i) for i in range(12)],
    }
    with Server(options.program, options.model, *flags) as server:
        agents = [Agent(options, shared, seed) for seed in range(options.agents)]
        begin = time.monotonic()
        asyncio.run(replay(agents, server.port))
        seconds = time.monotonic() - begin
        hits = server.metric("vllm:prefix_cache_hits_total")
        queries = server.metric("vllm:prefix_cache_queries_total")
        steps = server.metric("llamacpp:n_busy_slots_per_decode")
        assert server.pages()["held"] == 0
    tokens = sum(agent.tokens for agent in agents)
    print(f"{options.agents} agents, {options.turns} turns each, {queries:.0f} prompt tokens, {tokens} of answers")
    print(f"first token, ms: {percentiles([t for agent in agents for t in agent.first], 1e3)}")
    print(f"between tokens, ms: {percentiles([t for agent in agents for t in agent.gaps], 1e3, 2)}")
    print(f"{seconds:.1f} s: {queries / seconds:.0f} prompt and {tokens / seconds:.1f} answer tokens/s")
    print(f"prefix cache: {100 * hits / queries:.1f} % of the prompt tokens; {steps:.1f} sequences a step")


if __name__ == "__main__":
    main()
