# SPDX-License-Identifier: Apache-2.0
"""What the server leaves of the bare engine's speed: the same decoding by `sirocco bench` and over HTTP.

usage: ratio.py PROGRAM MODEL [--sequences N …] [--tokens N] [--repeat N] [-- flags of serve]

Both decode N sequences together, greedily and without an end; the server streams every token to a client of its
own on this machine, so clients and parsing are part of what it costs. The best run of each counts, in turns, so
that other work on the machine falls on both.
"""

import json
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "clients"))

from serving import Server, parse, parser_of  # noqa: E402


def bare(program, model, sequences, tokens):
    command = [program, "bench", model, "--prompt", "0", "--generate", str(tokens), "--sequences", str(sequences)]
    out = subprocess.run([*command, "--repeat", "1", "--json"], capture_output=True, check=True).stdout
    return json.loads(out)["results"][0]["tokens_per_second"]


def served(server, sequences, tokens):
    rates = [0.0] * sequences

    def stream(i):
        body = {"prompt": [1000 + i] * 4, "n_predict": tokens, "ignore_eos": True, "temperature": 0, "stream": True}
        text = server.call("POST", "/completion", body)[2]
        last = json.loads(text.strip().split("\n\n")[-1].removeprefix("data: "))
        timings = last["timings"]
        rates[i] = 1e3 * (timings["predicted_n"] - 1) / timings["predicted_ms"]

    threads = [threading.Thread(target=stream, args=(i,)) for i in range(sequences)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(rates)


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--sequences", type=int, nargs="*", default=[1, 8])
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--repeat", type=int, default=3)
    options, flags = parse(parser)
    with Server(options.program, options.model, "--context", "4096", *flags) as server:
        for sequences in options.sequences:
            alone, over_http = [], []
            for _ in range(options.repeat):
                alone.append(bare(options.program, options.model, sequences, options.tokens))
                over_http.append(served(server, sequences, options.tokens))
            ratio = 100 * max(over_http) / max(alone)
            print(f"{sequences} sequences: bench {max(alone):.1f} tok/s, served {max(over_http):.1f}: {ratio:.1f} %")


if __name__ == "__main__":
    main()
