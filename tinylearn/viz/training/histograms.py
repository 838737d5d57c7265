"""Histograms of tensors that a reader watches: weights and gradients, layer by layer.

A gradient waits to be computed, and an optimizer's step keeps none: it is computed here for the
look alone. The watched tensors and their graphs stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from tinylearn.changes import alone_on
from tinylearn.devices.buffer import Buffer
from tinylearn.devices.device import Device
from tinylearn.graph.node import Node
from tinylearn.plan.plan import LOCK, plan_for
from tinylearn.plan.request import Request
from tinylearn.viz.style import clip, columns
from tinylearn.viz.trace.digest import BINS, LARGEST, digest, summary
from tinylearn.viz.trace.variables import is_model, own

Data = dict[str, Any]
MOST = 12  # tensors; more do not fit on a screen
BAR, TALL = 8.0, 30.0
FORGOTTEN = (
    "There are no gradients: at the end of a step they are forgotten already. "
    "Try zero_grad() before backward() and not after step()."
)


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


class Watched:
    """What is known of the watched tensors at the last look: look() and html()."""

    def __init__(self, watch: Mapping[str, Any] | Any) -> None:
        self.watch = watch
        self.values: dict[str, Data] = {}
        self.gradients: dict[str, Data] = {}
        self.step = self.gradient_step = 0
        self.missed = self.forgotten = False  # no gradient at the last look, and at none
        self.more = 0  # tensors that are not shown

    def look(self, step: int) -> None:
        """Sum up the values that exist, and the gradients, which are computed if they wait.

        Where all gradients have been forgotten meanwhile, the last ones that were seen stay.
        """
        found = tensors_of(self.watch)
        self.more, self.step = max(0, len(found) - MOST), step
        shown = dict(list(found.items())[:MOST])
        self.values = summaries({name: node_of(tensor) for name, tensor in shown.items()})
        grads = {name: node_of((own(t) or {}).get("grad")) for name, t in shown.items()}
        self.missed = not any(grads.values())
        if not self.missed:
            self.gradients, self.gradient_step = computed(grads), step
        learns = any((own(tensor) or {}).get("_requires_grad") for tensor in shown.values())
        self.forgotten = learns and step > 0 and not self.gradients

    def has_gradients(self) -> bool:
        """Whether a look now would find a gradient."""
        return any((own(t) or {}).get("grad") is not None for t in tensors_of(self.watch).values())

    def html(self) -> str:
        """A cell for each tensor: the histogram of its values, and of its gradient."""
        cells = []
        for name in dict.fromkeys([*self.values, *self.gradients]):
            rows = [shown("value", self.values.get(name))]
            rows += [shown("gradient", self.gradients.get(name))]
            cells.append(
                '<div style="display:inline-block;margin:4px 16px 4px 0;vertical-align:top">'
                f'<div style="font-size:12px">{escape(clip(name, 24))}</div>{"".join(rows)}</div>'
            )
        said = "".join(f'<p style="font-size:12px;margin:4px 0">{s}</p>' for s in self.says())
        return f"<div>{''.join(cells)}{said}</div>" if cells else ""

    def says(self) -> list[str]:
        """Which step the numbers are from, and what is not shown."""
        rows = []
        if self.step and self.gradients and self.gradient_step != self.step:
            rows.append(f"Values at step {self.step}, gradients at step {self.gradient_step}.")
        elif self.step:
            both = "Values and gradients" if self.gradients else "Values"
            rows.append(f"{both} at step {self.step}.")
        if self.more:
            rows.append(f"{self.more} more {'are' if self.more > 1 else 'is'} watched.")
        return rows + [FORGOTTEN] * self.forgotten


def node_of(tensor: Any) -> Node | None:
    """The node of a tensor, read without asking the tensor for anything."""
    node = (own(tensor) or {}).get("node") if tensor is not None else None
    return node if isinstance(node, Node) else None


def summaries(nodes: Mapping[str, Node | None]) -> dict[str, Data]:
    """The summaries of those whose numbers exist."""
    found = {name: summary(node) for name, node in nodes.items() if node is not None}
    return {name: facts for name, facts in found.items() if facts}


def computed(nodes: Mapping[str, Node | None]) -> dict[str, Data]:
    """The summaries of gradients; what waits is computed aside, and goes on waiting.

    All that wait are one request, whose plan is made once and found again at the next look.
    """
    found = summaries(nodes)
    unknown = {k: node for k, node in nodes.items() if node and node.buffer is None and node.inputs}
    waiting = {name: node for name, node in unknown.items() if node.size <= LARGEST}
    for name in unknown.keys() - waiting.keys():
        found[name] = {"note": f"{unknown[name].size} numbers: too many to sum up"}
    try:
        if waiting:
            request = Request(list(dict.fromkeys(waiting.values())))
            made = alone_on(LOCK, lambda: plan_for(request).run(request))
            buffers = dict(zip(request.outputs, made, strict=True))
            found |= {name: numbers(buffers[node]) for name, node in waiting.items()}
    except Exception as error:  # a device that is gone must not stop the training
        found |= {k: {"note": f"not computed: {type(error).__name__}"} for k in waiting}
    return found


def numbers(buffer: Buffer) -> Data:
    """The summary of a buffer that belongs to no node."""
    device = Device.known[buffer.device]
    return digest(device.read(device.memory(buffer)))


def shown(what: str, facts: Data | None) -> str:
    """A summary as SVG text: bars with the least and the most below them, or one line."""
    if not facts:
        return ""
    if "histogram" in facts:
        return histogram(what, facts["least"], facts["most"], facts["histogram"])
    if "note" in facts:
        text = f"{what}: {facts['note']}"
    elif facts.get("least", "") != facts.get("most", ""):
        text = f"{what}: {facts['least']} to {facts['most']}"
    else:
        text = f"{what}: {', '.join(dict.fromkeys(facts['numbers']))}"
    return f'<div style="font-size:12px;opacity:.85">{escape(text)}</div>'


def histogram(what: str, least: str, most: str, counts: list[int]) -> str:
    """The bars of one histogram. The numbers below never overlap: the picture grows with them."""
    wide = max(BAR * BINS, 6.2 * (columns(least) + columns(most)) + 14)
    unit, height = wide / BINS, TALL + 28
    bars = "".join(
        f'<rect x="{unit * k:.1f}" y="{14 + TALL * (1 - n / max(counts)):.1f}" '
        f'width="{unit - 1:.1f}" height="{TALL * n / max(counts):.1f}"/>'
        for k, n in enumerate(counts)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:g}" height="{height:g}" '
        f'viewBox="0 0 {wide:g} {height:g}" role="img" '
        f'aria-label="{escape(f"{what}: {least} to {most}")}" fill="currentColor" '
        'font-size="10" font-family="system-ui,sans-serif" '
        'style="display:block;margin-bottom:4px">'
        f'<text y="10">{what}</text><g fill="#0072B2">{bars}</g>'
        f'<text y="{height - 3:g}">{escape(least)}</text>'
        f'<text x="{wide:g}" y="{height - 3:g}" text-anchor="end">{escape(most)}</text></svg>'
    )
