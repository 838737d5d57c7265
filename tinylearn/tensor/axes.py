"""Axes as users give them (negative, several, none), checked and counted from 0."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinylearn.errors import AxisError, ShapeError, describe, user_origin
from tinylearn.graph.node import Node
from tinylearn.repairs.userline import expression_at, name_of
from tinylearn.tensor.data import short

Axes = int | Sequence[int] | None

# What to call instead, where it is not `.op(axis=-1)`; "" where that depends.
INSTEAD = {
    "squeeze": ".squeeze()",
    "flatten": ".flatten()",
    "transpose": ".transpose()",
    "permute": ".T",
    "flip": ".flip(-1)",
} | dict.fromkeys(
    ("batchnorm", "cat", "chunk", "diag_embed", "diagonal", "expand_dims", "fliplr", "flipud",
     "gather", "glu", "index_select", "movedim", "narrow", "repeat_interleave", "roll", "rot90",
     "select", "split", "stack", "swapaxes", "tensor_split", "unflatten", "unfold"),
    "",
)  # fmt: skip


def one_axis(op: str, x: Node, axis: Any, extra: int = 0) -> int:
    """An axis of x counted from 0. extra: how many axes more the result has."""
    ndim = len(x.shape) + extra
    try:
        place = int(axis.__index__())
    except AttributeError:
        raise ShapeError(f"{op} needs a whole number as axis, got {short(axis)}") from None
    if -ndim <= place < ndim:
        return place + ndim if place < 0 else place
    has = f"axes {-ndim} to {ndim - 1}" if ndim else "no axis"
    says = f"{op}: there is no axis {place}; a tensor of {len(x.shape)} axes has {has} here"
    name = name_of()
    call = INSTEAD.get(op, f".{op}(axis=-1)") if ndim else ".reshape(1)"
    repair = name + call if call and 0 not in x.shape else ""
    raise describe(AxisError, says, [(name, x)], repair)


def rows_of(op: str, x: Node, axis: Any) -> tuple[Node, int]:
    """x and an axis of it counted from 0; a single number is a row of one, as in PyTorch."""
    x = x if x.shape else x.reshape((1,))
    return x, one_axis(op, x, axis)


def needed_axis(op: str, x: Node, axis: int | None, form: str) -> int:
    """The axis given; without one that of a row. Of more axes NumPy takes all numbers in a row.

    form   what the call needs behind its argument; "" where the axis is the only one
    """
    if axis is not None or len(x.shape) < 2:
        return axis or 0
    says = f"{op} needs an axis here; without one NumPy counts through all numbers, in a row"
    raise describe(ShapeError, says, [(name_of(), x)], f"{name_of()}.{op}(0)")


def all_axes(op: str, x: Node, axis: Axes) -> tuple[int, ...]:
    """Axes counted from 0, in order; None is all of them, and 0 or -1 of a single number none."""
    if axis is None:
        return tuple(range(len(x.shape)))
    if not x.shape and axis in (0, -1):
        return ()
    if not isinstance(axis, tuple | list):
        return (one_axis(op, x, axis),)
    axes = sorted(one_axis(op, x, a) for a in axis)
    if len(set(axes)) < len(axes):
        raise describe(ShapeError, f"{op} got an axis twice: {tuple(axis)}", [("x", x)])
    return tuple(axes)


def check_keepdim(keepdim: Any) -> None:
    """Raise TypeError unless it is yes or no: x.sum(0, 1) means both axes."""
    if isinstance(keepdim, bool | np.bool_):
        return
    repair = "x.sum((0, 1))"
    match expression_at(user_origin(2)):
        case ast.Call(func=call, args=[first, second]):
            repair = f"{ast.unparse(call)}(({ast.unparse(first)}, {ast.unparse(second)}))"
    says = f"keepdim is True or False, got {short(keepdim)}; several axes are one argument"
    raise TypeError(f"{says}\nTry {repair}")
