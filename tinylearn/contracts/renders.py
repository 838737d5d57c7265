"""The contracts of `render.<language>`: the text of small awkward kernels runs and is right.

NumPy's renderer takes (kernel, nest, name), C's takes a tree. Both return a Source: a function of
the memory of the kernel's outputs, then of what it loads, whose lines know the nodes they compute.
NumPy text runs here; C text runs in a program of its own, which may crash or hang without harm.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from tinylearn.contracts.kernels import CLOSE, Sample, samples
from tinylearn.contracts.measure import called, compare
from tinylearn.devices import apart, compiler
from tinylearn.devices.c_blas import halves
from tinylearn.devices.numpy_device import compiled
from tinylearn.graph.node import Node
from tinylearn.loops.check import loops_text
from tinylearn.loops.lower import lower
from tinylearn.loops.machine import AVX2, AVX512, NEON, Machine
from tinylearn.loops.nest import Nest
from tinylearn.loops.recipe import cooked
from tinylearn.loops.rewrites import REWRITES
from tinylearn.loops.tree import Function, plain
from tinylearn.parts import ContractError, Part
from tinylearn.render.c import C
from tinylearn.render.source import Source
from tinylearn.schedule.kernel import Kernel

MACHINES = (AVX512, AVX2, NEON)
UNCHECKED = (
    "{name}: there is no C compiler here, so the form of the text was checked and not its numbers;"
    " {hint}"
)


@dataclass(frozen=True)
class Task:
    """One call of a renderer, and what its text must compute.

    tree       how its loops run, for a renderer of trees
    outputs    what the outputs' memory holds before it runs
    """

    says: str
    kernel: Kernel
    nest: Nest
    tree: Function
    name: str
    outputs: tuple[np.ndarray, ...]
    loaded: tuple[np.ndarray, ...]
    expected: tuple[np.ndarray, ...]

    def __str__(self) -> str:
        return f"the kernel of {self.says}: {loops_text(self.nest)}"


def check_numpy(name: str, function: Callable) -> None:
    """Raise ContractError with the first promise of a NumPy renderer that `function` breaks."""
    for task in tasks():
        text = written(name, function, task, (task.kernel, task.nest, task.name))
        found, loaded = [a.copy() for a in task.outputs], [a.copy() for a in task.loaded]
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compiled(text, task.name)(*found, *loaded)
        except Exception as error:
            broken(name, task, text, f"its text does not run: {type(error).__name__}: {error}")
        for k, (before, after) in enumerate(zip(task.loaded, loaded, strict=True)):
            if before.tobytes() != after.tobytes():
                broken(name, task, text, f"its text changes in{k}, which it may only read")
        right_numbers(name, task, text, found)


def check_c(name: str, function: Callable) -> None:
    """Raise ContractError with the first promise of a C renderer that `function` breaks."""
    work = [*tasks(), *after_products()]
    texts = [written(name, function, task, (task.tree,)) for task in work]
    for task, text in zip(work, texts, strict=True):
        c_form(name, task, text)
    if not compiler.compiler():
        hint = compiler.MISSING.split("; ", 1)[-1]
        warnings.warn(UNCHECKED.format(name=name, hint=hint), RuntimeWarning, stacklevel=4)
        return
    calls = [
        apart.Call(task.name, text, task.outputs, task.loaded)
        for task, text in zip(work, texts, strict=True)
    ]
    for task, text, answer in zip(work, texts, apart.answers(calls), strict=True):
        if isinstance(answer, str):
            broken(name, task, text, answer)
        if answer is not None:
            right_numbers(name, task, text, answer)


# ---------------------------------------------------------------- what is rendered


def tasks() -> list[Task]:
    """Each kernel as it is lowered, and after all of tinylearn's own rewrites and recipes."""
    found: list[Task] = []
    for k, sample in enumerate(samples()):
        nest = lower(sample.kernel)
        found.append(task_of(sample, nest, len(found)))
        found.append(task_of(sample, own(nest), len(found), MACHINES[k % len(MACHINES)]))
    return found


def own(nest: Nest) -> Nest:
    """The nest after all of tinylearn's own rewrites."""
    for part in REWRITES:
        nest = part.default(nest)
    return nest


