"""Finds the layers without parameters in a Sequential: what lies between those that have some.

The last ones are found by the user's call: all that one call of a model made has one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from tinylearn.viz.trace.forward import Graph

Members = Mapping[str, set[str]]  # {path of a module: ids of its nodes}


def layers_between(
    found: Members, holders: Mapping[str, str], graph: Graph, places: Mapping[str, object]
) -> dict[str, tuple[str, set[str]]]:
    """{path: (type, nodes)} of layers whose parameters cannot tell of them, for they have none.

    found    the modules that have parameters
    holders  {path: type} of all modules; layers in a row that cannot be told apart become one
    places   {node: the call in the user's code that made it}
    """
    taken = set().union(*found.values())
    result: dict[str, tuple[str, set[str]]] = {}
    for model in (path for path, kind in holders.items() if kind == "Sequential"):
        homes = layers_of(model, found, holders)
        known = [k for k, nodes in homes.items() if nodes]
        for first, last in pairwise([*known, len(homes)]):
            run = {k: holders[f"{model}.{k}"] for k in range(first + 1, last)}
            if run:
                nodes = graph.after(homes[first]) - taken
                if last in homes:
                    nodes &= graph.before(homes[last])
                else:
                    own = {places[i] for i in homes[first] if i in places}
                    later = graph.after(graph.after(homes[first]) & taken - homes[first])
                    nodes = {i for i in nodes - later if places.get(i) in own}
                nodes |= graph.fixed & graph.served(nodes) - taken
                result |= {f"{model}.{k}": v for k, v in told_apart(run, nodes, graph).items()}
    return result


def layers_of(model: str, found: Members, holders: Mapping[str, str]) -> dict[int, set[str]]:
    """{number of a layer: its nodes, none if it has no parameters}; {} if one is a function."""
    start = model + "."
    paths = [*holders, *found]
    names = {p.removeprefix(start).split(".")[0] for p in paths if p.startswith(start)}
    numbers = sorted(int(name) for name in names if name.isdigit())
    if numbers != list(range(len(numbers))):
        return {}
    members: dict[int, set[str]] = {k: set() for k in numbers}
    for path, nodes in found.items():
        if path.startswith(start):
            members[int(path.removeprefix(start).split(".")[0])] |= nodes
    return members


def told_apart(
    run: Mapping[int, str], nodes: set[str], graph: Graph
) -> dict[str, tuple[str, set[str]]]:
    """The nodes of layers in a row: those of a relu by their call, the rest by what is left."""
    left, kinds = dict(run), list(run.values())
    found: dict[str, tuple[str, set[str]]] = {}
    for k, kind in run.items():
        mine = {i for i in nodes if graph.nodes[i]["call"].replace("_", "") == kind.lower()}
        if mine and kinds.count(kind) == 1:
            found[str(k)] = kind, mine
            nodes = nodes - mine
            del left[k]
    numbers: Sequence[int] = list(left)
    in_a_row = numbers and numbers[-1] - numbers[0] == len(numbers) - 1
    if any(graph.nodes[i]["kind"] != "move" for i in nodes) and in_a_row:
        name = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
        found[name] = ", ".join(left.values()), nodes
    return found
