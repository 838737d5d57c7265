"""Small figures for lessons: curves, points in the plane, rows of images. Nothing but SVG inside.

    from tinylearn.viz import plots
    plots.images(x[:20], y[:20], caption="Twenty digits.", alt="Two rows of handwritten digits.")

Every figure has a caption, for all readers, and an alternative text, for those who hear the page.
The picture follows the notebook's theme; where no script runs, it is an image on white.
"""

from __future__ import annotations

import base64
import math
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from tinylearn.tensor import Tensor, no_grad
from tinylearn.viz.style import COLOURS, DASHES
from tinylearn.viz.training.figure import Figure, flat_numbers
from tinylearn.viz.training.films import backward, walk
from tinylearn.viz.training.memory import memory
from tinylearn.viz.training.threads import threads

__all__ = ["backward", "images", "lines", "memory", "plane", "threads", "walk"]

WIDTH, HEIGHT = 460.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 110.0, 10.0, 26.0
LOW, HIGH = (86, 180, 233), (230, 159, 0)  # Okabe-Ito sky blue and orange: classes 0 and 1
CELLS = 48  # squares along each side of a plane

Points = Sequence[tuple[float, float]]


# ---------------------------------------------------------------- curves


def lines(
    curves: Mapping[str, tuple[Any, Any]],
    marks: Mapping[str, tuple[float, float]] | None = None,
    caption: str = "",
    alt: str = "",
) -> Figure:
    """Curves with their names at their ends.

    curves   {"x sin x": (xs, ys)}: two arrays of equal length for each
    marks    {"here": (x, y)}: points to look at
    """
    marks = marks or {}
    drawn = {name: pairs(*xy) for name, xy in curves.items()}
    everything = [p for points in drawn.values() for p in points] + list(marks.values())
    frame = Frame(everything, WIDTH, HEIGHT)
    parts = [frame.axes()]
    ends: list[float] = []
    for k, (name, points) in enumerate(drawn.items()):
        fill, _ = COLOURS[k % len(COLOURS)]
        path = " ".join(f"{u:.1f},{v:.1f}" for u, v in map(frame.place, points))
        u, v = frame.place(points[-1])
        v = free_height(v, ends)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{fill}" stroke-width="2" '
            f'stroke-dasharray="{DASHES[k % len(DASHES)]}"/>'
            f'<text x="{u + 6:.1f}" y="{v + 4:.1f}">{escape(name)}</text>'
        )
    for name, point in marks.items():
        u, v = frame.place(point)
        parts.append(
            f'<circle cx="{u:.1f}" cy="{v:.1f}" r="4"/>'
            f'<text x="{u - 8:.1f}" y="{v - 7:.1f}" text-anchor="end">{escape(name)}</text>'
        )
    return Figure("".join(parts), WIDTH, HEIGHT, caption, alt)


def pairs(xs: Any, ys: Any) -> list[tuple[float, float]]:
    """Two arrays as a list of finite points."""
    xs, ys = flat_numbers(xs), flat_numbers(ys)
    if len(xs) != len(ys):
        raise ValueError(f"a curve needs as many ys as xs, got {len(xs)} xs and {len(ys)} ys")
    points = [(x, y) for x, y in zip(xs, ys, strict=True) if math.isfinite(x + y)]
    if not points:
        raise ValueError("a curve needs at least one point of finite numbers")
    return points


def free_height(wanted: float, taken: list[float]) -> float:
    """The height nearest below `wanted` at which a label covers none of those placed."""
    while any(abs(wanted - other) < 14 for other in taken):
        wanted += 2
    taken.append(wanted)
    return wanted


