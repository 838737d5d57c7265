"""Tensor: numbers you compute with. A thin handle on a node of a lazy graph.

Methods build nodes and run nothing; `numpy`, `item`, `tolist`, `realize`, `float(x)` and showing
numbers compute. The methods stand in the files this class is built from; see state.py.
"""

from __future__ import annotations

import ast
import re
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from tinylearn.changes import run_once
from tinylearn.devices.device import Device
from tinylearn.devices.recorder import refuse
from tinylearn.errors import DTypeError, ShapeError, describe, nearest
from tinylearn.graph.dtype import DType
from tinylearn.graph.dtype import dtype as dtype_of
from tinylearn.graph.node import Node, forget_inputs
from tinylearn.graph.primitives import DETACH, buffer, copy
from tinylearn.plan.plan import realize
from tinylearn.repairs.othernames import WRITE, in_users_words
from tinylearn.repairs.userline import name_of, named, truth_asked
from tinylearn.tensor.activations import Activations
from tinylearn.tensor.arranging import Arranging
from tinylearn.tensor.assigning import (
    IN_PLACE,
    WAITING,
    assign_together,
    in_place,
    not_deleted,
    put,
)
from tinylearn.tensor.attention import Attention
from tinylearn.tensor.backward import numbers_alone
from tinylearn.tensor.bits import Bits
from tinylearn.tensor.contraction import Contraction
from tinylearn.tensor.convolution import Convolution
from tinylearn.tensor.copying import Copying
from tinylearn.tensor.counting import Counting
from tinylearn.tensor.creation import place, take_root
from tinylearn.tensor.data import array_of, upload
from tinylearn.tensor.drawing import Drawing
from tinylearn.tensor.extremes import Extremes
from tinylearn.tensor.facts import Facts
from tinylearn.tensor.hooks import Hooks
from tinylearn.tensor.inplace import CHANGING, InPlace, changing
from tinylearn.tensor.joining import Joining
from tinylearn.tensor.mathematics import Mathematics
from tinylearn.tensor.matrices import Matrices
from tinylearn.tensor.modes import Modes
from tinylearn.tensor.ordering import Ordering
from tinylearn.tensor.padding import Padding
from tinylearn.tensor.picking import Picking
from tinylearn.tensor.pooling import Pooling
from tinylearn.tensor.printing import shown
from tinylearn.tensor.quantiles import Quantiles
from tinylearn.tensor.resizing import Resizing
from tinylearn.tensor.running import Running
from tinylearn.tensor.scattering import Scattering
from tinylearn.tensor.searching import Searching
from tinylearn.tensor.state import State, alone, made, own, owner, piece, result
from tinylearn.tensor.statistics import Statistics
from tinylearn.tensor.synonyms import SYNONYMS, synonym
from tinylearn.tensor.windows import Windows

INNER = ("finished", "neither_true_nor_false", "node", "rows_and_columns", "share")
NUMBERS = re.compile(
    r"(torch\.)?(u?int|b?float|fp|bf|complex|bool|half|double|long|short|byte)\d*$"
)

run_once(globals())


class Tensor(
    Copying,
    Activations,
    Arranging,
    Attention,
    Bits,
    Contraction,
    Convolution,
    Counting,
    Drawing,
    Extremes,
    Facts,
    Hooks,
    InPlace,
    Joining,
    Mathematics,
    Matrices,
    Modes,
    Ordering,
    Padding,
    Pooling,
    Quantiles,
    Resizing,
    Running,
    Searching,
    Picking,
    Scattering,
    Statistics,
    Windows,
):
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
        self._grad = self.together = self.whole = None
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

    def realize(self, *others: Tensor) -> Tensor:
        """Compute the numbers now, with those of others at once; gives the tensor itself."""
        realize_all((self, *others))
        return self

    @staticmethod
    def realize_all(*tensors: Tensor) -> None:
        """Compute several tensors at once: what they share is computed once."""
        realize_all(tensors)

    def numpy(self) -> np.ndarray:
        """The numbers as a NumPy array that is yours: a copy."""
        refuse("a value is read here", "returning the tensor, and reading it outside")
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

    def __setitem__(self, key: Any, value: Any) -> None:
        """Put numbers in some places: x[0, 1:] = 3, x[mask] = y. They are cast to this dtype.

        A leaf stays one: .grad is the derivative by the numbers that it has now. A gradient goes
        on to the value, and of a tensor that was computed to what it was computed from. What was
        computed before keeps the old numbers.
        Raises   ShapeError for a part of a tensor, as in x[0][1] = 3, which x would never know of
        """
        put(self, key if isinstance(key, tuple) else (key,), value)

    def __delitem__(self, key: Any) -> None:
        raise not_deleted(self, key if isinstance(key, tuple) else (key,))

    def detach(self) -> Tensor:
        """The same numbers as a constant: no gradient passes. PyTorch: detach

        They are computed with whatever is computed next, so that a state which is detached after
        each step does not carry all earlier steps along.
        """
        x = self.node
        if x.inputs and x.buffer is not None:
            return piece(numbers_alone(x), self, False)
        constant = piece(DETACH(x), self, False)
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
            own([self], [fresh], (self, "_grad", grad))
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
        if copy is False:
            raise ValueError("a tensor's numbers come as a copy\nTry np.asarray(x)")
        numbers = self.numpy() if dtype is None else self.numpy().astype(dtype, copy=False)
        numbers.flags.writeable = bool(copy)  # np.asarray(x)[0] = 1 would never reach x
        return numbers

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if (known := WRITE.get(name)) is not None:
            raise AttributeError(f"a Tensor has no {name!r}\nTry {in_users_words(known, name)}")
        raise AttributeError(f"a Tensor has no {name!r}{nearest(name, known_names())}")


State.finished = Tensor


for _name in IN_PLACE:
    setattr(Tensor, f"__i{_name}__", in_place(_name))
for _theirs, _ours in SYNONYMS.items():
    setattr(Tensor, _theirs, synonym(getattr(Tensor, _ours), _theirs, _ours))
for _name in CHANGING:
    setattr(Tensor, f"{_name}_", changing(_name, getattr(Tensor, _name)))


def wanted_dtype(data: Any, dtype: Any) -> DType:
    """The dtype that is asked for; Tensor(1, 2, 3) and Tensor(2, 3) ask for none."""
    if isinstance(dtype, bool | int | float):
        says = f"the second argument of Tensor is a dtype, not {dtype!r}; numbers come in one list"
        raise DTypeError(f"{says}\nTry Tensor([{data!r}, {dtype!r}])")
    return dtype_of(dtype)


def known_names() -> list[str]:
    """What a tensor offers: its methods and properties, but those for its own use."""
    offered = ((name, getattr(Tensor, name)) for name in dir(Tensor) if name not in INNER)
    return [name for name, it in offered if callable(it) or isinstance(it, property)]


def names_a_dtype(wanted: Any) -> bool:
    """Whether `to` is asked for a dtype, and not for a device; also for one that is not here."""
    return not isinstance(wanted, str) or bool(NUMBERS.match(wanted))


# ---------------------------------------------------------------- computing


def realize_all(given: Iterable[State]) -> None:
    """Give tensors their numbers, and what has been waiting in the meantime."""
    tensors = list(given)
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


def cut_history(tensor: State, old: Node) -> None:
    """What takes no gradient needs no past: once it has numbers, these are all of it."""
    new = buffer(old.buffer)
    if owner(old) is tensor:
        new.owner = old.owner
    if tensor.node is old:  # and got no other numbers meanwhile, from another thread
        tensor.node = new
