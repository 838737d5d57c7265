"""Turns tensors into a trace: plain data that every picture is drawn from (see schema.md).

    tensors -> nodes + kernels + steps -> positions -> one dict of text, numbers and lists

Reading a graph computes nothing and changes nothing: simplifying and scheduling work on stand-ins,
which share the nodes' facts and not their numbers. A picture of the graph shows the nodes as the
user built them; the film of the decisions shows the simplified graph, which is what runs.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np

from tinylearn.graph.deferred import Composite, spelled_out
from tinylearn.graph.dtype import DType
from tinylearn.graph.lookup import SCATTER
from tinylearn.graph.node import Node, walk
from tinylearn.graph.primitives import BUFFER, CONST, DETACH
from tinylearn.graph.simplify import Simplified, simplify
from tinylearn.nn.module import Module
from tinylearn.plan.request import is_given
from tinylearn.schedule.kernel import Kernel, is_source, operations
from tinylearn.schedule.schedule import schedule
from tinylearn.tensor import Tensor
from tinylearn.tensor.capture import Captured
from tinylearn.viz.layout.views import add_views
from tinylearn.viz.style import clip, face, shape_text
from tinylearn.viz.trace.calls import add_calls, calls_in, made_between
from tinylearn.viz.trace.code import LANGUAGES, MOST_KERNELS, ON_REQUEST, code_of
from tinylearn.viz.trace.decisions import (
    add_apart,
    add_joined,
    kernel_data,
    merged,
    simplified_steps,
    step_data,
)
from tinylearn.viz.trace.digest import summary
from tinylearn.viz.trace.film import add_frames
from tinylearn.viz.trace.modules import add_modules, calls_of
from tinylearn.viz.trace.moments import add_moments
from tinylearn.viz.trace.variables import called, holding, look_around, names_on_lines

Data = dict[str, Any]
SCHEMA, VERSION = "tinylearn.trace", 1
LARGEST = 20_000  # nodes; beyond this a picture helps nobody and fills the browser's memory
LEVELS = ("named", "all")


class Refused(ValueError):
    """There is nothing that could be drawn, with the reason."""


def nodes_of(tensors: Iterable[Any], frame: FrameType | None = None) -> list[Node]:
    """The nodes behind tensors, nodes, and captured functions, of which it is the whole step.

    frame    the caller's, which knows what a wrong one is called
    Raises   Refused for anything else; CaptureError for a captured function that never ran
    """
    found = []
    for x in tensors:
        if isinstance(x, Captured):
            found += x.nodes()
            continue
        node = x if isinstance(x, Node) else getattr(x, "node", None)
        if not isinstance(node, Node):
            raise Refused(f"a picture needs a Tensor, got {type(x).__name__}{advice(x, frame)}")
        found.append(node)
    if not found:
        raise Refused("a picture needs at least one Tensor")
    return list(dict.fromkeys(found))


def advice(wrong: Any, frame: FrameType | None) -> str:
    """What to give instead: the tensors in a list, the output of a model."""
    if isinstance(wrong, Module):
        return f". Try {called(wrong, frame, 'model')}(x), the tensor that it makes"
    if isinstance(wrong, (list, tuple)) and any(isinstance(x, Tensor) for x in wrong):
        name = called(wrong, frame, "tensors")
        return f". Try {name}[0] for one of its Tensors, *{name} for all"
    return ""


def to_run(outputs: list[Node], known: Container[Node]) -> list[Node]:
    """The nodes that running the outputs once more would need; the walk ends at known numbers."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack, first = outputs[::-1], set(outputs)
    while stack:
        node = stack[-1]
        ends = node in seen or (node in known and node not in first)
        waiting = [] if ends else [x for x in node.inputs if x not in seen]
        if waiting:
            stack += reversed(waiting)
            continue
        stack.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
    return order


def without_promises(outputs: list[Node]) -> dict[Node, Node]:
    """{node: itself, or the graph of the gradient that it only promises}."""
    order = walk(outputs)
    if len(order) > LARGEST:
        raise Refused(f"the graph has {len(order)} nodes; {LARGEST} can be drawn")
    return dict(zip(order, spelled_out(order), strict=True))


