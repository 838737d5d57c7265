"""What the primitives' declarations are made of: shapes, dtypes and index arithmetic of each op.

Shape and dtype rules raise on the user's own line, before anything runs. Index rules say which
number of the input a move reads for a given index of its output; they use + - * // % alone, so
they work on integers and on the loop variables of a kernel.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.errors import DeviceError, DTypeError, ShapeError, describe
from tinylearn.graph.dtype import DType, bool_
from tinylearn.graph.node import Node, Shape

if TYPE_CHECKING:
    from tinylearn.graph.primitives import Primitive

NAMES = "xyz"


def refuse(op: Primitive, inputs: tuple, says: str, repair: str = "") -> Exception:
    """The ShapeError of an op: what it needs, its operands, a repair."""
    return describe(ShapeError, f"{op.name} {says}", zip(NAMES, inputs, strict=False), repair)


# ---------------------------------------------------------------- devices and dtypes


def same_device(op: Primitive, inputs: tuple[Node, ...], arg: Any) -> str:
    """The one device on which all operands must be."""
    if len({x.device for x in inputs}) > 1:
        where = " and ".join(f"{n} on {x.device}" for n, x in zip(NAMES, inputs, strict=False))
        says = f"{op.name} needs its operands on one device, got {where}"
        raise describe(
            DeviceError, says, zip(NAMES, inputs, strict=False), f"y.to({inputs[0].device!r})"
        )
    return inputs[0].device


def arg_device(op: Primitive, inputs: tuple[Node, ...], arg: str) -> str:
    """The device that was asked for."""
    return arg


def equal_dtypes(op: Primitive, inputs: tuple[Node, ...], arg: Any) -> DType:
    """All operands have one dtype, which is the result's."""
    if len({x.dtype for x in inputs}) > 1:
        raise DTypeError(f"{op.name} needs equal dtypes, got {[x.dtype for x in inputs]}")
    return inputs[0].dtype


def float_dtype(op: Primitive, inputs: tuple[Node, ...], arg: Any) -> DType:
    """Only floats, and floats come out."""
    if not inputs[0].dtype.is_float:
        raise DTypeError(f"{op.name} needs floats, got {inputs[0].dtype}; cast to float32 first")
    return inputs[0].dtype


def bool_dtype(op: Primitive, inputs: tuple[Node, ...], arg: Any) -> DType:
    """Equal dtypes in, an answer yes or no out."""
    equal_dtypes(op, inputs, arg)
    return bool_


def where_dtype(op: Primitive, inputs: tuple[Node, ...], arg: Any) -> DType:
    """A bool chooses between two numbers of one dtype."""
    if inputs[0].dtype is not bool_:
        raise DTypeError(f"where needs a bool condition, got {inputs[0].dtype}")
    return equal_dtypes(op, inputs[1:], arg)


def arg_dtype(op: Primitive, inputs: tuple[Node, ...], arg: DType) -> DType:
    """The dtype that was asked for."""
    return arg


# ---------------------------------------------------------------- shapes


def equal_shapes(op: Primitive, inputs: tuple[Node, ...], arg: Any) -> Shape:
    """Number by number: all shapes are equal."""
    if len({x.shape for x in inputs}) > 1:
        raise refuse(op, inputs, "needs equal shapes", "x.expand(shape) on the smaller one")
    return inputs[0].shape


def same_shape(op: Primitive, inputs: tuple[Node, ...], arg: Any) -> Shape:
    """The input's shape."""
    return inputs[0].shape


def reduced_shape(op: Primitive, inputs: tuple[Node, ...], axes: tuple[int, ...]) -> Shape:
    """The reduced axes keep their place with size 1."""
    shape = inputs[0].shape
    if any(not 0 <= a < len(shape) for a in axes) or list(axes) != sorted(set(axes)):
        raise refuse(op, inputs, f"needs different axes in 0..{len(shape) - 1}, got {axes}")
    return tuple(1 if a in axes else n for a, n in enumerate(shape))


def max_shape(op: Primitive, inputs: tuple[Node, ...], axes: tuple[int, ...]) -> Shape:
    """As a sum's, but the maximum of nothing does not exist."""
    shape = reduced_shape(op, inputs, axes)
    if any(inputs[0].shape[a] == 0 for a in axes):
        raise refuse(op, inputs, f"of no numbers does not exist (axis {axes} has size 0)")
    return shape


def reshaped(op: Primitive, inputs: tuple[Node, ...], shape: Shape) -> Shape:
    """As many numbers as before."""
    if math.prod(shape) != inputs[0].size:
        have, want = inputs[0].size, math.prod(shape)
        raise refuse(op, inputs, f"to {shape} needs {want} numbers, there are {have}")
    return shape


