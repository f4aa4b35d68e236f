# SPDX-License-Identifier: Apache-2.0
"""What the text model and the tower both do to rows."""

import torch
import torch.nn.functional as F


def rms_norm(x, weight, eps):
    return F.rms_norm(x.float(), (x.shape[-1],), weight.float(), eps).to(x.dtype)


def rotate(x, cos, sin):
    """Interleaved pairs; the result is de-interleaved, which leaves dot products as they are. x [B,H,S,R]."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.cat((even * cos - odd * sin, odd * cos + even * sin), -1)
