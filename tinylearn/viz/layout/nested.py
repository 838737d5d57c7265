"""Places boxes inside boxes: a group is laid out by itself, then stands in its parent as one box.

    sizes + edges + parents -> nested() -> {group: Level}

A value that enters or leaves a group passes through a port on the group's border, so every edge
is a chain of pieces, one a level, that join without a visible seam. A picture can open or close
a group by pushing the others aside: nothing inside any level moves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tinylearn.viz.layout.layered import Layered, Point

ROOT = ""
PAD, HEAD = 10.0, 20.0  # around the inside of a group; its title line
SINGLE = 5  # values that go from one box to another as lines of their own; more are one line
Size = tuple[float, float]
Piece = tuple[str, str, str]  # value, from item ("" = it comes in), to item ("" = it goes out)


@dataclass
class Level:
    """The inside of one group. Points count from the top left of the inside (below the title).

    items    {name: (x, y, width, height)}, x and y at the centre; a group among them may be open
    pieces   {(value, from, to): (leaves it leads to, points)}
    ports    where values come in and go out: {"in": {value: x}, "out": {value: x}}
    """

    width: float = 0.0
    height: float = 0.0
    items: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    pieces: dict[Piece, tuple[list[str], list[Point]]] = field(default_factory=dict)
    ports: dict[str, dict[str, float]] = field(default_factory=lambda: {"in": {}, "out": {}})

    @property
    def outside(self) -> Size:
        """The size of the box that holds this inside, its title and its margin."""
        return self.width + 2 * PAD, self.height + HEAD + PAD


def ancestors(item: str, parents: Mapping[str, str]) -> list[str]:
    """The item, its group, the group of that, ..., the root."""
    found = [item]
    while found[-1] != ROOT:
        found.append(parents.get(found[-1], ROOT))
    return found


def cut(
    edges: Sequence[tuple[str, str]], parents: Mapping[str, str]
) -> dict[str, dict[Piece, list[str]]]:
    """Each edge as pieces, one a level that it passes: {group: {piece: leaves it reaches}}."""
    pieces: dict[str, dict[Piece, list[str]]] = {ROOT: {}}
    above = {i: ancestors(i, parents) for edge in edges for i in edge}
    for a, b in edges:
        up, down = above[a], above[b]
        shared = next(group for group in up[1:] if group in down[1:])
        steps: list[tuple[str, Piece]] = []
        for k in range(1, up.index(shared)):
            steps.append((up[k], (a, up[k - 1], "")))
        at, to = up.index(shared), down.index(shared)
        steps.append((shared, (a, up[at - 1], down[to - 1])))
        for k in range(to - 1, 0, -1):
            steps.append((down[k], (a, "", down[k - 1])))
        for group, piece in steps:
            leaves = pieces.setdefault(group, {}).setdefault(piece, [])
            if b not in leaves:
                leaves.append(b)
    return pieces


def nested(
    sizes: Mapping[str, Size],
    edges: Sequence[tuple[str, str]],
    parents: Mapping[str, str] | None = None,
    closed: Mapping[str, Size] | None = None,
) -> dict[str, Level]:
    """A Level for every group and for the root `""`.

    sizes    (width, height) of every leaf
    parents  the group of a leaf or of a group; who is missing stands in the root
    closed   groups that start closed, with the size of their closed box
    Raises   ValueError if a group both feeds and reads another (their boxes would form a cycle)
    """
    parents, closed = dict(parents or {}), dict(closed or {})
    children: dict[str, list[str]] = {ROOT: []}
    for item in [*sizes, *[g for g in dict.fromkeys(parents.values()) if g != ROOT]]:
        children.setdefault(parents.get(item, ROOT), []).append(item)
    pieces = cut(edges, parents)
    shared = sharing(pieces)
    levels: dict[str, Level] = {}
    plans: dict[Any, Layered] = {}
    deepest_first = sorted(children, key=lambda g: -len(ancestors(g, parents)) if g else 0)
    for group in deepest_first:
        boxes = {}
        for item in children[group]:
            is_leaf = item in sizes
            boxes[item] = sizes[item] if is_leaf else closed.get(item) or levels[item].outside
        inside = pieces.get(group, {})
        ports = {
            way: {v: shared.get((group, way, v), v) for v, *ends in inside if not ends[side]}
            for side, way in enumerate(("in", "out"))
        }
        levels[group] = _level(boxes, inside, ports, levels, closed, plans)
    return levels


def sharing(pieces: Mapping[str, Mapping[Piece, list[str]]]) -> dict[tuple[str, str, str], str]:
    """{(group, "in" or "out", value): the value whose port it shares}, for many values that come
    from the same boxes and go to the same boxes."""
    places: dict[tuple[str, str, str], set[tuple[str, str]]] = {}
    for level, inside in pieces.items():
        for value, a, b in inside:
            for group, way, other in ((a, "out", b), (b, "in", a)):
                if group in pieces and group:
                    places.setdefault((group, way, value), set()).add(("outside", other))
            if not a:
                places.setdefault((level, "in", value), set()).add(("inside", b))
            if not b:
                places.setdefault((level, "out", value), set()).add(("inside", a))
    alike: dict[Any, list[str]] = {}
    for (group, way, value), around in places.items():
        alike.setdefault((group, way, frozenset(around)), []).append(value)
    return {
        (group, way, value): values[0]
        for (group, way, _), values in alike.items()
        for value in values
        if len(values) > SINGLE
    }


def _level(
    boxes: dict[str, Size],
    pieces: dict[Piece, list[str]],
    ports: dict[str, dict[str, str]],
    levels: Mapping[str, Level],
    closed: Mapping[str, Size],
    plans: dict[Any, Layered],
) -> Level:
    """Lay out one group: its boxes, and the ports where values pass its border.

    ports   {"in" or "out": {value: the value that names its port}}
    plans   what was laid out before: equal blocks get equal places, and cost nothing again
    """
    ins, outs = [dict.fromkeys((way, v) for v in ports[way].values()) for way in ("in", "out")]
    number = {name: k for k, name in enumerate([*boxes, *ins, *outs])}
    open_levels = {i: levels[i] for i in boxes if i in levels and i not in closed}
    ends = [
        (number[a or ("in", ports["in"][v])], number[b or ("out", ports["out"][v])])
        for v, a, b in pieces
    ]
    grips = [
        (grip(open_levels.get(a), "out", v), grip(open_levels.get(b), "in", v))
        for v, a, b in pieces
    ]
    trunks = trunks_of(list(pieces), ports)
    sizes = [*boxes.values(), *[(4.0, 0.0)] * (len(ins) + len(outs))]
    plan = planned(plans, sizes, ends, (len(boxes), len(boxes) + len(ins)), grips, trunks)
    level = Level(plan.width, plan.height)
    level.items = {i: (plan.x[number[i]], plan.y[number[i]], *boxes[i]) for i in boxes}
    level.ports = {
        way: {v: plan.x[number[way, name]] for v, name in ports[way].items()} for way in ports
    }
    points = spread(level, list(pieces), plan.routes, open_levels, trunks)
    for (_, a, b), route in zip(pieces, points, strict=True):
        if not a:  # a port lies on the group's border, not on the edge of its inside
            route[0] = (route[0][0], -HEAD)
        if not b:
            route[-1] = (route[-1][0], level.height + PAD)
    level.pieces = {p: (pieces[p], points[k]) for k, p in enumerate(pieces)}
    return level


def trunks_of(pieces: list[Piece], ports: dict[str, dict[str, str]]) -> list[int]:
    """A number for each piece; pieces of one number run together: those of one value, and those
    of many values that go from one box to another or through one port."""
    ways = Counter((a, b) for _, a, b in pieces if a and b)
    numbers: dict[Any, int] = {}
    keys = [
        (a, b) if ways[a, b] > SINGLE else ports["out" if a else "in"][v] if not (a and b) else v
        for v, a, b in pieces
    ]
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def planned(
    plans: dict[Any, Layered],
    sizes: list[Size],
    ends: list[tuple[int, int]],
    ports: tuple[int, int],
    grips: list[Point],
    trunks: list[int],
) -> Layered:
    """The plan of one level, or that of an equal one; ports say where those in and out begin."""
    known = tuple(sizes), tuple(ends), ports, tuple(grips), tuple(trunks)
    if known not in plans:
        first, last = range(*ports), range(ports[1], len(sizes))
        plans[known] = Layered(sizes, ends, first, last, grips, trunks)
    return plans[known]


def grip(inside: Level | None, way: str, value: str) -> float:
    """Where a value passes the border of an open group, from its centre; 0 for other boxes."""
    return inside.ports[way][value] - inside.width / 2 if inside else 0.0


def spread(
    level: Level,
    pieces: list[Piece],
    routes: list[list[Point]],
    inside: Mapping[str, Level],
    trunks: list[int],
) -> list[list[Point]]:
    """Edges meet a box side by side (an open group at its ports), not all in one point."""
    tops: dict[str, dict[int, list[int]]] = {}
    bottoms: dict[str, dict[int, list[int]]] = {}
    for k, (_, a, b) in enumerate(pieces):
        if b:
            tops.setdefault(b, {}).setdefault(trunks[k], []).append(k)
        if a:
            bottoms.setdefault(a, {}).setdefault(trunks[k], []).append(k)
    routes = [list(route) for route in routes]
    for ends, way, end, before in ((tops, "in", -1, -2), (bottoms, "out", 0, 1)):
        for item, bundles in ends.items():
            ordered = sorted(bundles.values(), key=lambda ks: routes[ks[0]][before][0])
            for x, bundle in zip(_slots(level, item, len(ordered)), ordered, strict=True):
                for k in bundle:
                    if item in inside:
                        x = _port(level, item, inside[item], way, pieces[k][0])
                    move_end(routes[k], end, before, x)
    return routes


def move_end(route: list[Point], end: int, before: int, x: float) -> None:
    """Shift the end of a route sideways, with the straight piece that leads to it."""
    straight = len(route) > 2 and route[before][0] == route[end][0]
    route[end] = (x, route[end][1])
    if straight:
        route[before] = (x, route[before][1])


def _slots(level: Level, item: str, count: int) -> list[float]:
    x, _, width, _ = level.items[item]
    step = min(18.0, width / (count + 1))
    return [x + (k - (count - 1) / 2) * step for k in range(count)]


def _port(level: Level, item: str, inside: Level, way: str, value: str) -> float:
    x, _, width, _ = level.items[item]
    return x - width / 2 + PAD + inside.ports[way][value]