def permuted(op: Primitive, inputs: tuple[Node, ...], order: tuple[int, ...]) -> Shape:
    """Each axis once."""
    shape = inputs[0].shape
    if sorted(order) != list(range(len(shape))):
        raise refuse(op, inputs, f"needs each axis of 0..{len(shape) - 1} once, got {order}")
    return tuple(shape[a] for a in order)


def expanded(op: Primitive, inputs: tuple[Node, ...], shape: Shape) -> Shape:
    """Only axes of size 1 can be repeated."""
    have = inputs[0].shape
    if len(have) != len(shape) or any(h not in (1, w) for h, w in zip(have, shape, strict=True)):
        raise refuse(op, inputs, f"to {shape} can only repeat axes of size 1")
    return shape


def padded(op: Primitive, inputs: tuple[Node, ...], widths: tuple) -> Shape:
    """(before, after) zeros for each axis."""
    shape = inputs[0].shape
    if len(widths) != len(shape) or any(b < 0 or a < 0 for b, a in widths):
        raise refuse(op, inputs, f"needs (before, after) >= 0 for each axis, got {widths}")
    return tuple(b + n + a for n, (b, a) in zip(shape, widths, strict=True))


def shrunk(op: Primitive, inputs: tuple[Node, ...], bounds: tuple) -> Shape:
    """(start, stop) for each axis, inside it."""
    shape = inputs[0].shape
    if len(bounds) != len(shape) or any(
        not 0 <= a <= b <= n for n, (a, b) in zip(shape, bounds, strict=True)
    ):
        raise refuse(op, inputs, f"needs 0 <= start <= stop <= size for each axis, got {bounds}")
    return tuple(b - a for a, b in bounds)


def joined(op: Primitive, inputs: tuple[Node, ...], axis: int) -> Shape:
    """The sizes along the axis added up; along the others they are equal."""
    first = inputs[0].shape
    rest = {x.shape[:axis] + x.shape[axis + 1 :] for x in inputs}
    if not 0 <= axis < len(first) or len(rest) > 1:
        raise refuse(op, inputs, f"along axis {axis} needs equal sizes along the other axes")
    return first[:axis] + (sum(x.shape[axis] for x in inputs),) + first[axis + 1 :]


def flipped(op: Primitive, inputs: tuple[Node, ...], axes: tuple[int, ...]) -> Shape:
    """The input's shape, if it has the axes."""
    reduced_shape(op, inputs, axes)
    return inputs[0].shape


def border(x: Node, arg: None) -> tuple:
    """The structure of what is detached: nobody looks at what it is made of."""
    return (border, x.shape, x.dtype, x.device)


def sizes_alone(x: Node, bounds: tuple) -> tuple:
    """The structure of a shrink: how much it keeps, and not where that begins.

    Bounds that do not fit are told apart, for they have no shape.
    """
    fits = len(bounds) == len(x.shape)
    fits = fits and all(0 <= a <= b <= n for n, (a, b) in zip(x.shape, bounds, strict=True))
    return (sizes_alone, fits, tuple(b - a for a, b in bounds), x.structure)


def sum_alone(x: Node, widths: tuple) -> tuple:
    """The structure of a pad: how large it becomes, and not where x stands in it."""
    fits = len(widths) == len(x.shape) and all(b >= 0 and a >= 0 for b, a in widths)
    return (sum_alone, fits, tuple(b + a for b, a in widths), x.structure)


def sliced(op: Primitive, inputs: tuple[Node, ...], sizes: Shape) -> Shape:
    """The sizes of the part; a start for each axis."""
    x, *starts = inputs
    fits = len(starts) == len(sizes) == len(x.shape) and all(s.shape == () for s in starts)
    if not fits or any(n > have for n, have in zip(sizes, x.shape, strict=True)):
        raise refuse(op, inputs, f"needs a start for each axis and sizes inside, got {sizes}")
    return sizes


def placed(op: Primitive, inputs: tuple[Node, ...], shape: Shape) -> Shape:
    """The shape of all; a start for each axis."""
    x, *starts = inputs
    fits = len(starts) == len(shape) == len(x.shape) and all(s.shape == () for s in starts)
    if not fits or any(n > room for n, room in zip(x.shape, shape, strict=True)):
        raise refuse(op, inputs, f"needs a start for each axis and room for x, got {shape}")
    return shape


def first_dtype(op: Primitive, inputs: tuple[Node, ...], arg: Any) -> DType:
    """That of the numbers; starts are ints."""
    return inputs[0].dtype


