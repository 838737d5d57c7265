"""What tuning tried, as text and as a table: each way, its time, and which one runs from now on."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tinylearn.devices import compiler
from tinylearn.devices.tuned import keep
from tinylearn.devices.tuning import Row, Tried
from tinylearn.errors import DeviceError
from tinylearn.schedule.kernel import Kernel
from tinylearn.viz.faces.times import BAR, WIDEST, as_columns, as_row, duration, table
from tinylearn.viz.trace.decisions import title_of

SHOWN = 12  # ways; the slower ones are counted
HEADS = ("vectors and tile", "time", "of the recipe's", "")
NOT_HERE = "tl.tune tries loops of the c device, and these tensors are on {}"


class Tuning:
    """Kernels with all that was tried for them; print it, or let a notebook show it.

    tried   (number of the kernel, what was tried) pairs
    """

    def __init__(self, tried: Sequence[tuple[int, Tried]]) -> None:
        self.tried = list(tried)

    def forget(self) -> None:
        """Give these kernels back to the recipe, here and on disk."""
        for _, tried in self.tried:
            keep(tried.tree, None)

    def rows(self, tried: Tried) -> list[Row]:
        """The fastest ways, and the recipe's."""
        ranked = sorted(tried.rows, key=lambda row: row.ratio)
        return [r for k, r in enumerate(ranked) if k < SHOWN or r in (tried.rows[0], tried.winner)]

    def heads(self, number: int, tried: Tried) -> str:
        """What came of a kernel, in one line."""
        title = f"kernel {number}: {title_of(tried.kernel)}"
        ways = len(tried.rows) - 1
        if ways < 1:
            return f"{title}: there is no other way near the recipe's"
        if tried.winner.ratio == 1.0:
            return f"{title}: of {ways} other ways none is faster for sure; the recipe's stays"
        won = f"{tried.winner.says} runs from now on"
        return (
            f"{title}: {ways} ways tried; {won}, in {tried.winner.ratio:.2f} of the recipe's time"
        )

    def __repr__(self) -> str:
        parts = []
        for number, tried in self.tried:
            lines = as_columns([HEADS, *(cells(r, tried) for r in self.rows(tried))], 1)
            parts.append("\n".join([self.heads(number, tried), *(lines if tried.rows else [])]))
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        return "".join(self.part(number, tried) for number, tried in self.tried)

    def part(self, number: int, tried: Tried) -> str:
        """One kernel as a table, with a bar for each time."""
        shown = self.rows(tried)
        says = escape(self.heads(number, tried))
        if not shown:
            return f"<p>{says}</p>"
        most = max(row.seconds for row in shown)
        rows = [
            as_row("td", cells(row, tried), 1, BAR.format(WIDEST * row.seconds / most))
            for row in shown
        ]
        return table(as_row("th", HEADS, 1, "<td></td>"), rows, says)


def cells(row: Row, tried: Tried) -> tuple[str, ...]:
    """A way as the cells of a table."""
    runs = "runs" if row == tried.winner else ""
    return row.says, duration(row.seconds), f"{row.ratio:.2f}", runs


def refuse_other_devices(kernels: Sequence[Kernel]) -> None:
    """Raise DeviceError unless all kernels run on the c device, with what to do."""
    other = next((k.outputs[0].device for k in kernels if k.outputs[0].device != "c"), None)
    if other is not None:
        missing = compiler.find().problem
        repair = 'Try tl.Device.DEFAULT = "c" before the tensors are made'
        raise DeviceError(f"{NOT_HERE.format(other)}\n{missing or repair}")
