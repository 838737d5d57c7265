"""Layers that keep nothing: functions of a Tensor as Modules, for Sequential."""

from __future__ import annotations

from tinylearn.nn import functional as F
from tinylearn.nn.checks import axis
from tinylearn.nn.module import Module
from tinylearn.tensor import Tensor
from tinylearn.tensor.windows import two


class ReLU(Module):
    """Keeps what is positive, makes the rest 0."""

    def forward(self, x: Tensor) -> Tensor:
        return x.relu()


class Sigmoid(Module):
    """Squeezes every number between 0 and 1."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sigmoid()


class Tanh(Module):
    """Squeezes every number between -1 and 1."""

    def forward(self, x: Tensor) -> Tensor:
        return x.tanh()


class GELU(Module):
    """Like ReLU with a round corner: x times the share of normal numbers below x."""

    def forward(self, x: Tensor) -> Tensor:
        return x.gelu()


class Softmax(Module):
    """Makes probabilities along an axis: positive and adding up to 1."""

    def __init__(self, dim: int = -1) -> None:
        self.dim = axis("dim", dim)

    def forward(self, x: Tensor) -> Tensor:
        return x.softmax(self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Flatten(Module):
    """All axes from start_dim to end_dim as one: an image becomes a row."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = axis("start_dim", start_dim), axis("end_dim", end_dim)

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(self.start_dim, self.end_dim)


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
