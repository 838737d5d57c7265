"""What a picture knows about models: which layer computed a node, and what a name belongs to."""

import json
import subprocess
import sys
import weakref

import numpy as np
import pytest

import tinylearn as tl
from tests.repository import ROOT
from tinylearn import nn
from tinylearn.viz.faces.picture import Refusal


def tensor(*shape, grad=False):
    return tl.Tensor(np.ones(shape, np.float32), requires_grad=grad)


def inside(shown):
    """{title of a group: the ops of the nodes directly in it}."""
    titles = {g["id"]: g["title"] for g in shown.trace["groups"]}
    found = {title: set() for title in titles.values()}
    for node in shown.trace["nodes"]:
        if node["group"] and node["kind"] != "source":
            found[titles[node["group"]]].add(node["op"])
    return found


def test_layers_without_parameters_are_boxes_with_their_names():
    model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(), nn.Linear(3, 3), nn.ReLU(), nn.Sigmoid())
    y = model(tensor(5, 4)) * 2
    found = inside(tl.draw(y, by="modules"))
    assert {"max", "exp", "sum", "recip"} <= found["model.1: Softmax"]
    assert {"less", "where"} == found["model.3: ReLU"]
    assert "exp" in found["model.4: Sigmoid"] and "exp" not in found["model.2: Linear"]


def test_a_norm_holds_its_mean_and_variance_and_not_the_layer_before_it():
    model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(), nn.LayerNorm(3))
    found = inside(tl.draw(model(tensor(5, 4)), by="modules"))
    assert "sqrt" in found["model.2: LayerNorm"] and "exp" not in found["model.2: LayerNorm"]
    assert "exp" in found["model.1: Softmax"]


def test_a_number_that_two_norms_divide_by_belongs_to_neither():
    model = nn.Sequential(nn.Linear(4, 3), nn.LayerNorm(3), nn.Softmax(), nn.LayerNorm(3))
    found = inside(tl.draw(model(tensor(5, 4)), by="modules"))
    assert found["model: Sequential"] == {"recip"}
    assert "exp" in found["model.2: Softmax"] and "exp" not in found["model.3: LayerNorm"]
    assert {"sum", "sqrt"} <= found["model.1: LayerNorm"] & found["model.3: LayerNorm"]


@pytest.mark.parametrize("more", [tuple, lambda: (nn.Flatten(), nn.Linear(8, 3))])
def test_what_a_layer_divides_by_lies_in_its_box(more):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.AvgPool2d(2), *more())
    shown = tl.draw(model(tensor(5, 1, 6, 6)), by="modules")
    assert "recip" in inside(shown)["model.1: AvgPool2d"]
    assert all(n["group"] for n in shown.trace["nodes"] if n["kind"] != "source")


def test_layers_whose_numbers_could_be_anybodys_are_told_apart():
    model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(), nn.Dropout(0.5), nn.Linear(3, 2))
    found = inside(tl.draw(model(tensor(5, 4)), by="modules"))
    assert "exp" in found["model.1: Softmax"] and "where" in found["model.2: Dropout"]


def module_titles(*tensors):
    return list(tl.draw(*tensors, by="modules").trace["views"]["modules"]["titles"].values())


def test_a_module_that_is_used_three_times_is_a_block_that_opens():
    layer = nn.Linear(4, 4)
    y = layer(layer(layer(tensor(5, 4))))
    shown = tl.draw(y, by="modules")
    titles = shown.trace["views"]["modules"]["titles"].values()
    assert "3 × (Linear)" in titles
    assert [f"layer ({k} of 3): Linear" for k in (1, 2, 3)] == [
        title for title in titles if title.startswith("layer")
    ]


class Cell(nn.Module):
    def __init__(self):
        self.inside, self.state = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x, h):
        return (self.inside(x) + self.state(h)).tanh()


class Recurrent(nn.Module):
    def __init__(self):
        self.cell = Cell()

    def forward(self, steps):
        h = steps[0] * 0
        for x in steps:
            h = self.cell(x, h)
        return h


def test_a_recurrent_model_of_twenty_steps_is_twenty_calls_of_its_cell():
    rnn = Recurrent()
    loss = rnn([tensor(5, 4) for _ in range(20)]).sum()
    loss.backward()
    shown = tl.draw(loss, rnn.cell.state.weight.grad, by="modules")
    titles = list(shown.trace["views"]["modules"]["titles"].values())
    assert "20 × (Cell)" in titles or "19 × (Cell)" in titles
    assert any(title.startswith("∂ ") and "× (Cell)" in title for title in titles)
    assert "rnn.cell (20 of 20): Cell" in titles


