# SPDX-License-Identifier: Apache-2.0
"""What the server leaves of the bare engine's speed.

usage: ratio.py PROGRAM MODEL [--sequences N …] [--tokens N] [--repeat N] [-- flags of serve]

N sequences are decoded together, greedily and without an end, in three ways:
  bench     by `sirocco bench`: the engine's steps alone, for tokens of its own
  whole     by the server, for one request of N prompts that is answered when all are done: the engine, sampling and
            text included, and no traffic
  streamed  by the server, the same prompts for N clients on this machine, an event for every token
The last two choose the same tokens, hence the same experts; bench's are others. The best run of each counts, in turns,
so that other work on the machine falls on all.
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


def request(prompts, tokens):
    return {"prompt": prompts, "n_predict": tokens, "ignore_eos": True, "temperature": 0, "cache_prompt": False}


def rate(answer):
    """Tokens a second, the first token apart."""
    timings = answer["timings"]
    return 1e3 * (timings["predicted_n"] - 1) / timings["predicted_ms"]


def whole(server, prompts, tokens):
    answers = json.loads(server.call("POST", "/completion", request(prompts, tokens))[2])
    return sum(rate(answer) for answer in (answers if isinstance(answers, list) else [answers]))


def streamed(server, prompts, tokens):
    rates = [0.0] * len(prompts)

    def stream(i):
        text = server.call("POST", "/completion", request(prompts[i], tokens) | {"stream": True})[2]
        rates[i] = rate(json.loads(text.strip().split("\n\n")[-1].removeprefix("data: ")))

    threads = [threading.Thread(target=stream, args=(i,)) for i in range(len(prompts))]
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
            prompts, alone, at_once, over_http = [[1000 + i] * 4 for i in range(sequences)], [], [], []
            for _ in range(options.repeat):
                alone.append(bare(options.program, options.model, sequences, options.tokens))
                at_once.append(whole(server, prompts, options.tokens))
                over_http.append(streamed(server, prompts, options.tokens))
            best = [max(rates) for rates in (alone, at_once, over_http)]
            print(
                f"{sequences} sequences: bench {best[0]:.1f} tok/s, whole {best[1]:.1f}, streamed {best[2]:.1f}: "
                f"{100 * best[2] / best[1]:.1f} % of whole, {100 * best[2] / best[0]:.1f} % of bench",
                flush=True,
            )


if __name__ == "__main__":
    main()
