"""What is timed: the works, each with its data. Every column gets the same arrays.

A work is one step, done again and again: an update of weights, or a value with its gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
BATCHES = 8  # a step takes the next of these; nobody computes on the same numbers twice in a row


@dataclass(frozen=True)
class Data:
    """The arrays of a work.

    batches   what comes fresh in each step: inputs, targets
    weights   what stays: the parameters' first values, in the order of the layers
    """

    batches: Sequence[tuple[Array, ...]]
    weights: list[Array]


@dataclass(frozen=True)
class Step:
    """A work as one column does it.

    run(k)    do step number k; k chooses the batch
    value()   a number that the last step came to, to be compared between columns
    """

    run: Callable[[int], None]
    value: Callable[[], float]


@dataclass(frozen=True)
class Work:
    """A work: its name on the command line, what it is, and its arrays in full or small size."""

    name: str
    title: str
    data: Callable[[bool], Data]


WORKS: dict[str, Work] = {}


def work(name: str, title: str) -> Callable:
    """Decorator: the function (small) -> Data belongs to the work of this name."""

    def register(data: Callable[[bool], Data]) -> Callable[[bool], Data]:
        WORKS[name] = Work(name, title, data)
        return data

    return register


def normal(seed: int, *shape: int) -> Array:
    """Random numbers of mean 0 and variance 1, the same for the same seed."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def layers(*shapes: tuple[int, ...]) -> list[Array]:
    """Weight and bias of each layer, as large as PyTorch makes them; (out, in, ...) are shapes."""
    weights = []
    for k, shape in enumerate(shapes):
        spread = 1 / np.sqrt(np.prod(shape[1:]))
        random = np.random.default_rng(100 + k)
        for s in (shape, shape[:1]):
            weights.append(random.uniform(-spread, spread, s).astype(np.float32))
    return weights


def classified(shape: tuple[int, ...], classes: int) -> list[tuple[Array, Array]]:
    """Batches of random inputs, each with a random class."""
    labels = np.random.default_rng(1).integers(0, classes, (BATCHES, shape[0]))
    return [(normal(k, *shape), labels[k]) for k in range(BATCHES)]


@work("mlp", "MLP 784-128-10, batch 64: one step of SGD")
def mlp(small: bool) -> Data:
    """Linear, relu, Linear, cross entropy."""
    batch, inside, hidden = (4, 12, 8) if small else (64, 784, 128)
    return Data(classified((batch, inside), 10), layers((hidden, inside), (10, hidden)))


@work("lenet", "LeNet on 28 x 28, batch 64: one step of Adam")
def lenet(small: bool) -> Data:
    """Two convolutions of 5 x 5, each with relu and a pool of 2 x 2, then three Linears."""
    batch = 2 if small else 64
    shapes = [(6, 1, 5, 5), (16, 6, 5, 5), (120, 400), (84, 120), (10, 84)]
    return Data(classified((batch, 1, 28, 28), 10), layers(*shapes))


@work("chain", "sigmoid(a*b + c) * relu(a - c), summed, 10 million numbers: value and gradients")
def chain(small: bool) -> Data:
    """Number by number: what fusion is for."""
    size = 1000 if small else 10_000_000
    return Data([()], [normal(k, size) for k in range(3)])


@work("xor", "MLP 2-8-1 with tanh, batch 4: one step of SGD")
def xor(small: bool) -> Data:
    """So small that only the cost of everything around the arithmetic shows."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    y = np.array([[0], [1], [1], [0]], np.float32)
    return Data([(x, y)], layers((8, 2), (1, 8)))


@work("matmul512", "matrix product, 512 x 512")
def matmul512(small: bool) -> Data:
    """Two square matrices."""
    return Data([()], [normal(k, *(2 * (16 if small else 512,))) for k in range(2)])


@work("matmul1024", "matrix product, 1024 x 1024")
def matmul1024(small: bool) -> Data:
    """Two square matrices."""
    return Data([()], [normal(k, *(2 * (16 if small else 1024,))) for k in range(2)])


@work("cumsum", "running sum of a million numbers")
def cumsum(small: bool) -> Data:
    """A row in which each sum waits for the one before."""
    return Data([()], [normal(0, 1000 if small else 1_000_000)])


@work("sort", "4,096 rows of 1,000 numbers put in order, with their places")
def sort(small: bool) -> Data:
    """A matrix; NumPy by hand does without the places."""
    return Data([()], [normal(0, 4 if small else 4096, 1000)])


HEADS = 4


@work("block", "transformer block, width 128, 4 heads, 8 x 128 tokens: value and gradients")
def block(small: bool) -> Data:
    """x + attention(norm(x)), then x + two Linears with gelu of norm(x); mean of squares.

    weights   of the norms, then qkv, out, up and down
    """
    batch, tokens, width = (2, 5, 8) if small else (8, 128, 128)
    norms = [np.ones(width, np.float32), np.zeros(width, np.float32)] * 2
    linears = [(3 * width, width), (width, width), (4 * width, width), (width, 4 * width)]
    return Data(
        [(normal(k, batch, tokens, width),) for k in range(BATCHES)], norms + layers(*linears)
    )


@work("embedding", "embedding, 50,000 rows of 256, 1,024 picks: value and gradient")
def embedding(small: bool) -> Data:
    """The rows that are picked, times fixed numbers, summed.

    weights   the table, and the numbers that the picked rows are multiplied with
    """
    rows, size, picks = (50, 8, 16) if small else (50_000, 256, 1024)
    places = np.random.default_rng(1).integers(0, rows, (BATCHES, picks))
    return Data([(p,) for p in places], [normal(0, rows, size), normal(1, picks, size)])


@work("pick", "x[rows, labels], 4,096 x 1,000, summed: value and gradient")
def pick(small: bool) -> Data:
    """One number of each row. weights: x"""
    rows, classes = (8, 5) if small else (4096, 1000)
    labels = np.random.default_rng(1).integers(0, classes, (BATCHES, rows))
    return Data([(p,) for p in labels], [normal(0, rows, classes)])


@work("classes", "cross entropy of 256 rows over 50,257 classes: value and gradient")
def classes(small: bool) -> Data:
    """The loss of a language model. weights: the logits"""
    rows, many = (4, 37) if small else (256, 50_257)
    labels = np.random.default_rng(1).integers(0, many, (BATCHES, rows))
    return Data([(p,) for p in labels], [normal(0, rows, many)])
