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
# # Convolution
#
# A small filter that looks at every place of an image: first as loops, then as moves and one
# product-sum. With it, a pooling and a normalisation that you write, the framework trains LeNet
# and reads 98 of 100 handwritten digits.
#
# | question | you write | points |
# |---|---|---|
# | q1 | `by_loops`: a filter at every place | 2 |
# | q2 | `places`: how many places there are | 1 |
# | q3 | `slide`: the windows of a row, by moves alone | 2 |
# | q4 | `patches`: the windows of an image | 2 |
# | q5 | `nn.conv2d`: one product, one sum | 3 |
# | q6 | `nn.max_pool2d`: the largest of each window | 2 |
# | q7 | `nn.batch_statistics`: mean and variance of a channel | 1 |
# | q8 | `nn.batchnorm`: the same size for every channel | 2 |
# | q9 | `remembered`: what is kept for after the training | 2 |

# %%
import tinylearn as tl

tl.course.exercise("08_convolution")

# %% tags=["setup"]
import math
from collections import Counter

import numpy as np

from tinylearn import Tensor
from tinylearn.graph.deferred import spelled_out
from tinylearn.graph.node import walk
from tinylearn.tensor.windows import padding_of, two


# %% tags=["setup"]
def computing(y):
    """How often each operation that computes stands in the graph of y. Moves are not counted."""
    free = ("buffer", "const", "reshape", "permute", "expand", "pad", "shrink", "flip")
    counts = Counter(node.op.name for node in walk(spelled_out([y.node])))
    return {name: count for name, count in counts.items() if name not in free}


# %% [markdown]
# Two rare wishes are taken off your hands. **Dilation** leaves gaps inside a filter, and with
# **groups** a filter sees only some of the channels. `plain` writes zeros into the filter instead:
# what is left is a convolution without either. It is given, and you need not read it.


# %% tags=["setup"]
def with_gaps(weight, apart):
    """The filters with zeros between their numbers: dilation, written out."""
    filters, channels, high, wide = weight.shape
    gaps = [d - 1 for d in apart]
    weight = weight.reshape(filters, channels, high, 1, wide, 1)
    weight = weight.pad(None, None, None, (0, gaps[0]), None, (0, gaps[1]))
    high, wide = high * apart[0], wide * apart[1]
    weight = weight.reshape(filters, channels, high, wide)
    return weight.shrink(None, None, (0, high - gaps[0]), (0, wide - gaps[1]))


# %% tags=["setup"]
def plain(weight, stride, padding, dilation, groups):
    """The filters without dilation and groups, (down, across), ((above, below), (left, right))."""
    steps, apart = two("stride", stride), two("dilation", dilation)
    around = padding_of(padding, weight.shape[2:], steps, apart)
    weight = weight if apart == (1, 1) else with_gaps(weight, apart)
    if groups > 1:
        filters, channels, *size = weight.shape
        own = Tensor.eye(groups, dtype=weight.dtype, device=weight.device, requires_grad=False)
        weight = weight.reshape(groups, -1, 1, channels, *size)
        weight = weight * own.reshape(groups, 1, groups, 1, 1, 1)
        weight = weight.reshape(filters, groups * channels, *size)
    return weight, steps, around


# %% [markdown]
# ## q1. A filter at every place (2 points)
#
# `image` and `kernel` are arrays, (H, W) and (h, w). Lay the kernel on the image with its corner at
# row i and column j, multiply number by number, and add up: that is the result at [i, j]. Do so at
# every place where the kernel lies inside the image. Write it as loops, with NumPy.
#
# Predict how many rows the result of the first visible case has: the image has 5, the kernel 3.

# %% tags=["question"]
from tinylearn.course.question import case, question


def _numbers(rng, *shape, low=-2, high=2):
    count = int(np.prod(shape))
    return np.array([round(rng.uniform(low, high), 3) for _ in range(count)]).reshape(shape)


def _whole(rng, *shape):
    """Whole numbers of float32, as the Part's contract hands them over: sums of them are exact."""
    count = int(np.prod(shape))
    return np.array([rng.randint(4, 9) for _ in range(count)], np.float32).reshape(shape)


