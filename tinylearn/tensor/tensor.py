"""Tensor: numbers you compute with. A thin handle on a node of a lazy graph.

Methods build nodes and run nothing; `numpy`, `item`, `tolist`, `realize`, `float(x)` and showing
numbers compute. The methods stand in the files this class is built from; see state.py.
"""

from __future__ import annotations

import ast
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from tinylearn.changes import run_once
from tinylearn.devices.device import Device
from tinylearn.errors import DTypeError, GradientError, ShapeError, describe
from tinylearn.graph.dtype import ALIASES, ALL, DType
from tinylearn.graph.dtype import dtype as dtype_of
from tinylearn.graph.node import Node, forget_inputs
from tinylearn.graph.primitives import DETACH, buffer, copy
from tinylearn.realize import realize
from tinylearn.tensor.backward import numbers_alone
from tinylearn.tensor.copying import Copying
from tinylearn.tensor.creation import place, take_root
from tinylearn.tensor.data import array_of, upload
from tinylearn.tensor.operands import broadcast, node_of
from tinylearn.tensor.othernames import instead
from tinylearn.tensor.printing import shown
from tinylearn.tensor.state import State, alone, made, own, owner, recording, result
from tinylearn.tensor.userline import name_of, named, truth_asked, update_asked

run_once(globals())


