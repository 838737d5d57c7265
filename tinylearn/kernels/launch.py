"""A kernel as Python has it: a function under @tl.kernel, and what add[blocks, threads] runs.

The function is read anew for each launch with other sizes: array shapes, blocks and threads are
plain numbers in it.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinylearn.devices.simulator.report import Report
from tinylearn.errors import Origin
from tinylearn.graph.dtype import dtype
from tinylearn.kernels.expressions import names_around
from tinylearn.kernels.program import Program
from tinylearn.kernels.read import Reader
from tinylearn.kernels.rows import BLOCK_NAMES, THREAD_NAMES, body_of, in_order, whole_program
from tinylearn.kernels.traced import Python, Traced, as_array
from tinylearn.kernels.values import Array
from tinylearn.kernels.words import KernelError
from tinylearn.loops.phases import Extent, Launch
from tinylearn.loops.statements import Memory
from tinylearn.loops.tree import Function
from tinylearn.render.cuda import render_cuda
from tinylearn.render.opencl import render_opencl

MOST_THREADS = 1024  # of a block, on every GPU that CUDA knows


LANGUAGES = {"cuda": render_cuda, "opencl": render_opencl}


class Listing(str):
    """A text that a cell shows as it is."""

    __slots__ = ()
    __repr__ = str.__str__


def kernel(function: Callable) -> Kernel:
    """Decorator: a function that says what one thread does becomes a kernel; a kernel stays one."""
    return function if isinstance(function, Kernel) else Kernel(function)


class Kernel:
    """A GPU kernel; kernel[blocks, threads](arrays...) launches it."""

    __name__: str

    def __init__(self, function: Callable):
        if not inspect.isfunction(function):
            raise KernelError("a kernel is a function", "def name(out, x): below @tl.kernel")
        self.function = function
        functools.update_wrapper(self, function)
        try:
            source, first = inspect.getsourcelines(function)
        except (OSError, TypeError):
            says = f"the source of {function.__name__} cannot be found"
            raise KernelError(says, "the kernel in a file or a notebook's cell") from None
        home = Origin(function.__code__, 0).place.rsplit(" ", 1)[0]
        self.python = Python(home, first, tuple(line.rstrip() for line in source))
        self.definition = ast.increment_lineno(definition("".join(source)), first - 1)
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
        reader.function(self.definition, self.python.place)
        rows = whole_program(program.made, program.rows, launch, self.definition.lineno)
        written = frozenset(program.written & {m.name for m in memory})
        tree = Function(self.__name__, tuple(memory), written, body_of(rows))
        ordered = tuple(in_order(rows))
        counted = tuple(0 if row.other else row.line for row in ordered)
        return Traced(tree, tuple(row.line for row in ordered), counted, self.python)

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


def definition(source: str) -> ast.FunctionDef:
    """What a function's source defines. Raises KernelError for a lambda."""
    try:
        found = ast.parse(textwrap.dedent(source)).body[0]
    except SyntaxError:
        found = None
    if not isinstance(found, ast.FunctionDef):
        raise KernelError("a kernel has a name", "def name(out, x): below @tl.kernel")
    return found


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
        return self.traced(*arguments).run(arguments, races, seed)

    def traced(self, *arguments: Any) -> Traced:
        """The kernel as it is read for these arguments."""
        return self.kernel.trace(self.launch, [as_array(a) for a in arguments])


def extent(sizes: Any, what: str) -> Extent:
    """(x, y, z) from a number or up to three of them."""
    found = tuple(sizes) if isinstance(sizes, tuple | list) else (sizes,)
    good = all(isinstance(n, int | np.integer) and n > 0 for n in found)
    if not good or not 1 <= len(found) <= 3:
        raise KernelError(f"{what} are one to three numbers above 0, got {sizes!r}", "(4, 2)")
    x, y, z = (*(int(n) for n in found), 1, 1)[:3]
    return x, y, z
