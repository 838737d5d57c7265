"""Habits from NumPy and PyTorch: they work, or an error says what to write, and that works."""

import copy
import pickle
import re

import numpy as np
import pytest

import tinylearn as tl
from tinylearn.errors import ShapeError, TinylearnError
from tinylearn.repairs.othernames import WRITE
from tinylearn.tensor import Tensor

NUMBERS = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]], np.float32)


def names():
    """What repairs may use."""
    x = Tensor(NUMBERS)
    words = {"x": x, "y": Tensor(NUMBERS[::-1].copy()), "loss": x.sum(), "np": np, "tl": tl}
    words |= {"Tensor": Tensor, "device": "numpy", "dtype": "float32", "shape": (2, 3)}
    words |= {"axis": 0, "index": [1, 0], "low": 0, "high": 1, "number": 1, "times": (1, 2)}
    return words | {"order": (1, 0), "a": 0, "b": 1, "numbers": [1.0, 2.0], "data": [1.0]}


def carried_out(text, words):
    """What a text gives, an expression or a statement; tensors are computed."""
    try:
        got = eval(text, words)
    except SyntaxError:
        exec(text, words)
        got = words["x"]
    for tensor in got if isinstance(got, tuple) else [got]:
        if isinstance(tensor, Tensor):
            tensor.numpy()
    return got


def repair_of(error):
    """The text after "Try"."""
    found = re.search(r"^Try (.*)$", str(error), re.MULTILINE)
    assert found, f"no repair in: {error}"
    return found.group(1)


@pytest.mark.parametrize("theirs", WRITE)
def test_what_is_offered_for_another_name_works(theirs):
    words = names()
    with pytest.raises(AttributeError) as error:
        getattr(words["x"], theirs)
    if WRITE[theirs].startswith(("x @", "loss")):
        words["y"] = words["y"].T
    if theirs == "bce":
        words["x"], words["y"] = words["x"].sigmoid(), words["y"].sigmoid()
    carried_out(repair_of(error.value), words)


# ---------------------------------------------------------------- NumPy's functions

FUNCTIONS = {
    "np.sin(x)": "x.sin()",
    "np.exp(x * 2)": "(x * 2).exp()",
    "np.maximum(x, 0)": "x.maximum(0)",
    "np.isnan(x)": "x.isnan()",
    "np.negative(x)": "x.negative()",
    "np.absolute(x)": "x.absolute()",
    "np.cbrt(x)": "np.cbrt(x.numpy())",
    "np.add.reduce(x)": "x.numpy()",
}


def test_numpys_functions_say_what_to_call_instead():
    x = Tensor(NUMBERS)
    calls = {
        "np.sin(x)": lambda: np.sin(x),
        "np.exp(x * 2)": lambda: np.exp(x * 2),
        "np.maximum(x, 0)": lambda: np.maximum(x, 0),
        "np.isnan(x)": lambda: np.isnan(x),
        "np.negative(x)": lambda: np.negative(x),
        "np.absolute(x)": lambda: np.absolute(x),
        "np.cbrt(x)": lambda: np.cbrt(x),
        "np.add.reduce(x)": lambda: np.add.reduce(x),
    }
    for text, call in calls.items():
        with pytest.raises(TypeError) as error:
            call()
        assert repair_of(error.value) == FUNCTIONS[text]
        carried_out(FUNCTIONS[text], names())


def test_an_array_does_not_take_a_tensor_in():
    x, array = Tensor([1.0, 2.0]), np.ones(2)
    with pytest.raises(TypeError, match=r"write a tensor's numbers into one\nTry x.numpy\(\)"):
        array += x
    array += x.numpy()
    assert array.tolist() == [2.0, 3.0]


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "//", "%", "**", "<", "<=", "==", "!="])
def test_operators_of_arrays_and_tensors_give_tensors(symbol):
    array, x = np.array([[3.0], [2.0]]), Tensor([2.0, 3.0], dtype="float64")
    for text in (f"array {symbol} x", f"x {symbol} array"):
        got = eval(text)
        assert isinstance(got, Tensor)
        np.testing.assert_allclose(got.numpy(), eval(text, {"array": array, "x": x.numpy()}))
    assert isinstance(np.ones((2, 2)) @ x, Tensor)
    assert (np.float32(2) * x).tolist() == [4.0, 6.0]
    assert [t.tolist() for t in divmod(np.array([7.0]), Tensor([2.0]))] == [[3.0], [1.0]]
    assert (np.array([True]) & Tensor([True, False])).tolist() == [True, False]


