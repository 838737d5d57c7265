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
# # Shapes
#
# A tensor is a row of numbers in memory and a shape that says how to read it. Most errors in deep
# learning are errors of shape, so in this chapter you write the four functions that decide about
# shapes. The last one is half of every gradient.
#
# | question | you write | points |
# |---|---|---|
# | q1 | `strides`: how far apart neighbours lie in memory | 2 |
# | q2 | `offset`: where one number lies | 1 |
# | q3 | `broadcast_shape`: which shapes go together | 3 |
# | q4 | `unbroadcast`: the way back, for gradients | 3 |

# %%
import tinylearn as tl

tl.course.exercise("02_shapes")

# %% tags=["setup"]
import numpy as np

# %% [markdown]
# ## q1. Strides (2 points)
#
# The numbers of a `(2, 3)` array lie in memory as one row: the first row of three, then the second.
# One step along the last axis moves 1 place; one step along the first axis moves 3.
#
# Those two numbers, `(3, 1)`, are the strides. Predict them for `(4, 2, 5)` before you go on. (No
# NumPy in this answer: it would do the work for you.)
# %% tags=["question"]
from tinylearn.course.question import case, question

q1 = question(
    "q1",
    answer="strides",
    world="python",
    points=2,
    forbid=("numpy",),
    title="Strides",
    hints=(
        "The last axis always has stride 1, whatever its size.",
        "The stride of an axis is the product of the sizes of all axes after it.",
        "Walk from the last axis to the first, keeping a product; put each stride in front.",
    ),
)


@q1.visible("by hand")
def _():
    yield case("a matrix", (2, 3))
    yield case("three axes", (4, 2, 5))
    yield case("one axis", (7,))
    yield case("a single number has no axes", ())


@q1.hidden("random shapes", points=1.5)
def _(rng):
    for axes in (2, 3, 4, 5, 1):
        yield case(f"{axes} axes", tuple(rng.sample(range(2, 9), axes)))
    yield case("no axes", ())


@q1.hidden("axes of size 1", points=0.5)
def _(rng):
    a, b = rng.sample(range(3, 9), 2)
    yield case("in the middle", (a, 1, b))
    yield case("at both ends", (1, a, b, 1))
    yield case("nothing in it", (a, 0, b))


# %%
@tl.answer("strides", points=2)
def strides(shape):
    """How many places one step along each axis moves, as a tuple."""
    ### BEGIN SOLUTION return a tuple, one stride for each axis
    out, step = [], 1
    for size in reversed(shape):
        out.insert(0, step)
        step *= size
    return tuple(out)
    ### END SOLUTION


# %%
tl.check("q1")

# %% [markdown]
# ## q2. Where a number lies (1 point)
#
# With strides, finding a number takes a product and a sum for each axis, starting from the place of
# the number at index `(0, 0, ...)`. That is all an index is: this is why transposing, slicing and
# flipping never need to move a number.

# %% tags=["question"]
q2 = question(
    "q2",
    answer="offset",
    points=1,
    title="Where a number lies",
    hints=(
        "Each axis adds index * stride.",
        "Begin with start, not with zero: a slice or a flip begins elsewhere.",
        "start + sum(i * s for i, s in zip(index, strides))",
    ),
)


@q2.visible("by hand")
def _():
    yield case("row 1, column 2 of a (2, 3)", (1, 2), (3, 1), 0)
    yield case("the same transposed", (2, 1), (1, 3), 0)
    yield case("flipped: a negative stride", (1,), (-1,), 4)


@q2.hidden("random indices", points=1)
def _(rng):
    for axes in (2, 3, 4, 1):
        index = tuple(rng.sample(range(1, 9), axes))
        strides = tuple(sorted(rng.sample(range(2, 30), axes), reverse=True))
        yield case(f"{axes} axes", index, strides, rng.randint(1, 50))
    yield case("no axes", (), (), rng.randint(1, 50))
    yield case("from the beginning", (rng.randint(1, 5), 2), (rng.randint(3, 9), 1))
    yield case("flipped: a negative stride", (rng.randint(1, 5),), (-rng.randint(1, 9),), 50)


