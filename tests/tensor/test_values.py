"""Every row of the table gives what NumPy gives, on every device."""

import numpy as np
import pytest

from tests.tensor.cases import CASES, one_of_each_name
from tinylearn.tensor import Tensor


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_a_method_gives_what_numpy_gives(case, device):
    arrays = case.arrays()
    with np.errstate(all="ignore"):
        want = np.asarray(case.numpy(*arrays))
    given = [Tensor(a, device=device) for a in arrays]
    got = case.run(*given)
    assert got.node.buffer is None or got.node in [t.node for t in given], "computed too early"
    assert got.shape == want.shape
    assert got.dtype.numpy.kind == want.dtype.kind
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-6, atol=1e-9)


FLOATS = one_of_each_name([c for c in CASES if c.dtype == "float64"])


@pytest.mark.parametrize("case", FLOATS, ids=lambda c: c.id)
def test_float32_gives_the_same_within_its_precision(case, device):
    arrays = [a.astype("float32") for a in case.arrays()]
    with np.errstate(all="ignore"):
        want = np.asarray(case.numpy(*[a.astype("float64") for a in arrays]))
    got = case.run(*[Tensor(a, device=device) for a in arrays])
    assert got.dtype.numpy.itemsize <= 4 or not got.dtype.is_float, "float32 stays float32"
    np.testing.assert_allclose(got.numpy(), want, rtol=2e-4, atol=2e-4)
