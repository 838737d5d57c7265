"""A kernel that was read for one launch: its tree, and the line of Python behind each statement.

traced.run(arguments) -> Report     launches it in the simulator
traced.packed() -> plain data       which another process can look through, and run as well
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from tinylearn.devices.simulator.counting import Count
from tinylearn.devices.simulator.report import Access, Report
from tinylearn.devices.simulator.simulate import simulate
from tinylearn.kernels.words import KernelError
from tinylearn.loops.text import parsed, shown
from tinylearn.loops.tree import Function
from tinylearn.tensor import Tensor


@dataclass(frozen=True)
class Python:
    """The text that a kernel was read from.

    home    what its lines are called: "cell 7, line"
    first   the number of its first line there
    """

    home: str
    first: int
    rows: tuple[str, ...]

    def place(self, line: int) -> str:
        """What a line is called: where it stands, and what it says."""
        return f"{self.home} {line}: {self.rows[line - self.first].strip()}"


@dataclass(frozen=True)
class Traced:
    """A kernel as a tree, and for each of its statements the line of Python.

    counted   the same, but 0 for an else: its if is counted for both
    """

    function: Function
    lines: tuple[int, ...]
    counted: tuple[int, ...]
    python: Python

    def run(self, arguments: Sequence[Any], races: bool = True, seed: int | None = None) -> Report:
        """Launch it; arrays and tensors that it stores to have changed afterwards.

        Raises   RaceError, BoundsError and BarrierError for what would go wrong on a GPU
        """
        plain = [as_array(a) for a in arguments]
        refuse_twins(self.function, plain)
        names = [m.name for m in self.function.arguments]
        given = [(a, n) for a, n in zip(arguments, plain, strict=True) if isinstance(n, np.ndarray)]
        arrays = {name: np.ascontiguousarray(n) for name, (_, n) in zip(names, given, strict=True)}
        places = [self.python.place(line) for line in self.lines]
        report = simulate(self.function, arrays, places, races=races, seed=seed)
        for name, (original, _) in zip(names, given, strict=True):
            if name in self.function.written:
                put_back(original, arrays[name])
        return self.by_python_line(report)

    def by_python_line(self, report: Report) -> Report:
        """The report with a row for each line of Python instead of each line of the tree."""
        first, rows = self.python.first, self.python.rows
        counts = [
            reduce(
                add,
                (c for c, k in zip(report.counts, self.counted, strict=True) if k == n),
                Count(),
            )
            for n in range(first, first + len(rows))
        ]
        accesses = together(replace(a, line=self.lines[a.line] - first) for a in report.accesses)
        lines = tuple(textwrap.dedent("\n".join(rows)).split("\n"))
        return replace(report, lines=lines, counts=tuple(counts), accesses=accesses)

    def packed(self) -> dict[str, Any]:
        """Texts and numbers alone: `unpacked` makes the same of them."""
        return {
            "tree": shown(self.function),
            "lines": list(self.lines),
            "counted": list(self.counted),
            "home": self.python.home,
            "first": self.python.first,
            "rows": list(self.python.rows),
        }


def together(accesses: Iterable[Access]) -> tuple[Access, ...]:
    """One access for all that one line does with one memory, as rounds that are written out do."""
    found: dict[tuple[int, str], Access] = {}
    for a in accesses:
        before = found.get((a.line, a.memory))
        found[a.line, a.memory] = replace(a, places=before.places + a.places) if before else a
    return tuple(found.values())


def unpacked(data: dict[str, Any]) -> Traced:
    """What `packed` was given. Raises ValueError and its like for data that it did not make."""
    python = Python(data["home"], data["first"], tuple(data["rows"]))
    tree = parsed(data["tree"])
    return Traced(tree, tuple(data["lines"]), tuple(data["counted"]), python)


def as_array(argument: Any) -> Any:
    """An argument as the kernel sees it: an array, or a plain number."""
    if isinstance(argument, Tensor):
        return argument.numpy()
    if isinstance(argument, np.generic):
        return argument.item()
    if not isinstance(argument, np.ndarray | bool | int | float):
        got = type(argument).__name__
        raise KernelError(f"a kernel takes arrays, tensors and numbers, got {got}", "np.array(x)")
    return argument


def refuse_twins(function: Function, arguments: Sequence[Any]) -> None:
    """Raise KernelError where what is written under one name is seen under another, too."""
    arrays = [a for a in arguments if isinstance(a, np.ndarray)]
    named = list(zip(function.arguments, arrays, strict=True))
    for m, a in named:
        for other, b in named:
            if m.name in function.written and m is not other and np.may_share_memory(a, b):
                says = f"{m.name} is written, and is the memory of {other.name} too"
                raise KernelError(says, f"{other.name}.copy() as the other argument")


def put_back(original: Any, numbers: np.ndarray) -> None:
    """What was computed goes to where the caller has it."""
    if isinstance(original, Tensor):
        original.assign(numbers)
    elif original is not numbers:
        original[...] = numbers