def test_numpys_sums_of_a_tensor_are_the_tensors_own():
    x = Tensor(NUMBERS)
    for call in (np.sum, np.mean, np.max, np.prod, np.argmax):
        np.testing.assert_allclose(call(x).numpy(), call(NUMBERS), rtol=1e-5)
    np.testing.assert_allclose(np.sum(x, axis=0, keepdims=True).numpy(), NUMBERS.sum(0)[None])
    np.testing.assert_allclose(np.var(x, axis=1).numpy(), NUMBERS.var(1), rtol=1e-5)
    np.sum(x).backward()
    assert x.grad.tolist() == [[1.0] * 3] * 2
    assert np.allclose(x, NUMBERS) and np.asarray(x).dtype == np.float32


# ---------------------------------------------------------------- names of arguments

SAME = [
    ("x.sum(dim=0)", "x.sum(axis=0)"),
    ("x.sum(dim=(0, 1), keepdim=True)", "x.sum((0, 1), True)"),
    ("x.mean(axis=1, keepdims=True)", "x.mean(1, True)"),
    ("x.var(dim=0, unbiased=False)", "x.var(0, correction=0)"),
    ("x.std(axis=0, ddof=1)", "x.std(0)"),
    ("x.softmax(dim=1)", "x.softmax(1)"),
    ("x.log_softmax(dim=-1)", "x.log_softmax(-1)"),
    ("x.argmax(dim=1, keepdim=True)", "x.argmax(1, True)"),
    ("x.cumsum(dim=1)", "x.cumsum(1)"),
    ("x.unsqueeze(dim=0)", "x.unsqueeze(0)"),
    ("x.flatten(start_dim=1)", "x.flatten(1)"),
    ("x.transpose(dim0=0, dim1=1)", "x.T"),
    ("x.permute(dims=(1, 0))", "x.T"),
    ("x.flip(dims=(0,))", "x.flip(0)"),
    ("x.flip(axis=0)", "x.flip(0)"),
    ("x.reshape(shape=(3, 2))", "x.reshape(3, 2)"),
    ("x.view(shape=-1)", "x.view(-1)"),
    ("x.expand(shape=(4, 2, 3))", "x.expand(4, 2, 3)"),
    ("x.permute(order=(1, 0))", "x.permute(1, 0)"),
    ("x.repeat(times=(2, 1))", "x.repeat(2, 1)"),
    ("x.shrink(bounds=((0, 1), (0, 2)))", "x.shrink((0, 1), (0, 2))"),
    ("x.roll(shifts=1, dims=0)", "x.roll(1, 0)"),
    ("x.clamp(min=0, max=2)", "x.clamp(0, 2)"),
    ("x.leaky_relu(negative_slope=0.5)", "x.leaky_relu(0.5)"),
    ("x.abs().long().one_hot(num_classes=9)", "x.abs().long().one_hot(9)"),
    ("Tensor.cat([x, y], dim=1)", "Tensor.cat([x, y], axis=1)"),
    ("Tensor.stack((x, y), dim=-1)", "Tensor.stack(x, y, axis=-1)"),
    ("x.split(1, dim=0)[1]", "x[1:]"),
    ("x.chunk(chunks=2, dim=0)[0]", "x[:1]"),
    ("Tensor.full((2,), fill_value=7.0)", "Tensor.full((2,), 7.0)"),
    ("Tensor.linspace(0, 1, num=5)", "Tensor.linspace(0, 1, 5)"),
    ("Tensor.eye(n=2)", "Tensor.eye(2)"),
    ("x.to(device='numpy', dtype=tl.float64)", "x.double()"),
    ("Tensor(x.size())", "Tensor([2, 3])"),
    ("Tensor([x.size(0), x.size(-1), x.size])", "Tensor([2, 3, 6])"),
    ("round(x * 0.1234, 2)", "(x * 0.1234).round(2)"),
    ("divmod(x, 2)[1]", "x % 2"),
]


@pytest.mark.parametrize(("theirs", "ours"), SAME)
def test_the_names_of_others_mean_what_ours_mean(theirs, ours):
    got, expected = (eval(text, names()) for text in (theirs, ours))
    assert got.dtype is expected.dtype
    np.testing.assert_array_equal(got.numpy(), expected.numpy())


def test_graphs_are_kept_so_that_nobody_has_to_ask_for_it():
    x = Tensor([1.0, 2.0])
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    assert x.grad.tolist() == [4.0, 8.0]


def test_random_whole_numbers_take_their_shape_last_too():
    for draw, high in (((0, 3, (500,)), 3), ((7, (4, 100)), 7)):
        numbers = Tensor.randint(*draw)
        assert numbers.shape == draw[-1]
        assert set(numbers.flatten().tolist()) == set(range(high))


