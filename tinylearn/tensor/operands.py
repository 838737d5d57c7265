"""Brings the operands of an operation to one shape, one dtype and one device.

Shapes broadcast as in NumPy, dtypes promote as in PyTorch (graph/dtype.py), devices must agree.
A Python number becomes a constant of the other operand's shape; a NumPy scalar (np.float32(2)) is
one, too. A tensor without axes lifts the kind of one with axes and not its size, as numbers do.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from tinylearn.errors import DeviceError, DTypeError, ShapeError, describe
from tinylearn.graph.dtype import (
    DEFAULT_FLOAT,
    PYTHON,
    DType,
    bool_,
    int32,
    int64,
    promote,
    promote_number,
)
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import CONST, buffer, const
from tinylearn.repairs.shapes import broadcast_repair
from tinylearn.repairs.userline import operand_names
from tinylearn.tensor.data import array_of, upload
from tinylearn.tensor.state import State

LIMITS = {int32: 1 << 31, int64: 1 << 63}


def pair(op: str, x: State, other: Any) -> tuple[Node, Node]:
    """The nodes of a tensor and of what is combined with it, ready for a primitive."""
    a = x.node
    if isinstance(other, State):
        b = other.node
        if a.shape == b.shape and a.dtype is b.dtype and a.device == b.device:
            return a, b
        return fitted(op, a, b)
    if is_number(other):
        dtype = number_dtype(a.dtype, other)
        a = a.cast(dtype)
        return a, const(other, a.shape, dtype, a.device)
    return fitted(op, a, node_of(op, other, a.device))


def is_number(value: Any) -> bool:
    """Whether a value is a number of Python or NumPy, which has no size of its own."""
    return type(value) in PYTHON or isinstance(value, np.generic)


def plain(number: Any) -> Any:
    """A number of NumPy, or in a tensor without axes, as Python's; anything else as it is."""
    single = isinstance(number, np.generic | np.ndarray | State) and number.shape == ()
    return number.item() if single else number


def meeting(*nodes: Node) -> DType:
    """The dtype in which nodes meet: those without axes only lift the kind of those with axes."""
    with_axes = [n.dtype for n in nodes if n.shape]
    single = [n.dtype for n in nodes if not n.shape]
    if not (with_axes and single):
        return promote(*with_axes, *single)
    first, other = promote(*with_axes), promote(*single)
    return first if first.kind >= other.kind else other


def node_of(op: str, data: Any, device: str) -> Node:
    """The node of an operand that is an array or a list: a constant, no leaf."""
    if isinstance(data, str | bytes | dict | set) or data is None:
        raise DTypeError(f"{op} needs a tensor, an array or a number, got {data!r}")
    return buffer(upload(array_of(data), device))


def number_dtype(tensor: DType, number: Any) -> DType:
    """The dtype of a tensor combined with a number that must fit into it."""
    if isinstance(number, np.generic):
        number = number.item()
    if type(number) not in PYTHON:
        raise DTypeError(f"tinylearn has no dtype for the number {number!r}")
    dtype = promote_number(tensor, number)
    if dtype.kind == 1 and not -LIMITS[dtype] <= number < LIMITS[dtype]:
        raise DTypeError(f"{number} does not fit into {dtype}")
    return dtype


def fitted(op: str, a: Node, b: Node) -> tuple[Node, Node]:
    """Two nodes, broadcast and cast to each other."""
    if a.device != b.device:
        raise different_devices(op, a, b)
    if a.dtype is not b.dtype:
        dtype = meeting(a, b)
        a, b = a.cast(dtype), b.cast(dtype)
    if a.shape != b.shape:
        shape = common_shape(a.shape, b.shape)
        if shape is None:
            raise misfit(op, a, b)
        a, b = broadcast(a, shape), broadcast(b, shape)
    return a, b


def choices(condition: Node, x: Any, y: Any) -> tuple[Node, Node, Node]:
    """A condition and what it chooses between, ready for WHERE."""
    if isinstance(x, State):
        a, b = pair("where", x, y)
    elif isinstance(y, State):
        b, a = pair("where", y, x)
    else:
        a, b = chosen(condition, x, y)
    if a.shape == b.shape == condition.shape and a.device == condition.device:
        return condition, a, b
    for node in (a, b):
        if node.device != condition.device:
            raise different_devices("where", condition, node)
    shape: Shape | None = condition.shape
    for node in (a, b):
        both = common_shape(shape or (), node.shape)
        if both is None:
            raise misfit("where", condition, node)
        shape = both
    assert shape is not None, "checked above"
    return broadcast(condition, shape), broadcast(a, shape), broadcast(b, shape)


def chosen(condition: Node, x: Any, y: Any) -> tuple[Node, Node]:
    """What a condition chooses between, when neither is a tensor."""
    numbers = [value for value in (x, y) if is_number(value)]
    arrays = [
        None if is_number(value) else node_of("where", value, condition.device) for value in (x, y)
    ]
    nodes = [node for node in arrays if node is not None]
    kinds = [number_dtype(bool_, number) for number in numbers]
    dtype = meeting(*nodes) if nodes else promote(*kinds)
    for number in numbers:
        dtype = number_dtype(dtype, number)
    a, b = (
        const(value, condition.shape, dtype, condition.device) if node is None else node.cast(dtype)
        for value, node in zip((x, y), arrays)
    )
    return a, b


def floating(x: Node) -> Node:
    """x as floats: float32 if it is not float already."""
    if x.dtype.is_float:
        return x
    if x.op is CONST:
        return const(x.arg, x.shape, DEFAULT_FLOAT, x.device)
    return x.cast(DEFAULT_FLOAT)


@lru_cache(maxsize=4096)
def common_shape(a: Shape, b: Shape) -> Shape | None:
    """The shape to which two shapes broadcast, or None.

    >>> common_shape((64, 1), (10,)), common_shape((2, 3), (2,))
    ((64, 10), None)
    """
    if len(a) < len(b):
        a, b = b, a
    shape = list(a)
    for k in range(1, len(b) + 1):
        if a[-k] != b[-k] and 1 not in (a[-k], b[-k]):
            return None
        shape[-k] = b[-k] if a[-k] == 1 else a[-k]
    return tuple(shape)


def broadcast(x: Node, shape: Shape) -> Node:
    """x repeated to a shape that it broadcasts to."""
    if x.shape == shape:
        return x
    missing = len(shape) - len(x.shape)
    if missing:
        x = x.reshape((1,) * missing + x.shape)
    return x.expand(shape)


def misfit(op: str, a: Node, b: Node) -> Exception:
    """The error for shapes that do not broadcast, with a repair in the user's own names."""
    x, y, symbol = operand_names(op)
    form = f"{{}} {symbol} {{}}" if symbol else f"{{}}.{op}({{}})"
    repair = "" if op == "where" else broadcast_repair(x, y, form, a.shape, b.shape)
    says = f"{op}: shapes {a.shape} and {b.shape} do not go together"
    return describe(ShapeError, says, [(x, a), (y, b)], repair)


def different_devices(op: str, a: Node, b: Node) -> Exception:
    """The error for operands in different memories."""
    x, y, _ = operand_names(op)
    says = f"{op} needs its operands on one device: {x} is on {a.device}, {y} on {b.device}"
    return describe(DeviceError, says, [(x, a), (y, b)], f"{y}.to({a.device!r})")
