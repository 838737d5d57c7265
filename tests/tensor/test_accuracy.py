"""Numbers hold 2 units in the last place (pow 4) over all of float32, on every device.

Judged by float64: NumPy's functions, or a formula of its own that loses nothing there.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinylearn import Tensor

INF, NAN = math.inf, math.nan
SPECIAL = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 1e-45, -1e-45, 1e-39, 3.4e38, -3.4e38, 0.5, 2.0]


def sweep() -> np.ndarray:
    """Every 200,003rd float32, a dense grid where functions bend, kinks and their neighbours."""
    bits = np.arange(0, 1 << 32, 200_003, dtype=np.uint64).astype(np.uint32).view(np.float32)
    grid = np.linspace(-110, 110, 8_001, dtype=np.float32)
    near = np.linspace(-3, 3, 4_001, dtype=np.float32)
    tiny = np.geomspace(1e-45, 1, 500).astype(np.float32)
    return np.concatenate([bits, grid, near, tiny, -tiny, np.array(SPECIAL, np.float32)])


X = sweep()


def off(got: np.ndarray, right: np.ndarray) -> np.ndarray:
    """How many units in the last place of float32 each number is off."""
    assert got.dtype == np.float32
    rounded = right.astype(np.float32)
    unit = np.spacing(np.abs(np.where(np.isfinite(rounded), rounded, 3e38)).astype(np.float32))
    same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
    distance = np.abs(
        np.clip(got, -3.5e38, 3.5e38).astype(np.float64) - np.clip(right, -3.5e38, 3.5e38)
    )
    return np.where(same, 0, np.where(np.isnan(distance), INF, distance / unit))


def decay(x):
    return np.exp(-np.abs(x))


def share(x):
    """The sigmoid."""
    return np.where(x < 0, decay(x), 1) / (1 + decay(x))


def bent(x):
    """The argument of gelu's sigmoid."""
    return 2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)


def softplus(x):
    return np.maximum(x, 0) + np.log1p(decay(x))


def times(x, factor):
    """x times a factor, which wins where it is 0."""
    return np.where(factor == 0, 0, x * factor)


def both_sides(x):
    """The slope of the sigmoid."""
    return decay(x) / (1 + decay(x)) ** 2


def gelu_slope(x):
    u = bent(np.clip(x, -50, 50))
    return share(u) + np.clip(x, -50, 50) * 2 * np.sqrt(2 / np.pi) * (
        1 + 3 * 0.044715 * np.clip(x, -50, 50) ** 2
    ) * both_sides(u)


def mish_slope(x):
    x = np.clip(x, -700, 700)
    t = np.tanh(softplus(x))
    return t + x * share(x) / np.cosh(softplus(x)) ** 2


def bell(x):
    """The slope of erf."""
    return 2 / np.sqrt(np.pi) * np.exp(-x * x)


FUNCTIONS = {
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda x: 1 / x),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "tan": (np.tan, lambda x: 1 / np.cos(x) ** 2),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "rsqrt": (lambda x: 1 / np.sqrt(x), None),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / (x * x)),
    "log2": (np.log2, lambda x: 1 / (x * np.log(2))),
    "exp2": (np.exp2, lambda x: np.exp2(x) * np.log(2)),
    "sigmoid": (share, both_sides),
    "tanh": (np.tanh, lambda x: 4 * both_sides(2 * x)),
    "silu": (
        lambda x: times(x, share(x)),
        lambda x: share(x) + times(np.clip(x, -1e3, 1e3), both_sides(x)),
    ),
    "gelu": (lambda x: times(x, share(bent(x))), gelu_slope),
    "softplus": (softplus, share),
    "logsigmoid": (lambda x: -softplus(-x), lambda x: share(-x)),
    "mish": (None, mish_slope),
    "log1p": (np.log1p, lambda x: 1 / (1 + x)),
    "expm1": (np.expm1, np.exp),
    "log10": (np.log10, lambda x: 1 / (x * np.log(10))),
    "sinh": (np.sinh, np.cosh),
    "cosh": (np.cosh, np.sinh),
    "asinh": (np.arcsinh, lambda x: 1 / np.sqrt(x * x + 1)),
    "acosh": (np.arccosh, lambda x: 1 / np.sqrt((x - 1) * (x + 1))),
    "atanh": (np.arctanh, lambda x: 1 / ((1 - x) * (1 + x))),
    "asin": (np.arcsin, lambda x: 1 / np.sqrt((1 - x) * (1 + x))),
    "acos": (np.arccos, lambda x: -1 / np.sqrt((1 - x) * (1 + x))),
    "atan": (np.arctan, lambda x: 1 / (1 + x * x)),
    "logit": (None, lambda x: 1 / (x * (1 - x))),
    "erf": (np.vectorize(math.erf), bell),
    "erfc": (np.vectorize(math.erfc), lambda x: -bell(x)),
    "softsign": (lambda x: np.where(np.isinf(x), np.nan, x / (1 + abs(x))), None),
    "tanhshrink": (None, lambda x: np.tanh(x) ** 2),
    "hardswish": (lambda x: np.where(x < -3, 0, x * np.clip(x / 6 + 0.5, 0, 1)), None),
    "elu": (lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), None),
}


