"""One row for each way to call a Tensor method: what it gives in NumPy, and what in PyTorch.

A new method is one row here. Every row is computed on every device, compared with NumPy and with
PyTorch, and its gradient with the central difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """One row.

    run          (tensors...) -> tensor
    numpy        the same on arrays
    shapes       of the inputs
    torch        the same on PyTorch's tensors: `run` itself, another function, or None
    low, high    between which the numbers lie
    dtype        of the inputs
    slope        whether there is a gradient, equal to the central difference
    """

    name: str
    run: Callable[..., Any]
    numpy: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]
    torch: Callable[..., Any] | None = None
    low: float = -2.0
    high: float = 2.0
    dtype: str = "float64"
    slope: bool = True

    @property
    def id(self) -> str:
        """The name of the test."""
        return f"{self.name}-{'-'.join('x'.join(map(str, s)) or 'one' for s in self.shapes)}"

    def arrays(self, seed: int = 0) -> list[np.ndarray]:
        """Numbers for the inputs; floats are all different and no two are near."""
        random = np.random.default_rng(seed)
        found = []
        for shape in self.shapes:
            count = int(np.prod(shape))
            if self.dtype == "bool":
                found.append(random.random(shape) < 0.5)
            elif self.dtype.startswith("int"):
                found.append(
                    random.integers(int(self.low), int(self.high), shape).astype(self.dtype)
                )
            else:
                steps = np.linspace(self.low, self.high, count + 2)[1:-1]
                steps += random.uniform(-0.2, 0.2, count) * (self.high - self.low) / (count + 2)
                found.append(random.permutation(steps).reshape(shape).astype(self.dtype))
        return found


BOXES = ((), (1,), (4,), (2, 3), (3, 1, 2), (0,), (2, 0))
PAIRS = (((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 2)), ((0, 3), (1, 3)))
CASES: list[Case] = []


def one_of_each_name(cases: list[Case]) -> list[Case]:
    """The first row of each name, of those that have numbers."""
    full = [c for c in cases if all(np.prod(s) for s in c.shapes)]
    return list({c.name: c for c in reversed(full)}.values())


def rows(name: str, run: Callable, numpy: Callable, *shapes: Any, **options: Any) -> None:
    """A row for each tuple of input shapes."""
    for s in shapes:
        CASES.append(
            Case(name, run, numpy, s if s and isinstance(s[0], tuple) else (s,), **options)
        )


def one(name: str, run: Callable, numpy: Callable, torch: Any = "run", **options: Any) -> None:
    """Rows for a function of one tensor, number by number."""
    torch = run if torch == "run" else torch
    for box in BOXES:
        CASES.append(Case(name, run, numpy, (box,), torch, **options))


def two(name: str, run: Callable, numpy: Callable | None = None, **options: Any) -> None:
    """Rows for a function of two tensors, number by number, that means the same everywhere."""
    options = {"torch": run} | options
    for pair in PAIRS:
        CASES.append(Case(name, run, numpy or run, pair, **options))


def F(name: str, **options: Any) -> Callable:
    """PyTorch's function of that name."""

    def run(*tensors: Any) -> Any:
        import torch

        return getattr(torch.nn.functional, name)(*tensors, **options)

    return run


def np_softmax(x: np.ndarray, axis: int) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)
