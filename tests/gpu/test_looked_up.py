"""Places that are numbers themselves: read, computed, searched for."""

from __future__ import annotations

import numpy as np
import pytest

import tinylearn as tl
from tests.gpu.test_kernels import tree_of
from tinylearn.devices.simulator.faults import BarrierError, BoundsError, RaceError
from tinylearn.loops.check import in_form
from tinylearn.loops.run import Broken, run
from tinylearn.loops.text import parsed, shown
from tinylearn.render.cuda import render_cuda

thread = tl.thread


@tl.kernel
def gather(out, table, rows):
    i, j = tl.block.x, thread.x
    if j < table.shape[1]:
        out[i, j] = table[rows[i], j]


def test_rows_are_gathered():
    table, rows = np.arange(12, dtype=np.float32).reshape(4, 3), np.array([2, 0, 2, 3, 1])
    out = np.zeros((5, 3), np.float32)
    gather[5, 4](out, table, rows)
    np.testing.assert_array_equal(out, table[rows])
    tree = tree_of(gather)
    in_form(tree)
    assert shown(parsed(shown(tree))) == shown(tree)
    np.testing.assert_array_equal(run(tree, {"table": table, "rows": rows})["out"], out)
    assert "table[3*t" in render_cuda(tree).text


def test_a_row_that_is_not_there_is_told():
    table, out = np.zeros((4, 3), np.float32), np.zeros((2, 3), np.float32)
    with pytest.raises(BoundsError, match="place 12 of table"):
        gather[2, 3](out, table, np.array([0, 4]))
    with pytest.raises(BoundsError, match="place -3 of table"):
        gather[2, 3](out, table, np.array([0, -1]))


@tl.kernel
def histogram(out, x):
    counts = tl.shared(8, dtype=tl.int32)
    t = thread.x
    if t < 8:
        counts[t] = 0
    tl.barrier()
    for k in range(t, x.size, tl.threads.x):
        tl.atomic_add(counts, x[k] // 2, 1)
    tl.barrier()
    if t < 8:
        out[t] = counts[t]


def test_a_histogram_is_counted_in_shared_memory():
    x = np.random.default_rng(0).integers(0, 16, 100)
    out = np.zeros(8, np.int32)
    report = histogram[1, 32](out, x, seed=3)
    np.testing.assert_array_equal(out, np.bincount(x // 2, minlength=8))
    assert report.total.barriers == 2


@tl.kernel
def careless_histogram(out, x):
    counts = tl.shared(8, dtype=tl.int32)
    if thread.x < 8:
        counts[thread.x] = 0
    tl.barrier()
    counts[x[thread.x]] += 1
    tl.barrier()
    if thread.x < 8:
        out[thread.x] = counts[thread.x]


def test_counting_without_atomics_is_a_race():
    with pytest.raises(RaceError, match="two threads touch counts"):
        careless_histogram[1, 32](np.zeros(8, np.int32), np.arange(32) % 8)


def test_who_touches_looked_up_shared_memory_cannot_be_proved():
    histogram[1, 32](np.zeros(8, np.int32), np.arange(16))
    with pytest.raises(Broken, match="depends on numbers that are read"):
        in_form(tree_of(histogram))


@tl.kernel
def search(out, sorted_numbers, wanted):
    x = wanted[thread.x]
    low, high = 0, sorted_numbers.size
    for _ in range(6):
        if low < high:
            middle = (low + high) // 2
            if sorted_numbers[middle] < x:
                low = middle + 1
            else:
                high = middle
    out[thread.x] = low


def test_numbers_are_searched_by_halves():
    numbers = np.sort(np.random.default_rng(1).normal(size=50)).astype(np.float32)
    wanted = np.linspace(-3, 3, 32, dtype=np.float32)
    out = np.zeros(32, np.int32)
    search[1, 32](out, numbers, wanted)
    np.testing.assert_array_equal(out, np.searchsorted(numbers, wanted))


@tl.kernel
def steps_behind_a_barrier(out, x):
    s = tl.shared(8)
    at = (x[thread.x] + 1) % 8
    s[thread.x] = 1.0 * thread.x
    tl.barrier()
    out[thread.x] = s[at]


def test_a_computed_place_is_still_known_behind_a_barrier():
    x, out = np.array([3, 1, 7, 0, 5, 2, 6, 4]), np.zeros(8, np.float32)
    steps_behind_a_barrier[1, 8](out, x)
    np.testing.assert_array_equal(out, (x + 1) % 8)


@tl.kernel
def waits_by_number(out, x):
    if x[thread.x] // 2 < 1:
        tl.barrier()
    out[thread.x] = 1.0


def test_a_barrier_that_hangs_on_numbers_is_refused():
    with pytest.raises(BarrierError, match="only some threads"):
        waits_by_number[1, 8](np.zeros(8, np.float32), np.zeros(8, np.int64))
