"""Quantiles: what a given share of the numbers along an axis is not above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.errors import DTypeError, ShapeError, choose, describe
from tinylearn.graph.dtype import float64, int64
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import ADD, LESS, buffer
from tinylearn.repairs.userline import name_of
from tinylearn.tensor.along import picked_along
from tinylearn.tensor.axes import rows_of
from tinylearn.tensor.compare import is_number
from tinylearn.tensor.data import array_of, short, upload
from tinylearn.tensor.ordering import nonempty_row, ranked
from tinylearn.tensor.state import State, result
from tinylearn.tensor.whole import rounded

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

BETWEEN = ("linear", "lower", "higher", "nearest", "midpoint")


class Quantiles(State):
    """Numbers at shares of the order."""

    __slots__ = ()

    def quantile(
        self, q: Any, axis: int | None = None, keepdim: bool = False, interpolation: str = "linear"
    ) -> Tensor:
        """What a share q of the numbers is not above; NaN if there is one. NumPy, PyTorch: quantile

        q               from 0 to 1: a number, or a row of them, the first axis of the result
        interpolation   between two numbers: linear, lower, higher, nearest or midpoint
        """
        return quantiles("quantile", self, q, axis, keepdim, interpolation)

    def nanquantile(
        self, q: Any, axis: int | None = None, keepdim: bool = False, interpolation: str = "linear"
    ) -> Tensor:
        """The same of what is not NaN. NumPy, PyTorch: nanquantile"""
        return quantiles("nanquantile", self, q, axis, keepdim, interpolation)


# ---------------------------------------------------------------- what is asked for


def quantiles(
    op: str, tensor: State, q: Any, axis: int | None, keepdim: bool, interpolation: str
) -> Tensor:
    """Numbers at shares of the order; see Quantiles."""
    x, asked = tensor.node, asked_shares(op, q)
    if interpolation not in BETWEEN:
        known = choose(str(interpolation), BETWEEN, "there are")
        raise ValueError(f"{op} has no interpolation {short(interpolation)}{known}")
    if not x.dtype.is_float:
        raise DTypeError(f"{op} needs floats, not {x.dtype}\nTry {name_of()}.float()")
    rows, a = (x.reshape((x.size,)), 0) if axis is None else rows_of(op, x, axis)
    nonempty_row(op, rows, a)
    last = len(rows.shape) - 1
    rows = rows.permute((*(k for k in range(last + 1) if k != a), a))
    shares = buffer(upload(asked.reshape(-1), x.device))
    found = at_shares(rows, shares, op == "nanquantile", interpolation)
    found = found.permute((last, *range(last)))
    return result(found.reshape(asked.shape + rest_of(x.shape, axis, a, keepdim)), tensor)


def asked_shares(op: str, q: Any) -> np.ndarray:
    """The shares as float64, which are read at once, also those of a tensor."""
    shares = np.asarray(q.numpy() if isinstance(q, State) else array_of(q), np.float64)  # type: ignore[attr-defined]
    if shares.ndim > 1:
        says = f"{op}: the shares are one number or a row, not of shape {shares.shape}"
        raise describe(ShapeError, says)
    if not ((shares >= 0) & (shares <= 1)).all():
        wrong = float(shares[~((shares >= 0) & (shares <= 1))].flat[0])
        raise ValueError(f"{op}: a share is from 0 to 1, not {wrong:g}\nTry {name_of()}.{op}(0.5)")
    return shares


def rest_of(shape: Shape, axis: int | None, a: int, keepdim: bool) -> Shape:
    """The axes behind that of the shares."""
    if axis is None or not shape:
        return (1,) * len(shape) if keepdim else ()
    return shape[:a] + (1,) * bool(keepdim) + shape[a + 1 :]


# ---------------------------------------------------------------- on nodes


def at_shares(rows: Node, shares: Node, skipping: bool, interpolation: str) -> Node:
    """(..., n) and (shares,) -> (..., shares); skipping: NaN is left out, else all are NaN.

    Share 0.5 of 4 numbers is at rank 0.5 * 3 = 1.5: halfway between those of ranks 1 and 2. NaN
    stand behind all numbers, so the last rank has one where there is one.
    """
    last, n = len(rows.shape) - 1, rows.shape[-1]
    shape = rows.shape[:-1] + shares.shape
    count = is_number(rows).cast(int64).sum((last,))
    ranks = shares.reshape((1,) * last + shares.shape).expand(shape)
    if skipping:
        most = LESS(count, count.const_like(1)).where(0, ADD(count, count.const_like(-1)))
        ranks = ranks * most.cast(float64).expand(shape)
    else:
        ranks = LESS(count, count.const_like(n)).expand(shape).where(n - 1.0, ranks * (n - 1))
    ranks = rounded(ranks) if interpolation == "nearest" else ranks
    order = ranked(rows, last, False, n)
    low = ranks.cast(int64)
    high = ADD(low, LESS(low.cast(float64), ranks).cast(int64))
    low, high = (picked_along(order, k, last) for k in (low, high))
    if interpolation in ("lower", "nearest"):
        return picked_along(rows, low, last)
    above = picked_along(rows, high, last)
    if interpolation == "higher":
        return above
    below = picked_along(rows, low, last)
    weight = (ranks - ranks.cast(int64).cast(float64)).cast(rows.dtype)
    return between(below, above, weight.const_like(0.5) if interpolation == "midpoint" else weight)


def between(x: Node, y: Node, weight: Node) -> Node:
    """x + weight * (y - x), counted from the nearer end: exact at both."""
    near_x = LESS(weight, weight.const_like(0.5))
    return near_x.where(x + weight * (y - x), y - (y - x) * (-weight + 1))
