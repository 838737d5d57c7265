"""The contract of `loops.<transform>`: other loops, the same numbers.

A transform takes a Nest and returns one; it does not change the one it was given. What it returns
is run on small awkward kernels, as it is, and again as NumPy text after the transforms that follow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinylearn.contracts import nests
from tinylearn.contracts.kernels import CLOSE, Sample, samples
from tinylearn.contracts.measure import called, compare
from tinylearn.contracts.nests import Broken, loops_text
from tinylearn.devices.numpy_device import RENDER, compiled
from tinylearn.graph.node import Node
from tinylearn.loops.ir import Nest
from tinylearn.loops.lower import lower
from tinylearn.loops.transforms import TRANSFORMS
from tinylearn.parts import ContractError


def check_transform(name: str, function: Callable) -> None:
    """Raise ContractError with the first promise of a loop transform that `function` breaks."""
    names = [part.name for part in TRANSFORMS]
    place = names.index(name) if name in names else len(names)
    for sample in samples():
        nest = lower(sample.kernel)
        for part in TRANSFORMS[:place]:
            nest = part.default(nest)
        where = f"the loops of {sample.says}: {loops_text(nest)}"
        before = repr(nest)
        answer = called(name, function, where, nest)
        if repr(nest) != before:
            says = f"{name} changed the nest it was given; make a new one with replace(nest, ...)"
            raise ContractError(f"{says}\n    called with {where}")
        same_meaning(name, sample, answer, where)
        followed(name, sample, answer, place, where)


def same_meaning(name: str, sample: Sample, answer: Any, where: str) -> None:
    """What was returned is a nest, and computes what the kernel computes."""
    got = ""
    try:
        nests.well_formed(answer)
        got = f"\n    got {loops_text(answer)}"
        found = nests.run(answer, sample.memory, sample.kernel.outputs)
    except Broken as broken:
        raise ContractError(f"{name}: {broken}\n    called with {where}{got}") from None
    except Exception as error:  # an object that is not what its type says
        says = f"{name}: the loops that it returned cannot be run: {type(error).__name__}: {error}"
        raise ContractError(f"{says}\n    called with {where}") from error
    same_numbers(name, sample, found, f"{where}{got}")


def same_numbers(name: str, sample: Sample, found: dict[Node, np.ndarray], where: str) -> None:
    """All outputs have the numbers of the kernel."""
    for node, expected in sample.expected.items():
        what = f"what is written to {node}"
        compare(name, what, where, found[node], expected, CLOSE.get(str(node.dtype), 0.0))


def followed(name: str, sample: Sample, nest: Nest, place: int, where: str) -> None:
    """The transforms that follow, and the numpy device, can work with it."""
    kernel = sample.kernel
    try:
        for part in TRANSFORMS[place + 1 :]:
            nest = part.default(nest)
        text = RENDER.default(kernel, nest, "kernel").text
        found = {n: np.zeros(n.shape, n.dtype.numpy) for n in kernel.outputs}
        memory = [np.array(sample.memory[n], order="C") for n in kernel.loaded]
        with np.errstate(all="ignore"):
            compiled(text, "kernel")(*found.values(), *memory)
    except Exception as error:
        says = f"{name}: what comes after it fails: {type(error).__name__}: {error}"
        raise ContractError(f"{says}\n    called with {where}") from error
    same_numbers(name, sample, found, f"{where}, run as NumPy text")
