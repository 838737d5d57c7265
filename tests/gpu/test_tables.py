"""Every eighth row of the tables of Tensor's methods runs on the simulated GPU, and its gradient.

All rows do so when `DEVICES` in tests/tensor/conftest.py names the simulator: two minutes more.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.tensor.test_gradients import FIRST, check_gradient, slopes
from tests.tensor.test_values import FLOATS, built_of_float32

VALUES, GRADIENTS = FLOATS[::8], FIRST[3::8]


@pytest.mark.parametrize("case", VALUES, ids=lambda c: c.id)
def test_a_method_has_the_numbers_of_numpy(case):
    (got,) = built_of_float32(case, "simulator")
    with np.errstate(all="ignore"):
        want = np.asarray(case.numpy(*[a.astype("f").astype("f8") for a in case.arrays()]))
    np.testing.assert_allclose(got.numpy(), want, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("case", GRADIENTS, ids=lambda c: c.id)
def test_a_gradient_agrees_with_the_central_difference(case):
    check_gradient(case, slopes(case, "simulator"))
