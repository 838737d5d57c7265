"""Order by size: NaN, equal numbers, what depends on the numbers, and words of errors."""

import numpy as np
import pytest

import tinylearn as tl
from tinylearn import ShapeError
from tinylearn.errors import CaptureError
from tinylearn.tensor import Tensor

NAN = float("nan")


def test_nan_stands_behind_all_numbers_and_first_from_the_largest_down(device):
    x = Tensor([2.0, NAN, np.inf, NAN, -1.0], device=device)
    assert x.argsort().tolist() == [4, 0, 2, 1, 3]
    assert x.argsort(descending=True).tolist() == [1, 3, 2, 0, 4]
    assert x.topk(2).indices.tolist() == [1, 3]
    assert x.topk(3, largest=False).values.tolist() == [-1, 2, np.inf]


@pytest.mark.parametrize("k", [1, 3])
def test_the_few_largest_of_many_are_those_of_the_whole_order(k, device):
    random = np.random.default_rng(k)
    numbers = random.integers(0, 20, (50, 64)).astype("f")  # many are equal
    numbers[random.random(numbers.shape) < 0.02] = NAN
    x = Tensor(numbers, device=device)
    for largest in (True, False):
        whole = x.argsort(descending=largest).numpy()[:, :k]
        np.testing.assert_array_equal(x.topk(k, largest=largest).indices.numpy(), whole)


def test_equal_numbers_stay_in_the_order_in_which_they_come(device):
    numbers = np.random.default_rng(0).integers(0, 4, (20, 50)).astype("f")
    places = Tensor(numbers, device=device).argsort().numpy()
    np.testing.assert_array_equal(places, np.argsort(numbers, 1, kind="stable"))


def test_a_median_is_nan_where_one_number_is_and_a_nanmedian_is_not(device):
    x = Tensor([[1.0, NAN, 3.0, 2.0], [NAN, NAN, NAN, NAN]], device=device)
    assert x.median(dim=1).indices.tolist() == [1, 0]
    assert np.isnan(x.median(dim=1).values.numpy()).all()
    assert x.nanmedian(dim=1).indices.tolist() == [3, 0]
    assert x[0].nanmedian().item() == 2
    assert np.isnan(x.median().item())
    assert np.isnan(x.quantile(0.5).item()) and x.nanquantile(0.5).item() == 2


def test_equal_numbers_share_the_gradient_of_a_median_of_all(device):
    x = Tensor([1.0, 2.0, 2.0, 5.0], device=device)
    x.median().backward()
    assert x.grad.tolist() == [0, 0.5, 0.5, 0]


def test_the_median_of_nothing_is_nan_for_floats_and_no_number_for_ints():
    assert np.isnan(Tensor([]).median().item())
    with pytest.raises(ShapeError, match="no median"):
        Tensor([]).long().median()


def test_one_number_is_in_order_and_keeps_its_shape(device):
    x = Tensor(3.0, device=device)
    assert x.sort().values.shape == x.sort(0).indices.shape == x.median(0).values.shape == ()
    assert x.cumsum(0).item() == x.mode().values.item() == x.kthvalue(1).values.item() == 3


def test_unique_numbers_come_in_order_with_places_and_counts(device):
    x = Tensor([[3, 1], [3, 2]], device=device)
    values, inverse, counts = x.unique(return_inverse=True, return_counts=True)
    assert (values.tolist(), inverse.tolist(), counts.tolist()) == (
        [1, 2, 3], [[2, 0], [2, 1]], [1, 1, 2])  # fmt: skip
    assert values.dtype == tl.int64 and counts.dtype == tl.int64


def test_unique_compares_whole_entries_of_an_axis():
    x = Tensor([[2, 1], [0, 5], [2, 1]])
    values, inverse = x.unique(return_inverse=True, dim=0)
    assert values.tolist() == [[0, 5], [2, 1]] and inverse.tolist() == [1, 0, 1]
    assert x.transpose().unique(dim=1).tolist() == [[0, 2], [5, 1]]


def test_every_nan_is_unique():
    assert Tensor([NAN, 1.0, NAN]).unique().shape == (3,)


def test_what_equals_the_one_before_is_left_out():
    x = Tensor([1, 1, 2, 1])
    values, inverse, counts = x.unique_consecutive(return_inverse=True, return_counts=True)
    assert values.tolist() == [1, 2, 1] and counts.tolist() == [2, 1, 1]
    assert inverse.tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("shape", [(0,), (0, 2)])
