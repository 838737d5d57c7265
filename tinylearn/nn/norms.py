"""Layers that keep numbers in a good range: mean 0 and variance 1 over a batch, a group, a row."""

from __future__ import annotations

import math

from tinylearn.errors import ShapeError, describe
from tinylearn.nn import functional as F
from tinylearn.nn import init
from tinylearn.nn.checks import checked, sizes, yes_no
from tinylearn.nn.formulas.norms import follow
from tinylearn.nn.module import Module, title
from tinylearn.repairs.userline import layer_call
from tinylearn.tensor import Tensor

__all__ = [
    "BatchNorm",
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "RMSNorm",
]


class ChannelNorm(Module):
    """What batch and instance norm share: a scale, a shift and statistics for each channel.

    weight, bias                scale and shift (num_features,); None with affine=False
    running_mean, running_var   (num_features,): means over the batches, for use after training;
                                None with track_running_stats=False
    num_batches_tracked         how many batches batch norm has seen in training, int64 of shape ()
    momentum                    the share of the newest batch in them
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        sizes(num_features=num_features)
        yes_no(affine=affine, track_running_stats=track_running_stats)
        self.num_features, self.eps = num_features, checked("eps", eps)
        self.momentum = checked("momentum", momentum, below=math.nextafter(1, 2))
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = init.constant(1.0, (num_features,)) if affine else None
        self.bias = init.constant(0.0, (num_features,)) if affine else None
        self.running_mean: Tensor | None = None
        self.running_var: Tensor | None = None
        self.num_batches_tracked: Tensor | None = None
        if track_running_stats:
            self.running_mean = init.constant(0.0, (num_features,), requires_grad=False)
            self.running_var = init.constant(1.0, (num_features,), requires_grad=False)
            self.num_batches_tracked = Tensor(0)

    def learning(self) -> bool:
        """Whether the statistics of what comes are used, and not the running ones."""
        return (self.training and Tensor.training) or self.running_mean is None

    def check(self, x: Tensor) -> None:
        """Raise unless x has the channels on axis 1."""
        if x.ndim < 2 or x.shape[1] != self.num_features:
            says = f"{title(self)} needs inputs of shape (batch, {self.num_features}, ...)"
            repair = f"{type(self).__name__}({x.shape[1]})" if x.ndim > 1 and x.shape[1] else ""
            raise describe(ShapeError, says, [(layer_call(x.node)[1], x.node)], repair)

    def extra_repr(self) -> str:
        return f"{self.num_features}"


class BatchNorm(ChannelNorm):
    """Gives each channel mean 0 and variance 1 over the batch, then a scale and a shift.

    y = (x - mean) / sqrt(variance + eps) * weight + bias
    Takes (batch, num_features, ...), gives the same shape. After eval(), or while Tensor.training
    is False, the running statistics take the place of the batch's.
    """

    def forward(self, x: Tensor) -> Tensor:
        self.check(x)
        if self.learning():
            mean, variance = F.batch_statistics(x)
            self.remember(mean, variance, x.numel() // self.num_features)
        else:
            mean, variance = self.running_mean, self.running_var
        return F.batchnorm(x, self.weight, self.bias, mean, variance, self.eps)

    def remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Let this batch count in the running statistics. They are computed with what is next.

        count   numbers a channel; the variance of everything is count / (count - 1) times theirs
        """
        if self.running_mean is None or self.running_var is None:
            return
        if count < 2:
            says = f"{title(self)} needs more than one number a channel to find a variance"
            raise describe(ShapeError, says, [("mean", mean)], "model.eval()")
        whole = variance * (count / (count - 1))
        counted = self.num_batches_tracked
        follow(self.running_mean, self.running_var, mean, whole, self.momentum, counted)


class BatchNorm1d(BatchNorm):
    """BatchNorm of rows (batch, num_features) or (batch, num_features, places)."""


class BatchNorm2d(BatchNorm):
    """BatchNorm of images (batch, num_features, height, width)."""


class BatchNorm3d(BatchNorm):
    """BatchNorm of volumes (batch, num_features, depth, height, width)."""


