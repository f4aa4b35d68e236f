# SPDX-License-Identifier: Apache-2.0
"""Two optimisers in one: orthogonalised momentum (Muon) for matrices, Adam for everything else.

Embedding, router and norms take Adam; every other matrix takes the momentum's nearest orthogonal matrix,
found by five Newton-Schulz steps. The head's tables (its own rows, and what spellings share) take momentum
divided by one size for a whole table: Adam's size of each entry would push the rows of rare tokens away as
fast as those of common ones, and with them the ability to copy rare tokens.
"""

import torch
import torch.distributed as dist

NEWTON = (3.4445, -4.7750, 2.0315)


def iterate(x):
    """One matrix at a time: on processors this is a third faster than batches of small products."""
    a, b, c = NEWTON
    for _ in range(5):
        s = x @ x.T
        x = torch.addmm(x, torch.addmm(s, s, s, beta=b, alpha=c), x, beta=a)
    return x


def orthogonalise(g, dtype):
    """g [N, R, C] -> each matrix with its singular values pushed towards 1; computed in dtype."""
    x = g.to(dtype)
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    return torch.stack([iterate(m) for m in x]).mT.float() if tall else torch.stack([iterate(m) for m in x]).float()


class Optimiser:
    def __init__(
        self, model, muon_lr=0.012, adam_lr=0.003, decay=0.02, rank=0, workers=1, dtype=torch.bfloat16, tower_rate=1.0
    ):
        """tower_rate: steps of the tower's parameters, as a part of the others'."""
        self.rank, self.workers, self.dtype = rank, workers, dtype
        self.muon_lr, self.adam_lr, self.decay = muon_lr, adam_lr, decay
        self.matrices, self.tables, rest = [], [], {1.0: [], tower_rate: []}
        for name, p in model.named_parameters():
            if not p.requires_grad:
                continue
            rate = tower_rate if name.startswith("tower.") else 1.0
            if "output" in name:
                self.tables.append(p)
            elif p.dim() == 1 or "tok_embeddings" in name or name.endswith("gate") or name.startswith("probes"):
                rest[rate].append(p)
            else:
                halves = 2 if "w13" in name else 1
                self.matrices.append((p, halves, rate))
        self.momenta = [torch.zeros_like(p) for p, _, _ in self.matrices]
        self.table_momenta = [torch.zeros_like(p) for p in self.tables]
        self.table_sizes = [torch.full((), 1e-6) for _ in self.tables]
        groups = [{"params": p, "rate": rate} for rate, p in rest.items() if p]
        self.adam = torch.optim.Adam(groups, lr=adam_lr, betas=(0.9, 0.98), eps=1e-10, foreach=True)

    def step(self, factor):
        for group in self.adam.param_groups:
            group["lr"] = self.adam_lr * factor * group["rate"]
        self.adam.step()
        with torch.no_grad():
            for table, momentum, size in zip(self.tables, self.table_momenta, self.table_sizes):
                self.table_step(table, momentum, size, factor)
            self.matrix_step(factor)

    def table_step(self, table, momentum, size, factor):
        size += 0.02 * (table.grad.square().mean() - size)
        momentum.lerp_(table.grad, 0.1)
        table.add_(momentum / size.sqrt().clamp(min=1e-12), alpha=-self.adam_lr * 0.3 * factor)

    def matrix_step(self, factor):
        """Workers share the work: each orthogonalises every n-th matrix of a shape."""
        by_shape = {}
        for (p, halves, rate), m in zip(self.matrices, self.momenta):
            m.lerp_(p.grad, 0.05)
            rows = p.shape[-2] // halves
            view = p.grad.lerp(m, 0.95).reshape(-1, rows, p.shape[-1])
            by_shape.setdefault(tuple(view.shape[1:]), []).append((p, view, rate))
        stacks = [torch.cat([v for _, v, _ in items]) for items in by_shape.values()]
        for stack in stacks:
            mine = stack[self.rank :: self.workers]  # none, where a shape has fewer matrices than there are workers
            mine = orthogonalise(mine, self.dtype) if len(mine) else mine.clone()
            stack.zero_()[self.rank :: self.workers] = mine
        if self.workers > 1:
            flat = torch.cat([x.flatten() for x in stacks])
            dist.all_reduce(flat)
            stacks = [f.view_as(x) for f, x in zip(flat.split([x.numel() for x in stacks]), stacks)]
        lr = self.muon_lr * factor
        for ((rows, cols), items), stack in zip(by_shape.items(), stacks):
            scale = max(1.0, rows / cols) ** 0.5
            for (p, _, rate), part in zip(items, stack.split([len(v) for _, v, _ in items])):
                p.mul_(1 - lr * rate * self.decay).add_(part.reshape(p.shape), alpha=-lr * rate * scale)

    def state(self):
        return {
            "momenta": self.momenta,
            "adam": self.adam.state_dict(),
            "tables": self.table_momenta,
            "table_sizes": self.table_sizes,
        }

    def restore(self, state):
        for mine, name in (
            (self.momenta, "momenta"),
            (self.table_momenta, "tables"),
            (self.table_sizes, "table_sizes"),
        ):
            for value, saved in zip(mine, state[name]):
                value.copy_(saved)
        self.adam.load_state_dict(state["adam"])
