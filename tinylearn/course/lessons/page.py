"""A notebook as one page of HTML that works from a file, alone, with no network.

    notebook -> body(...) -> page(title, ...) -> text of the file      alone(...) does both

Styles and scripts stand inside the page, and its security policy forbids the browser to fetch
anything else. What the cells showed when the notebook ran is kept: pictures stay alive.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from html import escape, unescape
from importlib.resources import files
from pathlib import Path
from typing import Any

from .prose import ABSOLUTE, TAG, Writer, address, code_html

Cell = Mapping[str, Any]
NEEDS = ("nbformat", "mistune", "pygments", "latex2mathml")  # packages of the extra [course]
POLICY = (
    "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)
PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "image/gif")
TERMINAL = re.compile(r"\x1b\[[0-9;]*m")  # colours for a terminal
LONGEST_TITLE = 200


def page(title: str, main: str, aside: str = "", home: str = "") -> str:
    """A whole document.

    main    its content, as HTML
    aside   what stands beside it on a wide screen, as HTML
    home    the address of the index; "" where there is none
    """
    name = f'<a class="home" href="{escape(home)}">tinylearn</a>' if home else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{escape(title[:LONGEST_TITLE])}</title><style>\n{asset('site.css')}</style></head>"
        f"<body>\n<script>\n{asset('site.js')}</script>\n"
        '<a class="skip" href="#main">Skip to the content</a>\n'
        f'<header class="top">{name}<button type="button" id="theme" hidden></button></header>\n'
        f'<div class="sheet">{aside}\n<main id="main" tabindex="-1">\n{main}</main></div>\n'
        "</body></html>\n"
    )


def alone(notebook: Mapping[str, Any], source: Path, target: Path) -> str:
    """The page `target` of the notebook that was read from `source`, with no others around it.

    Raises   ValueError for a formula or a picture that cannot be shown
    """

    def link(url: str) -> str:
        if ABSOLUTE.match(url):
            return url
        place = os.path.relpath(source.resolve().parent, target.resolve().parent)
        return f"{address(Path(place).as_posix())}/{url}"

    writer = Writer(source.parent, link)
    main = body(notebook, writer)
    first = writer.headings[0].html if writer.headings else escape(source.stem)
    return page(unescape(TAG.sub("", first)), main, contents(writer))


def asset(name: str) -> str:
    """The text of a file in the folder assets."""
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def contents(writer: Writer) -> str:
    """The sections of a page as links: closed on a narrow screen, open on a wide one."""
    entries = "".join(
        f'<li><a href="#{address(heading.anchor)}">{unlinked(heading.html)}</a></li>'
        for heading in writer.headings
        if heading.level == 2
    )
    if not entries:
        return ""
    return (
        '<nav class="contents" aria-label="On this page"><details><summary>On this page</summary>'
        f"<ol>{entries}</ol></details></nav><script>openContents()</script>"
    )


def unlinked(html: str) -> str:
    return re.sub(r"</?a\b[^>]*>", "", html)


# ---------------------------------------------------------------- the cells


def body(notebook: Mapping[str, Any], writer: Writer) -> str:
    """All cells of a notebook, in order. Raises ValueError for text that cannot be shown."""
    return "".join(cell_html(cell, writer) for cell in notebook["cells"])


def cell_html(cell: Cell, writer: Writer) -> str:
    source = cell["source"].rstrip()
    if cell["cell_type"] == "markdown":
        return f'<section class="text">\n{writer.html(source)}</section>\n'
    if cell["cell_type"] != "code" or not source:
        return ""
    number = cell.get("execution_count")
    label = f'<div class="number" title="cell {number}">{number}</div>' if number else ""
    shown = "".join(output_html(output) for output in together(cell.get("outputs", ())))
    return (
        f'<section class="cell">{label}<pre class="source">{code_html(source)}</pre>\n'
        f"{shown}</section>\n"
    )


def together(outputs: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The outputs, with what was printed in pieces put into one piece again."""
    found: list[Mapping[str, Any]] = []
    for output in outputs:
        before = found[-1] if found else {}
        if output["output_type"] == "stream" and before.get("name") == output["name"]:
            found[-1] = {**before, "text": before["text"] + output["text"]}
        else:
            found.append(output)
    return found


def output_html(output: Mapping[str, Any]) -> str:
    """What a cell printed, showed or raised."""
    if output["output_type"] == "stream":
        return printed(output["text"], output["name"])
    if output["output_type"] == "error":
        return printed("\n".join(output["traceback"]) or output["evalue"], "error")
    data = output.get("data", {})
    if "text/html" in data:
        return f'<div class="shown">{data["text/html"]}</div>\n'
    for kind in PICTURES:
        if kind in data:
            return picture(kind, data[kind], data.get("text/plain", ""))
    return printed(data.get("text/plain", ""), "value")


def printed(text: str, name: str) -> str:
    return f'<pre class="{escape(name)}">{escape(TERMINAL.sub("", text).rstrip())}</pre>\n'


def picture(kind: str, data: str, alt: str) -> str:
    """An image that a cell showed: SVG as text, the others in base64."""
    packed = f"charset=utf-8,{address(data)}" if "svg" in kind else f"base64,{data.strip()}"
    return f'<div class="shown"><img alt="{escape(alt)}" src="data:{kind};{packed}"></div>\n'
