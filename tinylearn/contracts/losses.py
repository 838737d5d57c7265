"""The Cases of `loss.<name>`: one number for a batch, right also for logits of a thousand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tinylearn.contracts import distances  # noqa: F401  whose Cases are checked as these are
from tinylearn.contracts.layers import Case, cases_of, check_formula, floats
from tinylearn.contracts.tensors import Arrays

__all__ = ["check_formula"]


@cases_of("loss.mse")
def mse(random: np.random.Generator) -> Iterator[Case]:
    for shape in [(4,), (2, 3), (1,), (1, 5), (3, 1, 2)]:
        given = {"prediction": floats(random, *shape), "target": floats(random, *shape)}
        yield Case(given, lambda a: np.mean((a["prediction"] - a["target"]) ** 2))


@cases_of("loss.cross_entropy")
def cross_entropy(random: np.random.Generator) -> Iterator[Case]:
    for batch, classes, size in [(4, 3, 1), (1, 5, 1), (3, 2, 1), (2, 1, 1), (3, 4, 1000)]:
        labels = random.integers(0, classes, batch)
        logits = floats(random, batch, classes) * np.float32(size)
        yield Case({"logits": logits, "labels": labels}, entropy)


def entropy(a: Arrays) -> np.ndarray:
    """Minus the mean logarithm of the probability that softmax gives the right class."""
    x = a["logits"].astype(np.float64)
    x = x - x.max(1, keepdims=True)
    log_probabilities = x - np.log(np.exp(x).sum(1, keepdims=True))
    return -log_probabilities[np.arange(len(x)), a["labels"]].mean()


@cases_of("loss.nll")
def nll(random: np.random.Generator) -> Iterator[Case]:
    for batch, classes in [(4, 3), (1, 5), (3, 2)]:
        labels = random.integers(0, classes, batch)
        given = {"log_probabilities": -np.abs(floats(random, batch, classes)), "labels": labels}
        yield Case(given, picked)


def picked(a: Arrays) -> np.ndarray:
    """Minus the mean of the log-probabilities of the right classes."""
    x = a["log_probabilities"]
    return -x[np.arange(len(x)), a["labels"]].mean()


@cases_of("loss.binary_cross_entropy_with_logits")
def binary_cross_entropy(random: np.random.Generator) -> Iterator[Case]:
    for shape, size in [((4,), 1), ((2, 3), 1), ((1,), 1), ((5,), 1000)]:
        target = np.asarray(random.integers(0, 2, shape), np.float32)
        yield Case({"logits": floats(random, *shape) * np.float32(size), "target": target}, binary)


def binary(a: Arrays) -> np.floating:
    """Of each answer yes or no: minus the logarithm of the probability given to the right one."""
    x, y = a["logits"].astype(np.float64), a["target"]
    return np.mean(np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x))))