q1 = question(
    "q1",
    answer="by_loops",
    world="numpy",
    points=2,
    title="A filter at every place",
    forbid=("tinylearn.tensor.windows.filtered", "tinylearn.tensor.windows.windows"),
    hints=(
        "Two loops: i over the rows of the result, j over its columns. How many of each?",
        "The corner can be at row 0, 1, ... H - h, so the result has H - h + 1 rows.",
        "result[i, j] = (image[i : i + h, j : j + w] * kernel).sum()",
    ),
)


@q1.visible("by hand")
def _():
    picture = np.zeros((5, 5))
    picture[:, 2:] = 1.0
    yield case("an edge", picture, np.array([[-1.0, 0, 1]] * 3))
    yield case("the kernel fits once", np.array([[1.0, 2], [3, 4]]), np.array([[1.0, 0], [0, 10]]))
    yield case("a row", np.array([[1.0, 2, 4, 8]]), np.array([[1.0, -0.75]]))


@q1.hidden("random images", points=2)
def _(rng):
    for size, kernel in (((5, 7), (2, 3)), ((6, 4), (3, 1)), ((3, 3), (1, 1))):
        yield case(f"{kernel} on {size}", _numbers(rng, *size), _numbers(rng, *kernel))


# %%
@tl.answer("by_loops", points=2)
def by_loops(image, kernel):
    """The sum of window times kernel at every place, as an array."""
    (rows, columns), (h, w) = image.shape, kernel.shape
    ### BEGIN SOLUTION return an array of one number for each place
    result = np.zeros((rows - h + 1, columns - w + 1))
    for i in range(rows - h + 1):
        for j in range(columns - w + 1):
            result[i, j] = (image[i : i + h, j : j + w] * kernel).sum()
    return result
    ### END SOLUTION


# %%
tl.check("q1")

# %% [markdown]
# ## q2. How many places? (1 point)
#
# Along one axis: `size` numbers, with `padding` zeros added at **both** ends. A kernel of `kernel`
# numbers begins at place 0, then `stride` further, and so on, as long as it lies inside. How many
# places are there? All four are whole numbers, and so is the answer. The kernel fits at least once.

# %% tags=["question"]
q2 = question(
    "q2",
    answer="places",
    world="numpy",
    points=1,
    title="How many places?",
    hints=(
        "How far can the kernel move at all? Begin with the size, both paddings included.",
        "It can move by size + 2 * padding - kernel. How many whole strides fit into that?",
        "Whole strides: // stride. And the place where it begins counts, too: + 1.",
    ),
)


@q2.visible("by hand")
def _():
    yield case("5 numbers, a kernel of 3", 5, 3, 1, 0)
    yield case("in steps of 2", 5, 3, 2, 0)
    yield case("a zero at both ends", 5, 3, 1, 1)
    yield case("the last step would run over the end", 28, 5, 2, 1)
    yield case("more zeros than numbers", 2, 3, 4, 5)
    yield case("nearly one step more", 8, 3, 3, 0)


@q2.hidden("random sizes", points=1)
def _(rng):
    yield case("a kernel of 1", rng.randint(11, 19), 1, 3, 0)
    for stride in (2, 3, 4, 5):
        kernel, padding = rng.randint(2, 5), rng.randint(1, 4)
        size = kernel + stride * rng.randint(2, 5) + rng.randint(1, stride - 1) - 2 * padding
        yield case(f"in steps of {stride}", size + 2 * stride, kernel, stride, padding)
    yield case("whole steps", 3 + 4 * rng.randint(2, 5), 3, 4, 0)


# %%
@tl.answer("places", points=1)
def places(size, kernel, stride, padding):
    """How many places a kernel takes along an axis."""
    ### BEGIN SOLUTION return a whole number
    return (size + 2 * padding - kernel) // stride + 1
    ### END SOLUTION


# %%
tl.check("q2")

# %% [markdown]
# ## q3. The windows of a row (2 points)
#
# From here on you work with tensors. `x` has the shape `(..., n)`. Return its windows along the
# last axis, with the shape `(..., size, count)`: each window stands in a **column**, and the next
# column begins `stride` numbers further. Slide a window of 3 over 0, 1, 2, 3, 4:
#
#     0 1 2
#     1 2 3
#     2 3 4
#
# Use **moves** alone: copies, one behind the other; `size` zeros more at the end; folded into rows
# of n + 1; cut. The check also looks at which operations compute in your graph: there must be none.