# %%
@tl.answer("offset", points=1)
def offset(index, strides, start=0):
    """The place in memory of the number at `index`, where index (0, 0, ...) lies at `start`."""
    ### BEGIN SOLUTION return one integer
    return start + sum(i * s for i, s in zip(index, strides))
    ### END SOLUTION


# %%
tl.check("q2")

# %% [markdown]
# ## q3. Which shapes go together (3 points)
#
# `(64, 10) + (10,)` works: the row of ten is used 64 times. The rule, **from the last axis**:
#
# - equal sizes stay;
# - a size of 1 is stretched to the other size, whatever that is;
# - a missing axis counts as 1;
# - anything else is an error.
#
# Write the shapes under each other, aligned at the right, before you write the code. Which of these
# work: `(3, 1) + (4,)`, `(3,) + (4,)`, `(2, 3) + (2,)`, `(0,) + (1,)`? (No NumPy in this answer.)

# %% tags=["question"]
q3 = question(
    "q3",
    answer="broadcast_shape",
    world="python",
    points=3,
    title="Which shapes go together",
    forbid=("numpy",),
    hints=(
        "Make both shapes equally long first: put ones in front of the shorter.",
        "Then go through pairs of sizes: equal, or one of them is 1, or an error.",
        "A pair (1, n) gives n even if n is 0, so max(a, b) is not quite the rule.",
    ),
)


@q3.visible("by hand")
def _():
    yield case("a bias", (64, 10), (10,))
    yield case("a column and a row", (3, 1), (4,))
    yield case("a number", (), (2, 3))
    yield case("these do not go together", (3,), (4,))


@q3.hidden("shapes that go together", points=1.5)
def _(rng):
    a, b, c, d = rng.sample(range(2, 9), 4)
    yield case("a missing axis", (a, b, c), (b, c))
    yield case("the shorter one first", (a,), (b, c, 1))
    yield case("a 1 on either side", (1, a, 1, b), (c, 1, d, b))
    yield case("a 1 below a missing axis", (a, 1, b), (c, 1))
    yield case("equal shapes", (a, b), (a, b))
    yield case("a number", (), (c, d))
    yield case("a number second", (c, d), ())


@q3.hidden("shapes that do not", points=1)
def _(rng):
    n = rng.randint(2, 6)
    yield case("one axis, and these do", (n,), (1,))
    yield case("these do as well", (1,), (n,))
    yield case("different sizes", (n, n + 1), (n, n + 2))
    yield case("equal only from the left", (n, n + 3), (n,))
    yield case("different in front", (n, n + 1), (n + 2, n + 1))
    yield case("0 and more than 1", (n, 0), (n,))


@q3.hidden("an axis of size 0", points=0.5)
def _(rng):
    yield case("0 and 1", (rng.randint(2, 5), 0), (1, 1))
    yield case("1 and 0", (1,), (rng.randint(2, 5), 0))
    yield case("0 and 0", (rng.randint(2, 5), 0), (0,))
    yield case("0 on one side, more on the other", (0, 1), (1, rng.randint(2, 5)))


# %%
@tl.answer("broadcast_shape", points=3)
def broadcast_shape(a, b):
    """The shape of x + y for x of shape a and y of shape b; ValueError if there is none."""
    ### BEGIN SOLUTION return a tuple, or raise ValueError
    longest = max(len(a), len(b))
    a, b = (*[1] * (longest - len(a)), *a), (*[1] * (longest - len(b)), *b)
    out = []
    for x, y in zip(a, b):
        if x != y and 1 not in (x, y):
            raise ValueError(f"{a} and {b} do not go together")
        out.append(y if x == 1 else x)
    return tuple(out)
    ### END SOLUTION


# %%
tl.check("q3")

