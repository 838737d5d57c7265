"""The transformer block in plain NumPy, gradients by hand.

B batch, T tokens, C width; rows are B * T, so that every Linear is one matrix product.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from benchmarks.works import HEADS, Array

ROOT = np.float32(math.sqrt(2 / math.pi))
CUBE = np.float32(0.044715)


class Norm(NamedTuple):
    """What the way back through a layer norm needs."""

    centred: Array  # of variance 1
    spread: Array  # 1 / sqrt(variance + eps), one for each row


def norm(x: Array, weight: Array, bias: Array) -> tuple[Array, Norm]:
    """Rows with mean 0 and variance 1, scaled and shifted."""
    centred = x - x.mean(1, keepdims=True)
    spread = 1 / np.sqrt((centred * centred).mean(1, keepdims=True) + np.float32(1e-5))
    centred *= spread
    return centred * weight + bias, Norm(centred, spread)


def norm_gradients(g: Array, weight: Array, kept: Norm) -> tuple[Array, Array, Array]:
    """By x, weight and bias."""
    scaled = g * weight
    along = (scaled * kept.centred).mean(1, keepdims=True)
    gx = (scaled - scaled.mean(1, keepdims=True) - kept.centred * along) * kept.spread
    return gx, (g * kept.centred).sum(0), g.sum(0)


def gelu(x: Array) -> tuple[Array, Array]:
    """x * (1 + tanh(u)) / 2 with u = ROOT * (x + CUBE * x**3), and tanh(u)."""
    t = x * x
    t *= CUBE
    t += 1
    t *= x
    t *= ROOT
    np.tanh(t, out=t)
    return np.float32(0.5) * x * (1 + t), t


def gelu_slope(x: Array, t: Array) -> Array:
    """The derivative of gelu; t as gelu gave it."""
    inner = ROOT * (1 + 3 * CUBE * x * x)
    return np.float32(0.5) * (1 + t + x * (1 - t * t) * inner)


def heads(x: Array, shape: tuple[int, int, int]) -> Array:
    """(B * T, 3 * C) -> (3, B, HEADS, T, C / HEADS), in memory in that order."""
    B, T, C = shape
    split = x.reshape(B, T, 3, HEADS, C // HEADS).transpose(2, 0, 3, 1, 4)
    return np.ascontiguousarray(split)


def attention(q: Array, k: Array, v: Array, later: Array) -> tuple[Array, Array]:
    """What the heads give, and the shares they give it in; `later` is -inf where it is hidden."""
    shares = q @ k.swapaxes(-1, -2)
    shares *= np.float32(1 / math.sqrt(q.shape[-1]))
    shares += later
    shares -= shares.max(-1, keepdims=True)
    np.exp(shares, out=shares)
    shares /= shares.sum(-1, keepdims=True)
    return shares @ v, shares


def attention_gradients(g: Array, q: Array, k: Array, v: Array, shares: Array) -> Array:
    """By q, k and v: (3, B, HEADS, T, C / HEADS)."""
    result = np.empty((3, *q.shape), np.float32)
    np.matmul(shares.swapaxes(-1, -2), g, out=result[2])
    scores = g @ v.swapaxes(-1, -2)
    scores -= (scores * shares).sum(-1, keepdims=True)
    scores *= shares
    scores *= np.float32(1 / math.sqrt(q.shape[-1]))
    np.matmul(scores, k, out=result[0])
    np.matmul(scores.swapaxes(-1, -2), q, out=result[1])
    return result


def value_and_gradients(
    weights: list[Array], x: Array, later: Array
) -> tuple[np.float32, list[Array], Array]:
    """The mean of the squares of the result; gradients by the weights, and by x."""
    n1, m1, n2, m2, qkv, qkv_bias, out, out_bias, up, up_bias, down, down_bias = weights
    B, T, C = shape = x.shape
    x = x.reshape(-1, C)
    normed1, kept1 = norm(x, n1, m1)
    q, k, v = heads(normed1 @ qkv.T + qkv_bias, shape)
    mixed, shares = attention(q, k, v, later)
    mixed = mixed.transpose(0, 2, 1, 3).reshape(-1, C)  # (B * T, C)
    middle = mixed @ out.T
    middle += out_bias
    middle += x
    normed2, kept2 = norm(middle, n2, m2)
    before = normed2 @ up.T
    before += up_bias
    active, t = gelu(before)
    y = active @ down.T
    y += down_bias
    y += middle
    value = np.vdot(y, y) / y.size

    g = y * np.float32(2 / y.size)
    g_down = [g.T @ active, g.sum(0)]
    g_before = (g @ down) * gelu_slope(before, t)
    g_up = [g_before.T @ normed2, g_before.sum(0)]
    gx, *g_norm2 = norm_gradients(g_before @ up, n2, kept2)
    g += gx
    g_out = [g.T @ mixed, g.sum(0)]
    g_mixed = (g @ out).reshape(B, T, HEADS, C // HEADS).transpose(0, 2, 1, 3)
    g_heads = attention_gradients(g_mixed, q, k, v, shares)
    g_qkv = g_heads.transpose(1, 3, 0, 2, 4).reshape(-1, 3 * C)
    gx, *g_norm1 = norm_gradients(g_qkv @ qkv, n1, kept1)
    g += gx
    linears = [g_qkv.T @ normed1, g_qkv.sum(0), *g_out, *g_up, *g_down]
    return value, [*g_norm1, *g_norm2, *linears], g.reshape(shape)
