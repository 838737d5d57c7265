"""A report as a table for notebooks, with a strip for each access: which thread looked where.

A strip has a column for each of the 32 threads of the first warp, and a row for each of the first
times that it came by. In global memory each sector has a colour of its own next to its neighbours:
few broad bands are good, confetti is bad. In shared memory the colour says in which pass a thread
is served: one colour is good. Text and lines take the colour of the page, light or dark. A strip is
an image, as JupyterLab takes drawings out of a notebook that it does not trust yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np

from tinylearn.devices.simulator.counting import BANKS, SECTOR, WARP, WORD

if TYPE_CHECKING:
    from tinylearn.devices.simulator.report import Access, Report

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")  # Okabe & Ito 2008
CELL, ROWS = 7, 6  # pixels of a thread; times that are drawn
STYLE = (
    "color:var(--jp-content-font-color1,inherit);border-collapse:collapse;"
    "font-variant-numeric:tabular-nums;font-size:0.9em"
)
NUMBER = "text-align:right;padding:0 0.5em"
CODE = "text-align:left;white-space:pre"
LINE = "border-bottom:1px solid color-mix(in srgb,currentColor 25%,transparent)"


def sector_colours(access: Access, places: np.ndarray) -> np.ndarray:
    """For each thread the number of its sector among those that the warp touches; -1: none.

    >>> from tinylearn.devices.simulator.report import Access
    >>> sector_colours(Access(0, "x", "argument", 4), np.array([0, 1, 8, 80, -1]))
    array([ 0,  0,  1,  2, -1])
    """
    sectors = np.where(places < 0, -1, places * access.itemsize // SECTOR)
    found = np.unique(sectors[sectors >= 0])
    return np.where(sectors < 0, -1, np.searchsorted(found, sectors))


def pass_colours(access: Access, places: np.ndarray) -> np.ndarray:
    """For each thread the pass in which its bank serves it; -1: it asks for nothing.

    >>> from tinylearn.devices.simulator.report import Access
    >>> pass_colours(Access(0, "s", "shared", 4), np.array([0, 32, 1, 32, -1]))
    array([ 0,  1,  0,  1, -1])
    """
    words = np.where(places < 0, -1, places * access.itemsize // WORD)
    turns, served = {-1: -1}, dict[int, int]()
    for word in words.tolist():
        if word not in turns:
            bank = word % BANKS
            turns[word] = served[bank] = served.get(bank, -1) + 1
    return np.array([turns[word] for word in words.tolist()])


def strip(access: Access) -> str:
    """One access as an image."""
    colours = pass_colours if access.space == "shared" else sector_colours
    drawn = [colours(access, places) for places in access.places[:ROWS]]
    cells = [
        f'<rect x="{lane * CELL}" y="{row * CELL}" width="{CELL - 1}" height="{CELL - 1}" '
        f'fill="{COLOURS[k % len(COLOURS)]}"/>'
        for row, found in enumerate(drawn)
        for lane, k in enumerate(found)
        if k >= 0
    ]
    width, height = WARP * CELL, len(drawn) * CELL
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f"{''.join(cells)}</svg>"
    )
    words = escape(said(access, drawn))
    return (
        f'<img alt="{words}" title="{words}" style="vertical-align:middle;max-width:none" '
        f'src="data:image/svg+xml,{quote(svg)}"/>'
    )


def said(access: Access, drawn: list[np.ndarray]) -> str:
    """What a strip shows, in words."""
    most = 1 + max((int(found.max()) for found in drawn), default=-1)
    what = ("pass", "passes") if access.space == "shared" else ("sector", "sectors")
    return f"{access.memory}: the first warp needs up to {most} {what[most != 1]} at a time"


def table(report: Report, columns: Iterable[str]) -> str:
    """The report as HTML."""
    shown = list(columns)
    strips: dict[int, str] = {}
    for access in report.accesses:
        label = f"<small>{escape(access.memory)}</small> "
        strips[access.line] = strips.get(access.line, "") + f"<div>{label}{strip(access)}</div>"
    heads = f'<th style="text-align:left">{escape(report.title())}</th>'
    heads += "".join(f'<th style="{NUMBER}">{c}</th>' for c in shown) + "<th>threads 0 to 31</th>"
    rows = []
    for number, (line, count) in enumerate(zip(report.lines, report.counts, strict=True)):
        if not (count.runs or count.barriers):
            continue
        cells = in_cells(report.cells(count, shown))
        code = f'<td style="{CODE}"><code>{escape(line)}</code></td>'
        rows.append(f'<tr style="{LINE}">{code}{cells}<td>{strips.get(number, "")}</td></tr>')
    sums = in_cells(report.cells(report.total, shown))
    rows.append(f'<tr><td style="text-align:left">all lines</td>{sums}<td></td></tr>')
    sentences = "".join(f"<div>{escape(s)}</div>" for s in report.sentences() if s)
    return f'<table style="{STYLE}"><tr>{heads}</tr>{"".join(rows)}</table>{sentences}'


def in_cells(numbers: Iterable[str]) -> str:
    """Numbers as cells of a table, one under the other."""
    return "".join(f'<td style="{NUMBER}">{n}</td>' for n in numbers)
