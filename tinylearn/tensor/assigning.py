"""Putting numbers into a tensor: x.assign(v), x[key] = v, x += v.

Nodes never change; the tensor, a handle, gets another node. So the old numbers stay with what was
computed from them, and every gradient stays right. What is put in is recorded where it has a
gradient of its own:

    x[key] = v      where(is it in the key?, v laid out over x, x)
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.changes import Change, change
from tinylearn.devices.recorder import RECORDER
from tinylearn.errors import DTypeError, GradientError, ShapeError, describe
from tinylearn.graph.deferred import reached_leaves
from tinylearn.graph.dtype import bool_
from tinylearn.graph.lookup import GATHER, SCATTER
from tinylearn.graph.node import Node, Shape, apply, separate
from tinylearn.graph.primitives import DETACH, WHERE, buffer, const, copy
from tinylearn.repairs.statements import assignment_value, stored_under_a_name
from tinylearn.repairs.userline import name_of, update_asked
from tinylearn.tensor.data import upload
from tinylearn.tensor.indexing import Plan, planned
from tinylearn.tensor.operands import LIMITS, broadcast, common_shape, node_of
from tinylearn.tensor.pieces import key_text, of_a_whole, plain, refuse_key, whole_of
from tinylearn.tensor.state import State, alone, made, own, owner, recording

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

IN_PLACE = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor",
)  # fmt: skip
SET = "x[...] = value"


class Waiting(threading.local):
    """What is not computed yet, and is computed with whatever is next.

    tensors   those that were assigned to: running statistics, which nobody looks at in training
    borders   the nodes of those that were detached: the state of a recurrent network

    Else graphs of all earlier steps would pile up behind them. Each thread computes what it left
    waiting itself: another may be about to assign anew.
    """

    def __init__(self) -> None:
        self.tensors: list[weakref.ref[State]] = []
        self.borders: list[weakref.ref[Node]] = []


WAITING = Waiting()


# ---------------------------------------------------------------- all numbers


def assign_together(tensors: Sequence[State], values: Sequence[Any]) -> None:
    """Do what `assign` does to several tensors: to all, or in case of an error to none."""
    nodes = [assigned(t, value) for t, value in zip(tensors, values, strict=True)]
    WAITING.tensors += map(weakref.ref, tensors)
    own(tensors, nodes)


def assigned(tensor: State, value: Any) -> Node:
    """The leaf that a tensor gets with these numbers; see Tensor.assign."""
    x = value.node if isinstance(value, State) else node_of("assign", value, tensor.device)
    if isinstance(value, bool | int | float):
        x = broadcast(x, tensor.shape)
    if x.shape != tensor.shape:
        says = "assign needs the shape that is there"
        raise describe(ShapeError, says, [("self", tensor.node), ("new", x)])
    whole = whole_of(tensor)
    if whole is not None:
        raise of_a_whole(tensor, whole, None)
    if not tensor.is_leaf:
        says = "assign is for leaves; this tensor was computed, and gradients go through it"
        name, text = name_of(), assignment_value() or "value"
        repair = f"{name}[...] = {text}" if name.isidentifier() else f"{name}.detach()"
        raise describe(GradientError, says, [(name, tensor.node)], repair)
    return alone(copy(x, tensor.device).cast(tensor.dtype))


def in_place(name: str) -> Callable[[Tensor, Any], Any]:
    """The method behind `x += y`, for the operator of this name."""

    def method(self: Tensor, other: Any) -> Any:
        new = getattr(self, f"__{name}__")(other)
        return new if new is NotImplemented else updated(self, new)

    method.__name__ = f"__i{name}__"
    return method


def updated(tensor: Tensor, new: Tensor) -> Tensor:
    """What `w -= step` leaves in w: the same tensor with new numbers, as in NumPy and PyTorch.

    A leaf with a gradient stays a leaf inside no_grad(). While gradients are recorded it becomes a
    tensor that was computed; if it has a .grad already, that is a step of training for which
    no_grad() was forgotten, and refused. So is a part of a tensor that is still there.
    """
    whole = whole_of(tensor)
    if whole is not None:
        if stored_under_a_name():
            raise of_a_whole(tensor, whole, None)
        return new
    if tensor.shape != new.shape:
        return new
    if tensor._requires_grad and tensor.is_leaf:
        if not recording():
            assign_together([tensor], [new])
            return tensor
        if tensor.grad is not None:
            says = "w -= step would make of a leaf, which has a gradient, a tensor that was"
            says += " computed and never gets one again; inside no_grad() the leaf stays, with new"
            says += " numbers"
            name, repair = update_asked()
            raise describe(GradientError, says, [(name, tensor.node)], repair)
    become(tensor, new)
    return tensor


def become(tensor: Tensor, new: Tensor) -> None:
    """Let a tensor be what was computed; the gradient by its old numbers belongs to nobody."""
    old = tensor.node
    if (recorder := RECORDER.get()) is not None:
        recorder.change(tensor, new.node)
    changes: list[Change] = [(tensor, "node", new.node)]
    changes.append((tensor, "_requires_grad", new._requires_grad))
    if owner(old) is tensor:
        changes.append((old, "owner", None))
    change(changes)


# ---------------------------------------------------------------- some numbers


def put(tensor: Tensor, key: tuple, value: Any) -> None:
    """tensor[key] = value; see Tensor.__setitem__."""
    refuse_key(tensor, key)
    x = tensor.node
    plan = planned(x, key)
    new = value.node if isinstance(value, State) else value_node(value, x)
    shape = chosen_shape(plan)
    if not takes(shape, new.shape):
        raise misfit(x, shape, new, key)
    if recorded(tensor, value):
        write_graph(tensor, plan, key, new)
        return
    numbers, put_in = tensor.numpy(), made(new, False).numpy()
    with np.errstate(invalid="ignore"):
        numbers[plain(key)] = put_in
    if not tensor.is_leaf:  # inside no_grad(): what comes out of it is a constant
        become(tensor, made(buffer(upload(numbers, x.device)), False))
        return
    own([tensor], [alone(buffer(upload(numbers, x.device)))])
    WAITING.tensors.append(weakref.ref(tensor))


def value_node(value: Any, x: Node) -> Node:
    """The node of what is put into x; it must fit into its dtype."""
    number = value.item() if isinstance(value, np.generic) else value
    limit = LIMITS.get(x.dtype)
    if type(number) is int and limit is not None and not -limit <= number < limit:
        raise DTypeError(f"{number} does not fit into {x.dtype}")
    return node_of(SET, value, x.device)


def chosen_shape(plan: Plan) -> Shape:
    """The shape of x[key]."""
    picked = plan.arrays[0].shape if plan.arrays else ()
    return tuple(m for n in plan.shape for m in (picked if n is None else (n,)))


def takes(shape: Shape, given: Shape) -> bool:
    """Whether what has a shape can be put into places of another; axes of size 1 in front fall.

    >>> takes((2, 3), (3,)), takes((3,), (1, 1, 3)), takes((3,), (2, 3)), takes((1,), (2,))
    (True, True, False, False)
    """
    while len(given) > len(shape) and given[0] == 1:
        given = given[1:]
    return len(given) <= len(shape) and common_shape(shape, given) == shape


def misfit(x: Node, shape: Shape, new: Node, key: tuple) -> Exception:
    """The error for a value of a shape that does not go where it is to be put."""
    name, text = name_of(), assignment_value()
    says = f"{name}[...] = value: {shape} places for a value of shape {new.shape}"
    repair = ""
    if text and new.size and int(np.prod(shape)) == new.size:
        repair = f"{name}[{key_text(key)}] = {text}.reshape({', '.join(map(str, shape))})"
    return describe(ShapeError, says, [(name, x), ("value", new)], repair)


def recorded(tensor: State, value: Any) -> bool:
    """Whether a gradient has to go on through an assignment.

    Not from a leaf to its own old numbers: x[0] = x[0] * 2 makes a leaf of other numbers.
    """
    if not (recording() and tensor.dtype.is_float):
        return False
    if not tensor.is_leaf or tensor.node.op is WHERE:  # something has a gradient in there already
        return True
    if not (isinstance(value, State) and value._requires_grad):
        return False
    if not tensor._requires_grad:
        return True
    owners = (owner(node) for node in reached_leaves(value.node))
    return any(other is not None and other is not tensor for other in owners)


def write_graph(tensor: Tensor, plan: Plan, key: tuple, new: Node) -> None:
    """Give a tensor the node of its old numbers with new ones among them."""
    x = tensor.node
    new = copy(new, x.device).cast(x.dtype)
    inside, laid = (laid_by_places if plan.arrays else laid_by_moves)(x, plan, key, new)
    if tensor._requires_grad and tensor.is_leaf:
        inputs = inside, laid, old_numbers(x)
        mine = (x, "owner", None if x.op is WHERE else x.owner)
        own([tensor], [separate(WHERE, inputs)], mine)
        return
    become(tensor, made(WHERE(inside, laid, x), True))


def old_numbers(x: Node) -> Node:
    """A leaf's numbers without their owner: constants, but for what was put in with a gradient."""
    if x.op is not WHERE:
        return DETACH(x)
    same = apply(WHERE, x.inputs)
    same.buffer = x.buffer
    return same