# %% tags=["question"]
q3 = question(
    "q3",
    answer="slide",
    graphs=True,
    points=2,
    title="The windows of a row",
    forbid=("tinylearn.tensor.windows.windows",),
    hints=(
        "Copies: x.unsqueeze(-2).expand(*front, size, n), then reshape them to one row of "
        "size * n numbers.",
        "Then .pad(*[None] * len(front), (0, size)), and fold: .reshape(*front, size, n + 1). Row "
        "t now begins with number t.",
        "A window begins at 0, stride, ... and at n - size at the latest: "
        "rows[..., : n - size + 1 : stride]",
    ),
)


@q3.runs
def _slid(answer, x, size, stride):
    x = Tensor(x)
    y = answer(x, size, stride)
    if not isinstance(y, Tensor):
        return {"numbers": y, "operations that compute": [], "the graph begins at x": False}
    from_x = any(node is x.node for node in walk([y.node]))
    found = {"numbers": y.numpy(), "operations that compute": sorted(computing(y))}
    return found | {"the graph begins at x": from_x}


@q3.visible("by hand")
def _():
    yield case("five numbers", np.arange(5.0), 3, 1)
    yield case("in steps of 2", np.arange(5.0), 3, 2)
    yield case("a step too few at the end", np.arange(6.0), 3, 2)
    yield case("windows of one number", np.arange(5.0), 1, 3)
    yield case("one window", np.arange(3.0), 3, 4)
    yield case("two rows", np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]]), 2, 1)


@q3.hidden("random rows", points=2)
def _(rng):
    for shape, size, stride in (((7,), 2, 1), ((2, 8), 3, 2), ((2, 3, 11), 4, 3), ((1, 1), 1, 1)):
        text = f"{shape}, size {size}, stride {stride}"
        yield case(text, _numbers(rng, *shape), size, stride)


# %%
@tl.answer("slide", points=2)
def slide(x, size, stride=1):
    """The windows along the last axis, one in each column: (..., n) to (..., size, count)."""
    n, front = x.shape[-1], x.shape[:-1]
    ### BEGIN SOLUTION return a Tensor of shape (..., size, count)
    copies = x.unsqueeze(-2).expand(*front, size, n).reshape(*front, size * n)
    rows = copies.pad(*[None] * len(front), (0, size)).reshape(*front, size, n + 1)
    return rows[..., : n - size + 1 : stride]
    ### END SOLUTION


# %%
tl.check("q3")

# %% [markdown]
# ## q4. The windows of an image (2 points)
#
# `x` has the shape `(N, C, H, W)`: images, channels, height, width. `size` and `stride` are pairs,
# (down, across). Return all windows, with the shape
#
#     (N, C, size down, size across, count down, count across)
#
# Use moves alone again. The four of `slide` take both axes at once: copies in both directions, so
# an axis for the copies stands before the height and another before the width. A permute brings
# both sizes of the window together at the end. Or slide twice; but then mind which axis is last.

# %% tags=["question"]
q4 = question(
    "q4",
    answer="patches",
    graphs=True,
    points=2,
    title="The windows of an image",
    forbid=("tinylearn.tensor.windows.windows",),
    hints=(
        "Copies in both directions: x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w), then "
        "reshape to (n, c, kh * h, kw * w).",
        "Pad kh zeros below and kw at the right, and fold into (n, c, kh, h + 1, kw, w + 1).",
        "Cut both, [:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across], and bring the sizes "
        "together: .permute(0, 1, 2, 4, 3, 5)",
    ),
)


@q4.runs
def _patched(answer, x, size, stride):
    x = Tensor(x)
    y = answer(x, size, stride)
    if not isinstance(y, Tensor):
        return {"numbers": y, "operations that compute": [], "the graph begins at x": False}
    from_x = any(node is x.node for node in walk([y.node]))
    found = {"numbers": y.numpy(), "operations that compute": sorted(computing(y))}
    return found | {"the graph begins at x": from_x}


