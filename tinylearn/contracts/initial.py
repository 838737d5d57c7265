"""The contracts of `init.<name>`: first numbers of the right shape, mean and variance.

How they are distributed is free. The bounds are so wide that a right function is never refused by
bad luck, and so narrow that a forgotten square root always shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinylearn.contracts.measure import called, numbers
from tinylearn.contracts.tensors import must_be_tensor
from tinylearn.parts import ContractError
from tinylearn.tensor.randomness import Random

CASES: dict[str, list[tuple[tuple[Any, ...], float]]] = {  # arguments, the variance they ask for
    "init.kaiming": [
        (((40, 50), 50, 1.0), 1 / 50),
        (((8, 4, 5, 5), 100, math.sqrt(2)), 2 / 100),
        (((1000,), 9, 1 / math.sqrt(3)), 1 / 27),
    ],
    "init.xavier": [
        (((40, 50), 50, 40, 1.0), 2 / 90),
        (((20, 60), 60, 20, 2.0), 8 / 80),
        (((1000,), 7, 9, 1.0), 2 / 16),
    ],
}


def check_init(name: str, function: Callable) -> None:
    """Raise ContractError with the first promise of an initializer that `function` breaks."""
    with fixed_random():
        for arguments, variance in CASES[name]:
            where = ", ".join(map(str, arguments))
            values = numbers_of(name, function, where, arguments)
            if broken := problem(values, arguments[0], variance):
                raise ContractError(f"{name}: {broken}\n    called with {where}")
        for shape in [(1,), (0, 3)]:
            arguments = (shape, *CASES[name][0][0][1:])
            where = ", ".join(map(str, arguments))
            found = numbers_of(name, function, where, arguments).shape
            if found != shape:
                says = f"the shape must be {shape}, it is {found}"
                raise ContractError(f"{name}: {says}\n    called with {where}")


def numbers_of(name: str, function: Callable, where: str, arguments: tuple) -> np.ndarray:
    """The numbers of what the function answers."""
    answer = called(name, function, where, *arguments)
    must_be_tensor(name, "the answer", answer, where)
    return numbers([answer.node])[0]


@contextmanager
def fixed_random() -> Iterator[None]:
    """Draw the same numbers each time, and leave the user's own stream where it was."""
    before = Random.generator
    Random.generator = np.random.default_rng(0)
    try:
        yield
    finally:
        Random.generator = before


def problem(values: np.ndarray, shape: tuple[int, ...], variance: float) -> str:
    """What is wrong with first numbers, or ""."""
    if values.shape != shape:
        return f"the shape must be {shape}, it is {values.shape}"
    if values.dtype != np.float32:
        return f"the numbers must be float32, they are {values.dtype}"
    if not np.all(np.isfinite(values)):
        return "some numbers are not finite"
    mean, found = float(values.mean()), float(values.var())
    if abs(mean) > 6 * math.sqrt(variance / values.size):
        return f"the mean must be near 0, it is {mean:.4g}"
    if not 0.7 < found / variance < 1.4:
        ratio = found / variance
        near = f"must be near {variance:.4g}, it is {found:.4g}, {ratio:.3g} times that"
        return f"the variance {near}"
    if len(np.unique(values)) < values.size // 4:
        return "the same numbers come again and again; each weight needs one of its own"
    return ""
