"""The contracts of `nn.<name>` and `loss.<name>`: the answer is the formula, written in NumPy.

Sizes differ from one another, so that swapped axes show, and some are 1. The references are direct
loops where the fast way is the lesson, as in convolution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinylearn.contracts.initial import fixed_random
from tinylearn.contracts.measure import called, compare, numbers
from tinylearn.contracts.tensors import Arrays, must_be_tensor, same_function, show, tensor
from tinylearn.parts import ContractError

Formula = Callable[[Arrays], Any]


@dataclass(frozen=True)
class Case:
    """One call: what is passed (arrays become Tensors), and what should come back."""

    given: dict[str, Any]
    formula: Formula

    def __str__(self) -> str:
        return ", ".join(f"{name} {described(x)}" for name, x in self.given.items())


def described(x: Any) -> str:
    """An argument in few characters."""
    return f"{x.shape}" if isinstance(x, np.ndarray) else repr(x)


CASES: dict[str, Callable[[np.random.Generator], Iterator[Case]]] = {}


def cases_of(name: str) -> Callable:
    """Decorator: the function yields the Cases of the Part `name`."""
    return lambda function: CASES.setdefault(name, function)


def check_formula(name: str, function: Callable, seed: int = 0) -> None:
    """Raise ContractError with the first Case of a Part that `function` gets wrong."""
    for case in CASES[name](np.random.default_rng(seed)):
        given = {
            k: tensor(x, requires_grad=True) if isinstance(x, np.ndarray) else x
            for k, x in case.given.items()
        }
        answer = called(name, function, str(case), *given.values())
        for k, (what, got) in enumerate(answers(name, answer, case)):

            def one(arrays: Arrays, k: int = k, case: Case = case) -> np.ndarray:
                with np.errstate(all="ignore"):
                    found = case.formula(arrays)
                return np.asarray(found[k] if isinstance(found, tuple) else found, np.float32)

            same_function(name, what, got, given, one, str(case))


SEVERAL = {  # what comes back from Parts that answer with more than one Tensor
    "nn.batch_statistics": ("the mean", "the variance"),
    "nn.lstm_cell": ("the new h", "the new c"),
}


def answers(name: str, answer: Any, case: Case) -> list[tuple[str, Any]]:
    """(what it is, the Tensor) for each thing that should come back."""
    if name not in SEVERAL:
        return [("the result", answer)]
    answer = tuple(answer) if isinstance(answer, list) else answer
    if not isinstance(answer, tuple) or len(answer) != len(SEVERAL[name]):
        words = ", ".join(what.removeprefix("the ") for what in SEVERAL[name])
        says = f"{name} must return a tuple ({words}), it returned {show(answer)}"
        raise ContractError(f"{says}\n    called with {case}")
    return list(zip(SEVERAL[name], answer))


def floats(random: np.random.Generator, *shape: int) -> np.ndarray:
    """Random numbers around 0."""
    return np.asarray(random.standard_normal(shape), np.float32)


# ---------------------------------------------------------------- layers


@cases_of("nn.linear")
def linear(random: np.random.Generator) -> Iterator[Case]:
    for batch, n, m, bias in [((4,), 3, 2, 1), ((), 3, 5, 1), ((2, 3), 1, 4, 1), ((1,), 2, 1, 0)]:
        given = {"x": floats(random, *batch, n), "weight": floats(random, m, n), "bias": None}
        given["bias"] = floats(random, m) if bias else None
        yield Case(given, lambda a: a["x"] @ a["weight"].T + a.get("bias", 0))


@cases_of("nn.embedding")
def embedding(random: np.random.Generator) -> Iterator[Case]:
    for shape, rows, size in [((4,), 5, 3), ((2, 3), 4, 1), ((1,), 1, 2)]:
        x = random.integers(0, rows, shape)
        yield Case({"x": x, "weight": floats(random, rows, size)}, lambda a: a["weight"][a["x"]])


@cases_of("nn.batch_statistics")
def batch_statistics(random: np.random.Generator) -> Iterator[Case]:
    for shape in [(4, 3), (2, 3, 4, 5), (2, 1, 1, 3), (3, 2, 4)]:
        yield Case({"x": floats(random, *shape) + 2}, statistics)


def statistics(a: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each channel."""
    axes = (0, *range(2, a["x"].ndim))
    return a["x"].mean(axes), a["x"].var(axes)


@cases_of("nn.batchnorm")
def batchnorm(random: np.random.Generator) -> Iterator[Case]:
    for shape, affine in [((4, 3), 1), ((2, 3, 4, 5), 1), ((1, 2, 1, 3), 0), ((3, 2, 4), 1)]:
        c = shape[1]
        given: dict[str, Any] = {"x": floats(random, *shape)}
        given |= {name: floats(random, c) if affine else None for name in ("weight", "bias")}
        given |= {"mean": floats(random, c), "variance": np.abs(floats(random, c)) + 0.5}
        yield Case({**given, "eps": 0.01}, normalized)


def normalized(a: Arrays) -> np.ndarray:
    """Ioffe & Szegedy 2015, algorithm 1, with given statistics."""
    shape = (1, -1) + (1,) * (a["x"].ndim - 2)
    y = (a["x"] - a["mean"].reshape(shape)) / np.sqrt(a["variance"].reshape(shape) + 0.01)
    if "weight" not in a:
        return y
    return y * a["weight"].reshape(shape) + a["bias"].reshape(shape)


