"""The film of loops: how each kernel's loops were changed, step by step, with the reason of each.

Every step opens to the whole tree; the lines that it changed are marked. It needs no script, so it
also works in a notebook that is not trusted, and on paper.
"""

from __future__ import annotations

import difflib
from html import escape
from pathlib import Path
from typing import Any

from tinylearn.viz.faces import html
from tinylearn.viz.style import counted

Data = dict[str, Any]
MARK = "background:color-mix(in srgb,currentColor 14%,transparent);font-weight:600"
TREE = "margin:4px 0 10px 18px;overflow-x:auto;line-height:1.35"


class LoopsFilm:
    """Shows the steps of some kernels' loops: HTML in a notebook, text, .save()."""

    def __init__(self, kernels: list[Data]) -> None:
        self.kernels = kernels

    def __str__(self) -> str:
        if not self.kernels:
            return NOTHING
        parts = []
        for kernel in self.kernels:
            rows = [kernel["title"]]
            for k, step in enumerate(kernel["steps"]):
                rows.append(f"  {k}. {step['name']}   {step['says']}")
            tree = kernel["steps"][-1]["text"].splitlines()
            parts.append("\n".join([*rows, "", *(f"    {row}" for row in tree)]))
        return "\n\n".join(parts)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        if not self.kernels:
            return f"<p>{escape(NOTHING)}</p>"
        kernels = "".join(map(part, self.kernels))
        return f'<div style="font-family:system-ui,sans-serif">{kernels}</div>'

    def save(self, path: str | Path) -> Path:
        """Write it as a page. Raises ValueError for another ending than .html."""
        path = html.file_of(path, (".html",))
        path.write_text(html.page("How the loops run", self._repr_html_()), "utf-8")
        return path


NOTHING = "Nothing has to be computed: there are no loops."


def part(kernel: Data) -> str:
    """One kernel: a line for each step, which opens to the tree after it."""
    rows, before = [], ""
    last = len(kernel["steps"]) - 1
    for k, step in enumerate(kernel["steps"]):
        tree = marked(before, step["text"])
        opened = " open" if k == last else ""
        rows.append(
            f"<details{opened}><summary><code>{escape(step['name'])}</code> "
            f'{escape(step["says"])}</summary><pre tabindex="0" style="{TREE}">{tree}</pre>'
            "</details>"
        )
        before = step["text"]
    says = counted(last, "step")
    return f"<h4>{escape(kernel['title'])} <small>{says}</small></h4>{''.join(rows)}"


def marked(before: str, after: str) -> str:
    """A tree's text as HTML; the lines that were not there before stand out."""
    old, new = before.splitlines(), after.splitlines()
    fresh: set[int] = set()
    if old:
        for tag, _, _, first, last in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
            fresh |= set(range(first, last)) if tag != "equal" else set()
    rows = [escape(row) for row in new]
    return "\n".join(
        f'<mark style="color:inherit;{MARK}">{row}</mark>' if k in fresh else row
        for k, row in enumerate(rows)
    )