def test_what_stands_between_two_calls_stays_between_them():
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    y = second(first(tensor(5, 4)).sin())
    shown = tl.draw(y, by="modules")
    (sin,) = [n for n in shown.trace["nodes"] if n["op"] == "sin"]
    assert sin["group"] == "" and len(shown.trace["groups"]) == 2


def test_a_module_without_a_name_is_called_by_its_class():
    y = nn.Sequential(nn.Linear(4, 4), nn.ReLU())(tensor(5, 4))
    assert {"Linear", "ReLU"} <= set(module_titles(y))


def test_a_graph_keeps_no_model_alive():
    layer = nn.Linear(4, 4)
    y, seen = layer(tensor(5, 4)), weakref.ref(layer)
    del layer
    assert seen() is None
    assert "Linear" in module_titles(y)


def test_a_layer_of_an_inner_model_is_not_taken_for_one_of_its_neighbours():
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    model = nn.Sequential(
        nn.Sequential(first, nn.GELU()), nn.Sequential(second, nn.Softmax()), nn.Linear(4, 4)
    )
    first = second = None
    found = inside(tl.draw(model(tensor(5, 4)), by="modules"))
    assert "max" in found["model.1.1: Softmax"] and "max" not in found["model.0.1: GELU"]


def test_a_function_among_the_layers_leaves_the_rest_as_it_is():
    model = nn.Sequential(nn.Linear(4, 3), lambda x: x * 2, nn.Linear(3, 3))
    found = inside(tl.draw(model(tensor(5, 4)), by="modules"))
    assert {"model.0: Linear", "model.2: Linear"} <= set(found)


def test_a_product_without_bias_lies_wholly_in_its_layer():
    layer = nn.Linear(4, 3, bias=False)
    shown = tl.draw(layer(tensor(5, 4)), by="modules")
    assert all(n["group"] for n in shown.trace["nodes"] if n["kind"] != "source")


def test_a_gradient_is_no_update_though_it_is_detached():
    w = tensor(3, grad=True)
    (w * w).sum().backward()
    assert "update" not in {n["pass"] for n in tl.draw(w.grad).trace["nodes"]}
    assert tl.draw(w - w.grad * 0.1).trace["nodes"][-1]["pass"] == "update"


def test_a_function_in_one_line_does_not_give_its_name_to_what_it_makes():
    square = lambda x: x * x  # noqa: E731
    x = tensor(3)
    parts = [x * k for k in (2.0, 3.0)]
    shown = tl.draw(square(x) + parts[0] + parts[1])
    names = {n["name"] for n in shown.trace["nodes"]}
    assert not names & {"square", "parts"} and {"parts.0", "parts.1"} <= names


@pytest.mark.parametrize(
    "asked", [lambda r: r.save("x.html"), lambda r: r.to_graphviz(), lambda r: r.figures([1])]
)
def test_a_picture_that_is_none_says_why_when_it_is_asked_for_more(asked):
    shown = tl.draw(3)
    assert isinstance(shown, Refusal)
    with pytest.raises(ValueError, match="needs a Tensor, got int"):
        asked(shown)


def test_a_reason_of_several_lines_stays_several_lines():
    said = str(tl.explain(tensor(3) * 2, using={"fuse.nope": None}))
    assert "UnknownPart: no Part is named 'fuse.nope'" in said and "\\n" not in said


def test_films_are_saved_under_endings_that_they_have(tmp_path):
    x = tensor(3) * 2
    with pytest.raises(ValueError, match=r"'\.svg'.*\.html"):
        tl.explain(x, using={"fuse.repeated": None}).save(tmp_path / "x.svg")
    with pytest.raises(ValueError, match=r"'\.pdf'.*\.svg"):
        tl.draw(x, by="memory").save(tmp_path / "x.pdf")


DRAW = """
import importlib.util, json, os, sys
class NoNumPy:
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] == "numpy":
            raise ImportError(name)
sys.meta_path.insert(0, NoNumPy())
for name, folder in (("tinylearn", "tinylearn"), ("tinylearn.viz", "tinylearn/viz")):
    path = os.path.abspath(folder)
    spec = importlib.util.spec_from_file_location(
        name, path + "/__init__.py", submodule_search_locations=[path]
    )
    sys.modules[name] = importlib.util.module_from_spec(spec)  # the folder, without its __init__
from tinylearn.viz.faces.picture import Picture
shown = Picture(json.load(sys.stdin), "explain")
print(len(shown._repr_html_()), shown.svg()[:4], str(shown)[:1])
"""


def test_a_trace_is_drawn_without_numpy():
    y = tensor(3, 4).softmax()
    trace = json.dumps(tl.trace(y))
    words = [sys.executable, "-c", DRAW]
    ran = subprocess.run(words, input=trace, capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    size, start, title = ran.stdout.split()
    assert int(size) > 10_000 and start == "<svg" and title == "y"
