"""tl.source: the text of each language is the text that runs."""

import re

import pytest

import tinylearn as tl
from tests.needed import absent
from tinylearn.devices.device import Device
from tinylearn.plan.plan import plan_for
from tinylearn.plan.request import Request

GRAPHS = {
    "a product alone": lambda a, b: a @ b,
    "a product and what follows": lambda a, b: (a @ b).relu() + 1,
    "no product": lambda a, b: a * b + 1,
    "a constant that is given": lambda a, b: (a * 3.25 + b).sum(0),
    "a product that waits": lambda a, b: (a @ b).sum(1),
}


def test_the_language_may_stand_behind_the_tensors():
    y = tl.Tensor.rand(3, 4) + 1
    assert "void kernel_1(" in str(tl.source(y, "c"))
    assert str(tl.source(y, "c")) == str(tl.source(y, language="c"))
    assert str(tl.source(y, y * 2, "numpy")) == str(tl.source(y, y * 2, language="numpy"))
    assert "there are numpy, c" in str(tl.source(y, "fortran"))
    assert "needs a Tensor, got str" in str(tl.source("c"))


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
@pytest.mark.parametrize("device", ["c", "numpy"])
def test_what_is_shown_is_what_runs(make, device):
    if Device.known[device].unavailable():
        absent("a C compiler")
    y = make(tl.Tensor.rand(64, 64, device=device), tl.Tensor.rand(64, 64, device=device))
    kernels = tl.source(y).trace["kernels"]
    ran = [program.source.text for program in plan_for(Request([y.node])).programs]
    assert [plain(k["code"][device]["text"]) for k in kernels] == [plain(text) for text in ran]


def plain(text: str) -> str:
    """The text without comments, blank lines and the kernels' numbers."""
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "//"))]
    return re.sub(r"kernel_\d+", "kernel", "\n".join(lines))


def test_each_line_of_blas_and_c_is_linked_to_the_nodes_it_computes():
    y = GRAPHS["a product and what follows"](tl.Tensor.rand(512, 512), tl.Tensor.rand(512, 512))
    trace = tl.source(y, "c").trace
    (kernel,) = trace["kernels"]
    code = kernel["code"]["c"]
    op = {node["id"]: node["op"] for node in trace["nodes"]}
    linked = {
        line.strip(): [op[i] for i in ids]
        for line, ids in zip(code["text"].splitlines(), code["lines"], strict=True)
    }
    assert "sum" in linked["matmul(in0, in1, out0)"]
    assert linked["float32x16 t8 = (t6 + 1.0f);"][0] == "add"
