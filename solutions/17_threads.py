# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A thousand threads
#
# Nine kernels. Each says what one thread does; how many threads there are is decided by whoever
# launches it, so your kernel has to be right for any size. Everything runs in the simulator: it
# stops at places outside of an array and at races, and counts what a card would have to do.
#
# | question | you write | points |
# |---|---|---|
# | q1 | `fahrenheit`: a map, one number for each thread | 2 |
# | q2 | `difference`: a zip, over blocks, with a guard | 2 |
# | q3 | `mirror`: two axes | 2 |
# | q4 | `scaled`: broadcasting, with threads along one axis | 2 |
# | q5 | `positive`: more numbers than threads | 3 |
# | q6 | `by_turns`: no warp goes both ways | 2 |
# | q7 | `blur`: a bug hunt outside of arrays | 2 |
# | q8 | `mean_with_next`: a bug hunt for a race | 2 |
# | q9 | `turn_rows`: in place, with no second array | 3 |

# %%
import tinylearn as tl

tl.course.exercise("17_threads")

# %% [markdown]
# What all questions use. `fresh` makes the array that a kernel stores to. It is full of `nan`, so
# that a number which nobody stored is seen.

# %% tags=["setup"]
import numpy as np

import tinylearn as tl


def fresh(*shape):
    """An array in which nothing has been stored yet: nan everywhere."""
    return np.full(shape, np.nan, np.float32)


