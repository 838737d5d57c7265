"""Draws one moment of a trace as a static SVG: what images, printers and e-mail show.

Colours are fixed (dark on white), every text is escaped, nothing is loaded from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from tinylearn.viz.layout.copies import face
from tinylearn.viz.layout.nested import HEAD, PAD
from tinylearn.viz.style import colour, dash

Data = dict[str, Any]
MARGIN = 12
PAGE = 800, 900  # a larger picture cannot be read on paper
STYLE = (
    "text{font:13px system-ui,Segoe UI,Helvetica,Arial,sans-serif;fill:#1a1a1a;text-anchor:middle}"
    ".s{font-size:11px;fill:#444}.e{fill:none;stroke:#666;stroke-width:1.2}.h{fill:#666}"
    "rect{fill:#fff;stroke:#333}.k{fill-opacity:.13;stroke-width:2}"
    ".a{opacity:.25;stroke-width:22;stroke-linejoin:round}"
    ".q,.l{stroke-dasharray:4 3}.l{opacity:.3}.i{fill:#e6edf5}.w{fill:#fdf1df}"
    ".x{stroke:#1a1a1a;stroke-width:3}.n{font-weight:700;font-size:12px}"
    ".y{stroke-width:3.4;stroke-dasharray:none}"
    "rect.r,.e.r{stroke:#a3001b;stroke-width:3}text.r{fill:#a3001b;font-weight:700}"
)


def state_at(trace: Data, step: int | None) -> dict[str, tuple[str, list[str]]]:
    """{node: (verdict, kernels)} after `step` steps (None: at the end of the film)."""
    steps = trace["steps"] if step is None else trace["steps"][:step]
    return {node: (s["verdict"], s["kernels"]) for s in steps for node in s["nodes"]}


def parts_at(trace: Data, step: int | None) -> dict[str, list[str]]:
    """{node: the roots of the kernels that compute it now}; kernels that have joined have one."""
    home: dict[str, list[str]] = {}
    joined: dict[str, str] = {}

    def now(root: str) -> str:
        while root in joined:
            root = joined[root]
        return root

    for s in trace["steps"] if step is None else trace["steps"][:step]:
        for node in s["nodes"] if s["roots"] else ():
            root = now(s["roots"][0])
            if s["verdict"] != "join" or node not in home:
                home[node] = s["roots"]
            elif now(home[node][0]) != root:
                joined[now(home[node][0])] = root
    return {node: list(map(now, roots)) for node, roots in home.items()}


def svg(
    trace: Data,
    step: int | None = None,
    view: str = "kernels",
    near: bool = False,
    marks: Data | None = None,
    plan: Data | None = None,
) -> str:
    """The graph after `step` decisions as one SVG text.

    step    None for the finished picture, 0 for the beginning of the film
    near    True: of a graph too large for a page only what stands around the step's nodes
    marks   {"lit": nodes on the way of a bad number, "maker": where it began, "made": what it is}
    plan    positions, in place of those of the view
    """
    plan = plan or trace["views"].get(view) or next(iter(trace["views"].values()))
    drawing = Drawing(trace, plan, state_at(trace, step))
    drawing.parts = parts_at(trace, step)
    drawing.now = set(trace["steps"][step - 1]["nodes"]) if step else set()
    drawing.marks = marks or {}
    drawing.lit = set(drawing.marks.get("lit", ()))
    drawing.level("", MARGIN, MARGIN)
    width, height = (v + 2 * MARGIN for v in plan["levels"][""]["size"])
    if plan["kind"] == "flat":
        drawing.areas()
    x, y, w, h = drawing.region(width, height) if near else (0, 0, width, height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x} {y} {w} {h}" width="{w}" '
        f'height="{h}" role="img" aria-label="{escape(alternative(trace, step))}">'
        f"<style>{STYLE}</style>"
        f'<path d="M0 0h{width}v{height}h-{width}z" fill="#fff"/>{drawing.text()}</svg>'
    )


def alternative(trace: Data, step: int | None = None) -> str:
    """The picture in one sentence, for those who cannot see it."""
    computing = sum(node["kind"] != "source" for node in trace["nodes"])
    ops, sources = counted(computing, "op"), counted(len(trace["nodes"]) - computing, "source")
    text = f"Op graph of {trace['title']}: {ops} on {sources}, in "
    text += counted(len(trace["kernels"]), "kernel")
    if step is not None:
        text += f", after step {step} of {len(trace['steps'])}"
    return text


def counted(count: int, what: str) -> str:
    """
    >>> counted(1, "kernel"), counted(2, "kernel")
    ('1 kernel', '2 kernels')
    """
    return f"{count} {what}{'s' * (count != 1)}"


class Drawing:
    """Collects SVG elements: outlines below, then edges, then boxes and their text."""

    def __init__(self, trace: Data, plan: Data, state: dict[str, tuple[str, list[str]]]) -> None:
        self.nodes = {node["id"]: node for node in trace["nodes"]}
        self.nodes |= {box: self.nodes[node] for box, node in plan["copies"].items()}
        self.writer = {i: k["id"] for k in trace["kernels"] for i in k["writes"]}
        self.kernels = {kernel["id"]: kernel for kernel in trace["kernels"]}
        self.plan, self.state, self.film = plan, state, bool(trace["steps"])
        self.outlines: list[str] = []
        self.edges: list[str] = []
        self.heads: list[str] = []
        self.boxes: list[str] = []
        self.bars: list[str] = []
        self.parts: dict[str, list[str]] = {}
        self.now: set[str] = set()  # the nodes of the step that is shown
        self.lit: set[str] = set()  # the nodes on the way of a bad number
        self.marks: Data = {}
        self.lit_edges: list[str] = []
        self.links: list[tuple[str, str, str]] = []  # from item, to item, path
        self.at: dict[str, tuple[float, float, float, float]] = {}

    def text(self) -> str:
        """Everything collected; all edges are one path, all their heads another.

        Edges that run together are drawn once.
        """
        edges, heads = "".join(dict.fromkeys(self.edges)), "".join(dict.fromkeys(self.heads))
        return (
            f'{"".join(self.outlines)}<path class="e" d="{edges}"/>{"".join(self.lit_edges)}'
            f'<path class="h" d="{heads}"/>{"".join(self.boxes)}'
            f'<path class="x" d="{"".join(self.bars)}"/>'
        )

    def region(self, width: float, height: float) -> tuple[float, float, float, float]:
        """The part of the picture that a page shows: x, y, width and height."""
        around = self.now | {i for n in self.now for i in self.nodes[n]["inputs"]}
        around |= {n["id"] for n in self.nodes.values() if self.now.intersection(n["inputs"])}
        around |= {box for box, node in self.plan["copies"].items() if node in self.now}
        places = [self.at[i] for i in around if i in self.at]
        if not places or (width < PAGE[0] and height < PAGE[1]):
            return 0, 0, width, height
        found: list[float] = []
        for k, (size, least) in enumerate(((width, 640.0), (height, 420.0))):
            low = min(p[k] - p[k + 2] / 2 for p in places) - 40
            high = max(p[k] + p[k + 2] / 2 for p in places) + 40
            low = max(0.0, min(low - max(0.0, least - high + low) / 2, size - least))
            found += [low, min(size, max(high, low + least)) - low]
        return round(found[0]), round(found[2]), round(found[1]), round(found[3])

    def level(self, group: str, left: float, top: float) -> None:
        """Draw the inside of a group whose inside begins at (left, top)."""
        level = self.plan["levels"][group]
        for item, (x, y, w, h) in level["items"].items():
            if item in self.plan["levels"] and item not in self.plan["closed"]:
                self.outline(item, left + x - w / 2, top + y - h / 2, w, h)
        for value, a, b, leaves, points in level["edges"]:
            self.edges.append(curve(points, left, top))
            self.links.append((a, b, self.edges[-1]))
            ends = {self.nodes[i]["id"] for i in leaves}
            if self.nodes[value]["id"] in self.lit and self.lit.intersection(ends):
                self.lit_edges.append(f'<path class="e r" d="{self.edges[-1]}"/>')
            if b in self.nodes or b in self.plan["closed"]:
                self.heads.append(f"M{points[-2] + left:.0f} {points[-1] + top:.0f}l-3.5-7h7z")
        for item, (x, y, w, h) in level["items"].items():
            self.at[item] = (left + x, top + y, w, h)
            if item in self.plan["closed"]:
                self.at |= dict.fromkeys(self.leaves(item), self.at[item])
            if item in self.nodes:
                self.node(item, left + x, top + y, w, h)
            elif item in self.plan["closed"]:
                self.closed(item, left + x, top + y, w, h)
            else:
                self.level(item, left + x - w / 2 + PAD, top + y - h / 2 + HEAD)

    def areas(self) -> None:
        """Each kernel as an area around its items and the edges between them."""
        items = [i for i in self.at if i in self.nodes or i in self.plan["closed"]]
        for kernel in self.kernels.values():
            inside = [i for i in items if kernel["id"] in self.homes_of(i)]
            if not inside:
                continue
            fill, ink = colour(kernel["number"])
            places = [self.at[i] for i in inside]
            boxes = "".join(
                f"M{x - w / 2:.0f} {y - h / 2:.0f}h{w:.0f}v{h:.0f}h-{w:.0f}z"
                for x, y, w, h in places
            )
            ways = "".join(way for a, b, way in self.links if a in inside and b in inside)
            x, y, w, h = min(places, key=lambda place: place[1])
            left, top = x - w / 2 - 8, y - h / 2 - 12
            self.outlines.append(
                f'<g class="a" stroke="{fill}" style="fill:{fill}"><path d="{boxes}"/>'
                f'<path d="{ways}" style="fill:none"/></g>'
            )
            self.outlines.append(self.flag(left, top, str(kernel["number"]), fill, ink))

    def outline(self, group: str, x: float, y: float, w: float, h: float) -> None:
        """The box of an open group; a kernel's fits the members decided so far."""
        title, kernel = self.plan["titles"][group], self.kernels.get(group)
        if kernel is None or not self.film:
            self.frame(x, y, w, h, kernel["number"] if kernel else 0, title)
            return
        parts: dict[str, list[Any]] = {}  # kernels that join later are outlined one by one
        for item, place in self.plan["levels"][group]["items"].items():
            if group in self.homes_of(item):
                roots = self.parts.get(self.last_of(item), [])
                root = next((r for r in roots if self.writer.get(r) == group), "")
                parts.setdefault(root, []).append(place)
        for k, inside in enumerate(parts.values()):
            right = max(i + wide / 2 for i, _, wide, _ in inside) + PAD
            left = min(i - wide / 2 for i, _, wide, _ in inside) - PAD
            upper = min(j - tall / 2 for _, j, _, tall in inside) - HEAD
            lower = max(j + tall / 2 for _, j, _, tall in inside) + PAD
            at = x + PAD + left, y + HEAD + upper
            number = kernel["number"]
            self.frame(*at, right - left, lower - upper, number, "" if k else str(number))

    def frame(self, x: float, y: float, w: float, h: float, number: int, label: str) -> None:
        """An outline, with its label in a flag at the top left."""
        fill, ink = colour(number) if number else ("#767676", "#fff")
        label = str(number) if number and label else label
        self.outlines.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{w:.0f}" height="{h:.0f}" rx="8" '
            f'class="k" style="fill:{fill};stroke:{fill}{_dashes(number)}"/>'
        )
        if label:
            self.outlines.append(self.flag(x, y, label, fill, ink))

    def flag(self, x: float, y: float, label: str, fill: str, ink: str) -> str:
        """A label on the colour of its kernel."""
        wide = max(18, 8 * len(label) + 8)
        return (
            f'<path d="M{x:.0f} {y:.0f}h{wide}v16h-{wide}z" fill="{fill}"/>'
            f'<text class="n" x="{x + wide / 2:.0f}" y="{y + 12.5:.0f}" style="fill:{ink}">'
            f"{escape(label)}</text>"
        )

    def leaves(self, group: str) -> Iterator[str]:
        """The nodes inside a group."""
        for item in self.plan["levels"][group]["items"]:
            inner = item in self.plan["levels"]
            yield from self.leaves(item) if inner else [self.nodes[item]["id"]]

    def last_of(self, item: str) -> str:
        """The node that stands for an item: the last one inside a fold."""
        while item not in self.nodes:
            item = list(self.plan["levels"][item]["items"])[-1]
        return str(self.nodes[item]["id"])

    def homes_of(self, item: str) -> list[str]:
        """The kernels in which an item is computed so far."""
        return self.state.get(self.last_of(item), ("", []))[1]

    def node(self, item: str, x: float, y: float, w: float, h: float) -> None:
        """One box; its corners, fill and dashes say what kind of node it is."""
        node = self.nodes[item]
        lines, kinds = face(node, item), []
        if node["kind"] == "source":
            kinds.append("i")
        elif node["pass"] != "forward":
            kinds.append("w")
        if self.film and node["kind"] != "source" and node["id"] not in self.state:
            kinds.append("q" if item == node["id"] else "l")
        if node["id"] in self.now:
            kinds.append("y")
        if node["id"] in self.lit:
            kinds.append("r")
        radius = 3 if node["kind"] == "source" else h / 2 if node["kind"] == "move" else 8
        self.boxes.append(
            f'<rect{_class(kinds)} x="{x - w / 2:.0f}" y="{y - h / 2:.0f}" width="{w:.0f}" '
            f'height="{h:.0f}" rx="{radius:.0f}"/>'
        )
        for k, line in enumerate(lines):
            small = _class(["s"] if k or node["kind"] == "move" else [])
            at = y + (4.5 if len(lines) == 1 else -3 + 15 * k)
            self.boxes.append(f'<text{small} x="{x:.0f}" y="{at:.0f}">{escape(line)}</text>')
        if item == self.marks.get("maker"):
            made = f'x="{x:.0f}" y="{y - h / 2 - 7:.0f}">✗ {escape(self.marks["made"])}</text>'
            self.boxes.append(f'<text class="r" {made}')
        if self.film and self.state.get(node["id"], ("",))[0] in ("store", "join"):
            self.bars.append(f"M{x - 10:.0f} {y + h / 2 + 3:.0f}h20")

    def closed(self, group: str, x: float, y: float, w: float, h: float) -> None:
        """A closed group: a double outline says that there is more inside."""
        number = self.kernels[group]["number"] if group in self.kernels else 0
        stroke = colour(number)[0] if number else ""
        if self.lit.intersection(self.leaves(group)):
            stroke = "#a3001b"
        style = f' style="stroke:{stroke}{_dashes(number)}"' if stroke else ""
        radius = min(h / 2, 10)
        for inset in (0, 2.5):
            self.boxes.append(
                f'<rect x="{x - w / 2 + inset:g}" y="{y - h / 2 + inset:g}" '
                f'width="{w - 2 * inset:g}" height="{h - 2 * inset:g}" '
                f'rx="{radius - inset:g}"{style}/>'
            )
        small = _class([] if number else ["s"])
        title = escape(self.plan["titles"][group])
        self.boxes.append(f'<text{small} x="{x:.0f}" y="{y + 4:.0f}">{title}</text>')


def _class(names: list[str]) -> str:
    return f' class="{" ".join(names)}"' if names else ""


def _dashes(number: int) -> str:
    return f";stroke-dasharray:{dash(number)}" if number and dash(number) else ""


def curve(points: list[float], left: float = 0, top: float = 0) -> str:
    """A path through the points that leaves and enters every one of them vertically."""
    text = f"M{points[0] + left:.0f} {points[1] + top:.0f}"
    for k in range(2, len(points), 2):
        dx, dy = round(points[k] - points[k - 2]), round(points[k + 1] - points[k - 1])
        half = round(dy / 2)
        text += f"c0 {half} {dx} {half} {dx} {dy}" if dx else f"v{dy}"
    return text
