"""Series and images of other sizes: one axis less, transposed filters, other numbers of places.

What changes the number of places along an axis is a product with a matrix, which has a row for each
new place: y = rows @ x @ columns^T. Its entries say from which old places the new one is made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinylearn.errors import ShapeError, TinylearnError, describe, nearest
from tinylearn.tensor import Tensor
from tinylearn.tensor.windows import Pair, two

MODES = ("nearest", "linear", "bilinear")


# ---------------------------------------------------------------- one axis


def as_image(op: str, x: Tensor) -> Tensor:
    """Series (batch, channels, places) or (channels, places) as images of height 1."""
    if x.ndim not in (2, 3):
        says = f"{op} needs series of shape (batch, channels, places)"
        raise describe(ShapeError, says, [("x", x.node)])
    return x.unsqueeze(-2)


def conv1d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int = 1,
    padding: int | str = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Tensor:
    """Each output is the sum of a window times a filter. (N, C, L) -> (N, F, l)

    weight   (F, C / groups, kernel);  bias   (F,) or None
    """
    images = as_image("conv1d", x)
    images = images if x.ndim == 3 else images.unsqueeze(0)
    around = padding if isinstance(padding, str) else (0, one("padding", padding))
    how = ((1, one("stride", stride)), around, (1, one("dilation", dilation)), groups)
    y = images.conv2d(weight.unsqueeze(2), bias, *how).squeeze(2)
    return y if x.ndim == 3 else y.squeeze(0)


def one(name: str, value: Any) -> int:
    """A number, or the only one of a list."""
    [number] = value if isinstance(value, tuple | list) else [value]
    return number


def max_pool1d(x: Tensor, kernel_size: int, stride: int | None = None, padding: int = 0) -> Tensor:
    """The largest number of each window. (..., L) -> (..., l)"""
    return windows("max_pool1d", x, kernel_size, stride, padding, Tensor.max_pool2d)


def avg_pool1d(x: Tensor, kernel_size: int, stride: int | None = None, padding: int = 0) -> Tensor:
    """The mean of each window; zeros around the series count. (..., L) -> (..., l)"""
    return windows("avg_pool1d", x, kernel_size, stride, padding, Tensor.avg_pool2d)


def windows(op: str, x: Tensor, size: Any, stride: Any, padding: Any, pool: Any) -> Tensor:
    """A pooling of images, on series."""
    kernel = one("kernel_size", size)
    step = kernel if stride is None else one("stride", stride)
    pooled = pool(as_image(op, x), (1, kernel), (1, step), (0, one("padding", padding)))
    return pooled.squeeze(-2)


# ---------------------------------------------------------------- filters, transposed


def conv_transpose2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    output_padding: Pair = 0,
    groups: int = 1,
    dilation: Pair = 1,
) -> Tensor:
    """Every number lays a filter down, times itself: the gradient of conv2d as a layer.

    weight           (C, F / groups, kernel height, kernel width);  bias   (F,) or None
    stride           how far filters lie apart
    padding          how much is cut off all around;  output_padding   how much less at the end
    (N, C, H, W) -> (N, F, h, w), with h = (H - 1) stride - 2 padding + dilation (kernel - 1)
    + output_padding + 1
    """
    if x.ndim != 4 or x.shape[1] != weight.shape[0]:
        says = f"conv_transpose2d needs images of shape (N, {weight.shape[0]}, H, W)"
        raise describe(ShapeError, says, [("x", x.node), ("weight", weight.node)])
    steps, apart = two("stride", stride), two("dilation", dilation)
    cut, more = two("padding", padding, least=0), two("output_padding", output_padding, least=0)
    kernel = weight.shape[2:]
    N, C, H, W = x.shape
    spread = x.reshape(N, C, H, 1, W, 1)
    spread = spread.pad(None, None, None, (0, steps[0] - 1), None, (0, steps[1] - 1))
    spread = spread.reshape(N, C, H * steps[0], W * steps[1])
    spread = spread[:, :, : (H - 1) * steps[0] + 1, : (W - 1) * steps[1] + 1]
    reach = [d * (k - 1) - p for d, k, p in zip(apart, kernel, cut)]
    for axis, (before, extra) in enumerate(zip(reach, more), 2):
        spread = bordered(spread, axis, before, before + extra)
    filters = weight.unflatten(0, (groups, -1)).transpose(1, 2).flatten(0, 1).flip(2, 3)
    return spread.conv2d(filters, bias, 1, 0, apart, groups)


def bordered(x: Tensor, axis: int, before: int, after: int) -> Tensor:
    """Zeros around an axis; less than 0 cuts off."""
    inside = slice(max(-before, 0), x.shape[axis] - max(-after, 0))
    x = x[(slice(None),) * axis + (inside,)]
    none = (None,) * axis
    return x.pad(*none, (max(before, 0), max(after, 0)), *[None] * (x.ndim - axis - 1))


# ---------------------------------------------------------------- other numbers of places


def along(x: Tensor, matrices: Sequence[np.ndarray]) -> Tensor:
    """The last axes of x, each multiplied by the matrix (new, old) of its places."""
    rows = [Tensor(m.astype(x.dtype.numpy), device=x.device, requires_grad=False) for m in matrices]
    y = x @ rows[-1].transpose()
    return y if len(rows) == 1 else rows[0] @ y


def means(old: int, new: int) -> np.ndarray:
    """Each new place is the mean of the old ones that it overlaps."""
    matrix = np.zeros((new, old))
    for k in range(new):
        start, end = k * old // new, -(-(k + 1) * old // new)
        matrix[k, start:end] = 1 / (end - start)
    return matrix


def adaptive_avg_pool1d(x: Tensor, output_size: Any) -> Tensor:
    """The mean of each of output_size windows that cover the series. (..., L) -> (..., l)"""
    return along(x, [means(x.shape[-1], one("output_size", output_size) or x.shape[-1])])


def adaptive_avg_pool2d(x: Tensor, output_size: Any) -> Tensor:
    """The mean of each of so many windows that cover the image. (..., H, W) -> (..., h, w)

    output_size   (h, w), or one number for both; None keeps an axis as it is
    """
    sizes = output_size if isinstance(output_size, tuple | list) else (output_size,) * 2
    pairs = [(old, new or old) for old, new in zip(x.shape[-2:], sizes)]
    return along(x, [means(*pair) for pair in pairs])


def mixed(old: int, new: int, mode: str, align_corners: bool, factor: float) -> np.ndarray:
    """Each new place is the nearest old one, or lies on the line between the two beside it."""
    matrix = np.zeros((new, old))
    for k in range(new):
        if mode == "nearest":
            matrix[k, min(math.floor(k / factor), old - 1)] = 1
            continue
        place = (k + 0.5) / factor - 0.5
        if align_corners:
            place = k * (old - 1) / (new - 1) if new > 1 else 0.0
        place = min(max(place, 0.0), old - 1)
        left = min(math.floor(place), old - 1)
        matrix[k, left] += 1 - (place - left)
        matrix[k, min(left + 1, old - 1)] += place - left
    return matrix


def interpolate(
    x: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """Series or images of another size. (N, C, L) or (N, C, H, W)

    size, scale_factor   one of them: how many places, or how many times as many; one number or
                         one for each axis
    mode                 "nearest", "linear" for series, "bilinear" for images
    align_corners        True puts the first and last places onto each other
    """
    if mode not in MODES:
        says = f"mode must be one of {', '.join(MODES)}, not {mode!r}"
        raise TinylearnError(says + nearest(mode, MODES))
    axes = x.ndim - 2
    if axes not in (1, 2) or (mode != "nearest" and MODES[axes] != mode):
        says = f"interpolate with mode {mode!r} does not fit the axes"
        raise describe(ShapeError, says, [("x", x.node)], f"mode={MODES[min(max(axes, 1), 2)]!r}")
    if (size is None) == (scale_factor is None):
        raise TinylearnError("interpolate needs either size or scale_factor\nTry scale_factor=2")
    given = size if scale_factor is None else scale_factor
    each = list(given) if isinstance(given, tuple | list) else [given] * axes
    matrices = []
    for old, wanted in zip(x.shape[2:], each):
        new = math.floor(old * wanted) if size is None else wanted
        factor = wanted if size is None else new / old
        matrices.append(mixed(old, new, mode, bool(align_corners), factor))
    return along(x, matrices)


def pixel_shuffle(x: Tensor, upscale_factor: int) -> Tensor:
    """Channels become places: (N, C r^2, H, W) -> (N, C, H r, W r)."""
    r = upscale_factor
    if x.ndim < 3 or x.shape[-3] % (r * r):
        says = f"pixel_shuffle needs a multiple of {r * r} channels"
        raise describe(ShapeError, says, [("x", x.node)])
    *front, C, H, W = x.shape
    n = len(front)
    y = x.reshape(*front, C // (r * r), r, r, H, W)
    y = y.permute(*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return y.reshape(*front, C // (r * r), H * r, W * r)
