"""What is assigned into a part of a tensor is written, with its gradient, or refused."""

import linecache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinylearn as tl
from tinylearn import nn
from tinylearn.errors import DTypeError, ShapeError
from tinylearn.tensor import Tensor, no_grad

START = "x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])\n"
ARRAY = START.replace("Tensor(", "np.array(").replace("]])", "]], np.float32)")

WRITTEN = [  # the same program means the same numbers for an array of NumPy's
    "x[0] = 7",
    "x[1, 2] = 7",
    "x[-1] = [7, 8, 9]",
    "x[:, ::-1] = [[1, 2, 3], [4, 5, 6]]",
    "x[0:1, ::-2] = [7, 8]",
    "x[...] = 7",
    "x[:] = [7, 8, 9]",
    "x[None, 0] = 7",
    "x[..., 1] = [7, 8]",
    "x[0:0] = 7",
    "x[5:] = 7",
    "x[x > 2] = 0",
    "x[x > 2] = [1, 2, 3, 4]",
    "x[[0, 0], [1, 1]] = [7, 8]",
    "x[[1, 0]] = x[[0, 1]]",
    "x[:, [2, 0]] = 7",
    "x[0] += 1",
    "x[0, 1] -= 1",
    "x[x > 2] *= 2",
    "x[1] /= 2",
    "x[1] //= 2",
    "x[1] %= 2",
    "x[1] **= 2",
    "x[:, 0], x[:, 1] = x[:, 1], x[:, 0]",
    "x[0], x[1] = x[1], x[0]",
    "x[0] = x[1]",
    "x[0] = x[0] * 2",
    "x[0] = True",
    "x[0] = np.float64(0.5)",
    "x[0] = np.arange(3)",
    "x[0] = np.array([[7, 8, 9]])",
    "x += 1\nx[0] = 5",
    "y = x\ny += 1",
    "y = x\ny[0] = 1",
    "for y in [x]: y *= 2",
    "for k in range(len(x)): x[k] *= k",
]


def ran(start, text, **more):
    """The names after a program."""
    words = {"Tensor": Tensor, "np": np, "tl": tl, "nn": nn, "no_grad": no_grad} | more
    exec(start + text, words)
    return words


@pytest.mark.parametrize("text", WRITTEN)
@pytest.mark.parametrize("kind", ["leaf", "no gradient", "computed", "inside no_grad"])
def test_numbers_are_put_where_numpy_puts_them(text, kind, device):
    want = ran(
        ARRAY,
        text.replace("x[1], x[0]", "x[1].copy(), x[0].copy()").replace(  # views would alias
            "x[:, 1], x[:, 0]", "x[:, 1].copy(), x[:, 0].copy()"
        ),
    )["x"]
    Device = tl.Device
    Device.DEFAULT = device
    start = {
        "leaf": START,
        "no gradient": START.replace("]])", "]], requires_grad=False)"),
        "computed": START + "x = x * 1\n",
        "inside no_grad": START,
    }[kind]
    if kind == "inside no_grad":
        with no_grad():
            got = ran(start, text)["x"]
    else:
        got = ran(start, text)["x"]
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)
    assert got.dtype == "float32" and got.device == device


def test_a_leaf_that_takes_a_gradient_in_stays_a_leaf_of_its_present_numbers():
    x, w = Tensor([1.0, 2.0, 3.0]), Tensor([5.0])
    x[:1] = w * 2
    assert x.is_leaf and x.tolist() == [10, 2, 3]
    (x * x).sum().backward()
    assert x.grad.tolist() == [20, 4, 6] and w.grad.tolist() == [40]
    nn.optim.SGD([x], lr=0.5).step()
    assert x.tolist() == [0, 0, 0] and x.is_leaf
    x.sum().backward()
    assert w.grad.tolist() == [40], "a step gives x numbers of its own"


def test_a_row_given_to_a_leaf_still_learns():
    table = Tensor.zeros(2, 2)
    table[0] = Tensor([1.0, 2.0])
    (table * table).sum().backward()
    assert table.grad.tolist() == [[2, 4], [0, 0]]


def test_a_gradient_goes_around_what_was_overwritten():
    x = Tensor([1.0, 2.0, 3.0])
    y = x * 2
    before = y * 1
    y[0] = 0
    (y.sum() + before.sum() * 10).backward()
    assert x.grad.tolist() == [20, 22, 22]
    assert y.gradient(x, gradient=[1.0, 1.0, 1.0])[0].tolist() == [0, 2, 2]


