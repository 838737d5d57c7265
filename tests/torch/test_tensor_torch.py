"""Every row of the Tensor table that PyTorch has gives the same numbers and gradients there."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tests.tensor.cases import CASES  # noqa: E402
from tinylearn.tensor import Tensor  # noqa: E402

pytestmark = [
    pytest.mark.torch,
    pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning"),
]
SHARED = [c for c in CASES if c.torch is not None]


@pytest.mark.parametrize("case", SHARED, ids=lambda c: c.id)
def test_a_method_gives_what_pytorch_gives(case):
    arrays = case.arrays()
    theirs = [torch.tensor(a, requires_grad=case.slope) for a in arrays]
    ours = [Tensor(a) for a in arrays]
    want, got = case.torch(*theirs), case.run(*ours)
    assert got.shape == tuple(want.shape)
    assert got.dtype.name == str(want.dtype).removeprefix("torch.")
    np.testing.assert_allclose(got.numpy(), want.detach().numpy(), rtol=1e-6, atol=1e-9)
    if case.slope and want.numel():
        weights = np.random.default_rng(1).uniform(0.5, 1.5, got.shape)
        (want * torch.tensor(weights)).sum().backward()
        (got * weights).sum().backward()
        for x, y in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("first", ["bool", "int32", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("second", ["bool", "int32", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("operator", ["add", "mul", "div"])
def test_dtypes_promote_as_in_pytorch(first, second, operator):
    x, y = Tensor([1, 0]).cast(first), Tensor([1, 1]).cast(second)
    a, b = (torch.tensor(t.numpy()) for t in (x, y))
    want = getattr(torch, operator)(a, b)
    got = getattr(x, operator)(y)
    assert got.dtype.name == str(want.dtype).removeprefix("torch.")
    np.testing.assert_array_equal(got.numpy(), want.numpy())


@pytest.mark.parametrize("number", [True, 2, 0.5])
@pytest.mark.parametrize("dtype", ["bool", "int32", "int64", "float16", "float32", "float64"])
def test_numbers_promote_as_in_pytorch(dtype, number):
    x = Tensor([1, 0]).cast(dtype)
    for got, want in ((x * number, torch.tensor(x.numpy()) * number),
                      (number + x, number + torch.tensor(x.numpy()))):  # fmt: skip
        assert got.dtype.name == str(want.dtype).removeprefix("torch.")
        np.testing.assert_array_equal(got.numpy(), want.numpy())


SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30, -1e30, 1e-40, 100.0, -100.0], "f")


@pytest.mark.parametrize(
    "name",
    ["relu", "sigmoid", "tanh", "exp", "abs", "sqrt", "isnan", "isinf", "isfinite", "floor",
     "round", "reciprocal", "sum", "mean", "max", "min", "argmax", "argmin", "cumsum", "prod",
     "log1p", "expm1", "log10", "sinh", "cosh", "asinh", "acosh", "atanh", "asin", "acos", "atan",
     "erf", "erfc", "signbit", "trunc", "nan_to_num", "nansum", "nanmean", "cumprod",
     "logcumsumexp", "count_nonzero", "norm", "deg2rad", "diff", "softmax", "logsumexp"],
)  # fmt: skip
def test_special_numbers_come_out_as_in_pytorch(name):
    option = [0] if name in ("cumsum", "cumprod", "logcumsumexp", "softmax", "logsumexp") else []
    want = getattr(torch.tensor(SPECIAL), name)(*option).numpy()
    np.testing.assert_allclose(getattr(Tensor(SPECIAL), name)(*option).numpy(), want, 1e-5, 1e-37)


@pytest.mark.parametrize(
    "name",
    ["relu", "sigmoid", "tanh", "abs", "softplus", "silu", "logsigmoid", "hardswish", "hardsigmoid",
     "softsign", "tanhshrink", "softshrink", "hardshrink", "selu", "celu", "erf", "erfc", "asinh",
     "atan", "frac", "nan_to_num"],
)  # fmt: skip
def test_slopes_at_special_numbers_are_as_in_pytorch(name):
    numbers = SPECIAL[3:]
    theirs = torch.tensor(numbers, requires_grad=True)
    function = getattr(torch, name, None) or getattr(torch.nn.functional, name)
    function(theirs).sum().backward()
    ours = Tensor(numbers)
    getattr(ours, name)().sum().backward()
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), 1e-5, 1e-30)


@pytest.mark.parametrize(
    "name", ["atan2", "hypot", "logaddexp", "copysign", "fmod", "remainder", "isclose", "xlogy"]
)
def test_special_pairs_come_out_as_in_pytorch(name):
    x, y = np.repeat(SPECIAL, len(SPECIAL)), np.tile(SPECIAL, len(SPECIAL))
    want = getattr(torch, name)(torch.tensor(x), torch.tensor(y)).numpy()
    got = getattr(Tensor(x), name)(Tensor(y)).numpy()
    with np.errstate(all="ignore"):  # where x / y is infinite PyTorch's rest is NaN, NumPy's is not
        known = ~(np.isfinite(x) & np.isinf(x / y) & (y != 0)) | (name not in ("fmod", "remainder"))
    got, want = got[known], want[known]
    np.testing.assert_allclose(got, want, 1e-5, 1e-37)


@pytest.mark.parametrize(
    "name", ["atan2", "logaddexp", "fmod", "hypot", "div", "xlogy", "copysign"]
)
@pytest.mark.parametrize("first", ["bool", "int32", "float16", "float64"])
@pytest.mark.parametrize("second", ["int64", "float32"])
def test_functions_of_two_promote_as_in_pytorch(name, first, second):
    x, y = Tensor([1, 0]).cast(first), Tensor([1, 1]).cast(second)
    try:
        want = getattr(torch, name)(torch.tensor(x.numpy()), torch.tensor(y.numpy()))
    except RuntimeError:
        pytest.skip("PyTorch has it not for these dtypes")
    got = getattr(x, name)(y)
    assert got.dtype.name == str(want.dtype).removeprefix("torch.")
    np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-3)


@pytest.mark.parametrize("operator", ["lt", "le", "gt", "ge", "eq", "ne", "maximum", "minimum"])
def test_comparisons_of_special_numbers_are_as_in_pytorch(operator):
    x, y = np.repeat(SPECIAL, len(SPECIAL)), np.tile(SPECIAL, len(SPECIAL))
    want = getattr(torch, operator)(torch.tensor(x), torch.tensor(y)).numpy()
    method = operator if operator.endswith("imum") else f"__{operator}__"
    np.testing.assert_array_equal(getattr(Tensor(x), method)(Tensor(y)).numpy(), want)


def test_a_tensor_of_pytorch_becomes_ours_and_back():
    x = torch.arange(6.0).reshape(2, 3)
    ours = Tensor(x)
    assert ours.dtype.name == "float32" and torch.equal(torch.tensor(ours.numpy()), x)
    assert torch.equal(torch.from_numpy(np.array(ours)), x)  # np.asarray(ours) is read-only
