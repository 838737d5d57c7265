"""Odd corners: infinities, zeros, nothing at all, half precision. As in NumPy, and in PyTorch."""

import math

import numpy as np
import pytest

from tinylearn.tensor import Tensor

INF, NAN = math.inf, math.nan
NUMBERS = [0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 7.0, -7.0, 1e-12, -1e-12, 3e8, INF, -INF, NAN]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["floor_divide", "remainder"])
def test_division_with_rest_is_numpys_for_all_pairs_of_odd_numbers(name, dtype):
    a, b = (
        part.ravel() for part in np.meshgrid(np.array(NUMBERS, dtype), np.array(NUMBERS, dtype))
    )
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(a, b)
    x, y = Tensor(a), Tensor(b)
    got = (x // y if name == "floor_divide" else x % y).numpy()
    exact = np.abs(a) < 1e5 * np.maximum(np.abs(b), 1e-9)  # beyond, digits of the rest are lost
    exact |= ~np.isfinite(a) | ~np.isfinite(b) | (b == 0)
    np.testing.assert_allclose(got[exact], expected[exact], rtol=1e-5)


def test_a_small_number_below_zero_is_rounded_down_by_a_large_one():
    assert (Tensor([-0.5, 0.5, -1e-20]) // 1e10).tolist() == [-1.0, 0.0, -1.0]
    assert (1e10 // Tensor([-3e10])).tolist() == [-1.0]


def test_the_rest_of_a_large_quotient_has_the_slope_one():
    x = Tensor([3e8, 5.0, -5.0])
    (x % 2).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0, 1.0]
    y = Tensor([2.0, -3.0, INF])
    (Tensor([5.0, 5.0, -4.0], requires_grad=False) % y).sum().backward()
    assert y.grad.tolist()[:2] == [-2.0, 2.0]


def test_not_of_a_number_is_whether_it_is_zero():
    for numbers in ([0.0, -0.0, 0.5, NAN], [0, 1, -1, 7], [True, False]):
        got = Tensor(numbers).logical_not()
        assert got.tolist() == np.logical_not(np.array(numbers)).tolist()


@pytest.mark.parametrize("name", ["std", "norm"])
def test_numbers_without_spread_have_a_slope_of_zero(name):
    same = 2.0 if name == "std" else 0.0
    x = Tensor([[same] * 3, [1.0, 2.0, 4.0]])
    getattr(x, name)(axis=1).sum().backward()
    assert x.grad.tolist()[0] == [0.0] * 3
    alone = Tensor([[1.0, 2.0, 4.0]])
    getattr(alone, name)(axis=1).sum().backward()
    np.testing.assert_allclose(x.grad.numpy()[1], alone.grad.numpy()[0], rtol=1e-6)
    assert getattr(Tensor([[NAN, 1.0]]), name)(axis=1).isnan().all().item()


def test_the_spread_of_one_number_is_unknown_and_of_everything_zero():
    assert math.isnan(Tensor([3.0]).std().item()) and math.isnan(Tensor([3.0]).var().item())
    assert Tensor([3.0]).std(correction=0).item() == 0.0


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_bits_at_the_ends_of_ints_are_numpys(dtype, device):
    ends = np.iinfo(dtype)
    odd = np.array([ends.min, ends.min + 1, -2, -1, 0, 1, ends.max - 1, ends.max], dtype)
    a, b = np.repeat(odd, len(odd)), np.tile(odd, len(odd))
    x, y = Tensor(a, device=device), Tensor(b, device=device)
    for got, want in ((x & y, a & b), (x | y, a | b), (x ^ y, a ^ b), (~x, ~a)):
        np.testing.assert_array_equal(got.numpy(), want)
        assert got.dtype.name == dtype
    for shift in (0, 1, ends.bits // 2, ends.bits - 1):
        np.testing.assert_array_equal((x << shift).numpy(), a << np.array(shift, dtype))
        np.testing.assert_array_equal((x >> shift).numpy(), a >> np.array(shift, dtype))
    assert (x << ends.bits).any().item() is False
    np.testing.assert_array_equal((x >> ends.bits).numpy(), np.where(a < 0, -1, 0))


@pytest.mark.parametrize("large", [100, 1 << 24, 1 << 30])
def test_products_of_ints_are_exact_whether_floats_can_hold_them_or_not(large, device):
    random = np.random.default_rng(0)
    a, b = (random.integers(-large, large, (40, 40)) for _ in range(2))
    x, y = Tensor(a, device=device), Tensor(b, device=device)
    np.testing.assert_array_equal((x @ y).numpy(), a @ b)
    np.testing.assert_array_equal(((x + 0) @ y).numpy(), a @ b)  # not in memory yet
    assert (x @ y).dtype.name == "int64" and (x.int() @ y.int()).dtype.name == "int32"


def test_nothing_at_all_has_sums_and_shares_but_no_extremes():
    for shape, axis in (((0,), 0), ((0, 3), 0), ((3, 0), 1), ((2, 0, 3), -1)):
        x = Tensor.zeros(shape)
        assert x.softmax(axis).shape == x.log_softmax(axis).shape == shape
        assert x.softmax(axis).numpy().shape == shape
    assert Tensor.zeros(2, 0).logsumexp(1).tolist() == [-INF, -INF]
    assert Tensor.zeros(0, 2).logsumexp(0, keepdim=True).tolist() == [[-INF, -INF]]
    assert Tensor.zeros(0, 2).logsumexp(1).shape == (0,)
    assert Tensor.zeros(0).long().softmax().dtype.name == "float32"


@pytest.mark.parametrize("device", ["numpy", "c"])
def test_long_products_and_running_sums_of_half_precision_lose_nothing_on_the_way(device):
    from tinylearn.devices.device import Device

    if reason := Device.known[device].unavailable():
        pytest.skip(reason)
    factors = np.tile(np.array([1.001, 0.9995], np.float16), 500)
    x = Tensor(factors, device=device)
    expected = factors.astype(np.float64).prod()
    assert x.prod().dtype.name == "float16"
    np.testing.assert_allclose(x.prod().item(), expected, rtol=1e-3)
    kept = x.reshape(2, 500).prod(1, keepdim=True)
    assert (kept.shape, kept.dtype.name) == ((2, 1), "float16")
    steps = Tensor(np.full(4000, 0.1, np.float16), device=device)
    sums = steps.cumsum()
    assert sums.dtype.name == "float16"
    np.testing.assert_allclose(
        sums.numpy().astype(float), np.float16(0.1) * np.arange(1.0, 4001), rtol=1e-3
    )
    sums.sum().backward()
    assert steps.grad.dtype.name == "float16"


def test_sums_and_products_keep_their_kinds():
    for dtype, of_sum in (("bool", "int64"), ("int32", "int64"), ("int64", "int64")):
        x = Tensor.ones(2, 3).cast(dtype)
        assert {x.prod().dtype.name, x.cumsum(1).dtype.name, x.sum(0).dtype.name} == {of_sum}
        assert x.prod(()).dtype.name == of_sum
    for dtype in ("float16", "float32", "float64"):
        x = Tensor.ones(2, 3).cast(dtype)
        assert {x.prod(0).dtype.name, x.cumsum(1).dtype.name, x.prod(()).dtype.name} == {dtype}


def test_rounding_to_decimals_is_numpys():
    numbers = np.array([0.125, 0.375, -1.2345, 1234.5, NAN, INF], np.float64)
    for decimals in (0, 1, 2, -2):
        np.testing.assert_allclose(Tensor(numbers).round(decimals).numpy(), numbers.round(decimals))
