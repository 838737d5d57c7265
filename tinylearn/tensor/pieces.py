"""Parts of tensors: assigning into one is refused, for the whole would never know.

In NumPy and PyTorch x[0] and x.T look into the memory of x, so `x[0][1] = 5` and `row += 1` change
x. Here every tensor has numbers of its own: the same lines would change what nobody looks at. They
are refused as long as the tensor is there of which the part was taken; what to write instead is
found by following the places of x through all that was done to them.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.node import Node, Shape
from tinylearn.graph.primitives import DETACH
from tinylearn.repairs.statements import (
    kept_nowhere,
    statement,
    stored_into,
    variable,
    written,
)
from tinylearn.tensor.state import State, owner

LARGEST = 1 << 22  # places that are followed for a repair


def whole_of(tensor: State) -> State | None:
    """The tensor of which this one is a part, if it is still there."""
    return None if tensor.whole is None else tensor.whole()


def refuse_key(tensor: State, key: tuple) -> None:
    """Raise ShapeError where `tensor[key] = value` would be seen by nobody, or not by the whole."""
    whole = whole_of(tensor)
    if whole is not None:
        raise of_a_whole(tensor, whole, key)
    given = owner(tensor.node) is tensor
    found = None if given else kept_nowhere(lambda value: isinstance(value, State))
    if found is not None:
        text = ast.unparse(found)
        says = f"{text} is a tensor that is kept nowhere: what is assigned into it would be lost"
        rest = written(f"new[{key_text(key)}]")
        raise describe(ShapeError, says, [(text, tensor.node)], f"new = {text}; {rest}")


def of_a_whole(tensor: State, whole: State, key: tuple | None) -> Exception:
    """The error for a part; key: what is assigned to in it, None for all of it."""
    name = variable(whole, "")
    match statement():
        case ast.Assign(targets=[ast.Subscript(value=part)]):
            called = ast.unparse(part)
        case ast.AugAssign(target=ast.Subscript(value=part)) | ast.AugAssign(target=part):
            called = ast.unparse(part)
        case _:
            called = "part"
    says = f"{called} was taken from {name or 'a tensor'}, and has numbers of its own: what is"
    says += f" assigned here would not reach {name or 'it'}"
    place = place_in(tensor, whole, key or ())
    repair = ""
    if name and place is not None:
        repair = written(f"{name}[{place}]")
    if not repair:
        repair = f"{called} = {called}.clone()"
    if key is None or stored_into() is None or called.isidentifier():
        says += f"; for a tensor beside it write {called} = {called}.clone() before"
    return describe(ShapeError, says, [(called, tensor.node), (name or "of", whole.node)], repair)


# ---------------------------------------------------------------- following places


def place_in(tensor: State, whole: State, key: tuple) -> str | None:
    """The text of the key with which the whole has just the places that `tensor[key]` has."""
    places = followed(tensor.node, whole.node)
    if places is None:
        return None
    try:
        wanted = places[plain(key)]
    except IndexError:
        return None
    every = np.arange(whole.node.size).reshape(whole.node.shape)
    if not wanted.size:
        return None
    found = basic_key(wanted, whole.node.shape)
    if found is not None and np.array_equal(every[found], wanted):
        return key_text(found)
    return None


def followed(node: Node, whole: Node) -> np.ndarray | None:
    """Where each number of a node stands in the whole, or None where that cannot be said."""
    chain = []
    while node is not whole and (node.op.kind == "move" or node.op is DETACH) and node.inputs:
        chain.append(node)
        node = node.inputs[0]
    if node.shape != whole.shape or node.size > LARGEST:
        return None
    places = np.arange(node.size).reshape(node.shape)
    for move in reversed(chain):
        if move.op is not DETACH:
            places = move.op.numpy(places, move.arg)
    return places


def basic_key(places: np.ndarray, shape: Shape) -> tuple | None:
    """Ints and slices that may pick these places of a shape; whether they do is to be tried.

    >>> basic_key(np.array([1, 3, 5]), (2, 4)), basic_key(np.array([[4], [0]]), (2, 4))
    (None, (slice(None, None, -1), slice(0, 1, None)))
    >>> basic_key(np.array([1, 3]), (2, 4))
    (0, slice(1, None, 2))
    """
    entries: list[Any] = []
    axis = 0
    for coordinate, size in zip(np.unravel_index(places, shape), shape):
        first = coordinate.flat[0]
        if axis < places.ndim and places.shape[axis] == 1 and (coordinate == first).all():
            entries.append(slice(int(first), int(first) + 1))
            axis += 1
        elif (coordinate == first).all():
            entries.append(int(first))
        elif axis < places.ndim and places.shape[axis] > 1:
            line = np.moveaxis(coordinate, axis, 0).reshape(places.shape[axis], -1)[:, 0]
            entries.append(span(line, size))
            axis += 1
        else:
            return None
    if any(entry is None for entry in entries):
        return None
    while entries and entries[-1] == slice(None):
        entries.pop()
    return tuple(entries) or (...,)


def span(line: np.ndarray, size: int) -> slice | None:
    """The slice that gives places with equal steps, or None."""
    step = int(line[1] - line[0])
    if not step or (np.diff(line) != step).any():
        return None
    first, last = int(line[0]), int(line[-1]) + step
    start = None if first == (0 if step > 0 else size - 1) else first
    stop = None if last >= size or last < 0 else last
    return slice(start, stop, None if step == 1 else step)


def plain(key: tuple) -> tuple:
    """A key as NumPy takes it: its tensors as arrays."""
    return tuple(k.numpy() if isinstance(k, State) else k for k in key)  # type: ignore[attr-defined]


def key_text(key: tuple) -> str:
    """A key as it is written between brackets.

    >>> key_text((0, slice(1, None), ...)), key_text((slice(None, None, -1),))
    ('0, 1:, ...', '::-1')
    """
    return ", ".join(map(entry_text, key))


def entry_text(entry: Any) -> str:
    """One entry of a key as it is written."""
    if entry is ...:
        return "..."
    if not isinstance(entry, slice):
        return repr(entry.tolist() if hasattr(entry, "tolist") else entry)
    start, stop, step = ("" if n is None else str(n) for n in (entry.start, entry.stop, entry.step))
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
