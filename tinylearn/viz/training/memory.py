"""How a shape and its strides read one row of memory: the row, the table, a stride on each arrow.

plots.memory(range(12), shape=(3, 4), strides=(4, 1), at=(1, 2), caption="...", alt="...")
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from tinylearn.viz.style import COLOURS
from tinylearn.viz.training.figure import Figure, flat_numbers

CELL, HIGH, EDGE = 38.0, 28.0, 46.0
MARKED, STEP = COLOURS[1], COLOURS[0][0]


def memory(
    row: Any,
    shape: tuple[int, int],
    strides: tuple[int, int],
    start: int = 0,
    at: tuple[int, int] | None = None,
    caption: str = "",
    alt: str = "",
) -> Figure:
    """One row of numbers, and below it the table that a shape and its strides read from it.

    row       the numbers as they lie in memory
    strides   how many places one step down and one step to the right move
    start     the place of the table's first number
    at        (row, column) of a number that is marked above and below
    Raises    ValueError where the table would read beside the row
    """
    numbers = [f"{value:g}" for value in flat_numbers(row)]
    (down, across), places = shape, list(places_of(shape, strides, start))
    if not all(0 <= place < len(numbers) for place in places):
        raise ValueError(f"places {min(places)} to {max(places)} of {len(numbers)} numbers")
    marked = start + at[0] * strides[0] + at[1] * strides[1] if at else -1
    parts = [label(EDGE, 12, "memory", "start")]
    for place, text in enumerate(numbers):
        x = EDGE + place * CELL
        parts.append(cell(x, 20, text, place == marked))
        parts.append(label(x + CELL / 2, 20 + HIGH + 13, str(place), opacity=0.65))
    top = 20 + HIGH + 50
    for k, place in enumerate(places):
        x, y = EDGE + k % across * CELL, top + k // across * HIGH
        parts.append(cell(x, y, numbers[place], at == (k // across, k % across)))
    if across > 1:
        parts.append(arrow((EDGE + CELL / 2, top - 7), (EDGE + 3 * CELL / 2, top - 7)))
        parts.append(label(EDGE + CELL, top - 14, f"{strides[1]:+d}", fill=STEP))
    if down > 1:
        parts.append(arrow((EDGE - 8, top + HIGH / 2), (EDGE - 8, top + 3 * HIGH / 2)))
        parts.append(label(EDGE - 14, top + HIGH + 4, f"{strides[0]:+d}", "end", fill=STEP))
    width = EDGE + CELL * max(len(numbers), across) + 4
    return Figure("".join(parts), width, top + down * HIGH + 4, caption, alt)


def places_of(shape: Sequence[int], strides: Sequence[int], start: int) -> Iterator[int]:
    """The place in memory of each number of a table, row by row.

    >>> list(places_of((2, 3), (0, 1), 4))
    [4, 5, 6, 4, 5, 6]
    """
    for i in range(shape[0]):
        for j in range(shape[1]):
            yield start + i * strides[0] + j * strides[1]


def cell(x: float, y: float, text: str, marked: bool) -> str:
    """A box with a number in it, filled where it is marked."""
    fill, ink = MARKED if marked else ("none", "currentColor")
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{CELL:g}" height="{HIGH:g}" fill="{fill}" '
        f'stroke="currentColor" stroke-opacity=".6"/>'
        f'<text x="{x + CELL / 2:g}" y="{y + HIGH / 2 + 4:g}" text-anchor="middle" '
        f'fill="{ink}">{escape(text)}</text>'
    )


def label(
    x: float,
    y: float,
    text: str,
    anchor: str = "middle",
    fill: str = "currentColor",
    opacity: float = 1.0,
) -> str:
    """Some words, a little smaller than the numbers."""
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" fill="{fill}" font-size="11" '
        f'fill-opacity="{opacity:g}">{escape(text)}</text>'
    )


def arrow(begin: tuple[float, float], end: tuple[float, float]) -> str:
    """A line from one point to another, with a head, to the right or down."""
    (x0, y0), (x1, y1) = begin, end
    head = f"M{x1 - 6:g} {y1 - 4:g}L{x1:g} {y1:g}L{x1 - 6:g} {y1 + 4:g}"
    if x0 == x1:
        head = f"M{x1 - 4:g} {y1 - 6:g}L{x1:g} {y1:g}L{x1 + 4:g} {y1 - 6:g}"
    line = f"M{x0:g} {y0:g}L{x1:g} {y1:g}"
    return f'<path d="{line}{head}" fill="none" stroke="{STEP}" stroke-width="1.8"/>'