class Frame:
    """Where numbers stand on the page, and the axes that say so."""

    def __init__(self, points: Points, width: float, height: float, right: float = RIGHT) -> None:
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        self.x, self.y = ends(min(xs), max(xs)), ends(min(ys), max(ys))
        self.width, self.height, self.right = width, height, right

    def place(self, point: tuple[float, float]) -> tuple[float, float]:
        """Page coordinates of a point."""
        (x, y), (x0, x1), (y0, y1) = point, self.x, self.y
        across, down = self.width - LEFT - self.right, self.height - TOP - BOTTOM
        return LEFT + across * (x - x0) / (x1 - x0), TOP + down * (y1 - y) / (y1 - y0)

    def axes(self) -> str:
        """A line left and below, with a few round numbers."""
        left, bottom = self.place((self.x[0], self.y[0]))
        end = self.place((self.x[1], self.y[1]))
        path = f'<path d="M{left} {end[1]}V{bottom}H{end[0]}" fill="none" stroke="currentColor" '
        parts = [f'{path}stroke-opacity=".5"/>']
        for x in ticks(*self.x):
            u, _ = self.place((x, self.y[0]))
            parts.append(f'<text x="{u:.1f}" y="{bottom + 17}" text-anchor="middle">{x:g}</text>')
        for y in ticks(*self.y):
            _, v = self.place((self.x[0], y))
            parts.append(f'<text x="{left - 7}" y="{v + 4:.1f}" text-anchor="end">{y:g}</text>')
        return "".join(parts)


def ends(low: float, high: float) -> tuple[float, float]:
    """A range that is not empty."""
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def ticks(low: float, high: float) -> list[float]:
    """Three to seven round numbers from low to high.

    >>> ticks(0, 3), ticks(-0.2, 0.9)
    ([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0], [-0.2, 0.0, 0.2, 0.4, 0.6, 0.8])
    """
    size = 10.0 ** math.floor(math.log10(high - low))
    step = next(s * size for s in (0.1, 0.2, 0.5, 1, 2) if (high - low) / (s * size) <= 6.5)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) + 0.0 for k in range(first, last + 1)]


# ---------------------------------------------------------------- the plane


def plane(
    x: Any,
    y: Any,
    answer: Callable[[Tensor], Any] | None = None,
    caption: str = "",
    alt: str = "",
    margin: float = 0.4,
) -> Figure:
    """Points with their classes, over what a model answers everywhere in the plane.

    x, y     (rows, 2) places and (rows,) classes, 0 or 1
    answer   Tensor (n, 2) -> n numbers from 0 (blue) to 1 (orange); without it the points alone
    margin   how far the plane goes beyond the points
    """
    flat = flat_numbers(x)
    points = list(zip(flat[::2], flat[1::2], strict=True))
    size = HEIGHT + 40
    corners = [(u + s, v + s) for u, v in points for s in (-margin, margin)]
    frame = Frame(corners, size, size, right=12.0)
    left, bottom = frame.place((frame.x[0], frame.y[0]))
    right, top = frame.place((frame.x[1], frame.y[1]))
    parts = []
    if answer is not None:
        place = f'x="{left}" y="{top}" width="{right - left}" height="{bottom - top}"'
        uri = png([list(map(shade, row)) for row in answers(answer, frame)])
        parts.append(f'<image {place} preserveAspectRatio="none" href="{uri}"/>')
    parts.append(frame.axes())
    for point, label in zip(points, flat_numbers(y), strict=True):
        u, v = frame.place(point)
        fill = "#{:02x}{:02x}{:02x}".format(*(HIGH if label > 0.5 else LOW))
        parts.append(
            f'<circle cx="{u:.1f}" cy="{v:.1f}" r="13" fill="#fff"/><circle cx="{u:.1f}" '
            f'cy="{v:.1f}" r="11" fill="{fill}" stroke="#000"/><text '
            f'x="{u:.1f}" y="{v + 4.5:.1f}" text-anchor="middle" fill="#000">{label:g}</text>'
        )
    return Figure("".join(parts), size, size, caption, alt)


