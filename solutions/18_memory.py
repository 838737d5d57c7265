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
# # Memory
#
# Seven kernels that have to be right and cheap. What counts is how often memory is asked, and how
# often threads wait for each other. Every budget is a count of the simulator, and the check says
# it.
#
# | question | you write | points |
# |---|---|---|
# | q1 | `column_sums`: neighbours read neighbours | 2 |
# | q2 | `window_sums`: each number is loaded once | 3 |
# | q3 | `tree_sum`: a sum in a few rounds | 3 |
# | q4 | `transpose`: both ways side by side | 4 |
# | q5 | `row_sums`: a bug hunt with three faults | 2 |
# | q6 | `softmax_rows`: one block, one row | 3 |
# | q7 | `running_sum`: a scan | 3 |

# %%
import tinylearn as tl

tl.course.exercise("18_memory")

# %% [markdown]
# What all questions use.

# %% tags=["setup"]
import numpy as np

import tinylearn as tl


def fresh(*shape):
    """An array in which nothing has been stored yet: nan everywhere."""
    return np.full(shape, np.nan, np.float32)


def blocks_for(n, threads):
    """How many blocks have a thread for each of n numbers."""
    return -(-n // threads)


def costs(total, *names):
    """Some of what a launch has cost, in words."""
    known = {
        "numbers loaded": total.loads,
        "sectors moved": total.sectors,
        "requests of warps": total.requests,
        "accesses to shared memory": total.shared,
        "bank conflicts": total.conflicts,
        "barriers": total.barriers,
        "atomic additions": total.atomic,
    }
    return {name: known[name] for name in names}


# %% tags=["warm"]
@tl.kernel
def warm(out, x):
    t = tl.thread.x
    s = tl.shared(tl.threads.x)
    s[t] = x[t] if t < x.size else 0.0
    tl.barrier()
    half = tl.threads.x // 2
    while half > 0:
        if t < half:
            s[t] = s[t] + s[t + half]
        tl.barrier()
        half = half // 2
    if t < out.size:
        out[t] = np.exp(s[0]) + max(s[t], 0.0)


warm[1, 8](fresh(7), np.ones(7, np.float32))

# %% [markdown]
# ## q1. Neighbours read neighbours (2 points)
#
# `out[j]` shall be the sum of column `j` of the table `x`. There is a thread for each column along
# x, and a few too many.
#
# Budget: sectors. In each round of your loop the threads of a warp should stand side by side.

# %% tags=["question"]
from tinylearn.course.question import case, question


def _numbers(rng, *shape, low=-2, high=2):
    """Numbers of two digits behind the point."""
    count = int(np.prod(shape))
    found = [round(rng.uniform(low, high), 2) for _ in range(count)]
    return np.array(found, np.float32).reshape(shape)


def _counting(*shape):
    return np.arange(1, 1 + int(np.prod(shape)), dtype=np.float32).reshape(shape)


def _right_and_cheap(got, want, *_):
    from tinylearn.course.costs import fault

    return fault(got, want)


q1 = question(
    "q1",
    answer="column_sums",
    points=2,
    kernels=True,
    title="Neighbours read neighbours",
    hints=(
        "A thread owns a column j. Which numbers does it add up, and which name changes?",
        "total = 0.0 before the loop, and total += x[i, j] for each row i.",
        "for i in range(x.shape[0]): total += x[i, j], all inside if j < out.size",
    ),
)
q1.judges(_right_and_cheap)


@q1.runs
def _a_thread_for_each_column(kernel, threads, x):
    out = fresh(x.shape[1])
    total = kernel[blocks_for(out.size, threads), threads](out, x, seed=1).total
    return [out, costs(total, "sectors moved", "requests of warps")]


@q1.visible("by hand")
def _():
    yield case("3 rows of 5", 4, _counting(3, 5))
    yield case("one row of 3", 4, _counting(1, 3))
    yield case("4 rows of 1", 2, _counting(4, 1))
    yield case("8 rows of 40", 32, _counting(8, 40))


@q1.hidden("random tables", points=2)
def _(rng):
    for threads, rows, columns in ((5, 6, 13), (32, rng.randint(5, 7), 70), (16, 2, 9)):
        yield case(f"{rows} rows of {columns}", threads, _numbers(rng, rows, columns))


# %%
@tl.answer("column_sums", points=2)
@tl.kernel
def column_sums(out, x):
    """Each thread adds up one column of x."""
    ### BEGIN SOLUTION a guard, a total, a loop over rows, and one store
    j = tl.block.x * tl.threads.x + tl.thread.x
    if j < out.size:
        total = 0.0
        for i in range(x.shape[0]):
            total += x[i, j]
        out[j] = total
    ### END SOLUTION


# %%
tl.check("q1")

# %% [markdown]
# ## q2. Each number is loaded once (3 points)
#
# `out[i]` shall be `x[i] + x[i + 1] + x[i + 2]`; `out` is 2 numbers shorter than `x`. Without
# shared memory, nearly every number is loaded three times, by three threads.
#
# Let the threads of a block load what the block needs into shared memory, each number once. A
# block of n threads needs n + 2 numbers.
#
# Budget: numbers loaded.

# %% tags=["question"]
q2 = question(
    "q2",
    answer="window_sums",
    points=3,
    kernels=True,
    title="Each number is loaded once",
    hints=(
        "Each thread loads its own number. Who loads the two behind the block's last number?",
        "Threads 0 and 1 load a second one, tl.threads.x further on, if there is one.",
        "near = tl.shared(tl.threads.x + 2); fill it, tl.barrier(), then add three of it.",
    ),
)
q2.judges(_right_and_cheap)


@q2.runs
def _windows(kernel, threads, x):
    out = fresh(x.size - 2)
    total = kernel[blocks_for(out.size, threads), threads](out, x, seed=2).total
    return [out, costs(total, "numbers loaded", "barriers")]


@q2.visible("by hand")
def _():
    x = 10 ** np.arange(10, dtype=np.float32) % 997
    yield case("8 sums, 2 blocks of 4", 4, x)
    yield case("6 sums, 2 blocks of 4", 4, x[:8])
    yield case("one sum", 4, x[:3])
    yield case("5 sums, blocks of 2", 2, x[3:])


@q2.hidden("random numbers", points=3)
def _(rng):
    for n, threads in ((rng.randint(40, 60), 8), (rng.randint(70, 90), 32), (9, 6), (34, 32)):
        yield case(f"{n - 2} sums, blocks of {threads}", threads, _numbers(rng, n))


# %%
@tl.answer("window_sums", points=3)
@tl.kernel
def window_sums(out, x):
    """The sum of three neighbours, each loaded once by its block."""
    ### BEGIN SOLUTION load into shared memory, wait, and add three numbers of it
    t = tl.thread.x
    i = tl.block.x * tl.threads.x + t
    near = tl.shared(tl.threads.x + 2)
    if i < x.size:
        near[t] = x[i]
    if t < 2 and i + tl.threads.x < x.size:
        near[t + tl.threads.x] = x[i + tl.threads.x]
    tl.barrier()
    if i < out.size:
        out[i] = near[t] + near[t + 1] + near[t + 2]
    ### END SOLUTION


# %%
tl.check("q2")

# %% [markdown]
# ## q3. A sum in a few rounds (3 points)
#
# One block; its number of threads is a power of two, and `x` has at most as many numbers.
# `total[0]` shall be the sum of all of them. In each round, half as many threads as before add a
# number of the other half to their own.
#
# Budget: barriers, accesses to shared memory, bank conflicts, and no atomic additions.

# %% tags=["question"]
q3 = question(
    "q3",
    answer="tree_sum",
    points=3,
    kernels=True,
    title="A sum in a few rounds",
    hints=(
        "Every thread stores its number into shared memory; what does one without a number store?",
        "half = tl.threads.x // 2; while half > 0: threads below half add s[t + half] to s[t].",
        "A barrier behind the first store, and one in every round, outside of the if.",
    ),
)
q3.judges(_right_and_cheap)


@q3.runs
def _one_block(kernel, threads, x):
    out = fresh(1)
    total = kernel[1, threads](out, x, seed=3).total
    names = ("requests of warps", "barriers", "accesses to shared memory", "bank conflicts")
    return [out, costs(total, *names, "atomic additions")]


@q3.visible("by hand")
def _():
    yield case("8 numbers, 8 threads", 8, _counting(8))
    yield case("5 numbers, 8 threads", 8, _counting(5))
    yield case("a single number and a single thread", 1, _counting(1))
    yield case("100 numbers, 128 threads", 128, _counting(100))


@q3.hidden("random numbers", points=3)
def _(rng):
    for n, threads in ((3, 4), (rng.randint(33, 60), 64), (rng.randint(130, 250), 256)):
        yield case(f"{n} numbers, {threads} threads", threads, _numbers(rng, n, low=0.5))


# %%
@tl.answer("tree_sum", points=3)
@tl.kernel
def tree_sum(total, x):
    """The sum of x in total[0], half as many threads in each round."""
    ### BEGIN SOLUTION store into shared memory, halve in rounds, and one store at the end
    t = tl.thread.x
    s = tl.shared(tl.threads.x)
    s[t] = x[t] if t < x.size else 0.0
    tl.barrier()
    half = tl.threads.x // 2
    while half > 0:
        if t < half:
            s[t] = s[t] + s[t + half]
        tl.barrier()
        half = half // 2
    if t == 0:
        total[0] = s[0]
    ### END SOLUTION


# %%
tl.check("q3")

# %% [markdown]
# ## q4. Both ways side by side (4 points)
#
# `out[j, i]` shall be `x[i, j]`. Blocks have 32 x 32 threads and go over `x`, columns along x. Who
# reads a row of `x` side by side stores down a column of `out`, a sector for each number. Through
# shared memory both can be done side by side: a tile of 32 x 32 is stored as it is read, and read
# turned.
#
# Budget: sectors for 3 points, and no bank conflicts for the fourth.

# %% tags=["question"]
q4 = question(
    "q4",
    answer="transpose",
    points=4,
    kernels=True,
    title="Both ways side by side",
    hints=(
        "After the barrier a thread need not store the number that it has read. Which one instead?",
        "The block's tile lands at row tl.block.x * 32 and column tl.block.y * 32 of out, plus "
        "thread.y and thread.x: neighbours along x stay neighbours.",
        "Store tile[thread.x, thread.y] there. A tile of 32 x 33 numbers has no conflicts.",
    ),
)
q4.judges(_right_and_cheap)


@q4.runs
def _tiles(kernel, x, counted="sectors moved"):
    rows, columns = x.shape
    out = fresh(columns, rows)
    grid = blocks_for(columns, 32), blocks_for(rows, 32)
    total = kernel[grid, (32, 32)](out, x, seed=4).total
    return [out, costs(total, counted)]


@q4.visible("by hand")
def _():
    yield case("2 rows of 3", _counting(2, 3))
    yield case("32 rows of 64", _counting(32, 64))
    yield case("33 rows of 36", _counting(33, 36))


@q4.hidden("random tables", points=3)
def _(rng):
    for rows, columns in ((64, 32), (rng.randint(40, 60), 36), (5, rng.randint(37, 60))):
        yield case(f"{rows} rows of {columns}", _numbers(rng, rows, columns))


@q4.hidden("no conflicts", points=1)
def _(rng):
    x = _numbers(rng, 40, rng.randint(20, 31))
    yield case("40 rows", x, "bank conflicts")
    yield case("40 rows, and the sectors", x + 1, "sectors moved")


# %%
@tl.answer("transpose", points=4)
@tl.kernel
def transpose(out, x):
    """Rows become columns, by way of a tile that is stored one way and read the other."""
    ### BEGIN SOLUTION load a tile, wait, and store it turned
    tile = tl.shared(32, 33)
    across, down = tl.thread.x, tl.thread.y
    i = tl.block.y * 32 + down
    j = tl.block.x * 32 + across
    if i < x.shape[0] and j < x.shape[1]:
        tile[down, across] = x[i, j]
    tl.barrier()
    row = tl.block.x * 32 + down
    column = tl.block.y * 32 + across
    if row < out.shape[0] and column < out.shape[1]:
        out[row, column] = tile[across, down]
    ### END SOLUTION


# %%
tl.check("q4")

# %% [markdown]
# ## q5. A bug hunt with three faults (2 points)
#
# One block for each row: `out[i]` shall be the sum of row `i`, which may have more numbers than
# the block has threads. The kernel below has three faults. One stops it, one gives wrong numbers
# for some sizes, and one is only dear.


# %%
@tl.kernel
def row_sums_broken(out, x):
    t = tl.thread.x
    s = tl.shared(tl.threads.x)
    each = x.shape[1] // tl.threads.x
    total = 0.0
    for k in range(each):
        total += x[tl.block.x, t * each + k]
    s[t] = total
    half = tl.threads.x // 2
    while half > 0:
        if t < half:
            s[t] = s[t] + s[t + half]
        half = half // 2
    if t == 0:
        out[tl.block.x] = s[0]


# %% [markdown]
# *Before you run this:* which fault will stop it, and what will the error say?

# %%
try:
    row_sums_broken[2, 4](fresh(2), np.ones((2, 10), np.float32))
except RuntimeError as error:
    print(type(error).__name__, error)

# %% tags=["question"]
q5 = question(
    "q5",
    answer="row_sums",
    points=2,
    kernels=True,
    title="A bug hunt with three faults",
    hints=(
        "Where does one thread read what another has stored? There a barrier is missing.",
        "10 numbers and 4 threads: 10 // 4 is 2, so who adds up the last two?",
        "for j in range(t, x.shape[1], tl.threads.x): neighbours, and none is left out.",
    ),
)
q5.judges(_right_and_cheap)


@q5.runs
def _a_block_for_each_row(kernel, threads, x):
    out = fresh(x.shape[0])
    total = kernel[x.shape[0], threads](out, x, seed=5).total
    return [out, costs(total, "sectors moved", "barriers", "atomic additions")]


@q5.visible("by hand")
def _():
    yield case("2 rows of 10, 4 threads", 4, _counting(2, 10))
    yield case("3 rows of 8, 8 threads", 8, _counting(3, 8))
    yield case("one row of 3, 8 threads", 8, _counting(1, 3))
    yield case("1 row of 256, 32 threads", 32, _counting(1, 256) % 10)


@q5.hidden("random tables", points=2)
def _(rng):
    for rows, columns, threads in ((3, rng.randint(9, 15), 2), (2, rng.randint(257, 290), 64)):
        yield case(f"{rows} rows of {columns}", threads, _numbers(rng, rows, columns, low=0.5))


# %%
@tl.answer("row_sums", points=2)
@tl.kernel
def row_sums(out, x):
    """The sum of each row, by a block of its own."""
    ### BEGIN SOLUTION the kernel above, repaired
    t = tl.thread.x
    s = tl.shared(tl.threads.x)
    total = 0.0
    for j in range(t, x.shape[1], tl.threads.x):
        total += x[tl.block.x, j]
    s[t] = total
    tl.barrier()
    half = tl.threads.x // 2
    while half > 0:
        if t < half:
            s[t] = s[t] + s[t + half]
        tl.barrier()
        half = half // 2
    if t == 0:
        out[tl.block.x] = s[0]
    ### END SOLUTION


# %%
tl.check("q5")

# %% [markdown]
# ## q6. Softmax (3 points)
#
# One block for each row, and at least as many threads as columns, a power of two. Each number of
# `x` becomes its exponential, divided by the sum of the exponentials of its row. The largest
# number of the row is subtracted beforehand, so that no exponential overflows: `np.exp(x -
# largest)`.
#
# Budget: each number is loaded once; barriers.

# %% tags=["question"]
q6 = question(
    "q6",
    answer="softmax_rows",
    points=3,
    kernels=True,
    title="Softmax",
    hints=(
        "Two trees: one finds the largest number, the other adds up. What does a thread without a "
        "number store for the first one, so that it is never the largest?",
        "Between the two, all threads read s[0] and then store something else into s: a barrier.",
        "value = x[row, t] if t < columns else -3e38; later power = np.exp(value - largest).",
    ),
)
q6.judges(_right_and_cheap)


@q6.runs
def _softmax(kernel, threads, x):
    out = fresh(*x.shape)
    total = kernel[x.shape[0], threads](out, x, seed=6).total
    return [out, costs(total, "numbers loaded", "barriers", "atomic additions")]


@q6.visible("by hand")
def _():
    yield case("2 rows of 4", 4, np.array([[0, 1, 2, 3], [3, 3, 0, -1]], np.float32))
    yield case("large numbers", 4, np.array([[1000, 1001, 999]], np.float32))
    yield case("far below zero", 4, np.array([[-1000, -1002, -1001]], np.float32))
    yield case("one column", 2, np.array([[5], [-7]], np.float32))
    yield case("far apart", 4, np.array([[0, -3, 500, 2], [-400, -9, 1, 90]], np.float32))


@q6.hidden("random rows", points=3)
def _(rng):
    for rows, columns, threads in ((2, rng.randint(5, 8), 8), (3, rng.randint(33, 50), 64)):
        x = _numbers(rng, rows, columns, low=-9, high=9)
        yield case(f"{rows} rows of {columns}", threads, x)
        for k in range(3):
            apart = x.copy()
            places = [rng.randrange(k * columns // 3, (k + 1) * columns // 3) for _ in range(rows)]
            apart[range(rows), places] += 300
            yield case("one number far above the others", threads, apart)


# %%
@tl.answer("softmax_rows", points=3)
@tl.kernel
def softmax_rows(out, x):
    """The softmax of each row, by a block of its own."""
    ### BEGIN SOLUTION the largest, the exponentials, their sum, and the shares
    row, t, columns = tl.block.x, tl.thread.x, x.shape[1]
    s = tl.shared(tl.threads.x)
    value = x[row, t] if t < columns else -3.0e38
    s[t] = value
    tl.barrier()
    half = tl.threads.x // 2
    while half > 0:
        if t < half:
            s[t] = max(s[t], s[t + half])
        tl.barrier()
        half = half // 2
    largest = s[0]
    tl.barrier()
    power = np.exp(value - largest) if t < columns else 0.0
    s[t] = power
    tl.barrier()
    half = tl.threads.x // 2
    while half > 0:
        if t < half:
            s[t] = s[t] + s[t + half]
        tl.barrier()
        half = half // 2
    if t < columns:
        out[row, t] = power / s[0]
    ### END SOLUTION


# %%
tl.check("q6")

# %% [markdown]
# ## q7. A scan (3 points)
#
# `out[i]` shall be the sum of `x[0]` to `x[i]`: a **running sum**. One block; its number of
# threads is a power of two, and `x` has at most as many numbers. It looks as if each sum had to
# wait for the one before. It need not:
#
# | | | | | | | | | |
# |---|---|---|---|---|---|---|---|---|
# | the numbers | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |
# | plus the one 1 place before | 1 | 3 | 5 | 7 | 9 | 11 | 13 | 15 |
# | plus the one 2 places before | 1 | 3 | 6 | 10 | 14 | 18 | 22 | 26 |
# | plus the one 4 places before | 1 | 3 | 6 | 10 | 15 | 21 | 28 | 36 |
#
# Budget: barriers, accesses to shared memory, numbers loaded.

# %% tags=["question"]
q7 = question(
    "q7",
    answer="running_sum",
    points=3,
    kernels=True,
    title="A scan",
    hints=(
        "In each round a thread reads the number `step` places before, if there is one.",
        "It stores where another thread reads. So all have to read before the first one stores.",
        "before = s[t - step] if t >= step else 0.0, a barrier, s[t] = s[t] + before, a barrier.",
    ),
)
q7.judges(_right_and_cheap)


@q7.runs
def _running(kernel, threads, x):
    out = fresh(x.size)
    total = kernel[1, threads](out, x, seed=7).total
    return [out, costs(total, "barriers", "accesses to shared memory", "numbers loaded")]


@q7.visible("by hand")
def _():
    yield case("8 numbers, 8 threads", 8, _counting(8))
    yield case("5 numbers, 8 threads", 8, _counting(5))
    yield case("a single number", 1, _counting(1))
    yield case("3 numbers, 4 threads", 4, np.array([4, -1, 2], np.float32))


@q7.hidden("random numbers", points=3)
def _(rng):
    for n, threads in ((rng.randint(9, 15), 16), (rng.randint(40, 60), 64), (128, 128)):
        yield case(f"{n} numbers, {threads} threads", threads, _numbers(rng, n, low=0.5))


# %%
@tl.answer("running_sum", points=3)
@tl.kernel
def running_sum(out, x):
    """The sum of all numbers up to each place."""
    ### BEGIN SOLUTION rounds of twice the step, each with two barriers
    t = tl.thread.x
    s = tl.shared(tl.threads.x)
    s[t] = x[t] if t < x.size else 0.0
    tl.barrier()
    step = 1
    while step < tl.threads.x:
        before = s[t - step] if t >= step else 0.0
        tl.barrier()
        s[t] = s[t] + before
        tl.barrier()
        step = step * 2
    if t < x.size:
        out[t] = s[t]
    ### END SOLUTION


# %%
tl.check("q7")

# %% [markdown]
# ## It runs on your code
#
# A small network that was trained on digits gives ten scores for each image. Your `softmax_rows`
# makes probabilities of them, `row_sums` adds each row up, and `column_sums` counts how much
# probability each digit got in all.
#
# *Before you run this:* what should every row add up to, and what do the ten columns add up to?

# %%
from tinylearn import Tensor
from tinylearn.nn import Linear, ReLU, Sequential, datasets, optim

data = datasets.digits8(flat=True)
tl.manual_seed(0)
model = Sequential(Linear(64, 32), ReLU(), Linear(32, 10))
optimizer = optim.Adam([model], lr=0.02)
for _ in range(60):
    loss = model(Tensor(data.x_train, requires_grad=False)).cross_entropy(data.y_train)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
scores = model(Tensor(data.x_test[:50], requires_grad=False)).numpy()

# %%
chances, sums, counts = fresh(50, 10), fresh(50), fresh(10)
softmax_rows[50, 16](chances, scores)
row_sums[50, 8](sums, chances)
column_sums[1, 32](counts, chances)
print("rows add up to", sums.min(), "to", sums.max())
print("digits expected", np.round(counts, 1))
print("digits there   ", np.bincount(data.y_test[:50], minlength=10))
print("read right     ", (chances.argmax(1) == data.y_test[:50]).mean())

# %% [markdown]
# And what a transposition costs, your way and straight away. Look at the strips: few broad bands
# are good, confetti is bad.


# %%
@tl.kernel
def straight_away(out, x):
    i = tl.block.y * 32 + tl.thread.y
    j = tl.block.x * 32 + tl.thread.x
    out[j, i] = x[i, j]


# %%
table = np.zeros((64, 64), np.float32)
transpose[(2, 2), (32, 32)](fresh(64, 64), table)

# %%
straight_away[(2, 2), (32, 32)](fresh(64, 64), table)

# %%
tl.course.card()
