"""Draws one moment of a trace as a static SVG: what images, printers and e-mail show.

Colours are fixed (dark on white), every text is escaped, nothing is loaded from anywhere.
"""

from __future__ import annotations

from html import escape
from typing import Any

from tinylearn.viz.nested import HEAD, PAD
from tinylearn.viz.style import colour, dash

Data = dict[str, Any]
MARGIN = 12
STYLE = (
    "text{font:13px system-ui,Segoe UI,Helvetica,Arial,sans-serif;fill:#1a1a1a}"
    ".s{font-size:11px;fill:#444}.m{text-anchor:middle}.e{fill:none;stroke:#666;stroke-width:1.2}"
    ".b{fill:#fff;stroke:#333}.q{stroke-dasharray:4 3}.src{fill:#eef2f6}.bw{fill:#fdf3e4}"
    ".x{stroke:#1a1a1a;stroke-width:3}"
)


def state_at(trace: Data, step: int | None) -> dict[str, tuple[str, list[str]]]:
    """{node: (verdict, kernels)} after `step` steps (None: at the end of the film)."""
    steps = trace["steps"] if step is None else trace["steps"][:step]
    return {node: (s["verdict"], s["kernels"]) for s in steps for node in s["nodes"]}


def svg(trace: Data, step: int | None = None, view: str = "kernels") -> str:
    """The graph after `step` decisions as one SVG text.

    step   None for the finished picture, 0 for the beginning of the film
    """
    plan = trace["views"].get(view) or trace["views"]["kernels"]
    drawing = Drawing(trace, plan, state_at(trace, step))
    drawing.level("", MARGIN, MARGIN)
    width, height = (v + 2 * MARGIN for v in plan["levels"][""]["size"])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{escape(alternative(trace, step))}">'
        f"<style>{STYLE}</style>"
        '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" fill="#666"/></marker></defs>'
        f'<rect width="{width}" height="{height}" rx="6" fill="#fff"/>{"".join(drawing.out)}</svg>'
    )


def alternative(trace: Data, step: int | None = None) -> str:
    """The picture in one sentence, for those who cannot see it."""
    computing = sum(node["kind"] != "source" for node in trace["nodes"])
    text = f"Op graph of {trace['title']}: {computing} ops on {len(trace['nodes']) - computing}"
    text += f" sources, in {len(trace['kernels'])} kernels"
    if step is not None:
        text += f", after step {step} of {len(trace['steps'])}"
    return text