@q4.visible("by hand")
def _():
    small = np.arange(12.0).reshape(1, 1, 3, 4)
    yield case("windows of 2 x 3", small, (2, 3), (1, 1))
    yield case("two images of two channels", np.arange(24.0).reshape(2, 2, 2, 3), (1, 2), (1, 1))
    yield case("side by side", small, (1, 2), (1, 2))
    yield case("in large steps", small, (2, 1), (3, 2))


@q4.hidden("random images", points=2)
def _(rng):
    for shape, size, stride in (
        ((2, 3, 5, 4), (3, 2), (1, 2)),
        ((1, 2, 4, 7), (1, 3), (2, 3)),
        ((2, 1, 5, 3), (2, 2), (2, 1)),
    ):
        text = f"{shape}, windows {size}, stride {stride}"
        yield case(text, _numbers(rng, *shape), size, stride)


# %%
@tl.answer("patches", points=2)
def patches(x, size, stride):
    """All windows: (N, C, H, W) to (N, C, size down, size across, count down, count across)."""
    (n, c, h, w), (kh, kw), (down, across) = x.shape, size, stride
    ### BEGIN SOLUTION return a Tensor with six axes
    copies = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w)
    rows = copies.reshape(n, c, kh * h, kw * w).pad(None, None, (0, kh), (0, kw))
    rows = rows.reshape(n, c, kh, h + 1, kw, w + 1)
    seen = rows[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return seen.permute(0, 1, 2, 4, 3, 5)
    ### END SOLUTION


# %%
tl.check("q4")

# %% [markdown]
# ## q5. One product, one sum (3 points)
#
# `x` is `(N, C, H, W)`, `weight` is `(F, C, kh, kw)`: F filters, each with a kernel for every
# channel. Each output is the sum of a window times a filter, over **all channels**; then the
# filter's bias is added, if there is one. The result is `(N, F, rows, columns)`.
#
# The first line is given. After it `stride` is (down, across), and `around` is ((above, below),
# (left, right)), the zeros to pad. Use your `patches`, one product and **one** sum: the check also
# counts the operations that compute in your graph, and an add for the bias is the third.
#
# This is the Part `nn.conv2d`: once your check passes, every `Conv2d` computes with your function.

# %% tags=["question"]
q5 = question(
    "q5",
    answer="my_conv2d",
    part="nn.conv2d",
    forbid=(
        "nn.avg_pool2d",
        "tinylearn.tensor.windows.filtered",
        "tinylearn.tensor.windows.windows",
    ),
    graphs=True,
    points=3,
    title="One product, one sum",
    rtol=1e-4,
    atol=1e-6,
    hints=(
        "Pad the height and the width: x.pad(None, None, *around). Then patches(x, (kh, kw), "
        "stride), with the shape (N, C, kh, kw, rows, columns).",
        "Give both the same axes: seen.unsqueeze(1) is (N, 1, C, kh, kw, rows, columns), and "
        "weight.reshape(f, c, kh, kw, 1, 1) fits under it.",
        "(seen.unsqueeze(1) * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4)), and then + "
        "bias.reshape(-1, 1, 1) if bias is not None.",
    ),
)


@q5.runs
def _convolved(answer, x, weight, bias, stride, padding, dilation=1, groups=1):
    bias = None if bias is None else Tensor(bias)
    y = answer(Tensor(x), Tensor(weight), bias, stride, padding, dilation, groups)
    if not isinstance(y, Tensor):
        return {"numbers": y, "operations that compute": {}}
    counted = computing(y) if groups == 1 else {}  # with groups, the given line computes, too
    return {"numbers": y.numpy(), "operations that compute": counted}


@q5.visible("by hand")
def _():
    image, edge = np.arange(20.0).reshape(1, 1, 4, 5), np.array([[[[-1.0, 1], [-1, 1]]]])
    two_channels = np.stack([image[0, 0], -image[0, 0]])[None]
    yield case("one filter", image, edge, None, 1, 0)
    yield case("two channels", two_channels, np.ones((1, 2, 2, 2)), None, 1, 0)
    two_filters = np.stack([edge[0], np.ones((1, 2, 2))])
    yield case("two filters with a bias", image, two_filters, np.array([10.0, 20.0]), 1, 0)
    yield case("stride and padding", image, edge, None, (2, 1), (0, 3))


@q5.hidden("random images", points=2)
def _(rng):
    for x, w, stride in (
        ((2, 3, 5, 4), (4, 3, 3, 2), 1),
        ((1, 2, 6, 5), (3, 2, 2, 3), (2, 1)),
        ((2, 2, 5, 7), (1, 2, 1, 1), (3, 2)),
    ):
        arrays = _numbers(rng, *x), _numbers(rng, *w), _numbers(rng, w[0])
        yield case(f"x {x}, weight {w}, stride {stride}", *arrays, stride, 0)
    arrays = _whole(rng, 1, 2, 3, 3), _whole(rng, 2, 2, 2, 2), _whole(rng, 2)
    yield case("float32", *arrays, 1, 0)


@q5.hidden("padding, and no bias", points=1)
def _(rng):
    for x, w, stride, padding in (
        ((1, 2, 3, 4), (2, 2, 2, 3), 1, (1, 2)),
        ((2, 1, 2, 2), (3, 1, 3, 3), 2, 4),
    ):
        text = f"x {x}, weight {w}, stride {stride}, padding {padding}"
        yield case(text, _numbers(rng, *x), _numbers(rng, *w), None, stride, padding)
    grouped = _numbers(rng, 1, 4, 4, 5), _numbers(rng, 2, 2, 2, 2), None, (1, 2), (0, 1), (2, 1), 2
    yield case("two groups, filters with gaps", *grouped)


# %%
@tl.answer("nn.conv2d", points=3)
def my_conv2d(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Each output is the sum of a window times a filter: (N, C, H, W) to (N, F, rows, columns)."""
    weight, stride, around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    ### BEGIN SOLUTION return a Tensor of shape (N, F, rows, columns)
    seen = patches(x.pad(None, None, *around), (kh, kw), stride)
    y = (seen.unsqueeze(1) * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y if bias is None else y + bias.reshape(-1, 1, 1)
    ### END SOLUTION


# %%
tl.check("q5")

# %% [markdown]
# ## q6. The largest of each window (2 points)
#
# `x` is `(N, C, H, W)`. Return the largest number of each window. Without a `stride` the windows
# stand side by side: the stride is then the size of the window. Padding must never win, also where
# all numbers are negative.
#
# The first line is given: `size` is (down, across), and `p, q` are the paddings, above and below
# and left and right. You have `x.pad(..., value=...)`, `math.inf`, and `two("stride", stride)`,
# which makes a pair of one number. The check also looks at the gradient, which equal largest
# numbers share equally, and counts the maxima in your graph: one.
#
# This is the Part `nn.max_pool2d`.

# %% tags=["question"]
q6 = question(
    "q6",
    answer="my_max_pool2d",
    part="nn.max_pool2d",
    forbid=(
        "nn.avg_pool2d",
        "tinylearn.tensor.windows.pooling",
        "tinylearn.tensor.windows.windows",
    ),
    graphs=True,
    points=2,
    title="The largest of each window",
    hints=(
        "steps = size if stride is None else two('stride', stride)",
        "Pad with what never wins: x.pad(None, None, (p, p), (q, q), value=-math.inf)",
        "patches(x, size, steps) is (N, C, kh, kw, rows, columns): take .max((2, 3)).",
    ),
)


@q6.runs
def _largest(answer, x, kernel_size, stride, padding):
    x = Tensor(x)
    y = answer(x, kernel_size, stride, padding)
    if not isinstance(y, Tensor):
        return {"numbers": y, "slopes by x": None, "times that max is taken": 0}
    steps = np.arange(1.0, y.numel() + 1).reshape(y.shape)
    (slope,) = (y * Tensor(steps)).sum().gradient(x)
    count = computing(y)
    maxima = count.get("max", 0) + count.get("less", 0)  # a comparison finds the larger of two
    return {"numbers": y.numpy(), "slopes by x": slope.numpy(), "times that max is taken": maxima}


@q6.visible("by hand")
def _():
    image = np.array([[[[1.0, 2, 3, 4], [8, 7, 6, 5], [1, 0, 0, 9], [0, 0, 1, 0]]]])
    yield case("windows of 2 x 2", image, 2, None, 0)
    yield case("that overlap", image, (2, 3), 1, 0)
    yield case("negative numbers, padding at the sides", -1 - image, 2, 1, (0, 1))
    yield case("three are equal", np.array([[[[5.0, 5], [1, 5]]]]), 2, None, 0)
    yield case("a stride that does not divide", image, 3, 2, 0)


@q6.hidden("random images", points=1)
def _(rng):
    for shape, window, stride in (
        ((2, 3, 4, 6), 2, None),
        ((1, 2, 5, 5), (3, 2), (1, 2)),
        ((1, 2, 6, 4), (2, 1), 3),
    ):
        yield case(f"{shape}, windows {window}", _numbers(rng, *shape), window, stride, 0)


@q6.hidden("padding and ties", points=1)
def _(rng):
    below = _numbers(rng, 1, 2, 3, 4, low=-9, high=-1) * 1e30  # less than any number but -inf
    yield case("negative numbers and padding", below, (3, 2), (2, 2), (1, 0))
    few = np.array([[[[float(rng.choice((1, 1, 1, 2))) for _ in range(6)] for _ in range(4)]]])
    few[0, 0, :2, :2] = [[3, 3], [1, 3]]
    yield case("equal numbers", few, 2, None, 0)
    yield case("float32", _whole(rng, 1, 2, 4, 4), 2, None, 0)


# %%
@tl.answer("nn.max_pool2d", points=2)
def my_max_pool2d(x, kernel_size=2, stride=None, padding=0):
    """The largest number of each window: (N, C, H, W) to (N, C, rows, columns)."""
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    ### BEGIN SOLUTION return a Tensor of shape (N, C, rows, columns)
    steps = size if stride is None else two("stride", stride)
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    return patches(x, size, steps).max((2, 3))
    ### END SOLUTION


# %%
tl.check("q6")

# %% [markdown]
# ## q7. Mean and variance of a channel (1 point)
#
# `x` has the shape `(batch, channels, ...)`: in images two more axes follow, in other data none.
# Return the mean and the variance of each channel, over the batch and all places, each a tensor of
# shape `(channels,)`. The variance divides by the count, not by the count minus 1: in
# `x.var(axes)` the option `correction=0` says so.
#
# This is the Part `nn.batch_statistics`.

# %% tags=["question"]
q7 = question(
    "q7",
    answer="my_statistics",
    part="nn.batch_statistics",
    graphs=True,
    points=1,
    title="Mean and variance of a channel",
    rtol=1e-4,
    atol=1e-6,
    hints=(
        "Over which axes? All but axis 1, which is the channels'.",
        "axes = (0, *range(2, x.ndim)) names them, for any number of axes.",
        "return x.mean(axes), x.var(axes, correction=0)",
    ),
)


@q7.runs
def _described(answer, x):
    x = Tensor(x)
    found = answer(x)
    found = tuple(found) if hasattr(found, "__next__") else found
    if not isinstance(found, tuple | list):
        return found
    for part in found:
        part.sum().gradient(x)  # an error if no gradient comes back
    return tuple(part.numpy() for part in found)


@q7.visible("by hand")
def _():
    yield case("two rows", np.array([[1.0, 10.0, 0.0], [3.0, 10.0, 4.0]]))
    first, second = np.array([[1.0, 2], [3, 4]]), np.array([[0.0, 0], [0, 8]])
    images = np.array([[first, second], [first, 0 * second]])
    yield case("two images of two channels", images)


@q7.hidden("random batches", points=1)
def _(rng):
    yield case("float32", _whole(rng, 4, 3))
    for shape in ((5, 3), (3, 2, 4, 5), (2, 3, 1, 1), (4, 2, 3)):
        yield case(f"shape {shape}", _numbers(rng, *shape))


# %%
@tl.answer("nn.batch_statistics", points=1)
def my_statistics(x):
    """Mean and variance of each channel, over the batch and all places."""
    ### BEGIN SOLUTION return a tuple of two Tensors of shape (channels,)
    axes = (0, *range(2, x.ndim))
    return x.mean(axes), x.var(axes, correction=0)
    ### END SOLUTION


# %%
tl.check("q7")

# %% [markdown]
# ## q8. The same size for every channel (2 points)
#
# $$y = \frac{x - \text{mean}}{\sqrt{\text{variance} + \text{eps}}} \cdot \text{weight}
# + \text{bias}$$
#
# `x` is `(batch, channels, ...)`, the other four are `(channels,)`. `weight` and `bias` may be
# `None`, and then they are left out. `mean` and `variance` are handed in: whoever calls decides
# whether they are the batch's or the remembered ones.
#
# This is the Part `nn.batchnorm`.

# %% tags=["question"]
q8 = question(
    "q8",
    answer="my_batchnorm",
    part="nn.batchnorm",
    graphs=True,
    points=2,
    title="The same size for every channel",
    rtol=1e-4,
    atol=1e-6,
    hints=(
        "A number for each channel must stand along axis 1: reshape it to (channels, 1, 1) for "
        "images, to (channels,) for rows.",
        "shape = (-1,) + (1,) * (x.ndim - 2) serves both: mean.reshape(shape).",
        "y = (x - mean.reshape(shape)) / (variance + eps).sqrt().reshape(shape). Then * weight and "
        "+ bias, reshaped as well, where they are not None.",
    ),
)


@q8.runs
def _normal(answer, x, weight, bias, mean, variance, eps):
    given = [None if a is None else Tensor(a) for a in (weight, bias, mean, variance)]
    x = Tensor(x)
    y = answer(x, *given, eps)
    y.sum().gradient(x)  # an error if no gradient comes back
    return y.numpy()


@q8.visible("by hand")
def _():
    rows = np.array([[1.0, 10.0], [3.0, 10.0], [5.0, 40.0]])
    mean, variance = np.array([3.0, 10.0]), np.array([4.0, 100.0])
    yield case("rows", rows, None, None, mean, variance, 0.0)
    images = np.arange(12.0).reshape(1, 2, 2, 3)
    weight, bias = np.array([2.0, 3.0]), np.array([100.0, 200.0])
    yield case("images", images, weight, bias, mean, variance, 0.0)
    yield case("a channel without variance", rows, None, None, mean, np.array([0.0, 4.0]), 1.0)
    yield case("a bias alone", rows, None, bias, mean, variance, 0.0)
    yield case("a weight alone", rows, weight, None, mean, variance, 0.0)


@q8.hidden("random batches", points=2)
def _(rng):
    for shape, given in (((4, 3), "wb"), ((2, 3, 4, 5), "wb"), ((2, 2, 3), ""), ((3, 2), "b")):
        c = shape[1]
        scales = [_numbers(rng, c) if name in given else None for name in "wb"]
        statistics = _numbers(rng, c), _numbers(rng, c, low=0.5, high=3)
        eps = round(rng.uniform(0.2, 0.6), 3)
        yield case(f"shape {shape}", _numbers(rng, *shape), *scales, *statistics, eps)
    yield case("float32", _whole(rng, 4, 3), *(_whole(rng, 3) for _ in range(4)), 0.5)


# %%
@tl.answer("nn.batchnorm", points=2)
def my_batchnorm(x, weight, bias, mean, variance, eps=1e-5):
    """(x - mean) / sqrt(variance + eps) * weight + bias, for each channel."""
    shape = (-1,) + (1,) * (x.ndim - 2)
    ### BEGIN SOLUTION return a Tensor of the shape of x
    y = (x - mean.reshape(shape)) / (variance + eps).sqrt().reshape(shape)
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)
    ### END SOLUTION


# %%
tl.check("q8")

# %% [markdown]
# ## q9. What is kept for after the training (2 points)
#
# With NumPy. `mean` and `variance` are what was remembered so far, for each channel; `x` is the
# next batch, `(batch, channels, ...)`. Return both anew: the share `momentum` comes from this
# batch, the rest from what was remembered.
#
# The batch is a **sample**. Measured from its own mean, it looks a little less spread than all
# images are, so the variance to remember divides by count - 1, where count is how many numbers each
# channel has in this batch.

# %% tags=["question"]
q9 = question(
    "q9",
    answer="remembered",
    forbid=("nn.batch_statistics",),
    world="numpy",
    points=2,
    title="What is kept for after the training",
    hints=(
        "The batch's mean and variance by channel: x.mean(axes) and x.var(axes, ddof=1), over all "
        "axes but 1. ddof=1 divides by count - 1.",
        "The new mean: (1 - momentum) * mean + momentum * that of the batch.",
        "The same for the variance. Return both as a tuple.",
    ),
)


@q9.visible("by hand")
def _():
    rows = np.array([[1.0, 10.0], [3.0, 10.0], [5.0, 40.0]])
    yield case("rows", np.zeros(2), np.ones(2), rows, 0.5)
    images = np.arange(16.0).reshape(2, 2, 2, 2)
    yield case("images", np.array([1.0, 2.0]), np.array([3.0, 4.0]), images, 0.1)


@q9.hidden("random batches", points=2)
def _(rng):
    for shape in ((4, 3), (2, 3, 2, 5), (3, 2, 4)):
        old = _numbers(rng, shape[1]), _numbers(rng, shape[1], low=0.5, high=3)
        momentum = round(rng.uniform(0.05, 0.4), 3)
        yield case(f"shape {shape}", *old, _numbers(rng, *shape), momentum)


# %%
@tl.answer("remembered", points=2)
def remembered(mean, variance, x, momentum):
    """The running mean and variance of each channel, with one more batch in them."""
    ### BEGIN SOLUTION return a tuple of two arrays of shape (channels,)
    axes = (0, *range(2, x.ndim))
    mean = (1 - momentum) * mean + momentum * x.mean(axes)
    return mean, (1 - momentum) * variance + momentum * x.var(axes, ddof=1)
    ### END SOLUTION


# %%
tl.check("q9")

# %% [markdown]
# ## It runs on your code
#
# LeNet: two convolutions, each normalised, folded by a ReLU and pooled, and three linear layers.
# Every `Conv2d`, `MaxPool2d` and `BatchNorm2d` computes with your Parts now, forward and backward.
# `model.train()` lets it normalise by the batch, `model.eval()` by what it remembers. Training
# takes less than a minute; with a C compiler at hand, `Device.DEFAULT = "c"` before it halves that.

# %%
from tinylearn import nn
from tinylearn.nn import datasets, optim

tl.course.load_mine()
tl.manual_seed(0)
model = nn.Sequential(
    *(nn.Conv2d(1, 6, 5, padding=2), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(6, 16, 5), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU()),
    nn.Linear(84, 10),
)
data = datasets.digits()
exam = Tensor(data.x_test, requires_grad=False)


# %%
def epoch(model, optimizer, batches):
    """Once through all batches; the mean of their losses."""
    model.train()
    found = []
    for x, y in batches:
        loss = model(x).cross_entropy(y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        found.append(loss.item())
    return sum(found) / len(found)


# %%
batches = datasets.batches(data.x_train, data.y_train, size=64)
optimizer = optim.Adam([model], lr=0.003)
for number in (bar := tl.progress(range(8), label="training")):
    optimizer.lr = 0.003 if number < 5 else 0.0006  # large steps first, small ones to settle
    bar.note(loss=epoch(model, optimizer, batches))
model.eval()
right = model(exam).argmax(1).numpy() == data.y_test
print(f"{right.mean():.1%} of the 2,000 digits of the exam are read")

# %% [markdown]
# What your first layer looks for, and what it makes of one digit: its six filters as images, from
# white for the smallest number to black for the largest, and the channel that each of them makes.

# %%
from tinylearn.viz import plots


def grey(a):
    """Each image of a stack from 0, its smallest number, to 1, its largest."""
    low, high = a.min((1, 2), keepdims=True), a.max((1, 2), keepdims=True)
    return (a - low) / (high - low + 1e-9)


plots.images(
    grey(model[0].weight.numpy()[:, 0]),
    [f"filter {k}" for k in range(6)],
    caption="The six filters that your convolution learned.",
    alt="Six images of 5 x 5 squares, each with dark and light parts in other places.",
)

# %%
plots.images(
    grey(np.concatenate([data.x_test[0], model[:3](exam[:1]).numpy()[0]])),
    ["digit", *(f"map {k}" for k in range(6))],
    caption="A digit, and what each filter makes of it, after your normalisation and the ReLU.",
    alt="A handwritten digit, and six images of it in which other parts of its strokes are dark.",
)

# %%
tl.course.card()
