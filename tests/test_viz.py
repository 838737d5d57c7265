"""Pictures: what a trace tells, how it is shown, and what drawing must never do."""

import itertools
import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest

import tinylearn as tl
from tests.needed import need
from tests.pictures import Named, chain, mlp, mlp_step, multiply_add, numbers, softmax
from tinylearn import viz
from tinylearn.graph.node import INTERNED, walk
from tinylearn.schedule.schedule import schedule
from tinylearn.viz.faces import svg
from tinylearn.viz.faces.picture import Picture

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{7*7}}`${1}"
KEYS = {"schema", "version", "title", "results", "nodes", "kernels", "steps", "frames", "rules"}


def explained(*nodes) -> Picture:
    shown = viz.explain(*map(Named, nodes))
    assert isinstance(shown, Picture), shown
    return shown


# ---------------------------------------------------------------- the trace


def test_a_trace_is_json_and_survives_it():
    trace = viz.trace(Named(mlp()[0]))
    assert json.loads(json.dumps(trace)) == trace
    assert set(trace) >= KEYS and trace["version"] == 1


def test_multiply_add_explains_itself_in_at_most_five_steps():
    assert len(explained(multiply_add()).trace["steps"]) <= 5


def test_a_perceptrons_loss_explains_itself_in_at_most_thirty_steps():
    trace = explained(mlp()[0]).trace
    assert len(trace["steps"]) <= 30
    assert all(trace["rules"][step["rule"]] and step["because"] for step in trace["steps"])


def test_all_decisions_are_there_when_asked_for():
    loss = mlp()[0]
    everything = viz.trace(Named(loss), level="all")["steps"]
    assert all(len(step["nodes"]) == 1 for step in everything)
    assert len(everything) > len(viz.trace(Named(loss))["steps"])


@pytest.mark.parametrize("make", [lambda: [multiply_add()], lambda: [mlp()[0]], mlp_step])
def test_the_film_ends_with_the_kernels_that_run(make):
    trace = viz.trace(*map(Named, make()))
    last, kernels = trace["frames"][-1], trace["kernels"]
    assert last["kernels"] == len(kernels)
    assert last["written"] == sum(k["written"] for k in kernels)
    assert trace["frames"][0]["kernels"] == sum(n["kind"] != "source" for n in trace["nodes"])


def test_forward_and_backward_are_told_apart():
    trace = viz.trace(*map(Named, mlp_step()))
    passes = {node["pass"] for node in trace["nodes"]}
    assert passes == {"forward", "backward", "update"}
    known = {node["id"] for node in trace["nodes"]}
    backward = [node for node in trace["nodes"] if node["pass"] == "backward"]
    assert any(node["gradient_of"] in known for node in backward)


def test_variables_give_nodes_their_names():
    weight, 重み = Named(numbers(2, 3)), Named(numbers(2, 3))
    total = Named(weight.node * 重み.node)
    names = {node["name"] for node in viz.trace(total)["nodes"]}
    assert {"weight", "重み", "total"} <= names


def test_only_tensors_give_names_and_not_what_tells_about_a_node():
    x = tl.Tensor(np.ones(3, np.float32))
    y = (x * 2.0).exp()
    st = next(step for step in schedule([y.node]).steps if step.node.op.name == "mul")
    told = {node["name"]: node["op"] for node in viz.trace(y)["nodes"]}
    assert st.node is not None and "st" not in told and told["y"] == "exp"


def test_numbers_that_a_loss_keeps_for_itself_get_no_name_of_the_users():
    """The classes 0, 1, ... are made once, on the line of whoever asks first."""
    logits, labels = tl.Tensor(np.zeros((4, 7), np.float32)), tl.Tensor([1] * 4)
    first = logits.cross_entropy(labels)
    again = logits.cross_entropy(tl.Tensor([2] * 4))
    names = [n["name"] for n in viz.trace(again)["nodes"] if n["kind"] == "source"]
    assert first is not again and "first" not in names


def test_computed_numbers_are_summed_up():
    node = viz.trace(Named(numbers(8, 8) + 1.0))["nodes"][0]
    assert node["value"]["least"] == "0" and node["value"]["most"] == "63"
    assert sum(node["value"]["histogram"]) == 64
    assert len(node["value"]["image"]["grey"]) == 2 * 64


# ---------------------------------------------------------------- what drawing must not do


def test_drawing_computes_nothing_and_makes_no_node():
    loss = mlp()[0]
    order, before = walk([loss]), len(INTERNED)
    buffers = [node.buffer for node in order]
    for shown in (viz.draw(Named(loss)), explained(loss), viz.source(Named(loss))):
        shown._repr_html_()
    assert [node.buffer for node in order] == buffers
    assert len(INTERNED) == before


def test_a_computed_graph_is_explained_as_if_it_were_not():
    x = multiply_add()
    x.buffer = numbers(4, 5).buffer
    assert len(explained(x).trace["kernels"]) == 1
    assert x.buffer is not None


@pytest.mark.parametrize("wrong", [5, None, "text", object()])
def test_what_is_no_tensor_gets_a_sentence_and_no_exception(wrong):
    for draw in (viz.draw, viz.explain, viz.source):
        shown = draw(wrong)
        assert "needs a Tensor" in str(shown)
        assert "needs a Tensor" in shown._repr_html_()
        assert "<svg" in shown.svg()


def test_a_list_of_tensors_or_a_model_is_told_what_to_draw_instead():
    model, x = tl.nn.Linear(3, 2), tl.Tensor(np.ones(3, np.float32), requires_grad=True)
    slope = model(x).sum().gradient(x)
    kind = type(slope).__name__
    assert f"got {kind}. Try slope[0] for one of its Tensors, *slope for all" in str(tl.draw(slope))
    assert "got Linear. Try model(x)" in str(tl.explain(model))
    assert "Try tensors[0]" in str(tl.source([x]))
    assert "Try model(x)" in str(tl.draw(tl.nn.Linear(3, 2)))
    assert str(tl.draw([1, 2])) == "No picture: a picture needs a Tensor, got list"
    assert str(tl.draw(slope[0])) and str(tl.draw(*slope))


def test_a_graph_that_is_too_large_gets_a_sentence():
    assert "can be drawn" in str(viz.draw(Named(chain(21_000))))


def test_numbers_on_a_dead_device_are_said_to_be_unreadable():
    class Dead:
        shape, device = (4, 5), "gpu"

        @property
        def data(self):
            raise OSError("device lost")

    x = multiply_add()
    x.inputs[1].buffer = Dead()
    notes = [
        n["value"]["note"] for n in viz.trace(Named(x))["nodes"] if "note" in (n["value"] or {})
    ]
    assert notes == ["cannot be read: OSError"]


# ---------------------------------------------------------------- faces


@pytest.mark.parametrize(
    "make", [lambda: [multiply_add()], lambda: [softmax(numbers(64, 10))], mlp_step]
)
@pytest.mark.parametrize("step", [None, 0, 2])
def test_the_svg_is_well_formed_and_has_a_text_alternative(make, step):
    root = ElementTree.fromstring(explained(*make()).svg(step))
    assert root.get("role") == "img" and "Op graph" in root.get("aria-label")


@pytest.mark.parametrize("draw", [viz.draw, viz.explain])
def test_the_page_of_a_training_step_is_below_85_kb(draw):
    shown = draw(*map(Named, mlp_step()))
    assert len(shown._repr_html_().encode()) < 85_000


def test_nothing_is_loaded_from_outside():
    html = explained(mlp()[0])._repr_html_()
    addresses = set(re.findall(r"(?:https?:)?//[\w.]+\.\w+[\w/]*", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "//www.w3.org/2000/svg"}
    assert not re.search(r"@import|<link|<iframe|src=(?![\"']data:)", html)


def test_hostile_names_are_text_and_nothing_else(tmp_path):
    shown = explained(multiply_add())
    trace = json.loads(json.dumps(shown.trace).replace('"add"', json.dumps(HOSTILE)))
    trace["title"] = trace["nodes"][0]["name"] = HOSTILE
    for node in trace["nodes"]:
        node["face"] = [HOSTILE, HOSTILE]
    hostile = Picture(trace, "explain")
    html = hostile.save(tmp_path / "x.html").read_text()
    assert "<script>alert" not in html and "<img src=x" not in html
    assert html.count("<script") == 2 and html.count("</script>") == 2
    ElementTree.fromstring(hostile.svg())


def test_a_picture_is_saved_as_its_file_name_says(tmp_path):
    shown = explained(multiply_add())
    assert "<!doctype html>" in shown.save(tmp_path / "x.html").read_text()
    assert shown.save(tmp_path / "x.svg").read_text().startswith("<svg")
    assert json.loads(shown.save(tmp_path / "x.json").read_text())["version"] == 1
    with pytest.raises(ValueError, match=r"use \.html"):
        shown.save(tmp_path / "x.png")


def test_graphviz_gets_the_graph_without_the_dot_program():
    need("graphviz")
    text = viz.draw(Named(multiply_add())).to_graphviz().source
    assert "cluster_k1" in text and text.count("->") == 4


def test_a_graphviz_graph_shows_its_text_where_dot_is_missing(monkeypatch):
    need("graphviz")
    graph = viz.draw(Named(multiply_add())).to_graphviz()
    monkeypatch.setenv("PATH", "")
    assert "cluster_k1" in graph._repr_mimebundle_()["text/plain"]


def test_text_says_verdict_rule_and_reason():
    text = str(explained(multiply_add()))
    assert (
        "FUSE" in text
        and "fuse.compute_where_used" in text
        and "Kernels 2 -> 1" in re.sub(r"\s+", " ", text)
    )


def test_chosen_steps_become_figures():
    figures = explained(multiply_add()).figures([0, 1])
    assert figures._repr_html_().count("<figure") == 2
    with pytest.raises(ValueError, match="steps 0 to"):
        explained(multiply_add()).figures([99])


def test_two_rule_sets_are_compared():
    def nothing_fuses(node, readers, homes):
        """Every value is stored."""
        return "store", "this rule stores all"

    rules = {"fuse.compute_where_used": nothing_fuses}
    rules |= dict.fromkeys(["join.in_passing", "join.same_loop"], lambda *given: None)
    shown = viz.explain(Named(multiply_add()), using=rules)
    assert "bytes written 80 B -> 160 B" in re.sub(r" +", " ", str(shown))
    assert "fuse before, store after" in str(shown)
    assert shown._repr_html_().count('class="tlv"') == 2


def test_the_code_of_every_line_links_to_nodes_of_the_graph():
    trace = viz.trace(Named(mlp()[0]))
    known = {node["id"] for node in trace["nodes"]}
    for kernel in trace["kernels"]:
        for code in kernel["code"].values():
            assert len(code["lines"]) >= len(code["text"].splitlines())
            assert {i for ids in code["lines"] for i in ids} <= known


def test_a_chain_of_ten_thousand_ops_is_drawn():
    shown = viz.draw(Named(chain(3000)))
    assert isinstance(shown, Picture)
    assert len(shown.trace["nodes"]) > 3000


# ---------------------------------------------------------------- real tensors


class Net(tl.nn.Module):
    def __init__(self):
        self.first, self.second = tl.nn.Linear(784, 128), tl.nn.Linear(128, 10)

    def forward(self, x):
        return self.second(self.first(x).relu())


def net_and_loss():
    model = Net()
    x = tl.Tensor(np.zeros((64, 784), np.float32))
    return model, model(x).cross_entropy(tl.Tensor(np.zeros(64, np.int64)))


def test_the_users_own_loss_explains_itself_in_at_most_thirty_steps():
    _, loss = net_and_loss()
    shown = tl.explain(loss)
    assert len(shown.trace["steps"]) <= 26  # 30 at the most; the schedule may still change
    assert loss.node.buffer is None


def test_softmax_is_explained_with_its_refused_fusions():
    shown = tl.explain(tl.Tensor(np.ones((64, 10), np.float32)).softmax())
    stored = [s for s in shown.trace["steps"] if s["verdict"] == "store"]
    assert 1 < len(shown.trace["kernels"]) <= 4
    assert all(len(s["because"]) > 10 for s in stored)


def test_modules_of_a_model_become_boxes_forward_and_backward():
    model, loss = net_and_loss()
    loss.backward()
    shown = tl.draw(loss, *[w.grad for w in model.parameters()], by="modules")
    titles = {group["title"] for group in shown.trace["groups"]}
    assert {"model.first: Linear", "∂ model.first: Linear", "model: Net"} <= titles
    assert set(shown.trace["views"]["modules"]["titles"]) >= {"m:model.first", "b:model.second"}
    names = {node["name"] for node in shown.trace["nodes"]}
    assert {"model.first.weight", "model.first.weight.grad", "loss"} <= names


def test_a_training_step_stays_explainable_after_many_steps():
    model, loss = net_and_loss()
    optimizer = tl.nn.optim.SGD([model], lr=0.1)
    sizes = []
    for _ in range(3):
        optimizer.zero_grad()
        _, loss = net_and_loss()[0], model(tl.Tensor(np.ones((4, 784), np.float32))).sum()
        loss.backward()
        optimizer.step()
        loss.item()
        sizes.append(len(tl.draw(loss).trace["nodes"]))
    assert sizes[1] == sizes[2]


def test_code_is_shown_in_the_language_of_the_device_or_the_one_asked_for():
    y = tl.Tensor(np.ones(3, np.float32)) * 2.0
    assert "def kernel_1" in str(tl.source(y))
    assert "void kernel_1(" in str(tl.source(y, language="c"))
    assert "there are numpy, c" in str(tl.source(y, language="fortran"))


def test_everything_means_every_simplification_too():
    x = tl.Tensor(np.ones(3, np.float32))
    steps = tl.explain(x * 1.0 + 0.0 + x, level="all").trace["steps"]
    assert any(step["verdict"] == "simplify" for step in steps)


# ---------------------------------------------------------------- memory


def test_the_memory_film_knows_peak_and_reuse():
    model, loss = net_and_loss()
    loss.backward()
    film = tl.draw(loss, *[w.grad for w in model.parameters()], by="memory")
    found = film.lives
    assert found["peak"] == max(found["alive"]) >= found["given"] > 400_000
    for a, b in itertools.combinations(found["buffers"], 2):
        if a["row"] == b["row"]:  # one memory never holds two values at a time
            assert a["to"] < b["from"] and a["bytes"] == b["bytes"]
    assert "alive" in str(film) and "<svg" not in film._repr_html_(), "untrusted, SVG is dropped"
    assert "<img" in film._repr_html_() and "The memory, as text" in film._repr_html_()
    ElementTree.fromstring(film.svg())


def test_a_weight_shows_its_gradient_once_that_is_computed():
    model, loss = net_and_loss()
    loss.backward()
    before = tl.draw(loss).trace
    assert all(node["gradient"] is None for node in before["nodes"])
    model.second.bias.grad.realize()
    weight = next(n for n in tl.draw(loss).trace["nodes"] if n["name"] == "model.second.bias")
    assert len(weight["gradient"]["numbers"]) == 6


def test_one_of_anything_is_counted_as_one():
    alt = svg.alternative(tl.draw(tl.Tensor.rand(4).exp()).trace)
    assert alt.endswith("1 op on 1 source, in 1 kernel")


@pytest.mark.parametrize("value, shown", [(1.0001, "1.0001"), (1 / 3, "0.33333334"), (2.0, "2")])
def test_a_constant_is_shown_as_it_is(value, shown):
    picture = viz.draw(tl.Tensor([1.0, 2.0]) * value)
    assert f"× {shown}" in [node["face"][0] for node in picture.trace["nodes"]]


def test_of_a_full_kernel_the_true_reason_is_said_before_the_rule():
    picture = viz.explain(Named(chain(200)))
    refused = [step for step in picture.trace["steps"] if step["refused"]]
    assert refused and all("is full" in step["refused"] for step in refused)
    text = " ".join(str(picture).split())
    assert re.search(r"compute_where_used\) Refused: the kernel of .* is full.* By the rule", text)


def test_two_pictures_of_a_graph_say_why_their_ops_are_not_as_many():
    x = tl.Tensor([3.0], requires_grad=True)
    (x * x + x * 2).sum().backward()
    drawn, film = (str(show(x.grad)).splitlines()[0] for show in (viz.draw, viz.explain))
    assert "6 ops (simplified: 3 run)" in drawn
    assert "3 ops (of 6 that were built: simplified)" in film
    assert viz.draw(x.grad).trace["ops"] == viz.explain(x.grad).trace["ops"]