REFUSED = [
    ("x.sum(dimension=0)", "sum has no argument 'dimension'"),
    ("x.sum(axes=0)", "did you mean 'axis'"),
    ("x.softmax(wrong=1)", "has no argument 'wrong'; it has axis"),
    ("x.clamp(lowest=0)", "did you mean 'low'"),
    ("x.backward(7, 8)", "positional argument"),
    ("x.squeeze(dim=5)", "there is no axis 5"),
]


@pytest.mark.parametrize(("text", "says"), REFUSED)
def test_a_name_that_nobody_knows_is_refused_with_those_there_are(text, says):
    with pytest.raises((TypeError, TinylearnError), match=re.escape(says)):
        eval(text, names())


def test_refusals_of_what_would_mean_something_else_offer_what_is_meant():
    x = Tensor(NUMBERS)
    with pytest.raises(TypeError) as error:
        x.sum(0, 1)
    assert repair_of(error.value) == "x.sum((0, 1))"
    with pytest.raises(TypeError) as error:
        x.where(x > 1, 0)
    assert carried_out(repair_of(error.value), {"x": x}).tolist() == [[0, 0, 3], [4, 5, 0]]
    with pytest.raises(TypeError) as error:
        x.where(x, 0)
    assert carried_out(repair_of(error.value), {"x": x}).tolist() == NUMBERS.tolist()


# ---------------------------------------------------------------- what Python asks for


def test_copies_and_pickles_have_the_numbers_and_stay_leaves():
    x = Tensor(NUMBERS)
    for other in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        np.testing.assert_array_equal(other.numpy(), NUMBERS)
        assert other.requires_grad and other.is_leaf and other is not x
    assert copy.deepcopy({"w": [x]})["w"][0].tolist() == x.tolist()
    assert pickle.loads(pickle.dumps(x.size)) == 6
    with pytest.raises(TinylearnError) as error:
        copy.deepcopy(x * 2)
    carried_out(repair_of(error.value), {"x": x * 2})


def test_a_tensor_is_itself_in_sets_and_lists():
    x, y = Tensor(NUMBERS), Tensor(NUMBERS)
    assert len({x, y, x}) == 2 and {x: 1}[x] == 1
    assert [t is x for t in (x, y)] == [True, False]


def test_the_text_of_a_large_tensor_is_short():
    for x in (Tensor.zeros(1000, 1000), Tensor.randn(200, 300), Tensor.arange(10**6)):
        assert len(repr(x.realize())) < 1000 and "..." in repr(x)


def test_a_loop_over_a_tensor_takes_its_rows():
    x = Tensor(NUMBERS)
    assert [row.tolist() for row in x] == NUMBERS.tolist()
    first, second = x
    assert (first + second).tolist() == NUMBERS.sum(0).tolist()
    assert len(x) == 2 and sum(x).tolist() == NUMBERS.sum(0).tolist()
    assert float(x[0, 0]) == 1.0 and int(x[1, 0]) == 4 and [9, 8][Tensor(1)] == 8


def test_a_long_name_stands_apart_from_its_shape_in_an_error():
    pixels, b = Tensor.ones(6, 4), Tensor.ones(3)
    with pytest.raises(TinylearnError) as error:
        pixels + b
    assert "\n    pixels (6, 4) " in str(error.value)
    assert "\n    b   (3,) " in str(error.value)


def test_a_dtype_equals_what_stands_for_it():
    x = Tensor([1.0])
    assert x.dtype == np.float32 and x.dtype == "float32" and np.float32 == x.dtype
    assert x.dtype == np.zeros(1, np.float32).dtype and x.dtype in ("float32",)
    assert x.dtype != "int32" and x.dtype != "nonsense" and x.dtype != 4 and x.dtype is not None
    assert len({x.dtype, Tensor([2.0]).dtype, Tensor([2]).dtype}) == 2


def test_many_numbers_under_the_format_of_one_are_refused_with_a_repair():
    x = Tensor([[1.25, 2.0]])
    assert f"{x[0, 1]:.3f}" == "2.000" and f"{x:>40}".endswith(repr(x))
    with pytest.raises(ShapeError, match=r"is for one number") as caught:
        f"{x:.3f}"
    repair = str(caught.value).rpartition("Try ")[2]
    assert eval(repair, {"x": x}) == ["1.250", "2.000"]


def test_names_of_other_frameworks_are_found_where_they_stand_here():
    for home, name, repair in [
        (tl, "grad", "loss.gradient(x)"),
        (tl.nn.functional, "logsumexp", "x.logsumexp()"),
    ]:
        with pytest.raises(AttributeError, match=re.escape(f"Try {repair}")):
            getattr(home, name)
    with pytest.raises(AttributeError, match="did you mean 'conv2d'"):
        _ = tl.nn.functional.conv2
