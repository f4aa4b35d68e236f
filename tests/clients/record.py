# SPDX-License-Identifier: Apache-2.0
"""Records what real clients send. usage: record.py OUT.jsonl

Listens where the clients of check.py expect a server, writes down each request, and answers just enough for
them to go on. The answers in tests/golden/serve/exchanges.jsonl come from the test that replays the requests.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anthropic
import openai

import check

SEEN = []


class Recorder(BaseHTTPRequestHandler):
    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        client = self.headers.get("User-Agent", "").split("/")[0].split(" ")[0]
        SEEN.append({"client": client, "method": self.command, "path": self.path, "body": body})
        text = b'{"error": {"message": "recorded", "type": "invalid_request_error"}}'
        self.send_response(400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *arguments):
        pass


def attempts():
    talk = openai.OpenAI(base_url=check.BASE + "/v1", api_key="any", max_retries=0)
    claude = anthropic.Anthropic(base_url=check.BASE, api_key="any", max_retries=0)
    ask, tools = [{"role": "user", "content": "hello"}], check.TOOLS
    turn = [{"role": "user", "content": 'call weather {"city": "Nice", "days": 2}'}]
    form = {"type": "json_schema", "json_schema": {"name": "w", "schema": check.WEATHER, "strict": True}}
    block = [{"name": "weather", "description": "Forecast", "input_schema": check.WEATHER}]
    yield lambda: talk.models.list()
    yield lambda: talk.chat.completions.create(model="m", messages=ask)
    yield lambda: talk.chat.completions.create(
        model="m", messages=ask, stream=True, stream_options={"include_usage": True}
    )
    yield lambda: talk.chat.completions.create(model="m", messages=ask, reasoning_effort="low", n=2)
    yield lambda: talk.chat.completions.create(model="m", messages=turn, tools=tools)
    yield lambda: talk.chat.completions.create(model="m", messages=turn, tools=tools, stream=True)
    yield lambda: talk.chat.completions.create(model="m", messages=ask, response_format=form)
    yield lambda: talk.chat.completions.create(model="m", messages=ask, logprobs=True, max_tokens=2)
    yield lambda: talk.completions.create(model="m", prompt="abc", max_tokens=4)
    yield lambda: talk.completions.create(model="m", prompt=["a", "b"], max_tokens=4, stream=True)
    yield lambda: talk.responses.create(model="m", input="hello", instructions="Be brief.")
    yield lambda: talk.responses.create(model="m", input="hello", stream=True, reasoning={"effort": "high"})
    yield lambda: talk.responses.retrieve("resp_0000000000000000")
    yield lambda: talk.embeddings.create(model="m", input="x")
    yield lambda: claude.messages.create(model="m", max_tokens=50, system="Be brief.", messages=ask)
    yield lambda: claude.messages.create(model="m", max_tokens=50, messages=ask, stream=True)
    yield lambda: claude.messages.create(model="m", max_tokens=99, messages=turn, tools=block, stream=True)
    yield lambda: claude.messages.create(
        model="m", max_tokens=2000, messages=ask, thinking={"type": "enabled", "budget_tokens": 1024}
    )
    yield lambda: claude.messages.count_tokens(model="m", messages=ask, tools=block)
    yield lambda: claude.messages.create(model="m", max_tokens=5, messages=[{"role": "nobody", "content": "x"}])
    try:
        from mistralai import Mistral
    except ImportError:
        from mistralai.client import Mistral
    mistral = Mistral(api_key="any", server_url=check.BASE)
    yield lambda: mistral.chat.complete(model="m", messages=ask)
    yield lambda: mistral.chat.stream(model="m", messages=ask)
    yield lambda: mistral.chat.complete(model="m", messages=turn, tools=tools, tool_choice="auto")


def main():
    server = ThreadingHTTPServer(("127.0.0.1", check.PORT), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for attempt in attempts():
        before = len(SEEN)
        try:
            attempt()
        except Exception:  # the recorder's 400, in each client's own kind
            pass
        assert len(SEEN) == before + 1, "a request was lost or sent twice"
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        for exchange in SEEN:
            out.write(json.dumps(exchange | {"status": 0, "answer": ""}, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
