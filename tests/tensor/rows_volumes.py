"""Rows of the table: windows along one, two or three axes, back and forth, and resizing."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tests.tensor.table import F, rows


def for_axes(value: Any, n: int) -> tuple[int, ...]:
    """One number for each axis."""
    return tuple(np.broadcast_to(value, n).tolist())


def np_windows(
    x: np.ndarray, kernel: Any, stride: Any, dilation: Any, fill: float, around: Any
) -> Any:
    """(..., places, windows): the last n axes seen through windows, n places and n in a window."""
    n = len(kernel)
    x = np.pad(x, ((0, 0),) * (x.ndim - n) + tuple(around), constant_values=fill)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    seen = np.lib.stride_tricks.sliding_window_view(x, spans, tuple(range(-n, 0)))
    steps = [slice(None, None, s) for s in stride]
    return seen[(..., *steps, *[slice(None, None, d) for d in dilation])]


def np_conv(x: Any, w: Any, b: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
            groups: int = 1) -> np.ndarray:  # fmt: skip
    """A convolution along any number of axes."""
    n = w.ndim - 2
    around = [(p, p) for p in for_axes(padding, n)]
    seen = np_windows(x, w.shape[2:], for_axes(stride, n), for_axes(dilation, n), 0, around)
    parts = [
        np.tensordot(s, v, ([1, *range(2 + n, 2 + 2 * n)], [1, *range(2, 2 + n)]))
        for s, v in zip(np.split(seen, groups, 1), np.split(w, groups, 0))
    ]
    y = np.moveaxis(np.concatenate(parts, -1), -1, 1)
    return y if b is None else y + b.reshape(-1, *[1] * n)


def np_transposed(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> np.ndarray:
    """A transposed convolution: each number lays its filter."""
    n = w.ndim - 2
    how = [for_axes(v, n) for v in (stride, padding, output_padding, dilation)]
    sizes = [
        (i - 1) * s + d * (k - 1) + 1 + m
        for i, k, s, _, m, d in zip(x.shape[2:], w.shape[2:], *how)
    ]
    y = np.zeros((len(x), w.shape[1] * groups, *sizes))
    for place in itertools.product(*map(range, w.shape[2:])):
        part = np.concatenate(
            [
                np.moveaxis(np.tensordot(s, v[(..., *place)], ([1], [0])), -1, 1)
                for s, v in zip(np.split(x, groups, 1), np.split(w, groups, 0))
            ],
            1,
        )
        where = [
            slice(t * d, t * d + (i - 1) * s + 1, s)
            for t, i, s, d in zip(place, x.shape[2:], how[0], how[3])
        ]
        y[(..., *where)] += part
    y = y[(..., *[slice(p, m - p) for p, m in zip(how[1], sizes)])]
    return y if b is None else y + b.reshape(-1, *[1] * n)


BOXES: dict[int, tuple[int, ...]] = {1: (5,), 2: (4, 5), 3: (3, 4, 3)}
KERNELS: dict[int, tuple[int, ...]] = {1: (3,), 2: (3, 2), 3: (2, 3, 2)}
HOWS: tuple[dict[str, Any], ...] = (
    {}, {"stride": 2}, {"padding": 1}, {"stride": 2, "padding": 1, "groups": 2},
)  # fmt: skip
for n, how in itertools.product((1, 3), HOWS):
    rows(
        f"conv{n}d {how}",
        lambda x, w, b, n=n, how=how: getattr(x, f"conv{n}d")(w, b, **how),
        lambda x, w, b, how=how: np_conv(x, w, b, **how),
        ((2, 4, *BOXES[n]), (2, 4 // how.get("groups", 1), *KERNELS[n]), (2,)),
        torch=F(f"conv{n}d", **how),
    )
rows(
    "conv1d dilated",
    lambda x, w: x.conv1d(w, dilation=2),
    lambda x, w: np_conv(x, w, dilation=2),
    ((1, 2, 7), (3, 2, 3)),
    torch=F("conv1d", dilation=2),
)
TRANSPOSED: tuple[dict[str, Any], ...] = (
    {}, {"stride": 2}, {"padding": 2}, {"dilation": 2},
    {"stride": 3, "padding": 1, "output_padding": 1}, {"stride": 2, "groups": 2},
)  # fmt: skip
for n, how in (*itertools.product((1, 2), TRANSPOSED), *((3, how) for how in TRANSPOSED[:2])):
    rows(
        f"conv_transpose{n}d {how}",
        lambda x, w, b, n=n, how=how: getattr(x, f"conv_transpose{n}d")(w, b, **how),
        lambda x, w, b, how=how: np_transposed(x, w, b, **how),
        ((2, 4, *BOXES[n]), (4, 4 // how.get("groups", 1), *KERNELS[n]), (4,)),
        torch=F(f"conv_transpose{n}d", **how),
    )

# ---------------------------------------------------------------- pooling


def np_pool(
    x: np.ndarray,
    what: str,
    n: int,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """A pooling along the last n axes."""
    kernel, pads = for_axes(kernel_size, n), for_axes(padding, n)
    steps = kernel if stride is None else for_axes(stride, n)
    around = []
    for m, k, s, p in zip(x.shape[-n:], kernel, steps, pads):
        count = (m + 2 * p - k) / s
        last = int(np.ceil(count) if ceil_mode else np.floor(count))
        last -= last * s >= m + p
        around.append((p, max(p, last * s + k - m - p)))
    inside = tuple(range(-n, 0))
    if what == "max":
        return np_windows(x, kernel, steps, (1,) * n, -np.inf, around).max(inside)
    edge = [(p, p) if count_include_pad else (0, 0) for p in pads]
    rest = [(a - b, c - d) for (a, c), (b, d) in zip(around, edge)]
    ones = np.pad(np.ones(x.shape[-n:]), edge, constant_values=1)
    counts = np_windows(ones, kernel, steps, (1,) * n, 0, rest).sum(inside)
    return np_windows(x, kernel, steps, (1,) * n, 0, around).sum(inside) / counts


POOLS: tuple[dict[str, Any], ...] = (
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True},
    {"kernel_size": 3, "stride": 2, "ceil_mode": True},
)
for n, how in itertools.product((1, 2, 3), POOLS):
    rows(
        f"max_pool{n}d {how}",
        lambda x, n=n, how=how: getattr(x, f"max_pool{n}d")(**how),
        lambda x, n=n, how=how: np_pool(x, "max", n, **how),
        (1, 2, *BOXES[n]),
        torch=F(f"max_pool{n}d", **how),
    )
    for included in (True, False):
        more = {**how, "count_include_pad": included}
        rows(
            f"avg_pool{n}d {more}",
            lambda x, n=n, how=more: getattr(x, f"avg_pool{n}d")(**how),
            lambda x, n=n, how=more: np_pool(x, "avg", n, **how),
            (1, 2, *BOXES[n]),
            torch=F(f"avg_pool{n}d", **more),
        )


def np_adaptive(x: np.ndarray, reduce: Any, sizes: tuple[int, ...]) -> np.ndarray:
    """Pooling to a size."""
    for axis, count in enumerate(sizes, x.ndim - len(sizes)):
        m = x.shape[axis]
        parts = [
            reduce(x.take(range(k * m // count, -(-(k + 1) * m // count)), axis), axis)
            for k in range(count)
        ]
        x = np.stack(parts, axis)
    return x


for sizes in ((1, 1), (2, 2), (3, 4), (5, 6)):
    for what, reduce in (("avg", np.mean), ("max", np.max)):
        rows(
            f"adaptive_{what}_pool2d {sizes}",
            lambda x, what=what, s=sizes: getattr(x, f"adaptive_{what}_pool2d")(s),
            lambda x, reduce=reduce, s=sizes: np_adaptive(x, reduce, s),
            (2, 5, 4),
            torch=F(f"adaptive_{what}_pool2d", output_size=sizes),
        )
rows("adaptive_avg_pool1d", lambda x: x.adaptive_avg_pool1d(2),
     lambda x: np_adaptive(x, np.mean, (2,)), (2, 1, 5),
     torch=F("adaptive_avg_pool1d", output_size=2))  # fmt: skip
rows("adaptive_max_pool1d", lambda x: x.adaptive_max_pool1d(2),
     lambda x: np_adaptive(x, np.max, (2,)), (2, 1, 5))  # fmt: skip

# ---------------------------------------------------------------- by tinygrad's one name for all

for n in (1, 3):
    rows(
        f"conv2d along {n} axes",
        lambda x, w: x.conv2d(w, stride=2, padding=1),
        lambda x, w: np_conv(x, w, stride=2, padding=1),
        ((2, 2, *BOXES[n]), (3, 2, *KERNELS[n])),
        torch=F(f"conv{n}d", stride=2, padding=1),
    )
    rows(
        f"conv_transpose2d along {n} axes",
        lambda x, w: x.conv_transpose2d(w, stride=2),
        lambda x, w: np_transposed(x, w, stride=2),
        ((1, 2, *BOXES[n]), (2, 3, *KERNELS[n])),
        torch=F(f"conv_transpose{n}d", stride=2),
    )
for what in ("max", "avg"):
    rows(
        f"{what}_pool2d along 3 axes",
        lambda x, what=what: getattr(x, f"{what}_pool2d")((2, 3, 1)),
        lambda x, what=what: np_pool(x, what, 3, (2, 3, 1)),
        (1, 2, *BOXES[3]),
        torch=F(f"{what}_pool3d", kernel_size=(2, 3, 1)),
    )

# ---------------------------------------------------------------- windows as an axis, or as columns

for axis, size, step in ((0, 2, 1), (1, 3, 2), (-1, 2, 3)):
    rows(
        f"unfold {axis} {size} {step}",
        lambda x, a=axis, n=size, s=step: x.unfold(a, n, s),
        lambda x, a=axis, n=size, s=step: np.lib.stride_tricks.sliding_window_view(x, n, a).take(
            range(0, x.shape[a] - n + 1, s), a % 3
        ),
        (3, 5, 4),
        torch=lambda x, a=axis, n=size, s=step: x.unfold(a, n, s),
    )


def np_columns(x: np.ndarray, kernel: Any, stride: Any = 1, padding: int = 0) -> np.ndarray:
    """Windows as columns."""
    seen = np_windows(x, kernel, for_axes(stride, 2), (1, 1), 0, ((padding, padding),) * 2)
    n, c, h, v, kh, kw = seen.shape
    return seen.transpose(0, 1, 4, 5, 2, 3).reshape(n, c * kh * kw, h * v)


def np_image(x: np.ndarray, kernel: Any, stride: int, padding: int, h: int, v: int) -> np.ndarray:
    """Columns put back."""
    each = kernel[0] * kernel[1]
    place = np.tile(np.eye(each).reshape(each, 1, *kernel), (x.shape[1] // each, 1, 1, 1))
    outs = [(m + 2 * padding - k) // stride + 1 for m, k in zip((h, v), kernel)]
    spans = [(o - 1) * stride + k for o, k in zip(outs, kernel)]
    wide = np_transposed(
        x.reshape(*x.shape[:2], *outs), place, stride=stride, groups=x.shape[1] // each
    )
    y = np.zeros((*wide.shape[:2], h + 2 * padding, v + 2 * padding))
    y[..., : spans[0], : spans[1]] = wide
    return y[..., padding : h + padding, padding : v + padding]


rows(
    "im2col",
    lambda x: x.im2col((2, 3), padding=1, stride=2),
    lambda x: np_columns(x, (2, 3), 2, 1),
    (2, 2, 4, 5),
    torch=F("unfold", kernel_size=(2, 3), padding=1, stride=2),
)
rows(
    "col2im",
    lambda x: x.col2im((4, 5), (2, 3), padding=1, stride=2),
    lambda x: np_image(x, (2, 3), 2, 1, 4, 5),
    (2, 12, 9),
    torch=F("fold", output_size=(4, 5), kernel_size=(2, 3), padding=1, stride=2),
)

# ---------------------------------------------------------------- resizing


def np_linear(x: np.ndarray, sizes: tuple[int, ...], corners: bool) -> np.ndarray:
    """Lines between neighbours, axis by axis."""
    for axis, count in enumerate(sizes, 2):
        m = x.shape[axis]
        at = (
            np.arange(count) * (m - 1) / (count - 1)
            if corners
            else (np.arange(count) + 0.5) * m / count - 0.5
        )
        x = np.apply_along_axis(lambda row, at=at, m=m: np.interp(at, np.arange(m), row), axis, x)
    return x


for sizes in ((6, 8), (2, 3), (5, 7)):
    for corners in (True, False):
        rows(
            f"interpolate bilinear {sizes} {corners}",
            lambda x, s=sizes, c=corners: x.interpolate(s, mode="bilinear", align_corners=c),
            lambda x, s=sizes, c=corners: np_linear(x, s, c),
            (1, 2, 3, 4),
            torch=F("interpolate", size=sizes, mode="bilinear", align_corners=corners),
        )
    rows(
        f"interpolate nearest {sizes}",
        lambda x, s=sizes: x.interpolate(size=s),
        lambda x, s=sizes: x[:, :, np.arange(s[0]) * 3 // s[0]][..., np.arange(s[1]) * 4 // s[1]],
        (1, 2, 3, 4),
        torch=F("interpolate", size=sizes),
    )
rows(
    "interpolate by a factor",
    lambda x: x.interpolate(scale_factor=2),
    lambda x: x.repeat(2, 2),
    (1, 2, 3),
    torch=F("interpolate", scale_factor=2),
)
rows(
    "interpolate a row",
    lambda x: x.interpolate(scale_factor=2.0, mode="linear"),
    lambda x: np_linear(x, (8,), False),
    (1, 2, 4),
    torch=F("interpolate", scale_factor=2.0, mode="linear"),
)
rows(
    "pixel_shuffle",
    lambda x: x.pixel_shuffle(2),
    lambda x: x.reshape(2, 2, 2, 2, 3, 2).transpose(0, 1, 4, 2, 5, 3).reshape(2, 2, 6, 4),
    (2, 8, 3, 2),
    torch=F("pixel_shuffle", upscale_factor=2),
)
