"""Products of ints are exact, however large the numbers are, and whoever multiplies them."""

import numpy as np
import pytest

import tinylearn as tl
from tinylearn.tensor import Tensor


def random(largest, *shape, kind="int64"):
    return np.random.default_rng(len(shape)).integers(-largest, largest, shape).astype(kind)


@pytest.mark.parametrize("largest", [10, 2**22, 2**26, 2**40])
@pytest.mark.parametrize("kind", ["int64", "int32"])
def test_a_product_of_ints_is_exact_or_wraps_as_in_numpy(largest, kind, device):
    x, y = random(largest, 70, 90, kind=kind), random(largest, 90, 80, kind=kind)
    got = (Tensor(x, device=device) + 0) @ (Tensor(y, device=device) * 1)
    assert got.dtype.name == kind
    np.testing.assert_array_equal(got.numpy(), x @ y)


def test_products_of_a_batch_of_ints_are_exact(device):
    x, y = random(2**20, 3, 40, 50), random(2**20, 3, 50, 40)
    got = (Tensor(x, device=device) @ Tensor(y, device=device)) * 2
    np.testing.assert_array_equal(got.numpy(), 2 * (x @ y))


def test_no_text_of_c_leaves_a_product_of_ints_to_a_library():
    x = Tensor(np.ones((512, 512), np.int64), device="c")
    assert "matmul" not in str(tl.source(x @ x, "c"))
    assert "matmul" in str(tl.source(x.float() @ x.float(), "c"))
