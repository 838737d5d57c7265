"""Colours, sizes and wording shared by every face of a picture."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

Data = dict[str, Any]

# Okabe & Ito 2008: told apart by colour-blind readers. Second: the text colour that reads on it.
COLOURS = [
    ("#0072B2", "#fff"),
    ("#E69F00", "#000"),
    ("#009E73", "#000"),
    ("#CC79A7", "#000"),
    ("#56B4E9", "#000"),
    ("#D55E00", "#000"),
    ("#F0E442", "#000"),
    ("#7a7a7a", "#000"),
]
DASHES = ["", "7 3", "2 3", "10 3 2 3"]  # the second cue, beside the kernel's number
SMALLEST = {"float16": "6e-08", "float32": "1e-45", "float64": "5e-324"}
SYMBOLS = {"add": "+", "mul": "×", "recip": "1/x", "less": "<", "sum": "Σ", "sqrt": "√"}
MARKS = {"forward": "", "backward": "∂ ", "update": "≔ "}  # what a pass puts before a name
NODE_HEIGHT, SMALL_HEIGHT = 38.0, 24.0


def colour(number: int) -> tuple[str, str]:
    """(fill, readable text colour) of kernel `number`, counted from 1."""
    return COLOURS[(number - 1) % len(COLOURS)]


def dash(number: int) -> str:
    """The outline pattern of kernel `number`: kernels of one colour differ in it."""
    return DASHES[(number - 1) // len(COLOURS) % len(DASHES)]


def columns(text: str) -> int:
    """How many character cells a text takes; a Chinese or Japanese sign takes two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def clip(text: str, limit: int = 22) -> str:
    """The text, or its beginning and an ellipsis, in at most `limit` cells.

    >>> clip("a_very_long_name_for_a_weight_matrix")
    'a_very_long_name_for_…'
    """
    if columns(text) <= limit:
        return text
    kept = ""
    for c in text:
        if columns(kept + c) > limit - 1:
            break
        kept += c
    return kept + "…"


def shape_text(shape: Sequence[int]) -> str:
    """
    >>> shape_text((64, 10)), shape_text(())
    ('64×10', 'scalar')
    """
    return "×".join(map(str, shape)) or "scalar"


def amount(count: float, unit: str = "B") -> str:
    """A count in three digits and its unit.

    >>> amount(512), amount(20480), amount(3_400_000, "FLOP")
    ('512 B', '20.5 kB', '3.4 MFLOP')
    """
    for prefix in ("", "k", "M", "G", "T"):
        if abs(count) < 999.5 or prefix == "T":
            digits = f"{count:.3g}" if prefix else f"{count:.0f}"
            return f"{digits} {prefix}{unit}"
        count /= 1000
    raise AssertionError("the last prefix always returns")


def counted(count: int, what: str) -> str:
    """
    >>> counted(1, "op"), counted(0, "kernel")
    ('1 op', '0 kernels')
    """
    return f"{count} {what}{'s' * (count != 1)}"


def face(node: Data, nodes: Mapping[str, Data]) -> list[str]:
    """The one or two lines that stand in a node's box. A constant stands inside its reader."""
    if node["kind"] == "source":
        text = node["arg"] if node["op"] == "const" else node["name"] or node["op"]
        return [clip(text)] if node["op"] == "const" else [clip(text), shape_text(node["shape"])]
    mark = MARKS[node["pass"]]
    if node["kind"] == "move":
        return [f"{mark}{node['op']} {shape_text(node['shape'])}"]
    name = f" → {clip(node['name'], 16)}" if node["name"] else ""
    return [mark + formula(node, nodes) + name, shape_text(node["shape"])]


def formula(node: Data, nodes: Mapping[str, Data]) -> str:
    """The op with its constants: `× 0.5`, `0 <`, `where · 0 ·`, and `+ add` where there are none.

    >>> nodes = {"x": {"op": "exp"}, "c": {"op": "const", "arg": "2"}}
    >>> formula({"op": "mul", "inputs": ["x", "c"]}, nodes)
    '× 2'
    """
    op, symbol = node["op"], SYMBOLS.get(node["op"], "")
    values = [nodes[i]["arg"] if nodes[i]["op"] == "const" else "" for i in node["inputs"]]
    if not any(values):
        return f"{symbol} {op}" if symbol else str(op)
    if symbol and len(values) == 2 and all(values):
        return f"{values[0]} {symbol} {values[1]}"
    if op == "less" and values[1] == SMALLEST.get(nodes[node["inputs"][0]].get("dtype", "")):
        return "≤ 0"  # as relu asks it: less than the smallest number above zero
    if symbol and len(values) == 2:
        return f"{symbol} {values[1]}" if values[1] else f"{values[0]} {symbol}"
    return " ".join([symbol or op, *(value or "·" for value in values)])


def box(lines: Sequence[str]) -> tuple[float, float]:
    """Width and height of the box around the lines of a face."""
    wide = max(
        columns(line) * (7.6 if k == 0 and len(lines) > 1 else 6.7) + 2.6 * line.count("×")
        for k, line in enumerate(lines)
    )
    return max(wide + 20, 46.0), NODE_HEIGHT if len(lines) > 1 else SMALL_HEIGHT
