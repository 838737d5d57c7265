"""How far apart rows are, and how alike; sums over pairs of them; rows moved, padded, looked up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinylearn.errors import ShapeError, TinylearnError, describe, nearest
from tinylearn.tensor import Tensor

MODES = {"constant": "", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def length(x: Tensor, p: float = 2.0, dim: int = -1, keepdim: bool = False) -> Tensor:
    """The p-norm along an axis: (sum |x|**p)**(1/p). Its slope at 0 is 0."""
    if p == 1:
        return x.abs().sum(dim, keepdim=keepdim)
    if p == math.inf:
        return x.abs().max(dim, keepdim=keepdim)
    powers = (x * x if p == 2 else x.abs() ** p).sum(dim, keepdim=keepdim)
    nothing = powers == 0
    safe = nothing.where(1.0, powers)
    return nothing.where(0.0, safe.sqrt() if p == 2 else safe ** (1 / p))


def normalize(x: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x with p-norm 1 along an axis; rows shorter than eps only become longer."""
    return x / length(x, p, dim, keepdim=True).clamp(eps)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between rows: 1 for one direction, 0 for a right angle."""
    left, right = (length(x, 2.0, dim, keepdim=True).clamp(eps) for x in (x1, x2))
    return ((x1 / left) * (x2 / right)).sum(dim)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of x1 - x2 along the last axis. eps is added to each difference."""
    return length(x1 - x2 + eps, p, -1, keepdim)


def bilinear(x1: Tensor, x2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Each output is a weighted sum over all pairs of inputs, plus a bias.

    x1, x2    (..., in1) and (..., in2)
    weight    (out, in1, in2)
    bias      (out,) or None
    returns   (..., out)
    """
    out, in1, in2 = weight.shape
    if x1.shape != (*x2.shape[:-1], in1) or x2.shape[-1:] != (in2,):
        says = f"bilinear needs x1 (..., {in1}) and x2 (..., {in2}) of equally many rows"
        raise describe(ShapeError, says, [("x1", x1.node), ("x2", x2.node)])
    rows = (x1 @ weight.permute(1, 0, 2).reshape(in1, out * in2)).unflatten(-1, (out, in2))
    y = (rows * x2.unsqueeze(-2)).sum(-1)
    return y if bias is None else y + bias


def one_hot(x: Tensor, num_classes: int = -1) -> Tensor:
    """(...) ints -> (..., num_classes) int64: 1 at the place it names, 0 elsewhere.

    num_classes   -1: one more than the largest number
    """
    return x.one_hot(int(x.max().item()) + 1 if num_classes == -1 else num_classes).long()


def embedding_with_padding(rows: Tensor, x: Tensor, padding_idx: int | None) -> Tensor:
    """The rows that were looked up; no gradient passes to the one that pads."""
    if padding_idx is None:
        return rows
    return (x == padding_idx).unsqueeze(-1).where(rows.detach(), rows)


def pad(x: Tensor, pad: Sequence[int], mode: str = "constant", value: float = 0.0) -> Tensor:
    """More numbers around the last axes.

    pad    (before, after) of the last axis, then of the one before it, and so on, in one list;
           less than 0 cuts off
    mode   "constant" is `value` everywhere, "reflect" the inside mirrored at the border,
           "replicate" the border again, "circular" the numbers of the other end
    """
    if mode not in MODES:
        says = f"mode must be one of {', '.join(MODES)}, not {mode!r}"
        raise TinylearnError(says + nearest(mode, MODES))
    widths = [*pad]
    if len(widths) % 2 or len(widths) > 2 * x.ndim:
        says = f"pad has two widths for each of the last axes, not {len(widths)} in all"
        raise describe(ShapeError, says, [("x", x.node)], "pad=(1, 1) for the last axis.")
    pairs = [*zip(widths[::2], widths[1::2])]
    if mode == "constant":
        for k, (before, after) in enumerate(pairs, 1):
            cut = slice(max(-before, 0), x.shape[-k] - max(-after, 0))
            x = x[(..., cut, *[slice(None)] * (k - 1))] if min(before, after) < 0 else x
        inner = [(max(before, 0), max(after, 0)) for before, after in reversed(pairs)]
        return x.pad(*[None] * (x.ndim - len(inner)), *inner, value=value)
    for k, around in enumerate(pairs, 1):
        how: Any = MODES[mode]
        order = np.pad(np.arange(x.shape[-k]), around, mode=how)
        x = x.take(order, x.ndim - k)
    return x