def expanded_axes(node: Node) -> tuple[int, ...]:
    """The axes along which an expand repeats."""
    pairs = zip(node.inputs[0].shape, node.shape, strict=True)
    return tuple(a for a, (have, want) in enumerate(pairs) if have != want)


def bounds_of_parts(node: Node) -> list[tuple]:
    """Where in a cat each of its inputs stands, as the bounds of a shrink."""
    found, start = [], 0
    for x in node.inputs:
        bounds = [(0, n) for n in x.shape]
        bounds[node.arg] = (start, start + x.shape[node.arg])
        start += x.shape[node.arg]
        found.append(tuple(bounds))
    return found


def inverse_order(order: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that undoes `order`.

    >>> inverse_order((2, 0, 1))
    (1, 2, 0)
    """
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def whole(x: Node, bounds: tuple) -> bool:
    """Whether bounds keep every axis whole."""
    return bounds == tuple((0, n) for n in x.shape)


# ---------------------------------------------------------------- NumPy meanings


def numpy_pad(x: np.ndarray, widths: tuple) -> np.ndarray:
    """x with zeros around it."""
    shape = tuple(b + n + a for n, (b, a) in zip(x.shape, widths, strict=True))
    result = np.zeros(shape, x.dtype)
    result[tuple(slice(b, b + n) for n, (b, _) in zip(x.shape, widths, strict=True))] = x
    return result


def numpy_shrink(x: np.ndarray, bounds: tuple) -> np.ndarray:
    """A view of the part of x inside the bounds."""
    return x[tuple(slice(a, b) for a, b in bounds)]


def numpy_dynamic_slice(x: np.ndarray, *more: Any) -> np.ndarray:
    """The part of x; more: where it begins along each axis, then its sizes."""
    *starts, sizes = more
    return x[tuple(slice(int(s), int(s) + n) for s, n in zip(starts, sizes, strict=True))]


def numpy_dynamic_pad(x: np.ndarray, *more: Any) -> np.ndarray:
    """Zeros around x; more: where it begins along each axis, then the shape of all."""
    *starts, shape = more
    result = np.zeros(shape, x.dtype)
    result[tuple(slice(int(s), int(s) + n) for s, n in zip(starts, x.shape, strict=True))] = x
    return result


# ---------------------------------------------------------------- index arithmetic


def index_before_reshape(index: tuple, node: Node) -> tuple:
    """Count the numbers before this one, then find that place under the input's shape.

    Axes that a reshape leaves alone, or only splits among themselves, are counted by themselves.
    """
    found: list = []
    for after, before in reshape_groups(node.shape, node.inputs[0].shape):
        place: Any = 0
        for a in after:
            place = place * node.shape[a] + index[a]
        sizes = [node.inputs[0].shape[b] for b in before]
        inside = []
        for n in reversed(sizes):
            inside.append(place % n if n > 1 else 0)
            place = place // n if n > 1 else place
        found += reversed(inside)
    return tuple(found)


def reshape_groups(new: Shape, old: Shape) -> list[tuple[range, range]]:
    """The axes of two shapes of one size, in the smallest groups that hold equally many numbers.

    >>> [(list(a), list(b)) for a, b in reshape_groups((2, 3, 20), (6, 4, 5))]
    [([0, 1], [0]), ([2], [1, 2])]
    """
    if 0 in new:
        return [(range(len(new)), range(len(old)))]
    groups = []
    a = b = 0
    while a < len(new) or b < len(old):
        first, start = a, b
        left, right = 1, 1
        while a < len(new) or b < len(old):
            if left <= right and a < len(new):
                left, a = left * new[a], a + 1
            else:
                right, b = right * old[b], b + 1
            if left == right:
                break
        groups.append((range(first, a), range(start, b)))
    return groups


def index_permuted(index: tuple, node: Node) -> tuple:
    """Axis k of the output is axis arg[k] of the input."""
    return tuple(index[k] for k in inverse_order(node.arg))


def index_expanded(index: tuple, node: Node) -> tuple:
    """Every copy reads the same number."""
    return tuple(0 if n == 1 else i for i, n in zip(index, node.inputs[0].shape, strict=True))


def index_padded(index: tuple, node: Node) -> tuple:
    """The zeros before it are skipped; what falls outside is a zero, not a read."""
    return tuple(i - before for i, (before, _) in zip(index, node.arg, strict=True))


def index_shrunk(index: tuple, node: Node) -> tuple:
    """The part begins at start."""
    return tuple(i + start for i, (start, _) in zip(index, node.arg, strict=True))


def index_flipped(index: tuple, node: Node) -> tuple:
    """The last comes first."""
    return tuple(
        n - 1 - i if a in node.arg else i
        for a, (i, n) in enumerate(zip(index, node.shape, strict=True))
    )