def results(name: str, device: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values and the slopes that a device finds."""
    leaf = Tensor(x, device=device, requires_grad=True)
    y = getattr(leaf, name)()
    y.sum().backward()
    return y.numpy(), leaf.grad.numpy()


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if FUNCTIONS[n][0]])
def test_a_function_is_within_two_units_of_float64(name, device):
    with np.errstate(all="ignore"):
        right = FUNCTIONS[name][0](X.astype(np.float64))
        wrong = off(results(name, device, X)[0], right)
        assert wrong.max() <= 2, f"{wrong.max():.3g} at {X[wrong.argmax()]!r}"


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if FUNCTIONS[n][1]])
def test_a_slope_is_within_four_units_of_float64(name, device):
    with np.errstate(all="ignore"):
        right = FUNCTIONS[name][1](X.astype(np.float64))
        wrong = off(results(name, device, X)[1], right)
        if name == "mish":  # the judge itself loses the digits of a slope that is nearly 0
            wrong[np.abs(right) < 1e-7] = 0
        assert wrong.max() <= 4, f"{wrong.max():.3g} at {X[wrong.argmax()]!r}"


@pytest.mark.parametrize("name", ["silu", "gelu", "mish", "relu", "softplus", "sigmoid"])
def test_minus_infinity_gives_zero_and_a_slope_of_zero(name, device):
    value, slope = results(name, device, np.array([-INF], np.float32))
    assert (value[0], slope[0]) == (0, 0)


@pytest.mark.parametrize(
    "name", ["softplus", "logsigmoid", "mish", "silu", "gelu", "sigmoid", "tanh"]
)
def test_a_second_slope_agrees_with_the_difference_of_slopes_at_zero_too(name, device):
    points = np.array([-2.0, -0.5, 0.0, 0.5, 2.0])
    x = Tensor(points, device=device, requires_grad=True)
    (slope,) = getattr(x, name)().sum().gradient(x)
    (second,) = slope.sum().gradient(x)
    h = 1e-5
    ahead, behind = (results(name, device, points + s)[1] for s in (h, -h))
    np.testing.assert_allclose(second.numpy(), (ahead - behind) / (2 * h), rtol=1e-6, atol=1e-8)


# ---------------------------------------------------------------- division


PAIRS = np.random.RandomState(0)
A = np.concatenate([
    np.repeat(np.array(SPECIAL, np.float32), len(SPECIAL)),
    PAIRS.randint(0, 1 << 32, 20_000, dtype=np.uint64).astype(np.uint32).view(np.float32),
    (PAIRS.randn(20_000) * 100).astype(np.float32),
])  # fmt: skip
B = np.concatenate([
    np.tile(np.array(SPECIAL, np.float32), len(SPECIAL)),
    PAIRS.randint(0, 1 << 32, 20_000, dtype=np.uint64).astype(np.uint32).view(np.float32),
    PAIRS.randn(20_000).astype(np.float32),
])  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_floats_divide_round_down_and_leave_a_rest_exactly_as_in_numpy(dtype, device):
    with np.errstate(all="ignore"):
        a, b = A.astype(dtype), B.astype(dtype)
        x, y = Tensor(a, device=device), Tensor(b, device=device)
        np.testing.assert_array_equal((x / y).numpy(), a / b)
        np.testing.assert_array_equal((x // y).numpy(), a // b)
        np.testing.assert_array_equal((x % y).numpy(), a % b)


@pytest.mark.parametrize("number", [41, 3, 0.1, 1e-39, 7.0, -0.3, 1e10])
def test_a_number_divides_as_an_array_of_it_does(number, device):
    a = np.concatenate([np.arange(-1000, 1001), np.array(SPECIAL)]).astype(np.float32)
    with np.errstate(all="ignore"):
        x = Tensor(a, device=device)
        np.testing.assert_array_equal((x / number).numpy(), a / np.float32(number))
        np.testing.assert_array_equal((number / x).numpy(), np.float32(number) / a)
        np.testing.assert_array_equal((x // number).numpy(), a // np.float32(number))
        np.testing.assert_array_equal((x % number).numpy(), a % np.float32(number))


def test_the_mean_of_equal_numbers_is_that_number(device):
    for n in (3, 41, 49, 1000):
        assert Tensor(np.ones(n, np.float32), device=device).mean().item() == 1


# ---------------------------------------------------------------- powers


EXPONENTS = [0, 1, 2, 3, 4, 7, 10, 64, 65, -1, -2, -3, 0.5, 1.5, 2.5, 1 / 3, -1.5, INF, -INF, NAN]


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_a_power_and_its_slope_are_within_four_units(exponent, device):
    with np.errstate(all="ignore"):
        wide = X.astype(np.float64)
        right = np.power(wide, float(exponent))
        slope = exponent * np.power(wide, exponent - 1.0) if exponent else wide * 0 + 0
        slope = np.zeros_like(wide) if exponent == 0 else slope
        if exponent in (0.5, 1.5):  # a root: NaN at -inf, with the sign of -0.0
            asked = (wide != -INF) & (wide != 0)
            right, slope = np.where(asked, right, NAN), np.where(asked, slope, NAN)
        else:
            asked = np.ones(X.shape, bool)
        x = Tensor(X, device=device, requires_grad=True)
        y = x**exponent
        y.sum().backward()
        assert off(y.numpy(), right)[asked].max() <= 4
        assert off(x.grad.numpy(), slope)[asked].max() <= 4


@pytest.mark.parametrize(
    ("x", "y", "value", "by_x", "by_y"),
    [
        (0.0, 0.0, 1, 0, 0),
        (NAN, 0.0, 1, 0, NAN),
        (1.0, NAN, 1, NAN, 0),
        (0.0, 2.0, 0, 0, 0),
        (0.0, -1.0, INF, -INF, -INF),
        (-0.0, -1.0, -INF, -INF, INF),
        (-2.0, 3.0, -8, 12, NAN),
        (-2.0, 0.5, NAN, NAN, NAN),
        (-1.0, INF, 1, INF, NAN),
        (INF, 2.0, INF, INF, INF),
        (-INF, 3.0, -INF, INF, NAN),
        (0.5, INF, 0, 0, 0),
    ],
)
def test_a_power_of_tensors_has_pytorchs_values_at_the_edges(x, y, value, by_x, by_y, device):
    a, b = (Tensor([v], device=device, requires_grad=True) for v in (x, y))
    z = a**b
    z.sum().backward()
    got = [z.item(), a.grad.item(), b.grad.item()]
    np.testing.assert_array_equal(got[0], value)
    np.testing.assert_array_equal(got[2], by_y)
    if not (x == -1 and y == INF) and not math.isinf(y):
        np.testing.assert_array_equal(got[1], by_x)


# ---------------------------------------------------------------- losses, flat functions, float16


def test_losses_keep_their_digits_where_the_answer_is_nearly_sure(device):
    def small(x):
        return math.log1p(math.exp(-x))

    for x in (20.0, 40.0, 80.0):
        logits = Tensor([[x, 0.0]], device=device)
        got = [
            logits.cross_entropy(Tensor([0], device=device)).item(),
            -logits.log_softmax(1).numpy()[0, 0],
            logits[0, :1].binary_cross_entropy_with_logits(Tensor([1.0], device=device)).item(),
        ]
        np.testing.assert_allclose(got, small(x), rtol=3e-7)
        both = Tensor([x, -x], device=device, requires_grad=True)
        truth = Tensor([1.0, 0.0], device=device)
        both.binary_cross_entropy_with_logits(truth, reduction="sum").backward()
        np.testing.assert_allclose(both.grad.numpy(), [-math.exp(-x), math.exp(-x)], rtol=3e-7)


def test_binary_cross_entropy_is_finite_at_zero_and_one(device):
    x = Tensor([0.0, 1.0, 0.0, 1.0], device=device, requires_grad=True)
    y = Tensor([0.0, 1.0, 1.0, 0.0], device=device)
    losses = x.binary_cross_entropy(y, reduction="none")
    losses.sum().backward()
    np.testing.assert_array_equal(losses.numpy(), [0, 0, 100, 100])
    np.testing.assert_allclose(x.grad.numpy(), [0, 0, -1e12, 1e12])


@pytest.mark.parametrize("flat", [
    lambda x: x.sign(), lambda x: x.floor(), lambda x: x.ceil(), lambda x: x.round(),
    lambda x: x.round(1), lambda x: x.trunc(), lambda x: x // 2, lambda x: 2 // x, lambda x: x**0,
])  # fmt: skip
def test_what_is_flat_has_a_gradient_of_zeros(flat, device):
    x = Tensor([-1.5, 0.25, 3e9], device=device, requires_grad=True)
    y = flat(x)
    assert y.requires_grad
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [0, 0, 0])


def test_float16_adds_up_as_float32(device):
    ones = Tensor(np.ones((5000, 1), np.float16), device=device)
    assert ones.sum().item() == 5000
    assert Tensor(np.full(10, 300, np.float16), device=device).norm().item() == 948.5
    bias = Tensor(np.zeros(1, np.float16), device=device, requires_grad=True)
    (ones + bias).sum().backward()
    assert bias.grad.item() == 5000
    assert (ones.transpose() @ ones).item() == 5000
