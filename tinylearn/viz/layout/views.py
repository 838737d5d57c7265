"""Gives a trace its fixed positions: one view with kernels as boxes, one with modules as boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinylearn.viz.layout.copies import Boxes, in_kernels, one_for_each
from tinylearn.viz.layout.folds import folds
from tinylearn.viz.layout.nested import Level, ancestors, nested
from tinylearn.viz.style import box, columns

Data = dict[str, Any]
VERY_MANY = 1500  # above this many nodes one view is laid out and not two
MANY = 300  # above this many nodes the groups start closed


def add_views(trace: Data, wanted: str = "kernels") -> Data:
    """Lay the graph out once for each grouping it has. Positions stay the same in every step.

    wanted   the view that is shown first; a very large graph gets only this one
    """
    trace["views"] = {}
    names = ["kernels", "modules"] if trace["groups"] else ["kernels"]
    if len(trace["nodes"]) > VERY_MANY and wanted in names:
        names = [wanted]
    if "kernels" in names:
        trace["views"]["kernels"] = view(trace, kernel_groups(trace))
    if "modules" in names:
        trace["views"]["modules"] = view(trace, module_groups(trace), without_calls(trace))
    return trace


def kernel_groups(trace: Data) -> Data:
    """Boxes, parents and titles of the kernel view."""
    boxes = in_kernels(drawn(trace), trace["kernels"])
    inside = set(boxes.parents.values())
    titles = {k["id"]: k["title"] for k in trace["kernels"] if k["id"] in inside}
    return {"parents": boxes.parents, "titles": titles, "kind": "kernel", "boxes": boxes}


def overview(trace: Data) -> Data:
    """The kernel view with each kernel closed, for a picture that is too large to be read."""
    groups = kernel_groups(trace)
    return view(trace, groups | {"closed": list(groups["titles"])})


def shared_view(traces: Sequence[Data]) -> Data:
    """One view for films of one graph under other rules: kernels are areas and no boxes, so that
    each node has one place in all of them. Folded is what every film decides as one."""
    each = [decided_alike(trace, "kernel", {}) for trace in traces]
    ways = {node: tuple(steps.get(node, -1) for steps in each) for node in each[0]}
    numbers = {way: k for k, way in enumerate(dict.fromkeys(ways.values()))}
    alike = {node: numbers[way] for node, way in ways.items()}
    return view(traces[0], {"parents": {}, "titles": {}, "kind": "flat", "alike": alike})


def module_groups(trace: Data) -> Data:
    """Parents and titles of the module view, straight from the trace's groups."""
    parents = {n["id"]: n["group"] for n in trace["nodes"] if n["group"]}
    parents |= {g["id"]: g["parent"] for g in trace["groups"] if g["parent"]}
    titles = {g["id"]: g["title"] for g in trace["groups"]}
    holding = {g["parent"] for g in trace["groups"] if g["type"] != "call"}
    closed = [g["id"] for g in trace["groups"] if g["id"] not in holding or repeats(g, trace)]
    return {"parents": parents, "titles": titles, "kind": "module", "closed": closed}


def without_calls(trace: Data) -> Data:
    """The same with modules alone: a value that two calls share can tie them into a cycle."""
    calls = {g["id"]: g["parent"] for g in trace["groups"] if g["type"] == "call"}
    found = module_groups(trace)
    parents = {i: calls.get(g, g) for i, g in found["parents"].items() if i not in calls}
    found["parents"] = {i: g for i, g in parents.items() if g}
    found["titles"] = {g: title for g, title in found["titles"].items() if g not in calls}
    found["closed"] = [g for g in found["closed"] if g not in calls]
    return found


def repeats(group: Data, trace: Data) -> bool:
    """Whether a module has two or more neighbours of its type, as the blocks of a stack have."""
    like = (group["parent"], group["type"], group["pass"])
    return (
        group["type"] != "call"
        and sum((g["parent"], g["type"], g["pass"]) == like for g in trace["groups"]) > 2
    )


def drawn(trace: Data) -> list[Data]:
    """The nodes that get a box: a constant stands inside its readers' boxes instead."""
    read = {i for node in trace["nodes"] for i in node["inputs"]}
    return [n for n in trace["nodes"] if n["op"] != "const" or n["id"] not in read]


def decided_alike(trace: Data, kind: str, copies: Mapping[str, str]) -> dict[str, int]:
    """{box: the step that decides it}, where a film shows the nodes: what is folded must change
    as one. Where kernels start closed, nothing inside them is seen to change."""
    if kind != "kernel" or len(trace["nodes"]) > MANY:
        return {}
    found = {node: k for k, step in enumerate(trace["steps"]) for node in step["nodes"]}
    return found | {box: found[node] for box, node in copies.items() if node in found}


def view(trace: Data, *groupings: Data) -> Data:
    """The first grouping that makes no cycle, laid out, or none at all (see schema.md)."""
    for grouping in groupings:
        try:
            return laid_out(trace, grouping)
        except ValueError:  # groups that feed each other would form a cycle
            continue
    return laid_out(trace, {"parents": {}, "titles": {}, "kind": groupings[0]["kind"]})


def laid_out(trace: Data, groups: Data) -> Data:
    """One grouping: {"kind", "titles", "levels", "boxes", "closed", "copies"} (see schema.md).

    Raises   ValueError if groups feed each other
    """
    shown: Boxes = groups.get("boxes") or one_for_each(drawn(trace))
    nodes, edges, copies = shown.nodes, shown.edges, shown.copies
    sizes = {node["id"]: box(node["face"]) for node in nodes}
    titles, kind = dict(groups["titles"]), groups["kind"]
    many = len(nodes) > MANY and kind == "kernel"
    closed = {g: closed_size(titles[g]) for g in (titles if many else groups.get("closed", ()))}
    alike = groups["alike"] if "alike" in groups else decided_alike(trace, kind, copies)
    found = folds(nodes, edges, groups["parents"], titles, alike)
    titles |= found.titles
    folded = found.titles.keys() - (alone(nodes, found.parents) if len(nodes) <= MANY else set())
    closed |= {name: box([found.titles[name] + "  "]) for name in folded}
    levels = nested(sizes, edges, found.parents, closed)
    boxes = {g: closed.get(g) or closed_size(title) for g, title in titles.items()}
    return {
        "kind": kind,
        "titles": titles,
        "closed": [g for g in titles if g in closed],
        "boxes": {g: [round(v) for v in size] for g, size in boxes.items()},
        "copies": copies,
        "levels": {group: level_data(level) for group, level in levels.items()},
    }


def alone(nodes: list[Data], parents: Mapping[str, str]) -> set[str]:
    """The group that would be all there is to see; none if there are several things."""
    tops = {ancestors(node["id"], parents)[-2] for node in nodes}
    return tops if len(tops) == 1 else set()


def closed_size(title: str) -> tuple[float, float]:
    return columns(title) * 7.8 + 28, 36.0


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
