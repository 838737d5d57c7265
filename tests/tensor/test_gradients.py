"""Every row's gradient is the central difference of what NumPy computes; so is the second one."""

import numpy as np
import pytest

from tests.tensor.cases import CASES, one_of_each_name
from tests.tensor.together import computed
from tinylearn.tensor import Tensor

SMOOTH = [c for c in CASES if c.slope and all(np.prod(s) for s in c.shapes)]
FIRST = tuple(one_of_each_name(SMOOTH))
STEP = 1e-5


def weighted(result, weights):
    """One number that depends on every entry of a result in its own way."""
    return (result * weights).sum()


def central_differences(function, arrays):
    """The derivative of a number by each entry of each array."""
    slopes = []
    for k, array in enumerate(arrays):
        slope = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            values = []
            for step in (STEP, -STEP):
                moved = [a.copy() for a in arrays]
                moved[k][place] += step
                values.append(function(*moved))
            slope[place] = (values[0] - values[1]) / (2 * STEP)
        slopes.append(slope)
    return slopes


def weights_for(case, arrays):
    """Fixed weights of the result's shape."""
    shape = np.shape(case.numpy(*arrays))
    return np.random.default_rng(1).uniform(0.5, 1.5, shape)


def first_slopes(case, arrays, weights, device="numpy"):
    """The gradients as tensors, and the inputs they belong to."""
    given = [Tensor(a, device=device) for a in arrays]
    fixed = Tensor(weights, device=device, requires_grad=False)
    loss = weighted(case.run(*given), fixed)
    return loss.gradient(*given, allow_unused=True), given


def slopes(case, device):
    """The gradients of a row, not computed yet."""
    arrays = case.arrays()
    return first_slopes(case, arrays, weights_for(case, arrays), device)[0]


def check_gradient(case, found):
    """Gradients are the central differences of what NumPy computes."""
    arrays = case.arrays()
    weights = weights_for(case, arrays)
    wanted = central_differences(lambda *a: weighted(case.numpy(*a), weights), arrays)
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("case", SMOOTH, ids=lambda c: c.id)
def test_a_gradient_agrees_with_the_central_difference(case):
    check_gradient(case, slopes(case, "numpy"))


@pytest.mark.parametrize("case", FIRST, ids=lambda c: c.id)
def test_a_gradient_agrees_with_it_on_every_device(case, device):
    check_gradient(case, computed(slopes, FIRST, case, device))


@pytest.mark.parametrize("case", FIRST, ids=lambda c: c.id)
def test_the_second_derivative_agrees_with_the_central_difference_of_the_first(case):
    arrays = case.arrays()
    weights = weights_for(case, arrays)

    def slope_sum(*moved):
        slopes, _ = first_slopes(case, moved, weights)
        return sum(weighted(s.numpy(), np.cos(np.arange(s.size)).reshape(s.shape)) for s in slopes)

    slopes, given = first_slopes(case, arrays, weights)
    total = sum(weighted(s, np.cos(np.arange(s.size)).reshape(s.shape)) for s in slopes)
    found = total.gradient(*given, allow_unused=True)
    wanted = central_differences(slope_sum, arrays)
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-4, atol=1e-6)
