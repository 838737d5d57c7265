"""Reads the scripts and the style of the live face, and leaves out what a browser does not need."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

SCRIPTS = ("graph.js", "camera.js", "minimap.js", "panels.js", "memory.js", "paper.js", "face.js")
FOR_TWO = "pair.js"  # where two films stand side by side
STYLE = "face.css"


@cache
def script(two: bool) -> str:
    """All scripts as one text; those for two films side by side only if asked for."""
    return "\n".join(text_of(name) for name in (*SCRIPTS, FOR_TWO)[: None if two else -1])


@cache
def style() -> str:
    """The style sheet."""
    return text_of(STYLE)


def text_of(name: str) -> str:
    """The lines of a file without indentation, comment lines and empty lines."""
    text = (files(__package__) / "assets" / name).read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))
