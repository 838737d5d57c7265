"""Layers that look at images through windows and keep nothing."""

from __future__ import annotations

from tinylearn.nn import functional as F
from tinylearn.nn.module import Module
from tinylearn.tensor import Tensor
from tinylearn.tensor.windows import two

__all__ = ["AvgPool2d", "MaxPool2d"]


class Pool(Module):
    """What the two poolings share: a window and its stride."""

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        two("kernel_size", kernel_size)
        two("stride", 1 if stride is None else stride)
        two("padding", padding, least=0)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def extra_repr(self) -> str:
        text = f"{self.kernel_size}"
        text += f", stride={self.stride}" if self.stride else ""
        return text + (f", padding={self.padding}" if self.padding else "")


class MaxPool2d(Pool):
    """The largest number of each window."""

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, self.kernel_size, self.stride, self.padding)


class AvgPool2d(Pool):
    """The mean of each window."""

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, self.kernel_size, self.stride, self.padding)