@given(data=st.data(), shape=st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple))
def test_any_key_puts_numbers_and_gradients_where_numpy_puts_numbers(data, shape):
    def entry(n):
        bounds = st.one_of(st.none(), st.integers(-n - 1, n + 1))
        step = st.sampled_from([None, 1, 2, -1, -2, 3])
        return st.one_of(st.integers(-n, n - 1), st.builds(slice, bounds, bounds, step))

    key = tuple(data.draw(entry(n)) for n in shape[: data.draw(st.integers(0, len(shape)))])
    key = (*key, ...) if data.draw(st.booleans()) else key
    numbers = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    want = numbers.copy()
    places = want[key]
    value = np.random.default_rng(0).random(np.shape(places), np.float32)
    want[key] = value
    x, w = Tensor(numbers) * 1, Tensor(value)
    x[key] = w
    np.testing.assert_array_equal(x.numpy(), want)
    (x * x).sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), 2 * value, rtol=1e-6)


# ---------------------------------------------------------------- kinds of numbers

KINDS = [
    ("x = Tensor([1, 2])\nx[0] = 2.9", [2, 2]),
    ("x = Tensor([1, 2])\nx[0] = Tensor([2.9])[0]", [2, 2]),
    ("x = Tensor([True, True])\nx[0] = 0", [False, True]),
    ("x = Tensor([1, 2])\nx[Tensor(1)] = 7", [1, 7]),
    ("x = Tensor([1, 2])\nx[np.array([True, False])] = 7", [7, 2]),
    ("x = Tensor(5.0)\nx[...] = 7", 7),
    ("x = Tensor(5.0)\nx[()] = 7", 7),
    ("x = Tensor.zeros(2, dtype='float16')\nx[0] = Tensor([1.5])[0]", [1.5, 0]),
    ("x = Tensor.zeros(0)\nx[:] = 3", []),
]


@pytest.mark.parametrize(("text", "numbers"), KINDS)
def test_what_is_assigned_takes_the_dtype_that_is_there(text, numbers):
    assert ran("", text)["x"].tolist() == numbers


WRONG = [
    ("x[2] = 1", IndexError, "no place 2 on axis 0"),
    ("x[0, 0, 0] = 1", IndexError, "3 indices"),
    ("x[0] = [1, 2]", ShapeError, r"\(3,\) places for a value of shape \(2,\)"),
    ("x[x > 2] = [1, 2]", ShapeError, r"\(4,\) places"),
    ("x[0] = '3'", DTypeError, "'3'"),
    ("x[0] = None", DTypeError, "None"),
    ("x[0.5] = 1", DTypeError, "an index is"),
    ("x[np.ones((2, 2), bool)] = 1", IndexError, "mask"),
    ("i = x.int()\ni[0] = 2**40", DTypeError, "does not fit into int32"),
    ("x[0] = [w, w, w]", DTypeError, "a tensor inside a list"),
    ("del x[0]", TypeError, "keeps its shape"),
]


@pytest.mark.parametrize(("text", "error", "says"), WRONG)
def test_what_cannot_be_put_is_refused_and_changes_nothing(text, error, says):
    words = {"x": Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), "w": Tensor(1.0), "np": np}
    with pytest.raises(error, match=says):
        exec(text, words)
    assert words["x"].tolist() == [[1, 2, 3], [4, 5, 6]]


# ---------------------------------------------------------------- parts

LOST = {  # program -> the repair, after which x has the numbers that NumPy gives the same program
    "x[0][1] = 5": "x[0, 1] = 5",
    "x[0][1] += 5": "x[0, 1] += 5",
    "x[0][:] = 0": "x[0] = 0",
    "x[1][::-1] = [7, 8, 9]": "x[1, ::-1] = [7, 8, 9]",
    "x[0:2][1][2] = 5": "x[1, 2] = 5",
    "x[:, 1:][0] = 5": "x[0, 1:] = 5",
    "x[::-1][0] = 5": "x[1] = 5",
    "x.T[0] = [7, 8]": "x[:, 0] = [7, 8]",
    "x.reshape(6)[4] = 5": "x[1, 1] = 5",
    "row = x[0]\nrow += 1": "x[0] += 1",
    "row = x[0]\nrow[:] = 0": "x[0] = 0",
    "row = x[0]\nrow *= 2": "x[0] *= 2",
    "row = x[0]\nrow **= 2": "x[0] **= 2",
    "part = x[:, 1:]\npart -= 1": "x[:, 1:] -= 1",
    "part = x.squeeze()\npart[0] = 1": "x[0] = 1",
    "first, second = x\nsecond[0] = 1": "x[1, 0] = 1",
    "flat = x.view(6)\nflat += 1": "",
    "part = x.split(1)[1]\npart[0] = 1": "x[1] = 1",
    "y = x.detach()\ny[0] = 1": "x[0] = 1",
    "y = x.detach()\ny += 1": "x[...] += 1",
}


