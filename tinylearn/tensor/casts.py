"""Changing the kind of number. These methods stand apart because they are named like types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinylearn.graph.dtype import dtype as dtype_of
from tinylearn.tensor.moves import Moves
from tinylearn.tensor.state import result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Casts(Moves):
    """The same numbers as another dtype."""

    __slots__ = ()

    def cast(self, dtype: Any) -> Tensor:
        """As another dtype; floats become ints by losing what is behind the point.

        dtype    a dtype, its name, a NumPy dtype or a Python type. NumPy: astype; PyTorch: to
        """
        return result(self.node.cast(dtype_of(dtype)), self)

    astype = cast

    def type_as(self, other: Tensor) -> Tensor:
        """As the other tensor's dtype. PyTorch: type_as"""
        return result(self.node.cast(other.node.dtype), self)

    def half(self) -> Tensor:
        """As float16."""
        return self.cast("float16")

    def float(self) -> Tensor:
        """As float32."""
        return self.cast("float32")

    def double(self) -> Tensor:
        """As float64."""
        return self.cast("float64")

    def int(self) -> Tensor:
        """As int32."""
        return self.cast("int32")

    def long(self) -> Tensor:
        """As int64."""
        return self.cast("int64")

    def bool(self) -> Tensor:
        """Whether each number differs from zero (NaN does)."""
        return self.cast("bool")
