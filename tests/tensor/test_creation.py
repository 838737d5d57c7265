"""New tensors, what Python asks of them, and random numbers."""

import math

import numpy as np
import pytest

from tinylearn.devices.device import Device
from tinylearn.errors import DTypeError, ShapeError, TinylearnError
from tinylearn.tensor import Tensor, manual_seed

MADE = {
    "zeros": (Tensor.zeros(2, 3), np.zeros((2, 3), "f")),
    "zeros of a tuple": (Tensor.zeros((2, 3), dtype=int), np.zeros((2, 3), "i8")),
    "one zero": (Tensor.zeros(), np.zeros((), "f")),
    "ones": (Tensor.ones(0, 2), np.ones((0, 2), "f")),
    "full": (Tensor.full((2,), 3), np.full(2, 3)),
    "full of floats": (Tensor.full(2, math.inf), np.full(2, np.inf, "f")),
    "full of bools": (Tensor.full((2, 1), True), np.full((2, 1), True)),
    "empty": (Tensor.empty(2), np.zeros(2, "f")),
    "arange": (Tensor.arange(5), np.arange(5)),
    "arange from": (Tensor.arange(2, 9, 3), np.arange(2, 9, 3)),
    "arange down": (Tensor.arange(5, 0, -2), np.arange(5, 0, -2)),
    "arange of floats": (Tensor.arange(0, 1, 0.25), np.arange(0, 1, 0.25, "f")),
    "arange of nothing": (Tensor.arange(3, 3), np.arange(0)),
    "linspace": (Tensor.linspace(0, 1, 5), np.linspace(0, 1, 5, dtype="f")),
    "eye": (Tensor.eye(3), np.eye(3, dtype="f")),
    "eye of two": (Tensor.eye(2, 3, dtype="int32"), np.eye(2, 3, dtype="i4")),
    "zeros_like": (Tensor([[1, 2]]).zeros_like(), np.zeros((1, 2), "i8")),
    "ones_like": (Tensor([1.0]).ones_like(dtype="float64"), np.ones(1)),
    "full_like": (Tensor([1.0, 2.0]).full_like(7), np.full(2, 7, "f")),
}


@pytest.mark.parametrize("name", MADE)
def test_new_tensors_are_as_in_numpy(name):
    got, want = MADE[name]
    assert got.dtype.numpy == want.dtype
    np.testing.assert_array_equal(got.numpy(), want)


def test_from_numpy_shares_the_memory_of_an_array_in_order_and_copies_any_other(device):
    array = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    x = Tensor.from_numpy(array, device=device, requires_grad=False)
    y = Tensor.from_numpy(array.T, device=device)
    assert y.requires_grad and not x.requires_grad
    array += 1
    assert (x * 1).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert (y * 1).tolist() == [[0, 3], [1, 4], [2, 5]]
    (x * 2).numpy()[...] = 0
    assert array.tolist() == [[1, 2, 3], [4, 5, 6]]
    with pytest.raises(TypeError, match=r"Try Tensor\(x\)"):
        Tensor.from_numpy([1.0])


def test_new_tensors_go_where_they_are_told(device):
    Device.DEFAULT = device
    for x in (Tensor([1.0]), Tensor.zeros(2), Tensor.randn(2), Tensor.arange(3), Tensor.eye(2)):
        assert x.device == device
        x.numpy()
    assert Tensor.ones(2, device="numpy").device == "numpy"
    assert Tensor([1.0], device="cpu").device == "numpy"


def test_a_tensor_of_one_value_takes_no_memory_until_it_is_used():
    x = Tensor.zeros(1000, 1000)
    assert x.node.buffer.data is None
    assert repr(x).count("...") and x.node.buffer.data is None