@cases_of("nn.layernorm")
def layernorm(random: np.random.Generator) -> Iterator[Case]:
    for shape, axes, affine in [((4, 3), 1, 1), ((2, 3, 4), 2, 1), ((5,), 1, 0), ((2, 2, 3), 1, 1)]:
        last = tuple(range(-axes, 0))
        given: dict[str, Any] = {"x": floats(random, *shape) + 1, "axis": last, "eps": 0.01}
        size = shape[len(shape) - axes :]
        given |= {n: floats(random, *size) if affine else None for n in ("weight", "bias")}

        def formula(a: Arrays, last: tuple = last) -> np.ndarray:
            x = a["x"]
            y = (x - x.mean(last, keepdims=True)) / np.sqrt(x.var(last, keepdims=True) + 0.01)
            return y * a.get("weight", 1) + a.get("bias", 0)

        yield Case(given, formula)


@cases_of("nn.conv2d")
def conv2d(random: np.random.Generator) -> Iterator[Case]:
    for x, w, stride, padding, dilation, groups, bias in [
        ((2, 3, 5, 4), (4, 3, 3, 2), (1, 1), (0, 0), (1, 1), 1, 1),
        ((1, 2, 6, 5), (2, 2, 2, 3), (2, 1), (1, 2), (1, 1), 1, 1),
        ((2, 4, 5, 5), (6, 2, 2, 2), (1, 2), (0, 1), (2, 1), 2, 0),
        ((1, 1, 3, 3), (1, 1, 3, 3), (1, 1), (0, 0), (1, 1), 1, 1),
    ]:
        given: dict[str, Any] = {"x": floats(random, *x), "weight": floats(random, *w)}
        given |= {"bias": floats(random, w[0]) if bias else None, "stride": stride}
        given |= {"padding": padding, "dilation": dilation, "groups": groups}

        def formula(a: Arrays, how: tuple = (stride, padding, dilation, groups)) -> np.ndarray:
            y = convolved(a["x"], a["weight"], *how)
            return y + a["bias"].reshape(-1, 1, 1) if "bias" in a else y

        yield Case(given, formula)


def convolved(
    x: np.ndarray, w: np.ndarray, stride: tuple, padding: tuple, dilation: tuple, groups: int
) -> np.ndarray:
    """Convolution by direct loops over the places of the result."""
    x = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in padding)))
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, w.shape[2:], strict=True)]
    size = [(n - r) // s + 1 for n, r, s in zip(x.shape[2:], reach, stride, strict=True)]
    y = np.zeros((x.shape[0], w.shape[0], *size))
    ins, outs = w.shape[1], w.shape[0] // groups
    for o, i, j in np.ndindex(w.shape[0], *size):
        top, left, first = i * stride[0], j * stride[1], o // outs * ins
        rows = slice(top, top + reach[0], dilation[0])
        columns = slice(left, left + reach[1], dilation[1])
        y[:, o, i, j] = (x[:, first : first + ins, rows, columns] * w[o]).sum((1, 2, 3))
    return y


@cases_of("nn.max_pool2d")
def max_pool2d(random: np.random.Generator) -> Iterator[Case]:
    yield from pooling(random, np.max, -np.inf)


@cases_of("nn.avg_pool2d")
def avg_pool2d(random: np.random.Generator) -> Iterator[Case]:
    yield from pooling(random, np.mean, 0.0)


def pooling(random: np.random.Generator, reduce: Callable, outside: float) -> Iterator[Case]:
    """Windows with and without overlap, and with padding (which never wins a maximum)."""
    for shape, window, stride, padding in [
        ((2, 3, 4, 6), (2, 2), None, 0),
        ((1, 2, 5, 5), (3, 2), (1, 2), 0),
        ((1, 1, 4, 4), (2, 2), (2, 2), 1),
        ((1, 1, 3, 3), (3, 3), None, 0),
    ]:
        given = {"x": floats(random, *shape) - 1, "kernel_size": window}
        how = (window, stride or window, padding, reduce, outside)

        def formula(a: Arrays, how: tuple = how) -> np.ndarray:
            return pooled(a["x"], *how)

        yield Case({**given, "stride": stride, "padding": padding}, formula)


def pooled(
    x: np.ndarray, window: tuple, stride: tuple, padding: int, reduce: Callable, outside: float
) -> np.ndarray:
    """Pooling by direct loops."""
    sides = (padding, padding)
    x = np.pad(x, ((0, 0), (0, 0), sides, sides), constant_values=outside)
    size = [(n - k) // s + 1 for n, k, s in zip(x.shape[2:], window, stride, strict=True)]
    y = np.zeros((*x.shape[:2], *size))
    for i, j in np.ndindex(*size):
        top, left = i * stride[0], j * stride[1]
        y[:, :, i, j] = reduce(x[:, :, top : top + window[0], left : left + window[1]], (2, 3))
    return y


# ---------------------------------------------------------------- dropout, which is random


def check_dropout(name: str, function: Callable) -> None:
    """Raise ContractError with the first promise of dropout that `function` breaks."""
    x = np.linspace(1, 2, 600, dtype=np.float32).reshape(20, 30)
    for p in (0.25, 0.8, 0.0):
        where = f"x {x.shape}, p={p}"
        with fixed_random():
            got = called(name, function, where, tensor(x, requires_grad=True), p)
        must_be_tensor(name, "the result", got, where)
        [values] = numbers([got.node])
        kept = values != 0
        compare(name, "what is kept", where, values, np.where(kept, x / (1 - p), 0))
        dropped = 1 - kept.mean()
        if abs(dropped - p) > 6 * np.sqrt(p * (1 - p) / x.size):
            says = f"a share of {p} must become 0, it is {dropped:.3g}"
            raise ContractError(f"{name}: {says}\n    called with {where}")
