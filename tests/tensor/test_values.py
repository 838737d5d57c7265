"""Every row of the table gives what NumPy gives, on every device."""

import numpy as np
import pytest

from tests.tensor.cases import CASES, one_of_each_name
from tests.tensor.together import computed
from tinylearn.tensor import Tensor

ALL = tuple(CASES)
FLOATS = tuple(one_of_each_name([c for c in CASES if c.dtype == "float64"]))


def built(case, device):
    """A row's result, not computed yet."""
    given = [Tensor(a, device=device) for a in case.arrays()]
    got = case.run(*given)
    assert got.node.buffer is None or got.node in [t.node for t in given], "computed too early"
    return [got]


def built_of_float32(case, device):
    """The same from float32."""
    return [case.run(*[Tensor(a.astype("float32"), device=device) for a in case.arrays()])]


@pytest.mark.parametrize("case", ALL, ids=lambda c: c.id)
def test_a_method_gives_what_numpy_gives(case, device):
    (got,) = computed(built, ALL, case, device)
    with np.errstate(all="ignore"):
        want = np.asarray(case.numpy(*case.arrays()))
    assert got.shape == want.shape
    assert got.dtype.numpy.kind == want.dtype.kind
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("case", FLOATS, ids=lambda c: c.id)
def test_float32_gives_the_same_within_its_precision(case, device):
    (got,) = computed(built_of_float32, FLOATS, case, device)
    with np.errstate(all="ignore"):
        want = np.asarray(case.numpy(*[a.astype("f").astype("f8") for a in case.arrays()]))
    assert got.dtype.numpy.itemsize <= 4 or not got.dtype.is_float, "float32 stays float32"
    np.testing.assert_allclose(got.numpy(), want, rtol=2e-4, atol=2e-4)


def test_isinf_can_look_for_one_sign_alone(device):
    x = Tensor([-np.inf, -1.0, 0.0, np.inf, np.nan], device=device)
    assert x.isinf().tolist() == [True, False, False, True, False]
    assert x.isinf(detect_negative=False).tolist() == [False, False, False, True, False]
    assert x.isinf(detect_positive=False).tolist() == [True, False, False, False, False]
    assert not x.isinf(False, False).any()
