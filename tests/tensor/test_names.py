"""Names of PyTorch, NumPy and tinygrad: functions of the package, other names, methods with _."""

import math

import numpy as np
import pytest

import tinylearn as tl
from tinylearn.tensor import Tensor
from tinylearn.tensor.inplace import CHANGING
from tinylearn.tensor.synonyms import SYNONYMS

NUMBERS = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]], np.float32)


def words():
    """What the lines below may use."""
    return {
        "tl": tl,
        "Tensor": Tensor,
        "np": np,
        "x": Tensor(NUMBERS),
        "y": Tensor(NUMBERS[::-1].copy()),
    }


SAME = [  # what a lecturer pastes, and what it is in NumPy
    ("tl.tensor([1.0, 2.0])", "np.array([1.0, 2.0], 'f')"),
    ("tl.tensor([[1, 2]], dtype=tl.long)", "np.array([[1, 2]])"),
    ("tl.zeros((2, 3), dtype=tl.float)", "np.zeros((2, 3), 'f')"),
    ("tl.ones(2, 3)", "np.ones((2, 3), 'f')"),
    ("tl.arange(1, 7, 2)", "np.arange(1, 7, 2)"),
    ("tl.full((2,), 7)", "np.full(2, 7)"),
    ("tl.eye(3)", "np.eye(3, dtype='f')"),
    ("tl.linspace(0, 1, steps=5)", "np.linspace(0, 1, 5, dtype='f')"),
    ("tl.zeros_like(x)", "np.zeros_like(x)"),
    ("tl.ones_like(x, dtype=tl.int64)", "np.ones_like(x, int)"),
    ("tl.cat([x, y], dim=1)", "np.concatenate([x, y], 1)"),
    ("tl.stack((x, y))", "np.stack([x, y])"),
    ("tl.where(x > 0, x, y)", "np.where(x > 0, x, y)"),
    ("tl.meshgrid(x[0], y[0])[1]", "np.meshgrid(x[0], y[0], indexing='ij')[1]"),
    ("tl.exp(x)", "np.exp(x)"),
    ("tl.sum(x, dim=0)", "np.sum(x, 0)"),
    ("tl.max(x, dim=1)[1]", "np.argmax(x, 1)"),
    ("tl.maximum(x, y)", "np.maximum(x, y)"),
    ("tl.clamp(x, min=0, max=2)", "np.clip(x, 0, 2)"),
    ("tl.from_numpy(np.ones(2))", "np.ones(2)"),
    ("x.size(0) * x.element_size() + x.dim() + x.numel() + x.nelement()", "2 * 4 + 2 + 12"),
    ("x.new_zeros(2, 2)", "np.zeros((2, 2), 'f')"),
    ("x.new_ones((2, 2), dtype='int64')", "np.ones((2, 2), int)"),
    ("x.new_full((2,), 3.0)", "np.full(2, 3.0, 'f')"),
    ("x.new_tensor([1, 2])", "np.array([1, 2], 'f')"),
    ("x.view_as(y.mT)", "x.reshape(3, 2)"),
    ("x.H", "x.T"),
    ("x.reshape(shape=(3, 2))", "x.reshape(3, 2)"),
    ("x.permute(order=(1, 0))", "x.T"),
    ("x.clip(min_=0, max_=2)", "np.clip(x, 0, 2)"),
    ("x.type(tl.float64)", "x.astype('d')"),
    ("x.add(1).sub(2).mul(3).div(4).neg()", "-((x + 1 - 2) * 3 / 4)"),
    ("x.clamp_min(0) - x.clamp_max(0)", "np.abs(x)"),
    ("x.mean(dim=1, dtype='float64')", "np.mean(x, 1, dtype='d')"),
    ("x.softmax(1, dtype=tl.float64).sum(1)", "np.ones(2)"),
    ("x.diagonal(axis1=1, axis2=0)", "np.diagonal(x, axis1=1, axis2=0)"),
    ("x.sgn()", "np.sign(x)"),
    ("np.int64(7) << tl.tensor([1, 2])", "np.array([14, 28])"),
    ("tl.pi * tl.e", "np.pi * np.e"),
    ("tl.as_tensor([1, 2])", "np.array([1, 2])"),
    ("x.pad2d((1, 0, 2, 1), value=3.0)", "np.pad(x, ((2, 1), (1, 0)), constant_values=3)"),
]  # fmt: skip


