"""The NaN tracer: the first bad node, its inputs, the user's line, a repair."""

import numpy as np
import pytest

from tinylearn.graph.interpret import meaning
from tinylearn.plan import plan
from tinylearn.plan.plan import WATCHERS
from tinylearn.tensor import Tensor
from tinylearn.viz import trace_nan
from tinylearn.viz.faces.nan import NaNError
from tinylearn.viz.trace import bad_numbers


def tensor(*values: float) -> Tensor:
    return Tensor(np.array(values, np.float32))


def test_the_operation_that_made_the_nan_is_named_with_its_line():
    x = tensor(1, -1)
    with pytest.raises(NaNError) as caught, trace_nan():
        logs = x.log()
        (logs * 2 + 1).sum().item()
    text = str(caught.value)
    assert text.startswith("logs = log made 1 NaN among its 2 numbers")
    assert "logs = x.log()" in text and "x = buffer" in text and "from -1 to 1" in text
    assert "Try x.clamp(1e-7).log()" in text


def test_a_nan_made_of_an_infinity_leads_to_who_made_the_infinity():
    x = tensor(1000, 1)
    before = "the infinity was made before it, by large = exp"
    with pytest.raises(NaNError, match=before), trace_nan():
        large = x.exp()
        (large / large.sum()).numpy()


def test_numbers_that_were_bad_from_the_start_are_named():
    with pytest.raises(NaNError, match="from the start"), trace_nan():
        (tensor(1, float("nan")) * 2).numpy()


def test_a_gradient_is_traced_to_the_op_whose_gradient_it_is():
    x = tensor(0, 1)
    with pytest.raises(NaNError, match="in the gradient of sqrt"), trace_nan():
        x.sqrt().sum().backward()
        x.grad.numpy()


def test_good_numbers_pass_and_afterwards_nothing_is_checked():
    assert WATCHERS == []
    with trace_nan():
        assert tensor(1, 2).log().sum().item() == pytest.approx(np.log(2))
    assert WATCHERS == []
    assert np.isnan(tensor(-1).log().numpy()).all()


def test_a_watcher_is_told_what_was_asked_for_and_its_numbers(monkeypatch):
    seen = []
    monkeypatch.setattr(plan, "WATCHERS", [lambda request, made: seen.append((request, made))])
    y = tensor(1, 2) * 3
    y.numpy()
    ((request, (buffer,)),) = seen
    assert request.outputs == [y.node] and y.node.buffer is buffer
    y.numpy()
    assert len(seen) == 1  # the numbers are there: nothing ran


def test_following_a_nan_leaves_the_graph_as_it_was():
    x = tensor(-1, 2)
    inner = x.log()
    with pytest.raises(NaNError), trace_nan():
        (inner + 1).numpy()
    assert inner.node.buffer is None


def grown(steps: int) -> Tensor:
    """A chain of products, each of what the one before made; its end has numbers below 0."""
    x = Tensor(np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32))
    for _ in range(steps):
        x = (x @ x * 0.01).tanh() + x * 1.01
    return x


def test_each_node_is_computed_once_however_long_the_way(monkeypatch):
    asked = []

    def counted(node, inputs):
        asked.append(node)
        return meaning(node, inputs)

    monkeypatch.setattr(bad_numbers, "meaning", counted)
    with pytest.raises(NaNError, match=r"^log made"), trace_nan():
        grown(20).log().numpy()
    assert len(asked) > 100 and len(set(asked)) == len(asked)


def test_of_a_long_way_the_beginning_and_the_end_are_named():
    large = tensor(300, 300).exp()
    with pytest.raises(NaNError, match=r"→ \d+ more →") as caught, trace_nan():
        for _ in range(50):
            large = large * 2
        large.numpy()
    assert len(str(caught.value)) < 1000


def test_numbers_computed_before_the_block_are_followed_to_their_maker_too():
    logs = tensor(1, -1).log()
    logs.numpy()
    with pytest.raises(NaNError, match=r"^logs = log made 1 NaN"), trace_nan():
        (logs * 2).numpy()


@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
def test_a_softmax_of_a_fully_masked_row_is_repaired_by_a_finite_mask(function):
    scores, mask = Tensor(np.ones((2, 3), np.float32)), Tensor([[True] * 3, [True, False, True]])
    with pytest.raises(NaNError, match="masked everywhere") as caught, trace_nan():
        getattr(scores.masked_fill(mask, -np.inf), function)().numpy()
    repair = str(caught.value).rpartition("Try ")[2]
    assert repair == "scores.masked_fill(mask, -1e9)"
    with trace_nan():
        getattr(eval(repair), function)().numpy()


def test_a_nan_in_the_second_of_joined_parts_is_found_there():
    with pytest.raises(NaNError, match=r"^log made 1 NaN"), trace_nan():
        good, bad = tensor(1, 2), tensor(-1, 1)
        Tensor.cat([good, bad.log()]).numpy()


def test_the_picture_lights_the_way_from_the_maker_to_the_result():
    x = tensor(1, -1)
    with pytest.raises(NaNError) as caught, trace_nan():
        logs = x.log()
        (logs * 2 + 1).sum().item()
    picture = caught.value.draw()
    nodes = {node["id"]: node for node in picture.trace["nodes"]}
    way = [nodes[i]["op"] for i in picture.options["lit"]]
    assert [op for op in way if op != "reshape"] == ["sum", "add", "mul", "log"]
    assert nodes[picture.options["maker"]]["op"] == "log"