def answers(answer: Callable[[Tensor], Any], frame: Frame) -> Iterator[list[float]]:
    """What the model says in the middle of each square, row by row from the top."""
    (x0, x1), (y0, y1) = frame.x, frame.y
    shares = [(k + 0.5) / CELLS for k in range(CELLS)]
    grid = [[x0 + s * (x1 - x0), y1 - t * (y1 - y0)] for t in shares for s in shares]
    with no_grad():
        found = flat_numbers(answer(Tensor(grid)))
    if len(found) != CELLS * CELLS:
        raise ValueError(f"{len(grid)} points were asked for, {len(found)} numbers came back")
    for start in range(0, len(found), CELLS):
        yield found[start : start + CELLS]


def shade(value: float) -> tuple[int, ...]:
    """From blue (0) over white (0.5) to orange (1).

    >>> shade(0), shade(0.5), shade(1)
    ((86, 180, 233), (255, 255, 255), (230, 159, 0))
    """
    colour, share = (HIGH, 2 * value - 1) if value > 0.5 else (LOW, 1 - 2 * value)
    share = min(1.0, max(0.0, share))
    return tuple(round(255 + share * (c - 255)) for c in colour)


# ---------------------------------------------------------------- images


def images(
    pictures: Any, labels: Any = (), columns: int = 10, caption: str = "", alt: str = ""
) -> Figure:
    """Grey images in rows, 0 white and 1 black, each with its label below.

    pictures   (rows, height, width), (rows, 1, height, width), or (rows, pixels) if square
    labels     as many numbers or texts, or none
    """
    shape = tuple(pictures.shape)
    high, wide = shape[-2:] if len(shape) > 2 else 2 * (math.isqrt(shape[-1]),)
    if len(shape) < 2 or math.prod(shape[1:]) != high * wide:
        raise ValueError(f"images must be (rows, height, width) or square rows, got {shape}")
    labels = list(labels.tolist() if hasattr(labels, "tolist") else labels)
    if labels and len(labels) != shape[0]:
        raise ValueError(f"{shape[0]} images need as many labels, got {len(labels)}")
    tile, gap, below = 56.0, 8.0, 20.0 * bool(labels)
    parts = []
    for k, pixels in enumerate(pictures.reshape(shape[0], high * wide).tolist()):
        x, y = k % columns * (tile + gap), k // columns * (tile + gap + below)
        rows = [[ink(p) for p in pixels[r * wide : (r + 1) * wide]] for r in range(high)]
        parts.append(
            f'<image x="{x:g}" y="{y:g}" width="{tile:g}" height="{tile:g}" '
            f'style="image-rendering:pixelated" href="{png(rows)}"/>'
        )
        if labels:
            middle, line = x + tile / 2, y + tile + 15
            text = escape(str(labels[k]))
            parts.append(f'<text x="{middle:g}" y="{line:g}" text-anchor="middle">{text}</text>')
    across, down = min(columns, shape[0]), -(-shape[0] // columns)
    size = across * (tile + gap) - gap, down * (tile + gap + below) - gap + 4
    return Figure("".join(parts), *size, caption, alt)


def ink(value: float) -> tuple[int]:
    """One grey pixel: 0 is white paper, 1 is black ink."""
    return (round(255 * (1 - min(1.0, max(0.0, value)))),)


def png(rows: Sequence[Sequence[tuple[int, ...]]]) -> str:
    """Pixels of 1 (grey) or 3 (red, green, blue) bytes as a PNG that an SVG can hold.

    >>> png([[(0,)]])[:32]
    'data:image/png;base64,iVBORw0KGg'
    """
    colour = {1: 0, 3: 2}[len(rows[0][0])]
    lines = b"".join(b"\0" + bytes(byte for pixel in row for byte in pixel) for row in rows)
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, colour, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")):
        data += struct.pack(">I", len(body)) + kind + body
        data += struct.pack(">I", zlib.crc32(kind + body))
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"
