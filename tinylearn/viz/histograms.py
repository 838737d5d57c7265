"""Histograms of tensors that a reader watches: weights and gradients, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from tinylearn.graph.node import Node
from tinylearn.viz.names import is_model, own
from tinylearn.viz.style import clip
from tinylearn.viz.values import summary

MOST = 12  # tensors; more do not fit on a screen


def tensors_of(watch: Any, name: str = "", depth: int = 0) -> dict[str, Any]:
    """{name: tensor} of a tensor, a mapping or a model, found by looking at attributes only."""
    inside = own(watch) or {}
    if isinstance(inside.get("node"), Node):
        return {name or "x": watch}
    found: dict[str, Any] = {}
    if depth < 6 and (is_model(watch) or depth == 0):
        for key, value in inside.items():
            found |= tensors_of(value, f"{name}.{key}" if name else key, depth + 1)
    return found


def watch_html(watch: Mapping[str, Any] | Any) -> str:
    """One small pair of histograms a tensor: its numbers, and its gradient's where known."""
    cells = []
    for name, tensor in list(tensors_of(watch).items())[:MOST]:
        gradient = own(tensor) or {}
        rows = [histogram("value", tensor), histogram("gradient", gradient.get("grad"))]
        if any(rows):
            cells.append(
                '<div style="display:inline-block;margin:4px 12px 4px 0;vertical-align:top">'
                f'<div style="font-size:12px">{escape(clip(name, 24))}</div>{"".join(rows)}</div>'
            )
    return f"<div>{''.join(cells)}</div>" if cells else ""


def histogram(what: str, tensor: Any) -> str:
    """A tensor's histogram as SVG text; "" for one that is not computed or has no spread."""
    node = (own(tensor) or {}).get("node") if tensor is not None else None
    facts = summary(node) if isinstance(node, Node) else None
    if not facts or "histogram" not in facts:
        return ""
    bars, most = facts["histogram"], max(facts["histogram"])
    text = f"{what}: {facts['least']} to {facts['most']}"
    rects = "".join(
        f'<rect x="{8 * k}" y="{30 - 30 * n / most:.1f}" width="7" height="{30 * n / most:.1f}"/>'
        for k, n in enumerate(bars)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="150" height="46" viewBox="0 0 150 46" '
        f'role="img" aria-label="{escape(text)}" fill="currentColor" font-size="10" '
        f'font-family="system-ui,sans-serif"><g fill="#0072B2">{rects}</g>'
        f'<text y="42">{escape(text)}</text></svg>'
    )
