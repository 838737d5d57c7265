"""What kernels cost, as text and as a table: their times, and what a model comes to."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tinylearn.viz.style import amount, clip
from tinylearn.viz.trace.analysis import Costs
from tinylearn.viz.trace.timing import KernelTime

TABLE = (
    "color:var(--jp-content-font-color1,inherit);border-collapse:collapse;"
    "font-variant-numeric:tabular-nums;font-size:0.95em"
)
CELL = "text-align:right;padding:2px 0.7em;white-space:nowrap"
NAME = "text-align:left;padding:2px 0.7em;white-space:nowrap"
CAPTION = "caption-side:bottom;text-align:left;padding:4px 0.7em"
LINE = "border-bottom:1px solid color-mix(in srgb,currentColor 25%,transparent)"
HEADS = ("kernel", "language", "time", "share", "moved", "GB/s", "operations", "GFLOP/s")
BAR = (
    '<td><span style="display:inline-block;height:0.7em;background:#0072B2;width:{:.0f}px">'
    "</span></td>"
)
WIDEST = 120  # pixels of the longest bar


class Profile:
    """Kernels with their times, in running order; print it, or let a notebook show it.

    kernels   a KernelTime each: title, seconds, read, written, flops, bandwidth, speed
    """

    def __init__(self, kernels: Sequence[KernelTime]) -> None:
        self.kernels = list(kernels)

    @property
    def seconds(self) -> float:
        """All kernels together."""
        return sum(k.seconds for k in self.kernels)

    def rows(self) -> list[tuple[str, ...]]:
        """The table, number by number as text."""
        return [
            (
                f"{number}: {clip(k.title, 40)}",
                k.language,
                duration(k.seconds),
                f"{100 * k.seconds / (self.seconds or 1):.0f} %",
                amount(k.read + k.written),
                f"{k.bandwidth / 1e9:.3g}",
                f"{k.flops:,}",
                f"{k.speed / 1e9:.3g}",
            )
            for number, k in enumerate(self.kernels, 1)
        ]

    def total(self) -> str:
        """All kernels in one line."""
        moved = sum(k.read + k.written for k in self.kernels)
        flops = sum(k.flops for k in self.kernels)
        count = f"{len(self.kernels)} kernel{'s' * (len(self.kernels) != 1)}"
        return f"{count}: {duration(self.seconds)}, {amount(moved)} moved, {flops:,} operations"

    def __repr__(self) -> str:
        return "\n".join([*as_columns([HEADS, *self.rows()], 2), self.total()])

    def _repr_html_(self) -> str:
        most = max((k.seconds for k in self.kernels), default=0) or 1
        bars = [BAR.format(WIDEST * k.seconds / most) for k in self.kernels]
        rows = [as_row("td", row, 2, bar) for row, bar in zip(self.rows(), bars)]
        return table(as_row("th", HEADS, 2, "<td></td>"), rows, escape(self.total()))


def duration(seconds: float) -> str:
    """Seconds as text.

    >>> duration(0.0000123), duration(0.0123), duration(1.5)
    ('12.3 us', '12.3 ms', '1.5 s')
    """
    for size, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"


class Analysis:
    """What a graph costs, kernel by kernel; print it, or let a notebook show it.

    costs   the numbers: kernels, memory, accesses, static, arithmetic, plain
    """

    HEADS = ("kernel", "moved", "operations", "per byte", "predicted", "measured")

    def __init__(self, costs: Costs) -> None:
        self.costs = costs

    def rows(self) -> list[tuple[str, ...]]:
        """The table, number by number as text."""
        return [
            (
                f"{number}: {clip(c.time.title, 40)}",
                amount(c.time.read + c.time.written),
                f"{c.time.flops:,}",
                f"{c.intensity:.3g}",
                duration(c.predicted),
                duration(c.time.seconds),
            )
            for number, c in enumerate(self.costs.kernels, 1)
        ]

    def sentences(self) -> list[str]:
        """What all kernels come to."""
        costs = self.costs
        moved = sum(c.time.read + c.time.written for c in costs.kernels)
        flops = sum(c.time.flops for c in costs.kernels)
        return [
            f"{flops:,} operations on {amount(moved)}: {flops / (moved or 1):.3g} for each byte;"
            f" {amount(costs.memory)} in memory at once",
            f"{percent(costs.static, costs.accesses)} of {costs.accesses:,} reads and writes are at"
            " places that shapes alone decide",
            f"{percent(costs.plain, costs.arithmetic)} of the arithmetic adds or multiplies",
        ]

    def __repr__(self) -> str:
        return "\n".join([*as_columns([self.HEADS, *self.rows()], 1), *self.sentences()])

    def _repr_html_(self) -> str:
        rows = [as_row("td", row, 1) for row in self.rows()]
        return table(as_row("th", self.HEADS, 1), rows, "<br>".join(map(escape, self.sentences())))


def percent(part: int, whole: int) -> str:
    """A share as text; all of nothing is all.

    >>> percent(1, 3), percent(999_999, 1_000_000), percent(0, 0)
    ('33.3 %', '99.9 %', '100 %')
    """
    if part == whole:
        return "100 %"
    return f"{min(99.9, 100 * part / whole):.3g} %"


def as_columns(rows: Sequence[Sequence[str]], names: int) -> list[str]:
    """Rows as lines of text; the first `names` columns stand left."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(w) if k < names else cell.rjust(w)
            for k, (cell, w) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]


def as_row(tag: str, cells: Sequence[str], names: int, more: str = "") -> str:
    """A row of a table."""
    style = [NAME if k < names else CELL for k in range(len(cells))]
    scope, line = (' scope="col"', f";{LINE}") if tag == "th" else ("", "")
    return (
        "<tr>"
        + "".join(
            f'<{tag}{scope} style="{s}{line}">{escape(cell)}</{tag}>'
            for s, cell in zip(style, cells)
        )
        + f"{more}</tr>"
    )


def table(head: str, rows: Sequence[str], caption: str) -> str:
    """A table in the colours of the page."""
    return (
        f'<table style="{TABLE}"><thead>{head}</thead><tbody>{"".join(rows)}</tbody>'
        f'<caption style="{CAPTION}">{caption}</caption>'
        "</table>"
    )