@pytest.mark.parametrize("text", LOST)
@pytest.mark.parametrize("kind", ["", "\nx = x * 1", "\nx.requires_grad = False"])
def test_a_part_is_not_changed_alone_and_the_repair_changes_the_whole(text, kind, tmp_path):
    file = tmp_path / "program.py"
    program = START.rstrip() + kind + "\n" + text
    file.write_text(program)
    linecache.checkcache(str(file))
    words = {"Tensor": Tensor}
    with pytest.raises(ShapeError, match="numbers of its own") as error:
        exec(compile(program, str(file), "exec"), words)
    repair = str(error.value).rpartition("\nTry ")[2]
    if LOST[text]:
        assert repair == LOST[text]
        want = ran(
            ARRAY, text.replace(".detach()", "[...]").replace("x.split(1)", "np.split(x, 2)")
        )
        exec(repair, words)
        np.testing.assert_allclose(words["x"].numpy(), want["x"])
    else:
        exec(repair + "\n" + text.splitlines()[-1], words)


def test_in_a_loop_over_rows_each_row_is_refused():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ShapeError, match=r"Try x\[0\] \*= 2"):
        for row in x:
            row *= 2
    with pytest.raises(ShapeError, match=r"Try x\[0, 0\] = 1"):
        for row in x:
            row[0] = 1
    with pytest.raises(ShapeError, match=r"Try x\[0, 0\] = 1"), no_grad():
        for row in x:
            row[0] = 1


def test_what_no_name_holds_is_no_place_to_assign_into():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ShapeError, match=r"Try new = x\[x > 1\]; new\[0\] = 5"):
        x[x > 1][0] = 5
    with pytest.raises(ShapeError, match="kept nowhere"):
        x.clone()[0] = 5
    with pytest.raises(ShapeError, match="kept nowhere"):
        (x + 1)[0] = 5


def test_tensors_in_lists_attributes_and_dicts_are_kept():
    class Model:
        pass

    model, rows = Model(), [Tensor([1.0, 2.0]), Tensor([3.0, 4.0]) * 1]
    model.w, model.rows, named = Tensor([1.0, 2.0]), rows, {"w": Tensor([1.0]) + 1}
    model.w[0] = 5
    rows[0][1] = 6
    rows[1][1] = 7
    model.rows[1][0] = 8
    named["w"][0] = 9
    got = [t.tolist() for t in (model.w, *rows, named["w"])]
    assert got == [[5, 2], [1, 6], [8, 7], [9]]


def test_a_part_whose_whole_is_gone_is_a_tensor_like_any_other():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    h = (x * 2).reshape(4)
    h += 1
    h[0] = 0
    h = h.reshape(2, 2)
    h *= 2
    assert h.tolist() == [[0, 10], [14, 18]]
    copied = x[0].clone()
    copied += 1
    copied[0] = 9
    assert copied.tolist() == [9, 3] and x.tolist() == [[1, 2], [3, 4]]
    x = x.T
    x[0] = 0
    assert x.tolist() == [[0, 0], [2, 4]]


def test_updating_changes_the_tensor_under_all_its_names():
    a, b = Tensor([1.0]) * 1, Tensor([2.0], requires_grad=False)
    for each in (a, b):
        each *= 10
    assert (a.item(), b.item()) == (10, 20)
    w = Tensor([1.0])
    with no_grad():
        for each in [w]:
            each -= 0.5
            each **= 2
            each //= 0.1
    assert w.is_leaf and w.item() == 2


def test_an_array_of_a_tensor_cannot_be_written_and_a_copy_can():
    x = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(x)[0] = 5
    with pytest.raises(ValueError, match="copy"):
        np.array(x, copy=False)
    for copied in (x.numpy(), np.array(x)):
        copied[0] = 5
    assert x.tolist() == [1, 2]
    with pytest.raises(TypeError, match=r"Try x.numpy\(\)|works on arrays"):
        np.add(np.ones(2), 1, out=x)
