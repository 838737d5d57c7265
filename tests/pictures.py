"""Graphs for the tests of pictures, built from nodes alone."""

import math

import numpy as np

from tinylearn.devices.buffer import Buffer
from tinylearn.graph.dtype import float32
from tinylearn.graph.gradient import gradient
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import ADD, MUL, WHERE, buffer, const


class Named:
    """Stands for a tensor: something with a node."""

    def __init__(self, node: Node) -> None:
        self.node, self.grad = node, None


def numbers(*shape: int) -> Node:
    """A source with the numbers 0, 1, 2, ..."""
    data = np.arange(math.prod(shape), dtype=np.float32).reshape(shape)
    return buffer(Buffer(shape, float32, "numpy", data))


def product(x: Node, w: Node) -> Node:
    """x @ w as moves, a multiplication and a sum."""
    (n, k), (_, m) = x.shape, w.shape
    left = x.reshape((n, k, 1)).expand((n, k, m))
    right = w.reshape((1, k, m)).expand((n, k, m))
    return (left * right).sum((1,)).reshape((n, m))


def multiply_add() -> Node:
    """A*B+C."""
    return ADD(MUL(numbers(4, 5), numbers(4, 5)), numbers(4, 5))


def softmax(x: Node) -> Node:
    """softmax over the last axis, as a user would compose it."""
    e = (x - x.max((1,)).expand(x.shape)).exp()
    return e * e.sum((1,)).recip().expand(x.shape)


def mlp() -> tuple[Node, list[Node]]:
    """The loss of a 784-128-10 perceptron on 64 images, and its weights."""
    x, y = numbers(64, 784), numbers(64, 10)
    w1, b1, w2, b2 = numbers(784, 128), numbers(1, 128), numbers(128, 10), numbers(1, 10)
    h = product(x, w1) + b1.expand((64, 128))
    hidden = WHERE(h.less(0.0), const(0.0, h.shape, float32, "numpy"), h)
    z = product(hidden, w2) + b2.expand((64, 10))
    z = z - z.max((1,)).expand((64, 10))
    log_p = z - z.exp().sum((1,)).log().expand((64, 10))
    return -(log_p * y).sum((0, 1)) * (1 / 64), [w1, b1, w2, b2]


def mlp_step() -> list[Node]:
    """Loss and new weights after one step of gradient descent."""
    loss, weights = mlp()
    grads = gradient(loss, const(1.0, loss.shape, float32, "numpy"), weights)
    return [loss, *(w + grads[w] * -0.1 for w in weights)]


def chain(length: int) -> Node:
    """x, plus 1, times 2, plus 1, ..."""
    x = numbers(3, 3)
    for k in range(length):
        x = x + 1.0 if k % 2 else x * 2.0
    return x
