"""What a long run leaves behind: nothing that grows with the number of its steps."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from tinylearn import Tensor, nn, no_grad
from tinylearn.devices.buffer import Buffer
from tinylearn.errors import ShapeError
from tinylearn.graph.node import INTERNED, Structures
from tinylearn.plan.plan import PLANS, plan_for
from tinylearn.plan.request import Request
from tinylearn.schedule.join import Joiner
from tinylearn.schedule.kernel import Home
from tinylearn.schedule.schedule import schedule

DATA = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)


@pytest.fixture(autouse=True)
def nothing_from_before():
    """What other tests left would be let go meanwhile, and be counted."""
    PLANS.clear()
    gc.collect()


def alive(kind: type) -> int:
    """How many objects of a kind there are."""
    gc.collect()
    return sum(type(o) is kind for o in gc.get_objects())


@pytest.mark.parametrize("data", [DATA, (DATA * 9).astype(np.int64)], ids=["floats", "ints"])
def test_a_realized_step_that_takes_no_gradient_keeps_no_past(data, device):
    x = Tensor(data, requires_grad=False)
    expected, counts = x.numpy(), []
    for _ in range(30):
        x = (x * 2 - 1).realize()
        expected = expected * 2 - 1
        counts.append(alive(Buffer))
    assert counts[-1] == counts[5]
    np.testing.assert_array_equal(x.numpy(), expected)


def recurrent_step(h, w, u, x):
    return (Tensor(x, requires_grad=False) @ u + h @ w).tanh()


@pytest.mark.parametrize("early", [True, False], ids=["before step", "after step"])
def test_a_state_detached_after_each_step_is_flat(early, device):
    w, u = Tensor(np.eye(4, dtype=np.float32) * 0.5), Tensor(np.ones((2, 4), np.float32))
    optimizer = nn.optim.SGD([w, u], lr=0.1)
    h, counts = Tensor.zeros(3, 4, requires_grad=False), []
    for k in range(40):
        h = recurrent_step(h, w, u, np.full((3, 2), np.sin(k), np.float32))
        h.mean().backward()
        h = h.detach() if early else h
        optimizer.step()
        optimizer.zero_grad()
        h = h.detach()
        counts.append((alive(Buffer), len(INTERNED), len(PLANS), len(Structures.known)))
    assert counts[-1] == counts[-20]


def test_a_detached_state_has_the_numbers_of_its_own_step(device):
    w, x = Tensor(np.ones((4, 4), np.float32)), Tensor(DATA, requires_grad=False)
    h = x @ w
    kept = h.detach()
    with no_grad():
        w.assign(w * 3)
    np.testing.assert_allclose((kept + 0).numpy(), DATA.sum(1, keepdims=True).repeat(4, 1))


def test_many_parts_are_joined_by_one_program_and_share_the_gradient(device):
    random = np.random.default_rng(0)
    arrays = [random.standard_normal((2, k % 3)).astype(np.float32) for k in range(50)]
    parts = [Tensor(a) for a in arrays]
    whole = Tensor.cat(parts, axis=1)
    assert [p.language for p in plan_for(Request([whole.node])).programs] == ["cat"]
    (whole * whole).sum().backward()
    np.testing.assert_array_equal(whole.numpy(), np.concatenate(arrays, 1))
    for part, array in zip(parts, arrays, strict=True):
        np.testing.assert_allclose(part.grad.numpy(), 2 * array)


def test_parts_that_are_computed_or_one_value_are_joined_too(device):
    x = Tensor(DATA)
    parts = [x.sum() * k for k in range(9)] + [Tensor.zeros(()), Tensor.full((), 3.25)]
    stacked = Tensor.stack(parts)
    expected = [DATA.sum() * k for k in range(9)] + [0, 3.25]
    np.testing.assert_allclose(stacked.numpy(), expected, rtol=1e-5)
    stacked.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.full(DATA.shape, 36.0))


def test_kernels_that_could_share_loops_are_found_in_time_that_grows_with_their_number():
    def visits(count: int) -> int:
        """How many kernels are looked at to schedule so many."""
        seen = []
        group, home = Joiner.following, Home.reaches
        leaves = [Tensor(np.ones((3, k % 7 + 2), np.float32)) for k in range(count)]
        total = leaves[0].sum()
        for x in leaves:
            total = total * (x * 2).exp().sum(1).sum() + 1
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Joiner, "following", lambda *a: seen.append(1) or group(*a))
            patch.setattr(Home, "reaches", lambda *a: seen.append(1) or home(*a))
            schedule([total.node])
        return len(seen)

    assert visits(200) < 2.5 * visits(100)


@pytest.mark.parametrize(
    "part",
    [lambda x, i: x[i], lambda x, i: x[i : i + 3], lambda x, i: x[i : i + 2, 1:3] - x[1, 1:3]],
    ids=["a row", "some rows", "a window"],
)
def test_a_loop_over_places_or_bounds_compiles_once(part, device):
    array = np.random.default_rng(0).standard_normal((50, 4)).astype(np.float32)
    x, plans = Tensor(array), []
    for i in range(1, 12):
        np.testing.assert_array_equal((part(x, i) * 2).numpy(), part(array, i) * 2)
        plans.append(len(PLANS))
    assert plans[-1] == plans[1]


def test_training_on_slices_of_the_data_compiles_once(device):
    x, w = Tensor(np.random.default_rng(0).standard_normal((60, 4))), Tensor(np.ones((4, 2)))
    optimizer, plans = nn.optim.SGD([w], lr=0.1), []
    expected = w.numpy()
    for i in range(0, 60, 5):
        optimizer.zero_grad()
        x.grad = None
        (x[i : i + 5] @ w).square().sum().backward()
        optimizer.step()
        batch = x.numpy()[i : i + 5]
        expected = expected - 0.1 * 2 * batch.T @ (batch @ expected)
        plans.append(len(PLANS))
    np.testing.assert_allclose(w.numpy(), expected, rtol=1e-6)
    assert plans[-1] == plans[1]


def test_a_part_that_begins_elsewhere_has_its_own_gradient(device):
    w = Tensor(np.arange(12, dtype=np.float32).reshape(6, 2))
    for i in range(4):
        w.grad = None
        (w[i : i + 2] * 3).sum().backward()
        expected = np.zeros((6, 2))
        expected[i : i + 2] = 3
        np.testing.assert_array_equal(w.grad.numpy(), expected)


def test_bounds_that_do_not_fit_are_refused_although_their_size_was_met():
    x = Tensor(np.zeros(5, np.float32))
    assert x.shrink((1, 4)).shape == (3,)
    with pytest.raises(ShapeError):
        x.node.shrink(((3, 6),))
