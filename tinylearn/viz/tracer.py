"""Turns tensors into a trace: plain data that every picture is drawn from (see schema.md).

    tensors -> nodes + kernels + steps -> positions -> one dict of text, numbers and lists

Reading a graph computes nothing and changes nothing: where a graph has been computed already, its
decisions are taken again on a shadow of it, which shares the nodes' facts and not their numbers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

from tinylearn.graph.node import Node, walk
from tinylearn.graph.primitives import BUFFER, CONST
from tinylearn.schedule.kernel import Kernel, Step
from tinylearn.schedule.schedule import schedule
from tinylearn.viz.code import LANGUAGES, MOST_KERNELS, code_of
from tinylearn.viz.film import add_frames
from tinylearn.viz.names import names_in, names_on_lines
from tinylearn.viz.style import clip, face, shape_text
from tinylearn.viz.values import summary
from tinylearn.viz.views import add_views

Data = dict[str, Any]
SCHEMA, VERSION = "tinylearn.trace", 1
LARGEST = 20_000  # nodes; beyond this a picture helps nobody and fills the browser's memory


class Refused(ValueError):
    """There is nothing that could be drawn, with the reason."""


def shadow(outputs: Iterable[Node]) -> dict[Node, Node]:
    """{node: its copy without numbers}, so that a computed graph can be scheduled once more.

    The copies are not interned and nobody else sees them.
    """
    copies: dict[Node, Node] = {}
    for node in walk(outputs):
        copy = Node.__new__(Node)
        for slot in ("op", "arg", "shape", "dtype", "device", "origin", "structure", "gradient_of"):
            setattr(copy, slot, getattr(node, slot))
        copy.inputs = tuple(copies[x] for x in node.inputs)
        copy.buffer = None if node.inputs else node.buffer
        copies[node] = copy
    return copies


def nodes_of(tensors: Iterable[Any]) -> list[Node]:
    """The nodes behind tensors (or nodes).

    Raises   Refused for what is neither
    """
    found = []
    for x in tensors:
        node = x if isinstance(x, Node) else getattr(x, "node", None)
        if not isinstance(node, Node):
            raise Refused(f"a picture needs a Tensor, got {type(x).__name__}")
        found.append(node)
    if not found:
        raise Refused("a picture needs at least one Tensor")
    return list(dict.fromkeys(found))


class Tracer:
    """Collects one trace. `frame` is the caller's, for the names of variables."""

    def __init__(self, outputs: list[Node], frame: FrameType | None = None) -> None:
        self.order = walk(outputs)
        if len(self.order) > LARGEST:
            raise Refused(f"the graph has {len(self.order)} nodes; {LARGEST} can be drawn")
        self.outputs = outputs
        self.ids = {node: f"n{k}" for k, node in enumerate(self.order)}
        self.names = names_on_lines(self.order) | names_in(frame, self.ids)
        self.passes = passes(self.order)
        self.lines: dict[tuple[str, str], int] = {}

    def nodes(self) -> list[Data]:
        """The plain facts of each node, inputs before readers."""
        found = [self.node(node) for node in self.order]
        known = {node["id"]: node for node in found}
        for node in found:
            node["face"] = face(node, known)
        return found

    def node(self, node: Node) -> Data:
        source = node.op in (BUFFER, CONST) or (node.buffer is not None and not node.inputs)
        gradient_of = node.gradient_of
        return {
            "id": self.ids[node],
            "op": node.op.name,
            "kind": "source" if source else "move" if node.op.kind == "source" else node.op.kind,
            "name": self.names.get(node, ""),
            "shape": list(node.shape),
            "dtype": node.dtype.name,
            "device": node.device,
            "bytes": node.nbytes,
            "flops": flops(node),
            "arg": argument(node),
            "inputs": [self.ids[x] for x in node.inputs],
            "line": self.line_of(node),
            "pass": self.passes[node],
            "gradient_of": self.ids.get(gradient_of, "") if gradient_of is not None else "",
            "group": "",
            "value": summary(node),
        }

    def line_of(self, node: Node) -> int:
        """The number of the user's line that made the node; -1 if nobody knows."""
        if node.origin is None:
            return -1
        line = (node.origin.place, clip(node.origin.text, 160))
        return self.lines.setdefault(line, len(self.lines))

    def decisions(self, code: bool) -> tuple[list[Data], list[Data]]:
        """The kernels in running order, with their code if asked, and the steps that led there."""
        copies = shadow(self.outputs)
        ids = {copy: self.ids[node] for node, copy in copies.items()}
        plan = schedule([copies[node] for node in self.outputs])
        kernels = [kernel_data(k, number, ids) for number, k in enumerate(plan.kernels, 1)]
        if code and len(kernels) <= MOST_KERNELS:
            for kernel, data in zip(plan.kernels, kernels, strict=True):
                data["code"] = code_of(kernel, f"kernel_{data['number']}", ids, list(LANGUAGES))
        home = {node: k["id"] for k in kernels for node in k["writes"]}
        return kernels, [step_data(s, ids, home) for s in plan.steps]


