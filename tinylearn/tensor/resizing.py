"""Resizing: numbers of a finer or coarser grid, from the nearest or from a line between two."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tinylearn.errors import ShapeError, describe, nearest
from tinylearn.graph.node import Node
from tinylearn.repairs.userline import name_of
from tinylearn.tensor.joining import joined
from tinylearn.tensor.moves import part_of
from tinylearn.tensor.operands import floating
from tinylearn.tensor.products import mixed
from tinylearn.tensor.state import State, result

if TYPE_CHECKING:
    from tinylearn.tensor.tensor import Tensor

LINEAR = ("linear", "bilinear", "trilinear")
MODES = ("nearest", *LINEAR)


class Resizing(State):
    """Numbers between numbers."""

    __slots__ = ()

    def interpolate(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ) -> Tensor:
        """(N, C, ...) in another size, axis by axis behind the channels.

        size            of the result, one number or one for each axis
        scale_factor    instead: how often the size that is there
        mode            "nearest", or "linear" ("bilinear", "trilinear"): from the two next to it
        align_corners   whether the first and the last number stay where they are, in linear modes
        PyTorch: nn.functional.interpolate
        """
        x = self.node
        if mode not in MODES:
            says = f"interpolate: mode is one of {', '.join(MODES)}, not {mode!r}"
            raise ValueError(f"{says}{nearest(mode, MODES)}\nTry {name_of()}.interpolate(2)")
        if (size is None) == (scale_factor is None):
            says = "interpolate needs a size or a scale_factor, and not both"
            raise ValueError(f"{says}\nTry {name_of()}.interpolate(scale_factor=2)")
        first = 2 if not is_list(size) else len(x.shape) - len(size)
        n = len(x.shape) - first
        if first < 0 or n < 1:
            says = f"interpolate needs axes behind (N, channels), got {len(x.shape)} axes"
            raise describe(ShapeError, says, [(name_of(), x)])
        x = floating(x) if mode in LINEAR else x
        for k, have in enumerate(x.shape[first:]):
            want, step = new_size(have, entry(size, k, n), entry(scale_factor, k, n))
            if mode == "nearest":
                x = picked(x, first + k, want, step)
            elif want != have or step != 1:
                x = mixed(x, first + k, between(have, want, step, bool(align_corners)))
        return result(x, self)

    def pixel_shuffle(self, upscale_factor: int) -> Tensor:
        """Channels become places: (..., C r^2, H, W) -> (..., C, H r, W r). PyTorch: pixel_shuffle

        upscale_factor   r
        """
        x, r = self.node, upscale_factor
        if len(x.shape) < 3 or r < 1 or x.shape[-3] % (r * r):
            says = f"pixel_shuffle needs images with a multiple of {r * r} channels"
            raise describe(ShapeError, says, [(name_of(), x)])
        *front, channels, height, width = x.shape
        n, left = len(front), channels // (r * r)
        apart = x.reshape((*front, left, r, r, height, width))
        mixed_in = apart.permute((*range(n + 1), n + 3, n + 1, n + 4, n + 2))
        return result(mixed_in.reshape((*front, left, height * r, width * r)), self)


# ---------------------------------------------------------------- sizes


def is_list(given: Any) -> bool:
    """Whether there is one number for each axis."""
    return isinstance(given, tuple | list)


def entry(given: Any, k: int, n: int) -> Any:
    """What is given for the k-th of n axes."""
    if not is_list(given):
        return given
    if len(given) != n:
        raise ShapeError(f"interpolate: there are {n} axes, and {len(given)} sizes or factors")
    return given[k]


def new_size(have: int, size: int | None, factor: float | None) -> tuple[int, float]:
    """The new size of an axis, and how far apart its numbers lie on the old one."""
    want = math.floor(have * factor) if factor is not None else size
    if want is None or want < 1 or have < 1:
        raise ShapeError(f"interpolate: sizes are at least 1, got {want} from {have}")
    return want, (have / want if factor is None else 1 / factor)


# ---------------------------------------------------------------- on nodes


def picked(x: Node, axis: int, want: int, step: float) -> Node:
    """For each new place the old number at or before it."""
    have = x.shape[axis]
    if want % have == 0 and step * want == have:
        before, after, times = x.shape[:axis], x.shape[axis + 1 :], want // have
        apart = x.reshape((*before, have, 1, *after)).expand((*before, have, times, *after))
        return apart.reshape((*before, want, *after))
    starts = np.minimum((np.arange(want, dtype="f") * np.float32(step)).astype(int), have - 1)
    return joined([part_of(x, axis, int(s), int(s) + 1) for s in starts], axis)


def between(have: int, want: int, step: float, align_corners: bool) -> np.ndarray:
    """(want, have): for each new number the shares of the two old ones it lies between.

    >>> between(2, 3, 2 / 3, True)
    array([[1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ]])
    """
    places = np.arange(want)
    if align_corners:
        at = places * ((have - 1) / (want - 1) if want > 1 else 0.0)
    else:
        at = np.maximum((places + 0.5) * step - 0.5, 0)
    low = np.minimum(at.astype(int), have - 1)
    high = np.minimum(low + 1, have - 1)
    shares = np.zeros((want, have))
    np.add.at(shares, (places, low), 1 - (at - low))
    np.add.at(shares, (places, high), at - low)
    return shares
