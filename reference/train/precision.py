# SPDX-License-Identifier: Apache-2.0
"""Which number format this processor multiplies fastest: bfloat16 where it has good units for it, else float32."""

import time

import torch


def seconds(dtype, size=512, times=6):
    a, b = (torch.randn(size, size).to(dtype) for _ in range(2))
    torch.mm(a, b)
    began = time.thread_time()
    for _ in range(times):
        torch.mm(a, b)
    return time.thread_time() - began


def fastest_dtype():
    return min((torch.float32, torch.bfloat16), key=seconds)
