"""A drawing with a caption and a text for those who hear the page: what every figure is."""

from __future__ import annotations

from html import escape
from typing import Any

from tinylearn.viz.faces.html import image, themed

INK = "color:var(--jp-content-font-color1,inherit);margin:0.5em 0.4em;max-width:46em"


class Figure:
    """A drawing with its caption and its alternative text. Shows itself in a notebook."""

    def __init__(self, drawing: str, width: float, height: float, caption: str, alt: str) -> None:
        if not alt.strip():
            raise ValueError("a figure needs alt=, a text for those who cannot see it")
        self.caption, self.alt = caption, alt
        self.drawing, self.width, self.height = drawing, width, height

    def __str__(self) -> str:
        return f"{self.caption}\n[{self.alt}]".strip()

    __repr__ = __str__

    def svg(self) -> str:
        """The drawing as SVG text, in the colours of the page around it."""
        return drawn(self.drawing, self.width, self.height, self.alt)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": str(self)}

    def _repr_html_(self) -> str:
        """An image, which a script opens up so that the drawing follows the page's colours."""
        return themed("figure", INK, image(self.svg(), self.alt) + figcaption(self.caption))


def drawn(drawing: str, width: float, height: float, alt: str) -> str:
    """What is drawn as SVG text, with a text for those who hear the page."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" style="max-width:100%" role="img" '
        f'aria-label="{escape(alt)}" font-family="system-ui,sans-serif" font-size="12" '
        f'fill="currentColor">{drawing}</svg>'
    )


def figcaption(caption: str) -> str:
    return f'<figcaption style="font-size:0.95em">{escape(caption)}</figcaption>'


def flat_numbers(values: Any) -> list[float]:
    """Any array, tensor or list as a flat list of numbers."""
    values = values.tolist() if hasattr(values, "tolist") else list(values)
    return [n for v in values for n in (flat_numbers(v) if isinstance(v, list | tuple) else [v])]
