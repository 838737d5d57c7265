"""x.grad: what backward() found for a leaf, checked where it is set by hand.

A gradient has the shape, dtype and device of what it belongs to: an optimizer's step would give a
weight any others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinylearn.devices.recorder import RECORDER
from tinylearn.errors import (
    DTypeError,
    GradientError,
    ShapeError,
    TinylearnError,
    describe,
    warn_user,
)
from tinylearn.graph.node import Node
from tinylearn.repairs.statements import assignment, owner_asked
from tinylearn.tensor.state import State, owner

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Grads(State):
    """The gradient of a leaf."""

    __slots__ = ()

    @property
    def grad(self) -> Tensor | None:
        """What `loss.backward()` added up: a tensor of this shape, dtype and device, or None.

        Of a tensor that was computed it is None, with a warning, as in PyTorch.
        """
        if self._grad is None and self._requires_grad and owner(self.node) is not self:
            says = "the .grad of a tensor that was computed is always None: backward() fills leaves"
            warn_user(f"{says}\nTry loss.gradient({owner_asked()})")
        return self._grad

    @grad.setter
    def grad(self, new: Tensor | None) -> None:
        if new is not None:
            x = self.node
            if not isinstance(new, State):
                raise no_tensor(x, new)
            y = new.node
            if y.shape != x.shape or y.dtype is not x.dtype or y.device != x.device:
                raise misfit(x, y)
        if (recorder := RECORDER.get()) is not None:
            recorder.grads[id(self)] = self  # what it was before the call does not matter
        self._grad = new


def no_tensor(x: Node, new: Any) -> Exception:
    """The error for a gradient that is an array or a number."""
    target, value = assignment("grad")
    kind = type(new).__name__
    says = f"a gradient is a Tensor or None, not a {kind}"
    repair = f"{target}.grad = Tensor({value}, dtype='{x.dtype}', requires_grad=False)"
    if isinstance(new, bool | int | float):
        repair = f"{target}.grad = {target}.full_like({value}, requires_grad=False)"
    elif getattr(new, "shape", None) != x.shape:
        repair = f"{target}.grad = None"
    return GradientError(f"{says}\nTry {repair}")


def misfit(x: Node, g: Node) -> Exception:
    """The error for a gradient of another shape, dtype or device."""
    target, value = assignment("grad")
    operands = [(target, x), ("grad", g)]
    error: type[TinylearnError] = ShapeError
    if g.shape != x.shape:
        says = f"a gradient has the shape of its tensor, {x.shape}, not {g.shape}"
        change = f".reshape({x.shape})" if g.size == x.size else ""
    elif g.dtype is not x.dtype:
        error = DTypeError
        says = f"a gradient has the dtype of its tensor, {x.dtype}, not {g.dtype}"
        change = f".cast('{x.dtype}')"
    else:
        error, says = GradientError, f"a gradient is where its tensor is, on {x.device}"
        change = f".to('{x.device}')"
    if g.shape == x.shape and g.device != x.device:
        change = f".to('{x.device}', '{x.dtype}')"
    repair = f"{target}.grad = {value}{change}" if change else f"{target}.grad = None"
    return describe(error, says, operands, repair)
