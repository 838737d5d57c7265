"""Matrix products under the names that PyTorch and NumPy have for each kind of shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinylearn.errors import ShapeError, describe
from tinylearn.graph.node import Node
from tinylearn.graph.primitives import ADD, MUL
from tinylearn.repairs.userline import operand_names
from tinylearn.tensor.axes import one_axis
from tinylearn.tensor.joining import joined
from tinylearn.tensor.moves import part_of
from tinylearn.tensor.operands import common_shape, pair
from tinylearn.tensor.state import State, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

AXES = {"mm": (2, 2), "mv": (2, 1), "bmm": (3, 3), "vdot": (1, 1)}  # of the two sides


class Matrices(State):
    """Matrix products of fixed numbers of axes, and products that are made of them."""

    __slots__ = ()

    def mm(self, other: Tensor) -> Tensor:
        """x @ y of two matrices. PyTorch: mm"""
        return multiplied("mm", self, other)

    def mv(self, other: Tensor) -> Tensor:
        """x @ y of a matrix and a row. PyTorch: mv"""
        return multiplied("mv", self, other)

    def bmm(self, other: Tensor) -> Tensor:
        """x @ y of equally many matrices each, (B, n, k) and (B, k, m). PyTorch: bmm"""
        if self.ndim == other.ndim == 3 and self.shape[0] != other.shape[0]:
            x, y, _ = operand_names("bmm")
            says = f"bmm: there are {self.shape[0]} and {other.shape[0]} matrices"
            raise describe(ShapeError, says, [(x, self.node), (y, other.node)])
        return multiplied("bmm", self, other)

    def vdot(self, other: Tensor) -> Tensor:
        """The sum of products of two rows. PyTorch: vdot; NumPy: of all numbers in a row"""
        return multiplied("vdot", self, other)

    def addmm(self, mat1: Tensor, mat2: Tensor, beta: float = 1, alpha: float = 1) -> Tensor:
        """beta * x + alpha * (mat1 @ mat2). PyTorch: addmm"""
        return added(self, mat1.mm(mat2), beta, alpha)

    def addmv(self, mat: Tensor, vec: Tensor, beta: float = 1, alpha: float = 1) -> Tensor:
        """beta * x + alpha * (mat @ vec). PyTorch: addmv"""
        return added(self, mat.mv(vec), beta, alpha)

    def baddbmm(self, batch1: Tensor, batch2: Tensor, beta: float = 1, alpha: float = 1) -> Tensor:
        """beta * x + alpha * (batch1 @ batch2), matrix by matrix. PyTorch: baddbmm"""
        return added(self, batch1.bmm(batch2), beta, alpha)

    def addcmul(self, tensor1: Tensor, tensor2: Tensor, value: float = 1) -> Tensor:
        """x + value * tensor1 * tensor2. PyTorch: addcmul"""
        return added(self, tensor1 * tensor2, 1, value)

    def addcdiv(self, tensor1: Tensor, tensor2: Tensor, value: float = 1) -> Tensor:
        """x + value * tensor1 / tensor2. PyTorch: addcdiv"""
        return added(self, tensor1 / tensor2, 1, value)

    def kron(self, other: Tensor) -> Tensor:
        """Each number times the whole other tensor, laid side by side. NumPy, PyTorch: kron"""
        n = max(self.ndim, other.ndim)
        a, b = ((1,) * (n - t.ndim) + t.shape for t in (self, other))
        apart = tuple(m for pair_of in zip(a, (1,) * n) for m in pair_of)
        within = tuple(m for pair_of in zip((1,) * n, b) for m in pair_of)
        x, y = pair("kron", result(self.node.reshape(apart), self), other.reshape(within))
        whole = tuple(i * j for i, j in zip(a, b))
        return result(MUL(x, y).reshape(whole), self, other)

    def cross(self, other: Tensor, axis: int = -1) -> Tensor:
        """The vector that stands on two others, along an axis of size 3. NumPy, PyTorch: cross"""
        x, y = pair("cross", self, other)
        a = one_axis("cross", x, axis)
        if x.shape[a] != 3:
            left, right, _ = operand_names("cross")
            says = f"cross needs axes of size 3, and axis {a} has size {x.shape[a]}"
            raise describe(ShapeError, says, [(left, x), (right, y)])
        ahead, behind = (turned(x, a, 1), turned(y, a, 2)), (turned(x, a, 2), turned(y, a, 1))
        return result(ADD(MUL(*ahead), -MUL(*behind)), self, other)


def multiplied(op: str, x: Any, y: Any) -> Tensor:
    """x @ y, if both have as many axes as the name says."""
    if (x.ndim, y.ndim) != AXES[op]:
        left, right, _ = operand_names(op)
        n, m = AXES[op]
        says = f"{op} needs tensors of {n} and {m} axes, got {x.ndim} and {y.ndim}; x @ y takes any"
        meets = x.ndim and y.ndim and x.shape[-1] == y.shape[-2:][0]
        meets = meets and common_shape(x.shape[:-2], y.shape[:-2]) is not None
        repair = f"{left} @ {right}" if meets else ""
        raise describe(ShapeError, says, [(left, x.node), (right, y.node)], repair)
    product: Tensor = x @ y
    return product


def added(x: State, product: Any, beta: float, alpha: float) -> Tensor:
    """beta x + alpha product."""
    first: Any = x
    scaled = product if alpha == 1 else product * alpha
    sums: Tensor = scaled + (first if beta == 1 else first * beta)
    return sums


def turned(x: Node, axis: int, by: int) -> Node:
    """Three entries in another order of the same circle: 1 2 0, or 2 0 1."""
    return joined([part_of(x, axis, by, 3), part_of(x, axis, 0, by)], axis)
