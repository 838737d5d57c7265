"""Kernels in restricted Python: they compute what Python would, and what they cannot is told."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinylearn as tl
from tinylearn.loops.check import in_form
from tinylearn.loops.run import run
from tinylearn.loops.text import parsed, shown

TILE = 4
HALF = np.float32(0.5)
barrier, thread = tl.barrier, tl.thread


def tree_of(kernel):
    """The tree of a kernel's last launch."""
    return list(kernel.traced.values())[-1].function


# ---------------------------------------------------------------- what runs


@tl.kernel
def add(out, x, y):
    """out = x + y."""
    i = tl.block.x * tl.threads.x + tl.thread.x
    if i < out.size:
        out[i] = x[i] + y[i]


@pytest.mark.parametrize("n", [1, 3, 31, 32, 33, 101])
@pytest.mark.parametrize("threads", [1, 8, 32])
@pytest.mark.parametrize("seed", [None, 1])
def test_a_thread_for_each_number(n, threads, seed):
    x, out = np.arange(n, dtype=np.float32), np.full(n, np.nan, np.float32)
    add[-(-n // threads), threads](out, x, x, seed=seed)
    np.testing.assert_array_equal(out, 2 * x)


def test_tensors_are_taken_and_given_back():
    x, out = tl.arange(10).float(), tl.zeros(10)
    add[1, 16](out, x, x)
    assert out.tolist() == [2.0 * k for k in range(10)]


@tl.kernel
def product(out, a, b):
    i = tl.block.y * TILE + tl.thread.y
    j = tl.block.x * TILE + tl.thread.x
    ty, tx = tl.thread.y, tl.thread.x
    left = tl.shared(TILE, TILE)
    right = tl.shared(TILE, TILE)
    total = 0.0
    for k in range(a.shape[1] // TILE):
        left[ty, tx] = a[i, k * TILE + tx]
        right[ty, tx] = b[k * TILE + ty, j]
        tl.barrier()
        for r in range(TILE):
            total += left[ty, r] * right[r, tx]
        tl.barrier()
    out[i, j] = total


@tl.kernel
def guarded_product(out, a, b):
    i = tl.block.y * TILE + tl.thread.y
    j = tl.block.x * TILE + tl.thread.x
    ty, tx = tl.thread.y, tl.thread.x
    left = tl.shared(TILE, TILE)
    right = tl.shared(TILE, TILE)
    total = 0.0
    for k in range((a.shape[1] + TILE - 1) // TILE):
        left[ty, tx] = 0.0
        right[ty, tx] = 0.0
        if i < a.shape[0] and k * TILE + tx < a.shape[1]:
            left[ty, tx] = a[i, k * TILE + tx]
        if k * TILE + ty < b.shape[0] and j < b.shape[1]:
            right[ty, tx] = b[k * TILE + ty, j]
        tl.barrier()
        for r in range(TILE):
            total += left[ty, r] * right[r, tx]
        tl.barrier()
    if i < out.shape[0] and j < out.shape[1]:
        out[i, j] = total


def small(*shape: int) -> np.ndarray:
    """Small whole numbers: sums of them are exact."""
    return np.random.default_rng(len(shape)).integers(-3, 4, shape).astype(np.float32)


def test_a_product_through_shared_tiles():
    a, b, out = small(8, 12), small(12, 16), np.empty((8, 16), np.float32)
    report = product[(4, 2), (4, 4)](out, a, b, seed=3)
    np.testing.assert_array_equal(out, a @ b)
    assert report.loads_per_store == 2 * 12 / TILE
    in_form(tree_of(product))


@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (3, 5, 7), (4, 4, 4), (5, 13, 9)])
def test_a_product_of_sizes_that_fill_no_tile(m, k, n):
    a, b, out = small(m, k), small(k, n), np.full((m, n), np.nan, np.float32)
    guarded_product[(-(-n // 4), -(-m // 4)), (4, 4)](out, a, b)
    np.testing.assert_array_equal(out, a @ b)


@tl.kernel
def row_sums(out, x):
    t, row = thread.x, tl.block.x
    parts = tl.shared(tl.threads.x)
    mine = 0.0
    for j in range(t, x.shape[1], tl.threads.x):
        mine += x[row, j]
    parts[t] = mine
    barrier()
    half = tl.threads.x // 2
    while half > 0:
        if t < half:
            parts[t] += parts[t + half]
        barrier()
        half //= 2
    if t == 0:
        out[row] = parts[0]


@pytest.mark.parametrize("columns", [1, 7, 16, 50])
def test_a_row_is_summed_by_a_block(columns):
    x, out = small(3, columns), np.empty(3, np.float32)
    row_sums[3, 16](out, x, seed=columns)
    np.testing.assert_array_equal(out, x.sum(1))
    in_form(tree_of(row_sums))


@tl.kernel
def mixture(out, x, n, scale):
    i = thread.x
    if i >= n:
        return
    value = x[i]
    count = 0
    if value > 0.5 and not value > 2.0:
        value = math.sqrt(value) * scale
        count += 1
    elif value == 0.25 or i == 3:
        value = -abs(value) / 2
    else:
        value = max(value, HALF) ** 2
        count = 2
    out[i] = value + count if i % 2 == 0 else min(value, 1.0, 3.0)


def in_python(x: np.ndarray, n: int, scale: float) -> np.ndarray:
    """What mixture computes, number by number."""
    out = np.zeros_like(x)
    for i, value in enumerate(x[:n]):
        count = 0
        if 0.5 < value <= 2.0:
            value, count = np.sqrt(value) * np.float32(scale), 1
        elif value == 0.25 or i == 3:
            value = -abs(value) / np.float32(2)
        else:
            value, count = max(value, HALF) ** 2, 2
        out[i] = value + np.float32(count) if i % 2 == 0 else min(value, np.float32(1))
    return out


def test_branches_and_locals_do_what_python_does():
    x = np.array([0.0, 0.25, 0.6, 0.7, 2.0, 2.5, -4.0, 1.0, 9.0], np.float32)
    out = np.zeros_like(x)
    mixture[1, 16](out, x, 8, 1.5)
    np.testing.assert_allclose(out, in_python(x, 8, 1.5), rtol=1e-6)


@tl.kernel
def careful(out, x, n):
    i = thread.x
    left = x[i - 1] if 0 < i < n else 0.0
    right = 0.0 if i >= n - 1 else x[i + 1]
    if (i < n and x[i] > 0.5) or i >= n:
        out[i] = left + right
    if i >= n or x[i] < 0.25:
        out[i] = -1.0


def test_nothing_is_read_where_python_would_not_read_it():
    x = np.array([0.2, 0.7, 0.9, 0.3, 0.6], np.float32)
    out = np.zeros(8, np.float32)
    careful[1, 8](out, x, 5)
    np.testing.assert_allclose(out, [-1, 1.1, 1.0, 0, 0.3, -1, -1, -1], rtol=1e-6)


@tl.kernel
def of_each_kind(out, x, flag):
    i = thread.x
    counted = tl.shared(8, dtype=tl.int32)
    counted[i] = x[i]
    tl.barrier()
    out[i] = counted[7 - i] * 3 if flag[i] else counted[0] - 1


@pytest.mark.parametrize("kind", ["int32", "int64", "float64", "float32"])
def test_numbers_of_each_kind_are_computed_with(kind):
    x, flag = np.arange(8).astype(kind), np.arange(8) % 2 == 0
    out = np.zeros(8, kind)
    of_each_kind[1, 8](out, x, flag)
    np.testing.assert_array_equal(out, np.where(flag, x[::-1] * 3, -1))


@tl.kernel
def functions(out, x):
    i = thread.x
    out[0, i] = tl.exp(x[i])
    out[1, i] = np.log(x[i])
    out[2, i] = math.sin(x[i])
    out[3, i] = 1 / x[i]
    out[4, i] = float(i // 2) + int(2.9)
    out[5, i] = -x[i] - len(x)


def test_functions_have_the_numbers_of_numpy():
    x = np.linspace(0.5, 3, 8, dtype=np.float32)
    out = np.empty((6, 8), np.float32)
    functions[1, 8](out, x)
    right = [np.exp(x), np.log(x), np.sin(x), 1 / x, np.arange(8) // 2 + 2, -x - 8]
    np.testing.assert_allclose(out, right, rtol=3e-7)


@tl.kernel
def histogram(out, x):
    i = tl.block.x * tl.threads.x + tl.thread.x
    for k in range(out.size):
        if x[i] == float(k):
            tl.atomic_add(out, k, 1.0)


def test_all_threads_may_add_up_atomically():
    x = np.random.default_rng(0).integers(0, 5, 64).astype(np.float32)
    out = np.zeros(5, np.float32)
    histogram[2, 32](out, x, seed=0)
    np.testing.assert_array_equal(out, np.bincount(x.astype(int), minlength=5))


@tl.kernel
def reversed_by_threes(out, x):
    mine = tl.private(3)
    for k in range(3):
        mine[k] = x[3 * thread.x + k]
    for k in range(2, -1, -1):
        out[3 * thread.x + 2 - k] = mine[k]


def test_each_thread_has_memory_of_its_own():
    x, out = np.arange(12, dtype=np.float32), np.empty(12, np.float32)
    reversed_by_threes[1, 4](out, x)
    np.testing.assert_array_equal(out.reshape(4, 3), x.reshape(4, 3)[:, ::-1])


@pytest.mark.parametrize("kernel", [add, product, row_sums, mixture, reversed_by_threes])
def test_a_kernels_tree_is_one_program_that_the_interpreter_runs(kernel):
    test_of = {
        add: lambda: test_a_thread_for_each_number(33, 8, None),
        product: test_a_product_through_shared_tiles,
        row_sums: lambda: test_a_row_is_summed_by_a_block(16),
        mixture: test_branches_and_locals_do_what_python_does,
        reversed_by_threes: test_each_thread_has_memory_of_its_own,
    }
    test_of[kernel]()
    tree = tree_of(kernel)
    assert shown(parsed(shown(tree))) == shown(tree)
    arrays = {m.name: small(*m.shape) for m in tree.arguments if m.name not in tree.written}
    if kernel is mixture:  # the interpreter wants every number written
        return
    out = np.empty(tree.arguments[0].shape, np.float32)
    sizes = {add: (5, 8), product: ((4, 2), (4, 4)), row_sums: (3, 16), reversed_by_threes: (1, 4)}
    kernel[sizes[kernel]](out, *arrays.values())
    np.testing.assert_array_equal(run(tree, arrays)[tree.arguments[0].name], out)


# ---------------------------------------------------------------- reports


def test_a_report_has_a_row_for_each_line_of_python():
    x = np.arange(64, dtype=np.float32)
    rows = add[2, 32](np.empty(64, np.float32), x, x).text().splitlines()
    assert rows[0].startswith("add: 2 blocks of 32 threads")
    row = next(r for r in rows if "out[i] = x[i] + y[i]" in r)
    assert row.split()[-2:] == ["24", "24"]  # two warps, three arrays, four sectors each


@tl.kernel
def even_and_odd(out, x):
    i = tl.block.x * tl.threads.x + tl.thread.x
    if i % 2 == 0:
        out[i] = x[i] + 1
    else:
        out[i] = x[i] * 2


@tl.kernel
def warp_by_warp(out, x):
    i = tl.block.x * tl.threads.x + tl.thread.x
    if i // 32 % 2 == 0:
        out[i] = x[i] + 1
    else:
        out[i] = x[i] * 2


@tl.kernel
def only_odd(out, x):
    i = tl.block.x * tl.threads.x + tl.thread.x
    if i % 2 == 0:
        pass
    else:
        out[i] = x[i] * 2


@pytest.mark.parametrize(
    ("kernel", "runs", "divergent"),
    [(even_and_odd, 18, 2), (warp_by_warp, 10, 0), (only_odd, 10, 2)],
)
def test_an_if_with_its_else_is_one_branch_of_a_warp(kernel, runs, divergent):
    x, out = np.arange(64, dtype=np.float32), np.zeros(64, np.float32)
    total = kernel[2, 32](out, x).total
    assert (total.runs, total.divergent) == (runs, divergent)
    assert (out[1], out[63]) == (2, 126)


@pytest.mark.parametrize(
    ("blocks", "block", "says"),
    [
        (1, 32, "1 block of 32 threads"),
        (2, 1, "2 blocks of 1 thread"),
        ((1, 2), (4, 2), "1×2 blocks of 4×2 threads"),
        ((1, 1, 2), 4, "1×1×2 blocks of 4 threads"),
    ],
)
def test_a_reports_title_leaves_out_axes_that_nobody_asked_for(blocks, block, says):
    @tl.kernel
    def nothing(out):
        if tl.thread.x + tl.block.x + tl.block.y + tl.block.z + tl.thread.y == 0:
            out[0] = 1.0

    assert nothing[blocks, block](np.zeros(1, np.float32)).title() == f"nothing: {says}"


def test_a_kernels_text_is_that_of_its_last_launch_though_it_was_read_before():
    def text_after(*sizes):
        for n in sizes:
            add[2, n](np.empty(2 * n, np.float32), *np.ones((2, 2 * n), np.float32))
        return tl.source(add, "cuda")

    assert "8*bx" in text_after(8) and "4*bx" in text_after(4)
    assert "8*bx" in text_after(8) and "4*bx" not in text_after(8)


def test_a_kernel_is_read_once_for_each_launch_of_one_kind():
    @tl.kernel
    def double(out, x):
        out[thread.x] = x[thread.x] * 2

    for n in (4, 4, 8):
        double[1, n](np.empty(n, np.float32), np.ones(n, np.float32))
    assert len(double.traced) == 2
