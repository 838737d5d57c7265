"""Two films side by side: the decisions of the rules in force, and those of other rules."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from tinylearn.viz import html
from tinylearn.viz.picture import Picture
from tinylearn.viz.style import amount


class Comparison:
    """`before` and `after` are the two pictures; `changed` names the Parts that differ."""

    def __init__(self, before: Picture, after: Picture, changed: list[str]) -> None:
        self.before, self.after, self.changed = before, after, changed

    def rows(self) -> list[tuple[str, str, str]]:
        """What a reader compares: (what, before, after)."""
        counts = [totals(picture.trace) for picture in (self.before, self.after)]
        return [(name, counts[0][name], counts[1][name]) for name in counts[0]]

    def differing(self) -> list[str]:
        """One sentence for each node on which the two rule sets disagree."""
        verdicts = [verdicts_of(picture.trace) for picture in (self.before, self.after)]
        faces = {n["id"]: " ".join(n["face"]) for n in self.before.trace["nodes"]}
        return [
            f"{faces[node]}: {verdicts[0][node]} before, {verdicts[1][node]} after"
            for node in verdicts[0]
            if node in verdicts[1] and verdicts[0][node] != verdicts[1][node]
        ]

    def __str__(self) -> str:
        rows = [f"With {', '.join(self.changed)} replaced:"]
        rows += [f"  {what:<16}{a:>12} -> {b}" for what, a, b in self.rows()]
        return "\n".join(rows + [f"  {line}" for line in self.differing()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cell = 'style="text-align:left;padding:2px 12px"'
        table = "".join(
            f"<tr><th {cell}>{escape(what)}</th><td {cell}>{a}</td><td {cell}>{b}</td></tr>"
            for what, a, b in self.rows()
        )
        names = escape(", ".join(self.changed))
        items = "".join(f"<li>{escape(line)}</li>" for line in self.differing())
        films = "".join(
            f'<section style="flex:1 1 420px;min-width:0"><h4>{escape(title)}</h4>'
            f"{picture._repr_html_()}</section>"
            for title, picture in (("Before", self.before), ("After", self.after))
        )
        return (
            f"<p>Replaced: {names}</p>"
            f"<table><tr><td></td><th {cell}>before</th><th {cell}>after</th></tr>{table}"
            f"</table><ul>{items}</ul>"
            f'<div style="display:flex;flex-wrap:wrap;gap:12px">{films}</div>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": str(self)}

    def save(self, path: str | Path) -> Path:
        """Write both films as one HTML page."""
        path = Path(path)
        path.write_text(html.page("Two rule sets", self._repr_html_()), encoding="utf-8")
        return path


def totals(trace: dict[str, Any]) -> dict[str, str]:
    kernels = trace["kernels"]
    return {
        "kernels": str(len(kernels)),
        "bytes read": amount(sum(k["read"] for k in kernels)),
        "bytes written": amount(sum(k["written"] for k in kernels)),
        "arithmetic": amount(sum(k["flops"] for k in kernels), "FLOP"),
    }


def verdicts_of(trace: dict[str, Any]) -> dict[str, str]:
    """{node: what became of it in the end}."""
    return {node: step["verdict"] for step in trace["steps"] for node in step["nodes"]}
