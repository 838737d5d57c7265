"""Notes what graph an answer built over its arguments, as plain data: nothing is measured here.

    recording(run, part)(answer, *args) -> [[value, after, steps], ...]      one for each call

value    what the answer gave, with the numbers of steps in the place of nodes and tensors
after    for each tensor that was handed in, the step of the node it holds after the call
steps    ["leaf", place], ["const", value, shape, dtype], ["data", array] or [op, inputs, arg];
         a composite with a gradient rule of its own is named by module and function

Whoever tampers with this gains another graph, which the parent builds, runs and measures itself.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

MOST_NODES = 10_000  # of one answer


def recording(run: Callable[..., Any], part: str | None) -> Callable[..., Any]:
    """`run`, which gives what the answer answered instead of what it measures."""

    def record(answer: Callable[..., Any], *args: Any) -> list[Any]:
        calls: list[Any] = []
        failed = False

        def noted(*given: Any, **options: Any) -> Any:
            nonlocal failed
            failed = True
            description = Description([*given, *options.values()])  # before anything is changed
            value = answer(*given, **options)
            if hasattr(value, "__next__"):  # what yields its answers has run by now
                value = tuple(value)
            failed = False
            calls.append(description.of(value))
            return value

        if part:
            put_in(part, noted)
        try:
            run(noted, *args)
        except Exception:  # raised by `run` after a call: the parent repeats it on the same graph
            if failed or not calls:
                raise
        return calls

    return record


def put_in(name: str, function: Callable[..., Any]) -> None:
    """Run a function as the Part `name` from now on."""
    parts = importlib.import_module("tinylearn.parts")
    part = parts.named(name)
    part.default = part.current = function
    parts.Part.version += 1


# ---------------------------------------------------------------- what was handed in


def is_node(value: Any) -> bool:
    return hasattr(value, "op") and hasattr(value, "inputs")


def is_tensor(value: Any) -> bool:
    return hasattr(value, "node") and hasattr(value, "requires_grad")


def leaves_of(given: Any) -> list[Any]:
    """The nodes that an answer was handed: those of tensors; graphs with all that is below them."""
    found: list[Any] = []
    for value in given:
        if isinstance(value, (list, tuple, set)):
            found += leaves_of(value)
        elif is_tensor(value):
            found.append(value.node)
        elif is_node(value):
            found += below(value)
    return found


def below(top: Any) -> list[Any]:
    """A graph's nodes, inputs first, in one order on both sides."""
    found: dict[Any, None] = {}
    stack = [top]
    while stack:
        waiting = [x for x in stack[-1].inputs if x not in found]
        if waiting:
            stack += waiting
        else:
            found[stack.pop()] = None
    return list(found)


# ---------------------------------------------------------------- what came of it


class Description:
    """One call's graph, described over the nodes that were handed in."""

    def __init__(self, given: list[Any]) -> None:
        self.given = given
        self.handed: dict[Any, int] = {}
        for place, leaf in enumerate(leaves_of(given)):
            self.handed.setdefault(leaf, place)
        self.places: dict[Any, int] = {}
        self.steps: list[Any] = []

    def of(self, value: Any) -> list[Any]:
        """[value, after, steps]."""
        shown = self.shown(value)
        after = [self.place(g.node) for g in self.given if is_tensor(g)]
        return [shown, after, self.steps]

    def shown(self, value: Any) -> list[Any]:
        """[kind, what it holds] of what an answer gave."""
        if isinstance(value, (tuple, list)):
            return [type(value).__name__, [self.shown(x) for x in value]]
        if isinstance(value, dict):
            return ["dict", [[self.shown(k), self.shown(x)] for k, x in value.items()]]
        if is_tensor(value):
            return ["tensor", self.place(value.node)]
        return ["node", self.place(value)] if is_node(value) else ["plain", value]

    def place(self, top: Any) -> int:
        """The number of the step that makes a node; its graph is described as far as needed."""
        stack = [top]
        while stack:
            node = stack[-1]
            if node in self.places:
                stack.pop()
                continue
            needed = [] if node in self.handed else inputs_of(node)
            waiting = [x for x in needed if x not in self.places]
            if waiting:
                stack += waiting
                continue
            stack.pop()
            if needed and node.op.kind == "deferred" and not own_rule(node.op):
                self.places[node] = self.places[needed[0]]
            else:
                self.places[node] = len(self.steps)
                self.steps.append(self.step(node, [self.places[x] for x in needed]))
            if len(self.steps) > MOST_NODES:
                raise ValueError(f"a graph of more than {MOST_NODES:,} nodes")
        return self.places[top]

    def step(self, node: Any, inputs: list[int]) -> list[Any]:
        if node in self.handed:
            return ["leaf", self.handed[node]]
        if node.op.name == "const":
            return ["const", node.arg, list(node.shape), str(node.dtype)]
        if not inputs:
            measure = importlib.import_module("tinylearn.contracts.measure")
            return ["data", measure.numbers([node])[0]]
        arg = ("dtype", str(node.arg)) if node.op.name == "cast" else node.arg
        return [own_rule(node.op) or node.op.name, inputs, arg]


def own_rule(op: Any) -> str:
    """The name of a composite that brings a gradient rule of its own, or ""."""
    if op.kind != "deferred" or getattr(op, "gradient", None) is None:
        return ""
    module, name = op.function.__module__, op.function.__name__
    return f"{module}.{name}" if getattr(sys.modules.get(module), name, None) is op else ""


def inputs_of(node: Any) -> list[Any]:
    """What a node is computed from; what is only noted is spelled out first."""
    if node.op.kind != "deferred" or own_rule(node.op):
        return list(node.inputs)
    if hasattr(node.op, "written_out"):
        return [node.op.written_out(node.inputs, node.arg)]
    deferred = importlib.import_module("tinylearn.graph.deferred")
    return list(deferred.spelled_out([node]))
