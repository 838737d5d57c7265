"""Layers of series and images that change the number of places: filters, pools, borders, zooms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tinylearn.errors import ShapeError, describe
from tinylearn.nn import functional as F
from tinylearn.nn import init
from tinylearn.nn.checks import sizes, yes_no
from tinylearn.nn.module import Module, title
from tinylearn.nn.schedule import whole
from tinylearn.repairs.userline import layer_call
from tinylearn.tensor import Tensor
from tinylearn.tensor.windows import Pair, two

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AvgPool1d",
    "CircularPad2d",
    "ConstantPad1d",
    "ConstantPad2d",
    "Conv1d",
    "ConvTranspose2d",
    "MaxPool1d",
    "PixelShuffle",
    "ReflectionPad2d",
    "ReplicationPad2d",
    "Upsample",
    "ZeroPad1d",
    "ZeroPad2d",
]


class Conv1d(Module):
    """Slides small filters over series; each gives one channel of the result.

    weight   (out_channels, in_channels / groups, kernel_size)
    bias     (out_channels,) or None
    Takes (batch, in_channels, L), gives (batch, out_channels, l).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int | str = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        sizes(in_channels=in_channels, out_channels=out_channels, groups=groups)
        sizes(kernel_size=kernel_size, stride=stride, dilation=dilation)
        yes_no(bias=bias)
        check_groups(in_channels, out_channels, groups)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.dilation = kernel_size, stride, dilation
        self.padding = padding
        fan_in = in_channels // groups * kernel_size
        self.weight = init.first((out_channels, in_channels // groups, kernel_size), fan_in)
        self.bias = init.first((out_channels,), fan_in) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        check_channels(self, x, (2, 3), "places")
        how = (self.stride, self.padding, self.dilation, self.groups)
        return F.conv1d(x, self.weight, self.bias, *how)

    def extra_repr(self) -> str:
        return f"{self.in_channels}, {self.out_channels}, {self.kernel_size}"


class ConvTranspose2d(Module):
    """Every number lays a filter down, times itself: images become larger.

    weight   (in_channels, out_channels / groups, height, width of the filter)
    bias     (out_channels,) or None
    Takes (batch, in_channels, H, W), gives (batch, out_channels, h, w); see F.conv_transpose2d.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        output_padding: Pair = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Pair = 1,
    ) -> None:
        sizes(in_channels=in_channels, out_channels=out_channels, groups=groups)
        yes_no(bias=bias)
        check_groups(in_channels, out_channels, groups)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = two("kernel_size", kernel_size), two("stride", stride)
        self.padding, self.dilation = two("padding", padding, least=0), two("dilation", dilation)
        self.output_padding = two("output_padding", output_padding, least=0)
        shape = (in_channels, out_channels // groups, *self.kernel_size)
        fan_in = math.prod(shape[1:])  # as PyTorch counts it
        self.weight = init.first(shape, fan_in)
        self.bias = init.first((out_channels,), fan_in) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        check_channels(self, x, (4,), "height, width")
        how = (self.stride, self.padding, self.output_padding, self.groups, self.dilation)
        return F.conv_transpose2d(x, self.weight, self.bias, *how)

    def extra_repr(self) -> str:
        return f"{self.in_channels}, {self.out_channels}, {self.kernel_size}"


def check_groups(in_channels: int, out_channels: int, groups: int) -> None:
    """Raise unless the groups divide both numbers of channels."""
    if in_channels % groups or out_channels % groups:
        says = f"groups={groups} must divide in_channels and out_channels"
        raise ValueError(f"{says}, {in_channels} and {out_channels}")


def check_channels(layer: Any, x: Tensor, axes: tuple[int, ...], places: str) -> None:
    """Raise unless x has the layer's channels where they belong."""
    behind = places.count(",") + 2
    if x.ndim not in axes or x.shape[-behind] != layer.in_channels:
        says = f"{title(layer)} needs inputs of shape (batch, {layer.in_channels}, {places})"
        fits = x.ndim in axes and layer.groups == 1 and x.shape[-behind]
        rest = f"{layer.out_channels}, {layer.kernel_size}"
        repair = f"{type(layer).__name__}({x.shape[-behind]}, {rest})" if fits else ""
        raise describe(ShapeError, says, [(layer_call(x.node)[1], x.node)], repair)


# ---------------------------------------------------------------- pools


class Pool1d(Module):
    """What the two poolings of series share: a window and its stride."""

    def __init__(self, kernel_size: int, stride: int | None = None, padding: int = 0) -> None:
        sizes(kernel_size=kernel_size, stride=kernel_size if stride is None else stride)
        self.kernel_size, self.stride = kernel_size, stride
        self.padding = whole("padding", padding, 0)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim not in (2, 3):
            says = f"{title(self)} needs series of shape (batch, channels, places)"
            raise describe(ShapeError, says, [(layer_call(x.node)[1], x.node)])
        return self.pooled(x, self.kernel_size, self.stride, self.padding)

    def pooled(self, x: Tensor, *how: Any) -> Tensor:
        """One number for each window."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        return f"{self.kernel_size}" + (f", stride={self.stride}" if self.stride else "")


class MaxPool1d(Pool1d):
    """The largest number of each window of a series."""

    def pooled(self, x: Tensor, *how: Any) -> Tensor:
        return F.max_pool1d(x, *how)


class AvgPool1d(Pool1d):
    """The mean of each window of a series."""

    def pooled(self, x: Tensor, *how: Any) -> Tensor:
        return F.avg_pool1d(x, *how)


class AdaptiveAvgPool1d(Module):
    """The mean of each of output_size windows that cover the series, however long it is."""

    def __init__(self, output_size: Any) -> None:
        self.output_size = output_size

    def forward(self, x: Tensor) -> Tensor:
        return F.adaptive_avg_pool1d(x, self.output_size)

    def extra_repr(self) -> str:
        return f"{self.output_size}"


class AdaptiveAvgPool2d(AdaptiveAvgPool1d):
    """The mean of each of output_size windows that cover the image; (1, 1) is the whole mean."""

    def forward(self, x: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(x, self.output_size)


# ---------------------------------------------------------------- borders


class Pad(Module):
    """More places around the last axes: (before, after) of the last axis, then of the one before.

    padding   one width for all sides, or a list
    """

    axes = 2
    mode = "constant"
    value = 0.0

    def __init__(self, padding: int | Sequence[int]) -> None:
        sides = 2 * self.axes
        self.padding = (padding,) * sides if isinstance(padding, int) else tuple(padding)
        if len(self.padding) != sides:
            words = {2: "two", 4: "four"}[sides]
            raise ValueError(f"padding is one width or {words}, not {padding!r}")

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad2d(Pad):
    """Zeros around images: (left, right, top, bottom), or one width for all sides."""


class ZeroPad1d(Pad):
    """Zeros around series: (before, after), or one width for both."""

    axes = 1


class ConstantPad2d(Pad):
    """One value around images: (left, right, top, bottom), or one width for all sides."""

    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = float(value)


class ConstantPad1d(ConstantPad2d):
    """One value around series: (before, after), or one width for both."""

    axes = 1


class ReflectionPad2d(Pad):
    """The inside of images, mirrored at their borders."""

    mode = "reflect"


class ReplicationPad2d(Pad):
    """The borders of images again."""

    mode = "replicate"


class CircularPad2d(Pad):
    """The other ends of images, as if they were wound around."""

    mode = "circular"


# ---------------------------------------------------------------- zooms


class Upsample(Module):
    """Series or images of another size; the options are those of F.interpolate."""

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ) -> None:
        self.size, self.scale_factor, self.mode = size, scale_factor, mode
        self.align_corners = align_corners

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(x, self.size, self.scale_factor, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        given = f"size={self.size}" if self.size else f"scale_factor={self.scale_factor}"
        return f"{given}, mode={self.mode!r}"


class PixelShuffle(Module):
    """Channels become places: (N, C r^2, H, W) -> (N, C, H r, W r) for r = upscale_factor."""

    def __init__(self, upscale_factor: int) -> None:
        sizes(upscale_factor=upscale_factor)
        self.upscale_factor = upscale_factor

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(x, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"{self.upscale_factor}"