@pytest.mark.parametrize(
    "draw",
    [
        lambda: Tensor.rand(1000),
        lambda: Tensor.uniform(1000, low=-3, high=5),
        lambda: Tensor.randn(10, 100),
        lambda: Tensor.normal(1000, mean=2, std=0.5),
        lambda: Tensor.randint(1000, low=3, high=7),
        lambda: Tensor.randperm(1000),
        lambda: Tensor.zeros(1000, dtype="float64").rand_like(),
        lambda: Tensor.zeros(1000).randn_like(),
        lambda: Tensor.ones(1000).dropout(0.3),
    ],
)
def test_random_tensors_repeat_with_the_seed_and_differ_without(draw):
    manual_seed(1)
    first, second = draw().numpy(), draw().numpy()
    Tensor.manual_seed(1)
    np.testing.assert_array_equal(draw().numpy(), first)
    assert (first != second).any()


def test_random_numbers_have_the_distribution_they_should():
    x = Tensor.uniform(20_000, low=-3, high=5).numpy()
    assert x.min() >= -3 and x.max() < 5 and abs(x.mean() - 1) < 0.05
    assert abs(x.std() - 8 / 12**0.5) < 0.05
    x = Tensor.normal(20_000, mean=2, std=0.5).numpy()
    assert abs(x.mean() - 2) < 0.02 and abs(x.std() - 0.5) < 0.02
    x = Tensor.randint(20_000, low=3, high=7)
    assert x.dtype.name == "int64" and set(x.tolist()) == {3, 4, 5, 6}
    assert sorted(Tensor.randperm(9).tolist()) == list(range(9))
    assert Tensor.rand(3, dtype="float64").dtype.name == "float64"


def test_dropout_drops_and_scales_while_training_only():
    x = Tensor.ones(20_000)
    y = x.dropout(0.25)
    values = y.numpy()
    assert set(values) == {0, np.float32(1 / 0.75)} and abs((values == 0).mean() - 0.25) < 0.02
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), values)
    assert x.dropout(0).numpy().all() and not x.dropout(1).numpy().any()
    Tensor.training = False
    assert x.dropout(0.5).numpy().all()


# ---------------------------------------------------------------- what Python asks for


def test_python_gets_numbers_lists_and_truth():
    x = Tensor([[1, 2], [3, 4]])
    assert x.tolist() == [[1, 2], [3, 4]] and len(x) == 2
    assert [row.tolist() for row in x] == [[1, 2], [3, 4]]
    a, b = x
    assert (a + b).tolist() == [4, 6]
    assert int(x[1, 1]) == 4 and float(x[0, 0]) == 1.0 and [7, 8, 9][x[0, 1]] == 9
    assert 3 in x and 9 not in x
    assert Tensor(0.5) and not Tensor([[0]])
    assert x[0, 0] == 1 and x[0, 0].item() == 1
    assert f"{Tensor(0.25):.1f}" == "0.2" and f"{Tensor(2)}" == "Tensor(2)"
    assert round(float(Tensor(2.5).item())) == 2
    assert (x.ndim, x.size, x.numel(), x.shape) == (2, 4, 4, (2, 2))
    with pytest.raises(ShapeError, match="neither true nor false"):
        bool(x)
    with pytest.raises(ShapeError, match="item is for one number"):
        x.item()


def test_equality_is_number_by_number_and_tensors_are_keys():
    x, y = Tensor([1, 2]), Tensor([1, 3])
    assert (x == y).tolist() == [True, False] and (x != y).tolist() == [False, True]
    assert (x == None) is False and (x != "text") is True  # noqa: E711
    assert {x: "x", y: "y"}[y] == "y"


def test_numpy_and_tensors_mix_on_both_sides():
    x = Tensor([1.0, 2.0])
    array = np.array([10, 20], "f")
    for y in (array + x, x + array, [10.0, 20.0] + x, x + [10.0, 20.0]):
        assert isinstance(y, Tensor) and y.tolist() == [11, 22] and y.dtype.name == "float32"
    assert (np.float64(2) * x).dtype.name == "float32"
    assert (np.int64(2) * x).tolist() == [2, 4]
    assert (array @ x).item() == 50 and (array > x).tolist() == [True, True]
    assert np.asarray(x).tolist() == [1, 2] and np.asarray(x, "i8").dtype == np.int64
    assert np.concatenate([x, x]).tolist() == [1, 2, 1, 2]
    (array * x).sum().backward()
    assert x.grad.tolist() == [10, 20]


