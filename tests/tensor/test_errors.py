"""Mistakes are refused when an expression is built, with shapes, places, a repair that works."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinylearn.errors import DTypeError, GradientError, ShapeError, TinylearnError
from tinylearn.repairs.othernames import WRITE
from tinylearn.tensor import Tensor

SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)
ERRORS = (TinylearnError, IndexError)

TWO = {
    "add": lambda x, y: x + y,
    "less": lambda x, y: x < y,
    "maximum": lambda x, y: x.maximum(y),
    "where": lambda x, y: (x > 0).where(y, 0.0),
    "matmul": lambda x, y: x @ y,
    "cat": lambda x, y: x.cat(y),
    "cat along the last": lambda x, y: x.cat(y, axis=-1),
    "stack": lambda x, y: x.stack(y),
    "mse_loss": lambda x, y: x.mse_loss(y),
    "probabilities": lambda x, y: x.cross_entropy(y),
    "classes": lambda x, y: x.cross_entropy(y.long()),
    "nll_loss": lambda x, y: x.nll_loss(y.long()),
    "conv2d": lambda x, y: x.conv2d(y),
    "conv1d": lambda x, y: x.conv1d(y),
    "mm": lambda x, y: x.mm(y),
    "einsum": lambda x, y: Tensor.einsum("ij,jk->ik", x, y),
    "assign": lambda x, y: x.assign(y),
}
ONE = {
    "reshape": lambda x, n, m: x.reshape(n, m),
    "view": lambda x, n, m: x.view(n, -1, m),
    "expand": lambda x, n, m: x.expand(n, m),
    "expand new": lambda x, n, m: x.expand(n, m, n),
    "squeeze": lambda x, n, m: x.squeeze(n),
    "unsqueeze": lambda x, n, m: x.unsqueeze(n + m),
    "permute": lambda x, n, m: x.permute(n, m),
    "transpose": lambda x, n, m: x.transpose(n, m),
    "sum": lambda x, n, m: x.sum(n),
    "max": lambda x, n, m: x.max(n),
    "softmax": lambda x, n, m: x.softmax(n),
    "cumsum": lambda x, n, m: x.cumsum(n),
    "cummax": lambda x, n, m: x.cummax(n).values,
    "logcumsumexp": lambda x, n, m: x.logcumsumexp(n),
    "norm": lambda x, n, m: x.norm(2, n),
    "amax": lambda x, n, m: x.amax(n),
    "max of a dim": lambda x, n, m: x.max(dim=n).values,
    "glu": lambda x, n, m: x.glu(n),
    "movedim": lambda x, n, m: x.movedim(n, m),
    "swapaxes": lambda x, n, m: x.swapaxes(n, m),
    "expand_dims": lambda x, n, m: x.expand_dims((n, m)),
    "rot90": lambda x, n, m: x.rot90(1, (n, m)),
    "fliplr": lambda x, n, m: x.fliplr(),
    "roll": lambda x, n, m: x.roll((n, m), (m, n)),
    "narrow": lambda x, n, m: x.narrow(0, n, m),
    "select": lambda x, n, m: x.select(n, m),
    "diagonal": lambda x, n, m: x.diagonal(0, n, m),
    "diag": lambda x, n, m: x.diag(n),
    "trace": lambda x, n, m: x.trace(),
    "t": lambda x, n, m: x.t(),
    "unfold": lambda x, n, m: x.unfold(n, m, 1),
    "pad": lambda x, n, m: x.pad((n, m)),
    "pad reflect": lambda x, n, m: x.pad((n, m), mode="reflect"),
    "max_pool1d": lambda x, n, m: x.max_pool1d(abs(n) + 1),
    "avg_pool3d": lambda x, n, m: x.avg_pool3d(abs(n) + 1),
    "meshgrid": lambda x, n, m: x.meshgrid(x),
    "split": lambda x, n, m: x.split([n, m]),
    "repeat": lambda x, n, m: x.repeat(n, m),
    "flatten": lambda x, n, m: x.flatten(n, m),
    "item": lambda x, n, m: x.item(),
    "index": lambda x, n, m: x[n, m],
    "index tensor": lambda x, n, m: x[[n, m]],
    "max_pool2d": lambda x, n, m: x.max_pool2d(abs(n) + 1),
    "tril": lambda x, n, m: x.tril(n),
    "backward": lambda x, n, m: x.backward(),
    "bool": lambda x, n, m: bool(x),
}


def repair_of(error):
    """The expression after "Try", or ""."""
    found = re.search(r"^Try (.*)$", str(error), re.MULTILINE)
    return found.group(1) if found else ""


def works(repair, **names):
    """Carries out a repair."""
    code = compile(repair, "repair", "eval" if " = " not in repair else "exec")
    got = eval(code, {"Tensor": Tensor, "math": math}, names)
    for tensor in got if isinstance(got, tuple) else [got]:
        if isinstance(tensor, Tensor):
            tensor.numpy()


@pytest.mark.parametrize("name", TWO)
@given(first=SHAPES, second=SHAPES)
def test_a_repair_for_two_operands_works(name, first, second):
    x, y = Tensor.ones(first), Tensor.zeros(second)  # class 0 is always there
    try:
        TWO[name](x, y)
    except ERRORS as error:
        if repair := repair_of(error):
            works(repair, x=x, y=y.long() if name in ("classes", "nll_loss") else y)


@pytest.mark.parametrize("name", ONE)
@given(shape=SHAPES, n=st.integers(-4, 4), m=st.integers(-4, 4))
def test_a_repair_for_one_operand_works(name, shape, n, m):
    x = Tensor.ones(shape)
    try:
        ONE[name](x, n, m)
    except ERRORS as error:
        if repair := repair_of(error):
            works(repair, x=x, n=n, m=m)


@pytest.mark.parametrize("name", TWO)
def test_shapes_that_nothing_makes_fit_are_shown_with_their_places_and_no_repair(name):
    x, y = Tensor.ones(2, 3), Tensor.ones(4, 5)
    with pytest.raises(ShapeError) as error:
        TWO[name](x, y)
    text = str(error.value)
    assert "(2, 3)" in text and "(4, 5)" in text
    assert text.count("test_errors.py, line") == 2
    assert "\nTry " not in text, "nothing but leaving numbers out could help"


def test_an_error_uses_the_users_own_names():
    pixels, bias = Tensor.ones(64, 10), Tensor.ones(64)
    with pytest.raises(ShapeError) as error:
        pixels * 2 + (pixels + bias)
    assert str(error.value).splitlines()[0] == "add: shapes (64, 10) and (64,) do not go together"
    assert repair_of(error.value) == "pixels + bias.reshape(64, 1)"
    with pytest.raises(ShapeError) as error:
        pixels @ pixels
    assert repair_of(error.value) == "pixels @ pixels.T"
    with pytest.raises(ShapeError) as error:
        pixels.sum(axis=2)
    assert repair_of(error.value) == "pixels.sum(axis=-1)"


def test_an_unknown_method_offers_the_nearest():
    with pytest.raises(AttributeError, match="did you mean 'softmax'"):
        Tensor([1.0]).sofmax()
    assert not hasattr(Tensor([1.0]), "__cuda_array_interface__")


def test_the_names_of_numpy_and_pytorch_lead_to_ours():
    x = Tensor([1.0])
    with pytest.raises(AttributeError, match=r"a Tensor has no 'array_equal'\nTry \(x =="):
        x.array_equal(x)
    for theirs, ours in WRITE.items():
        assert not hasattr(x, theirs), f"{theirs} needs no advice"
        if method := re.match(r"x\.(\w+)", ours):
            assert hasattr(x, method.group(1)), ours


def test_an_unknown_device_or_dtype_is_a_question_and_then_a_list():
    x = Tensor([1.0])
    for name, says in (
        ("nunpy", r"no device 'nunpy'; did you mean 'numpy'\? There are numpy, c"),
        ("float31", r"no dtype 'float31'; did you mean 'float\d+'\? It has bool, "),
    ):
        with pytest.raises(TinylearnError, match=says):
            x.to(name) if name == "nunpy" else x.cast(name)
    with pytest.raises(TinylearnError, match=r"no device '~'; there are numpy, c"):
        x.to("~")


# ---------------------------------------------------------------- data


@pytest.mark.parametrize(
    "data, says",
    [
        ([[1, 2], [3]], r"rows differ in length: \[0\] has 2 entries, \[1\] has 1 entries"),
        ([[[1], [2]], [[3], [4, 5]]], r"\[1\]\[0\] has 1 entries, \[1\]\[1\] has 2"),
        ([1, [2]], r"\[0\] has no length, \[1\] has 1 entries"),
        ([1, "two"], r"'two' \(str\) at position \[1\]"),
        ([[1.0, None]], r"None \(NoneType\) at position \[0\]\[1\]"),
        ("text", "'text'"),
        (None, "None"),
        ({1: 2}, "dict"),
        (1j, "complex"),
        ([1, 2j], r"position \[1\]"),
        (2**63, "int64"),
        ([0, -(2**63) - 1], r"position \[1\] does not fit into int64"),
        ([0, 10**30], r"position \[1\] does not fit into int64"),
        (object(), "object"),
        ((n for n in range(3)), "generator"),
        (np.array(["a"]), "no dtype for str"),
        (np.array([1], "uint64"), "no dtype for uint64"),
        (np.array([1j]), "no dtype for complex128"),
        ([Tensor(1.0), Tensor(2.0)], r"Try Tensor.stack"),
    ],
)
def test_what_is_no_tensor_is_refused_at_its_position(data, says):
    with pytest.raises((DTypeError, ShapeError), match=says):
        Tensor(data)


@pytest.mark.parametrize(
    "data, dtype, shape",
    [
        (3, "int64", ()),
        (3.0, "float32", ()),
        (True, "bool", ()),
        ([], "float32", (0,)),
        ([[], []], "float32", (2, 0)),
        ([1, 2.5], "float32", (2,)),
        ([True, False], "bool", (2,)),
        ([True, 2], "int64", (2,)),
        (range(3), "int64", (3,)),
        (np.float64(2), "float64", ()),
        ([np.float64(2)], "float64", (1,)),
        (np.zeros((2, 1)), "float64", (2, 1)),
        (np.zeros(2, "uint8"), "int32", (2,)),
        (np.zeros(2, "int8"), "int32", (2,)),
        (np.zeros(2, "uint32"), "int64", (2,)),
        (np.zeros(2, ">f4"), "float32", (2,)),
        (np.zeros((2, 3), "f2").T, "float16", (3, 2)),
    ],
    ids=repr,
)
def test_data_becomes_a_tensor_of_its_own_kind(data, dtype, shape):
    x = Tensor(data)
    assert (x.dtype.name, x.shape) == (dtype, shape)
    np.testing.assert_array_equal(x.numpy(), np.array(data))


def test_huge_shapes_are_refused_and_not_tried():
    for make in (
        lambda: Tensor.ones(10**6, 10**7),
        lambda: Tensor.randn(10**6, 10**7),
        lambda: Tensor.arange(10**14),
        lambda: Tensor([0]).one_hot(10**14),
        lambda: Tensor.ones(1).expand(10**14).numpy(),
    ):
        with pytest.raises(ShapeError, match="GB of memory"):
            make()
    assert Tensor.ones(1).expand(10**6, 10**6).sum(1)[:2].shape == (2,)  # only promised


def test_values_of_the_wrong_kind_are_refused():
    x, labels = Tensor([[1.0, 2.0]]), Tensor([0])
    for make, says in (
        (lambda: x.cross_entropy(Tensor([0.5])), "probabilities|int classes"),
        (lambda: x.cross_entropy(Tensor([2])), "class 2 is not one of 0 to 1"),
        (lambda: x.cross_entropy(Tensor([-1])), "class -1"),
        (lambda: x.cross_entropy(labels, "avg"), "reduction must be"),
        (lambda: x[0.5], "an index is"),
        (lambda: x[Tensor([0.5])], "an index is made of ints"),
        (lambda: x.where(1, 2), "bool tensor"),
        (lambda: x & x, "combines bools"),
        (lambda: ~x, "bools and ints"),
        (lambda: -Tensor([True]), "no negative"),
        (lambda: Tensor([2]) ** -1, "no power -1"),
        (lambda: Tensor([1, 2]).int() + 2**40, "does not fit into int32"),
        (lambda: x + "one", "'one'"),
        (lambda: x + None, "None"),
        (lambda: x.cast("float31"), "did you mean"),
        (lambda: x.dropout(2), "probability"),
        (lambda: Tensor.zeros(2.5), "whole numbers"),
        (lambda: Tensor.zeros(-1), "negative"),
        (lambda: x.conv2d(x, padding="some"), "channels, height, width|padding"),
        (lambda: Tensor.cat([x, 3.0]), "tensors only"),
        (lambda: Tensor.zeros(0).max(), "there are no numbers"),
        (lambda: len(Tensor(1.0)), "no length"),
        (lambda: list(Tensor(1.0)), "iterated"),
        (lambda: [1, 2][x.sum()], "whole number"),
    ):
        with pytest.raises((TinylearnError, ValueError, TypeError), match=says):
            make()


CAUGHT_BY_BOTH = [  # what NumPy raises, what PyTorch raises, and where
    (ValueError, RuntimeError, lambda x: x.matmul(x)),
    (ValueError, RuntimeError, lambda x: x.reshape(7)),
    (ValueError, RuntimeError, lambda x: x.cat(x[:1], axis=1)),
    (IndexError, IndexError, lambda x: x.sum(5)),
    (IndexError, IndexError, lambda x: x.stack(x, axis=7)),
    (IndexError, IndexError, lambda x: x[Tensor([0.5])]),
    (IndexError, IndexError, lambda x: x[0.5]),
    (ValueError, ValueError, lambda x: x[::0]),
    (TypeError, RuntimeError, lambda x: x & x),
    (ValueError, RuntimeError, lambda x: x.div(x, rounding_mode="up")),
    (ValueError, RuntimeError, lambda x: x.clamp()),
    (ValueError, ValueError, lambda x: x.cross_entropy(Tensor([0, 1]), reduction="most")),
    (ValueError, RuntimeError, lambda x: x.scatter_reduce(0, Tensor([[0]]), x, "most")),
]


@pytest.mark.parametrize("numpys, torchs, call", CAUGHT_BY_BOTH, ids=range(len(CAUGHT_BY_BOTH)))
def test_whoever_catches_what_numpy_or_pytorch_raises_catches_our_error(numpys, torchs, call):
    for kind in (numpys, torchs):
        with pytest.raises(kind):
            call(Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))


def test_gradients_of_many_numbers_are_refused_with_a_repair():
    x = Tensor([1.0, 2.0])
    y = x * 2
    with pytest.raises(GradientError) as error:
        y.gradient(x)
    assert repair_of(error.value) == "y.sum().gradient(x)"


def test_a_repair_is_for_the_expression_that_failed_and_not_for_a_name_in_it():
    x, e = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    with pytest.raises(GradientError) as error:
        (x * x).backward()
    assert repair_of(error.value) == "(x * x).sum().backward()"
    works(repair_of(error.value), x=x)
    assert x.grad.tolist() == [2.0, 4.0]
    with pytest.raises(GradientError, match="\\(x \\* x\\) does not depend on e"):
        (x * x).gradient(e, gradient=[1.0, 1.0])
    with pytest.raises(ShapeError) as error:
        -x + Tensor.ones(2, 3)
    assert repair_of(error.value) == "(-x).reshape(2, 1) + Tensor.ones(2, 3)"
    works(repair_of(error.value), x=x)


def test_a_long_expression_gets_a_name_that_nothing_else_has():
    x = Tensor([1.0, 2.0])
    with pytest.raises(GradientError) as error:
        (x * 1.0 + x * 2.0 + x * 3.0 + x * 4.0).backward()
    assert repair_of(error.value) == "x1.sum().backward()"


def test_a_gradient_by_whole_numbers_names_them_and_makes_them_floats():
    x = Tensor(1)
    y = x * x.sin()
    with pytest.raises(GradientError, match=r"\n    x +\(\) +test_errors.py, line \d+\n") as error:
        y.backward()
    assert repair_of(error.value) == "x = Tensor(1.0)"
    with pytest.raises(GradientError, match="only floats have gradients") as error:
        (Tensor([1, -2]) * 2.5).sum().backward()
    assert repair_of(error.value) == "Tensor([1.0, -2.0])"
    numbers = [1, 2]
    x = Tensor(numbers)
    with pytest.raises(GradientError) as error:
        (x * 2.5).sum().backward()
    assert repair_of(error.value) == "x = Tensor(numbers, dtype=float)"
    steps = Tensor.arange(3)
    with pytest.raises(GradientError) as error:
        (steps * 2.5).sum().backward()
    repaired = {"Tensor": Tensor, "steps": steps}
    exec(repair_of(error.value), repaired)
    (repaired["steps"] * 2.5).sum().backward()
    assert repaired["steps"].grad.tolist() == [2.5, 2.5, 2.5]
