"""The NaN tracer: the first bad node, its inputs, the user's line, a repair."""

import numpy as np
import pytest

from tinylearn.plan.plan import Plan
from tinylearn.tensor import Tensor
from tinylearn.viz import trace_nan
from tinylearn.viz.trace.nan import NaNError


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
    before = Plan.run
    with trace_nan():
        assert tensor(1, 2).log().sum().item() == pytest.approx(np.log(2))
    assert Plan.run is before
    assert np.isnan(tensor(-1).log().numpy()).all()


def test_following_a_nan_leaves_the_graph_as_it_was():
    x = tensor(-1, 2)
    inner = x.log()
    with pytest.raises(NaNError), trace_nan():
        (inner + 1).numpy()
    assert inner.node.buffer is None