class Tracer:
    """Collects one trace.

    whole   True: the graph as the user built it; False: simplified, from what is in memory
    frame   the caller's, for the names of variables
    """

    languages: Sequence[str] = tuple(LANGUAGES)  # in which the code is written

    def __init__(self, outputs: list[Node], whole: bool, frame: FrameType | None) -> None:
        spelled = without_promises(outputs)
        self.spelled = spelled
        outputs = [spelled[n] for n in outputs]
        numbers = {s: n for n, s in spelled.items() if n.buffer is not None}
        order = walk(outputs) if whole else to_run(outputs, numbers)
        inside = set(order)
        leaves = [n for n in order if n.op is not CONST and not inside.issuperset(n.inputs)]
        leaves += [n for n in order if n.op is not CONST and not n.inputs]
        leaves += [n for n in spelled if n in inside and is_given(n)]
        if not whole:
            leaves += [n for n in order if n in numbers and n not in outputs and n.op is not CONST]
        self.simplified: Simplified = simplify(order, order, list(dict.fromkeys(leaves)))
        self.new = dict(zip(order, self.simplified.outputs, strict=True))
        self.results = [self.new[n] for n in outputs]
        seen = look_around(frame, inside | set(spelled))
        self.modules, self.made_by = seen.modules, calls_of(spelled, order) if whole else {}
        names = {spelled.get(n, n): name for n, name in seen.names.items()}
        names = names_on_lines(order) | names
        self.shown = order if whole else walk(self.results)
        original: dict[Node, Node] = {n: n for n in order} if whole else {}
        for node in () if whole else order:  # the last of equals, or one with a name
            if self.new[node] not in original or node in names:
                original[self.new[node]] = node
        modules = holding(names.values()) | set(seen.modules.values())
        calls = calls_in(spelled, order, modules)
        self.calls = {self.new[n]: call for n, call in calls.items()} if not whole else calls
        self.names = {n: names[o] for n, o in original.items() if o in names}
        self.gradients = {n: seen.gradients[o] for n, o in original.items() if o in seen.gradients}
        self.values = {n: numbers[o] for n, o in original.items() if o in numbers}
        self.ids = {node: f"n{k}" for k, node in enumerate(self.shown)}
        self.outputs = [self.ids[n] for n in dict.fromkeys(outputs if whole else self.results)]
        forward = made_forward(spelled) & inside
        forward = forward if whole else {self.new[n] for n in forward}
        self.passes = passes(self.shown, forward)
        self.lines: dict[tuple[str, str], int] = {}
        self.places: dict[Any, int] = {}
        self.whole = whole
        self.ops = {"built": computing(order), "run": computing(walk(self.results))}

    def nodes(self) -> list[Data]:
        """The plain facts of each node, inputs before readers."""
        found = [self.node(node) for node in self.shown]
        known = {node["id"]: node for node in found}
        results = {call: self.ids[n] for n, call in self.calls.items() if n in self.ids}
        for node in found:
            node["face"] = face(node, known)
        for (name, _), i in results.items():  # the last node of a call is what was asked for
            if len(known[i]["face"]) == 2:
                known[i]["face"][1] += f" · {name}"
        return found

    def node(self, node: Node) -> Data:
        gradient_of = node.gradient_of if self.passes[node] == "backward" else None
        gradient_of = self.spelled.get(gradient_of, gradient_of) if gradient_of else None
        return {
            "id": self.ids[node],
            "op": node.op.name,
            "kind": kind_of(node),
            "name": self.names.get(node, ""),
            "shape": list(node.shape),
            "dtype": node.dtype.name,
            "device": node.device,
            "bytes": node.nbytes,
            "flops": operations(node),
            "arg": argument(node),
            "inputs": [self.ids[x] for x in node.inputs],
            "line": self.line_of(node),
            "pass": self.passes[node],
            "gradient_of": self.ids.get(gradient_of, "") if gradient_of else "",
            "group": "",
            "call": self.calls.get(node, ("", 0))[0],
            "gradient": summary(self.gradients[node]) if node in self.gradients else None,
            "value": summary(self.values[node]) if node in self.values else None,
        }

    def texts(self, kernel: Kernel, name: str = "kernel") -> Data:
        """The generated text of a kernel, in each language."""
        return code_of(kernel, name, self.ids, self.languages)

    def line_of(self, node: Node) -> int:
        """The number of the user's line that made the node; -1 if nobody knows."""
        if node.origin is None:
            return -1
        if node.made_at not in self.places:
            line = (node.origin.place, clip(node.origin.text, 160))
            self.places[node.made_at] = self.lines.setdefault(line, len(self.lines))
        return self.places[node.made_at]

    def kernels_and_steps(self, code: bool) -> tuple[list[Data], list[Data]]:
        """The kernels in running order, with their code if asked, and the steps that led there."""
        plan = schedule([n for n in self.results if not is_source(n)])
        ids = self.ids
        if self.whole:  # what was simplified away runs with what it became
            ids = {self.new[n]: i for n, i in reversed(self.ids.items())}
        kernels = [kernel_data(k, number, ids) for number, k in enumerate(plan.kernels, 1)]
        if self.whole:
            add_joined(kernels, self.shown, self.new, plan.kernels, self.ids)
            return kernels, []
        if code and len(kernels) <= MOST_KERNELS:
            for kernel, data in zip(plan.kernels, kernels, strict=True):
                data["code"] = self.texts(kernel, f"kernel_{data['number']}")
        return kernels, [step_data(s, ids, kernels) for s in plan.steps]


def kind_of(node: Node) -> str:
    """source, elementwise, reduce or move, as a reader sees it."""
    if node.op in (BUFFER, CONST) or not node.inputs:
        return "source"
    if node.op is SCATTER:
        return "reduce"
    return "move" if node.op.kind in ("source", "lookup") else node.op.kind


def computing(nodes: Iterable[Node]) -> int:
    """How many of the nodes are no sources."""
    return sum(kind_of(node) != "source" for node in nodes)


