# SPDX-License-Identifier: Apache-2.0
"""One headless turn of agent programs from npm, unchanged, against a server of one's own.

usage: agents.py PROGRAM MODEL FOLDER [NAME…]
FOLDER: where `npm install` put them (node_modules/.bin)

The miniature's answers make little sense to an agent, so what is checked is the conversation: every request
that an agent sends is answered, with a status that its interface knows, and the turn ends.
"""

import json
import os
import subprocess
import sys
import tempfile

from serving import Server

ASK = "Say hello."
PATIENCE_S = 900


def environment(home, **more):
    keep = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return keep | {"HOME": home, "TMPDIR": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home, "CI": "1"} | more


def claude_code(folder, home, port):
    """Anthropic's messages with tools, streaming, a system prompt of many blocks."""
    command = [f"{folder}/node_modules/.bin/claude", "-p", ASK, "--output-format", "json", "--max-turns", "2"]
    variables = {
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}",
        "ANTHROPIC_AUTH_TOKEN": "any",
        "ANTHROPIC_MODEL": "mini",
        "ANTHROPIC_SMALL_FAST_MODEL": "mini",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_OUTPUT_TOKENS": "64",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    return command, environment(home, **variables), "/v1/messages"


def opencode(folder, home, port):
    """OpenAI's chat completions with tools, streaming."""
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Sirocco",
        "options": {"baseURL": f"http://127.0.0.1:{port}/v1", "apiKey": "any"},
        "models": {"mini": {"name": "mini", "limit": {"context": 32768, "output": 64}}},
    }
    config = {"provider": {"sirocco": provider}, "model": "sirocco/mini", "autoupdate": False, "share": "disabled"}
    with open(os.path.join(home, "opencode.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)
    command = [f"{folder}/node_modules/.bin/opencode", "run", ASK]
    return command, environment(home, OPENCODE_CONFIG=os.path.join(home, "opencode.json")), "/v1/chat/completions"


def run(command, variables, home):
    try:
        done = subprocess.run(
            command,
            env=variables,
            cwd=home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return None, str(late.stdout) + str(late.stderr)


def turn(agent, server, folder):
    before = len(server.log())
    with tempfile.TemporaryDirectory() as home:
        command, variables, path = agent(folder, home, server.port)
        code, said = run(command, variables, home)
    requests = [line for line in server.log()[before:] if line["event"] == "request"]
    for line in requests:
        print(f"  {line['status']} {line['method']} {line['path']} {line.get('end', '')} {line.get('ignored', '')}")
    assert code is not None, f"{agent.__name__} did not end its turn: {said[-3000:]}"
    turns = [line for line in requests if line["path"].startswith(path) and line["status"] == 200]
    assert turns, f"{agent.__name__} got no answer: {said[-3000:]}"
    bad = [line for line in requests if line["status"] not in (200, 404, 499)]
    assert not bad, (bad, said[-3000:])
    print(f"{agent.__name__}: {len(requests)} requests, exit {code}: {said.strip()[-200:]!r}")


def main():
    program, model, folder, *names = sys.argv[1:]
    agents = [agent for agent in (claude_code, opencode) if not names or agent.__name__ in names]
    with Server(program, model, "--context", "65536") as server:
        for agent in agents:
            turn(agent, server, os.path.abspath(folder))
    print("all agents had their turn")


if __name__ == "__main__":
    main()