@pytest.mark.parametrize(
    "x, text",
    [
        (Tensor([1.0, 2.5]), "Tensor([1. , 2.5])"),
        (Tensor(3), "Tensor(3)"),
        (Tensor([True]), "Tensor([ True])"),
        (Tensor([1], dtype="int32"), "Tensor([1], int32)"),
        (Tensor.zeros(0, 2), "Tensor([], shape=(0, 2))"),
        (Tensor([1.0]) + 1, "Tensor(shape=(1,), float32, numpy, not computed yet)"),
    ],
)
def test_a_tensor_shows_its_numbers_or_what_it_will_be(x, text):
    before = x.node.buffer
    assert repr(x) == text and x.node.buffer is before


def test_several_tensors_are_computed_at_once():
    x = Tensor([1.0, 2.0])
    y, z = x * 2, x * 3
    Tensor.realize_all(y, z)
    assert y.node.buffer is not None and z.node.buffer is not None
    assert y.realize() is y


def test_sizes_and_axes_may_be_numpys_ints():
    two, x = np.int64(2), Tensor.zeros(2, 3)
    shapes = [x.reshape(two, -1), x.expand(two, 2, 3), x.sum(np.int32(0)), x.repeat(two, two)]
    shapes += [x[two - 1], x.one_hot(two) if x.dtype.kind == 1 else x, Tensor.ones(two)]
    for y in shapes:
        assert all(type(n) is int for n in y.shape), y.shape
    with pytest.raises(ShapeError, match="whole numbers"):
        x.reshape(2.5, 2)


def test_a_batch_of_no_images_gives_no_answers_and_no_crash():
    x, y = Tensor.zeros(0, 3), Tensor.zeros(0, dtype=int)
    loss = x.cross_entropy(y)
    assert math.isnan(loss.item()) and x.cross_entropy(y, "sum").item() == 0
    loss.backward()
    assert x.grad.shape == (0, 3) and x.grad.tolist() == []
    assert (x @ Tensor.zeros(3, 2)).relu().softmax().shape == (0, 2)


