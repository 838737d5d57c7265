"""Two films side by side: the decisions of the rules in force, and those of other rules.

Both films ask about the same nodes in the same order, so they step together: at each moment both
have decided as much. Where they disagree, a sentence says it, and the node is marked.
"""

from __future__ import annotations

from bisect import bisect_right
from html import escape
from pathlib import Path
from typing import Any

from tinylearn.viz.faces import html
from tinylearn.viz.faces.picture import Picture
from tinylearn.viz.faces.text import label, what
from tinylearn.viz.layout.views import shared_view
from tinylearn.viz.style import amount

Data = dict[str, Any]
Key = tuple[int, int]  # phase of a film, place in it


class Comparison:
    """`before` and `after` are the two pictures; `changed` names the Parts that differ."""

    def __init__(self, before: Picture, after: Picture, changed: list[str]) -> None:
        self.before, self.after, self.changed = before, after, changed
        self.nodes = {n["id"]: n for n in before.trace["nodes"]}
        self.verdicts = verdicts_of(before.trace), verdicts_of(after.trace)
        first, second = self.verdicts
        same = same_graph(before.trace, after.trace)
        self.differs = [i for i in first if same and second.get(i, first[i]) != first[i]]
        self.ticks = ticks(before.trace, after.trace)
        view = shared_view([before.trace, after.trace]) if same else None
        for picture in (before, after):
            picture.options["differs"] = self.differs
            if view:
                picture.trace["views"] = {"kernels": view}

    def rows(self) -> list[tuple[str, str, str]]:
        """What a reader compares: (what, before, after)."""
        counts = [totals(picture.trace) for picture in (self.before, self.after)]
        return [(name, counts[0][name], counts[1][name]) for name in counts[0]]

    def differing(self) -> list[str]:
        """One sentence for each node on which the two rule sets disagree."""
        return [self.difference(node) for node in self.differs]

    def difference(self, node: str) -> str:
        first, second = self.verdicts
        return f"{self.called(node)}: {first[node]} before, {second[node]} after"

    def called(self, node: str) -> str:
        """A node in words; with its inputs, where the words fit another one too."""
        words = what(self.nodes[node])
        if sum(what(self.nodes[i]) == words for i in self.differs) < 2:
            return words
        inputs = ", ".join(label(self.nodes[i]) for i in self.nodes[node]["inputs"])
        return f"{words} from {inputs}"

    def says(self) -> list[str]:
        """What happens at each moment of the two films, in words."""
        found = ["Before the first decision: every op is a kernel of its own, on both sides."]
        for k in range(1, len(self.ticks)):
            taken = [
                picture.trace["steps"][self.ticks[k - 1][side] : self.ticks[k][side]]
                for side, picture in enumerate((self.before, self.after))
            ]
            nodes = {i for steps in taken for step in steps for i in step["nodes"]}
            apart = [i for i in self.differs if i in nodes]
            texts = [self.taken(steps, side) for side, steps in enumerate(taken)]
            if not apart and [verdicts(s) for s in taken[:1]] == [verdicts(s) for s in taken[1:]]:
                found.append(f"Both: {texts[0]}.")
            else:
                mark = f"≠ They differ on {', '.join(map(self.called, apart))}. "
                found.append(f"{mark if apart else ''}Before: {texts[0]}. After: {texts[1]}.")
        return found

    def taken(self, steps: list[Data], side: int) -> str:
        """Some steps of one film in words."""
        nodes = {n["id"]: n for n in (self.before, self.after)[side].trace["nodes"]}
        texts = []
        for step in steps:
            names = [what(nodes[i]) for i in step["nodes"] if i in nodes]
            count = f"{len(names)} nodes" if len(names) > 2 else " and ".join(names)
            texts.append(f"{step['verdict']} {count} ({step['because']})".replace("  ", " "))
        return "; ".join(texts) or "nothing yet, this is part of a later step"

    def __str__(self) -> str:
        rows = [f"With {', '.join(self.changed)} replaced:"]
        rows += [f"  {what:<16}{a:>12} -> {b}" for what, a, b in self.rows()]
        return "\n".join(rows + [f"  {line}" for line in self.differing()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cell = 'style="text-align:left;padding:2px 12px"'
        columns = [("rules", "before", "after"), *self.rows()]
        kinds = (("th", "th"), ("th", "td"), ("th", "td"))
        table = "".join(
            f"<tr><{first} {cell}>{escape(texts[0])}</{first}>"
            + "".join(f"<{other} {cell}>{escape(text)}</{other}>" for text in texts[1:])
            + "</tr>"
            for (first, other), texts in zip(kinds, zip(*columns, strict=True), strict=True)
        )
        names = escape(", ".join(self.changed))
        items = "".join(
            f'<li data-tick="{self.tick_of(i)}">{escape(self.difference(i))}</li>'
            for i in self.differs
        )
        films = "".join(
            '<section style="flex:1 1 360px;min-width:0">'
            f'<div style="margin:6px 0;font-weight:600">{escape(title)}</div>'
            f"{picture._repr_html_()}</section>"
            for title, picture in (("Before", self.before), ("After", self.after))
        )
        data = html.safe_json({"ticks": self.ticks, "says": self.says()})
        return (
            f'<div class="tlv-pair"><p>Replaced: {names}</p>'
            f"<table>{table}</table>{f'<ul>{items}</ul>' if items else ''}"
            f'<script type="application/json" class="tlv-pair-data">{data}</script>'
            f'<div class="tlv-films" style="display:flex;flex-wrap:wrap;gap:12px">{films}</div>'
            "</div>"
        )

    def tick_of(self, node: str) -> int:
        """The first moment at which both films have decided about a node."""
        done = [
            next(k for k, step in enumerate(picture.trace["steps"], 1) if node in step["nodes"])
            for picture in (self.before, self.after)
        ]
        return next(k for k, tick in enumerate(self.ticks) if all(map(int.__ge__, tick, done)))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": str(self)}

    def save(self, path: str | Path) -> Path:
        """Write both films as one HTML page.

        Raises   ValueError for another ending than .html
        """
        path = html.file_of(path, (".html", ".htm"))
        path.write_text(html.page("Two rule sets", self._repr_html_()), encoding="utf-8")
        return path


def totals(trace: Data) -> dict[str, str]:
    kernels = trace["kernels"]
    return {
        "kernels": str(len(kernels)),
        "bytes read": amount(sum(k["read"] for k in kernels)),
        "bytes written": amount(sum(k["written"] for k in kernels)),
        "arithmetic": amount(sum(k["flops"] for k in kernels), "FLOP"),
    }


def verdicts_of(trace: Data) -> dict[str, str]:
    """{node: what became of it in the end}."""
    return verdicts(trace["steps"])


def verdicts(steps: list[Data]) -> dict[str, str]:
    """{node: what some steps decided about it}."""
    return {node: step["verdict"] for step in steps for node in step["nodes"]}


# ---------------------------------------------------------------- stepping together


def same_graph(before: Data, after: Data) -> bool:
    """Whether two traces show the same nodes under the same ids."""
    facts = ("id", "op", "shape", "inputs")
    graphs = [[[n[key] for key in facts] for n in trace["nodes"]] for trace in (before, after)]
    return graphs[0] == graphs[1]


def ticks(before: Data, after: Data) -> list[tuple[int, int]]:
    """The moments of two films: how many steps each has taken when both have decided as much.

    Where the graphs are not the same, the films are stepped one for one.
    """
    counts = len(before["steps"]), len(after["steps"])
    if not same_graph(before, after):
        return [(min(k, counts[0]), min(k, counts[1])) for k in range(max(counts) + 1)]
    first, second = keys(before), keys(after)
    moments = sorted({*first, *second})
    return [(0, 0), *((bisect_right(first, k), bisect_right(second, k)) for k in moments)]


def keys(trace: Data) -> list[Key]:
    """When each step of a film is complete: simplified first, then from the result to the
    sources, then what is joined."""
    place = {node["id"]: -k for k, node in enumerate(trace["nodes"])}
    found: list[Key] = []
    for k, step in enumerate(trace["steps"]):
        phase = {"simplify": 0, "join": 2}.get(step["verdict"], 1)
        key = phase, k if phase != 1 else max(place[i] for i in step["nodes"])
        found.append(max(key, found[-1]) if found else key)
    return found
