"""Chapter 08: the Parts that its model answers put in are the framework's equals, and LeNet learns.

Also the lesson's layout, and that an answer may not borrow the framework's own convolution.
"""

import json
import re

import numpy as np
import pytest

import tinylearn as tl
from tests.course.classroom import grade, model_answers, spec_of
from tests.repository import ROOT
from tinylearn import Tensor, nn
from tinylearn.nn import datasets, optim
from tinylearn.parts import named

CHAPTER = "08_convolution"
ANSWERS = {
    "nn.conv2d": "my_conv2d",
    "nn.max_pool2d": "my_max_pool2d",
    "nn.batchnorm": "my_batchnorm",
    "nn.batch_statistics": "my_statistics",
}


@pytest.fixture(scope="module")
def chapter():
    """What the setup and the model answers define."""
    return model_answers(CHAPTER)


@pytest.fixture
def student(chapter):
    """The chapter answered, every Part in use."""
    with tl.using({name: chapter[answer] for name, answer in ANSWERS.items()}):
        assert set(ANSWERS) <= set(tl.parts().yours)
        tl.manual_seed(0)
        yield chapter


def gradients(y, *leaves):
    """The numbers of y, and how a sum over it, weighted by place, changes with each leaf."""
    places = np.arange(1.0, y.numel() + 1, dtype=np.float32).reshape(y.shape)
    slopes = (y * Tensor(places)).sum().gradient(*leaves)
    return [y.numpy(), *(slope.numpy() for slope in slopes)]


def assert_alike(ours, theirs):
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape
        assert np.allclose(one, other, rtol=1e-4, atol=1e-3 * max(1.0, np.abs(other).max()))


@pytest.mark.parametrize(
    ("image", "filters", "how"),
    [
        ((2, 3, 7, 6), (4, 3, 3, 2), {"stride": (2, 1), "padding": (1, 2)}),
        ((1, 1, 2, 3), (2, 1, 5, 3), {"stride": 3, "padding": 4}),
        ((2, 4, 9, 8), (6, 2, 2, 3), {"groups": 2, "dilation": (2, 3)}),
        ((1, 2, 6, 6), (2, 2, 4, 4), {"padding": "same", "dilation": 2}),
        ((1, 3, 1, 1), (2, 3, 1, 1), {}),
    ],
    ids=["padded", "more padding than image", "groups and dilation", "same", "one pixel"],
)
def test_the_convolution_is_the_frameworks_forward_and_backward(chapter, image, filters, how):
    tl.manual_seed(1)
    x, w = Tensor.randn(*image), Tensor.randn(*filters)
    found = [f(x, w, None, **how) for f in (chapter["my_conv2d"], named("nn.conv2d").default)]
    assert_alike(*(gradients(y, x, w) for y in found))


@pytest.mark.parametrize("how", [(2,), ((3, 2), (1, 2), 1), (3, 2), (1, 3)], ids=str)
def test_the_pooling_is_the_frameworks_also_where_numbers_are_equal(chapter, how):
    x = Tensor(np.random.default_rng(2).integers(-3, 0, (2, 3, 7, 6)).astype(np.float32))
    found = [f(x, *how) for f in (chapter["my_max_pool2d"], named("nn.max_pool2d").default)]
    assert_alike(*(gradients(y, x) for y in found))


def test_the_convolution_runs_in_as_many_kernels_as_the_frameworks(chapter):
    x, w, b = Tensor.rand(4, 3, 12, 10), Tensor.rand(5, 3, 3, 2), Tensor.rand(5)
    count = [
        len(tl.trace(f(x, w, b, 1, 1).relu())["kernels"])
        for f in (chapter["my_conv2d"], named("nn.conv2d").default)
    ]
    assert count[0] == count[1] <= 2


def test_what_is_remembered_by_hand_is_what_the_layer_remembers(student):
    layer = nn.BatchNorm2d(3, momentum=0.2)
    mean, variance = np.zeros(3), np.ones(3)
    for seed in range(3):
        x = np.random.default_rng(seed).normal(seed, 2, (4, 3, 2, 5)).astype(np.float32)
        layer(Tensor(x)).realize()
        mean, variance = student["remembered"](mean, variance, x, 0.2)
    assert np.allclose(layer.running_mean.numpy(), mean, rtol=1e-4)
    assert np.allclose(layer.running_var.numpy(), variance, rtol=1e-4)


def test_lenet_on_the_students_layers_reads_digits_after_an_epoch_and_a_half(student):
    data = datasets.digits()
    model = nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU()),
        nn.Linear(84, 10),
    )
    optimizer = optim.Adam([model], lr=0.003)
    for rows, optimizer.lr in ((8000, 0.003), (4000, 0.0006)):
        for x, y in datasets.batches(data.x_train[:rows], data.y_train[:rows], size=64):
            model(x).cross_entropy(y).backward()
            optimizer.step()
            optimizer.zero_grad()
    model.eval()
    answers = model(Tensor(data.x_test, requires_grad=False)).argmax(1).numpy()
    assert (answers == data.y_test).mean() >= 0.96


BORROWED = {
    "the method": "return x.conv2d(weight, bias, stride, padding)",
    "the Part": "from tinylearn.nn.functional import conv2d\n"
    "    return conv2d(x, weight, bias, stride, padding)",
    "its default": "from tinylearn.parts import named\n"
    "    return named('nn.conv2d').default(x, weight, bias, stride, padding)",
    "the class above": "from tinylearn.tensor.windows import Windows\n"
    "    return Windows.conv2d(x, weight, bias, stride, padding)",
    "the layer": "import tinylearn as tl\n"
    "    layer = tl.nn.Conv2d(*weight.shape[1::-1], weight.shape[2:], stride, padding)\n"
    "    layer.weight, layer.bias = weight, bias\n    return layer(x)",
    "its windows": "from tinylearn.tensor.windows import filtered, two\n"
    "    x = x.pad(None, None, *((p, p) for p in two('padding', padding, 0)))\n"
    "    y = filtered(x.node, weight.node, two('stride', stride), (1, 1), 1)\n"
    "    return Tensor(y) if bias is None else Tensor(y) + bias.reshape(-1, 1, 1)",
}


def test_an_answer_that_borrows_the_frameworks_convolution_earns_nothing(tmp_path):
    spec, head = spec_of(CHAPTER), "def my_conv2d(x, weight, bias=None, stride=1, padding=0, "
    tests = {
        who: [f"@tl.answer('nn.conv2d')\n{head}dilation=1, groups=1):\n    {body}"]
        for who, body in BORROWED.items()
    }
    results, _ = grade(spec, tests, tmp_path)
    assert {who: results[who]["q5"].points for who in tests} == dict.fromkeys(tests, 0)


def test_the_lessons_own_network_reads_98_of_100_in_the_exam():
    book = json.loads((ROOT / "notebooks" / "08_lenet.ipynb").read_text("utf-8"))
    outputs = [output for cell in book["cells"] for output in cell.get("outputs", ())]
    texts = "".join("".join(output.get("text", "")) for output in outputs)
    assert float(re.search(r"([\d.]+)% of the exam", texts)[1]) >= 98
