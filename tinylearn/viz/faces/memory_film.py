"""The memory film: which buffer lives from which kernel to which, what is used again, the peak.

A column is a kernel in running order, a row is a piece of memory; two bars in one row use the same
memory one after the other. Below stands the sum that is alive while each kernel runs.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from tinylearn.viz.faces import html
from tinylearn.viz.style import amount, clip, colour, columns, shape_text
from tinylearn.viz.trace.lives import lives

Data = dict[str, Any]
PRINTED = "@media print{.tlv-lives{max-width:100%!important;height:auto}}"  # paper does not scroll
COLUMN, ROW, LEFT, TOP, GRAPH = 54, 24, 180, 26, 90


class MemoryFilm:
    """Shows the lives of a trace's buffers: HTML in a notebook, a table as text, .save()."""

    def __init__(self, trace: Data) -> None:
        self.trace, self.lives = trace, lives(trace)
        self.nodes = {n["id"]: n for n in trace["nodes"]}

    def __str__(self) -> str:
        found, rows = self.lives, [self.summary()]
        for b in found["buffers"]:
            text = f"{during(b)}, place {b['row'] + 1}"
            rows.append(f"  {self.name(b['id']):<28}{amount(b['bytes']):>9}  {text}")
        return "\n".join(rows)

    __repr__ = __str__

    def summary(self) -> str:
        """The whole film in one sentence."""
        found, title = self.lives, self.trace["title"]
        given = f"{amount(found['given'])} of data and weights"
        if not found["buffers"]:
            return f"{title}: nothing has to be computed. {given} are in memory."
        peak = found["alive"].index(found["peak"]) + 1
        return (
            f"{title}: at most {amount(found['peak'])} alive, while kernel {peak} runs, with "
            f"{given}. {places_text(len(found['buffers']), found['rows'])}"
        )

    def name(self, node: str) -> str:
        """A stored value in words."""
        n = self.nodes[node]
        return clip(f"{n['name'] or n['op']} {shape_text(n['shape'])}", 26)

    def svg(self, step: int | None = None) -> str:
        """The chart as SVG text. Bars and heads know their node, for a click in the stepper."""
        found, count = self.lives, len(self.trace["kernels"])
        width = LEFT + COLUMN * count + 20
        base = TOP + ROW * found["rows"] + 10
        bars = "".join(self.bar(b) for b in found["buffers"])
        heads = "".join(self.head(k, base + GRAPH + 20) for k in range(count))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{base + GRAPH + 24}" '
            f'viewBox="0 0 {width} {base + GRAPH + 24}" role="img" fill="currentColor" '
            f'aria-label="{escape(self.summary())}" font-family="system-ui,sans-serif" '
            f'font-size="12" style="max-width:none" '
            f'class="tlv-lives"><style>{PRINTED}</style>{heads}{bars}{self.graph(base)}</svg>'
        )

    def head(self, k: int, bottom: float) -> str:
        """The column of a kernel: its number, and a frame that the stepper shows at its steps."""
        fill, ink = colour(k + 1)
        x, kernel = LEFT + COLUMN * k, self.trace["kernels"][k]
        node = f' data-node="{kernel["writes"][-1]}"' if kernel["writes"] else ""
        return (
            f'<g data-column="{kernel["id"]}" style="display:none"><rect x="{x}" y="1" '
            f'width="{COLUMN}" height="{bottom - 1}" rx="5" fill="none" stroke="currentColor" '
            f'stroke-width="2.5" stroke-dasharray="5 3"/></g>'
            f"<g{node}><title>kernel {escape(kernel['title'])}</title>"
            f'<rect x="{x + 14}" y="4" width="26" height="17" rx="4" fill="{fill}"/>'
            f'<text x="{x + 27}" y="17" text-anchor="middle" fill="{ink}" font-weight="600">'
            f"{k + 1}</text></g>"
        )

    def bar(self, b: Data) -> str:
        """The life of one value, in the colour of the kernel that made it."""
        fill, ink = colour(b["from"] + 1)
        x, y = LEFT + COLUMN * b["from"] + 3, TOP + ROW * b["row"]
        wide = COLUMN * (b["to"] - b["from"] + 1) - 6
        called, size = self.name(b["id"]), amount(b["bytes"])
        text = f"{called}, {size}"
        room = max(0, int((wide - 12) / 6.8))
        label = text if columns(text) <= room else clip(called, room) if room > 5 else ""
        first = b["row"] not in {o["row"] for o in self.lives["buffers"] if o["from"] < b["from"]}
        name = (
            f'<text x="{LEFT - 6}" y="{y + 15}" text-anchor="end">'
            f"{escape(clip(called, 22 - len(size)))}, {size}</text>"
        )
        return (
            f'<g data-node="{b["id"]}"><title>{escape(text)}: {during(b)}</title>'
            f'<rect x="{x}" y="{y}" width="{wide}" height="{ROW - 5}" rx="4" fill="{fill}"/>'
            f'<text x="{x + 6}" y="{y + 14}" fill="{ink}">{escape(label)}</text>'
            f"{name if first else ''}</g>"
        )

    def graph(self, base: int) -> str:
        """The bytes alive while each kernel runs, the peak marked."""
        found = self.lives
        peak = found["peak"] or 1
        parts = []
        for k, alive in enumerate(found["alive"]):
            tall = GRAPH * alive / peak
            x, y = LEFT + COLUMN * k + 3, base + GRAPH - tall
            mark = ' stroke="currentColor" stroke-width="2"' if alive == found["peak"] else ""
            parts.append(
                f'<rect x="{x}" y="{y:.0f}" width="{COLUMN - 6}" height="{tall:.0f}" '
                f'fill="currentColor" fill-opacity=".25"{mark}/>'
                f'<text x="{x + COLUMN / 2 - 3:.0f}" y="{base + GRAPH + 16}" text-anchor="middle" '
                f'font-size="11">{amount(alive)}</text>'
            )
        given = base + GRAPH - GRAPH * found["given"] / peak
        right = LEFT + COLUMN * len(found["alive"])
        parts.append(
            f'<path d="M{LEFT} {given:.0f}H{right}" stroke="currentColor" stroke-dasharray="4 3"/>'
            f'<text x="{LEFT - 6}" y="{given + 4:.0f}" text-anchor="end">data and weights</text>'
            f'<text x="{LEFT - 6}" y="{base + GRAPH + 16}" text-anchor="end">alive in all</text>'
        )
        return "".join(parts)

    def _repr_html_(self) -> str:
        """An image, which a script opens up so that the chart follows the page's colours."""
        style = "color:var(--jp-ui-font-color1,inherit);overflow-x:auto"
        said = f"<p>{escape(self.summary())}</p>{html.image(self.svg(), self.summary())}"
        return html.themed("div", style, said + html.details("The memory, as text", str(self)))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Data:
        return {"text/html": self._repr_html_(), "text/plain": str(self)}

    def save(self, path: str | Path) -> Path:
        """Write the film to `path`: .html or .svg.

        Raises   ValueError for another ending
        """
        path = html.file_of(path, (".html", ".htm", ".svg"))
        is_svg = path.suffix.lower() == ".svg"
        text = self.svg() if is_svg else html.page(self.trace["title"], self._repr_html_())
        path.write_text(text, encoding="utf-8")
        return path


def during(buffer: Data) -> str:
    """The kernels while which a value is in memory.

    >>> during({"from": 0, "to": 0}), during({"from": 0, "to": 2})
    ('kernel 1', 'kernels 1 to 3')
    """
    first, last = buffer["from"] + 1, buffer["to"] + 1
    return f"kernel {first}" if first == last else f"kernels {first} to {last}"


def places_text(stored: int, places: int) -> str:
    """How many values share how much memory, as a sentence.

    >>> places_text(1, 1)
    '1 value is stored in 1 place.'
    >>> places_text(3, 3)
    '3 values are stored in 3 places: no memory is used again.'
    >>> places_text(5, 4)
    '5 values are stored in 4 places: 1 is in memory used before.'
    """
    if stored == 1:
        return "1 value is stored in 1 place."
    again = stored - places
    used = f"{again} {'is' if again == 1 else 'are'} in memory used before"
    return (
        f"{stored} values are stored in {places} place{'s' * (places != 1)}: "
        f"{used if again else 'no memory is used again'}."
    )
