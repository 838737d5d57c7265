"""A Picture: what `tl.draw`, `tl.explain` and `tl.source` return. It shows itself wherever it is.

In a notebook it is live HTML, in a terminal plain text, in a file what the file's name says.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from tinylearn.viz.faces import html
from tinylearn.viz.faces.interchange import digraph
from tinylearn.viz.faces.memory_film import MemoryFilm
from tinylearn.viz.faces.svg import alternative, svg
from tinylearn.viz.faces.text import graph_text, reasons, source_text, steps_text

Data = dict[str, Any]
MOST_COLUMNS = 60  # kernels; a wider memory film helps nobody beside a stepper


class Picture:
    """One trace and the way to show it: `.trace` is the data, `print(picture)` the text.

    mode      "draw", "explain" or "source"
    options   where to begin: {"step": 3, "language": "numpy", "view": "modules"}
    """

    def __init__(self, trace: Data, mode: str = "draw", **options: Any) -> None:
        self.trace, self.mode = trace, mode
        self.options = {"mode": mode, "language": "numpy", "view": "kernels", **options}

    def __str__(self) -> str:
        if self.mode == "explain":
            return steps_text(self.trace)
        if self.mode == "source":
            return source_text(self.trace, self.options["language"])
        return graph_text(self.trace)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html.fragment(self.trace, self.options | self.memory())

    def memory(self) -> Data:
        """What a film shows of the memory: the chart, and one sentence."""
        if self.mode != "explain" or not 0 < len(self.trace["kernels"]) <= MOST_COLUMNS:
            return {}
        film = MemoryFilm(self.trace)
        return {"memory": {"svg": film.svg(), "says": film.summary(), "text": str(film)}}

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Data:
        return {"text/html": self._repr_html_(), "text/plain": str(self)}

    def svg(self, step: int | None = None) -> str:
        """The picture as SVG text, after `step` decisions (None: when all are taken)."""
        return svg(self.trace, step, self.options["view"], marks=self.options)

    def save(
        self, path: str | Path, step: int | None = None, steps: Sequence[int] | None = None
    ) -> Path:
        """Write the picture to `path`; the ending decides: .html, .svg, .json or .txt.

        step    for .svg: the moment that is drawn
        steps   for .html: these moments as figures for paper, in place of the live film
        Raises  ValueError for another ending
        """
        path = Path(path)
        match path.suffix.lower():
            case ".html" | ".htm" if steps is not None:
                return self.figures(steps).save(path)
            case ".html" | ".htm":
                text = html.page(self.trace["title"], self._repr_html_())
            case ".svg":
                text = self.svg(step)
            case ".json":
                text = html.safe_json(self.trace)
            case ".txt":
                text = str(self) + "\n"
            case ".pdf":
                raise ValueError(
                    'a browser prints the PDF: save("x.html", steps=[3, 7]), open it and print'
                )
            case other:
                raise ValueError(
                    f"cannot save a picture as {other!r}; use .html, .svg, .json or .txt"
                )
        path.write_text(text, encoding="utf-8")
        return path

    def figures(self, steps: Sequence[int]) -> Figures:
        """Chosen steps as figures with captions, for paper: no script, each fits on a page."""
        return Figures(self.trace, list(steps))

    def to_graphviz(self) -> Any:
        """The graph as a `graphviz.Digraph`, kernels as clusters. Needs the graphviz package,
        and the dot program only when it is rendered."""
        return digraph(self.trace)


class Figures:
    """Some moments of a film, one below the other, each with the sentence of its step."""

    def __init__(self, trace: Data, steps: list[int]) -> None:
        wrong = [k for k in steps if not 0 <= k <= len(trace["steps"])]
        if wrong:
            raise ValueError(f"the film has steps 0 to {len(trace['steps'])}, not {wrong[0]}")
        self.trace, self.steps = trace, steps

    def _caption(self, number: int) -> str:
        if number == 0:
            return "Before the first decision: every op is a kernel of its own."
        step = self.trace["steps"][number - 1]
        why = reasons(step, self.trace["rules"][step["rule"]])
        return f"Step {number}: {step['verdict']}. {why}"

    def __str__(self) -> str:
        return "\n".join(self._caption(number) for number in self.steps)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "".join(
            '<figure style="break-inside:avoid;margin:0 0 1.5em">'
            f"{html.image(svg(self.trace, n, near=True), alternative(self.trace, n))}"
            f"<figcaption>{escape(self._caption(n))}</figcaption></figure>"
            for n in self.steps
        )

    def save(self, path: str | Path) -> Path:
        """Write the figures as one HTML page, ready to be printed."""
        path = Path(path)
        path.write_text(html.page(self.trace["title"], self._repr_html_()), encoding="utf-8")
        return path


class Refusal:
    """Stands where a picture would and says in plain text why there is none.

    Showing it never raises; what asks for the picture's data or file does, with the reason.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __str__(self) -> str:
        return f"No picture: {self.reason}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def save(self, path: str | Path, **options: Any) -> Path:
        """Refuse, with the reason: a file without a picture would be found too late."""
        raise ValueError(str(self))

    def figures(self, steps: Sequence[int]) -> Figures:
        """Refuse, with the reason."""
        raise ValueError(str(self))

    def to_graphviz(self) -> Any:
        """Refuse, with the reason."""
        raise ValueError(str(self))

    def svg(self, step: int | None = None) -> str:
        """The reason as a small SVG."""
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="40">'
            f'<text x="8" y="24">{escape(str(self))}</text></svg>'
        )
