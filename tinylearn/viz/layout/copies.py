"""Draws a node in each kernel that computes it: what is computed twice stands there twice.

    nodes + kernels -> Boxes: a box for each node in each of its kernels, and the edges between

A box is called by its node; a further box of the same node by the node and its kernel, "n5.k2".
The first box is that of the kernel which writes the node to memory, if one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Data = dict[str, Any]


@dataclass(frozen=True)
class Boxes:
    """What gets a box.

    nodes    facts of the node in each box, its `id` being that of the box; inputs before readers
    edges    (box, box that reads it)
    parents  {box: the kernel in which it stands}
    copies   {box: its node}, of further boxes alone
    """

    nodes: list[Data]
    edges: list[tuple[str, str]]
    parents: dict[str, str]
    copies: dict[str, str]


def one_for_each(nodes: Sequence[Data]) -> Boxes:
    """One box for each node, in no kernel."""
    visible = {node["id"] for node in nodes}
    edges = [(i, n["id"]) for n in nodes for i in dict.fromkeys(n["inputs"]) if i in visible]
    return Boxes(list(nodes), edges, {}, {})


def in_kernels(nodes: Sequence[Data], kernels: Sequence[Data]) -> Boxes:
    """A box for each node in each kernel that computes it; one for a node that none computes."""
    homes: dict[str, list[str]] = {}
    for kernel in kernels:
        for i in kernel["nodes"]:
            homes.setdefault(i, []).append(kernel["id"])
    writers = {i: kernel["id"] for kernel in kernels for i in kernel["writes"]}
    for i, inside in homes.items():
        inside.sort(key=lambda kernel, i=i: kernel != writers.get(i))  # type: ignore[misc]
    visible = {node["id"] for node in nodes}

    def box(node: str, kernel: str) -> str:
        """The box of a node that is computed in a kernel, or is read by it from memory."""
        inside = homes.get(node, [])
        return f"{node}.{kernel}" if kernel in inside[1:] else node

    found = Boxes([], [], {}, {})
    for node in nodes:
        for home in homes.get(node["id"], [""]):
            name = box(node["id"], home)
            found.nodes.append(node | {"id": name, "face": face(node, name)})
            if home:
                found.parents[name] = home
            if name != node["id"]:
                found.copies[name] = node["id"]
            inputs = [box(i, home) for i in node["inputs"] if i in visible]
            found.edges.extend((i, name) for i in dict.fromkeys(inputs))
    return found


def face(node: Data, box: str) -> list[str]:
    """The lines in a box; a further box of what is computed says so, a move costs nothing."""
    if box == node["id"] or node["kind"] == "move":
        return list(node["face"])
    return [*node["face"][:-1], f"{node['face'][-1]} · again"]
