"""Gives a trace its fixed positions: one view with kernels as boxes, one with modules as boxes."""

from __future__ import annotations

from typing import Any

from tinylearn.viz.nested import Level, nested
from tinylearn.viz.style import box, columns, shape_text

Data = dict[str, Any]
MANY = 300  # above this many nodes the groups start closed


def add_views(trace: Data) -> Data:
    """Lay the graph out once for each grouping it has. Positions stay the same in every step."""
    trace["views"] = {"kernels": view(trace, kernel_groups(trace))}
    if trace["groups"]:
        trace["views"]["modules"] = view(trace, module_groups(trace))
    return trace


def kernel_groups(trace: Data) -> Data:
    """Parents and titles of the kernel view. A node computed in several kernels stands between."""
    homes: dict[str, list[str]] = {}
    for kernel in trace["kernels"]:
        for node in kernel["nodes"]:
            homes.setdefault(node, []).append(kernel["id"])
    parents = {node: ids[0] for node, ids in homes.items() if len(ids) == 1}
    inside = set(parents.values())
    titles = {k["id"]: k["title"] for k in trace["kernels"] if k["id"] in inside}
    return {"parents": parents, "titles": titles, "kind": "kernel"}


def module_groups(trace: Data) -> Data:
    """Parents and titles of the module view, straight from the trace's groups."""
    parents = {n["id"]: n["group"] for n in trace["nodes"] if n["group"]}
    parents |= {g["id"]: g["parent"] for g in trace["groups"] if g["parent"]}
    titles = {g["id"]: g["title"] for g in trace["groups"]}
    holding = {g["parent"] for g in trace["groups"]}
    closed = [g["id"] for g in trace["groups"] if g["id"] not in holding or repeats(g, trace)]
    return {"parents": parents, "titles": titles, "kind": "module", "closed": closed}


def repeats(group: Data, trace: Data) -> bool:
    """Whether a module has two or more neighbours of its type, as the blocks of a stack have."""
    like = (group["parent"], group["type"], group["pass"])
    return sum((g["parent"], g["type"], g["pass"]) == like for g in trace["groups"]) > 2


def drawn(trace: Data) -> list[Data]:
    """The nodes that get a box: a constant stands inside its readers' boxes instead."""
    read = {i for node in trace["nodes"] for i in node["inputs"]}
    return [n for n in trace["nodes"] if n["op"] != "const" or n["id"] not in read]


def chains_of_moves(nodes: list[Data], parents: dict[str, str]) -> list[list[Data]]:
    """Runs of two or more moves, each read by the next one alone and standing in one group."""
    readers: dict[str, list[str]] = {}
    for node in nodes:
        for i in set(node["inputs"]):
            readers.setdefault(i, []).append(node["id"])
    chains: dict[str, list[Data]] = {}
    for node in nodes:
        if node["kind"] != "move":
            continue
        below = node["inputs"][0]
        same = parents.get(below) == parents.get(node["id"])
        chain = chains.pop(below, []) if len(readers[below]) == 1 and same else []
        chains[node["id"]] = [*chain, node]
    return [chain for chain in chains.values() if len(chain) > 1]


def view(trace: Data, groups: Data) -> Data:
    """One grouping, laid out: {"kind", "titles", "levels", "boxes", "closed"} (see schema.md)."""
    nodes = drawn(trace)
    visible = {node["id"] for node in nodes}
    sizes = {node["id"]: box(node["face"]) for node in nodes}
    edges = [(i, n["id"]) for n in nodes for i in dict.fromkeys(n["inputs"]) if i in visible]
    titles, parents = dict(groups["titles"]), dict(groups["parents"])
    many = len(nodes) > MANY and groups["kind"] == "kernel"
    start_closed = titles if many else groups.get("closed", ())
    closed = {g: closed_size(titles[g]) for g in start_closed}
    for chain in chains_of_moves(nodes, parents):
        name = f"c{chain[0]['id']}"
        mark = "∂ " if chain[-1]["pass"] == "backward" else ""
        titles[name] = f"{mark}{len(chain)} moves → {shape_text(chain[-1]['shape'])}"
        parents[name] = parents.get(chain[0]["id"], "")
        closed[name] = box([titles[name] + "  "])
        parents |= {node["id"]: name for node in chain}
    try:
        levels = nested(sizes, edges, parents, closed)
    except ValueError:  # groups that feed each other would form a cycle: then there are none
        levels, closed, titles = nested(sizes, edges), {}, {}
    boxes = {g: closed.get(g) or closed_size(title) for g, title in titles.items()}
    return {
        "kind": groups["kind"],
        "titles": titles,
        "closed": [g for g in titles if g in closed],
        "boxes": {g: [round(v) for v in size] for g, size in boxes.items()},
        "levels": {group: level_data(level) for group, level in levels.items()},
    }


def closed_size(title: str) -> tuple[float, float]:
    return columns(title) * 7.4 + 26, 36.0


def level_data(level: Level) -> Data:
    """A Level as plain data, coordinates in whole pixels."""
    return {
        "size": [round(level.width), round(level.height)],
        "items": {i: [round(v) for v in place] for i, place in level.items.items()},
        "ports": {
            way: {v: round(x) for v, x in ports.items()} for way, ports in level.ports.items()
        },
        "edges": [
            [value, a, b, leaves, [round(v) for point in points for v in point]]
            for (value, a, b), (leaves, points) in level.pieces.items()
        ],
    }
