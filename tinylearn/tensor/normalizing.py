"""Normalisation and dropout: what layers do to keep numbers in a good range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinylearn.devices.device import Device
from tinylearn.devices.recorder import drawn
from tinylearn.errors import ShapeError, describe
from tinylearn.graph.dtype import float16, float32
from tinylearn.graph.primitives import buffer
from tinylearn.tensor.axes import Axes, all_axes, one_axis
from tinylearn.tensor.operands import floating
from tinylearn.tensor.products import Products
from tinylearn.tensor.randomness import Random
from tinylearn.tensor.reduce import mean
from tinylearn.tensor.state import State, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor


class Normalizing(Products):
    """Normalisation and dropout."""

    __slots__ = ()

    def batchnorm(
        self,
        weight: Any,
        bias: Any,
        mean: Tensor,
        variance: Tensor,
        eps: float = 1e-5,
        axis: int = 1,
    ) -> Tensor:
        """(x - mean) / sqrt(variance + eps) * weight + bias, each of shape (channels,).

        axis            the axis of the channels
        weight, bias    or None
        mean, variance  of the batch, x.mean((0, 2, 3)) and x.var((0, 2, 3), correction=0), while
                        training; running averages of these afterwards
        Source: Ioffe & Szegedy 2015
        """
        a = one_axis("batchnorm", self.node, axis)
        channels = self.shape[a]
        shape = tuple(channels if k == a else 1 for k in range(self.ndim))
        for name, t in (("mean", mean), ("variance", variance), ("weight", weight), ("bias", bias)):
            if isinstance(t, State) and t.shape != (channels,):
                says = f"batchnorm: {channels} channels on axis {a} need a {name} ({channels},)"
                raise describe(ShapeError, says, [("x", self.node), (name, t.node)])
        scale = (variance + eps).rsqrt()
        scale = scale if weight is None else scale * weight
        y = (self - mean.reshape(shape)) * scale.reshape(shape)
        return y if bias is None else y + bias.reshape(shape)

    def layernorm(
        self, axis: Axes = -1, eps: float = 1e-5, weight: Any = None, bias: Any = None
    ) -> Tensor:
        """(x - mean) / sqrt(variance + eps) over these axes, then * weight + bias if given.

        PyTorch: nn.functional.layer_norm. Source: Ba, Kiros & Hinton 2016
        """
        x = floating(self.node)
        axes = all_axes("layernorm", x, axis)
        exact = x.cast(float32) if x.dtype is float16 else x
        distance = exact - mean(exact, axes).expand(x.shape)
        variance = mean(distance * distance, axes)
        scale = (variance + eps).sqrt().recip().expand(x.shape)
        y = result((distance * scale).cast(x.dtype), self)
        y = y if weight is None else y * weight
        return y if bias is None else y + bias

    def dropout(self, p: float = 0.5) -> Tensor:
        """While Tensor.training, 0 with probability p, the others divided by 1 - p; else x.

        Which ones are dropped is drawn when the expression is built. PyTorch: dropout
        Source: Srivastava et al. 2014
        """
        if not isinstance(p, int | float) or not 0 <= p <= 1:
            raise ValueError(f"dropout: p is a probability, not {p!r}")
        x = self.node
        if p == 0 or not State.finished.training:
            return result(x, self)
        x = floating(x)
        if p == 1:
            return result(x * 0.0, self)
        home = Device.known[x.device]
        keep = buffer(drawn(home, lambda: Random.generator.random(x.shape) >= p))
        return result(keep.where(x / (1 - p), 0.0), self)