@pytest.mark.parametrize(("theirs", "numpy"), SAME, ids=[row[0] for row in SAME])
def test_a_pasted_line_gives_what_numpy_gives(theirs, numpy):
    got = np.asarray(eval(theirs, words()))
    want = np.asarray(eval(numpy, {"np": np, "x": NUMBERS, "y": NUMBERS[::-1]}))
    assert got.dtype == want.dtype and got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_a_misspelled_function_offers_the_right_one():
    for wrong, right in (("zeross", "zeros"), ("sofmax", "softmax"), ("flot32", "float32")):
        with pytest.raises(AttributeError, match=f"did you mean '{right}'"):
            getattr(tl, wrong)
    with pytest.raises(AttributeError, match="it belongs to a tensor"):
        _ = tl.shape
    assert not hasattr(tl, "share") and not hasattr(tl, "__wrapped__")


def test_drawn_numbers_have_the_shapes_that_were_asked_for():
    tl.manual_seed(3)
    first = [tl.randn(2, 3), tl.rand((2, 3)), tl.randint(0, 5, (2, 3)), tl.randperm(6)]
    tl.manual_seed(3)
    again = [tl.randn(2, 3), tl.rand((2, 3)), tl.randint(0, 5, (2, 3)), tl.randperm(6)]
    assert [t.shape for t in first] == [(2, 3)] * 3 + [(6,)]
    assert all(tl.equal(a, b) for a, b in zip(first, again, strict=True))
    assert sorted(first[3].tolist()) == list(range(6))


def test_places_are_drawn_by_their_odds():
    odds = Tensor([[0.0, 3.0, 1.0, 0.0], [2.0, 0.0, 0.0, 2.0]])
    places = odds.multinomial(4000, replacement=True).numpy()
    assert places.shape == (2, 4000) and set(places[0]) == {1, 2} and set(places[1]) == {0, 3}
    assert abs((places[0] == 1).mean() - 0.75) < 0.05
    assert sorted(odds[0].multinomial(2).tolist()) == [1, 2]
    with pytest.raises(ValueError, match=r"Try odds.multinomial\(3, replacement=True\)"):
        odds.multinomial(3)
    with pytest.raises(ValueError, match="not below 0"):
        (-odds).multinomial(1)
    coins = Tensor([0.0, 0.25, 1.0]).expand(4000, 3).bernoulli()
    assert coins.dtype.name == "float32" and not coins.requires_grad
    np.testing.assert_allclose(coins.numpy().mean(0), [0, 0.25, 1], atol=0.05)
    with pytest.raises(ValueError, match="from 0 to 1"):
        Tensor([2.0]).bernoulli()


def test_facts_are_those_of_the_numbers():
    x = Tensor(NUMBERS)
    assert x.is_floating_point() and not x.long().is_floating_point() and x.is_contiguous()
    assert (x.nbytes, x.itemsize, x.ndimension()) == (24, 4, 2)
    assert not x.requires_grad_(False).requires_grad and x.requires_grad_().requires_grad


@pytest.mark.parametrize("theirs", SYNONYMS)
def test_another_name_runs_what_the_method_is_now(theirs, monkeypatch):
    def replaced(*args, **options):
        return args, options

    monkeypatch.setattr(Tensor, SYNONYMS[theirs], replaced)
    x = Tensor(NUMBERS)
    assert getattr(x, theirs)(1, word=2) == ((x, 1), {"word": 2})


def test_nearly_equal_numbers_are_close():
    x = Tensor([1.0, math.nan, math.inf, 1e-9])
    y = Tensor([1.000001, math.nan, math.inf, 0.0])
    assert x.isclose(y).tolist() == [True, False, True, True]
    assert x.isclose(y, equal_nan=True).all().item()
    assert not tl.allclose(x, y) and tl.allclose(x, y, equal_nan=True)
    assert tl.allclose(x[:1], 1.0) and not x.equal(y) and y[:1].equal(y[:1])
    assert not x.equal(x[:2])


# ---------------------------------------------------------------- the pair of PyTorch