def blocks_for(n, threads):
    """How many blocks have a thread for each of n numbers."""
    return -(-n // threads)


# %% tags=["warm"]
@tl.kernel
def warm(out, a, b):
    i = tl.block.x * tl.threads.x + tl.thread.x
    if i < out.size:
        out[i] = max(a[i], b[i]) * 2.0 + 1.0


warm[2, 4](fresh(7), np.ones(7, np.float32), np.ones(7, np.float32))

# %% [markdown]
# ## q1. A map (2 points)
#
# Temperatures in degrees Celsius; `out` shall hold them in degrees Fahrenheit, which is 1.8 times
# as many and 32 more. The launch is `fahrenheit[1, n](out, celsius)` for n numbers: one block, and
# a thread for each number.
#
# Budget: a warp asks for memory as seldom as it can. One thread that does the work of all asks too
# often.

# %% tags=["question"]
from tinylearn.course.question import case, question


def _numbers(rng, *shape, low=-4, high=4):
    """Numbers of two digits behind the point, none of them twice as often as others."""
    count = int(np.prod(shape))
    found = [round(rng.uniform(low, high), 2) for _ in range(count)]
    return np.array(found, np.float32).reshape(shape)


def _right_and_cheap(got, want, *_):
    from tinylearn.course.costs import fault

    return fault(got, want, slack=1.5)


q1 = question(
    "q1",
    answer="fahrenheit",
    points=2,
    kernels=True,
    title="A map",
    hints=(
        "Each thread has one number. Which place is its own? tl.thread.x says it.",
        "Read celsius at that place, compute, and store into out at the same place.",
        "i = tl.thread.x, then out[i] = celsius[i] * 1.8 + 32",
    ),
)
q1.judges(_right_and_cheap)


@q1.runs
def _one_block(kernel, celsius):
    out = fresh(celsius.size)
    report = kernel[1, celsius.size](out, celsius, seed=1)
    return [out, {"requests of warps": report.total.requests}]


@q1.visible("by hand")
def _():
    yield case("water freezes, a summer's day, water boils", np.array([0, 25, 100], np.float32))
    yield case("a single number", np.array([-40], np.float32))
    yield case("40 numbers", np.arange(40, dtype=np.float32))


@q1.hidden("random temperatures", points=2)
def _(rng):
    for n in (2, rng.randint(33, 64), rng.randint(65, 100)):
        yield case(f"{n} numbers", _numbers(rng, n, low=-40, high=90))


# %%
@tl.answer("fahrenheit", points=2)
@tl.kernel
def fahrenheit(out, celsius):
    """Each thread turns one temperature into degrees Fahrenheit."""
    ### BEGIN SOLUTION store into out, at the thread's own place
    i = tl.thread.x
    out[i] = celsius[i] * 1.8 + 32
    ### END SOLUTION


# %%
tl.check("q1")

# %% [markdown]
# ## q2. A zip over blocks (2 points)
#
# `out` shall hold `a - b`. There are enough blocks for all numbers, and mostly a few threads too
# many; sometimes a whole block too many.

# %% tags=["question"]
q2 = question(
    "q2",
    answer="difference",
    points=2,
    kernels=True,
    title="A zip over blocks",
    hints=(
        "tl.thread.x begins at 0 in every block. How many threads stand before this block?",
        "The place is tl.block.x * tl.threads.x + tl.thread.x. Which threads have no place?",
        "if i < out.size: out[i] = a[i] - b[i]",
    ),
)
q2.judges(_right_and_cheap)


@q2.runs
def _over_blocks(kernel, blocks, threads, a, b):
    out = fresh(a.size)
    report = kernel[blocks, threads](out, a, b, seed=2)
    return [out, {"requests of warps": report.total.requests}]


@q2.visible("by hand")
def _():
    a, b = np.arange(10, dtype=np.float32), np.full(10, 0.5, np.float32)
    yield case("8 numbers, 2 blocks of 4", 2, 4, a[:8], b[:8])
    yield case("10 numbers, 3 blocks of 4", 3, 4, a, b)
    yield case("one number, one block of 4", 1, 4, a[3:4], b[3:4])
    yield case("3 numbers, 2 blocks of 4: one has nothing to do", 2, 4, a[:3], b[:3])


@q2.hidden("random sizes", points=2)
def _(rng):
    for threads in (3, 32, rng.randint(5, 9)):
        n = threads * rng.randint(2, 4) + rng.randint(1, threads - 1)
        blocks = blocks_for(n, threads) + 1
        yield case(f"{n} numbers", blocks, threads, _numbers(rng, n), _numbers(rng, n))


# %%
@tl.answer("difference", points=2)
@tl.kernel
def difference(out, a, b):
    """Each thread subtracts one number of b from one of a, if there is one for it."""
    ### BEGIN SOLUTION the place among all threads, a guard, and the difference
    i = tl.block.x * tl.threads.x + tl.thread.x
    if i < out.size:
        out[i] = a[i] - b[i]
    ### END SOLUTION


# %%
tl.check("q2")

# %% [markdown]
# ## q3. Two axes (2 points)
#
# `out` shall hold `image` as a mirror shows it: what stands left comes to stand right. Both have
# the shape (rows, columns). Threads and blocks go across along x, and down along y.
#
# Budget: the sectors that warps move. Neighbours along x should be neighbours in memory.

# %% tags=["question"]
q3 = question(
    "q3",
    answer="mirror",
    points=2,
    kernels=True,
    title="Two axes",
    hints=(
        "Row i comes from block.y, threads.y and thread.y; column j from those of x.",
        "Column 0 comes from the last column, which is columns - 1; column j from how many less?",
        "if i < out.shape[0] and j < out.shape[1]: out[i, j] = image[i, out.shape[1] - 1 - j]",
    ),
)
q3.judges(_right_and_cheap)


@q3.runs
def _on_two_axes(kernel, threads, image):
    rows, columns = image.shape
    blocks = blocks_for(columns, threads[0]), blocks_for(rows, threads[1])
    out = fresh(rows, columns)
    report = kernel[blocks, threads](out, image, seed=3)
    return [out, {"sectors moved": report.total.sectors}]


@q3.visible("by hand")
def _():
    yield case("2 rows of 3, blocks of 4 x 4", (4, 4), np.arange(6, dtype=np.float32).reshape(2, 3))
    yield case("one pixel", (2, 2), np.array([[7]], np.float32))
    image = np.arange(45, dtype=np.float32).reshape(5, 9)
    yield case("5 rows of 9, blocks of 4 x 2", (4, 2), image)


@q3.hidden("random images", points=2)
def _(rng):
    for threads, rows, columns in (((3, 2), 5, 4), ((8, 4), 7, rng.randint(9, 15))):
        yield case(f"{rows} rows of {columns}", threads, _numbers(rng, rows, columns))
    yield case("32 rows of 32", (8, 8), _numbers(rng, 32, 32))


# %%
@tl.answer("mirror", points=2)
@tl.kernel
def mirror(out, image):
    """Each thread stores one pixel of the image with left and right exchanged."""
    ### BEGIN SOLUTION row and column of the thread, a guard for both, and one pixel
    i = tl.block.y * tl.threads.y + tl.thread.y
    j = tl.block.x * tl.threads.x + tl.thread.x
    rows, columns = out.shape
    if i < rows and j < columns:
        out[i, j] = image[i, columns - 1 - j]
    ### END SOLUTION


# %%
tl.check("q3")

# %% [markdown]
# ## q4. Broadcasting along one axis (2 points)
#
# A table of shape (rows, columns). Each column has a factor of its own in `factor`, each row an
# offset in `offset`: `out[i, j]` shall be `x[i, j] * factor[j] + offset[i]`.
#
# This time all threads stand along x, enough of them for `out.size` numbers. Which row and which
# column has thread number `place`, if rows are dealt out one after the other?

# %% tags=["question"]
q4 = question(
    "q4",
    answer="scaled",
    points=2,
    kernels=True,
    title="Broadcasting along one axis",
    hints=(
        "With 5 columns the places 0 to 4 are row 0, and 5 to 9 are row 1. What is place 7?",
        "The row is place // columns, and the column is what remains: place % columns.",
        "out[i, j] = x[i, j] * factor[j] + offset[i], where place < out.size",
    ),
)
q4.judges(_right_and_cheap)


@q4.runs
def _along_one_axis(kernel, threads, x, factor, offset):
    out = fresh(*x.shape)
    report = kernel[blocks_for(x.size, threads), threads](out, x, factor, offset, seed=4)
    return [out, {"requests of warps": report.total.requests}]


@q4.visible("by hand")
def _():
    x, steps = np.ones((2, 5), np.float32), np.arange(5, dtype=np.float32)
    yield case("2 rows of 5", 4, x, steps, np.array([100, 200], np.float32))
    yield case("one row of 3", 4, x[:1, :3], steps[:3], np.array([0.5], np.float32))
    yield case("3 rows of 1", 2, x.reshape(10, 1)[:3], steps[4:], 10 * steps[:3])


@q4.hidden("random tables", points=2)
def _(rng):
    for threads, rows, columns in ((32, 7, 6), (5, 3, rng.randint(4, 8)), (16, 9, 2)):
        x = _numbers(rng, rows, columns)
        factor, offset = _numbers(rng, columns, low=1), _numbers(rng, rows, low=1)
        yield case(f"{rows} rows of {columns}", threads, x, factor, offset)


# %%
@tl.answer("scaled", points=2)
@tl.kernel
def scaled(out, x, factor, offset):
    """Each thread computes one number of the table; the places run row by row."""
    ### BEGIN SOLUTION row and column from the place, a guard, and one number
    place = tl.block.x * tl.threads.x + tl.thread.x
    i = place // out.shape[1]
    j = place % out.shape[1]
    if place < out.size:
        out[i, j] = x[i, j] * factor[j] + offset[i]
    ### END SOLUTION


# %%
tl.check("q4")

# %% [markdown]
# ## q5. More numbers than threads (3 points)
#
# `out` shall hold each number of `x`, and 0 where it is negative. Now there are fewer threads than
# numbers, so each thread has several: it goes on to the next one that is its own, until there are
# none left.
#
# `tl.blocks.x` is the number of blocks. A loop may be `for k in range(start, stop, step):`, and the
# start may be a thread's place. One more name: `max(a, b)`.
#
# Budget: sectors. Each time, the 32 threads of a warp should look at neighbours.

# %% tags=["question"]
q5 = question(
    "q5",
    answer="positive",
    points=3,
    kernels=True,
    title="More numbers than threads",
    hints=(
        "Let thread 0 take place 0. If neighbours take neighbours, what is its next place?",
        "All threads together take tl.blocks.x * tl.threads.x numbers a round: that is the step.",
        "for place in range(i, out.size, step): out[place] = max(x[place], 0.0)",
    ),
)


@q5.runs
def _in_rounds(kernel, blocks, threads, x):
    out = fresh(x.size)
    total = kernel[blocks, threads](out, x, seed=5).total
    costs = {"requests of warps": total.requests}
    return [out, costs | ({"sectors moved": total.sectors} if x.size >= 256 else {})]


@q5.judges
def _right_and_side_by_side(got, want, *_):
    from tinylearn.course.costs import fault

    return fault(got, want, slack=1.25)


@q5.visible("by hand")
def _():
    x = np.array([1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11], np.float32)
    yield case("11 numbers, 2 blocks of 2", 2, 2, x)
    yield case("3 numbers, 2 blocks of 4", 2, 4, x[:3])
    yield case("256 numbers, 2 blocks of 32", 2, 32, np.arange(256, dtype=np.float32) - 100)


@q5.hidden("random sizes", points=2)
def _(rng):
    for blocks, threads in ((3, 2), (1, 5), (2, 32)):
        n = blocks * threads * rng.randint(2, 3) + rng.randint(1, blocks * threads - 1)
        yield case(f"{n} numbers, {blocks * threads} threads", blocks, threads, _numbers(rng, n))


@q5.hidden("side by side", points=1)
def _(rng):
    n = 64 * rng.randint(5, 6) + rng.randint(1, 63)
    yield case(f"{n} numbers, 64 threads", 2, 32, _numbers(rng, n))


# %%
@tl.answer("positive", points=3)
@tl.kernel
def positive(out, x):
    """Each thread stores max(x, 0) at its place, and again one round of all threads further on."""
    ### BEGIN SOLUTION a loop over the places of one thread
    i = tl.block.x * tl.threads.x + tl.thread.x
    step = tl.blocks.x * tl.threads.x
    for place in range(i, out.size, step):
        out[place] = max(x[place], 0.0)
    ### END SOLUTION


# %%
tl.check("q5")

# %% [markdown]
# ## q6. Nobody waits (2 points)
#
# At even places `out` shall hold the number of `x` doubled, at odd places the number plus 1. With
# `if` and `else` every warp walks both ways, and half of its threads wait at each.
#
# Budget: no warp is divided, but for the one that the guard may divide, and no more sectors are
# moved than it takes.

# %% tags=["question"]
q6 = question(
    "q6",
    answer="by_turns",
    points=2,
    kernels=True,
    title="Nobody waits",
    hints=(
        "Let all threads load, compute and store on the same lines. Only a number may differ.",
        "Both are x * factor + extra. For which factor and extra, at an even and at an odd place?",
        "factor = 2.0 if i % 2 == 0 else 1.0: a choice between numbers divides nobody.",
    ),
)


@q6.runs
def _without_waiting(kernel, threads, x):
    out = fresh(x.size)
    total = kernel[blocks_for(x.size, threads), threads](out, x, seed=6).total
    return [out, {"warps divided": total.divergent, "sectors moved": total.sectors}]


@q6.judges
def _right_and_together(got, want, *_):
    from tinylearn.course.costs import fault

    return fault(got, want)


@q6.visible("by hand")
def _():
    x = np.arange(100, dtype=np.float32)
    yield case("4 numbers, blocks of 4", 4, x[3:7])
    yield case("64 numbers, blocks of 32", 32, x[:64])
    yield case("100 numbers, blocks of 32", 32, x)
    yield case("7 numbers, blocks of 3", 3, x[:7])


@q6.hidden("random numbers", points=2)
def _(rng):
    for n, threads in ((64, 64), (rng.randint(70, 90), 32), (rng.randint(6, 9), 5)):
        yield case(f"{n} numbers, blocks of {threads}", threads, _numbers(rng, n))


# %%
@tl.answer("by_turns", points=2)
@tl.kernel
def by_turns(out, x):
    """Twice the number at even places, the number plus 1 at odd ones."""
    ### BEGIN SOLUTION the same lines for all threads
    i = tl.block.x * tl.threads.x + tl.thread.x
    even = i % 2 == 0
    if i < out.size:
        out[i] = x[i] * (2.0 if even else 1.0) + (0.0 if even else 1.0)
    ### END SOLUTION


# %%
tl.check("q6")

# %% [markdown]
# ## q7. A bug hunt outside of arrays (2 points)
#
# Each number becomes the mean of itself and its two neighbours. At the two ends, where there is no
# neighbour, the number itself counts once more. This kernel was tried on a card, and the test
# passed.


# %%
@tl.kernel
def blur_broken(out, x):
    i = tl.block.x * tl.threads.x + tl.thread.x
    if i <= out.size:
        out[i] = (x[i - 1] + x[i] + x[i + 1]) / 3


# %% [markdown]
# *Before you run this:* how many different things are wrong with it? Repair one after the other,
# and run it again each time.

# %%
signal = np.array([3, 0, 0, 6, 0, 0], np.float32)
try:
    blur_broken[2, 4](fresh(6), signal)
except tl.KernelError as error:
    print(error)
except IndexError as error:
    print(type(error).__name__, error)

# %% tags=["question"]
q7 = question(
    "q7",
    answer="blur",
    points=2,
    kernels=True,
    title="A bug hunt outside of arrays",
    hints=(
        "Three places can lie outside: i of the surplus threads, i - 1, and i + 1.",
        "max(i - 1, 0) is a place that is never below 0. And at the other end?",
        "x[max(i - 1, 0)] + x[i] + x[min(i + 1, x.size - 1)], where i < out.size",
    ),
)
q7.judges(_right_and_cheap)


@q7.runs
def _with_neighbours(kernel, threads, x):
    out = fresh(x.size)
    report = kernel[blocks_for(x.size, threads), threads](out, x, seed=7)
    return [out, {"requests of warps": report.total.requests}]


@q7.visible("by hand")
def _():
    yield case("6 numbers, blocks of 4", 4, np.array([3, 0, 0, 6, 0, 0], np.float32))
    yield case("8 numbers, blocks of 4", 4, np.array([9, 1, 2, 3, 4, 5, 6, 30], np.float32))
    yield case("a single number", 4, np.array([5], np.float32))
    yield case("2 numbers", 2, np.array([0, 3], np.float32))


@q7.hidden("random signals", points=2)
def _(rng):
    for n, threads in ((3, 3), (rng.randint(34, 60), 32), (rng.randint(11, 15), 5)):
        yield case(f"{n} numbers, blocks of {threads}", threads, _numbers(rng, n, low=1, high=9))


# %%
@tl.answer("blur", points=2)
@tl.kernel
def blur(out, x):
    """The mean of each number and its two neighbours; an end is its own neighbour."""
    ### BEGIN SOLUTION the kernel above, repaired
    i = tl.block.x * tl.threads.x + tl.thread.x
    if i < out.size:
        before = max(i - 1, 0)
        behind = min(i + 1, x.size - 1)
        out[i] = (x[before] + x[i] + x[behind]) / 3
    ### END SOLUTION


# %%
tl.check("q7")

# %% [markdown]
# ## q8. A bug hunt for a race (2 points)
#
# One block changes `x` in place: each number becomes the mean of itself and the next one, both as
# they were **before**; the last number stays. There may be more threads than numbers.


# %%
@tl.kernel
def mean_broken(x):
    i = tl.thread.x
    if i + 1 < x.size:
        x[i] = (x[i] + x[i + 1]) / 2


# %% [markdown]
# `tl.barrier()` is a line at which every thread of a block waits until all of them are there. So
# what stands above it is done before anything below it begins.
#
# *Before you run this:* which two threads meet at `x[1]`, and what does each of them want there?

# %%
try:
    mean_broken[1, 4](np.array([1, 2, 3, 4], np.float32))
except RuntimeError as error:
    print(type(error).__name__, error)

# %% tags=["question"]
q8 = question(
    "q8",
    answer="mean_with_next",
    points=2,
    kernels=True,
    title="A bug hunt for a race",
    hints=(
        "All threads should have read before the first one stores. Which line belongs in between?",
        "All threads of the block must come to the barrier: it cannot stand inside the if.",
        "mean = 0.0, an if that computes mean, tl.barrier(), and an if that stores it.",
    ),
)
q8.judges(_right_and_cheap)


@q8.runs
def _in_place(kernel, threads, x):
    report = kernel[1, threads](x, seed=8)
    return [x, {"requests of warps": report.total.requests}]


@q8.visible("by hand")
def _():
    x = np.array([1, 3, 7, 15, 31, 63], np.float32)
    yield case("4 numbers, 4 threads", 4, x[:4])
    yield case("6 numbers, 8 threads", 8, x)
    yield case("a single number", 4, x[:1])
    yield case("70 numbers, 96 threads", 96, np.arange(70, dtype=np.float32) ** 2)


@q8.hidden("random numbers", points=2)
def _(rng):
    for n, more in ((2, 0), (rng.randint(40, 60), 5), (rng.randint(70, 90), 0)):
        yield case(f"{n} numbers, {n + more} threads", n + more, _numbers(rng, n))


# %%
@tl.answer("mean_with_next", points=2)
@tl.kernel
def mean_with_next(x):
    """Each number of x becomes the mean of itself and the next; the last stays."""
    ### BEGIN SOLUTION the kernel above, repaired
    i = tl.thread.x
    mean = 0.0
    if i + 1 < x.size:
        mean = (x[i] + x[i + 1]) / 2
    tl.barrier()
    if i + 1 < x.size:
        x[i] = mean
    ### END SOLUTION


# %%
tl.check("q8")

# %% [markdown]
# ## q9. In place (3 points)
#
# Each row of `table` is to be turned round, first number last, and there is no second array. Every
# number of the table has a thread, blocks in both axes. Some of the threads will have nothing to
# do; decide which.

# %% tags=["question"]
q9 = question(
    "q9",
    answer="turn_rows",
    points=3,
    kernels=True,
    title="In place",
    hints=(
        "Thread j exchanges two numbers of its row. Which two? And what would its mirror do?",
        "Only the left half of the threads may work: with 7 columns those with j < 3.",
        "Keep one of the two numbers under a name before you store over it.",
    ),
)
q9.judges(_right_and_cheap)


@q9.runs
def _two_numbers_each(kernel, threads, table):
    rows, columns = table.shape
    blocks = blocks_for(columns, threads[0]), blocks_for(rows, threads[1])
    report = kernel[blocks, threads](table, seed=9)
    return [table, {"requests of warps": report.total.requests}]


@q9.visible("by hand")
def _():
    table = np.arange(24, dtype=np.float32).reshape(3, 8)
    yield case("3 rows of 8", (4, 2), table)
    yield case("3 rows of 7", (4, 2), table[:, :7].copy())
    yield case("3 rows of 1", (4, 2), table[:, :1].copy())
    yield case("1 row of 2", (2, 1), table[:1, :2].copy())


@q9.hidden("random tables", points=3)
def _(rng):
    for threads, rows, columns in (((3, 2), 5, 4), ((4, 4), 6, 5), ((8, 4), 3, 33)):
        yield case(f"{rows} rows of {columns}", threads, _numbers(rng, rows, columns))


# %%
@tl.answer("turn_rows", points=3)
@tl.kernel
def turn_rows(table):
    """Each row of the table is turned round where it lies."""
    ### BEGIN SOLUTION two places, a guard, and an exchange
    i = tl.block.y * tl.threads.y + tl.thread.y
    j = tl.block.x * tl.threads.x + tl.thread.x
    rows, columns = table.shape
    if i < rows and j < columns // 2:
        first = table[i, j]
        table[i, j] = table[i, columns - 1 - j]
        table[i, columns - 1 - j] = first
    ### END SOLUTION


# %%
tl.check("q9")

# %% [markdown]
# ## It runs on your code
#
# A few digits go through your kernels. They are images of 8 x 8 numbers from 0 to 1.
#
# *Before you run this:* which digits look the same in a mirror?

# %%
from tinylearn.nn import datasets
from tinylearn.viz import plots

DIGITS = datasets.digits8(flat=False)
NAMES = ("digit", "mirror", "turned", "blurred", "less it")


def through_your_kernels(digit):
    """The digit, and what four of your kernels make of it."""
    seen, turned, soft, edge = fresh(8, 8), digit.copy(), fresh(64), fresh(64)
    mirror[(2, 2), (4, 4)](seen, digit)
    turn_rows[(2, 2), (4, 4)](turned)
    blur[2, 32](soft, digit.reshape(64))
    difference[2, 32](edge, digit.reshape(64), seen.reshape(64))
    return [digit, seen, turned, soft.reshape(8, 8), edge.reshape(8, 8)]


# %%
chosen = [np.asarray(DIGITS.x_test[k], np.float32).reshape(8, 8) for k in (0, 3, 7, 12)]
rows = [image for digit in chosen for image in through_your_kernels(digit)]
plots.images(
    np.array(rows),
    [*NAMES] * 4,
    caption="Four digits: in a mirror, turned in place, blurred, and less their mirror image.",
    alt="Two rows with two digits each, and five images of each digit: the digit, its mirror image "
    "twice, the digit blurred along its rows, and the digit less its mirror image.",
)

# %% [markdown]
# And this is one of your kernels in CUDA, as a card would get it.

# %%
print(tl.source(blur, "cuda"))

# %%
tl.course.card()
