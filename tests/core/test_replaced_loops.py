"""A replaced transform or renderer runs at once: in plans that were kept, and in what is shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import tinylearn as tl
from tinylearn import Tensor, nn
from tinylearn.loops.rewrites import REWRITES
from tinylearn.nn import optim
from tinylearn.parts import Part, using
from tinylearn.plan.plan import plan_for
from tinylearn.plan.request import Request
from tinylearn.render.source import Source

COMMENT = {"numpy": "# written by me", "c": "/* written by me */"}


def signed(device):
    """The renderer of a device, with a comment at the end; and the kernels it has written."""
    seen = []

    def render(*loops):
        """As before, and signed."""
        seen.append(loops)
        source = Part.table[f"render.{device}"].default(*loops)
        return Source([*source.lines, COMMENT[device]], [*source.nodes, None])

    return render, seen


def one_step():
    """A training step; always of one structure."""
    tl.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), Tensor.relu, nn.Linear(4, 1))
    x = Tensor(np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3))
    optimizer = optim.SGD(model, lr=0.1)
    model(x).square().mean().backward()
    optimizer.step()
    return np.concatenate([p.numpy().reshape(-1) for p in nn.state.get_parameters(model)])


def test_a_replaced_renderer_writes_plans_anew_that_were_kept(device):
    expected = one_step()
    one_step()  # from the plans of the first
    render, seen = signed(device)
    with using({f"render.{device}": render}):
        seen.clear()  # its contract has called it too
        np.testing.assert_array_equal(one_step(), expected)
        written = len(seen)
        assert written > 0
        one_step()
        assert len(seen) == written  # the new plans are kept as well
    seen.clear()
    np.testing.assert_array_equal(one_step(), expected)
    assert not seen


@pytest.mark.parametrize("name", [part.name for part in REWRITES])
def test_a_replaced_rewrite_is_in_the_loops_of_plans_that_were_kept(name, device):
    one_step()
    seen = []

    def watched(nest):
        """As before, and counted."""
        seen.append(nest)
        return Part.table[name].default(nest)

    with using({name: watched}):
        seen.clear()
        one_step()
        assert seen
    seen.clear()
    one_step()
    assert not seen


def not_merged(nest):
    """Every loop stays: no two of them become one."""
    return replace(nest)


def test_source_shows_the_text_of_a_replaced_rewrite(device):
    x = Tensor(np.ones((3, 4), np.float32))
    before = text(x, device)
    with using({"nest.collapse": not_merged}):
        changed = text(x, device)
    assert changed != before == text(x, device)


def test_source_shows_the_text_of_a_replaced_renderer(device):
    x = Tensor(np.ones((3, 4), np.float32))
    render, _ = signed(device)
    assert COMMENT[device] not in text(x, device)
    with using({f"render.{device}": render}):
        assert COMMENT[device] in text(x, device)
        plan = plan_for(Request([(x * 3.0).node]))
        assert COMMENT[device] in plan.programs[0].source.text  # and it is what runs
        assert (x * 3.0).tolist() == [[3.0] * 4] * 3
    assert COMMENT[device] not in text(x, device)


def text(x, device):
    """What `tl.source` shows of a product."""
    return str(tl.source(x * 3.0, language=device))


def test_both_devices_run_the_rewrites_of_one_list(devices):
    seen = []

    def watched(nest):
        """As before, and counted."""
        seen.append(nest)
        return Part.table["nest.combine"].default(nest)

    with using({"nest.combine": watched}):
        for device in devices:
            seen.clear()
            x = Tensor(np.ones((3, 5), np.float32), device=device)
            assert (x - 0.25).tolist() == [[0.75] * 5] * 3
            assert seen
