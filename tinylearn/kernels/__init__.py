"""GPU kernels in restricted Python: what one thread does, traced into the tree of loops.

@tl.kernel
def add(out, x, y):
    i = tl.block.x * tl.threads.x + tl.thread.x
    if i < out.size:
        out[i] = x[i] + y[i]

report = add[4, 32](out, x, y)      4 blocks of 32 threads, in the simulator

words.py        what a kernel may name: thread, block, shared, barrier ...
values.py       numbers, places and conditions while a kernel is read
calls.py        functions that a kernel may call
expressions.py  what stands on the right
read.py         statements, in the order of the program
rows.py         lines between barriers become loops over threads
launch.py       the function under the decorator, and its launches
"""

from tinylearn.kernels.launch import Kernel, kernel
from tinylearn.kernels.words import (
    KernelError,
    atomic_add,
    barrier,
    block,
    blocks,
    private,
    shared,
    thread,
    threads,
)

__all__ = [
    "Kernel",
    "KernelError",
    "atomic_add",
    "barrier",
    "block",
    "blocks",
    "kernel",
    "private",
    "shared",
    "thread",
    "threads",
]