def test_ints_divide_and_take_powers_as_python_does():
    pairs = [(a, b) for a in range(-9, 10) for b in (-4, -3, -1, 1, 2, 7)]
    pairs += [(2**62 + 1, 3), (-(2**63), 2), (-(2**63), 3), (2**63 - 1, 2**31), (2**53 + 1, 1)]
    x, y = (Tensor([p[k] for p in pairs]) for k in (0, 1))
    assert (x // y).tolist() == [a // b for a, b in pairs]
    assert (x % y).tolist() == [a % b for a, b in pairs]
    zero = Tensor([0, 0])
    assert (Tensor([5, -5]) // zero).tolist() == [0, 0] and (Tensor([5, -5]) % zero).tolist() == [
        0,
        0,
    ]
    pairs = [(a, b) for a in range(-5, 6) for b in (0, 1, 2, 5, 20)] + [(-1, 100), (1, 99), (0, 70)]
    x, y = (Tensor([p[k] for p in pairs]) for k in (0, 1))
    assert (x**y).tolist() == [a**b for a, b in pairs]


def test_powers_of_special_numbers_are_those_of_numpy():
    special = np.array([-2.0, -1.5, -0.0, 0.0, 0.5, 1.0, 3.0, np.inf, np.nan])
    exponents = np.array([-3.0, -2.0, -0.5, 0.0, 1.0, 2.0, 2.5])
    x, y = np.repeat(special, len(exponents)), np.tile(exponents, len(special))
    keep = ~((x == 0) & np.signbit(x) & (y < 0))  # the sign of 1 / -0.0 is lost
    x, y = x[keep], y[keep]
    with np.errstate(all="ignore"):
        want = x**y
    np.testing.assert_allclose((Tensor(x) ** Tensor(y)).numpy(), want, rtol=1e-12)
    for exponent in exponents:
        with np.errstate(all="ignore"):
            want = special**exponent
        np.testing.assert_allclose(np.abs((Tensor(special) ** exponent).numpy()), np.abs(want))


def test_labels_out_of_range_are_found_where_they_are_known():
    x = Tensor.zeros(3, 4)
    with pytest.raises(ValueError, match="class 4 is not one of 0 to 3"):
        x.cross_entropy(Tensor([0, 4, 1]))
    with pytest.raises(TinylearnError, match="did you mean 'mean'"):
        x.cross_entropy(Tensor([0, 1, 1]), "maen")
    with pytest.raises(ValueError, match="class -100 is not one of 0 to 3"):
        x.cross_entropy(Tensor([0, -100, 1]), ignore_index=None)


@pytest.mark.parametrize("computed", [False, True])
def test_predictions_whose_label_is_minus_100_do_not_count(computed):
    x = Tensor([[2.0, 0.0], [0.0, 3.0], [1.0, 1.0]])
    y = Tensor([0, -100, 1])
    y = (y.reshape(3, 1) + Tensor.zeros(3, 5000, dtype="int64")).max(1) if computed else y
    rows = x[[0, 2]].cross_entropy(Tensor([0, 1])).item()
    assert x.cross_entropy(y).item() == pytest.approx(rows)
    assert x.log_softmax(1).nll_loss(y).item() == pytest.approx(rows)


def test_where_all_labels_count_the_loss_has_no_part_that_asks():
    x, y = Tensor([[2.0, 0.0]]), Tensor([0])
    assert x.cross_entropy(y).node is x.cross_entropy(y, ignore_index=None).node


def test_half_precision_adds_up_without_overflow(device):
    x = Tensor(np.full(4096, 16, "f2"), device=device)
    assert x.mean().item() == 16 and x.sum().dtype.name == "float16"
    rows = Tensor(np.full((2, 4096), 0.1, "f2"), device=device)
    assert abs((rows @ rows.T).numpy()[0, 0] - 40.9) < 0.5
    assert abs(rows.softmax().sum().item() - 2) < 0.01 and rows.var().item() < 1e-5
    assert abs(rows.logsumexp().item() - 9.11) < 0.02
    (rows * 2).mean().backward()
    assert rows.grad.dtype.name == "float16" and rows.grad.numpy().all()


def test_random_floats_are_not_cut_to_whole_numbers():
    for draw in (Tensor.rand, Tensor.randn, Tensor.uniform, Tensor.normal):
        with pytest.raises(DTypeError, match="would cut them") as error:
            draw(2, 3, dtype="int32")
        assert eval(str(error.value).rpartition("\nTry ")[2], {"Tensor": Tensor}).shape == (2, 3)
        assert draw(2, dtype="float64").dtype == "float64"


FIRST_WEIGHTS = {  # the largest number, or how far they spread, of (200, 3, 50)
    "scaled_uniform": (200 * 3 * 50) ** -0.5,
    "glorot_uniform": (6 / (200 + 150)) ** 0.5,
    "kaiming_uniform": (6 / 1.0001 / 150) ** 0.5,
    "kaiming_normal": (2 / 1.0001 / 150) ** 0.5,
}


@pytest.mark.parametrize("name", FIRST_WEIGHTS)
def test_first_weights_by_tinygrads_names_are_as_large_as_their_formula_says(name):
    manual_seed(3)
    x = getattr(Tensor, name)(200, 3, 50).numpy()
    found = x.std() if name.endswith("normal") else np.abs(x).max()
    assert found == pytest.approx(FIRST_WEIGHTS[name], rel=0.02)
    assert abs(x.mean()) < 0.02 * FIRST_WEIGHTS[name]
    with pytest.raises(ValueError):
        getattr(Tensor, name)(-3, 2)