def laid_by_moves(x: Node, plan: Plan, key: tuple, new: Node) -> tuple[Node, Node]:
    """(which places of x are meant, the new numbers in these places) for ints and slices."""
    shape = chosen_shape(plan)
    whole = broadcast(new.reshape(new.shape[max(0, len(new.shape) - len(shape)) :]), shape)
    return spread(const(True, shape, bool_, x.device), x, plan), spread(whole, x, plan)


def spread(y: Node, x: Node, plan: Plan) -> Node:
    """What has the shape of x[key], laid out over x with zeros around: cut_out backwards."""
    spans = [b - a for a, b in plan.bounds]
    counts = [-(-n // step) for n, step in zip(spans, plan.steps)]
    y = y.reshape(tuple(counts))
    if any(step > 1 for step in plan.steps):
        y = y.reshape(tuple(n for count in counts for n in (count, 1)))
        y = y.pad(tuple(w for step in plan.steps for w in ((0, 0), (0, step - 1))))
        y = y.reshape(tuple(count * step for count, step in zip(counts, plan.steps)))
        y = y.shrink(tuple((0, n) for n in spans))
    y = y.flip(tuple(plan.flips))
    return y.pad(tuple((a, n - b) for (a, b), n in zip(plan.bounds, x.shape)))


def laid_by_places(x: Node, plan: Plan, key: tuple, new: Node) -> tuple[Node, Node]:
    """The same for index tensors and masks."""
    places = np.arange(x.size).reshape(x.shape)[plain(key)]
    trailing = new.reshape(new.shape[max(0, len(new.shape) - places.ndim) :])
    return laid_at(x, places, broadcast(trailing, places.shape))


def laid_at(x: Node, places: np.ndarray, new: Node) -> tuple[Node, Node]:
    """(which places of x are meant, the new numbers there); of a place named twice the last stays.

    places   of the shape of new; they count through all of x
    """
    named = places.reshape(-1)
    inside = np.zeros(x.size, bool)
    inside[named] = True
    meant = buffer(upload(inside.reshape(x.shape), x.device))
    if not new.size:
        return meant, x
    new = new.reshape((new.size,))
    if np.count_nonzero(inside) < new.size:
        named, last = np.unique(named[::-1], return_index=True)
        new = GATHER(new, buffer(upload(new.size - 1 - last, x.device)))
    laid = SCATTER(new, buffer(upload(named, x.device)), arg=(x.size,))
    return meant, laid.reshape(x.shape)


def not_deleted(tensor: State, key: tuple) -> Exception:
    """The error for `del x[key]`."""
    name = name_of()
    says = f"a tensor keeps its shape {tensor.shape}: nothing can be deleted from it"
    rest = f"np.delete({name}.numpy(), {key_text(key)}, axis=0)"
    return TypeError(f"{says}\nTry {name} = Tensor({rest})")
