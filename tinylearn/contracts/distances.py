"""The Cases of losses that are formulas number by number, or pair by pair."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinylearn.contracts.layers import Case, cases_of, floats
from tinylearn.contracts.tensors import Arrays

SHAPES = [(4,), (2, 3), (1,), (3, 1, 2)]
SIGNS = np.array([-1.0, 1.0], np.float32)


def numbers(
    name: str, formula: Callable[[Arrays], Any], target: Callable | None = None, **more: Any
) -> None:
    """Add the Cases of a Part that is a formula of `input` and `target`.

    target   (random, shape) -> array; None draws around 0
    more     further arguments, which the formula knows
    """

    def cases(random: np.random.Generator) -> Iterator[Case]:
        for shape in SHAPES:
            drawn = target(random, shape) if target else floats(random, *shape)
            given = {"input": floats(random, *shape) * np.float32(2), "target": drawn}
            yield Case(given | more, formula)

    cases_of(name)(cases)


def signs(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """-1 and 1."""
    return random.choice(SIGNS, shape)


def probabilities(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """From 0 to 1, both included."""
    drawn = np.asarray(random.random(shape), np.float32)
    drawn.flat[0] = 0
    return drawn


def bent(a: Arrays) -> np.ndarray:
    """Huber 1964, with delta = 0.7."""
    d = np.abs(a["input"] - a["target"])
    return np.where(d < 0.7, d * d / 2, 0.7 * (d - 0.35))


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + exp(x)), without overflow."""
    return np.logaddexp(0, x.astype(np.float64))


def divergence(a: Arrays) -> np.ndarray:
    """p (log p - log q), and 0 where p is."""
    p = a["target"].astype(np.float64)
    return np.where(p > 0, p * (np.log(np.where(p > 0, p, 1)) - a["input"]), 0)


numbers("loss.l1", lambda a: np.mean(np.abs(a["input"] - a["target"])))
numbers("loss.huber", bent, delta=0.7)
numbers("loss.kl_div", divergence, probabilities, log_target=0)
numbers("loss.soft_margin", lambda a: softplus(-a["target"] * a["input"]), signs)
numbers(
    "loss.poisson_nll",
    lambda a: np.exp(a["input"]) - a["target"] * a["input"],
    log_input=1,
    eps=1e-8,
)
numbers(
    "loss.hinge_embedding",
    lambda a: np.where(a["target"] > 0, a["input"], np.maximum(0, 0.5 - a["input"])),
    signs,
    margin=0.5,
)


@cases_of("loss.binary_cross_entropy")
def binary_cross_entropy(random: np.random.Generator) -> Iterator[Case]:
    for shape in SHAPES:
        given = {"input": np.asarray(random.uniform(0.1, 0.9, shape), np.float32)}
        yield Case(given | {"target": probabilities(random, shape)}, two_way)


def two_way(a: Arrays) -> np.floating:
    """-(y log(p) + (1 - y) log(1 - p)), in the mean."""
    p, y = a["input"].astype(np.float64), a["target"]
    return np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p))


@cases_of("loss.weighted_binary_cross_entropy_with_logits")
def weighted(random: np.random.Generator) -> Iterator[Case]:
    for shape, size in [((4,), 1), ((2, 3), 1), ((5,), 1000)]:
        given = {"input": floats(random, *shape) * np.float32(size)}
        given |= {"target": np.asarray(random.integers(0, 2, shape), np.float32)}
        given |= {"pos_weight": np.abs(floats(random, shape[-1]))}
        yield Case(given, two_way_weighted)


def two_way_weighted(a: Arrays) -> np.ndarray:
    """-(w y log(p) + (1 - y) log(1 - p)) for p = sigmoid(x)."""
    x, y = a["input"], a["target"]
    return a["pos_weight"] * y * softplus(-x) + (1 - y) * softplus(x)


@cases_of("loss.gaussian_nll")
def gaussian(random: np.random.Generator) -> Iterator[Case]:
    for shape in SHAPES:
        given = {"input": floats(random, *shape), "target": floats(random, *shape)}
        given["var"] = np.abs(floats(random, *shape)) + np.float32(0.5)
        yield Case(given, density)


def density(a: Arrays) -> np.ndarray:
    """(log(var) + (x - y)^2 / var) / 2."""
    return (np.log(a["var"]) + (a["input"] - a["target"]) ** 2 / a["var"]) / 2


@cases_of("loss.margin_ranking")
def margin_ranking(random: np.random.Generator) -> Iterator[Case]:
    for shape in SHAPES:
        given: dict[str, Any] = {n: floats(random, *shape) for n in ("input1", "input2")}
        given |= {"target": signs(random, shape), "margin": 0.3}
        yield Case(given, lambda a: np.maximum(0, a["target"] * (a["input2"] - a["input1"]) + 0.3))


@cases_of("loss.cosine_embedding")
def cosine_embedding(random: np.random.Generator) -> Iterator[Case]:
    for batch, size in [((4,), 3), ((), 5), ((2, 3), 2)]:
        given: dict[str, Any] = {n: floats(random, *batch, size) for n in ("input1", "input2")}
        given |= {"target": np.asarray(signs(random, batch), np.float32), "margin": 0.1}
        yield Case(given, angle)


def angle(a: Arrays) -> np.ndarray:
    """1 - cosine, or what the cosine is above 0.1."""
    x, y = a["input1"].astype(np.float64), a["input2"].astype(np.float64)
    cosine = (x * y).sum(-1) / np.sqrt((x * x).sum(-1) * (y * y).sum(-1))
    return np.where(a["target"] > 0, 1 - cosine, np.maximum(0, cosine - 0.1))


@cases_of("loss.triplet_margin")
def triplet_margin(random: np.random.Generator) -> Iterator[Case]:
    for shape in SHAPES:
        given: dict[str, Any] = {name: np.abs(floats(random, *shape)) for name in ("near", "far")}
        yield Case(given | {"margin": 0.5}, lambda a: np.maximum(0, a["near"] - a["far"] + 0.5))
