"""What restricted Python forbids is an error at its line, with what to write instead."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinylearn as tl
from tests.gpu.test_kernels import add
from tinylearn.kernels import KernelError

thread = tl.thread


def refused(function, *arguments, sizes=(1, 4)) -> str:
    """What a kernel is refused with."""
    with pytest.raises(KernelError) as caught:
        tl.kernel(function)[sizes](*arguments)
    return str(caught.value)


OUT = np.zeros(4, np.float32)


def with_comprehension(out):
    out[0] = sum([k for k in range(4)])


def with_break(out):
    for k in range(4):
        out[k] = 1.0
        break


def with_print(out):
    print(out[0])


def with_unknown(out):
    out[0] = totl  # noqa: F821


def with_unset(out):
    if thread.x < 2:
        y = 1.0
    out[thread.x] = y


def with_value_place(out):
    out[out[thread.x]] = 1.0


def with_value_range(out):
    n = int(out[thread.x])
    for k in range(n // 2):
        out[k] = 1.0


def with_while(out):
    x = out[thread.x]
    while x < 1.0:
        x += 1.0


def with_return(out):
    return out


def with_axes(out):
    out[thread.x, 0] = 1.0


def with_slice(out):
    out[0:2] = 1.0


def with_method(out):
    out[0] = out.sum()


def with_wrong_axis(out):
    out[thread.w] = 1.0


def with_foreign_loop(out):
    for x in out:
        out[0] = x


def with_division(out):
    out[thread.x // thread.x] = 1.0


def with_cosh(out):
    out[0] = math.cosh(out[0])


def with_unknown_size(out):
    s = tl.shared(thread.x)
    out[0] = s[0]


def with_try(out):
    try:
        out[0] = 1.0
    except ValueError:
        out[0] = 2.0


REFUSED = [
    (with_comprehension, "ListComp", "a for loop"),
    (with_break, "cannot do `break`", "an if around"),
    (with_print, "a kernel cannot do `print(", "out[i] = x"),
    (with_unknown, "'totl' is not set here", "totl = 0.0"),
    (with_unset, "'y' is not set here", "y = 0.0 before"),
    (with_value_place, "a place in out is a whole number", "out[int(x)]"),
    (with_value_range, "how many rounds this loop has", "an if inside"),
    (with_while, "nobody knows at the launch", "for k in range(most)"),
    (with_return, "a kernel returns nothing", "storing it"),
    (with_axes, "out has 1 axes (4,), and 2 places", "out[i]"),
    (with_slice, "Slice", "single places"),
    (with_method, "an array in a kernel has no 'sum'", "shape, size"),
    (with_wrong_axis, "thread has no 'w'", "thread.x, .y or .z"),
    (with_foreign_loop, "goes over a range", "for k in range(n)"),
    (with_division, "// needs a number above 0", ""),
    (with_cosh, "no kernel can call 'cosh'", "its formula"),
    (with_unknown_size, "sizes that are known at the launch", ""),
    (with_try, "cannot do `try:`", "checks with if"),
]


@pytest.mark.parametrize(
    ("function", "says", "repair"), REFUSED, ids=lambda x: getattr(x, "__name__", "")
)
def test_what_a_kernel_cannot_do_is_told_at_its_line(function, says, repair):
    said = refused(function, OUT.copy())
    assert says in said and repair in said
    assert "test_refused_kernels.py, line" in said


def test_launches_that_make_no_sense_are_told():
    for sizes, says in (
        (4, "needs a number of blocks and of threads"),
        ((0, 4), "blocks are one to three numbers above 0"),
        ((1, 2048), "at most 1024 threads"),
        ((1, (32, 64)), "at most 1024 threads"),
        ((1, (1, 1, 1, 1)), "threads are one to three"),
    ):
        with pytest.raises(KernelError, match=says):
            add[sizes]
    with pytest.raises(KernelError, match="takes 3 arguments, got 1"):
        add[1, 4](OUT)
    with pytest.raises(KernelError, match="out is written, and is the memory of x too"):
        add[1, 4](OUT, OUT, np.zeros(4, np.float32))
    with pytest.raises(KernelError, match="takes arrays, tensors and numbers, got list"):
        add[1, 4](OUT, [1], [2])
    with pytest.raises(KernelError, match=r"runs on threads\nTry add\[1, 32\]"):
        add(OUT, OUT, OUT)
    with pytest.raises(KernelError, match="only inside a kernel"):
        print(tl.thread.x)
    with pytest.raises(KernelError, match="only inside a kernel"):
        tl.barrier()


def never_done(out):
    half = 4
    while half > 0:
        out[tl.thread.x] = half


def not_written_yet(out):
    """Doubles."""
    raise NotImplementedError("not attempted yet")


def test_a_while_that_never_ends_is_ended():
    assert "this while runs more than 256 times" in refused(never_done, OUT)


def test_a_kernel_that_is_not_written_yet_says_so():
    with pytest.raises(NotImplementedError, match="not written yet"):
        tl.kernel(not_written_yet)[1, 4](OUT)


def test_a_kernel_stays_one_under_a_second_decorator_and_a_lambda_is_none():
    assert tl.kernel(add) is add
    with pytest.raises(KernelError, match="a kernel has a name"):
        tl.kernel(lambda out: None)
    with pytest.raises(KernelError, match="a kernel is a function"):
        tl.kernel(3)
