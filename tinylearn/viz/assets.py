"""Reads the scripts and the style of the live face, and leaves out what a browser does not need."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

SCRIPTS = ("graph.js", "camera.js", "panels.js", "face.js")
STYLE = "face.css"
WORD = re.compile(r"[\w$]")


@cache
def script() -> str:
    """All scripts as one text without comments and needless spaces."""
    return "\n".join(squeezed(part) for name in SCRIPTS for part in lines_of(name))


@cache
def style() -> str:
    """The style sheet."""
    return "\n".join(lines_of(STYLE))


def lines_of(name: str) -> list[str]:
    """The lines of a file without indentation, comment lines and empty lines."""
    text = (files(__package__) / "assets" / name).read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(("//", "/*"))]


def squeezed(line: str) -> str:
    """A line of script without the spaces around punctuation; quoted text stays as it is.

    >>> squeezed("const a = b + ' c  d ' + `e ${f ? `g h` : 1} i`;")
    "const a=b+' c  d '+`e ${f ? `g h` : 1} i`;"
    """
    out, k = "", 0
    while k < len(line):
        c = line[k]
        if c in "'\"`" or (c == "/" and (not out or out[-1] in "(,=:[!&|?{};")):
            end = quoted(line, k)
            out += line[k:end]
            k = end
        elif c == " ":
            before, after = out[-1:], line[k + 1 : k + 2]
            words = WORD.match(before or " ") and WORD.match(after or " ")
            if words or (before == after and before in "+-"):
                out += c
            k += 1
        else:
            out += c
            k += 1
    return out


def quoted(line: str, start: int) -> int:
    """Where the quoted text (or pattern) that begins at `start` ends, one past its quote."""
    quote, k, depth = line[start], start + 1, 0
    while k < len(line):
        if line[k] == "\\":
            k += 1
        elif quote == "`" and line.startswith("${", k):
            depth += 1
            k += 1
        elif depth and line[k] == "}":
            depth -= 1
        elif depth and line[k] == "`":
            k = quoted(line, k) - 1
        elif line[k] == quote and not depth:
            return k + 1
        k += 1
    return len(line)
