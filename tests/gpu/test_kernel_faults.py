"""What would go wrong on a GPU is told at the line of Python, with the threads that do it."""

from __future__ import annotations

import numpy as np
import pytest

import tinylearn as tl
from tests.gpu.test_kernels import add
from tinylearn.devices.simulator.faults import BarrierError, BoundsError, RaceError

thread = tl.thread


@tl.kernel
def no_barrier(out, x):
    s = tl.shared(32)
    s[thread.x] = x[thread.x]
    out[thread.x] = s[31 - thread.x]


@tl.kernel
def turned(out, x):
    s = tl.shared(32)
    s[thread.x] = x[thread.x]
    tl.barrier()
    out[thread.x] = s[31 - thread.x]


def test_a_missing_barrier_names_both_lines_of_python():
    x, out = np.arange(32, dtype=np.float32), np.empty(32, np.float32)
    with pytest.raises(RaceError) as caught:
        no_barrier[1, 32](out, x)
    said = str(caught.value)
    assert "two threads touch s[" in said and "Try tl.barrier() between these two lines" in said
    assert "test_kernel_faults.py, line" in said
    assert "s[thread.x] = x[thread.x]" in said and "out[thread.x] = s[31 - thread.x]" in said
    turned[1, 32](out, x)
    np.testing.assert_array_equal(out, x[::-1])


@tl.kernel
def all_to_one(out, x):
    out[0] = out[0] + x[thread.x]


@tl.kernel
def all_to_one_atomically(out, x):
    tl.atomic_add(out, 0, x[thread.x])


@tl.kernel
def with_neighbour(out, x):
    s = tl.shared(33)
    s[thread.x + 1] = x[thread.x]
    tl.barrier()
    s[thread.x] = s[thread.x + 1]
    tl.barrier()
    out[thread.x] = s[thread.x]


@tl.kernel
def with_neighbour_in_two_lines(out, x):
    s = tl.shared(33)
    s[thread.x + 1] = x[thread.x]
    tl.barrier()
    mine = s[thread.x + 1]
    tl.barrier()
    s[thread.x] = mine
    tl.barrier()
    out[thread.x] = s[thread.x]


@tl.kernel
def round_after_round(out, x):
    s = tl.shared(64)
    s[thread.x] = x[thread.x]
    tl.barrier()
    for k in range(2):
        s[thread.x + 32 - 32 * k] = s[31 - thread.x + 32 * k]
    tl.barrier()
    out[thread.x] = s[thread.x]


@tl.kernel
def round_by_round(out, x):
    s = tl.shared(64)
    s[thread.x] = x[thread.x]
    tl.barrier()
    for k in range(2):
        s[thread.x + 32 - 32 * k] = s[31 - thread.x + 32 * k]
        tl.barrier()
    out[thread.x] = s[thread.x]


@pytest.mark.parametrize(
    ("wrong", "repaired", "says", "right"),
    [
        (all_to_one, all_to_one_atomically, "for each thread, or tl.atomic_add", "sum"),
        (with_neighbour, with_neighbour_in_two_lines, "a name for what is read, then", "same"),
        (round_after_round, round_by_round, "at the end of each round of the loop", "same"),
    ],
)
def test_a_race_within_one_line_offers_a_repair_that_repairs(wrong, repaired, says, right):
    x, out = np.arange(32, dtype=np.float32), np.zeros(32, np.float32)
    with pytest.raises(RaceError) as caught:
        wrong[1, 32](out, x)
    assert str(caught.value).splitlines()[-1].startswith("Try ") and says in str(caught.value)
    repaired[1, 32](out, x)
    np.testing.assert_array_equal(out, x if right == "same" else [x.sum()] + [0.0] * 31)


def test_the_memory_of_an_argument_is_called_global():
    with pytest.raises(RaceError, match="    global memory out, byte 0 of 128"):
        all_to_one[1, 32](np.zeros(32, np.float32), np.ones(32, np.float32))


@tl.kernel
def off_by_one(out, x):
    i = tl.block.x * tl.threads.x + thread.x
    out[i] = x[i + 1]


@tl.kernel
def negative(out, x):
    out[thread.x] = x[thread.x - 1]


def test_a_place_outside_names_the_line_and_the_thread():
    x, out = np.zeros((4, 8), np.float32).reshape(-1), np.empty(32, np.float32)
    with pytest.raises(BoundsError, match=r"place 32 of x.*32 numbers") as caught:
        off_by_one[2, 16](out, x)
    assert "block (1, 0, 0), thread (15, 0, 0)" in str(caught.value)
    assert "out[i] = x[i + 1]" in str(caught.value)
    with pytest.raises(BoundsError, match="place -1 of x"):
        negative[1, 8](out, x)


def test_an_array_of_one_number_has_one_number():
    with pytest.raises(BoundsError, match=r"place 1 of x, which has 1 number\n"):
        off_by_one[1, 1](np.zeros(1, np.float32), np.zeros(1, np.float32))


def test_a_grid_that_is_too_large_is_found():
    x, out = np.zeros(30, np.float32), np.empty(30, np.float32)
    with pytest.raises(BoundsError, match="place 30 of out, which has 30 numbers"):
        off_by_one[2, 16](out, np.zeros(33, np.float32))
    add[2, 16](out, x, x)


@tl.kernel
def divergent(out):
    if thread.x < 16:
        tl.barrier()
    out[thread.x] = 1.0


@tl.kernel
def leaves_early(out):
    if thread.x >= out.size:
        return
    tl.barrier()
    out[thread.x] = 1.0


@tl.kernel
def uniform(out):
    if tl.block.x < 1:
        tl.barrier()
    out[tl.block.x * 32 + thread.x] = 1.0


def test_a_barrier_where_only_some_come_by_is_refused_at_its_line():
    for kernel, size, says in ((divergent, 32, "if thread.x < 16"), (leaves_early, 20, "size")):
        with pytest.raises(BarrierError, match="only some threads") as caught:
            kernel[1, 32](np.empty(size, np.float32))
        assert says in str(caught.value)
    leaves_early[1, 32](np.empty(32, np.float32))  # nobody leaves: nothing is wrong
    uniform[2, 32](np.empty(64, np.float32))


@tl.kernel
def uses_unset(out):
    s = tl.shared(8)
    out[thread.x] = s[thread.x]


def test_what_nobody_wrote_is_no_number():
    out = np.zeros(8, np.float32)
    uses_unset[1, 8](out)
    assert np.isnan(out).all()