def test_of_nothing_nothing_is_unique(shape):
    x = Tensor.zeros(*shape)
    assert x.unique().shape == (0,) and x.unique(dim=0).shape == shape
    assert x.unique_consecutive(return_counts=True)[1].shape == (0,)


def test_places_of_what_is_not_zero_index_it(device):
    x = Tensor([[0.0, 2.0], [NAN, 0.0]], device=device)
    assert x.nonzero().tolist() == x.argwhere().tolist() == [[0, 1], [1, 0]]
    rows, columns = x.nonzero(as_tuple=True)
    assert rows.tolist() == [0, 1] and columns.tolist() == [1, 0]
    assert x[rows, columns].numpy()[0] == 2
    assert Tensor(3.0).nonzero().shape == (1, 0) and Tensor(0.0).nonzero(as_tuple=True)[
        0
    ].shape == (0,)


@pytest.mark.parametrize("op", ["unique", "unique_consecutive", "nonzero"])
def test_a_captured_function_names_what_depends_on_the_numbers(op):
    captured = tl.capture(lambda x: getattr(x, op)())
    with pytest.raises(CaptureError, match=f"how many numbers {op} gives depends on them"):
        captured(Tensor([1.0, 0.0]))


def test_a_captured_order_is_that_of_the_numbers_that_come():
    captured = tl.capture(lambda x: (x.sort().indices, x.median(), x.cumsum(0)))
    for numbers in ([3.0, 1.0, 2.0], [1.0, 2.0, 3.0], [5.0, 7.0, -1.0]):
        places, middle, sums = captured(Tensor(numbers, requires_grad=False))
        assert places.tolist() == np.argsort(numbers).tolist()
        assert middle.item() == sorted(numbers)[1]
        assert sums.tolist() == np.cumsum(numbers).tolist()


def test_places_can_come_as_int32():
    steps = Tensor([1.0, 2.0])
    assert steps.searchsorted(1.5, out_int32=True).dtype == tl.int32
    assert tl.bucketize(Tensor([1.5]), steps, out_int32=True).tolist() == [1]


def test_the_order_of_numbers_that_were_computed_is_lazy(device):
    x = Tensor([3.0, 1.0, 2.0], device=device)
    found = [*(x * 2).sort(), (x * 2).cumsum(0), (x * 2).median(), (x * 2).quantile(0.5)]
    assert all(t.node.buffer is None for t in found)
    assert [t.tolist() for t in found] == [[2, 4, 6], [1, 2, 0], [6, 8, 12], 4, 4]


@pytest.mark.parametrize("size", [40_000, 100_001])
def test_a_long_running_sum_keeps_the_digits_of_float32(size, device):
    numbers = np.random.default_rng(0).random(size).astype("f")
    want = np.cumsum(numbers.astype("d"))
    got = Tensor(numbers, device=device).cumsum(0).numpy()
    np.testing.assert_allclose(got, want, rtol=2.5e-7)


@pytest.mark.parametrize("odd", [np.inf, NAN])
def test_a_long_running_sum_is_right_before_an_infinity(odd, device):
    numbers = np.ones(80_000, "f")
    numbers[30_000] = odd
    got = Tensor(numbers, device=device).cumsum(0).numpy()
    assert (got[:30_000] == np.arange(1, 30_001)).all()
    assert not np.isfinite(got[30_000:]).any()


@pytest.mark.parametrize(
    ("wrong", "says", "repair"),
    [
        (lambda x: x.topk(4), "k is from 0 to 3", lambda x: x.topk(3, 0)),
        (lambda x: x.kthvalue(0), "k is from 1 to 3", lambda x: x.kthvalue(3, 0)),
        (lambda x: x.quantile(1.5), "a share is from 0 to 1", lambda x: x.quantile(0.5)),
        (lambda x: x.long().quantile(0.5), "needs floats", lambda x: x.long().float().quantile(0)),
        (lambda x: x.searchsorted(1.0, side="up"), "side is 'left' or 'right'",
         lambda x: x.searchsorted(1.0, side="left")),
        (lambda x: x.quantile(0.5, interpolation="linea"), "did you mean 'linear'",
         lambda x: x.quantile(0.5, interpolation="linear")),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(wrong, says, repair):
    x = Tensor([1.0, 2.0, 3.0])
    with pytest.raises((ShapeError, ValueError, tl.DTypeError), match=says):
        wrong(x)
    repair(x)
