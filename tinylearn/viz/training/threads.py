"""Which thread has which number: the grid of a launch, cut into blocks, over an array.

plots.threads((10,), blocks=3, threads=4, caption="...", alt="...")
"""

from __future__ import annotations

from tinylearn.viz.style import COLOURS
from tinylearn.viz.training.figure import Figure
from tinylearn.viz.training.memory import label

CELL, HIGH, GAP, TOP = 34.0, 26.0, 8.0, 16.0

Pair = tuple[int, int]


def threads(
    shape: tuple[int, ...],
    blocks: int | Pair,
    threads: int | Pair,
    caption: str = "",
    alt: str = "",
) -> Figure:
    """A square for each thread of a launch, in its block's colour, with the place that it has.

    shape     of the array: one axis or two
    blocks    how many along x, or along (x, y), as a kernel's launch has them; threads likewise
    Raises    ValueError for other numbers of axes

    A thread whose place lies outside of the array has a dashed square without a colour.
    """
    if len(shape) not in (1, 2):
        raise ValueError(f"threads are drawn over one axis or two, got the shape {shape}")
    (blocks_x, blocks_y), (wide, high) = both(blocks), both(threads)
    down, across = shape if len(shape) == 2 else (1, shape[0])
    parts = []
    for y in range(blocks_y * high):
        for x in range(blocks_x * wide):
            block = y // high * blocks_x + x // wide
            left, top = CELL * x + GAP * (x // wide) + 1, TOP + HIGH * y + (GAP + TOP) * (y // high)
            if x % wide == y % high == 0:
                name = str(x // wide) if blocks_y == 1 else f"({x // wide}, {y // high})"
                parts.append(label(left, top - 5, f"block {name}", "start"))
            text = f"{x}" if len(shape) == 1 else f"{y}, {x}"
            parts.append(square(left, top, text, block if y < down and x < across else None))
    width = CELL * blocks_x * wide + GAP * (blocks_x - 1) + 2
    height = HIGH * blocks_y * high + (GAP + TOP) * (blocks_y - 1) + TOP + 2
    return Figure("".join(parts), width, height, caption, alt)


def both(sizes: int | Pair) -> Pair:
    """Along x and y.

    >>> both(4), both((4, 2))
    ((4, 1), (4, 2))
    """
    return (sizes, 1) if isinstance(sizes, int) else sizes


def square(left: float, top: float, text: str, block: int | None) -> str:
    """One thread; None: it has no place in the array."""
    fill, ink = ("none", "currentColor") if block is None else COLOURS[block % len(COLOURS)]
    dashed = ' stroke-dasharray="3 3"' if block is None else ""
    return (
        f'<rect x="{left:g}" y="{top:g}" width="{CELL - 2:g}" height="{HIGH - 2:g}" fill="{fill}" '
        f'stroke="currentColor" stroke-opacity=".6"{dashed}/>'
        f'<text x="{left + CELL / 2 - 1:g}" y="{top + HIGH / 2 + 3:g}" text-anchor="middle" '
        f'font-size="11" fill="{ink}">{text}</text>'
    )
