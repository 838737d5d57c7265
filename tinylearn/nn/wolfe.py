"""A line search: how far to go in a direction, so that the loss falls enough and flattens enough.

Both are Wolfe's strong conditions, for a step of length t from a place with loss f and slope m:

    loss(t) <= f + 0.0001 t m        it has fallen by a share of what the slope promised
    |slope(t)| <= 0.9 |m|            and it is less steep than it was

Source   Nocedal & Wright 2006, algorithms 3.5 and 3.6, with PyTorch's safeguards
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

FALL, FLATTEN, MOST = 1e-4, 0.9, 25


class Point(NamedTuple):
    """A place on the line: how far along, and the loss, its gradient and the slope there."""

    length: float
    loss: float
    gradient: np.ndarray
    slope: float


def lowest(a: Point, b: Point, least: float, most: float) -> float:
    """Where the cubic through two points, with their slopes, is lowest between two lengths."""
    if a.length > b.length:
        a, b = b, a
    bend = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length)
    square = bend * bend - a.slope * b.slope
    if not square >= 0:
        return (least + most) / 2
    root = math.sqrt(square)
    under = b.slope - a.slope + 2 * root
    if under == 0:
        return (least + most) / 2
    place = b.length - (b.length - a.length) * (b.slope + root - bend) / under
    return min(max(place, least), most)


def line_search(
    at: Callable[[float], Point], start: Point, size: float, tolerance: float
) -> tuple[Point, int]:
    """A point that meets both conditions, or the best that was found, and how many were tried.

    at          gives the Point at a length
    start       the length to try first; loss, gradient and slope of length 0
    size        the largest number of the direction; tolerance   changes below do not count
    """
    here = start._replace(length=0.0)
    before, point, tried = here, at(start.length), 1
    while tried <= MOST:
        worse = tried > 2 and point.loss >= before.loss
        if too_high(point, here) or worse or (not flat(point, here) and point.slope >= 0):
            return narrowed(at, here, [before, point], tried, size, tolerance)
        if flat(point, here):
            return point, tried
        far = point.length + 0.01 * (point.length - before.length)
        length = lowest(before, point, far, point.length * 10)
        before, point, tried = point, at(length), tried + 1
    return min(here, point, key=lambda p: p.loss), tried


def too_high(point: Point, here: Point) -> bool:
    """Whether the loss has not fallen enough."""
    return not point.loss <= here.loss + FALL * point.length * here.slope


def flat(point: Point, here: Point) -> bool:
    """Whether it is less steep than it was."""
    return abs(point.slope) <= -FLATTEN * here.slope


def narrowed(
    at: Callable[[float], Point],
    here: Point,
    ends: list[Point],
    tried: int,
    size: float,
    tolerance: float,
) -> tuple[Point, int]:
    """The same, between two ends with a good point somewhere between them."""
    slow = False
    low, high = sorted(ends, key=lambda p: p.loss)
    while tried <= MOST and abs(high.length - low.length) * size >= tolerance:
        least, most = sorted((low.length, high.length))
        length, edge = lowest(low, high, least, most), 0.1 * (most - least)
        if min(most - length, length - least) < edge:  # too near to an end to learn much
            if slow or length >= most or length <= least:
                nearer_most = abs(length - most) < abs(length - least)
                length = most - edge if nearer_most else least + edge
                slow = False
            else:
                slow = True
        else:
            slow = False
        point, tried = at(length), tried + 1
        if too_high(point, here) or point.loss >= low.loss:
            low, high = sorted((low, point), key=lambda p: p.loss)
            continue
        if flat(point, here):
            return point, tried
        if point.slope * (high.length - low.length) >= 0:
            high = low
        low = point
    return low, tried
