"""Layout: boxes stand in layers, edges go around boxes, groups hold their members."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinylearn.viz.layout.layered import Layered
from tinylearn.viz.layout.nested import HEAD, PAD, Level, nested


@st.composite
def graphs(draw):
    """(sizes, edges) of a random acyclic graph."""
    count = draw(st.integers(1, 25))
    sizes = [(draw(st.integers(10, 120)), draw(st.integers(10, 50))) for _ in range(count)]
    edges = []
    for b in range(1, count):
        for a in draw(st.lists(st.integers(0, b - 1), max_size=3, unique=True)):
            edges.append((a, b))
    return sizes, edges


def overlap(p, q) -> bool:
    """Whether two boxes (x, y, width, height), x and y at the centre, share area."""
    return (
        abs(p[0] - q[0]) < (p[2] + q[2]) / 2 - 0.01 and abs(p[1] - q[1]) < (p[3] + q[3]) / 2 - 0.01
    )


@given(graphs())
def test_no_two_boxes_overlap(graph):
    sizes, edges = graph
    plan = Layered(sizes, edges)
    boxes = [(plan.x[i], plan.y[i], *size) for i, size in enumerate(sizes)]
    assert not any(overlap(p, q) for p, q in itertools.combinations(boxes, 2))
    assert all(x - w / 2 > -0.01 and x + w / 2 < plan.width + 0.01 for x, _, w, _ in boxes)


@given(graphs())
def test_edges_go_down_from_value_to_reader(graph):
    sizes, edges = graph
    plan = Layered(sizes, edges)
    for k, (a, b) in enumerate(edges):
        heights = [y for _, y in plan.routes[k]]
        assert heights == sorted(heights)
        assert heights[0] == pytest.approx(plan.y[a] + sizes[a][1] / 2)
        assert heights[-1] == pytest.approx(plan.y[b] - sizes[b][1] / 2)


@given(graphs())
def test_the_same_graph_gets_the_same_places(graph):
    first, second = Layered(*graph), Layered(*graph)
    assert first.x == second.x and first.routes == second.routes


def test_a_cycle_is_refused():
    with pytest.raises(ValueError, match="cycle"):
        Layered([(10, 10)] * 2, [(0, 1), (1, 0)])


def test_five_thousand_nodes_with_long_edges_stay_small():
    rng = random.Random(1)
    edges = [(max(0, i - rng.randint(1, 4)), i) for i in range(1, 5000)]
    edges += [(5000 - i, i) for i in range(2501, 5000, 2)]  # as backward passes have them
    plan = Layered([(80, 36)] * 5000, edges)
    assert len(plan.x) < 30_000  # boxes and bends: bends have a budget


def test_long_edges_of_one_value_run_as_one_trunk():
    sizes = [(40, 20)] * 12
    edges = [(k, k + 1) for k in range(11)] + [(0, k) for k in range(4, 12)]
    values = [*range(11), *[0] * 8]
    apart, together = Layered(sizes, edges), Layered(sizes, edges, values=values)
    assert len(together.x) < len(apart.x) / 2, "one bend a layer, and not one for each edge"
    trunk = together.bends[18]
    assert all(together.bends[11 + k] == trunk[: k + 3] for k in range(8))


def test_many_values_from_one_box_to_another_are_one_line():
    names = [f"n{k}" for k in range(40)]
    parents = dict.fromkeys(names[:20], "a") | dict.fromkeys(names[20:], "b")
    edges = [(names[k], names[k + 20]) for k in range(20)]
    levels = nested(dict.fromkeys(names, (40, 20)), edges, parents, {"a": (60, 30), "b": (60, 30)})
    routes = [points for _, points in levels[""].pieces.values()]
    assert len(routes) == 20 and all(points == routes[0] for points in routes)


def test_many_values_on_one_way_share_a_port():
    names = [f"n{k}" for k in range(40)] + ["x", "y"]
    parents = {n: f"{'pq'[k // 20]}" for k, n in enumerate(names[:40])}
    parents |= {"p": "a", "q": "b", "x": "a", "y": "b"}
    edges = [(names[k], names[k + 20]) for k in range(20)] + [("x", "y")]
    closed = {"p": (60.0, 30.0), "q": (60.0, 30.0)}
    levels = nested(dict.fromkeys(names, (40, 20)), edges, parents, closed)
    out = levels["a"].ports["out"]
    assert len(out) == 21 and len({out[n] for n in names[:20]}) == 1 and out["x"] != out["n0"]
    assert levels["b"].width < 300, "the group is as wide as its boxes, not as its lines"


@st.composite
def grouped(draw):
    """A random graph whose neighbours in order share groups, some of them in a larger group."""
    sizes, edges = draw(graphs())
    names = [f"n{i}" for i in range(len(sizes))]
    step, parents = draw(st.integers(1, 6)), {}
    for i, name in enumerate(names):
        if draw(st.booleans()):
            parents[name] = f"g{i // step}"
    for group in sorted(set(parents.values())):
        if draw(st.booleans()):
            parents[group] = f"h{int(group[1:]) // 2}"
    named = [(names[a], names[b]) for a, b in edges]
    return dict(zip(names, sizes, strict=True)), named, parents


@given(grouped())
def test_groups_hold_their_members_and_never_overlap(graph):
    sizes, edges, parents = graph
    try:
        levels = nested(sizes, edges, parents)
    except ValueError:
        return  # the groups would form a cycle
    for group, level in levels.items():
        boxes = list(level.items.values())
        assert not any(overlap(p, q) for p, q in itertools.combinations(boxes, 2))
        assert all(parents.get(i, "") == group for i in level.items)
        for i, (x, _y, w, h) in level.items.items():
            assert x - w / 2 > -0.01 and x + w / 2 < level.width + 0.01
            if i in levels:
                assert (w, h) == levels[i].outside
    assert set().union(*(level.items for level in levels.values())) >= set(sizes)


@given(grouped())
def test_the_pieces_of_an_edge_meet_at_the_ports(graph):
    sizes, edges, parents = graph
    try:
        levels = nested(sizes, edges, parents)
    except ValueError:
        return
    for level in levels.values():
        for (value, _, to), (_, points) in level.pieces.items():
            if to and to in levels:
                inner = levels[to]
                assert points[-1][0] == pytest.approx(port_x(level, to, inner, "in", value))
                starts = [p for (v, a, _), (_, p) in inner.pieces.items() if v == value and not a]
                assert starts and all(p[0][1] == -HEAD for p in starts)


def port_x(level: Level, group: str, inner: Level, way: str, value: str) -> float:
    x, _, width, _ = level.items[group]
    return x - width / 2 + PAD + inner.ports[way][value]


def test_a_closed_group_takes_the_room_of_its_closed_box():
    sizes, edges = {"a": (40, 20), "b": (40, 20), "c": (40, 20)}, [("a", "b"), ("b", "c")]
    parents = {"a": "g", "b": "g"}
    levels = nested(sizes, edges, parents, closed={"g": (60, 30)})
    assert levels[""].items["g"][2:] == (60, 30)
    assert set(levels["g"].items) == {"a", "b"}
