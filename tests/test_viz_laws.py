"""Laws of pictures, on random graphs: each is drawn, and its film ends with what runs."""

import json
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from tests.core.graphs import graphs
from tests.pictures import Named
from tinylearn import viz
from tinylearn.plan.plan import plan_for
from tinylearn.plan.request import STARTS, Request
from tinylearn.viz.faces.picture import Picture


@given(graphs(), st.sampled_from(["named", "all"]))
def test_every_graph_is_explained_and_the_film_ends_with_what_runs(nodes, level):
    shown = viz.explain(*map(Named, nodes), level=level)
    assert isinstance(shown, Picture), shown
    trace = shown.trace
    assert json.loads(json.dumps(trace)) == trace
    STARTS.clear()  # as if met first: in a loop, parts of data are taken out before
    kernels = plan_for(Request(nodes)).kernels
    assert len(trace["kernels"]) == len(kernels)
    if trace["steps"]:
        last = trace["frames"][-1]
        assert last["kernels"] == len(kernels)
        assert last["written"] == sum(k.bytes_written for k in kernels)
        assert last["read"] == sum(k.bytes_read for k in kernels)
    ElementTree.fromstring(shown.svg())


@given(graphs())
def test_every_graph_is_drawn_with_each_node_in_one_place(nodes):
    shown = viz.draw(*map(Named, nodes))
    assert isinstance(shown, Picture), shown
    places = [
        i for level in shown.trace["views"]["kernels"]["levels"].values() for i in level["items"]
    ]
    drawn = {
        n["id"]
        for n in shown.trace["nodes"]
        if n["op"] != "const" or n["id"] in shown.trace["results"]
    }
    assert len(places) == len(set(places)) and drawn <= set(places)
    assert len(shown._repr_html_()) > 1000


@given(graphs(), st.booleans())
def test_a_node_stands_in_every_kernel_that_computes_it_and_in_no_other(nodes, film):
    trace = (viz.explain if film else viz.draw)(*map(Named, nodes)).trace
    plan = trace["views"]["kernels"]

    def inside(group):
        for item in plan["levels"][group]["items"]:
            yield from inside(item) if item in plan["levels"] else [plan["copies"].get(item, item)]

    constants = {n["id"] for n in trace["nodes"] if n["op"] == "const"}
    for kernel in trace["kernels"]:
        held = list(inside(kernel["id"])) if kernel["id"] in plan["titles"] else []
        assert sorted(held) == sorted(set(kernel["nodes"]) - constants)


@given(graphs())
def test_at_every_moment_the_texts_are_those_of_the_kernels_that_run(nodes):
    trace = viz.explain(*map(Named, nodes)).trace
    kernels = {k["id"]: k for k in trace["kernels"]} | trace["texts"]
    computed = {n["id"] for n in trace["nodes"] if n["kind"] != "source"}
    running = set()
    for frame in trace["frames"]:
        assert running >= set(frame["ended"]) and not running & set(frame["began"])
        running = running - set(frame["ended"]) | set(frame["began"])
        assert len(running) == frame["kernels"]
        assert {i for k in running for i in kernels[k]["nodes"]} == computed
    assert not trace["frames"] or running == {k["id"] for k in trace["kernels"]}
    for text in trace["texts"].values():
        assert all(not code["text"].startswith("no ") for code in text["code"].values())


@given(graphs())
def test_every_memory_film_holds_one_value_at_a_time_in_each_place(nodes):
    film = viz.draw(*map(Named, nodes), by="memory")
    lives = sorted((b["row"], b["from"], b["to"]) for b in film.lives["buffers"])
    for (row, _, to), (other, begins, _) in pairwise(lives):
        assert row != other or to < begins