def test_max_of_a_dim_is_pytorchs_pair_and_of_an_axis_numpys_numbers():
    x = Tensor([[1.0, 3.0, 3.0], [4.0, math.nan, 6.0]])
    values, places = x.max(dim=1)
    np.testing.assert_array_equal(values.numpy(), [3.0, math.nan])
    assert places.tolist() == [1, 1] and places.dtype.name == "int64"
    assert x.max(axis=1).shape == (2,)
    assert x.min(dim=0, keepdim=True).indices.tolist() == [[0, 1, 0]]


def test_the_first_of_equal_numbers_gets_the_gradient_of_max_of_a_dim():
    x = Tensor([[2.0, 2.0, 1.0]])
    x.max(dim=1).values.sum().backward()
    assert x.grad.tolist() == [[1.0, 0.0, 0.0]]
    x.grad = None
    x.max(axis=1).sum().backward()
    assert x.grad.tolist() == [[0.5, 0.5, 0.0]]


# ---------------------------------------------------------------- in place

ARGUMENTS = {
    "add": (2,), "sub": (2,), "mul": (2,), "div": (2,), "pow": (2,), "clamp": (-1, 1),
    "clip": (-1, 1), "clamp_min": (0,), "clamp_max": (0,), "lerp": (1.0, 0.5), "fmod": (2,),
    "remainder": (2,), "floor_divide": (2,),
    "scatter": (1, Tensor([[2], [0]]), 7.0), "scatter_add": (1, Tensor([[2], [0]]), 7.0),
    "scatter_reduce": (1, Tensor([[2], [0]]), 7.0, "amax"),
    "index_add": (1, Tensor([2]), Tensor(NUMBERS[:, :1])),
    "index_copy": (1, Tensor([2]), Tensor(NUMBERS[:, :1])), "index_fill": (1, Tensor([2]), 7.0),
    "index_put": ((Tensor([1]), Tensor([2])), 7.0),
    "masked_scatter": (Tensor([[True, False, True]] * 2), Tensor(NUMBERS)),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGING)
def test_a_method_with_an_underscore_leaves_its_result_in_the_tensor(name):
    x, fresh = (Tensor(NUMBERS, requires_grad=False) for _ in range(2))
    given = ARGUMENTS.get(name, ())
    if name == "masked_fill":
        given = (fresh > 0, 9.0)
    assert getattr(x, f"{name}_")(*given) is x
    np.testing.assert_array_equal(x.numpy(), getattr(fresh, name)(*given).numpy())


def test_numbers_are_replaced_in_a_leaf_and_its_gradient_too():
    w = Tensor(NUMBERS)
    (w * w).sum().backward()
    assert w.grad.zero_() is w.grad and not w.grad.any().item()
    with tl.no_grad():
        w.add_(1).mul_(2)
        assert w.is_leaf and w.tolist() == ((NUMBERS + 1) * 2).tolist()
        w.copy_(Tensor([1.0, 2.0, 3.0])).fill_(4)
        assert w.tolist() == [[4.0] * 3] * 2
        w.uniform_(2, 3)
        assert 2 <= w.min().item() <= w.max().item() < 3
        w.normal_(0, 0.1)
        assert abs(w.mean().item()) < 0.3 and w.requires_grad and w.is_leaf


def test_a_step_outside_no_grad_is_refused_in_this_form_too():
    w = Tensor(NUMBERS)
    (w * w).sum().backward()
    with pytest.raises(RuntimeError, match=r"inside no_grad\(\) the leaf stays"):
        w.sub_(0.1 * w.grad)
    with tl.no_grad():
        w.sub_(0.1 * w.grad)
    np.testing.assert_allclose(w.numpy(), NUMBERS * 0.8, rtol=1e-6)


# ---------------------------------------------------------------- training and evaluation


def test_a_block_of_training_or_testing_puts_back_what_was():
    with Tensor.test():
        assert not Tensor.training
        with Tensor.train():
            assert Tensor.training
        assert not Tensor.training
    assert Tensor.training

    @Tensor.train(False)
    def evaluated():
        return Tensor.training

    assert evaluated() is False and Tensor.training


def test_several_tensors_are_computed_together():
    x = Tensor(NUMBERS)
    y, z = x * 2, x * 3
    assert y.realize(z) is y and z.node.buffer is not None
