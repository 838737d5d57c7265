"""The works in plain NumPy: what somebody writes who derives the gradients on paper.

Written for speed where that costs no clarity: no array is made that the mathematics does not
need, and what is longer than the cache is worked through in blocks.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from benchmarks import by_hand_block, by_hand_lenet
from benchmarks.works import Array, Data, Step

RATE = np.float32(0.1)
CHUNK = 8192  # numbers: the dozen arrays of the chain then stay in the second-level cache


def cross_entropy(logits: Array, labels: Array) -> tuple[float, Array]:
    """The mean of -log softmax(logits)[label], and its gradient by the logits."""
    rows = np.arange(len(labels))
    below = logits - logits.max(1, keepdims=True)
    shares = np.exp(below)
    total = shares.sum(1, keepdims=True)
    loss = (np.log(total[:, 0]) - below[rows, labels]).mean()
    shares /= total
    shares[rows, labels] -= 1
    shares *= np.float32(1 / len(labels))
    return loss, shares


def update(weight: Array, gradient: Array) -> None:
    """One step of SGD, in place; the gradient is used up."""
    gradient *= RATE
    weight -= gradient


def mlp(data: Data) -> Step:
    w1, b1, w2, b2 = [w.copy() for w in data.weights]
    loss = [0.0]

    def run(k: int) -> None:
        x, labels = data.batches[k % len(data.batches)]
        h = x @ w1.T
        h += b1
        np.maximum(h, 0, out=h)
        logits = h @ w2.T
        logits += b2
        loss[0], g = cross_entropy(logits, labels)
        gh = g @ w2
        gh *= h > 0
        for weight, gradient in ((w2, g.T @ h), (b2, g.sum(0)), (w1, gh.T @ x), (b1, gh.sum(0))):
            update(weight, gradient)

    return Step(run, lambda: float(loss[0]))


def xor(data: Data) -> Step:
    w1, b1, w2, b2 = [w.copy() for w in data.weights]
    last: list[Array] = []

    def run(k: int) -> None:
        x, y = data.batches[k % len(data.batches)]
        h = np.tanh(x @ w1.T + b1)
        z = h @ w2.T + b2
        last[:] = [z, y]
        g = (1 / (1 + np.exp(-z)) - y) * np.float32(1 / len(y))
        gh = (g @ w2) * (1 - h * h)
        for weight, gradient in ((w2, g.T @ h), (b2, g.sum(0)), (w1, gh.T @ x), (b1, gh.sum(0))):
            update(weight, gradient)

    def value() -> float:
        z, y = last
        return float((np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))).mean())

    return Step(run, value)


def chain(data: Data) -> Step:
    a, b, c = data.weights
    gradients = [np.empty_like(a) for _ in range(3)]
    room = np.empty((4, min(CHUNK, a.size)), np.float32)
    total = [0.0]

    def run(k: int) -> None:
        total[0] = 0.0
        for start in range(0, a.size, CHUNK):
            piece = slice(start, start + CHUNK)
            ins, outs = (a[piece], b[piece], c[piece]), [g[piece] for g in gradients]
            total[0] += chunk(*ins, *outs, *room[:, : len(ins[0])])

    return Step(run, lambda: total[0] + sum(float(np.abs(g).sum()) for g in gradients))


def chunk(a: Array, b: Array, c: Array, ga: Array, gb: Array, gc: Array, *room: Array) -> float:
    """A piece of the chain: its gradients go to ga, gb and gc, its sum comes back."""
    s, r, slope, product = room
    np.multiply(a, b, out=s)
    s += c
    np.negative(s, out=s)
    np.exp(s, out=s)
    s += 1
    np.divide(1, s, out=s)  # sigmoid(a*b + c)
    np.subtract(a, c, out=r)
    positive = r > 0
    r *= positive  # relu(a - c)
    np.multiply(s, r, out=product)
    np.subtract(1, s, out=slope)
    slope *= product  # relu * sigmoid * (1 - sigmoid): by a*b + c
    s *= positive  # by a - c
    np.multiply(slope, a, out=gb)
    np.multiply(slope, b, out=ga)
    ga += s
    np.subtract(slope, s, out=gc)
    return float(product.sum())


def of_numbers(function: Callable[..., Array]) -> Callable[[Data], Step]:
    """A work that is one function of arrays, without gradients."""

    def make(data: Data) -> Step:
        last: list[Array] = []

        def run(k: int) -> None:
            last.clear()
            last.append(function(*data.weights))

        return Step(run, lambda: float(np.abs(last[0]).mean()))

    return make


class Adam:
    """Adam, as published: Kingma & Ba 2015, algorithm 1."""

    def __init__(self, weights: list[Array]):
        self.weights, self.step = weights, 0
        self.m, self.v = ([np.zeros_like(w) for w in weights] for _ in range(2))

    def update(self, gradients: list[Array]) -> None:
        """The next weights, in place."""
        self.step += 1
        first, second = 1 - 0.9**self.step, 1 - 0.999**self.step
        for w, g, m, v in zip(self.weights, gradients, self.m, self.v, strict=True):
            m *= np.float32(0.9)
            m += np.float32(0.1) * g
            v *= np.float32(0.999)
            v += np.float32(0.001) * g * g
            root = np.sqrt(v * np.float32(1 / second))
            root += np.float32(1e-8)
            w -= np.float32(0.001 / first) * m / root


def lenet(data: Data) -> Step:
    weights = [w.copy() for w in data.weights]
    optimizer = Adam(weights)
    loss = [0.0]

    def run(k: int) -> None:
        x, labels = data.batches[k % len(data.batches)]
        logits, kept = by_hand_lenet.forward(weights, x)
        loss[0], g = cross_entropy(logits, labels)
        optimizer.update(by_hand_lenet.backward(weights, kept, g))

    return Step(run, lambda: float(loss[0]))


def block(data: Data) -> Step:
    tokens = data.batches[0][0].shape[1]
    later = np.where(np.triu(np.ones((tokens, tokens), bool), 1), -math.inf, 0).astype(np.float32)
    last: list = []

    def run(k: int) -> None:
        x = data.batches[k % len(data.batches)][0]
        last[:] = by_hand_block.value_and_gradients(data.weights, x, later)

    def value() -> float:
        return float(last[0]) + sum(float(np.abs(g).sum()) for g in [*last[1], last[2]])

    return Step(run, value)


def embedding(data: Data) -> Step:
    table, fixed = data.weights
    last: list = []

    def run(k: int) -> None:
        (places,) = data.batches[k % len(data.batches)]
        gradient = np.zeros_like(table)
        for place, row in zip(places.tolist(), fixed, strict=True):  # quicker than np.add.at
            gradient[place] += row
        last[:] = [float((table[places] * fixed).sum()), gradient]

    return Step(run, lambda: last[0] + float(np.abs(last[1]).sum()))


def pick(data: Data) -> Step:
    (x,) = data.weights
    rows, last = np.arange(len(x)), []

    def run(k: int) -> None:
        (labels,) = data.batches[k % len(data.batches)]
        gradient = np.zeros_like(x)
        gradient[rows, labels] = 1  # no place is named twice
        last[:] = [float(x[rows, labels].sum()), gradient]

    return Step(run, lambda: last[0] + float(np.abs(last[1]).sum()))


def classes(data: Data) -> Step:
    last: list = []

    def run(k: int) -> None:
        last[:] = cross_entropy(data.weights[0], data.batches[k % len(data.batches)][0])

    return Step(run, lambda: float(last[0]) + float(np.abs(last[1]).sum()))


STEPS = {
    "mlp": mlp,
    "lenet": lenet,
    "chain": chain,
    "xor": xor,
    "matmul512": of_numbers(np.matmul),
    "matmul1024": of_numbers(np.matmul),
    "cumsum": of_numbers(lambda a: np.cumsum(a, dtype="d").astype("f")),
    "sort": of_numbers(lambda a: np.sort(a, 1)),
    "block": block,
    "embedding": embedding,
    "pick": pick,
    "classes": classes,
}
