"""What a picture folds: equal blocks in a row, long chains; and the calls it knows by name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinylearn as tl
from tests.core.graphs import graphs
from tests.pictures import Named
from tinylearn import viz
from tinylearn.viz.faces.picture import Picture
from tinylearn.viz.layout.folds import runs


def tensor(*shape, grad=False):
    return tl.Tensor(np.ones(shape, np.float32), requires_grad=grad)


def view(shown, name="kernels"):
    assert isinstance(shown, Picture), shown
    return shown.trace["views"][name]


def unrolled(times):
    """x, w and the result of a loop without modules."""
    x, w, b = tensor(4, 5), tensor(4, 5, grad=True), tensor(4, 5)
    y = x
    for _ in range(times):
        y = (y * w + b).relu()
    return w, y


def deep(layers):
    """The loss of a deep model and all its gradients."""
    parts = [p for _ in range(layers) for p in (tl.nn.Linear(16, 16), tl.nn.ReLU())]
    model = tl.nn.Sequential(*parts)
    loss = model(tensor(8, 16)).cross_entropy(tl.Tensor([3] * 8))
    loss.backward()
    return [loss, *(w.grad for w in model.parameters())]


def boxes(plan, group=""):
    """The boxes seen at first: those in groups that are not closed."""
    items = plan["levels"][group]["items"]
    inside = [i for i in items if i in plan["levels"] and i not in plan["closed"]]
    return len(items) + sum(boxes(plan, i) for i in inside)


# ---------------------------------------------------------------- repeated blocks


def test_an_unrolled_loop_is_one_box_that_holds_its_rounds():
    _, y = unrolled(20)
    plan = view(tl.draw(y))
    (run,) = [g for g, title in plan["titles"].items() if title == "20 × (mul, add, less, where)"]
    rounds = list(plan["levels"][run]["items"])
    assert len(rounds) == 20 and {run, *rounds} <= set(plan["closed"])
    assert all(len(plan["levels"][r]["items"]) == 4 for r in rounds)
    assert plan["titles"][rounds[2]] == "3 of 20: mul, add, less, where"


def test_the_gradient_of_an_unrolled_loop_folds_too():
    w, y = unrolled(20)
    y.sum().backward()
    plan = view(tl.draw(y, w.grad))
    assert boxes(plan) < 40
    titles = plan["titles"].values()
    assert any(t.startswith("20 × (") for t in titles)
    assert any(t.startswith(("∂ 19 × (", "∂ 20 × (")) for t in titles)


def test_what_is_repeated_less_than_four_times_stays_open():
    _, y = unrolled(3)
    assert not any("×(" in t.replace(" ", "") for t in view(tl.draw(y))["titles"].values())


def test_blocks_that_are_wired_otherwise_are_not_taken_for_equal():
    x = tensor(4, 5)
    y = x
    for k in range(12):
        a = y.exp()
        y = a * y if k % 3 else a * x
    titles = view(tl.draw(y))["titles"].values()
    assert not any(title.startswith("12 ×") for title in titles)


def test_kernels_that_repeat_fold_with_what_they_hold():
    shown = tl.draw(*deep(12))
    plan = view(shown)
    assert any(title.startswith("11 × (mul+sum+add+less") for title in plan["titles"].values())
    held = {i for level in plan["levels"].values() for i in level["items"]}
    assert {k["id"] for k in shown.trace["kernels"]} <= held


@given(st.lists(st.integers(0, 2), min_size=1, max_size=40))
def test_runs_repeat_and_never_overlap(labels):
    seen = set()
    for start, size, times in runs(labels):
        block = labels[start : start + size]
        assert labels[start : start + size * times] == block * times and times >= 4
        places = set(range(start, start + size * times))
        assert not seen & places
        seen |= places


# ---------------------------------------------------------------- long chains


def test_a_long_chain_of_single_readers_is_one_box():
    x = tensor(4, 5)
    y = (((x.exp() + 1).log() * 2).sin() + 5).sqrt().exp() * 3 + 7
    plan = view(tl.draw(y))
    (fold,) = [g for g, title in plan["titles"].items() if "ops:" in title]
    assert plan["titles"][fold] == "10 ops: exp, add, log, mul, ... → 4×5"
    assert fold in plan["closed"] and len(plan["levels"][fold]["items"]) == 10


def test_a_value_with_two_readers_ends_a_chain():
    x = tensor(4, 5)
    y = ((x.exp() + 1).log() * 2).sin()
    z = (y + 5).sqrt().exp() * 3 + y
    assert not any("ops:" in title for title in view(tl.draw(z))["titles"].values())


def test_in_a_film_only_what_one_step_decides_is_folded():
    _, y = unrolled(20)
    shown = tl.explain(y)
    deciding = {i: k for k, s in enumerate(shown.trace["steps"]) for i in s["nodes"]}
    plan = view(shown)

    def leaves(group):
        for i in plan["levels"][group]["items"]:
            yield from leaves(i) if i in plan["levels"] else [i]

    folds = [g for g in plan["titles"] if g[0] in "rc"]
    assert folds
    for group in folds:
        assert len({deciding.get(i) for i in leaves(group)} - {None}) == 1


# ---------------------------------------------------------------- size and speed


def test_a_graph_of_thousands_of_nodes_shows_few_boxes():
    shown = tl.draw(*deep(120))
    assert len(shown.trace["nodes"]) > 3000
    assert boxes(view(shown)) < 100
    assert "<img" in shown._repr_html_(), "small enough for a still image"


def test_a_picture_is_never_one_closed_box_if_all_of_it_can_be_shown():
    def layered(times):
        y, weights = tensor(3, 3), [tensor(3, 3) for _ in range(times)]
        for w in weights:
            y = (y @ w).relu() + y
        return view(tl.draw(y))

    plan = layered(6)
    assert list(plan["levels"][""]["items"]) and boxes(plan) > 6
    assert boxes(layered(60)) == 2, "more than can be shown: the input, and what repeats"


# ---------------------------------------------------------------- calls


def test_what_the_user_called_is_known_by_name():
    x = tensor(4, 5)
    y = (x * 2 - x.relu()).softmax()
    shown = tl.draw(y)
    calls = {n["op"]: n["call"] for n in shown.trace["nodes"] if n["call"]}
    assert calls["less"] == calls["where"] == "relu"
    assert calls["exp"] == calls["recip"] == "softmax"
    assert any(n["face"][-1] == "4×5 · relu" for n in shown.trace["nodes"])
    titles = view(shown, "modules")["titles"]
    assert {"relu → 4×5", "softmax → 4×5"} <= set(titles.values())
    assert {g for g in titles if g.startswith("f:")} <= set(view(shown, "modules")["closed"])


def test_a_call_has_a_backward_pass():
    x = tensor(4, 5, grad=True)
    y = x.softmax().log().sum()
    y.backward()
    titles = view(tl.draw(y, x.grad), "modules")["titles"].values()
    assert "softmax → 4×5" in titles and any(t.startswith("∂ softmax") for t in titles)


def test_the_same_call_in_a_loop_is_as_many_calls():
    x = tensor(4, 5)
    for _ in range(3):
        x = x.softmax()
    titles = list(view(tl.draw(x), "modules")["titles"].values())
    assert titles.count("softmax → 4×5") == 3


def test_a_relu_inside_a_model_stands_between_its_layers():
    model = tl.nn.Sequential(tl.nn.Linear(4, 3), tl.nn.ReLU(), tl.nn.Linear(3, 2))
    loss = model(tensor(5, 4)).cross_entropy(tl.Tensor([1] * 5))
    shown = tl.draw(loss, by="modules")
    groups = {g["title"]: g for g in shown.trace["groups"]}
    assert groups["model.1: ReLU"]["parent"] == groups["model: Sequential"]["id"]
    assert groups["cross_entropy → scalar"]["parent"] == ""
    assert not any("linear" in title for title in groups), "the layer's own box is enough"


def test_the_film_says_of_which_call_a_node_is_a_part():
    x = tensor(4, 5)
    assert "less 4×5 of relu" in str(tl.explain((x * 2).relu()))
    assert ") of relu" in str(tl.draw((x * 2).relu()))


def test_a_result_without_a_name_is_titled_by_what_was_called():
    assert tl.draw(tensor(4, 5).softmax()).trace["title"] == "softmax (4×5 float32)"


def test_a_step_of_many_nodes_names_their_kinds():
    _, y = unrolled(20)
    because = [step["because"] for step in tl.explain(y).trace["steps"]]
    assert any("79 values (mul, add, less, where)" in text for text in because)
    assert max(map(len, because)) < 200


def test_a_value_that_calls_share_makes_no_cycle():
    x, b = tensor(4, 5), tensor(5)
    y = x
    for _ in range(4):
        y = (y * x + b).relu()
    plan = view(tl.draw(y), "modules")
    assert sum(title.startswith("relu") for title in plan["titles"].values()) == 4


@given(graphs())
def test_every_random_graph_keeps_its_groups(nodes):
    shown = viz.draw(*map(Named, nodes))
    assert isinstance(shown, Picture), shown
    computed = {i for k in shown.trace["kernels"] for i in k["nodes"]}
    kernels = {k["id"] for k in shown.trace["kernels"]}
    boxes = kernels & set(view(shown)["titles"])
    assert bool(computed) == bool(boxes), "kernels are boxes, whatever is folded"


@pytest.mark.parametrize("by", ["kernels", "modules"])
def test_a_very_large_graph_is_laid_out_once(by):
    x = tensor(3)
    for _ in range(500):
        x = (x * 2 + 1).relu()
    assert list(tl.draw(x, by=by).trace["views"]) == [by]