class InstanceNorm(ChannelNorm):
    """Gives each channel of each example mean 0 and variance 1 over its places.

    Takes (batch, num_features, ...) with at least one axis of places, gives the same shape.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats)

    def forward(self, x: Tensor) -> Tensor:
        self.check(x)
        mean, variance = self.running_mean, self.running_var
        how = (self.weight, self.bias, self.learning(), self.momentum, self.eps)
        return F.instance_norm(x, mean, variance, *how)


class InstanceNorm1d(InstanceNorm):
    """InstanceNorm of (batch, num_features, places)."""


class InstanceNorm2d(InstanceNorm):
    """InstanceNorm of images (batch, num_features, height, width)."""


class InstanceNorm3d(InstanceNorm):
    """InstanceNorm of volumes (batch, num_features, depth, height, width)."""


class GroupNorm(Module):
    """Gives each group of channels of each example mean 0 and variance 1, then scales and shifts.

    weight, bias   (num_channels,); None with affine=False
    Takes (batch, num_channels, ...), gives the same shape.
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True
    ) -> None:
        sizes(num_groups=num_groups, num_channels=num_channels)
        yes_no(affine=affine)
        if num_channels % num_groups:
            raise ValueError(f"num_groups={num_groups} must divide num_channels, {num_channels}")
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps = checked("eps", eps)
        self.weight = init.constant(1.0, (num_channels,)) if affine else None
        self.bias = init.constant(0.0, (num_channels,)) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim < 2 or x.shape[1] != self.num_channels:
            says = f"{title(self)} needs inputs of shape (batch, {self.num_channels}, ...)"
            fits = x.ndim > 1 and x.shape[1] and x.shape[1] % self.num_groups == 0
            repair = f"GroupNorm({self.num_groups}, {x.shape[1]})" if fits else ""
            raise describe(ShapeError, says, [(layer_call(x.node)[1], x.node)], repair)
        return F.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.num_groups}, {self.num_channels}"


class RowNorm(Module):
    """What LayerNorm and RMSNorm share: the last axes, and a scale for each number of these."""

    def __init__(self, normalized_shape: int | tuple[int, ...], elementwise_affine: bool) -> None:
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        sizes(**{f"normalized_shape[{k}]": n for k, n in enumerate(shape)})
        yes_no(elementwise_affine=elementwise_affine)
        self.normalized_shape = tuple(shape)
        self.elementwise_affine = elementwise_affine
        self.weight = init.constant(1.0, self.normalized_shape) if elementwise_affine else None

    def check(self, x: Tensor) -> None:
        """Raise unless the last axes of x are the normalized ones."""
        count = len(self.normalized_shape)
        if x.shape[x.ndim - count :] != self.normalized_shape or x.ndim < count:
            wanted = ", ".join(map(str, self.normalized_shape))
            says = f"{title(self)} needs inputs of shape (..., {wanted})"
            repair = f"{type(self).__name__}({x.shape[-1]})" if x.ndim and x.shape[-1] else ""
            raise describe(ShapeError, says, [(layer_call(x.node)[1], x.node)], repair)

    def extra_repr(self) -> str:
        shape = self.normalized_shape
        return str(shape[0] if len(shape) == 1 else shape)


class LayerNorm(RowNorm):
    """Gives each example mean 0 and variance 1 over its last axes, then a scale and a shift.

    y = (x - mean) / sqrt(variance + eps) * weight + bias
    weight, bias   of normalized_shape; None with elementwise_affine=False; bias=False has no bias
    Takes (..., *normalized_shape), gives the same shape.
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__(normalized_shape, elementwise_affine)
        yes_no(bias=bias)
        self.eps = checked("eps", eps)
        self.bias = None
        if elementwise_affine and bias:
            self.bias = init.constant(0.0, self.normalized_shape)

    def forward(self, x: Tensor) -> Tensor:
        self.check(x)
        last = tuple(range(-len(self.normalized_shape), 0))
        return F.layernorm(x, last, self.eps, self.weight, self.bias)


class RMSNorm(RowNorm):
    """Divides each example by the root of the mean of its squares, then scales.

    y = x / sqrt(mean(x**2) + eps) * weight
    weight   of normalized_shape; None with elementwise_affine=False
    eps      None: the smallest step of the input's dtype after 1
    Takes (..., *normalized_shape), gives the same shape.
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float | None = None,
        elementwise_affine: bool = True,
    ) -> None:
        super().__init__(normalized_shape, elementwise_affine)
        self.eps = None if eps is None else checked("eps", eps)

    def forward(self, x: Tensor) -> Tensor:
        self.check(x)
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)
