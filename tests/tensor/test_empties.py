"""Axes of no numbers, in every form of kernel: what NumPy gives, and gradients of zeros."""

import numpy as np
import pytest

from tests.tensor.table import Case
from tests.tensor.together import computed
from tinylearn.errors import TinylearnError
from tinylearn.tensor import Tensor

SHAPES = ((0, 3), (0, 600), (600, 0), (2, 0, 700), (2, 700, 0), (0, 2, 700), (0, 0), (513, 0, 3))
NOTHING = np.zeros(0, np.int64)
EMPTY: list[Case] = []


def row(name, run, numpy, *shapes, slope=True):
    EMPTY.append(Case(name, run, numpy, shapes, dtype="float32", slope=slope))


def after(y):
    """What follows a total, in Tensor's words and NumPy's."""
    return y * 2 + 1


def np_softmax(x, axis):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


for s in SHAPES:
    for a in (None, *range(len(s))):
        for name in ("sum", "mean", "prod", "var"):
            if name == "prod" and a is None:
                continue

            def one(x, a=a, name=name):
                return getattr(x * x + 1, name)(*([] if a is None else [a]))

            def of_numpy(x, a=a, name=name):
                with np.errstate(all="ignore"):
                    options = {"ddof": 1} if name == "var" else {}
                    return getattr(x * x + 1, name)(axis=a, **options)

            row(f"{name}({a})", one, of_numpy, s)
            row(
                f"{name}({a})*2+1",
                lambda x, f=one: after(f(x)),
                lambda x, f=of_numpy: f(x) * 2 + 1,
                s,
            )
    for a in range(len(s)):
        row(
            f"softmax({a})",
            lambda x, a=a: after(x.softmax(a)),
            lambda x, a=a: after(np_softmax(x, a)),
            s,
        )
        row(f"cumsum({a})", lambda x, a=a: after(x.cumsum(a)), lambda x, a=a: after(x.cumsum(a)), s)
    row("two totals", lambda x: x.sum(0) + (x * x).sum(0) * 2, lambda x: x.sum(0), s)
    row("less its mean", lambda x: after(x - x.mean(0)), lambda x: x, s) if 0 not in s[1:] else None

for m, k, n in (
    (0, 4, 5),
    (3, 0, 5),
    (3, 4, 0),
    (0, 0, 0),
    (200, 0, 200),
    (0, 200, 200),
    (600, 0, 2),
):
    row("x@y", lambda x, y: x @ y, np.matmul, (m, k), (k, n))
    row("x@y*2+1", lambda x, y: after(x @ y), lambda x, y: after(x @ y), (m, k), (k, n))
    row("batch of x@y", lambda x, y: after(x @ y), lambda x, y: after(x @ y), (2, m, k), (2, k, n))
    row("x@y+b", lambda x, y, b: (x @ y + b).exp(), lambda x, y, b: np.exp(x @ y + b),
        (m, k), (k, n), (n,), slope=False)  # fmt: skip

for first, second, axis in (((0, 3), (2, 3), 0), ((0, 3), (0, 3), 0), ((600, 0), (600, 3), 1)):
    row("cat", lambda x, y, a=axis: after(Tensor.cat([x, y], a)),
        lambda x, y, a=axis: after(np.concatenate([x, y], a)), first, second,
        slope=False)  # fmt: skip
row(
    "stack",
    lambda x, y: after(Tensor.stack([x, y]).sum(1)),
    lambda x, y: np.ones((2, 3)),
    (0, 3),
    (0, 3),
)
for shape in ((3, 700), (3, 2), (700, 3)):
    ones = np.ones(shape[1])
    row(
        "nobody's mean",
        lambda x: after(x[x.sum(1) > 1e4].mean(0)),
        lambda x, o=ones: o * np.nan,
        shape,
    )
    row("nobody's sum", lambda x: after(x[x.sum(1) > 1e4].sum(0)), lambda x, o=ones: o, shape)
    row("a part of nothing", lambda x: after(x[1:1].sum(0)), lambda x, o=ones: o, shape)
    row(
        "no index",
        lambda x: after(x[Tensor(NOTHING, device=x.device)].sum(0)),
        lambda x, o=ones: o,
        shape,
    )
row("repeated", lambda x: (x.expand(0, 700) + 1).sum(0), lambda x: np.zeros(700), (0, 1))
row("padded", lambda x: after(x.pad((1, 1), (300, 300)).sum(1)), lambda x: np.ones(2), (0, 3))
for shape, shown in (((0, 3, 8, 8), (0, 4, 6, 6)), ((2, 0, 8, 8), (2, 4, 6, 6))):
    weight = (4, shape[1], 3, 3)
    row("conv2d", lambda x, w: x.conv2d(w) + 1, lambda x, w, s=shown: np.ones(s), shape, weight)
row("max_pool2d", lambda x: x.max_pool2d(2), lambda x: np.ones((0, 3, 4, 4)), (0, 3, 8, 8))
for c in (5, 600):
    for how, value in (("mean", np.nan), ("sum", 0.0), ("none", np.zeros(0))):
        row(f"cross_entropy {how}",
            lambda x, how=how: x.cross_entropy(Tensor(NOTHING, device=x.device), reduction=how),
            lambda x, value=value: value, (0, c))  # fmt: skip
EMPTIES = tuple(EMPTY)


def built(case, device):
    """A row's result and the gradients of its sum, not computed yet."""
    given = [Tensor(a, device=device) for a in case.arrays()]
    got = case.run(*given)
    got.sum().backward()
    return [got, *(x.grad for x in given)]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("case", EMPTIES, ids=lambda c: c.id)
def test_a_row_without_numbers_gives_what_numpy_gives(case, device):
    got, *slopes = computed(built, EMPTIES, case, device)
    want = np.asarray(case.numpy(*case.arrays()))
    assert got.shape == want.shape
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-5)
    for slope, array in zip(slopes, case.arrays()):
        assert slope.shape == array.shape
        if case.slope:
            np.testing.assert_array_equal(slope.numpy(), np.zeros_like(array))


@pytest.mark.parametrize(
    "shape, axis", [((0, 3), 0), ((600, 0), 1), ((0,), None), ((2, 0, 700), 1)]
)
def test_the_largest_of_nothing_is_an_error(shape, axis, device):
    for name in ("max", "min", "argmax"):
        x = Tensor(np.zeros(shape, np.float32), device=device)
        with pytest.raises((TinylearnError, ValueError)):
            getattr(x, name)(*([] if axis is None else [axis]))


@pytest.mark.parametrize("shape, axis", [((0, 3), 1), ((0, 600), 1), ((600, 0), 0)])
def test_where_nothing_is_asked_for_there_is_no_largest(shape, axis, device):
    x = Tensor(np.zeros(shape, np.float32), device=device)
    assert x.max(axis).shape == (0,) and x.max(axis).numpy().size == 0
