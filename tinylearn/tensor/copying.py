"""Copies of tensors: copy.copy, copy.deepcopy and pickle.

A tensor that stands twice in what is copied stands twice in the copy, so that a model and its
optimizer, copied or pickled together, still belong together.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.errors import GradientError
from tinylearn.graph.primitives import buffer
from tinylearn.tensor.backward import Backward
from tinylearn.tensor.creation import place, take_root
from tinylearn.tensor.data import upload
from tinylearn.tensor.state import State, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Copying(Backward):
    """Copies of this tensor."""

    __slots__ = ()

    def __copy__(self) -> Tensor:
        """Of a leaf, another leaf with the same numbers and .grad; else the same history."""
        if not self.is_leaf:
            return result(self.node, self)
        State.finished.realize_all(self)  # type: ignore[arg-type]
        new = planted(type(self), buffer(self.node.buffer), self._requires_grad)
        new.grad = self.grad
        attributes_of(new).update(attributes_of(self))
        return new

    def __deepcopy__(self, memo: dict) -> Tensor:
        """A leaf with a copy of the numbers and of .grad."""
        if not self.is_leaf:
            raise GradientError("only leaves can be copied deeply\nTry x.detach()")
        new = memo[id(self)] = rebuilt(*self.pieces())
        new.grad = copy.deepcopy(self.grad, memo)
        attributes_of(new).update(copy.deepcopy(attributes_of(self), memo))
        return new

    def __reduce__(self) -> tuple:
        """What pickle keeps: the numbers, .grad and the device. The copy is a leaf."""
        return rebuilt, self.pieces(), (attributes_of(self) or None, {"grad": self._grad})

    def pieces(self) -> tuple[type, np.ndarray, str, bool]:
        """What `rebuilt` makes a tensor from."""
        numbers = self.numpy()  # type: ignore[attr-defined]
        return type(self), numbers, self.device, self._requires_grad


def rebuilt(kind: type, numbers: np.ndarray, device: str, requires_grad: bool) -> Tensor:
    """A leaf of these numbers; `kind` is Tensor, or a class made from it."""
    return planted(kind, buffer(upload(numbers, place(device))), requires_grad)


def planted(kind: type, node: Any, requires_grad: bool) -> Tensor:
    """The leaf of a node that is nobody else's."""
    new: Tensor = object.__new__(kind)
    new._grad = new.together = new.whole = None
    take_root(new, node, requires_grad)
    return new


def attributes_of(tensor: State) -> dict[str, Any]:
    """What was set on a tensor of a class of the user's own."""
    return getattr(tensor, "__dict__", {})
