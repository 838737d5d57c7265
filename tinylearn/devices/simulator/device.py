"""The device "simulator": whole models on the threads of a GPU that everyone has.

Its numbers lie in host memory, in arrays as NumPy has them. Every kernel is checked while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from tinylearn.devices.device import Device, Program
from tinylearn.devices.library import checks_of
from tinylearn.devices.simulator.report import Report
from tinylearn.devices.simulator.simulate import simulate_all
from tinylearn.loops.grid import on_threads
from tinylearn.loops.lower import lower
from tinylearn.loops.rewrites import rewritten
from tinylearn.loops.text import shown
from tinylearn.loops.tree import Function
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel

READERS: list[list[Report]] = []  # the lists of those who want to know what launches cost


@contextmanager
def simulated() -> Iterator[list[Report]]:
    """The reports of all kernels that run on the device "simulator" inside the block, in order."""
    reports: list[Report] = []
    READERS.append(reports)
    try:
        yield reports
    finally:
        READERS[:] = [r for r in READERS if r is not reports]


class SimulatorDevice(Device):
    """Trees for a GPU, run by NumPy over all threads in lock step."""

    name = "simulator"

    def compile(self, kernels: Sequence[Kernel]) -> list[Program]:
        """A launch for each kernel."""
        return [self.program(kernel, f"kernel_{k}") for k, kernel in enumerate(kernels)]

    def program(self, kernel: Kernel, name: str) -> Program:
        """One kernel's tree, ready to be launched."""
        tree = on_threads(rewritten(lower(kernel)), name).function
        source = Source()
        for row in shown(tree).splitlines():
            source.add(row)
        return Program(kernel, "tree", source, launching(kernel, tree))


def launching(kernel: Kernel, tree: Function) -> Callable[..., None]:
    """A function of the memory of a tree's arguments that launches it."""
    names, check, first = [m.name for m in tree.arguments], checks_of(kernel), len(kernel.outputs)

    def run(*memory: np.ndarray) -> None:
        if check is not None:
            check(memory[first:])
        made = simulate_all(tree, dict(zip(names, memory, strict=True)))
        for reports in READERS:
            reports.extend(made)

    return run