class Tensor(Copying):
    """Numbers of one dtype in a box of some shape, computed when they are looked at.

    data             a number, nested lists, an array, or a tensor
    dtype            a dtype or its name; Python ints become int64, floats float32, bools bool
    device           "numpy", "c", ...; Device.DEFAULT if not given
    requires_grad    float leaves get a .grad from backward(), unless this is False

    Tensor.training = False stops recording everywhere, and puts dropout and batch norm to rest.
    """

    __slots__ = ()

    def __init__(
        self,
        data: Any,
        dtype: Any = None,
        device: str | None = None,
        requires_grad: bool | None = None,
    ):
        self.grad = self.together = None
        wanted = None if dtype is None else wanted_dtype(data, dtype)
        if isinstance(data, State):
            self.share(data, wanted, device, requires_grad)
        else:
            node = buffer(upload(array_of(data, wanted), place(device)))
            take_root(self, node, requires_grad)

    def share(
        self, data: State, dtype: DType | None, device: str | None, requires_grad: bool | None
    ) -> None:
        """Become another handle on a tensor's node: gradients go to the first owner."""
        x = data.node if dtype is None else data.node.cast(dtype)
        x = x if device is None else copy(x, place(device))
        same = made(x, data._requires_grad and requires_grad is not False)
        self.node, self._requires_grad = same.node, same._requires_grad
        if requires_grad is False and data._requires_grad:
            self.node = DETACH(x)
        if requires_grad and not self._requires_grad:
            take_root(self, alone(x), True)

    # ---------------------------------------------------------------- computing

    def realize(self) -> Tensor:
        """Compute the numbers now, if they are not computed yet; gives the tensor itself."""
        realize_all((self,))
        return self

    @staticmethod
    def realize_all(*tensors: Tensor) -> None:
        """Compute several tensors at once: what they share is computed once."""
        realize_all(tensors)

    def numpy(self) -> np.ndarray:
        """The numbers as a NumPy array that is yours: a copy."""
        while (numbers := self.node.buffer) is None:  # still, where another thread assigns to it
            realize_all((self,))
        return Device.known[numbers.device].download(numbers)

    def item(self) -> Any:
        """The number of a tensor that has one, as a Python number."""
        if self.node.size != 1:
            says = f"item is for one number, this tensor has {self.node.size}"
            name = name_of()
            raise describe(ShapeError, says, [(name, self.node)], f"{name}.tolist()")
        return self.numpy().item()

    def tolist(self) -> Any:
        """The numbers as nested lists of Python numbers."""
        return self.numpy().tolist()

    # ---------------------------------------------------------------- changing

    def assign(self, value: Any) -> Tensor:
        """Replace the numbers by others of the same shape; they are cast to this dtype.

        The tensor is a leaf afterwards, as before. What was computed from it keeps the old
        numbers, and no gradient flows from the new ones to what they were made of.
        """
        assign_together([self], [value])
        return self

    def __iadd__(self, other: Any) -> Tensor:
        return updated(self, self + other)

    def __isub__(self, other: Any) -> Tensor:
        return updated(self, self - other)

    def __imul__(self, other: Any) -> Tensor:
        return updated(self, self * other)

    def __itruediv__(self, other: Any) -> Tensor:
        return updated(self, self / other)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Replace some numbers of a leaf, at once, as `assign` does: nothing is recorded."""
        if not self.is_leaf:
            says = (
                "x[...] = value is for leaves; this tensor was computed, and gradients go through"
            )
            says += " it: write mask.where(value, x), or let go of its history"
            name = name_of()
            raise describe(GradientError, says, [(name, self.node)], f"{name} = {name}.detach()")
        numbers = self.numpy()
        parts = key if isinstance(key, tuple) else (key,)
        index = tuple(k.numpy() if isinstance(k, Tensor) else k for k in parts)
        new = value.numpy() if isinstance(value, Tensor) else value
        try:
            numbers[index] = new
        except ValueError as error:
            raise ShapeError(f"x[...] = value: {error}") from None
        self.assign(numbers)

    def detach(self) -> Tensor:
        """The same numbers as a constant: no gradient passes. PyTorch: detach

        They are computed with whatever is computed next, so that a state which is detached after
        each step does not carry all earlier steps along.
        """
        x = self.node
        if x.inputs and x.buffer is not None:
            return made(numbers_alone(x), False)
        constant = made(DETACH(x), False)
        if x.inputs:
            WAITING.borders.append(weakref.ref(constant.node))
        return constant

    def clone(self) -> Tensor:
        """The same numbers and the same history; nothing is shared that could be changed."""
        return result(self.node, self)

    contiguous = clone

    # ---------------------------------------------------------------- places and kinds

    def to(self, *wanted: Any) -> Tensor:
        """On another device, as another dtype, or as and where another tensor is. PyTorch: to"""
        x = self.node
        for want in wanted:
            if isinstance(want, State):
                x = copy(x, want.device).cast(want.dtype)
            elif names_a_dtype(want):
                x = x.cast(dtype_of(want))
            else:
                x = copy(x, place(want))
        return result(x, self)

    def to_(self, device: str) -> Tensor:
        """Move a leaf itself to another device: parameters of a model. Gives the tensor itself."""
        if self.node.device != place(device):
            fresh = alone(copy(self.node, place(device)))
            grad = None if self.grad is None else self.grad.to(device)
            WAITING.tensors.append(weakref.ref(self))
            own([self], [fresh], (self, "grad", grad))
        return self

    def cpu(self) -> Tensor:
        """In ordinary memory: on the numpy device."""
        return self.to("numpy")

    # ---------------------------------------------------------------- what Python asks for

    def __repr__(self) -> str:
        return shown(self)

    def __len__(self) -> int:
        if not self.node.shape:
            raise TypeError("a tensor without axes has no length")
        return self.node.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.node.shape:
            raise TypeError("a tensor without axes cannot be iterated over\nTry x.item()")
        return (piece.squeeze(0) for piece in self.split(1))

    def __contains__(self, number: Any) -> bool:
        return bool((self == number).any())

    def __bool__(self) -> bool:
        if self.node.size != 1:
            raise self.neither_true_nor_false()
        return bool(self.item())

    def neither_true_nor_false(self) -> Exception:
        """The error for many numbers where one yes or no is asked for, as in `if x.grad:`."""
        says = f"a tensor of {self.node.size} numbers is neither true nor false"
        asked = truth_asked()
        name = "x" if asked is None else named(asked, "x", asked)
        repair = f"({name} != 0).any()"
        if isinstance(asked, ast.Compare):
            repair = f"({ast.unparse(asked)}).all()"
        else:
            says += "; whether there is a tensor at all is asked with `is not None`"
        if isinstance(asked, ast.Attribute) and asked.attr == "grad":
            repair = f"{name} is not None"
        return describe(ShapeError, says, [(name, self.node)], repair)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.dtype.is_float:
            raise DTypeError(f"an index is a whole number, not {self.dtype}\nTry int(x)")
        return int(self.item())

    def __format__(self, spec: str) -> str:
        if spec and self.node.size == 1:
            return format(self.item(), spec)
        try:
            return format(repr(self), spec)
        except ValueError:
            says = f"the format {spec!r} is for one number, this tensor has {self.node.size}"
            name = name_of()
            repair = f'[f"{{v:{spec}}}" for v in {name}.flatten().tolist()]'
            raise describe(ShapeError, says, [(name, self.node)], repair) from None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.numpy() if dtype is None else self.numpy().astype(dtype, copy=False)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(f"a Tensor has no {name!r}{instead(name, known_names())}")


State.finished = Tensor


def updated(tensor: Tensor, new: Tensor) -> Tensor:
    """What `w -= step` leaves in w: inside no_grad() a leaf stays the same leaf, with new numbers.

    While gradients are recorded it is an ordinary `w = w - step`. Raises GradientError for a leaf
    with a gradient: that is a step of training, for which no_grad() was forgotten.
    """
    if not tensor._requires_grad or tensor.shape != new.shape or not tensor.is_leaf:
        return new
    if not recording():
        return tensor.assign(new)
    if tensor.grad is not None:
        says = (
            "w -= step would make of a leaf, which has a gradient, a tensor that was computed and"
        )
        says += " never gets one again; inside no_grad() the leaf stays, with new numbers"
        name, repair = update_asked()
        raise describe(GradientError, says, [(name, tensor.node)], repair)
    return new


def wanted_dtype(data: Any, dtype: Any) -> DType:
    """The dtype that is asked for; Tensor(1, 2, 3) and Tensor(2, 3) ask for none."""
    if isinstance(dtype, bool | int | float):
        says = f"the second argument of Tensor is a dtype, not {dtype!r}; numbers come in one list"
        raise DTypeError(f"{says}\nTry Tensor([{data!r}, {dtype!r}])")
    return dtype_of(dtype)


def known_names() -> list[str]:
    """What a tensor offers."""
    return [name for name in dir(Tensor) if not name.startswith("_")]


def names_a_dtype(wanted: Any) -> bool:
    """Whether `to` is asked for a dtype, and not for a device."""
    return not isinstance(wanted, str) or wanted in ALL or wanted in ALIASES


# ---------------------------------------------------------------- computing


class Waiting(threading.local):
    """What is not computed yet, and is computed with whatever is next.

    tensors   those that were assigned to: running statistics, which nobody looks at in training
    borders   the nodes of those that were detached: the state of a recurrent network

    Else graphs of all earlier steps would pile up behind them. Each thread computes what it left
    waiting itself: another may be about to assign anew.
    """

    def __init__(self) -> None:
        self.tensors: list[weakref.ref[Tensor]] = []
        self.borders: list[weakref.ref[Node]] = []


WAITING = Waiting()


def assign_together(tensors: Sequence[Tensor], values: Sequence[Any]) -> None:
    """Do what `assign` does to several tensors: to all, or in case of an error to none."""
    nodes = [assigned(t, value) for t, value in zip(tensors, values, strict=True)]
    WAITING.tensors += map(weakref.ref, tensors)
    own(tensors, nodes)


def assigned(tensor: Tensor, value: Any) -> Node:
    """The leaf that a tensor gets with these numbers."""
    x = value.node if isinstance(value, State) else node_of("assign", value, tensor.device)
    if isinstance(value, bool | int | float):
        x = broadcast(x, tensor.shape)
    if x.shape != tensor.shape:
        says = "assign needs the shape that is there"
        raise describe(ShapeError, says, [("self", tensor.node), ("new", x)])
    if not tensor.is_leaf:
        says = "assign is for leaves; this tensor was computed, and gradients go through it"
        name = name_of()
        raise describe(GradientError, says, [(name, tensor.node)], f"{name}.detach()")
    return alone(copy(x, tensor.device).cast(tensor.dtype))


def realize_all(tensors: Iterable[Tensor]) -> None:
    """Give tensors their numbers, and what has been waiting in the meantime."""
    tensors = list(tensors)
    borders: list[Node] = []
    if WAITING.tensors:
        waiting, WAITING.tensors = WAITING.tensors, []
        tensors += [t for ref in waiting if (t := ref()) is not None]
    if WAITING.borders:
        detached, WAITING.borders = WAITING.borders, []
        borders = [n for ref in detached if (n := ref()) is not None and n.inputs]
    nodes = [t.node for t in tensors]
    if unknown := [n for n in nodes + borders if n.buffer is None]:
        realize(unknown)
    for node in borders:
        forget_inputs(node)
    for tensor, node in zip(tensors, nodes, strict=True):
        if (node.inputs and not tensor._requires_grad) or node.op is DETACH:
            cut_history(tensor, node)


def cut_history(tensor: Tensor, old: Node) -> None:
    """What takes no gradient needs no past: once it has numbers, these are all of it."""
    new = buffer(old.buffer)
    if owner(old) is tensor:
        new.owner = old.owner
    if tensor.node is old:  # and got no other numbers meanwhile, from another thread
        tensor.node = new
