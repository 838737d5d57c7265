"""Two films side by side, the memory beside a film, and chosen steps as figures."""

import json
import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

import tinylearn as tl
from tests.pictures import Named, mlp, multiply_add
from tinylearn import viz
from tinylearn.viz.faces.memory_film import MemoryFilm
from tinylearn.viz.faces.picture import Figures, Picture
from tinylearn.viz.faces.side_by_side import Comparison
from tinylearn.viz.faces.svg import svg


def stores(node, readers, homes):
    """Every value is stored."""
    return "store", "this rule stores all"


def compared(tensor, **rules) -> Comparison:
    shown = tl.explain(
        tensor, using={name.replace("__", "."): rule for name, rule in rules.items()}
    )
    assert isinstance(shown, Comparison), shown
    return shown


def sums() -> tl.Tensor:
    x, y, z = (tl.Tensor(np.ones((4, 5), np.float32)) for _ in range(3))
    return ((x * y + z).exp() * z).sum(axis=1)


@pytest.fixture
def shown():
    return compared(sums(), fuse__compute_where_used=stores)


# ---------------------------------------------------------------- stepping together


def test_at_each_moment_both_films_have_decided_as_much(shown):
    steps = [picture.trace["steps"] for picture in (shown.before, shown.after)]
    assert shown.ticks[0] == (0, 0) and shown.ticks[-1] == tuple(map(len, steps))
    for a, b in pairwise(shown.ticks):
        assert a[0] <= b[0] and a[1] <= b[1] and a != b
    whole = [
        [{i for s in side[:k] if s["verdict"] != "join" for i in s["nodes"]} for k in at]
        for side, at in zip(steps, zip(*shown.ticks, strict=True), strict=True)
    ]
    lags = [len(a ^ b) for a, b in zip(*whole, strict=True)]
    assert max(lags) <= 3, "a step of several nodes may be ahead, not a whole film"
    assert lags[-1] == 0


def test_each_moment_is_told_in_words_and_differences_by_name(shown):
    says = shown.says()
    assert len(says) == len(shown.ticks)
    for node in shown.differs:
        text = says[shown.tick_of(node)]
        assert text.startswith("≠ They differ on") and shown.nodes[node]["op"] in text
        assert "Before: fuse" in text and "After: store" in text
    assert any(text.startswith("Both: ") for text in says)


def test_differences_are_marked_in_both_pictures(shown):
    assert shown.differs
    assert shown.before.options["differs"] == shown.after.options["differs"] == shown.differs


def test_both_films_have_one_layout_in_which_every_node_has_one_place(shown):
    views = [picture.trace["views"]["kernels"] for picture in (shown.before, shown.after)]
    assert views[0] == views[1] and views[0]["kind"] == "flat" and not views[0]["copies"]
    for picture in (shown.before, shown.after):
        areas = ElementTree.fromstring(picture.svg()).findall(".//*[@class='a']")
        assert len(areas) == len(picture.trace["kernels"])


def test_rules_that_change_nothing_differ_nowhere():
    shown = compared(sums(), fuse__repeated=lambda node, readers, homes: None)
    same = compared(sums(), fuse__repeated=None)
    assert same.differs == [] and all(t.startswith("B") for t in same.says())
    assert shown.ticks[-1][0] == len(shown.before.trace["steps"])


def test_films_of_different_graphs_are_stepped_one_for_one():
    x = tl.Tensor(np.ones((4, 5), np.float32))
    before = tl.explain(x * 2 + 1)
    after = tl.explain((x * 2 + 1).exp().sum())
    shown = Comparison(before, after, ["other"])
    counts = [len(p.trace["steps"]) for p in (before, after)]
    assert shown.ticks == [(min(k, counts[0]), min(k, counts[1])) for k in range(max(counts) + 1)]
    assert shown.differs == []


def test_what_the_page_of_two_films_says_is_escaped():
    def hostile(node, readers, homes):
        """</script><script>alert(1)</script>"""
        return "store", "</script><script>alert(2)</script>"

    page = compared(sums(), fuse__compute_where_used=hostile)._repr_html_()
    assert "<script>alert" not in page
    data = re.search(r'class="tlv-pair-data">(.*?)</script>', page)[1]
    assert "alert(2)" in " ".join(json.loads(data)["says"])


# ---------------------------------------------------------------- memory


def test_the_page_of_a_film_holds_its_memory_and_links_it_to_nodes():
    shown = viz.explain(Named(mlp()[0]))
    assert isinstance(shown, Picture)
    svg = shown.memory()["memory"]["svg"]
    ElementTree.fromstring(svg)
    stored = {i for k in shown.trace["kernels"] for i in k["writes"]}
    assert set(re.findall(r'data-node="(\w+)"', svg)) == stored
    columns = re.findall(r'data-column="(\w+)"', svg)
    assert columns == [k["id"] for k in shown.trace["kernels"]]
    decided = {i for s in shown.trace["steps"] for i in s["nodes"]}
    assert stored <= decided, "a click on any bar finds a step"


def test_without_scripts_the_memory_is_text():
    shown = viz.explain(Named(mlp()[0]))
    assert "The memory, as text" in shown._repr_html_()
    assert MemoryFilm(shown.trace).summary() in shown._repr_html_()


def test_a_drawing_without_a_film_carries_no_memory():
    assert viz.draw(Named(multiply_add())).memory() == {}


# ---------------------------------------------------------------- figures


def test_chosen_steps_are_saved_as_figures(tmp_path):
    shown = viz.explain(Named(multiply_add()))
    page = shown.save(tmp_path / "x.html", steps=[0, 2]).read_text()
    assert page.count("<figure") == 2 and "<script" not in page
    assert "Step 2" in page and page.startswith("<!doctype html>")


def test_a_figure_of_a_large_graph_shows_what_its_step_is_about():
    shown = viz.explain(Named(mlp()[0]))
    whole = shown.trace["views"]["kernels"]["levels"][""]["size"]
    assert whole[1] > 900, "too high for a page"
    for step in range(1, len(shown.trace["steps"]) + 1):
        root = ElementTree.fromstring(svg(shown.trace, step, near=True))
        x, y, w, h = map(float, root.get("viewBox").split())
        assert x >= 0 and y >= 0 and x + w <= whole[0] + 24 and y + h <= whole[1] + 24
        decided = [e for e in root.iter() if "y" in (e.get("class") or "").split()]
        for box in decided:
            assert x <= float(box.get("x")) and float(box.get("x")) <= x + w
            assert y <= float(box.get("y")) and float(box.get("y")) <= y + h


def test_a_step_that_is_not_there_is_refused(tmp_path):
    shown = viz.explain(Named(multiply_add()))
    with pytest.raises(ValueError, match="steps 0 to"):
        shown.save(tmp_path / "x.html", steps=[99])


def test_a_pdf_is_left_to_the_browser_and_says_how(tmp_path):
    shown = viz.explain(Named(multiply_add()))
    with pytest.raises(ValueError, match=r'save\("x.html", steps=\[3, 7\]\), open it and print'):
        shown.save(tmp_path / "x.pdf")
    assert isinstance(shown.figures([1]), Figures)
