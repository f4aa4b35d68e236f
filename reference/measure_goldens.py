# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/measure/divergence.json: what numpy says of two small runs.

Logits are drawn here and stored with the answers: losses, perplexity and its error, KL (mean, error, numpy's
linear percentiles), the share of equal top tokens, the log of the perplexities' ratio, all in float64.
"""

import json
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROWS, VOCABULARY = 40, 11
PERCENTILES = [0, 50, 90, 95, 99, 99.9, 100]


def log_softmax(x):
    x = x - x.max(axis=1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


def mean_and_error(values):
    return {"mean": float(values.mean()), "error": float(values.std(ddof=1) / np.sqrt(len(values)))}


def main():
    random = np.random.default_rng(5)
    base = (random.standard_normal((ROWS, VOCABULARY)) * 3).astype(np.float32)
    run = (base + random.standard_normal((ROWS, VOCABULARY)) * 0.4).astype(np.float32)
    targets = random.integers(0, VOCABULARY, ROWS)
    p, q = log_softmax(base.astype(np.float64)), log_softmax(run.astype(np.float64))
    at = (np.arange(ROWS), targets)
    kl = (np.exp(p) * (p - q)).sum(axis=1)
    out = {
        "about": "numpy's figures for two runs of random logits; written by reference/measure_goldens.py",
        "base": base.tolist(),
        "run": run.tolist(),
        "targets": targets.tolist(),
        "loss": mean_and_error(-q[at]),
        "base_loss": mean_and_error(-p[at]),
        "kl": mean_and_error(kl),
        "percentiles": [[p_, float(np.percentile(kl, p_))] for p_ in PERCENTILES],
        "same_top": mean_and_error((base.argmax(axis=1) == run.argmax(axis=1)).astype(np.float64)),
        "log_ratio": mean_and_error(p[at] - q[at]),
        "probability_rms": float(np.sqrt(((np.exp(p[at]) - np.exp(q[at])) ** 2).mean())),
    }
    folder = ROOT / "tests/golden/measure"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "divergence.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
