"""A formula in LaTeX as MathML, which browsers draw by themselves: no script, no network.

mathml(r"\\sin x") -> <math display="inline"><mi>sin</mi><mspace .../><mi>x</mi></math>
"""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

FUNCTION = re.compile(r"[a-z]{2,}$")  # sin, log, max: set apart from what stands beside them
THIN = {"width": "0.167em"}
PARTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "msubsup": 3, "munderover": 3}
ESCAPED = re.compile(r"\\([_%$&#{} ])")


def mathml(latex: str, display: str = "inline") -> str:
    """The formula as a math element; `display` is "inline" or "block".

    Raises   ValueError, with the formula, for a command that is not known or not complete
    """
    from latex2mathml import converter

    try:
        text = converter.convert(latex.strip(), display=display)
        tree = ElementTree.fromstring(
            text.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")
        )
    except Exception as error:  # the converter has many, and its output need not be well formed
        raise ValueError(
            f"the formula ${latex}$ cannot be read ({type(error).__name__})"
        ) from error
    for part in tree.iter():
        set_apart(part)
        if part.tag == "mtext":
            part.text = ESCAPED.sub(r"\1", part.text or "")
        if unknown := re.search(r"\\\w+", part.text or ""):
            raise ValueError(f"the formula ${latex}$ holds {unknown[0]}, which is not known here")
        if len(part) != PARTS.get(part.tag, len(part)):
            raise ValueError(f"the formula ${latex}$ is not complete: see its {part.tag}")
    return ElementTree.tostring(tree, encoding="unicode")


def set_apart(row: ElementTree.Element) -> None:
    """Put a thin space between a function's name and the operands beside it, as TeX does."""
    parts = list(row)
    if row.tag != "mrow" and row.tag != "math":
        return
    for left, right in pairwise(parts):
        named = is_function(left) and not (right.text or "").startswith(("(", "["))
        if "mo" not in (left.tag, right.tag) and (named or is_function(right)):
            row.insert(list(row).index(right), ElementTree.Element("mspace", THIN))


def is_function(part: ElementTree.Element) -> bool:
    """Whether the part is the name of a function, perhaps with a power: sin, or sin squared."""
    name = part[0] if part.tag in ("msup", "msub") and len(part) else part
    return name.tag == "mi" and bool(FUNCTION.match(name.text or ""))
