"""LeNet in plain NumPy: convolutions as matrix products of windows, gradients by hand."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.works import Array

SIDE = 5  # of a filter


def forward(weights: list[Array], x: Array) -> tuple[Array, list]:
    """The logits, and what the way back needs: inputs of each layer, results of each relu."""
    w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = weights
    windows1 = windows(np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2))))
    a1 = convolved(windows1, w1, b1, 28)
    p1 = pooled(a1)
    windows2 = windows(p1)
    a2 = convolved(windows2, w2, b2, 10)
    p2 = pooled(a2)
    flat = p2.reshape(len(x), -1)
    h1 = np.maximum(flat @ w3.T + b3, 0)
    h2 = np.maximum(h1 @ w4.T + b4, 0)
    return h2 @ w5.T + b5, [windows1, a1, p1, windows2, a2, p2, flat, h1, h2]


def backward(weights: list[Array], kept: list, g: Array) -> list[Array]:
    """The gradients of the weights, in their order; g arrives at the logits."""
    _, _, w2, _, w3, _, w4, _, w5, _ = weights
    windows1, a1, p1, windows2, a2, p2, flat, h1, h2 = kept
    g2 = (g @ w5) * (h2 > 0)
    g1 = (g2 @ w4) * (h1 > 0)
    ga2 = before_pool((g1 @ w3).reshape(p2.shape), a2, p2)
    gw2, gb2 = filter_gradients(windows2, ga2, w2.shape)
    ga1 = before_pool(before_windows(ga2, w2), a1, p1)
    gw1, gb1 = filter_gradients(windows1, ga1, (6, 1, SIDE, SIDE))
    linears = [g1.T @ flat, g1.sum(0), g2.T @ h1, g2.sum(0), g.T @ h2, g.sum(0)]
    return [gw1, gb1, gw2, gb2, *linears]


def windows(x: Array) -> Array:
    """(N, C, H, W) -> (N, C * 5 * 5, h * w): a column for each window."""
    seen = sliding_window_view(x, (SIDE, SIDE), axis=(2, 3))  # N, C, h, w, 5, 5
    n, c, h, w = seen.shape[:4]
    return seen.transpose(0, 1, 4, 5, 2, 3).reshape(n, c * SIDE * SIDE, h * w)


def convolved(columns: Array, weight: Array, bias: Array, side: int) -> Array:
    """relu of the filters' answers: (N, filters, side, side)."""
    y = weight.reshape(len(weight), -1) @ columns
    y += bias[:, None]
    np.maximum(y, 0, out=y)
    return y.reshape(len(columns), len(weight), side, side)


def corners(x: Array) -> list[Array]:
    """The four numbers of each 2 x 2 window, as four views."""
    return [x[:, :, a::2, b::2] for a in range(2) for b in range(2)]


def pooled(x: Array) -> Array:
    """The largest number of each 2 x 2 window."""
    a, b, c, d = corners(x)
    return np.maximum(np.maximum(a, b), np.maximum(c, d))


def before_pool(g: Array, x: Array, pool: Array) -> Array:
    """The gradient before pool and relu: it goes to the largest number, if that is above 0."""
    g = g * (pool > 0)
    result = np.empty_like(x)
    for into, corner in zip(corners(result), corners(x), strict=True):
        np.multiply(g, corner == pool, out=into)
    return result


def filter_gradients(columns: Array, g: Array, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Of the filters, of this shape, and of the bias."""
    flat = g.reshape(g.shape[0], g.shape[1], -1)
    return (flat @ columns.swapaxes(1, 2)).sum(0).reshape(shape), flat.sum((0, 2))


def before_windows(g: Array, weight: Array) -> Array:
    """The gradient of the images: each window's is added where the window lay."""
    n, filters, h, w = g.shape
    channels = weight.shape[1]
    columns = weight.reshape(filters, -1).T @ g.reshape(n, filters, h * w)
    columns = columns.reshape(n, channels, SIDE, SIDE, h, w)
    result = np.zeros((n, channels, h + SIDE - 1, w + SIDE - 1), np.float32)
    for a in range(SIDE):
        for b in range(SIDE):
            result[:, :, a : a + h, b : b + w] += columns[:, :, a, b]
    return result
