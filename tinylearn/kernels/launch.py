"""A kernel as Python has it: a function under @tl.kernel, and what add[blocks, threads] runs.

The function is read anew for each launch with other sizes: array shapes, blocks and threads are
plain numbers in it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from tinylearn.devices.simulator.counting import Count
from tinylearn.devices.simulator.report import Report
from tinylearn.devices.simulator.simulate import simulate
from tinylearn.errors import Origin
from tinylearn.graph.dtype import dtype
from tinylearn.kernels.expressions import names_around
from tinylearn.kernels.program import Program
from tinylearn.kernels.read import Reader
from tinylearn.kernels.rows import BLOCK_NAMES, THREAD_NAMES, body_of, in_order, whole_program
from tinylearn.kernels.values import Array
from tinylearn.kernels.words import KernelError
from tinylearn.loops.phases import Extent, Launch
from tinylearn.loops.statements import Memory
from tinylearn.loops.tree import Function
from tinylearn.render.cuda import render_cuda
from tinylearn.render.opencl import render_opencl
from tinylearn.tensor import Tensor

MOST_THREADS = 1024  # of a block, on every GPU that CUDA knows


LANGUAGES = {"cuda": render_cuda, "opencl": render_opencl}


class Listing(str):
    """A text that a cell shows as it is."""

    __slots__ = ()
    __repr__ = str.__str__


@dataclass(frozen=True)
class Traced:
    """A kernel as a tree, and for each of its statements the line of Python.

    counted   the same, but 0 for an else: its if is counted for both
    """

    function: Function
    lines: tuple[int, ...]
    counted: tuple[int, ...]


def kernel(function: Callable) -> Kernel:
    """Decorator: a function that says what one thread does becomes a kernel."""
    return Kernel(function)


class Kernel:
    """A GPU kernel; kernel[blocks, threads](arrays...) launches it.

    first   the number of the function's first line in its file
    """

    def __init__(self, function: Callable):
        self.function, self.__name__ = function, function.__name__
        self.__doc__ = function.__doc__
        try:
            source, self.first = inspect.getsourcelines(function)
        except (OSError, TypeError):
            says = f"the source of {function.__name__} cannot be found"
            raise KernelError(says, "the kernel in a file or a notebook's cell") from None
        definition = ast.parse(textwrap.dedent("".join(source))).body[0]
        if not isinstance(definition, ast.FunctionDef):
            raise KernelError("a kernel is a function", "def name(out, x): below @tl.kernel")
        self.python = [line.rstrip() for line in source]
        self.definition = ast.increment_lineno(definition, self.first - 1)
        self.traced: dict[object, Traced] = {}

    def __getitem__(self, sizes: Any) -> Launching:
        """The kernel on so many blocks of so many threads."""
        if not isinstance(sizes, tuple) or len(sizes) != 2:
            name = self.__name__
            raise KernelError(
                f"{name} needs a number of blocks and of threads", f"{name}[4, 32](out, x)"
            )
        blocks, threads = extent(sizes[0], "blocks"), extent(sizes[1], "threads")
        launch = Launch(blocks, threads)
        if launch.thread_count > MOST_THREADS:
            says = f"a block has at most {MOST_THREADS} threads, got {launch.thread_count}"
            raise KernelError(says, "more blocks of fewer threads")
        return Launching(self, launch)

    def __call__(self, *arguments: Any) -> Any:
        name = self.__name__
        raise KernelError(f"{name} is a kernel, and runs on threads", f"{name}[1, 32](...)")

    def trace(self, launch: Launch, arguments: Sequence[Any]) -> Traced:
        """The tree for a launch with such arguments: arrays, or plain numbers."""
        names = list(inspect.signature(self.function).parameters)
        if len(names) != len(arguments):
            says = f"{self.__name__} takes {len(names)} arguments, got {len(arguments)}"
            raise KernelError(says, f"{self.__name__}[...]({', '.join(names)})")
        key = (
            launch,
            tuple(
                (a.shape, a.dtype.name) if isinstance(a, np.ndarray) else (type(a), a)
                for a in arguments
            ),
        )
        known = self.traced.pop(key, None)
        traced = known or self.read(launch, dict(zip(names, arguments, strict=True)))
        self.traced[key] = traced  # the last one is that of the last launch
        return traced

    def read(self, launch: Launch, arguments: dict[str, Any]) -> Traced:
        """The function's source as a tree."""
        taken = {*arguments, *THREAD_NAMES, *BLOCK_NAMES}
        program = Program(launch, taken)
        reader = Reader(program, launch, names_around(self.function))
        memory = []
        for name, a in arguments.items():
            if isinstance(a, np.ndarray):
                memory.append(Memory(name, dtype(a.dtype), a.shape))
                reader.names[name] = Array(memory[-1])
            else:
                reader.names[name] = a
        reader.function(self.definition, self.place)
        rows = whole_program(program.made, program.rows, launch, self.definition.lineno)
        written = frozenset(program.written & {m.name for m in memory})
        tree = Function(self.__name__, tuple(memory), written, body_of(rows))
        ordered = tuple(in_order(rows))
        counted = tuple(0 if row.other else row.line for row in ordered)
        return Traced(tree, tuple(row.line for row in ordered), counted)

    def source(self, language: str) -> Listing:
        """The text of its last launch in a language with threads: "cuda" or "opencl"."""
        if language not in LANGUAGES:
            says = f"there is no {language!r} text of a kernel"
            raise KernelError(says, f"one of {', '.join(LANGUAGES)}")
        if not self.traced:
            name = self.__name__
            raise KernelError(
                f"{name} has no text before its arrays have shapes", f"{name}[4, 32](...) first"
            )
        traced = list(self.traced.values())[-1]
        return Listing(LANGUAGES[language](traced.function).text)

    def place(self, line: int) -> str:
        """What a line is called: where it stands, and what it says."""
        home = Origin(self.function.__code__, 0).place.rsplit(" ", 1)[0]
        return f"{home} {line}: {self.python[line - self.first].strip()}"