def task_of(sample: Sample, nest: Nest, number: int, machine: Machine | None = None) -> Task:
    """The call for a kernel and its loops, which run plainly where no machine is named."""
    kernel, name = sample.kernel, f"kernel_{number}"
    tree = plain(nest, name)
    if machine is not None:
        recipes = (Part.table["recipe.elementwise"].default, Part.table["recipe.reduction"].default)
        tree = cooked(nest, name, machine, *recipes).function
    outputs = tuple(filler(n) for n in kernel.outputs)
    loaded = tuple(np.array(sample.memory[n], order="C") for n in kernel.loaded)
    expected = tuple(sample.expected[n] for n in kernel.outputs)
    return Task(sample.says, kernel, nest, tree, name, outputs, loaded, expected)


def filler(node: Node) -> np.ndarray:
    """What memory holds before a kernel writes it: nothing that can be right by chance."""
    value = np.nan if node.dtype.is_float else node.dtype.kind * 77 or True
    return np.full(node.shape, value, node.dtype.numpy)


def after_products() -> list[Task]:
    """What follows a product of BLAS, which waits in the memory of the output."""
    found: list[Task] = []
    for sample in samples():
        if "matrix product" not in sample.says:
            continue
        parted = halves(own(lower(sample.kernel)), "multiply", 1)
        if parted is None or parted.nest is None or parted.scratch is not None:
            continue
        task = task_of(sample, parted.nest, 1000 + len(found), AVX512)
        compiled(parted.multiply.text, "multiply")(*task.outputs, *task.loaded)
        found.append(task)
    return found


# ---------------------------------------------------------------- what comes back


def written(name: str, function: Callable, task: Task, arguments: tuple[Any, ...]) -> str:
    """The text that a renderer returns for a task."""
    answer = called(name, function, str(task), *arguments)
    says = ""
    if not isinstance(answer, Source):
        says = f"it must return a Source, not {type(answer).__name__}"
    elif not all(isinstance(line, str) for line in answer.lines):
        says = "each line of the Source must be a str"
    elif len(answer.nodes) != len(answer.lines):
        says = f"{len(answer.lines)} lines need as many nodes (or None), not {len(answer.nodes)}"
    elif not all(n is None or isinstance(n, Node) for n in answer.nodes):
        says = "each of the Source's nodes must be a Node or None"
    elif task.name not in answer.text:
        says = f"the text must define the function {task.name!r}"
    if says:
        raise ContractError(f"{name}: {says}\n    called with {task}")
    return answer.text


def c_form(name: str, task: Task, text: str) -> None:
    """A function of the right arguments, with closed brackets, that writes all of its outputs."""
    head = re.search(rf"\bvoid\s+{task.name}\s*\(([^)]*)\)\s*\{{", text)
    if head is None:
        broken(name, task, text, f"the text must define void {task.name}(...)")
    nodes = [*task.kernel.outputs, *task.kernel.loaded]
    arguments = [a for a in head[1].split(",") if a.strip()]
    if len(arguments) != len(nodes):
        says = f"{task.name} must take {len(nodes)} pointers, it takes {len(arguments)}"
        broken(name, task, text, says)
    for k, (node, argument) in enumerate(zip(nodes, arguments, strict=True)):
        kind = C.types[node.dtype.name]
        if kind not in argument or "*" not in argument:
            says = f"argument {k} is the memory of {node} in {node.dtype}: {kind} *"
            broken(name, task, text, f"{says}, not {argument.strip()}")
    for pair in ("()", "[]", "{}"):
        if text.count(pair[0]) != text.count(pair[1]):
            broken(name, task, text, f"not every {pair[0]} has its {pair[1]}")


def right_numbers(name: str, task: Task, text: str, found: Any) -> None:
    """All outputs have the numbers of the kernel."""
    for node, got, expected in zip(task.kernel.outputs, found, task.expected, strict=True):
        close = CLOSE.get(str(node.dtype), 0.0)
        shaped = np.asarray(got).reshape(node.shape)
        compare(
            name, f"what is written to {node}", f"{task}\n{quoted(text)}", shaped, expected, close
        )


def broken(name: str, task: Task, text: str, says: str) -> NoReturn:
    """Raise ContractError, with the text."""
    raise ContractError(f"{name}: {says}\n    called with {task}\n{quoted(text)}")


def quoted(text: str, most: int = 24) -> str:
    """The text, each line marked; a long one is cut."""
    lines = text.splitlines()
    more = [f"... and {len(lines) - most} lines more"] if len(lines) > most else []
    return "\n".join(f"    | {line}" for line in [*lines[:most], *more])
