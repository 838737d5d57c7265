"""Advice is right, in the user's own words, and never what was just refused."""

import inspect
import linecache
import re

import numpy as np
import pytest

import tinylearn as tl
from tinylearn import nn
from tinylearn.errors import DeviceError, TinylearnError, choose, nearest
from tinylearn.repairs.otherwords import names_of
from tinylearn.tensor import Tensor
from tinylearn.tensor.tensor import known_names

WORDS = {"Tensor": Tensor, "np": np, "tl": tl, "nn": nn, "F": nn.functional}
START = """
x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
y = Tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
w = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
loss = (w * w * x).sum()
loss.backward()
"""


def advised(line, tmp_path, kinds=Exception):
    """(names, message, repair) of a program whose last line fails."""
    file = tmp_path / "program.py"
    file.write_text(START + line)
    linecache.checkcache(str(file))
    words = dict(WORDS)
    with pytest.raises(kinds) as error:
        exec(compile(START + line, str(file), "exec"), words)
    message = str(error.value)
    return words, message, message.rpartition("\nTry ")[2]


ADVICE = [  # what is written, what is offered, what has the numbers that were meant
    ("tl.grad(loss, w)", "loss.gradient(x)", "(w * w)"),
    ("F.logsumexp(w, 1)", "w.logsumexp(1)", "w.logsumexp(1)"),
    ("tl.shape", "x.shape", "(2, 3)"),
    ("w.array_equal(w)", "(w == w).all()", "True"),
    ("np.sin(w)", "w.sin()", "np.sin(w.numpy())"),
    ("w.repeat(2, axis=0)", "w.repeat_interleave(2, 0)", "np.repeat(w.numpy(), 2, 0)"),
    ("w[0].repeat(2, axis=0)", "w[0].repeat_interleave(2, 0)", "np.repeat(w.numpy()[0], 2)"),
    ("w.cumsum()", "w.cumsum(0)", "w.numpy().cumsum(0)"),
    (
        "w.scatter(1, y * 0, 7.0)",
        "w.scatter(1, (y * 0).long(), 7.0)",
        "np.c_[[7, 7], w.numpy()[:, 1:]]",
    ),
    ("w.norm('nuc')", "w.norm()", "np.linalg.norm(w.numpy())"),
    ("w.div(y + 1, rounding_mode='down')", "x.div(y, rounding_mode='floor')", None),
    ("w.gelu('erf')", "x.gelu('tanh')", None),
    ("w.glu(1)", "w[:, :2].glu(1)", "w.numpy()[:, :1] / (1 + np.exp(-w.numpy()[:, 1:2]))"),
    ("w.reshape(1, 2, 3).t()", "w.reshape(1, 2, 3).mT", "w.numpy().T[None]"),
    ("w.narrow(1, 2, 5)", "w.narrow(1, 0, 3)", "w.numpy()"),
    (
        "w.reshape(1, 2, 3).diag()",
        "w.reshape(1, 2, 3).flatten().diag()",
        "np.diag(w.numpy().ravel())",
    ),
    ("w.gather(1, y * 0)", "w.gather(1, (y * 0).long())", "w.numpy()[:, [0, 0, 0]]"),
    (
        "w.pad((1, 1), mode='reflected')",
        "w.pad((1, 1), (0, 0))",
        "np.pad(w.numpy(), ((1, 1), (0, 0)))",
    ),
    ("w.equal(3)", "(w == 3).all()", "False"),
    ("w.max(y)", "w.maximum(y)", "np.maximum(w.numpy(), y.numpy())"),
    ("_, p = w.max(1)", "_, p = w.max(1), w.argmax(1)", None),
    ("a, b = Tensor.min(w, 1)", "a, b = w.min(1), w.argmin(1)", None),
    ("w.data[0, 1] = 9", "w[0, 1] = 9", None),
    ("w.data -= 0.5 * w.grad", "w.assign(w - (0.5 * w.grad))", None),
    ("w.sum(0, 1)", "w.sum((0, 1))", "w.numpy().sum()"),
    ("w.where(w > 2, 0)", "(w > 2).where(w, 0)", "np.where(w.numpy() > 2, w.numpy(), 0)"),
    ("w.binary_cross_entropy(y / 5)", "w.binary_cross_entropy_with_logits((y / 5))", None),
]


@pytest.mark.parametrize(("line", "offered", "meant"), ADVICE, ids=[row[0] for row in ADVICE])
def test_advice_runs_on_what_raised_it_and_gives_what_was_meant(line, offered, meant, tmp_path):
    words, _, repair = advised(line, tmp_path)
    assert repair == offered
    try:
        got = eval(repair, words)
    except SyntaxError:
        exec(repair, words)
        target = repair.split(" ")[0]
        got = eval(target, words) if target != "_," and "," not in target else None
    if meant is not None and "+=" not in repair:
        wanted = eval(meant, words)
        got = got[0] if isinstance(got, list) else got
        np.testing.assert_allclose(np.asarray(got), np.asarray(wanted), rtol=1e-6)