def flops(node: Node) -> int:
    """One for each number of an elementwise op, and for each summand of a reduction."""
    if node.op.kind == "elementwise":
        return node.size
    return node.inputs[0].size if node.op.kind == "reduce" else 0


def argument(node: Node) -> str:
    """What the op was told, in a few characters: axes, a shape, a constant."""
    if node.arg is None:
        return ""
    if node.op is CONST:
        return f"{node.arg:.4g}" if isinstance(node.arg, float) else str(node.arg)
    return clip(str(node.arg), 60)


def passes(order: list[Node]) -> dict[Node, str]:
    """forward, backward (made by a gradient rule), or update (made from gradients by the user)."""
    found: dict[Node, str] = {}
    for node in order:
        if node.gradient_of is not None:
            found[node] = "backward"
        elif any(found[x] != "forward" for x in node.inputs):
            found[node] = "update"
        else:
            found[node] = "forward"
    return found


def kernel_data(kernel: Kernel, number: int, ids: dict[Node, str]) -> Data:
    ops = [n.op.name for n in kernel.members if n.op.kind in ("elementwise", "reduce")]
    root = kernel.outputs[-1]
    title = f"{number}: {'+'.join(dict.fromkeys(ops)) or root.op.name} → {shape_text(root.shape)}"
    return {
        "id": f"k{number}",
        "number": number,
        "title": clip(title, 40),
        "nodes": [ids[n] for n in kernel.members],
        "reads": [ids[n] for n in kernel.inputs],
        "writes": [ids[n] for n in kernel.outputs],
        "read": kernel.bytes_read,
        "written": kernel.bytes_written,
        "flops": kernel.flops,
        "code": {},
    }


def step_data(step: Step, ids: dict[Node, str], home: dict[str, str]) -> Data:
    return {
        "nodes": [ids[step.node]],
        "verdict": step.verdict,
        "rule": step.rule,
        "says": step.says,
        "because": step.because,
        "refused": step.refused,
        "kernels": list(dict.fromkeys(home[ids[k]] for k in step.kernels if ids[k] in home)),
        "saved": step.bytes_saved,
    }


def trace(
    *tensors: Any,
    steps: bool = True,
    code: bool = True,
    level: str = "named",
    frame: FrameType | None = None,
) -> Data:
    """The trace of tensors: a dict of plain data, described in `tinylearn/viz/schema.md`.

    steps   False leaves the decisions out
    code    False leaves the kernels' code out
    level   "named": moves that one rule decides together are one step; "all": each by itself
    Raises  ValueError for what is no tensor, or for more nodes than a picture can hold
    """
    if level not in ("named", "all"):
        raise ValueError(f'level is "named" or "all", not {level!r}')
    frame = frame or sys._getframe(1)
    tracer = Tracer(nodes_of(tensors), frame)
    kernels, decisions = tracer.decisions(code)
    data: Data = {
        "schema": SCHEMA,
        "version": VERSION,
        "title": title_of(tracer),
        "results": [tracer.ids[node] for node in tracer.outputs],
        "nodes": tracer.nodes(),
        "groups": [],
        "kernels": kernels,
        "steps": decisions,
        "lines": list(tracer.lines),
        "rules": {f"gradient.{n.op.name}": n.op.gradient.says for n in tracer.order}
        | {step["rule"]: step.pop("says") for step in decisions},
    }
    if level == "named":
        data["steps"] = merged(data)
    add_frames(data)
    if not steps:
        data["steps"], data["frames"] = [], []
    return add_views(data)


def title_of(tracer: Tracer) -> str:
    node = tracer.outputs[0]
    name = tracer.names.get(node) or node.op.name
    more = f" and {len(tracer.outputs) - 1} more" if len(tracer.outputs) > 1 else ""
    return f"{clip(name, 30)}{more} ({shape_text(node.shape)} {node.dtype.name})"


def merged(data: Data) -> list[Data]:
    """The steps, with neighbours that one rule decided alike for moves taken as one."""
    moves = {n["id"]: n["op"] for n in data["nodes"] if n["kind"] == "move"}
    steps: list[Data] = []
    for step in data["steps"]:
        last = steps[-1] if steps else None
        alike = last and all(last[k] == step[k] for k in ("verdict", "rule", "kernels", "refused"))
        if last and alike and step["nodes"][0] in moves and last["nodes"][0] in moves:
            last["nodes"] += step["nodes"]
            last["saved"] += step["saved"]
            ops = ", ".join(moves[n] for n in reversed(last["nodes"]))
            last["because"] = f"{ops}: read through by {plural(len(step['kernels']), 'kernel')}"
        else:
            steps.append(dict(step))
    return steps


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
