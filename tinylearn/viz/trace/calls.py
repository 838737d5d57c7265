"""Finds which nodes one call of the user's made: relu is a comparison, a choice and a constant.

    composites   what tinylearn notes as one node while the user's line runs (graph/deferred.py)
    other calls  the nodes that one place of the user's line made: x.softmax(), a @ b

The place is exact to the instruction, so two calls on one line are told apart.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import Any

from tinylearn.graph.deferred import Composite
from tinylearn.graph.node import Node
from tinylearn.parts import Part
from tinylearn.repairs.userline import expression_at
from tinylearn.viz.style import MARKS, clip, shape_text

Data = dict[str, Any]
Calls = dict[Node, tuple[str, int]]  # (what was called, which call)
Maker = Any  # see Makers.of
MOST_PLACES = 2000  # places of the user's code that are read; more would take too long
OPERATORS = {
    ast.Add: "+", ast.Sub: "−", ast.Mult: "×", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**",
}  # fmt: skip


def calls_in(spelled: Mapping[Node, Node], order: Sequence[Node], modules: Container[str]) -> Calls:
    """The call of each node that did not come alone.

    A node belongs to the call of its readers if they all belong to one, and that made it too: so
    a call has one result, and boxes around calls never feed each other in a circle.

    spelled   {node as it was noted: node of primitives}
    order     the graph of primitives, inputs before readers
    modules   names of the user's modules: what these call is theirs, not the user's
    """
    makers = Makers(spelled, modules)
    readers: dict[Node, set[int]] = {}  # the calls that read a node
    calls: list[tuple[Maker, list[Node]]] = []
    for node in reversed(order):
        if not node.inputs or node.gradient_of is not None:
            continue
        maker, above = makers.of(node), readers.get(node, set())
        call = max(above) if len(above) == 1 else len(calls)
        if call == len(calls) or calls[call][0] != maker or maker is None:
            call = len(calls)
            calls.append((maker, []))
        calls[call][1].append(node)
        for x in node.inputs:
            readers.setdefault(x, set()).add(call)
    found: Calls = {}
    for maker, members in calls:
        for part in repetitions(members[::-1]) if maker is not None else ():
            if len(part) > 1 and any(n.op.kind != "move" for n in part):
                found |= dict.fromkeys(part, (makers.names[maker], len(found)))
    return found


class Makers:
    """Who made a node: a composite, or a place in the user's code. `names` says what it calls."""

    def __init__(self, spelled: Mapping[Node, Node], modules: Container[str]) -> None:
        self.modules = modules
        self.names: dict[Maker, str] = {}
        self.composites: dict[Node, Maker] = {}
        spoken = {p.default.__name__: name.rpartition(".")[2] for name, p in Part.table.items()}
        for noted, node in spelled.items():
            if isinstance(noted.op, Composite):
                maker = len(self.names)
                self.names[maker] = spoken.get(noted.op.name, noted.op.name)
                for member in made_between(node, {spelled[x] for x in noted.inputs}):
                    self.composites.setdefault(member, maker)

    def of(self, node: Node) -> Maker:
        """A number for a composite, a place for another call, None where nobody knows."""
        place = node.made_at
        if node in self.composites or place is None:
            return self.composites.get(node)
        if place not in self.names:
            few = len(self.names) < MOST_PLACES
            self.names[place] = called_at(node, self.modules) if few else ""
        return place if self.names[place] else None


def made_between(node: Node, ends: Container[Node]) -> list[Node]:
    """The node and what it is made of, down to the ends; sources belong to nobody."""
    found, stack = {node: None}, [node]
    while stack:
        for x in stack.pop().inputs:
            if x not in found and x not in ends and x.inputs:
                found[x] = None
                stack.append(x)
    return list(found)


def repetitions(members: list[Node]) -> list[list[Node]]:
    """The calls that one place made: in a loop each reads the one before and does the same."""
    what = [(n.op, n.arg, n.shape) for n in members]
    for size in range(1, len(members) // 2 + 1):
        if len(members) % size == 0 and what == what[:size] * (len(members) // size):
            return [members[k : k + size] for k in range(0, len(members), size)]
    return [members]


def called_at(node: Node, modules: Container[str]) -> str:
    """What the user's expression calls: a method, a function, an operator; "" if unknown."""
    match expression_at(node.origin):
        case ast.Call(func=ast.Attribute(attr=name) as func) if ast.unparse(func) not in modules:
            return clip(name, 24)
        case ast.Call(func=ast.Name(id=name)) if name not in modules:
            return clip(name, 24)
        case ast.BinOp(op=op):
            return OPERATORS.get(type(op), "")
        case ast.Subscript():
            return "index"
    return ""


def add_calls(
    nodes: list[Data], modules: list[Data], calls: Mapping[str, tuple[str, int]]
) -> list[Data]:
    """A group for each call whose nodes stand in one module, and one for its backward pass.

    calls   {id of a node: (what was called, which call)}
    """
    above = {group["parent"] for group in modules}
    held = Counter(node["group"] for node in nodes if node["kind"] != "source")
    members: dict[tuple[str, str, int], list[Data]] = {}
    for node in nodes:
        maker = node["gradient_of"] if node["pass"] == "backward" else node["id"]
        if maker in calls and node["kind"] != "source":
            members.setdefault((node["pass"], *calls[maker]), []).append(node)
    found = []
    for (which, name, _), inside in members.items():
        homes = {node["group"] for node in inside}
        if len(inside) < 2 or len(homes) > 1:
            continue
        home = homes.pop()
        if home and home not in above and len(inside) == held[home]:
            continue  # a module that does nothing else: one box is enough
        end = inside[-1]
        group = {
            "id": f"f:{end['id']}",
            "title": f"{MARKS[which]}{name} → {shape_text(end['shape'])}",
        }
        found.append(group | {"type": "call", "pass": which, "parent": home})
        for node in inside:
            node["group"] = group["id"]
    return found