CROSS = {  # program -> repair; the loss it gives is that of the classes put right
    "l = Tensor(np.zeros((2, 5, 3)))\nt = Tensor(np.ones((2, 5), int))\nl.cross_entropy(t)": (
        "l.transpose(1, 2).cross_entropy(t)"
    ),
    "l = Tensor(np.zeros((2, 4, 5, 3)))\nt = Tensor(np.ones((2, 4, 5), int))\nl.cross_entropy(t)": (
        "l.permute(0, 3, 1, 2).cross_entropy(t)"
    ),
    "l = Tensor([0, 1])\ns = Tensor(np.zeros((2, 3)))\nnn.CrossEntropyLoss()(l, s)": (
        "s.cross_entropy(l)"
    ),
    "l = Tensor([0, 1])\ns = Tensor(np.zeros((2, 3)))\nl.nll_loss(s)": "s.nll_loss(l)",
    "l = Tensor(np.zeros((2, 3)))\nt = Tensor([[0], [1]])\nl.cross_entropy(t)": (
        "l.cross_entropy(t.reshape(2))"
    ),
    "l = Tensor(np.zeros((2, 5, 3)))\nt = Tensor(np.ones(10, int))\nl.cross_entropy(t)": (
        "l.reshape(-1, 3).cross_entropy(t)"
    ),
}


@pytest.mark.parametrize("line", CROSS)
def test_advice_for_losses_leaves_no_number_out(line, tmp_path):
    words, _, repair = advised(line, tmp_path)
    assert repair == CROSS[line]
    assert np.isfinite(eval(repair, words).item())


APART = [((2, 3), (4, 5)), ((5,), (3,)), ((2, 3), (3, 3)), ((4, 3), (5,))]


@pytest.mark.parametrize("shapes", APART)
def test_numbers_are_never_left_out_so_that_shapes_fit(shapes):
    x, y = Tensor.ones(shapes[0]), Tensor.ones(shapes[1])
    calls = [lambda: x + y, lambda: x.maximum(y), lambda: x.mse_loss(y), lambda: x.stack(y)]
    calls += [lambda: x.cross_entropy(y.long()), lambda: x.nll_loss(y.long())]
    calls += [lambda: x.cat(y, axis=-1), lambda: x @ y]
    for call in calls:
        try:
            call()
        except (TinylearnError, IndexError) as error:
            assert not re.search(r"Try .*\[[^\]]*:", str(error)), error


# ---------------------------------------------------------------- did you mean


def test_what_was_refused_is_not_offered_again():
    assert nearest("axis", ["axis"]) == "" and nearest("axis", ["_axis", "axes"]) != ""
    assert nearest("_hidden", ["_hiddem"]) == ""
    assert choose("numpy", ["numpy"], "there are") == "; there are numpy"


METHODS = [n for n in known_names() if inspect.isfunction(inspect.getattr_static(Tensor, n))]
WRONG = ["axis", "axes", "dim", "dims", "keepdims", "dtype", "out", "order", "shape", "index", "p"]
WRONG += ["input", "other", "others", "size", "sizes", "value", "values", "number", "low", "self"]


@pytest.mark.parametrize("name", METHODS)
def test_a_wrong_argument_is_never_answered_with_itself_or_with_what_the_method_has_not(name):
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    method = inspect.unwrap(inspect.getattr_static(Tensor, name))
    names, several = names_of(method)
    for word in WRONG:
        try:
            getattr(x, name)(**{word: 7})
        except Exception as error:
            offered = re.search(r"did you mean '(\w+)'", str(error))
            if offered is None or "has no argument" not in str(error):
                continue
            assert offered.group(1) != word, error
            assert offered.group(1) in [*names, several], error
            if offered.group(1) in names:  # it is an argument that can be given by this name
                inspect.signature(method).bind_partial(x, **{offered.group(1): 7})


def test_unknown_names_never_offer_what_a_tensor_keeps_for_itself():
    x = Tensor([1.0])
    inner = {"together", "whole", "share", "finished", "node", "neither_true_nor_false"}
    near = ["gather", "togethe", "whol", "sharee", "nod", "finishe", "rows_and_column"]
    for name in [*inner, *near]:
        try:
            getattr(x, name)
        except AttributeError as error:
            offered = re.search(r"did you mean '(\w+)'", str(error))
            assert offered is None or offered.group(1) in set(known_names()) - inner