class Drawing:
    """Collects SVG elements: edges and outlines below, boxes above."""

    def __init__(self, trace: Data, plan: Data, state: dict[str, tuple[str, list[str]]]) -> None:
        self.nodes = {node["id"]: node for node in trace["nodes"]}
        self.kernels = {kernel["id"]: kernel for kernel in trace["kernels"]}
        self.plan, self.state, self.film = plan, state, bool(trace["steps"])
        self.out: list[str] = []

    def level(self, group: str, left: float, top: float) -> None:
        """Draw the inside of a group whose inside begins at (left, top)."""
        level = self.plan["levels"][group]
        for item, (x, y, w, h) in level["items"].items():
            if item in self.plan["levels"] and item not in self.plan["closed"]:
                self.outline(item, left + x - w / 2, top + y - h / 2, w, h)
        for _, _, b, _, points in level["edges"]:
            self.edge(points, left, top, arrow=b in self.nodes or b in self.plan["closed"])
        for item, (x, y, w, h) in level["items"].items():
            if item in self.nodes:
                self.node(self.nodes[item], left + x, top + y, w, h)
            elif item in self.plan["closed"]:
                self.closed(item, left + x, top + y, w, h)
            else:
                self.level(item, left + x - w / 2 + PAD, top + y - h / 2 + HEAD)

    def outline(self, group: str, x: float, y: float, w: float, h: float) -> None:
        """The box of an open group; a kernel's fits the members decided so far."""
        title, number = self.plan["titles"][group], 0
        if kernel := self.kernels.get(group):
            number = kernel["number"]
            if self.film:
                level = self.plan["levels"][group]
                inside = [
                    place for item, place in level["items"].items() if group in self.homes_of(item)
                ]
                if not inside:
                    return
                right = max(i + k / 2 for i, _, k, _ in inside) + PAD
                left = min(i - k / 2 for i, _, k, _ in inside) - PAD
                upper = min(j - k / 2 for _, j, _, k in inside) - HEAD
                lower = max(j + k / 2 for _, j, _, k in inside) + PAD
                x, y, w, h = x + PAD + left, y + HEAD + upper, right - left, lower - upper
        fill, ink = colour(number) if number else ("#888", "#000")
        self.out.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{w:.0f}" height="{h:.0f}" rx="8" fill="{fill}" '
            f'fill-opacity=".12" stroke="{fill}" stroke-width="2"{_dashes(number)}/>'
        )
        label = f"{number}" if number else title
        wide = max(18, 8 * len(label) + 8)
        self.out.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{wide}" height="16" rx="4" fill="{fill}"/>'
            f'<text class="m" x="{x + wide / 2:.0f}" y="{y + 12.5:.0f}" font-size="11" '
            f'style="fill:{ink};font-weight:600;font-size:12px">{escape(label)}</text>'
        )

    def homes_of(self, item: str) -> list[str]:
        """The kernels in which an item is computed so far; a chain follows its last move."""
        while item not in self.nodes:
            item = list(self.plan["levels"][item]["items"])[-1]
        return self.state.get(item, ("", []))[1]

    def edge(self, points: list[float], left: float, top: float, arrow: bool) -> None:
        end = ' marker-end="url(#a)"' if arrow else ""
        self.out.append(f'<path class="e" d="{curve(points, left, top)}"{end}/>')

    def node(self, node: Data, x: float, y: float, w: float, h: float) -> None:
        lines, kind = node["face"], "b"
        if node["kind"] == "source":
            kind += " src"
        elif node["pass"] != "forward":
            kind += " bw"
        if self.film and node["kind"] != "source" and node["id"] not in self.state:
            kind += " q"
        radius = 3 if node["kind"] == "source" else h / 2 if node["kind"] == "move" else 8
        self.out.append(
            f'<g transform="translate({x:.0f} {y:.0f})"><rect class="{kind}" x="{-w / 2:.0f}" '
            f'y="{-h / 2:.0f}" width="{w:.0f}" height="{h:.0f}" rx="{radius:.0f}"/>'
        )
        for k, line in enumerate(lines):
            small = ' class="s m"' if k or node["kind"] == "move" else ' class="m"'
            at = 4.5 if len(lines) == 1 else -3 + 15 * k
            self.out.append(f'<text{small} y="{at}">{escape(line)}</text>')
        if self.film and self.state.get(node["id"], ("",))[0] in ("store", "join"):
            self.out.append(f'<path class="x" d="M-10 {h / 2 + 3.5:g}h20"/>')
        self.out.append("</g>")

    def closed(self, group: str, x: float, y: float, w: float, h: float) -> None:
        """A closed group: a double outline says that there is more inside."""
        number = self.kernels[group]["number"] if group in self.kernels else 0
        stroke, _ = colour(number) if number else ("#333", "#000")
        radius = min(h / 2, 10)
        for inset, dashes in ((0, _dashes(number)), (2.5, "")):
            self.out.append(
                f'<rect x="{x - w / 2 + inset:g}" y="{y - h / 2 + inset:g}" '
                f'width="{w - 2 * inset:g}" height="{h - 2 * inset:g}" rx="{radius - inset:g}" '
                f'fill="#fff" stroke="{stroke}"{dashes}/>'
            )
        size = ' class="m"' if number else ' class="s m"'
        title = escape(self.plan["titles"][group])
        self.out.append(f'<text{size} x="{x:.0f}" y="{y + 4:.0f}">{title}</text>')


def _dashes(number: int) -> str:
    return f' stroke-dasharray="{dash(number)}"' if number and dash(number) else ""


def curve(points: list[float], left: float = 0, top: float = 0) -> str:
    """A path through the points that leaves and enters every one of them vertically."""
    text = f"M{points[0] + left:.0f} {points[1] + top:.0f}"
    for k in range(2, len(points), 2):
        x0, y0, x1, y1 = (
            points[k - 2] + left,
            points[k - 1] + top,
            points[k] + left,
            points[k + 1] + top,
        )
        half = (y0 + y1) / 2
        text += f"C{x0:.0f} {half:.0f} {x1:.0f} {half:.0f} {x1:.0f} {y1:.0f}"
    return text