# %% [markdown]
# ## q4. The way back (3 points)
#
# In `x + b` with shapes `(64, 10)` and `(10,)` each number of `b` is used 64 times. You know from
# chapter 1 what that means for its slope: it receives 64 times, and adds. So the gradient `g` of
# shape `(64, 10)` is **summed** over every axis along which `b` was stretched, and ends with the
# shape of `b`.

# %% tags=["question"]
q4 = question(
    "q4",
    answer="unbroadcast",
    points=3,
    title="The way back",
    hints=(
        "There are two kinds of stretched axes: those that were missing, and those of size 1.",
        "Sum over the missing ones in front: g.sum(axis=0) as long as g.ndim > len(shape).",
        "Then, for each axis with shape[axis] == 1, sum with keepdims=True.",
    ),
)


def _numbers(rng, shape):
    count = int(np.prod(shape))
    return np.array([round(rng.uniform(-3, 3), 2) for _ in range(count)]).reshape(shape)


@q4.visible("by hand")
def _():
    yield case("a bias: axis 0 was missing", np.arange(6.0).reshape(2, 3), (3,))
    yield case("a column: axis 1 had size 1", np.arange(6.0).reshape(2, 3), (2, 1))
    yield case("nothing was stretched", np.arange(6.0).reshape(2, 3), (2, 3))
    yield case("one number", np.arange(6.0).reshape(2, 3), ())


@q4.hidden("random shapes", points=2)
def _(rng):
    a, b, c = rng.sample(range(2, 6), 3)
    yield case("one axis missing", _numbers(rng, (a, b)), (b,))
    yield case("an axis of size 1", _numbers(rng, (a, b, c)), (a, 1, c))
    yield case("one missing, one of size 1", _numbers(rng, (a, b, c)), (b, 1))
    yield case("two of each", _numbers(rng, (2, a, b, 3, c)), (b, 1, c))
    yield case("nothing was stretched", _numbers(rng, (a, b)), (a, b))
    yield case("one number", _numbers(rng, (a, b)), ())


@q4.hidden("axes that were 1 all along, and empty ones", points=1)
def _(rng):
    n = rng.randint(2, 5)
    yield case("size 1 on both sides", _numbers(rng, (n, 1, 3)), (1, 3))
    yield case("stretched to nothing", np.zeros((0, n)), (n,))
    yield case("stretched to nothing along a 1", np.zeros((n, 0)), (n, 1))


# %%
@tl.answer("unbroadcast", points=3)
def unbroadcast(g, shape):
    """The array g summed down to `shape`, the shape it was stretched from."""
    ### BEGIN SOLUTION return an array of the given shape
    while g.ndim > len(shape):
        g = g.sum(axis=0)
    for axis, size in enumerate(shape):
        if size == 1:
            g = g.sum(axis=axis, keepdims=True)
    return g
    ### END SOLUTION


# %%
tl.check("q4")

# %% [markdown]
# ## It runs on your code
#
# Your functions draw how two shapes meet. A `1` that is stretched is marked, a missing axis is a
# dot.


# %%
def alignment(a, b):
    """Two shapes and their result under each other, aligned at the right."""
    result = broadcast_shape(a, b)
    rows = []
    for name, shape in (("x", a), ("y", b), ("x + y", result)):
        missing = len(result) - len(shape)
        cells = ["."] * missing + [
            f"{size}*" if size != whole else f"{size} "
            for size, whole in zip(shape, result[missing:])
        ]
        rows.append(f"{name:6}" + "".join(f"{cell:>6}" for cell in cells))
    return "\n".join(rows)


print(alignment((8, 1, 6, 1), (7, 1, 5)))

# %%
# A gradient through x + b, by your rule, against the framework's own.
x = tl.Tensor(np.ones((64, 10)))
b = tl.Tensor(np.zeros(10), requires_grad=True)
(x + b).sum().backward()
print(np.allclose(unbroadcast(np.ones((64, 10)), (10,)), b.grad.numpy()))

# %%
tl.course.card()
