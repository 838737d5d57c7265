"""Methods that change the tensor itself, as PyTorch's with an underscore: x.add_(y) is x += y.

x.mul_(y), x.clamp_(0, 1), ...   x becomes what the method without the underscore gives
x.zero_(), x.fill_(v), ...       all numbers are replaced: x[...] = v
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tinylearn.tensor.assigning import put, updated
from tinylearn.tensor.creation import Creation
from tinylearn.tensor.state import State
from tinylearn.tensor.synonyms import named

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

CHANGING = (
    "add", "sub", "mul", "div", "pow", "neg", "abs", "exp", "log", "sqrt", "rsqrt", "reciprocal",
    "square", "sin", "cos", "tanh", "sigmoid", "relu", "floor", "ceil", "round", "trunc", "sign",
    "clamp", "clip", "clamp_min", "clamp_max", "masked_fill", "lerp", "tril", "triu", "fmod",
    "remainder", "floor_divide", "erf", "log1p", "expm1", "frac", "scatter", "scatter_add",
    "scatter_reduce", "index_add", "index_copy", "index_fill", "index_put", "masked_scatter",
)  # fmt: skip


class InPlace(State):
    """Numbers replaced: the tensor is the same one afterwards."""

    __slots__ = ()

    def zero_(self) -> Tensor:
        """All numbers become 0. PyTorch: zero_"""
        return replaced(self, 0)

    def fill_(self, value: Any) -> Tensor:
        """All numbers become this value. PyTorch: fill_"""
        return replaced(self, value)

    def copy_(self, other: Any) -> Tensor:
        """All numbers become those of the other, which broadcasts. PyTorch: copy_"""
        return replaced(self, other)

    def uniform_(self, low: float = 0.0, high: float = 1.0) -> Tensor:
        """All numbers are drawn anew, evenly from low to high. PyTorch: uniform_"""
        return replaced(self, drawn(Creation.uniform, self, low=low, high=high))

    def normal_(self, mean: float = 0.0, std: float = 1.0) -> Tensor:
        """All numbers are drawn anew from a normal distribution. PyTorch: normal_"""
        return replaced(self, drawn(Creation.normal, self, mean=mean, std=std))


def drawn(draw: Callable[..., Tensor], x: State, **how: float) -> Tensor:
    """Random numbers in the shape of x, as constants."""
    return draw(x.shape, requires_grad=False, **how)


def replaced(x: Any, value: Any) -> Tensor:
    """x[...] = value; gives x."""
    put(x, (...,), value)
    same: Tensor = x
    return same


def changing(name: str, method: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The method that lets a tensor become what the method of this name gives."""

    @functools.wraps(method)
    def run(self: Tensor, *args: Any, **options: Any) -> Tensor:
        return updated(self, getattr(self, name)(*args, **options))

    run.__doc__ = f"The tensor becomes what x.{name}(...) gives; see there. PyTorch: {name}_"
    return named(run, f"{name}_")
