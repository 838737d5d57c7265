"""Finds which nodes a module computed, from where its parameters are read. Works on plain data.

A module's nodes are those that read its parameters (through moves), what lies between them, and
the moves that serve them alone. A model's are those of its modules and what lies between these.
The backward pass of a module is what its nodes' gradient rules made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinylearn.viz.style import clip
from tinylearn.viz.trace.forward import Graph
from tinylearn.viz.trace.unseen_layers import layers_between

Data = dict[str, Any]


def add_modules(
    nodes: list[Data], holders: Mapping[str, str], places: Mapping[str, object]
) -> list[Data]:
    """Give each node the id of the smallest module it belongs to; the modules found.

    holders   {name of a module: its type}
    places    {id of a node: the call in the user's code that made it}
    """
    paths: dict[str, set[str]] = {}
    graph = Graph(nodes)
    for node in nodes:
        path, _, last = node["name"].rpartition(".")
        if node["kind"] == "source" and path in holders and last != "grad":
            paths.setdefault(path, set()).update(graph.reading(node["id"]))
    found = {path: graph.filled(members) for path, members in paths.items() if members}
    for path, members in found.items():
        if "Norm" in holders[path]:
            others = set().union(*(m for p, m in found.items() if p != path))
            members |= graph.prepared_for(members, others, 1 if "RMS" in holders[path] else 2)
    between = layers_between(found, holders, graph, places)
    found |= {path: members for path, (_, members) in between.items()}
    holders = {**holders, **{path: kind for path, (kind, _) in between.items()}}
    found |= parents_of(found, holders, graph)
    ordered = sorted(found, key=lambda path: (-path.count("."), path))
    owner: dict[str, str] = {}
    for path in ordered:
        for i in found[path]:
            owner.setdefault(i, path)
    used: dict[str, Data] = {}
    for node in nodes:
        path = owner.get(node["id"], owner.get(node["gradient_of"], ""))
        if node["kind"] == "source":  # a parameter stands inside the module that holds it
            path = node["name"].rpartition(".")[0]
            path = path if path in paths and path in found else ""
        if path and node["pass"] in ("forward", "backward"):
            node["group"] = group_of(path, node["pass"], found, holders, used)["id"]
    return list(used.values())


def parents_of(
    found: Mapping[str, set[str]], holders: Mapping[str, str], graph: Graph
) -> dict[str, set[str]]:
    """Modules of two or more modules, as long as nothing of another module lies between."""
    larger: dict[str, set[str]] = {}
    outer = {path.rsplit(".", k)[0] for path in found for k in range(1, path.count(".") + 1)}
    for path in sorted(outer & set(holders), key=lambda p: -p.count(".")):
        children = [p for p in found if p.startswith(path + ".")]
        members = graph.filled(set().union(*(found[p] for p in children)))
        others = set().union(*(found[p] for p in found if p not in children and p != path))
        if len(children) > 1 and not members & others:
            larger[path] = members
    return larger


def group_of(
    path: str,
    which: str,
    found: Mapping[str, set[str]],
    holders: Mapping[str, str],
    used: dict[str, Data],
) -> Data:
    """The group of a module in one pass, made with its parents when it is first needed."""
    name = f"m:{path}" if which == "forward" else f"b:{path}"
    if name not in used:
        above = [path.rsplit(".", k)[0] for k in range(1, path.count(".") + 1)]
        parent = next((p for p in above if p in found), "")
        held = group_of(parent, which, found, holders, used)["id"] if parent else ""
        mark = "" if which == "forward" else "∂ "
        used[name] = {
            "id": name,
            "title": clip(f"{mark}{path}: {holders[path]}", 44),
            "type": holders[path],
            "pass": which,
            "parent": held,
        }
    return used[name]
