# SPDX-License-Identifier: Apache-2.0
"""A `sirocco serve` of one's own on a free port, for the tools beside this file. Needs Python alone."""

import argparse
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time


class Server:
    """with Server(program, model, "--parallel", "8") as server: server.post("/v1/…", {…})"""

    def __init__(self, program, model, *flags, nice=0):
        self.log_file = tempfile.NamedTemporaryFile("r", prefix="sirocco-serve-", suffix=".log")
        command = [program, "serve", model, "--port", "0", "--log-format", "json", *flags]
        with open(self.log_file.name, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                command, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=lambda: os.nice(nice)
            )
        self.port, self.headers = None, {"Content-Type": "application/json"}
        if "--api-key" in flags:
            self.headers["Authorization"] = "Bearer " + flags[flags.index("--api-key") + 1]
        deadline = time.monotonic() + 120
        while not any(line.get("event") == "ready" for line in self.log()):
            assert self.process.poll() is None, "the server ended: " + self.log_file.read()
            assert time.monotonic() < deadline, "the server did not become ready"
            time.sleep(0.02)
        listening = next(line for line in self.log() if line["event"] == "listening")
        self.port = int(listening["url"].rsplit(":", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind and self.process.poll() is not None:  # it ended by itself: its last words say why
            with open(self.log_file.name, encoding="utf-8") as log:
                print("the server's last lines:", *log.read().split("\n")[-6:], sep="\n")
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            code = self.process.wait(timeout=90)
            assert code == 0 or kind, f"the server ended with {code}"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def log(self):
        with open(self.log_file.name, encoding="utf-8") as log:
            return [json.loads(line) for line in log.read().split("\n")[:-1] if line.startswith("{")]

    def call(self, method, path, body=None, headers=None, timeout=300):
        """(status, headers in lower case, body text); the connection is used once."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            text = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
            connection.request(method, path, text, self.headers | (headers or {}))
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def post(self, path, body):
        status, _, text = self.call("POST", path, body)
        return status, json.loads(text)

    def metric(self, name):
        text = self.call("GET", "/metrics")[2]
        return float(re.search(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.M).group(1))

    def pages_now(self):
        """Cache pages by state."""
        states = re.findall(r'^sirocco_cache_pages{state="(\w+)"} (\S+)$', self.call("GET", "/metrics")[2], re.M)
        return {state: int(float(count)) for state, count in states}

    def pages(self):
        """The same, once nothing runs any more."""
        for _ in range(600):
            pages = self.pages_now()
            if pages["held"] == 0:
                break
            time.sleep(0.05)
        return pages

    def resident_mib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def parser_of(description):
    """Of a tool that starts a server: its first two arguments."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("model")
    return parser


def parse(parser):
    """The parsed arguments, and what stands behind "--"."""
    given = sys.argv[1:]
    cut = given.index("--") if "--" in given else len(given)
    return parser.parse_args(given[:cut]), given[cut + 1 :]


def percentiles(values, scale=1.0, digits=1):
    ordered = sorted(values)
    if not ordered:
        return "none"
    at = lambda share: round(scale * ordered[int(share * (len(ordered) - 1))], digits)
    return f"p50 {at(0.5)}, p90 {at(0.9)}, p99 {at(0.99)}, most {at(1)}"
