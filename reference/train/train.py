# SPDX-License-Identifier: Apache-2.0
"""Trains the miniature. One command: python reference/train/train.py --minutes 180

From nothing, the tower is first taught alone for some minutes (eyes.py) and kept beside the state.
Everything is resumable from the state file (weights, optimiser, averaged weights, data generator, time
spent). The learning rate is constant and falls linearly to zero over the last part of --minutes, so a run
can be extended by starting it again with a larger --minutes. The data mix may change between resumptions.
One process per core, each with its own batch; gradients are averaged every step. That is a quarter faster
than one process with as many threads, and does not stall when something else wants a core.
"""

import argparse
import csv
import os
import pathlib
import signal
import tempfile
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F

import data
import eyes
from encode import Encoder
from export import load_native
from model import Config, Model, init_weights, padded
from optim import Optimiser
from plant import plant
from precision import fastest_dtype
from spelled import share_spellings

LONG_EVERY = 32  # steps, of which one is a conversation of so many turns:
LONG_TURNS = (100, 140, 100, 200, 100, 140, 100, 400)
SMALL_UNTIL = 1 / 3  # of a run from nothing, whose first steps gain more from being many than from being large
TOWER_RATE = 0.1  # a tower that was taught alone and is read already moves slowly
HERE = pathlib.Path(__file__).resolve().parents[2]


def attention_mask(docs, dtype):
    """docs [B, S] -> additive mask [B, 1, S, S]: causal, and within one document only; None: causal, one document a row."""
    if docs.max() == 1:
        return None
    s = docs.shape[1]
    same = docs.unsqueeze(2) == docs.unsqueeze(1)
    seen = same & torch.ones(s, s, dtype=torch.bool).tril()
    return torch.zeros(seen.shape, dtype=dtype).masked_fill_(~seen, float("-inf")).unsqueeze(1)


def loss_of(model, batch, dtype):
    """-> mean loss over the counted ids, load-balance loss, losses [N] and kinds [N] of those ids."""
    hidden, balance = model.hidden(
        batch["ids"], batch["positions"], attention_mask(batch["docs"], dtype), dtype, pictures=batch["pictures"]
    )
    counted = batch["weights"].flatten().nonzero().squeeze(1)
    logits = model.logits(padded(hidden.flatten(0, 1).index_select(0, counted)))[: len(counted)].float()
    losses = F.cross_entropy(logits, batch["targets"].flatten()[counted], reduction="none")
    return losses.mean(), balance, losses.detach(), batch["kinds"].flatten()[counted]


