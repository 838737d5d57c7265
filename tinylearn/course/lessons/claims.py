"""Numbers in a lesson's text that a cell has computed: each carries the expression it came from.

    It shows 10<!--= w.grad.item() -->, and not 5.

A reader sees the number alone. tools/run_notebook.py evaluates the expression after the cells above
it, refuses a lesson whose text says another number, and notes what it found in the cell's metadata;
the tests compare every text with that note. So neither the text nor the code changes alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CLAIM = re.compile(r"(?P<shown>[-−]?\d[\d,]*(?:\.\d+)?%?)<!--= *(?P<expression>.+?) *-->")
MARK = "<!--="
NOTED = "claims"  # in the metadata of a cell of text


@dataclass(frozen=True)
class Claim:
    """A number as the text shows it, and the expression that gives it."""

    shown: str
    expression: str

    def agrees(self, value: float) -> bool:
        """Whether a value, rounded as the text rounds, is the number that is shown.

        >>> Claim("96.4%", "share").agrees(0.9641), Claim("100,000", "ratio").agrees(99_000)
        (True, False)
        """
        return self.written(value) == self.shown.replace("−", "-")

    def written(self, value: float) -> str:
        """A value with as many digits as the text shows."""
        digits = len(self.shown.rstrip("%").partition(".")[2])
        percent = self.shown.endswith("%")
        commas = "," if "," in self.shown else ""
        return f"{value * 100 if percent else value:{commas}.{digits}f}{'%' * percent}"


def claims_in(text: str) -> list[Claim]:
    """The claims of a text, in order. Raises ValueError for a mark that no number stands before."""
    found = [Claim(m["shown"], m["expression"]) for m in CLAIM.finditer(text)]
    if len(found) != text.count(MARK):
        raise ValueError(f"a claim is written 10<!--= expression -->, in {text[:60]!r}...")
    return found


def question(claims: Sequence[Claim]) -> str:
    """The code that prints the claims' values as JSON."""
    values = ", ".join(f"float({claim.expression})" for claim in claims)
    return f"print(__import__('json').dumps([{values}]))"


def wrong_claims(cells: Sequence[Any]) -> list[str]:
    """What the texts of a lesson say otherwise than its last run: a line for each, [] if nothing.

    cells   of a notebook, as nbformat or its JSON gives them
    """
    wrong = []
    for cell in cells:
        if cell["cell_type"] != "markdown":
            continue
        noted = cell["metadata"].get(NOTED, {})
        for claim in claims_in("".join(cell["source"])):
            value = noted.get(claim.expression)
            if value is None:
                wrong.append(f"{claim.expression} has not been run")
            elif not claim.agrees(value):
                wrong.append(
                    f"the text says {claim.shown}, {claim.expression} is {claim.written(value)}"
                )
    return wrong
