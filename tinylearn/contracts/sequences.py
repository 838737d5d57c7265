"""The Cases of what sequences need: cells, attention, and norms of groups and rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinylearn.contracts.layers import Case, cases_of, check_formula, floats
from tinylearn.contracts.tensors import Arrays

__all__ = ["check_formula"]

CELLS = [((4,), 3, 1), ((), 2, 1), ((2, 3), 1, 1), ((1,), 5, 0)]  # batch, hidden, with a bias


def cell(random: np.random.Generator, gates: int, remembered: tuple[str, ...]) -> Iterator[dict]:
    """The arguments of cells."""
    for batch, hidden, bias in CELLS:
        given: dict[str, Any] = {"given": floats(random, *batch, gates * hidden)}
        given |= {name: floats(random, *batch, hidden) for name in remembered}
        given["weight"] = floats(random, gates * hidden, hidden)
        yield given | {"bias": floats(random, gates * hidden) if bias else None}


def gates(a: Arrays) -> np.ndarray:
    """What the input and the memory add up to."""
    return a["given"] + a["h"] @ a["weight"].T + a.get("bias", 0)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


@cases_of("nn.rnn_cell")
def rnn_cell(random: np.random.Generator) -> Iterator[Case]:
    for given in cell(random, 1, ("h",)):
        yield Case(given | {"relu": 0}, lambda a: np.tanh(gates(a)))
        yield Case(given | {"relu": 1}, lambda a: np.maximum(gates(a), 0))


@cases_of("nn.lstm_cell")
def lstm_cell(random: np.random.Generator) -> Iterator[Case]:
    for given in cell(random, 4, ("h", "c")):
        yield Case(given, long_memory)


def long_memory(a: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Gers et al. 2000, equations 1 to 6."""
    write, forget, new, read = np.split(gates(a), 4, -1)
    c = sigmoid(forget) * a["c"] + sigmoid(write) * np.tanh(new)
    return sigmoid(read) * np.tanh(c), c


@cases_of("nn.gru_cell")
def gru_cell(random: np.random.Generator) -> Iterator[Case]:
    for given in cell(random, 3, ("h",)):
        yield Case(given, renewed)


def renewed(a: Arrays) -> np.ndarray:
    """Cho et al. 2014, equations 5 to 8, with the reset after the product."""
    reset, keep, new = np.split(a["given"], 3, -1)
    reset_h, keep_h, new_h = np.split(a["h"] @ a["weight"].T + a.get("bias", 0), 3, -1)
    share = sigmoid(keep + keep_h)
    return share * a["h"] + (1 - share) * np.tanh(new + sigmoid(reset + reset_h) * new_h)


@cases_of("nn.attention_weights")
def attention_weights(random: np.random.Generator) -> Iterator[Case]:
    for batch, T, S, size, mask in [
        ((), 3, 4, 2, None),
        ((2,), 1, 5, 3, "float"),
        ((2, 3), 4, 2, 1, "bool"),
        ((1,), 3, 3, 2, "bool"),
    ]:
        given: dict[str, Any] = {"query": floats(random, *batch, T, size)}
        given |= {"key": floats(random, *batch, S, size), "mask": None}
        if mask == "float":
            given["mask"] = floats(random, T, S)
        elif mask == "bool":
            given["mask"] = random.random((T, S)) < 0.6
            given["mask"][0] = False  # a place that may look nowhere
        yield Case(given | {"scale": 0.5}, shares)


def shares(a: Arrays) -> np.ndarray:
    """Vaswani et al. 2017, equation 1, without the values; 0 where nothing may be looked at."""
    scores = a["query"].astype(np.float64) @ np.swapaxes(a["key"], -1, -2) * 0.5
    mask = a.get("mask", np.array(True))
    scores = scores + mask if mask.dtype.kind == "f" else np.where(mask, scores, -np.inf)
    largest = scores.max(-1, keepdims=True)
    e = np.exp(scores - np.where(np.isfinite(largest), largest, 0))
    total = e.sum(-1, keepdims=True)
    return e / np.where(total == 0, 1, total)


@cases_of("nn.group_norm")
def group_norm(random: np.random.Generator) -> Iterator[Case]:
    for shape, groups, affine in [((2, 6, 3), 3, 1), ((3, 4), 2, 1), ((1, 2, 3, 2), 1, 0)]:
        given: dict[str, Any] = {"x": floats(random, *shape) + 1, "num_groups": groups}
        given |= {n: floats(random, shape[1]) if affine else None for n in ("weight", "bias")}
        yield Case(given | {"eps": 0.01}, of_groups(groups))


def of_groups(groups: int) -> Callable[[Arrays], np.ndarray]:
    """Wu & He 2018, equations 1 to 6."""

    def formula(a: Arrays) -> np.ndarray:
        x = a["x"].reshape(len(a["x"]), groups, -1)
        y = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 0.01)
        shape = (1, -1) + (1,) * (a["x"].ndim - 2)
        y = y.reshape(a["x"].shape)
        return y * a["weight"].reshape(shape) + a["bias"].reshape(shape) if "bias" in a else y

    return formula


@cases_of("nn.rms_norm")
def rms_norm(random: np.random.Generator) -> Iterator[Case]:
    for shape, scaled in [((4, 3), 1), ((5,), 1), ((2, 3, 4), 0), ((2, 1), 1)]:
        given: dict[str, Any] = {"x": floats(random, *shape) + 1}
        given |= {"weight": floats(random, shape[-1]) if scaled else None, "eps": 0.01}
        yield Case(given, of_rows)


def of_rows(a: Arrays) -> np.ndarray:
    """Zhang & Sennrich 2019, equation 4."""
    x = a["x"]
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 0.01) * a.get("weight", 1)
