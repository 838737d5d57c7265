"""Joining tensors: cat and stack, and what is made of them.

All take the tensors one by one or in one list: x.cat(y, axis=1), Tensor.cat([x, y], axis=1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tinylearn.errors import DTypeError, OptionError, ShapeError, describe
from tinylearn.graph.dtype import promote
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import CAT
from tinylearn.repairs.shapes import cat_repair, stack_repair
from tinylearn.repairs.userline import argument_names
from tinylearn.tensor.axes import one_axis
from tinylearn.tensor.moves import without
from tinylearn.tensor.operands import broadcast, common_shape, different_devices
from tinylearn.tensor.state import State, made, piece

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

MANY = 8  # parts: more are copied side by side, and not added up with zeros in the others' places


class Joining(State):
    """Several tensors as one."""

    __slots__ = ()

    def cat(*tensors: Any, axis: int = 0) -> Tensor:
        """Tensors one behind the other along an axis they have.

        x.cat(y, z, axis=0) or Tensor.cat([x, y, z], axis=0). PyTorch: cat; NumPy: concatenate
        """
        parts, axis = gathered("cat", tensors, axis)
        return joined_tensors("cat", parts, axis)

    def stack(*tensors: Any, axis: int = 0) -> Tensor:
        """Tensors of equal shape along a new axis.

        x.stack(y, z, axis=0) or Tensor.stack([x, y, z], axis=0). NumPy, PyTorch: stack
        """
        parts, axis = gathered("stack", tensors, axis)
        nodes = same_kind("stack", parts)
        a = one_axis("stack", nodes[0], axis, extra=1)
        for k, x in enumerate(nodes):
            if x.shape != nodes[0].shape:
                one, other = argument_names(len(nodes), k)
                repair = stack_repair(one, other, nodes[0].shape, x.shape)
                operands = [(one, nodes[0]), (other, x)]
                raise describe(ShapeError, "stack needs equal shapes", operands, repair)
        deeper = [x.reshape(x.shape[:a] + (1,) + x.shape[a:]) for x in nodes]
        return made(joined(deeper, a), any(t._requires_grad for t in parts))

    def hstack(*tensors: Any) -> Tensor:
        """Tensors side by side: joined along the second axis, of rows the first. PyTorch: hstack"""
        parts = [deepened(x, 1) for x in given("hstack", tensors)]
        return joined_tensors("hstack", parts, min(parts[0].ndim - 1, 1))

    def vstack(*tensors: Any) -> Tensor:
        """Tensors one below the other; a row counts as a matrix of one. NumPy, PyTorch: vstack"""
        return joined_tensors("vstack", [deepened(x, 2) for x in given("vstack", tensors)], 0)

    def dstack(*tensors: Any) -> Tensor:
        """Tensors joined along the third axis. NumPy, PyTorch: dstack"""
        return joined_tensors("dstack", [deepened(x, 3) for x in given("dstack", tensors)], 2)

    def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
        """The tensors repeated to their common shape. PyTorch: broadcast_tensors; NumPy: _arrays"""
        parts = given("broadcast_tensors", tensors)
        shape = parts[0].shape
        for k, x in enumerate(parts):
            both = common_shape(shape, x.shape)
            if both is None:
                one, other = argument_names(len(parts), k)
                says = f"broadcast_tensors: shapes {shape} and {x.shape} do not go together"
                raise describe(ShapeError, says, [(one, parts[0].node), (other, x.node)])
            shape = both
        return tuple(piece(broadcast(x.node, shape), x) for x in parts)

    def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
        """Rows of numbers as grids: each repeated along the others' axes. PyTorch: meshgrid

        indexing   "ij": one axis for each row, in order; "xy": the first two exchanged, as NumPy's
        """
        parts = given("meshgrid", tensors)
        if indexing not in ("ij", "xy"):
            says = f"meshgrid: indexing is 'ij' or 'xy', not {indexing!r}"
            raise OptionError(f"{says}\nTry Tensor.meshgrid(x, y, indexing='ij')")
        shape = tuple(x.node.size for x in parts)
        grids = []
        for k, x in enumerate(parts):
            if x.ndim > 1:
                says = f"meshgrid is made of rows, and a tensor of {x.ndim} axes is given"
                names = [argument_names(len(parts), j)[1] for j in range(len(parts))]
                rows = [n if t.ndim < 2 else f"{n}.flatten()" for n, t in zip(names, parts)]
                repair = f"Tensor.meshgrid({', '.join(rows)})"
                raise describe(ShapeError, says, [(names[k], x.node)], repair)
            flat = tuple(n if a == k else 1 for a, n in enumerate(shape))
            grid = x.node.reshape(flat).expand(shape)
            if indexing == "xy" and len(parts) > 1:
                grid = grid.permute((1, 0, *range(2, len(parts))))
            grids.append(piece(grid, x))
        return tuple(grids)

    def block_diag(*tensors: Any) -> Tensor:
        """Matrices along the diagonal of a larger one, with zeros elsewhere. PyTorch: block_diag"""
        parts = [deepened(x, 2) for x in given("block_diag", tensors)]
        width = sum(x.shape[1] for x in parts)
        rows, before = [], 0
        for x, node in zip(parts, same_kind("block_diag", parts)):
            n = x.shape[1]
            rows.append(made(node.pad(((0, 0), (before, width - before - n))), x._requires_grad))
            before += n
        return joined_tensors("block_diag", rows, 0)

    def atleast_1d(*tensors: Any) -> Any:
        """A tensor, or each of several, with at least one axis. NumPy, PyTorch: atleast_1d"""
        return of_one_or_more(tensors, 1)

    def atleast_2d(*tensors: Any) -> Any:
        """A tensor, or each of several, with at least two axes. NumPy, PyTorch: atleast_2d"""
        return of_one_or_more(tensors, 2)

    def atleast_3d(*tensors: Any) -> Any:
        """A tensor, or each of several, with at least three axes. NumPy, PyTorch: atleast_3d"""
        return of_one_or_more(tensors, 3)


# ---------------------------------------------------------------- of tensors


def given(op: str, tensors: tuple) -> list[Tensor]:
    """The tensors of x.op(y) and Tensor.op([x, y])."""
    parts: list[Any] = gathered(op, tensors, 0)[0]
    return parts


def deepened(x: Tensor, ndim: int) -> Tensor:
    """x with at least so many axes, new ones of size 1 where NumPy puts them."""
    shape = x.shape
    if len(shape) >= ndim:
        return x
    if ndim == 3:
        shape = (1, *shape, 1) if len(shape) == 1 else (*shape, 1) if shape else (1, 1, 1)
    else:
        shape = (1,) * (ndim - len(shape)) + shape
    return piece(x.node.reshape(shape), x)


def of_one_or_more(tensors: tuple, ndim: int) -> Any:
    """One tensor with at least so many axes; of several a tuple."""
    if len(tensors) == 1 and isinstance(tensors[0], State):
        return deepened(tensors[0], ndim)  # type: ignore[arg-type]
    return tuple(deepened(x, ndim) for x in given(f"atleast_{ndim}d", tensors))


def joined_tensors(op: str, parts: Sequence[State], axis: int) -> Tensor:
    """Tensors one behind the other along an axis they have."""
    nodes = same_kind(op, parts)
    first = nodes[0].shape
    a = one_axis(op, nodes[0], axis)
    for k, x in enumerate(nodes):
        if len(x.shape) != len(first) or without(x.shape, a) != without(first, a):
            says = f"{op} along axis {a} needs shapes that are equal along the other axes"
            one, other = argument_names(len(nodes), k)
            repair = cat_repair(one, other, first, x.shape, a) if op == "cat" else ""
            raise describe(ShapeError, says, [(one, nodes[0]), (other, x)], repair)
    return made(joined(nodes, a), any(t._requires_grad for t in parts))


# ---------------------------------------------------------------- on nodes


def joined(nodes: Sequence[Node], axis: int) -> Node:
    """Nodes one behind the other: each with zeros in the others' places, added up.

    That fuses with what comes before and after, and costs as many additions for each number as
    there are parts. Many parts are copied.
    """
    if len(nodes) > MANY:
        return CAT(*nodes, arg=axis)
    total = sum(x.shape[axis] for x in nodes)
    widths = [(0, 0)] * len(nodes[0].shape)
    before = 0
    padded = []
    for x in nodes:
        size = x.shape[axis]
        widths[axis] = (before, total - before - size)
        padded.append(x.pad(tuple(widths)))
        before += size
    while len(padded) > 1:  # in pairs: a chain of 1,000 additions would be slow and inexact
        pairs = zip(padded[::2], padded[1::2])
        padded = [x + y for x, y in pairs] + padded[len(padded) // 2 * 2 :]
    return padded[0]


def gathered(op: str, tensors: tuple, axis: int) -> tuple[list[State], int]:
    """The tensors of x.cat(y), Tensor.cat([x, y]) and Tensor.cat([x, y], 1), and the axis."""
    if len(tensors) > 1 and isinstance(tensors[-1], int):
        *tensors, axis = tensors  # type: ignore[assignment]
    parts: list[Any] = []
    for t in tensors:
        parts += t if isinstance(t, list | tuple) else [t]
    if not parts or not all(isinstance(t, State) for t in parts):
        kinds = ", ".join(type(t).__name__ for t in parts) or "nothing"
        raise DTypeError(f"{op} needs at least one tensor and tensors only, got {kinds}")
    return parts, axis


def same_kind(op: str, tensors: Sequence[State]) -> list[Node]:
    """The tensors' nodes with one dtype; they must be on one device."""
    nodes = [t.node for t in tensors]
    for x in nodes[1:]:
        if x.device != nodes[0].device:
            raise different_devices(op, nodes[0], x)
    dtype = promote(*[x.dtype for x in nodes])
    return [x.cast(dtype) for x in nodes]
