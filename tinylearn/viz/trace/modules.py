"""Finds which call of which module made each node, from what the nodes noted when they were built.

    nodes with their calls -> a group for each call, inside the group of the call around it

A module that is called three times has three groups. The backward pass of a call is what the
gradient rules of its nodes made. A parameter stands in the call that reads it, or, if several do,
in the call around these; so does what is computed from parameters and constants alone, for equal
nodes are one, whoever made it first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tinylearn.graph.deferred import Composite
from tinylearn.graph.node import Call, Node
from tinylearn.graph.primitives import CONST
from tinylearn.viz.style import clip
from tinylearn.viz.trace.calls import made_between
from tinylearn.viz.trace.variables import own

Data = dict[str, Any]


def calls_of(spelled: Mapping[Node, Node], order: Sequence[Node]) -> dict[Node, Call]:
    """{node of primitives: the call in which it was built}.

    spelled   {node as it was noted: node of primitives}
    order     the nodes of primitives, inputs before readers
    """
    found: dict[Node, Call] = {}
    for noted, node in spelled.items():
        if noted.call is not None and noted.inputs:
            is_one = not isinstance(noted.op, Composite)
            ends = {spelled[x] for x in noted.inputs}
            for member in [node] if is_one else made_between(node, ends):
                found.setdefault(member, noted.call)
    place_by_readers(found, order, shared_by(found, order))
    return found


def shared_by(calls: Mapping[Node, Call], order: Sequence[Node]) -> list[Node]:
    """The parameters of these calls, and what is computed from them and from constants alone."""
    held = set().union(*(holding(call) for call in set(calls.values())))
    found: dict[Node, None] = {}
    for node in order:
        fixed = all(x in found or x.op is CONST for x in node.inputs)
        if node in held if not node.inputs else fixed:
            found[node] = None
    return list(found)


def place_by_readers(calls: dict[Node, Call], order: Sequence[Node], shared: list[Node]) -> None:
    """Give each shared node the innermost call around all of its readers in the forward pass."""
    readers: dict[Node, list[Node]] = {}
    for node in order:
        for x in node.inputs if node.gradient_of is None else ():
            readers.setdefault(x, []).append(node)
    for node in reversed(shared):
        around = innermost([calls.get(reader) for reader in readers.get(node, ())])
        calls.pop(node, None)
        if around is not None:
            calls[node] = around


def holding(call: Call) -> set[Node]:
    """The nodes of the tensors that hang on the module of a call."""
    module = call.module()
    values = (own(module) or {}).values() if module is not None else ()
    nodes = ((own(value) or {}).get("node") for value in values)
    return {node for node in nodes if isinstance(node, Node)}


def path(call: Call | None) -> list[Call]:
    """A call and the calls around it, from the inside out."""
    found = []
    while call is not None:
        found.append(call)
        call = call.within
    return found


def innermost(calls: Iterable[Call | None]) -> Call | None:
    """The innermost call in which all of these are."""
    paths = [path(call) for call in calls]
    if not paths:
        return None
    others = [set(p) for p in paths[1:]]
    return next((call for call in paths[0] if all(call in other for other in others)), None)


class Groups:
    """The groups of a picture. `of(call, which)` makes one when it is first asked for.

    names   {id of a module: what the user calls it}
    calls   all calls that made a node of the picture
    """

    def __init__(self, names: Mapping[int, str], calls: Iterable[Call]) -> None:
        self.names, self.made = names, dict[tuple[Call, str], Data]()
        every = sorted({c for inner in calls for c in path(inner)}, key=lambda call: call.number)
        modules = Counter(id(call.module) for call in every)  # one reference for each module
        self.number: dict[Call, tuple[int, int]] = {}  # which call of its module, of how many
        so_far: Counter[int] = Counter()
        for call in every:
            so_far[id(call.module)] += 1
            self.number[call] = so_far[id(call.module)], modules[id(call.module)]

    def of(self, call: Call, which: str) -> Data:
        """The group of a call in the forward or the backward pass."""
        known = self.made.get((call, which))
        if known is not None:
            return known
        parent = self.of(call.within, which)["id"] if call.within is not None else ""
        number, count = self.number[call]
        name = self.names.get(id(call.module()), "")
        mark, letter = ("", "m") if which == "forward" else ("∂ ", "b")
        told = name
        if count > 1:
            told = f"{name} ({number} of {count})" if name else f"{number} of {count}"
        same = f"#{number}" if number > 1 else ""
        group = {
            "id": f"{letter}:{name or f'{call.kind.__name__}{len(self.made)}'}{same}",
            "title": clip(mark + (f"{told}: " if told else "") + call.kind.__name__, 44),
            "type": call.kind.__name__,
            "pass": which,
            "parent": parent,
        }
        self.made[call, which] = group
        return group


def add_modules(
    nodes: Sequence[Data], calls: Mapping[str, Call], names: Mapping[int, str]
) -> list[Data]:
    """Give each node the id of the innermost call that made it; the groups of all calls.

    Gradients that arrive from several calls are added up between these.

    calls   {id of a node: the call that made it}
    names   {id of a module: what the user calls it}
    """
    groups = Groups(names, calls.values())
    placed = placed_nodes(nodes, calls)
    for node in nodes:
        call = placed[node["id"]]
        if call is not None and node["pass"] in ("forward", "backward"):
            node["group"] = groups.of(call, node["pass"])["id"]
    return list(groups.made.values())


def placed_nodes(nodes: Sequence[Data], calls: Mapping[str, Call]) -> dict[str, Call | None]:
    """{id of a node: the call in whose group it stands, or None}."""
    placed: dict[str, Call | None] = {}
    readers: dict[str, list[str]] = {}
    gradients = {n["id"] for n in nodes if n["pass"] == "backward" and n["kind"] != "source"}
    for node in nodes:
        call = calls.get(node["id"]) or calls.get(node["gradient_of"])
        if node["id"] in gradients and node["op"] == "add":
            added = [placed[i] for i in node["inputs"] if i in gradients]
            call = innermost([call, *added])
        placed[node["id"]] = call
        for i in node["inputs"]:
            readers.setdefault(i, []).append(node["id"])
    for node in reversed(nodes):  # of a slope that was noted nobody knows whose gradient it is
        if node["id"] in gradients and not node["gradient_of"] and node["id"] in readers:
            placed[node["id"]] = innermost([placed[i] for i in readers[node["id"]]])
    return placed