@pytest.mark.parametrize("kind", ["uint8", "bfloat16", "complex64", "float31", "torch.int8"])
def test_a_dtype_that_is_not_here_is_an_error_about_dtypes(kind):
    with pytest.raises(TinylearnError, match="has no dtype"):
        Tensor([1.0]).to(kind)
    with pytest.raises(DeviceError, match="no device 'mps'"):
        Tensor([1.0]).to("mps")


# ---------------------------------------------------------------- same spelling, other meaning


def test_the_first_argument_of_norm_is_its_order_as_in_pytorch():
    x = Tensor([[3.0, 4.0], [6.0, -8.0]])
    assert x.norm(1).item() == 21 and x.norm(1, 1).tolist() == [7, 14]
    assert x.norm(axis=1).tolist() == [5, 10] and x.norm(dim=(0, 1)).tolist() == x.norm().tolist()
    assert x.norm("fro").item() == x.norm(ord=2).item() == x.norm(2).item()
    assert x.norm(float("inf"), dim=0).tolist() == [6, 8]
    for wrong in ("nuc", True):
        with pytest.raises(TypeError, match=r"Try x.norm\(\)"):
            x.norm(wrong)


def test_picking_from_a_maximum_at_once_warns_of_the_pair_that_it_is_not():
    x = Tensor([[3.0, 4.0], [8.0, 6.0]])
    with pytest.warns(UserWarning, match=r"Try x.argmax\(1\)"):
        assert x.max(1)[1].item() == 8
    with pytest.warns(UserWarning, match=r"Try x.min\(axis=0\)"):
        assert x.min(axis=0)[0].item() == 3
    best = x.max(1)
    first, second = best
    assert (first.item(), second.item(), best[1].item(), x.max(1)[-1].item()) == (4, 8, 8, 8)


def test_numpys_functions_of_a_tensor_mean_what_numpy_means():
    numbers = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    x = Tensor(numbers)
    for text in (
        "np.transpose(x)",
        "np.transpose(x, (1, 0, 2))",
        "np.reshape(x, (3, 2))",
        "np.squeeze(x)",
        "np.clip(x, 1, 3)",
        "np.cumsum(x, axis=1)",
        "np.take(x, [1, 0], axis=1)",
        "np.repeat(x, 2, axis=1)",
        "np.repeat(x[0, 0], 2)",
        "np.repeat(x, 2)",
        "np.flip(x, 0)",
        "np.round(x)",
        "np.zeros(2, x.dtype)",
    ):
        got, want = eval(text, {"np": np, "x": x}), eval(text, {"np": np, "x": numbers})
        np.testing.assert_array_equal(np.asarray(got), want, err_msg=text)
    assert np.dtype(x.dtype) == np.float32


# ---------------------------------------------------------------- devices


def test_what_is_on_another_device_is_brought_or_named():
    if tl.Device.known["c"].unavailable():
        pytest.skip("no C compiler here")
    x, index = Tensor([[1.0, 2.0]], device="c"), Tensor([0], device="numpy")
    assert x[index].tolist() == [[1, 2]] and x[index].device == "c"
    model, batch = nn.Sequential(nn.Linear(2, 2), nn.ReLU()).to("c"), np.ones((3, 2), np.float32)
    assert model(batch).device == "c"
    assert nn.CrossEntropyLoss()(model(batch), np.array([0, 1, 1])).device == "c"
    assert model(batch).mse_loss(np.zeros((3, 2), np.float32)).device == "c"
    data = Tensor(batch, device="numpy")
    with pytest.raises(DeviceError, match="Sequential is on c, data on numpy") as error:
        model(data)
    repair = str(error.value).rpartition("\nTry ")[2]
    assert repair == "model(data.to('c'))" and eval(repair, {"model": model, "data": data}).shape


# ---------------------------------------------------------------- probabilities


@pytest.mark.parametrize("wrong", [[1.5, -2.0], [0.5, -0.1], [2.0, 0.5]])
def test_logits_given_for_probabilities_are_refused(wrong, device):
    tl.Device.DEFAULT = device
    x, y = Tensor(wrong), Tensor([1.0, 0.0])
    for logits in (x, x * 1, nn.Sequential()(x)):
        with pytest.raises(ValueError, match="from 0 to 1") as error:
            logits.binary_cross_entropy(y)
        assert "binary_cross_entropy_with_logits" in str(error.value)
    p = x.sigmoid()
    p.binary_cross_entropy(y).backward()
    assert p.node.buffer is None, "what sigmoid gives needs not be computed for a check"
    large = Tensor(np.tile(np.float32(wrong), 50_000)) * 1
    assert np.isnan(large.binary_cross_entropy(Tensor.zeros(100_000)).item())
    assert Tensor([0.0, 1.0]).binary_cross_entropy(y).item() == 100