@dataclass(frozen=True)
class Launching:
    """A kernel with its numbers of blocks and threads."""

    kernel: Kernel
    launch: Launch

    def __call__(self, *arguments: Any, races: bool = True, seed: int | None = None) -> Report:
        """Run it in the simulator; arrays and tensors that it stores to have changed afterwards.

        arguments   NumPy arrays, tensors, numbers
        races       whether two threads that meet at one place are an error
        seed        shuffles warps and blocks; None: they come in their order
        Raises      KernelError for Python that no kernel can run; RaceError, BoundsError and
                    BarrierError for what would go wrong on a GPU
        """
        plain = [as_array(a) for a in arguments]
        traced = self.kernel.trace(self.launch, plain)
        refuse_twins(traced.function, plain)
        names = [m.name for m in traced.function.arguments]
        given = [(a, n) for a, n in zip(arguments, plain, strict=True) if isinstance(n, np.ndarray)]
        arrays = {name: np.ascontiguousarray(n) for name, (_, n) in zip(names, given, strict=True)}
        places = [self.kernel.place(line) for line in traced.lines]
        report = simulate(traced.function, arrays, places, races=races, seed=seed)
        for name, (original, _) in zip(names, given, strict=True):
            if name in traced.function.written:
                put_back(original, arrays[name])
        return by_python_line(report, traced, self.kernel)


def extent(sizes: Any, what: str) -> Extent:
    """(x, y, z) from a number or up to three of them."""
    found = tuple(sizes) if isinstance(sizes, tuple | list) else (sizes,)
    good = all(isinstance(n, int | np.integer) and n > 0 for n in found)
    if not good or not 1 <= len(found) <= 3:
        raise KernelError(f"{what} are one to three numbers above 0, got {sizes!r}", "(4, 2)")
    x, y, z = (*(int(n) for n in found), 1, 1)[:3]
    return x, y, z


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


def by_python_line(report: Report, traced: Traced, kernel: Kernel) -> Report:
    """The report with a row for each line of Python instead of each line of the tree."""
    numbers = range(kernel.first, kernel.first + len(kernel.python))
    counts = [
        reduce(
            add, (c for c, k in zip(report.counts, traced.counted, strict=True) if k == n), Count()
        )
        for n in numbers
    ]
    accesses = tuple(replace(a, line=traced.lines[a.line] - kernel.first) for a in report.accesses)
    lines = tuple(textwrap.dedent("\n".join(kernel.python)).split("\n"))
    return replace(report, lines=lines, counts=tuple(counts), accesses=accesses)
