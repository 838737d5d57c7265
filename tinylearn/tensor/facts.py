"""What a tensor says of itself, and new ones like it, under the names that PyTorch has for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinylearn.errors import ShapeError, describe
from tinylearn.repairs.statements import owner_asked
from tinylearn.repairs.userline import name_of
from tinylearn.tensor.creation import filled, leaf, like
from tinylearn.tensor.data import array_of, checked_shape
from tinylearn.tensor.operands import plain
from tinylearn.tensor.state import State, piece, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Facts(State):
    """Sizes, kinds, turned views, and new tensors of the same kind."""

    __slots__ = ()

    # ---------------------------------------------------------------- sizes and kinds

    def dim(self) -> int:
        """How many axes, as in PyTorch; x.ndim."""
        return self.ndim

    def element_size(self) -> int:
        """How many bytes a number takes. PyTorch: element_size; NumPy: itemsize"""
        return self.node.dtype.itemsize

    itemsize = property(element_size)

    @property
    def nbytes(self) -> int:
        """How many bytes all numbers take. NumPy, PyTorch: nbytes"""
        return self.node.nbytes

    def is_floating_point(self) -> bool:
        """Whether the numbers are floats. PyTorch: is_floating_point"""
        return self.node.dtype.is_float

    def is_contiguous(self) -> bool:
        """True: how numbers lie in memory is never visible here. PyTorch: is_contiguous"""
        return True

    # ---------------------------------------------------------------- turned

    @property
    def mT(self) -> Tensor:
        """The last two axes exchanged. NumPy, PyTorch: mT"""
        return transposed(self, "mT")

    mH = mT

    @property
    def H(self) -> Tensor:
        """A matrix turned; there are no complex numbers here. PyTorch: H"""
        return self.t()

    def t(self) -> Tensor:
        """A matrix turned; of one axis, the same. PyTorch: t"""
        if self.ndim < 2:
            return piece(self.node, self)
        if self.ndim > 2:
            says = f"t turns a matrix, and this tensor has {self.ndim} axes"
            raise describe(ShapeError, says, [(name_of(), self.node)], f"{name_of()}.mT")
        return transposed(self, "t")

    # ---------------------------------------------------------------- gradients

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set requires_grad of a leaf; gives the tensor itself. PyTorch: requires_grad_"""
        self.requires_grad = requires_grad
        return self  # type: ignore[return-value]

    # ---------------------------------------------------------------- others like it

    def new_zeros(self, *shape: Any, **options: Any) -> Tensor:
        """0 everywhere, in another shape, with this dtype and device. PyTorch: new_zeros"""
        return filled(checked_shape(shape), 0, **like(self, options))

    new_empty = new_zeros

    def new_ones(self, *shape: Any, **options: Any) -> Tensor:
        """1 everywhere, in another shape, with this dtype and device. PyTorch: new_ones"""
        return filled(checked_shape(shape), 1, **like(self, options))

    def new_full(self, shape: Any, value: float, **options: Any) -> Tensor:
        """One value everywhere, in another shape. PyTorch: new_full"""
        return filled(checked_shape((shape,)), plain(value), **like(self, options))

    def new_tensor(self, data: Any, **options: Any) -> Tensor:
        """Other numbers, with this dtype and device. PyTorch: new_tensor"""
        return leaf(array_of(data), **like(self, options))

    def view_as(self, other: Tensor) -> Tensor:
        """In another tensor's shape. PyTorch: view_as, reshape_as"""
        x: Any = self
        return x.reshape(other.shape)

    reshape_as = view_as

    def positive(self) -> Tensor:
        """The same numbers. NumPy, PyTorch: positive"""
        return result(self.node, self)


def transposed(x: State, op: str) -> Tensor:
    """The last two axes exchanged."""
    n = x.ndim
    if n < 2:
        says = f"{op} exchanges the last two axes, and this tensor has {n}"
        name = owner_asked()
        repair = f"{name}.unsqueeze(0).mT" if n else ""
        raise describe(ShapeError, says, [(name, x.node)], repair)
    return piece(x.node.permute((*range(n - 2), n - 1, n - 2)), x)
