"""Rows of the table: convolution and pooling, against loops."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.tensor.table import F, rows
from tinylearn.tensor import Tensor


def np_conv(
    x: np.ndarray,
    w: np.ndarray,
    b: np.ndarray | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> np.ndarray:
    """Convolution by loops."""
    (sh, sw), (ph, pw), (dh, dw) = (np.broadcast_to(n, 2) for n in (stride, padding, dilation))
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    (n, _, height, width), (filters, inner, kh, kw) = x.shape, w.shape
    h, v = (height - dh * (kh - 1) - 1) // sh + 1, (width - dw * (kw - 1) - 1) // sw + 1
    y = np.zeros((n, filters, h, v))
    for f in range(filters):
        first = f // (filters // groups) * inner
        for i in range(h):
            for j in range(v):
                window = x[:, first : first + inner, i * sh :, j * sw :]
                window = window[:, :, : dh * (kh - 1) + 1 : dh, : dw * (kw - 1) + 1 : dw]
                y[:, f, i, j] = (window * w[f]).sum((1, 2, 3))
    return y if b is None else y + b[:, None, None]


def np_pool(x: np.ndarray, reduce: Any, kernel: Any, stride: Any, padding: int, fill: float) -> Any:
    """Pooling by loops."""
    (kh, kw), (sh, sw) = np.broadcast_to(kernel, 2), np.broadcast_to(stride, 2)
    around = ((0, 0),) * (x.ndim - 2) + ((padding, padding),) * 2
    x = np.pad(x, around, constant_values=fill)
    h, v = (x.shape[-2] - kh) // sh + 1, (x.shape[-1] - kw) // sw + 1
    y = np.zeros((*x.shape[:-2], h, v))
    for i in range(h):
        for j in range(v):
            window = x[..., i * sh : i * sh + kh, j * sw : j * sw + kw]
            y[..., i, j] = reduce(window, (-1, -2))
    return y


CONVOLUTIONS: tuple[tuple[tuple, dict], ...] = (
    (((2, 3, 5, 6), (4, 3, 3, 2)), {}),
    (((1, 1, 4, 4), (1, 1, 1, 1)), {}),
    (((1, 2, 3, 3), (2, 2, 3, 3)), {}),
    (((2, 1, 6, 5), (2, 1, 2, 2)), {"stride": 2}),
    (((1, 2, 7, 8), (3, 2, 3, 3)), {"stride": (2, 3), "padding": 1}),
    (((1, 2, 5, 5), (3, 2, 2, 1)), {"stride": 3}),
    (((1, 1, 7, 9), (2, 1, 3, 2)), {"dilation": (2, 3)}),
    (((1, 1, 9, 9), (2, 1, 2, 3)), {"dilation": 2, "stride": (5, 1), "padding": (0, 2)}),
    (((2, 4, 4, 4), (6, 2, 3, 3)), {"groups": 2}),
    (((1, 3, 4, 4), (3, 1, 2, 2)), {"groups": 3, "padding": 1}),
    (((0, 2, 4, 4), (3, 2, 3, 3)), {}),
)
for shapes, how in CONVOLUTIONS:
    rows(
        f"conv2d {how}",
        lambda x, w, how=how: x.conv2d(w, **how),
        lambda x, w, how=how: np_conv(x, w, **how),
        shapes,
        torch=F("conv2d", **how),
    )
rows(
    "conv2d with bias",
    lambda x, w, b: x.conv2d(w, b),
    np_conv,
    ((2, 3, 4, 4), (2, 3, 3, 3), (2,)),
    torch=F("conv2d"),
)
rows(
    "conv2d same",
    lambda x, w: x.conv2d(w, padding="same"),
    lambda x, w: np_conv(np.pad(x, ((0, 0), (0, 0), (1, 1), (0, 1))), w),
    ((1, 2, 4, 4), (2, 2, 3, 2)),
    torch=F("conv2d", padding="same"),
)
rows(
    "conv2d with more below than above",
    lambda x, w: x.conv2d(w, padding=(2, 0, 1, 3)),
    lambda x, w: np_conv(np.pad(x, ((0, 0), (0, 0), (1, 3), (2, 0))), w),
    ((1, 2, 4, 4), (2, 2, 3, 2)),
)
rows(
    "conv2d of one image",
    lambda x, w: x.conv2d(w),
    lambda x, w: np_conv(x[None], w)[0],
    ((2, 4, 4), (2, 2, 3, 3)),
    torch=F("conv2d"),
)


def np_unpool(x: np.ndarray, padding: int) -> np.ndarray:
    """The largest number of each window of 2 x 2 in its place, 0 elsewhere."""
    wide = np.pad(x, ((0, 0), (padding, padding), (padding, padding)), constant_values=-np.inf)
    y = np.zeros_like(wide)
    for i, j in np.ndindex(x.shape[0], wide.shape[1] // 2 * (wide.shape[2] // 2)):
        a, b = (2 * k for k in divmod(j, wide.shape[2] // 2))
        window = wide[i, a : a + 2, b : b + 2]
        y[i, a : a + 2, b : b + 2] = np.where(window == window.max(), window, 0)
    return y[:, padding : padding + x.shape[1], padding : padding + x.shape[2]]


for around in (0, 1):
    rows(
        f"max_unpool2d {around}",
        lambda x, p=around: Tensor.max_unpool2d(
            *x.max_pool2d(2, padding=p, return_indices=True), 2, padding=p
        ),
        lambda x, p=around: np_unpool(x, p),
        (2, 4, 6),
        torch=lambda x, p=around: F("max_unpool2d", kernel_size=2, padding=p)(
            *F("max_pool2d", kernel_size=2, padding=p, return_indices=True)(x)
        ),
    )
POOLS = (
    ((2, 3, 4, 6), 2, 2, 0),
    ((1, 5, 5), 2, 2, 0),
    ((1, 1, 5, 7), 3, 1, 0),
    ((2, 7, 6), (2, 3), (3, 2), 1),
    ((4, 4), 3, 2, 1),
    ((1, 1), 1, 1, 0),
)
for shape, kernel, step, around in POOLS:
    how = {"kernel_size": kernel, "stride": step, "padding": around}
    rows(
        f"max_pool2d {how}",
        lambda x, how=how: x.max_pool2d(**how),
        lambda x, k=kernel, s=step, p=around: np_pool(x, np.max, k, s, p, -np.inf),
        shape,
        torch=F("max_pool2d", **how) if len(shape) > 2 else None,
    )
    rows(
        f"avg_pool2d {how}",
        lambda x, how=how: x.avg_pool2d(**how),
        lambda x, k=kernel, s=step, p=around: np_pool(x, np.mean, k, s, p, 0),
        shape,
        torch=F("avg_pool2d", **how) if len(shape) > 2 else None,
    )
