"""Generated text: what reaches BLAS, what is blocked, and that lines know their nodes."""

from __future__ import annotations

import numpy as np
import pytest

from tinylearn import Tensor
from tinylearn.graph.deferred import spelled_out
from tinylearn.loops.lower import lower
from tinylearn.loops.machine import AVX512
from tinylearn.loops.recipe import cooked
from tinylearn.loops.rewrites import rewritten
from tinylearn.loops.tree import Function, plain
from tinylearn.plan.plan import plan_for
from tinylearn.plan.request import Request
from tinylearn.render.c import render_c
from tinylearn.render.numpy_text import render_numpy
from tinylearn.schedule.kernel import Kernel
from tinylearn.schedule.schedule import schedule


def random(*shape: int) -> Tensor:
    return Tensor(np.random.default_rng(len(shape)).standard_normal(shape).astype(np.float32))


def kernels(*tensors: Tensor) -> list[Kernel]:
    return schedule(spelled_out([t.node for t in tensors])).kernels


def numpy_text(kernel: Kernel) -> str:
    return render_numpy(kernel, rewritten(lower(kernel))).text


def c_text(kernel: Kernel) -> str:
    return render_c(c_tree(kernel)).text


def c_tree(kernel: Kernel) -> Function:
    """How a kernel's loops run on a machine with vectors of 64 bytes."""
    return cooked(rewritten(lower(kernel)), "kernel", AVX512).function


def plan_text(*tensors: Tensor) -> list[str]:
    plan = plan_for(Request([t.node for t in tensors]))
    return [p.source.text for p in plan.programs]


def products(texts):
    """How many of the kernels multiply matrices."""
    return sum("matmul(" in text for text in texts)


def test_the_largest_of_short_rows_is_found_in_rows_that_stand_upright():
    assert "row_max(in0" in numpy_text(kernels(random(64, 10).max(1))[0])
    assert "maximum.reduce(" in numpy_text(kernels(random(4, 100).max(1))[0])
    assert "maximum.reduce(" in numpy_text(kernels(random(64, 10).max(0))[0])


def test_equal_rows_have_equal_sums_wherever_they_lie():
    row = np.random.default_rng(3).standard_normal(37).astype(np.float32)
    x = Tensor(np.tile(row, (29, 1)))
    for sums in (x.sum(1), x.flip(0).sum(1), x.transpose().sum(0)):
        assert len(set(sums.tolist())) == 1


def test_a_matrix_product_with_its_epilogue_is_one_matmul():
    (kernel,) = kernels((random(64, 30) @ random(30, 20) + random(20)).relu())
    assert numpy_text(kernel).count("matmul(") == 1
    assert "for " not in numpy_text(kernel)


@pytest.mark.parametrize("batch", [(), (3,)], ids=["plain", "batched"])
def test_products_and_their_gradients_reach_blas(batch):
    x, w = random(*batch, 20, 30), random(30, 25)
    loss = (x @ w).sum()
    texts = plan_text(*loss.gradient(x, w), (x @ w).exp())
    assert products(texts) == 1  # the gradient of a sum needs no product
    loss = ((x @ w) * (x @ w)).sum()
    assert products(plan_text(*loss.gradient(x, w))) == 3


@pytest.mark.parametrize("padding", [0, 2])
def test_convolutions_and_their_gradients_reach_blas(padding):
    x, w = random(4, 3, 12, 12), random(8, 3, 5, 5)
    y = x.conv2d(w, padding=padding)
    assert products(plan_text(y)) == 1
    slopes = (y * y).sum().gradient(x, w)
    assert products(plan_text(*slopes)) >= 3


def test_a_long_elementwise_kernel_runs_in_blocks_with_reused_arrays():
    a, b = random(1000, 1000), random(1000, 1000)
    (kernel,) = kernels(((a * b + a).exp() + b).sqrt() * 2)
    text = numpy_text(kernel)
    assert text.count("for ") == 1
    assert text.count("out=") >= 4


def test_c_text_of_a_small_kernel():
    a, b, c = random(4, 8), random(4, 8), random(4, 8)
    (kernel,) = kernels(a * b + c)
    assert c_text(kernel) == (
        "void kernel(float *restrict out0, const float *restrict in0,"
        " const float *restrict in1, const float *restrict in2) {\n"
        "    for (long ijo = 0; ijo < 2; ijo++) {\n"
        "        {\n"
        "            float32x16 t0 = load_float32x16(in0 + 16*ijo);\n"
        "            float32x16 t1 = load_float32x16(in1 + 16*ijo);\n"
        "            float32x16 t2 = (t0 * t1);\n"
        "            float32x16 t3 = load_float32x16(in2 + 16*ijo);\n"
        "            float32x16 t4 = (t2 + t3);\n"
        "            store_float32x16(out0 + 16*ijo, t4);\n"
        "        }\n"
        "    }\n"
        "}\n"
    )


def test_lines_of_generated_text_know_the_node_they_compute():
    (kernel,) = kernels((random(40, 50) * 2 + 1).exp().sum(axis=1))
    for source in (render_numpy(kernel, rewritten(lower(kernel))), render_c(c_tree(kernel))):
        assert len(source.nodes) == len(source.lines)
        linked = {n.op.name for n in source.nodes if n is not None}
        assert {"exp", "sum"} <= linked


def test_moves_leave_no_copy_in_a_c_kernel():
    x = random(6, 8)
    (kernel,) = kernels(x.permute(1, 0).flip(0)[1:5] * 2)
    text = render_c(plain(rewritten(lower(kernel)))).text
    assert text.count("in0[") == 1


def test_a_number_that_scales_a_large_product_scales_its_smaller_factor():
    a, b, w, rate = random(16, 100), random(16, 300), random(100, 300), random(1)
    step = w - rate * (a.T @ b)
    (text,) = plan_text(step)
    assert text.count("multiply(") == 1 and "matmul(multiply(in" in text
    got, (x, y, z, r) = step.numpy(), (t.numpy() for t in (a, b, w, rate))
    np.testing.assert_allclose(got, z - r * (x.T @ y), rtol=1e-5, atol=1e-5)
    (text,) = plan_text(w.relu() * (a.T @ b))
    assert "matmul(multiply(" not in text


def test_totals_come_to_be_in_the_memory_that_keeps_them():
    x = random(64, 10)
    (text,) = plan_text(x.max(1))
    assert "out0" in text.splitlines()[1] and len(text.splitlines()) == 2
    total = x.exp().sum(1)
    (text,) = plan_text(total, total * 2)
    assert "[...]" not in text
    np.testing.assert_allclose((total * 2).numpy(), 2 * np.exp(x.numpy()).sum(1), rtol=1e-5)
    np.testing.assert_allclose(total.numpy(), np.exp(x.numpy()).sum(1), rtol=1e-5)
