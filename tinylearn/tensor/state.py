"""What a tensor remembers, how results are made, and whether gradients are being recorded.

The class Tensor grows file by file, each using those below it:

    State < Grads < Moves < Casts < Arithmetic < Functions < Reduce < Indexing < Products
          < Normalizing < Losses < Creation < Backward < Copying < Tensor

Beside them stand topics that need State alone: see the bases of Tensor.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, ClassVar

from tinylearn.changes import Change, change, run_once
from tinylearn.devices.recorder import CHANGES, RECORDER
from tinylearn.errors import DTypeError, GradientError, describe
from tinylearn.graph.dtype import DType
from tinylearn.graph.node import Node, Shape, separate
from tinylearn.graph.primitives import BUFFER, DETACH
from tinylearn.repairs.otherwords import has_other_words, understood
from tinylearn.tensor.recording import BLOCKS

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

run_once(globals())


class Count(int):
    """How many numbers; called as PyTorch's size(), the shape or one size of it."""

    shape: Shape

    def __call__(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def __reduce__(self) -> tuple:
        return int, (int(self),)


class State:
    """A handle on a node of the graph.

    node       what is to be computed; its buffer holds the numbers once they are computed
    together   on a gradient: a weak reference to its loss, which is computed in the same pass
    _grad      what `grad` gives: see grads.py
    whole      on what was cut out of a tensor, or turned: a weak reference to that tensor
    """

    __slots__ = ("__weakref__", "_grad", "_requires_grad", "node", "together", "whole")

    node: Node
    together: weakref.ref[Tensor] | None
    whole: weakref.ref[State] | None
    _grad: Tensor | None
    _requires_grad: bool

    finished: ClassVar[type[Tensor]]  # the class Tensor, once it is complete
    # A setting of the whole program, for all threads; no_grad() is for one thread or task.
    training: ClassVar[bool] = True  # False: nothing is recorded, dropout and batch norm rest

    def __init_subclass__(cls) -> None:
        """Methods understand the names that NumPy and PyTorch give their arguments."""
        for name, method in list(vars(cls).items()):
            if isinstance(method, staticmethod) and has_other_words(method.__func__):
                setattr(cls, name, staticmethod(understood(method.__func__)))
            elif has_other_words(method) and not isinstance(method, staticmethod):
                setattr(cls, name, understood(method))

    @property
    def shape(self) -> Shape:
        """How many numbers along each axis; () for a single number."""
        return self.node.shape

    @property
    def dtype(self) -> DType:
        """The kind of number: float32, int64, bool, ..."""
        return self.node.dtype

    @property
    def device(self) -> str:
        """Where the numbers live: "numpy", "c", ..."""
        return self.node.device

    @property
    def ndim(self) -> int:
        """How many axes."""
        return len(self.node.shape)

    @property
    def size(self) -> Count:
        """How many numbers, as in NumPy; x.size() and x.size(0) are the shape, as in PyTorch."""
        count = Count(self.node.size)
        count.shape = self.node.shape
        return count

    def numel(self) -> int:
        """How many numbers, as in PyTorch."""
        return self.node.size

    @property
    def is_leaf(self) -> bool:
        """Whether gradients end here: it was given, not computed, or it takes no gradient."""
        return not self._requires_grad or owner(self.node) is self

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are found for it, or through it for others."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if bool(wanted) == self._requires_grad:
            return
        CHANGES[0] += 1
        if wanted and not self.node.dtype.is_float:
            raise DTypeError(f"only floats have gradients, not {self.dtype}\nTry x.float()")
        if not self.is_leaf:
            says = "requires_grad can be set on leaves only; this tensor was computed"
            raise describe(GradientError, says, [("x", self.node)], "x.detach()")
        if wanted and owner(self.node) is not self:
            free = self.node.op is BUFFER and owner(self.node) is None
            leaf = self.node if free else alone(self.node)
            own([self], [leaf], (self, "_requires_grad", True))
        self._requires_grad = bool(wanted)


def recording() -> bool:
    """Whether operations are recorded for gradients here and now."""
    return not BLOCKS.get() and State.finished.training


# ---------------------------------------------------------------- results

_new = object.__new__


def made(node: Node, requires_grad: bool) -> Tensor:
    """The tensor of a node that was computed. What nobody records ends in a DETACH."""
    cls = State.finished
    if requires_grad:
        if node.dtype.kind != 2:
            requires_grad = False
        elif BLOCKS.get() or not cls.training:
            node = DETACH(node)
            requires_grad = False
    tensor = _new(cls)
    tensor.node = node
    tensor._requires_grad = requires_grad
    tensor._grad = tensor.together = tensor.whole = None
    return tensor


def result(node: Node, x: State, y: Any = None) -> Tensor:
    """The tensor of a node computed from x and perhaps y (a tensor or anything else)."""
    return made(node, x._requires_grad or (isinstance(y, State) and y._requires_grad))


def piece(node: Node, x: State, recorded: bool = True) -> Tensor:
    """The tensor of some of x's numbers, or of all of them in another order or shape.

    It keeps in mind whose they are: what is assigned into it would not reach x; see pieces.py.
    """
    tensor = made(node, recorded and x._requires_grad)
    tensor.whole = x.whole if x.whole is not None and x.whole() is not None else weakref.ref(x)
    return tensor


# ---------------------------------------------------------------- leaves


def owner(node: Node) -> State | None:
    """The tensor whose leaf this node is, if that tensor is still there."""
    return None if node.owner is None else node.owner()


def own(tensors: Sequence[State], nodes: Sequence[Node], *more: Change) -> None:
    """Make each node, which must be nobody else's, the leaf of its tensor: all at once, or none.

    more   what changes with them
    """
    recorder = RECORDER.get()
    for tensor, node in zip(tensors, nodes, strict=True):
        node.owner = weakref.ref(tensor)
        if recorder is not None:
            recorder.change(tensor, node)
    change([*zip(tensors, repeat("node"), nodes), *more])


def alone(node: Node) -> Node:
    """A DETACH of the node that is interned nowhere, so that it can be one tensor's leaf."""
    return separate(DETACH, (node,))
