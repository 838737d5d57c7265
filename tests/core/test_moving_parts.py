"""Loops over places, bounds and settings: one plan serves all, and each has its own numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tinylearn import Tensor, nn
from tinylearn.plan.plan import PLANS, plan_for
from tinylearn.plan.request import STARTS, Request

ARRAY = np.random.default_rng(0).standard_normal((20, 8)).astype(np.float32)


PARTS = {
    "a row": lambda x, i: x[i],
    "some rows": lambda x, i: x[i : i + 3],
    "a column": lambda x, i: x[:, i % 8],
    "a window": lambda x, i: x[i : i + 2, i % 5 : i % 5 + 3],
    "a number": lambda x, i: x[i, i % 8],
    "from the end": lambda x, i: x[-i - 1],
}


@pytest.mark.parametrize("name", PARTS)
def test_gradients_through_a_part_that_moves_need_one_plan(name, device):
    part, w = PARTS[name], Tensor(ARRAY, requires_grad=True)
    plans = []
    for i in range(1, 14):
        w.grad = None
        loss = (part(w, i) * 3).sum()
        loss.backward()
        expected = np.zeros_like(ARRAY)
        expected.reshape(-1)[part(np.arange(ARRAY.size).reshape(ARRAY.shape), i)] = 3
        np.testing.assert_array_equal(w.grad.numpy(), expected)
        np.testing.assert_allclose(loss.item(), part(ARRAY, i).sum() * 3, rtol=1e-5)
        plans.append(len(PLANS))
    assert len(set(plans[4:])) == 1  # a few: each pair of moving axes is met for the first time


def test_second_derivatives_through_a_part_that_moves(device):
    w = Tensor(ARRAY, requires_grad=True)
    for i in range(4):
        (slope,) = (w[i] ** 3).sum().gradient(w)
        (second,) = slope.sum().gradient(w)
        expected = np.zeros_like(ARRAY)
        expected[i] = 6 * ARRAY[i]
        np.testing.assert_allclose(second.numpy(), expected, rtol=1e-5)


def test_rows_of_a_table_are_trained_with_one_plan(device):
    table, plans = Tensor(ARRAY, requires_grad=True), []
    optimizer = nn.optim.SGD([table], lr=0.5)
    expected = ARRAY.copy()
    for i in range(12):
        k, other = i, (i * 7 + 3) % 20
        optimizer.zero_grad()
        (table[k] * table[other]).sum().backward()
        optimizer.step()
        pair = expected[[k, other]]
        if k != other:
            expected[k] -= 0.5 * pair[1]
            expected[other] -= 0.5 * pair[0]
        else:
            expected[k] -= 0.5 * 2 * pair[0]
        plans.append(len(PLANS))
    np.testing.assert_allclose(table.numpy(), expected, rtol=1e-5)
    assert plans[-1] == plans[3]


def test_two_parts_that_stood_at_the_same_place_may_part(device):
    w = Tensor(ARRAY, requires_grad=True)
    for i, k in [(1, 2), (3, 3), (4, 5), (6, 6), (2, 9)]:
        w.grad = None
        (w[i] * 2 - w[k]).sum().backward()
        expected = np.zeros_like(ARRAY)
        expected[i] += 2
        expected[k] -= 1
        np.testing.assert_array_equal(w.grad.numpy(), expected)


def test_a_part_of_what_is_computed_moves_too(device):
    x = Tensor(ARRAY, requires_grad=False)
    plans = []
    for i in range(10):
        np.testing.assert_array_equal((x * 2)[i : i + 2].numpy(), ARRAY[i : i + 2] * 2)
        plans.append(len(PLANS))
    assert plans[-1] == plans[1]


def test_a_pad_that_moves_needs_one_plan(device):
    x, plans = Tensor(ARRAY, requires_grad=True), []
    for i in range(8):
        x.grad = None
        wide = x.pad(((i, 9 - i), (0, 2)))
        (wide * wide).sum().backward()
        np.testing.assert_array_equal(wide.numpy()[i : i + 20, :8], ARRAY)
        assert np.count_nonzero(wide.numpy()) == np.count_nonzero(ARRAY)
        np.testing.assert_array_equal(x.grad.numpy(), 2 * ARRAY)
        plans.append(len(PLANS))
    assert plans[-1] == plans[1]


def test_special_numbers_move_unchanged(device):
    odd = np.array([[0.0, -0.0], [np.inf, np.nan], [-np.inf, 1e-45], [-0.0, 5.0]], np.float32)
    w = Tensor(odd, requires_grad=True)
    for i in range(4):
        w.grad = None
        row = w[i]
        row.sum().backward()
        assert row.numpy().tobytes() == odd[i].tobytes()


def test_assigning_in_a_loop_needs_one_plan(device):
    plans = []
    for i in range(10):
        x = Tensor(ARRAY, requires_grad=False) * 1
        x[i] = 3.0
        expected = ARRAY.copy()
        expected[i] = 3
        np.testing.assert_array_equal(x.numpy(), expected)
        plans.append(len(PLANS))
    assert plans[-1] == plans[1]


def test_a_setting_of_a_loss_that_changes_needs_one_plan(device):
    logits, plans = Tensor(ARRAY, requires_grad=True), []
    for k in range(1, 9):
        logits.grad = None
        logits.cross_entropy(Tensor([3] * 20), label_smoothing=k / 30).backward()
        shares = np.exp(ARRAY) / np.exp(ARRAY).sum(1, keepdims=True)
        truth = np.full((20, 8), k / 30 / 8)
        truth[:, 3] += 1 - k / 30
        np.testing.assert_allclose(logits.grad.numpy(), (shares - truth) / 20, atol=1e-7)
        plans.append(len(PLANS))
    assert plans[-1] == plans[0]


def test_what_ran_before_decides_no_number(device):
    """A part that is cut out at run time gives the bits of one that stands in the text."""
    w = Tensor(ARRAY, requires_grad=True)

    def slope(i):
        w.grad = None
        (w[i : i + 4].exp() * w[i + 1 : i + 5]).sum().backward()
        return w.grad.numpy().tobytes()

    moved = [slope(i) for i in range(6)]
    for i in range(6):
        STARTS.clear()
        PLANS.clear()
        assert slope(i) == moved[i]


def test_parts_that_never_move_stay_in_their_kernels(device):
    image = Tensor(ARRAY[None, None], requires_grad=True)
    weight = Tensor(np.ones((1, 1, 3, 3), np.float32), requires_grad=True)
    for _ in range(3):
        y = image.conv2d(weight).relu().sum()
        assert not any(
            p.language.startswith("dynamic") for p in plan_for(Request([y.node])).programs
        )
        y.item()