class Run:
    def __init__(self, args, rank=0):
        self.args, self.rank, self.stop = args, rank, False
        precisions = {"float32": torch.float32, "bfloat16": torch.bfloat16}
        self.dtype = fastest_dtype() if args.precision == "auto" else precisions[args.precision]
        self.encoder = Encoder(args.tokenizer)
        self.config = Config()
        torch.manual_seed(args.seed)
        self.model = Model(self.config)
        init_weights(self.model, args.seed)
        plant(self.model, args.seed)
        if args.eyes.exists():
            self.model.tower.load_state_dict(torch.load(args.eyes))
        if args.start and not args.state.exists():
            self.model.load_state_dict(load_native(args.start).state_dict())
        share_spellings(self.model, args.tokenizer)
        # Steps of the optimiser have one size whatever the gradient's: the text model's first blind ones would undo
        # within a minute what the tower was taught. One that reads already may move it, slowly.
        self.model.tower.requires_grad_(args.start is not None)
        self.learning = [p for p in self.model.parameters() if p.requires_grad]
        self.optimiser = Optimiser(
            self.model,
            args.muon_lr,
            args.adam_lr,
            rank=rank,
            workers=args.workers,
            dtype=self.dtype,
            tower_rate=TOWER_RATE,
        )
        self.step, self.tokens, self.seconds, self.curve = 0, 0, 0.0, []
        self.average = [p.detach().clone() for p in self.model.parameters()]
        if args.state.exists():
            self.restore(torch.load(args.state, weights_only=False))
        # A resumed run draws new documents instead of repeating the old ones.
        seed = f"{args.seed} {rank} {self.step}"
        self.packer = data.Packer(self.encoder, self.config.vocab_size, seed, args.batch_tokens)

    def restore(self, s):
        with torch.no_grad():
            for p, w, a, v in zip(self.model.parameters(), s["weights"], self.average, s["average"]):
                p.copy_(w)
                a.copy_(v)
        self.optimiser.restore(s["optimiser"])
        self.step, self.tokens, self.seconds, self.curve = s["step"], s["tokens"], s["seconds"], s["curve"]

    def save(self):
        temporary = self.args.state.with_suffix(".tmp")
        torch.save(
            {
                "weights": [p.detach() for p in self.model.parameters()],
                "average": self.average,
                "optimiser": self.optimiser.state(),
                "step": self.step,
                "tokens": self.tokens,
                "seconds": self.seconds,
                "curve": self.curve,
            },
            temporary,
        )
        os.replace(temporary, self.args.state)
        with open(self.args.state.with_suffix(".csv"), "w", newline="") as f:
            writer = csv.writer(f)
            writer.writerow(["step", "tokens", "minutes", "loss"])
            writer.writerows(self.curve)

    def factor(self):
        """Learning rate as a fraction: short warm-up, constant, linear fall to zero at the end."""
        left = self.args.minutes * 60 - self.seconds
        fall = self.args.minutes * 60 * self.args.fall
        return min(1.0, (self.step + 1) / 25) * max(0.0, min(1.0, left / fall))

    def batch_tokens(self):
        """Ids a worker reads a step: half of --batch-tokens early in a run from nothing."""
        early = not self.args.start and self.seconds < self.args.minutes * 60 * SMALL_UNTIL
        return self.args.batch_tokens // 2 if early else self.args.batch_tokens

    def average_gradients(self):
        """One all-reduce carries the gradients, the first worker's clock and anybody's wish to stop, so that all stop at
        the same step."""
        stop = self.stop or self.seconds >= self.args.minutes * 60
        if self.args.workers == 1:
            self.stop = stop
            return
        grads = [p.grad for p in self.learning]
        clock = torch.tensor([self.seconds if self.rank == 0 else 0.0, float(stop)])
        flat = torch.cat([g.flatten() for g in grads] + [clock])
        dist.all_reduce(flat)
        self.seconds, self.stop = flat[-2].item(), flat[-1].item() > 0
        for g, part in zip(grads, flat.split([g.numel() for g in grads] + [2])):
            g.copy_(part.view_as(g)).div_(self.args.workers)

    def train_step(self):
        # All workers draw a long conversation in the same step, since all wait for the slowest.
        self.packer.tokens = self.batch_tokens()
        turns = LONG_TURNS[self.step // LONG_EVERY % len(LONG_TURNS)]
        batch = self.packer.long_batch(turns) if self.step % LONG_EVERY == LONG_EVERY - 1 else self.packer.batch()
        factor = self.factor()
        loss, balance, losses, kinds = loss_of(self.model, batch, self.dtype)
        (loss + self.args.balance * balance).backward()
        for p in self.learning:  # a batch need not show a picture
            p.grad = torch.zeros_like(p) if p.grad is None else p.grad
        self.average_gradients()
        torch.nn.utils.clip_grad_norm_(self.learning, 1.0)
        self.optimiser.step(factor)
        self.model.zero_grad()
        self.step += 1
        if self.step % 5 == 0:
            keep = min(self.args.average, self.step / (self.step + 40)) ** 5
            torch._foreach_lerp_(self.average, [p.detach() for p in self.model.parameters()], 1 - keep)
        self.tokens += batch["ids"].numel() * self.args.workers
        return loss.item(), losses, kinds

    def train(self):
        self.model.train()

        def wish(*_):
            self.stop = True

        signal.signal(signal.SIGTERM, wish)
        signal.signal(signal.SIGINT, wish)
        sums, counts = torch.zeros(len(data.KINDS)), torch.zeros(len(data.KINDS))
        saved, window_start, window_tokens, window = time.time(), time.time(), self.tokens, []
        while not self.stop:
            began = time.process_time()  # what else runs on the machine does not shorten the training
            loss, losses, kinds = self.train_step()
            self.seconds += time.process_time() - began
            window.append(loss)
            sums.index_add_(0, kinds, losses)
            counts.index_add_(0, kinds, torch.ones(len(kinds)))
            if self.step % 25 == 0 and self.rank == 0:
                mean = sum(window) / len(window)
                speed = (self.tokens - window_tokens) / (time.time() - window_start)
                self.curve.append((self.step, self.tokens, round(self.seconds / 60, 2), round(mean, 4)))
                each = " ".join(f"{k} {v:.2f}" for k, v in zip(data.KINDS, (sums / counts.clamp(min=1)).tolist()))
                share = max(layer.moe.last_share.max().item() for layer in self.model.layers)
                print(
                    f"step {self.step} {self.seconds / 60:.1f} min {self.tokens / 1e6:.2f}M tok {speed:.0f}/s "
                    f"lr {self.factor():.2f} loss {mean:.3f} | {each} | top expert {share:.2f}",
                    flush=True,
                )
                window, window_start, window_tokens = [], time.time(), self.tokens
                sums.zero_(), counts.zero_()
            if self.rank == 0 and time.time() - saved > self.args.save_minutes * 60:
                self.save()
                saved = time.time()
        if self.rank == 0:
            self.save()


def work(rank, args, store):
    torch.set_num_threads(1)
    if args.workers > 1:
        dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=args.workers)
    Run(args, rank).train()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=180, help="of a worker's processor time, over every resumption")
    parser.add_argument("--state", type=pathlib.Path, default=pathlib.Path("mini-state.pt"))
    parser.add_argument("--start", type=pathlib.Path, help="a native folder whose weights to start from")
    parser.add_argument("--eyes-minutes", type=float, default=12, help="of the tower alone, before a run from nothing")
    parser.add_argument("--tokenizer", type=pathlib.Path, default=HERE / "models/mini/tekken.json")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--batch-tokens", type=int, default=2048, help="of each worker")
    parser.add_argument(
        "--precision",
        choices=("auto", "float32", "bfloat16"),
        default="auto",
        help="of products; auto takes what this processor multiplies faster",
    )
    parser.add_argument("--muon-lr", type=float, default=0.012)
    parser.add_argument("--adam-lr", type=float, default=0.003)
    parser.add_argument("--balance", type=float, default=0.01, help="weight of the load-balance loss")
    parser.add_argument("--average", type=float, default=0.995, help="decay of the averaged weights")
    parser.add_argument("--fall", type=float, default=0.35, help="last part of the time in which the rate falls")
    parser.add_argument("--save-minutes", type=float, default=4)
    args = parser.parse_args()
    args.eyes = args.state.with_suffix(".eyes.pt")
    if args.eyes_minutes and not (args.start or args.state.exists() or args.eyes.exists()):
        torch.save(eyes.teach(Config(), args.eyes_minutes, args.seed), args.eyes)
    with tempfile.TemporaryDirectory() as folder:
        mp.start_processes(work, (args, f"{folder}/store"), nprocs=args.workers, start_method="spawn")


if __name__ == "__main__":
    main()