def argument(node: Node) -> str:
    """What the op was told, in a few characters: axes, a shape, a constant."""
    if node.arg is None:
        return ""
    if node.op is CONST:
        return value_text(node.arg, node.dtype)
    return clip(str(node.arg), 60)


def value_text(value: Any, dtype: DType) -> str:
    """A constant in the fewest digits that its dtype tells apart from its neighbours.

    >>> from tinylearn.graph.dtype import float32
    >>> value_text(1.0001, float32), value_text(1 / 3, float32), value_text(2.0, float32)
    ('1.0001', '0.33333334', '2')
    """
    if not dtype.is_float:
        return str(value)
    with np.errstate(over="ignore"):  # too large a value is infinite in its dtype
        return str(dtype.numpy.type(value)).removesuffix(".0")


def made_forward(spelled: Mapping[Node, Node]) -> set[Node]:
    """What composites of the forward pass are made of, though a gradient rule met it first."""
    return {
        member
        for noted, node in spelled.items()
        if isinstance(noted.op, Composite) and noted.gradient_of is None
        for member in made_between(node, {spelled[x] for x in noted.inputs})
    }


def passes(order: list[Node], forward: Container[Node]) -> dict[Node, str]:
    """forward, backward (made by a gradient rule), or update (made from gradients by the user).

    A gradient that is declared to be constant, as x.grad is, stays one.

    forward   nodes of the forward pass that a gradient rule may have made too
    """
    found: dict[Node, str] = {}
    for node in order:
        if node.gradient_of is not None and node not in forward:
            found[node] = "backward"
        elif node.op is DETACH:
            found[node] = found[node.inputs[0]]
        elif any(found[x] != "forward" for x in node.inputs):
            found[node] = "update"
        else:
            found[node] = "forward"
    return found


def trace(
    *tensors: Any,
    steps: bool = True,
    code: bool = True,
    level: str = "named",
    view: str = "kernels",
    frame: FrameType | None = None,
    language: str = "",
) -> Data:
    """The trace of tensors: a dict of plain data, described in `tinylearn/viz/trace/schema.md`.

    steps   True: the simplified graph with its decisions; False: the graph as it was built
    code    False leaves the kernels' code out
    level   "named": moves that one rule decides together are one step; "all": each by itself,
            and every simplification
    view    what the boxes stand for at first; of a very large graph there is no other view
    language   one in which the code is written, too
    Raises  ValueError for what is no tensor, or for more nodes than a picture can hold
    """
    if level not in LEVELS:
        raise ValueError(f'level is "named", "all" or "loops", not {level!r}')
    frame = frame or sys._getframe(1)
    nodes = nodes_of(tensors, frame)
    with without_collector():
        tracer = Tracer(nodes, not steps, frame)
        if language in ON_REQUEST:
            tracer.languages = (*LANGUAGES, language)
        return traced(tracer, steps, code, level, view)


@contextmanager
def without_collector() -> Iterator[None]:
    """Python's collector would look through a growing trace again and again, and find nothing."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def traced(
    tracer: Tracer, steps: bool, code: bool, level: str, view: str, passing: bool = True
) -> Data:
    """What a tracer found, as one dict.

    passing   whether the code of kernels that run for some moments of the film only is written
    """
    kernels, decisions = tracer.kernels_and_steps(code)
    data: Data = {
        "schema": SCHEMA,
        "version": VERSION,
        "title": title_of(tracer),
        "results": tracer.outputs,
        "ops": tracer.ops,
        "nodes": tracer.nodes(),
        "groups": [],
        "kernels": kernels,
        "steps": decisions,
        "lines": [list(line) for line in tracer.lines],
        "rules": {f"gradient.{n.op.name}": n.op.gradient.says for n in tracer.shown},
    }
    if level == "named":
        data["steps"] = merged(data)
    elif steps:
        data["steps"] = simplified_steps(tracer.simplified.steps, tracer.ids) + decisions
    if not steps:
        calls = {tracer.ids[n]: call for n, call in tracer.calls.items()}
        made_by = {tracer.ids[n]: call for n, call in tracer.made_by.items()}
        data["groups"] = add_modules(data["nodes"], made_by, tracer.modules)
        data["groups"] += add_calls(data["nodes"], data["groups"], calls)
    add_apart(data)
    ids = {i: n for n, i in tracer.ids.items()}
    data["rules"] |= {step["rule"]: step.pop("says") for step in data["steps"]}
    data = add_frames(data)
    data = add_moments(data, ids, tracer.texts) if passing else data | {"texts": {}}
    return add_views(data, view)


def title_of(tracer: Tracer) -> str:
    node = next(n for n, i in tracer.ids.items() if i == tracer.outputs[0])
    name = tracer.names.get(node) or tracer.calls.get(node, ("", 0))[0] or node.op.name
    more = f" and {len(tracer.outputs) - 1} more" if len(tracer.outputs) > 1 else ""
    return f"{clip(name, 30)}{more} ({shape_text(node.shape)} {node.dtype.name})"
