"""Trees and kernels as CUDA and OpenCL: a dialect is a table, and decides nothing."""

from __future__ import annotations

import ast

import numpy as np
import pytest

import tinylearn as tl
from tests.core.test_transforms import nest_of
from tests.gpu.test_bind import by_chance
from tests.gpu.test_kernels import add, histogram, row_sums, small, tree_of
from tests.gpu.trees import tiled_product
from tests.repository import ROOT
from tinylearn.kernels import KernelError
from tinylearn.loops.grid import on_threads
from tinylearn.loops.phases import launch
from tinylearn.loops.text import parsed
from tinylearn.loops.tree import Refused
from tinylearn.render.cuda import render_cuda
from tinylearn.render.opencl import render_opencl

TILED = [
    'extern "C" __global__ void __launch_bounds__(16) kernel(float *__restrict__ out0,'
    " const float *__restrict__ in0, const float *__restrict__ in1) {",
    "    __shared__ __align__(16) float t0_copy[16];",
    "    __shared__ __align__(16) float t1_copy[16];",
    "    int io = blockIdx.y;",
    "    int jo = blockIdx.x;",
    "    float total0s0;",
    "    {",
    "        int ii = threadIdx.y;",
    "        {",
    "            int ji = threadIdx.x;",
    "            total0s0 = 0.0f;",
    "        }",
    "    }",
    "    for (int ro = 0; ro < 2; ro++) {",
    "        __syncthreads();",
]


ASKED = {  # what stands in a text of one thread a block, and in one of several
    render_cuda: ((), ("threadIdx.",)),
    render_opencl: ((), ("get_local_id(",)),
}


def test_a_product_in_cuda_begins_like_this():
    assert render_cuda(tiled_product(8, 4)).lines[: len(TILED)] == TILED


def test_a_tree_in_opencl_has_its_words():
    text = render_opencl(tiled_product(8, 4)).text
    for words in (
        "__kernel void run_kernel(__global float *restrict out0, __global const float",
        "__local float t0_copy[16];",
        "int io = get_group_id(1);",
        "int ji = get_local_id(0);",
        "barrier(CLK_LOCAL_MEM_FENCE",
    ):
        assert words in text


@pytest.mark.parametrize("render", [render_cuda, render_opencl])
def test_whatever_can_run_at_once_can_be_written(render):
    written = 0
    for seed in range(40):
        try:
            tree = by_chance(seed)[1]
        except Refused:
            continue
        try:
            text = render(tree).text
        except AssertionError as error:  # a register's loop that chance has not unrolled
            assert "unroll its loop" in str(error)
            continue
        written += 1
        assert text.count("{") == text.count("}")
        assert all(word in text for word in ASKED[render][launch(tree).thread_count > 1])
    assert written >= 20


def test_what_others_see_is_written_by_one_thread():
    text = """k(out0: float32[2])
    for b in 2, block.x
        t0: float32 = 1.0
        out0[b] = t0
        for x in 8, thread.x
            t1: float32 = 2.0
            if 0 <= x < 0
                out0[b] = t1"""
    lines = render_cuda(parsed(text)).lines
    at = lines.index("    if ((threadIdx.x == 0)) {")
    assert lines[at + 1].strip() == "out0[b] = 1.0f;"


def test_a_shorter_loop_is_for_the_first_threads():
    text = """k(out0: float32[8])
    for x in 8, thread.x
        t0: float32 = 1.0
        out0[x] = t0
    barrier
    for x in 3, thread.x
        t1: float32 = 2.0
        out0[x] = t1"""
    assert "    if (threadIdx.x < 3) {" in render_cuda(parsed(text)).lines


def test_a_kernel_has_a_text_in_each_language():
    row_sums[3, 16](np.empty(3, np.float32), small(3, 20))
    assert "void __launch_bounds__(16) row_sums(float *__restrict__ out" in tl.source(row_sums)
    assert "run_row_sums(__global float" in tl.source(row_sums, "opencl")
    assert repr(tl.source(row_sums, "cuda")) == row_sums.source("cuda")


def test_tensors_have_a_text_for_a_gpu():
    x = tl.Tensor(small(20, 17))
    text = str(tl.source((x @ x.T).relu(), "cuda"))
    assert (
        "void __launch_bounds__(256) kernel_1(" in text and "__shared__ __align__(16) float" in text
    )
    assert "__kernel void run_kernel_1(" in str(tl.source(x.exp(), language="opencl"))
    assert "there are numpy, c, cuda, opencl" in str(tl.source(x, "metal"))
    half = tl.source(x.half().exp(), "opencl")
    assert "no opencl text: Refused: there are no words for float16" in str(half)
    assert "cuda" not in tl.source(x.exp()).trace["kernels"][0]["code"]


def test_places_in_huge_arrays_have_sixty_four_bits():
    for n, kind in ((2**20, "int"), (2**31 - 2**23, "int"), (2**31, "int64_t"), (2**33, "int64_t")):
        text = f"""k(out0: float32[{n // 8}], const in0: float32[{n}])
    for b in {n // 1024}, block.x
        for x in 128, thread.x
            for r in 8
                t0: float32 = in0[1024*b + 8*x + r]
            out0[128*b + x] = t0"""
        lines = render_cuda(parsed(text)).text
        assert f"{kind} b = blockIdx.x;" in lines and f"for ({kind} r = 0;" in lines


def test_a_product_with_too_many_rows_for_the_grid_is_computed_one_by_one():
    for rows, threads in ((16 * 65_535, (16, 16, 1)), (16 * 65_535 + 1, (128, 1, 1))):
        a = tl.Tensor(np.broadcast_to(np.float32(0), (rows, 16)))
        found = launch(on_threads(nest_of(a @ tl.zeros(16, 16)), "kernel").function)
        assert found.threads == threads and max(found.blocks[1:]) <= 65_535


def test_what_many_threads_add_up_is_atomic():
    histogram[1, 8](np.zeros(5, np.float32), np.zeros(8, np.float32))
    assert "atomicAdd(&out[k], 1.0f);" in tl.source(histogram, "cuda")
    with pytest.raises(Refused, match="no words for that"):
        histogram.source("opencl")


def test_a_text_that_cannot_be_is_told():
    with pytest.raises(KernelError, match="no 'metal' text of a kernel\nTry one of cuda, opencl"):
        add.source("metal")

    @tl.kernel
    def fresh(out):
        out[tl.thread.x] = 1.0

    with pytest.raises(KernelError, match="before its arrays have shapes"):
        fresh.source("cuda")


@pytest.mark.parametrize("name", ["cuda", "opencl"])
def test_a_dialect_is_at_most_forty_lines(name):
    tree = ast.parse((ROOT / f"tinylearn/render/{name}.py").read_text("utf-8"))
    written = {n.lineno for n in ast.walk(tree) if hasattr(n, "lineno")}
    assert len(written) <= 40


def test_a_while_is_written_out_with_its_barriers():
    row_sums[3, 16](np.empty(3, np.float32), small(3, 20))
    text = render_cuda(tree_of(row_sums)).text
    assert text.count("__syncthreads();") == 5  # one behind the loads, four for 8, 4, 2 and 1
