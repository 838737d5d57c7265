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


@q1.wrong("The kernel may have any size: H - h + 1 rows and W - w + 1 columns, windows of h and w.")
def three_by_three(image, kernel):
    rows, columns = image.shape
    result = np.zeros((max(rows - 2, 0), max(columns - 2, 0)))
    for i, j in np.ndindex(*result.shape):
        window = image[i : i + 3, j : j + 3]
        result[i, j] = np.sum(window * kernel)
    return result


@q1.wrong("Each place has its own number: result[i, j] = ..., in an array made before the loops.")
def one_sum_for_all(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    places = np.ndindex(rows - h + 1, columns - w + 1)
    return sum((image[i : i + h, j : j + w] * kernel).sum() for i, j in places)


@q1.wrong("The kernel is turned round: networks lay it on the image as it stands.")
def turned_round(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((rows - h + 1, columns - w + 1))
    for i, j in np.ndindex(*result.shape):
        result[i, j] = (image[i : i + h, j : j + w] * kernel[::-1, ::-1]).sum()
    return result


@q1.wrong("The last place is missing: with its corner at row H - h the kernel still fits.")
def last_place_missing(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((rows - h, columns - w))
    for i, j in np.ndindex(*result.shape):
        result[i, j] = (image[i : i + h, j : j + w] * kernel).sum()
    return result


@q1.wrong("The result has a row for each place, H - h + 1 of them, not a row for each pixel.")
def as_large_as_the_image(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((rows, columns))
    for i in range(rows - h + 1):
        for j in range(columns - w + 1):
            result[i, j] = (image[i : i + h, j : j + w] * kernel).sum()
    return result


@q1.wrong("That is the mean of the products; a convolution adds them up.")
def a_mean(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((rows - h + 1, columns - w + 1))
    for i, j in np.ndindex(*result.shape):
        result[i, j] = (image[i : i + h, j : j + w] * kernel).mean()
    return result


@q1.wrong("Number by number is *, between arrays; @ multiplies rows by columns.")
def by_matmul(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((rows - h + 1, columns - w + 1))
    for i, j in np.ndindex(*result.shape):
        result[i, j] = (image[i : i + h, j : j + w] @ kernel.T).sum()
    return result


@q1.wrong("Number by number is *, between arrays; @ multiplies rows by columns.")
def by_matmul_as_it_stands(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((rows - h + 1, columns - w + 1))
    for i, j in np.ndindex(*result.shape):
        result[i, j] = (image[i : i + h, j : j + w] @ kernel).sum()
    return result


@q1.wrong("Only the first row of the result is filled: return it after both loops, not inside one.")
def returned_inside(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((rows - h + 1, columns - w + 1))
    for j in range(columns - w + 1):
        result[0, j] = (image[:h, j : j + w] * kernel).sum()
    return result


@q1.wrong("h belongs to the rows and w to the columns: the window is image[i : i + h, j : j + w].")
def sides_exchanged(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((rows - h + 1, columns - w + 1))
    for i, j in np.ndindex(*result.shape):
        result[i, j] = (image[i : i + w, j : j + h] * kernel).sum()
    return result


@q1.wrong("An array of whole numbers cuts off what comes after the point: np.zeros without int.")
def whole_numbers(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((rows - h + 1, columns - w + 1), int)
    for i, j in np.ndindex(*result.shape):
        result[i, j] = (image[i : i + h, j : j + w] * kernel).sum()
    return result


@q1.wrong("i goes down and j goes across: the window is image[i : i + h, j : j + w].")
def rows_for_columns(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((columns - w + 1, rows - h + 1))
    for i, j in np.ndindex(*result.shape):
        result[i, j] = (image[j : j + h, i : i + w] * kernel).sum()
    return result


@q1.wrong("Neighbouring windows overlap: the corner moves on by one, not by a whole kernel.")
def side_by_side(image, kernel):
    (rows, columns), (h, w) = image.shape, kernel.shape
    result = np.zeros((rows // h, columns // w))
    for i, j in np.ndindex(*result.shape):
        result[i, j] = (image[i * h : i * h + h, j * w : j * w + w] * kernel).sum()
    return result


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


@q2.wrong("The stride is missing: the kernel begins only at every stride-th place.")
def stride_missing(size, kernel, stride, padding):
    return size + 2 * padding - kernel + 1


@q2.wrong("Not to the nearest: round DOWN, with //. A step that is nearly whole runs over the end.")
def to_the_nearest(size, kernel, stride, padding):
    return round((size + 2 * padding - kernel) / stride) + 1


@q2.wrong("Round down: a kernel that would run over the end is left out.")
def rounded_up(size, kernel, stride, padding):
    return -((kernel - size - 2 * padding) // stride) + 1


@q2.wrong("// binds more tightly than + and -: brackets around size + 2 * padding - kernel.")
def no_brackets(size, kernel, stride, padding):
    return size + 2 * padding - kernel // stride + 1


@q2.wrong("Take the kernel away before you divide: it is counted in numbers, and not in strides.")
def kernel_after_the_division(size, kernel, stride, padding):
    return (size + 2 * padding) // stride - kernel + 1


@q2.wrong("The zeros stand at both ends: the size grows by 2 * padding.")
def one_padding(size, kernel, stride, padding):
    return (size + padding - kernel) // stride + 1


@q2.wrong("The zeros are missing: the size grows by 2 * padding.")
def no_padding(size, kernel, stride, padding):
    return (size - kernel) // stride + 1


@q2.wrong("One place is missing: a kernel that cannot move stands at one place.")
def no_first_place(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride


@q2.wrong("A range ends BEFORE its second number: the last place is missing, so one more.")
def range_too_short(size, kernel, stride, padding):
    return len(range(0, size + 2 * padding - kernel, stride))


@q2.wrong("The 1 is for the first place and stands outside of the division.")
def one_inside(size, kernel, stride, padding):
    return (size + 2 * padding - kernel + 1) // stride


@q2.wrong("A number of places is a whole number: divide with //, which rounds down.")
def a_fraction(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) / stride + 1


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


@q3.wrong("The stride is missing: keep only every stride-th column.")
def every_column(x, size, stride=1):
    n, front = x.shape[-1], x.shape[:-1]
    copies = x.unsqueeze(-2).expand(*front, size, n).reshape(*front, size * n)
    rows = copies.pad(*[None] * len(front), (0, size)).reshape(*front, size, n + 1)
    return rows[..., : n - size + 1]


@q3.wrong("Rows of n put the copies under each other; in rows of n + 1 each begins one later.")
def not_shifted(x, size, stride=1):
    n, front = x.shape[-1], x.shape[:-1]
    rows = x.unsqueeze(-2).expand(*front, size, n)
    return rows[..., : n - size + 1 : stride]


@q3.wrong("Cut the rows before you take steps: a window that begins after n - size has no end.")
def over_the_end(x, size, stride=1):
    n, front = x.shape[-1], x.shape[:-1]
    copies = x.unsqueeze(-2).expand(*front, size, n).reshape(*front, size * n)
    rows = copies.pad(*[None] * len(front), (0, size)).reshape(*front, size, n + 1)
    return rows[..., ::stride]


@q3.wrong("The last window is missing: it begins at n - size, so cut behind it, : n - size + 1.")
def cut_too_early(x, size, stride=1):
    n, front = x.shape[-1], x.shape[:-1]
    copies = x.unsqueeze(-2).expand(*front, size, n).reshape(*front, size * n)
    rows = copies.pad(*[None] * len(front), (0, size)).reshape(*front, size, n + 1)
    return rows[..., : n - size : stride] if n > size else rows[..., :1]


@q3.wrong("The zeros belong at the END of the copies, to fill up the last row: (0, size).")
def zeros_in_front(x, size, stride=1):
    n, front = x.shape[-1], x.shape[:-1]
    copies = x.unsqueeze(-2).expand(*front, size, n).reshape(*front, size * n)
    rows = copies.pad(*[None] * len(front), (size, 0)).reshape(*front, size, n + 1)
    return rows[..., : n - size + 1 : stride]


@q3.wrong("The whole row is copied, not each number: the new axis stands BEFORE it, unsqueeze(-2).")
def each_number_copied(x, size, stride=1):
    n, front = x.shape[-1], x.shape[:-1]
    copies = x.unsqueeze(-1).expand(*front, n, size).reshape(*front, size * n)
    rows = copies.pad(*[None] * len(front), (0, size)).reshape(*front, size, n + 1)
    return rows[..., : n - size + 1 : stride]


@q3.wrong("Other axes may stand in front: the copies need a new one, x.unsqueeze(-2), behind them.")
def no_axis_for_the_copies(x, size, stride=1):
    n, front = x.shape[-1], x.shape[:-1]
    copies = x.expand(*front, size, n).reshape(*front, size * n)
    rows = copies.pad(*[None] * len(front), (0, size)).reshape(*front, size, n + 1)
    return rows[..., : n - size + 1 : stride]


@q3.wrong("pad counts axes from the front: one None for each in front, *[None] * len(front).")
def padded_in_front(x, size, stride=1):
    n, front = x.shape[-1], x.shape[:-1]
    copies = x.unsqueeze(-2).expand(*front, size, n).reshape(*front, size * n)
    rows = copies.pad((0, size)).reshape(*front, size, n + 1)
    return rows[..., : n - size + 1 : stride]


@q3.wrong(
    "Other axes may stand in front of the last: *front in expand, in reshape and in the fold."
)
def one_row_alone(x, size, stride=1):
    n = x.shape[-1]
    copies = x.unsqueeze(-2).expand(size, n).reshape(size * n)
    rows = copies.pad((0, size)).reshape(size, n + 1)
    return rows[:, : n - size + 1 : stride]


@q3.wrong("Each window stands in a column: the shape is (..., size, count).")
def windows_in_rows(x, size, stride=1):
    n, front = x.shape[-1], x.shape[:-1]
    copies = x.unsqueeze(-2).expand(*front, size, n).reshape(*front, size * n)
    rows = copies.pad(*[None] * len(front), (0, size)).reshape(*front, size, n + 1)
    return rows[..., : n - size + 1 : stride].transpose()


@q3.wrong("These windows have left the graph, and no gradient finds its way back: move tensors.")
def by_numpy(x, size, stride=1):
    windows = np.lib.stride_tricks.sliding_window_view(x.numpy(), size, -1)
    return Tensor(windows[..., ::stride, :].swapaxes(-1, -2))


@q3.wrong("Cut first, then take steps, in one slice: [..., : n - size + 1 : stride].")
def cut_after_the_steps(x, size, stride=1):
    n, front = x.shape[-1], x.shape[:-1]
    copies = x.unsqueeze(-2).expand(*front, size, n).reshape(*front, size * n)
    rows = copies.pad(*[None] * len(front), (0, size)).reshape(*front, size, n + 1)
    return rows[..., ::stride][..., : n - size + 1]


@q3.wrong("After the zeros the rows are n + 1 long: size * n and size more are size * (n + 1).")
def rows_of_n(x, size, stride=1):
    n, front = x.shape[-1], x.shape[:-1]
    copies = x.unsqueeze(-2).expand(*front, size, n).reshape(*front, size * n)
    rows = copies.pad(*[None] * len(front), (0, size)).reshape(*front, size, n)
    return rows[..., : n - size + 1 : stride]


@q3.wrong("An array of places is looked up, which computes. Moves alone: copy, pad, fold, cut.")
def looked_up(x, size, stride=1):
    n = x.shape[-1]
    return x[..., np.arange(size)[:, None] + np.arange(0, n - size + 1, stride)]


@q3.wrong("A stack adds up padded pieces. Moves compute nothing: copy, pad, fold, cut.")
def stacked(x, size, stride=1):
    last = x.shape[-1] - size + 1
    return Tensor.stack(*[x[..., t : t + last : stride] for t in range(size)], axis=-2)


@q3.wrong("A stack adds up padded pieces. Moves compute nothing: copy, pad, fold, cut.")
def stacked_windows(x, size, stride=1):
    last = x.shape[-1] - size + 1
    return Tensor.stack(*[x[..., t : t + size] for t in range(0, last, stride)], axis=-1)


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


@q4.wrong("The first number of a pair goes down: size[0] and stride[0] belong to the height.")
def pairs_exchanged(x, size, stride):
    (n, c, h, w), (kw, kh), (across, down) = x.shape, size, stride
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across].permute(0, 1, 2, 4, 3, 5)


@q4.wrong("Height and width are exchanged: the windows go down first, then across.")
def across_first(x, size, stride):
    (n, c, h, w), (kh, kw), (down, across) = x.shape, size, stride
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 4, 2, 5, 3)


@q4.wrong("stride[0] goes down, in the slice of the height; stride[1] across.")
def strides_exchanged(x, size, stride):
    (n, c, h, w), (kh, kw), (across, down) = x.shape, size, stride
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across].permute(0, 1, 2, 4, 3, 5)


@q4.wrong(
    "The sizes come before the counts: permute(0, 1, 2, 4, 3, 5) brings axis 4 beside axis 2."
)
def counts_first(x, size, stride):
    (n, c, h, w), (kh, kw), (down, across) = x.shape, size, stride
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across].permute(0, 1, 3, 5, 2, 4)


@q4.wrong("pad counts axes from the front: pad(None, None, (0, kh), (0, kw)) leaves N and C alone.")
def padded_in_front(x, size, stride):
    (n, c, h, w), (kh, kw), (down, across) = x.shape, size, stride
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad((0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across].permute(0, 1, 2, 4, 3, 5)


@q4.wrong("Both strides are needed: stride[0] down, stride[1] across.")
def one_stride(x, size, stride):
    (n, c, h, w), (kh, kw), (down, _) = x.shape, size, stride
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : down].permute(0, 1, 2, 4, 3, 5)


@q4.wrong("The strides are missing: keep only every stride-th row and column of windows.")
def no_strides(x, size, stride):
    (n, c, h, w), (kh, kw) = x.shape, size
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1, :, : w - kw + 1].permute(0, 1, 2, 4, 3, 5)


@q4.wrong("The order is size down, size across, count down, count across: permute at the end.")
def not_permuted(x, size, stride):
    (n, c, h, w), (kh, kw), (down, across) = x.shape, size, stride
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]


@q4.wrong("Each slide takes the last axis: exchange height and width before you slide down.")
def slid_across_twice(x, size, stride):
    for k, step in zip(size, stride):
        n, front = x.shape[-1], x.shape[:-1]
        x = x.unsqueeze(-2).expand(*front, k, n).reshape(*front, k * n)
        x = x.pad(*[None] * len(front), (0, k)).reshape(*front, k, n + 1)
        x = x[..., : n - k + 1 : step]
    return x


@q4.wrong("After the first slide the last axis is a count: bring the height back to the end.")
def slid_over_the_counts(x, size, stride):
    for k, step in ((size[1], stride[1]), (size[0], stride[0])):
        n, front = x.shape[-1], x.shape[:-1]
        x = x.unsqueeze(-2).expand(*front, k, n).reshape(*front, k * n)
        x = x.pad(*[None] * len(front), (0, k)).reshape(*front, k, n + 1)
        x = x[..., : n - k + 1 : step]
    return x


@q4.wrong("After the first slide the last axis is a count: bring the width to the end as well.")
def slid_down_over_the_counts(x, size, stride):
    x = x.transpose(2, 3)
    for k, step in zip(size, stride):
        n, front = x.shape[-1], x.shape[:-1]
        x = x.unsqueeze(-2).expand(*front, k, n).reshape(*front, k * n)
        x = x.pad(*[None] * len(front), (0, k)).reshape(*front, k, n + 1)
        x = x[..., : n - k + 1 : step]
    return x


@q4.wrong("Both slides are right; now bring the sizes to axes 2 and 3, the counts to 4 and 5.")
def slid_and_not_permuted(x, size, stride):
    for k, step in ((size[1], stride[1]), (size[0], stride[0])):
        n, front = x.shape[-1], x.shape[:-1]
        x = x.unsqueeze(-2).expand(*front, k, n).reshape(*front, k * n)
        x = x.pad(*[None] * len(front), (0, k)).reshape(*front, k, n + 1)
        x = x[..., : n - k + 1 : step]
        x = x.permute(0, 1, 3, 4, 2) if x.ndim == 5 else x
    return x


@q4.wrong("Exchanging two axes puts the height last and the count before the size: permute all.")
def slid_and_exchanged(x, size, stride):
    for k, step in ((size[1], stride[1]), (size[0], stride[0])):
        n, front = x.shape[-1], x.shape[:-1]
        x = x.unsqueeze(-2).expand(*front, k, n).reshape(*front, k * n)
        x = x.pad(*[None] * len(front), (0, k)).reshape(*front, k, n + 1)
        x = x[..., : n - k + 1 : step]
        x = x.transpose(2, 4) if x.ndim == 5 else x
    return x


@q4.wrong("These windows have left the graph, and no gradient finds its way back: move tensors.")
def by_numpy(x, size, stride):
    windows = np.lib.stride_tricks.sliding_window_view(x.numpy(), size, (2, 3))
    return Tensor(windows[:, :, :: stride[0], :: stride[1]].transpose(0, 1, 4, 5, 2, 3))


@q4.wrong("The copies need an axis of their own BEFORE the height: (n, c, 1, h, 1, w).")
def copies_behind(x, size, stride):
    (n, c, h, w), (kh, kw), (down, across) = x.shape, size, stride
    x = x.reshape(n, c, h, 1, w, 1).expand(n, c, h, kh, w, kw).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    return x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across].permute(0, 1, 2, 4, 3, 5)


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


@q5.wrong("The zeros around are missing: x.pad(None, None, *around).")
def not_padded(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), _ = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("The stride is not used: hand it to patches.")
def stride_ignored(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, _, around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1, :, : w - kw + 1]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("The channels are not added up: axis 2 belongs into the sum, too.")
def channels_apart(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((3, 4))
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("The filters need an axis of their own: seen.unsqueeze(1) is (N, 1, C, kh, kw, ...).")
def no_axis_for_filters(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 4, 3, 5)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("Axis 1 of the product is the filters', which stay apart: the sum is over 2, 3 and 4.")
def over_the_filters(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((1, 2, 3))
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("You add up over the places: the windows run along the axes 3 and 4 of the product.")
def over_the_places(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 5, 6))
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("The filter is turned round: networks lay it on the window as it stands.")
def flipped(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.flip((2, 3)).reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("A bias for each filter: it stands along axis 1, so bias.reshape(-1, 1, 1).")
def bias_across(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y if bias is None else y + bias


@q5.wrong("bias may be None: then nothing is added.")
def always_a_bias(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y + bias.reshape(-1, 1, 1)


@q5.wrong("The bias is missing: every filter begins at its own number.")
def no_bias(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum((2, 3, 4))
    return y


@q5.wrong("Name all axes in one sum: .sum((2, 3, 4)). Each sum is a loop of its own.")
def three_sums(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x = x.pad(None, None, *around)
    n, _, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, 1, c, kh, h + 1, kw, w + 1)
    x = x[..., : h - kh + 1 : down, :, : w - kw + 1 : across]
    seen = x.permute(0, 1, 2, 3, 5, 4, 6)
    y = (seen * weight.reshape(f, c, kh, kw, 1, 1)).sum(4).sum(3).sum(2)
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("A loop over the filter makes a sum for each of its places. Use patches, and one sum.")
def loop_over_the_filter(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    f, c, kh, kw = weight.shape
    x, y = x.pad(None, None, *around).unsqueeze(1), 0.0
    for i in range(kh):
        for j in range(kw):
            seen = x[:, :, :, i : x.shape[3] - kh + 1 + i : down]
            seen = seen[..., j : x.shape[4] - kw + 1 + j : across]
            y = (seen * weight[:, :, i, j].reshape(f, c, 1, 1)).sum(2) + y
    return y if bias is None else y + bias.reshape(-1, 1, 1)


@q5.wrong("A loop over the places makes a sum for each of them. Use patches, and one sum.")
def loop_over_the_places(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    weight, (down, across), around = plain(weight, stride, padding, dilation, groups)
    kh, kw = weight.shape[2:]
    x, rows = x.pad(None, None, *around).unsqueeze(1), []
    for i in range(0, x.shape[3] - kh + 1, down):
        row = [
            (x[:, :, :, i : i + kh, j : j + kw] * weight).sum((2, 3, 4))
            for j in range(0, x.shape[4] - kw + 1, across)
        ]
        rows.append(Tensor.stack(*row, axis=-1))
    y = Tensor.stack(*rows, axis=-2)
    return y if bias is None else y + bias.reshape(-1, 1, 1)


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


@q6.wrong("Zeros around the image win against negative numbers: pad with value=-math.inf.")
def zeros_around(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x = x.pad(None, None, (p, p), (q, q))
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong("Without a stride the windows stand side by side: the stride is their size.")
def stride_one(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, two("stride", stride or 1)
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong("The stride may be one number, or None: make a pair of it first.")
def stride_not_a_pair(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, stride or size
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong("The stride that is given is not used.")
def stride_ignored(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong("That is the average of each window, not its largest number.")
def average(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x = x.pad(None, None, (p, p), (q, q))
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).mean((2, 3))


@q6.wrong("Two maxima, one after the other, share unevenly among equals: take .max((2, 3)).")
def one_after_the_other(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max(3).max(2)


@q6.wrong("That is the largest over the places: the windows run along the axes 2 and 3.")
def over_places(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((4, 5))


@q6.wrong("p goes above and below, q left and right: (p, p) for the height, (q, q) for the width.")
def paddings_exchanged(x, kernel_size=2, stride=None, padding=0):
    size, (q, p) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong(
    "Each side gets its padding twice, before and behind: (p, p) for the height, then (q, q)."
)
def paddings_as_one_pair(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x = x.pad(None, None, (p, q), (p, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong("None stands for the size: make a pair of the stride only if it is not None.")
def pair_of_none(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, two("stride", stride)
    x = x.pad(None, None, (p, p), (q, q), value=-math.inf)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong("The padding is not used.")
def padding_ignored(x, kernel_size=2, stride=None, padding=0):
    size = two("kernel_size", kernel_size)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    n, c, h, w = x.shape
    x = x.reshape(n, c, 1, h, 1, w).expand(n, c, kh, h, kw, w).reshape(n, c, kh * h, kw * w)
    x = x.pad(None, None, (0, kh), (0, kw)).reshape(n, c, kh, h + 1, kw, w + 1)
    x = x[:, :, :, : h - kh + 1 : down, :, : w - kw + 1 : across]
    return x.permute(0, 1, 2, 4, 3, 5).max((2, 3))


@q6.wrong("A loop over the places takes a maximum for each of them. Use patches, and one max.")
def loop_over_the_places(x, kernel_size=2, stride=None, padding=0):
    size, (p, q) = two("kernel_size", kernel_size), two("padding", padding, least=0)
    kh, kw, (down, across) = *size, size if stride is None else two("stride", stride)
    x, rows = x.pad(None, None, (p, p), (q, q), value=-math.inf), []
    for i in range(0, x.shape[2] - kh + 1, down):
        columns = range(0, x.shape[3] - kw + 1, across)
        row = [x[:, :, i : i + kh, j : j + kw].max((2, 3)) for j in columns]
        rows.append(Tensor.stack(*row, axis=-1))
    return Tensor.stack(*rows, axis=-2)


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


@q7.wrong("x.var divides by the count minus 1: with correction=0 it divides by the count.")
def of_a_sample(x):
    axes = (0, *range(2, x.ndim))
    return x.mean(axes), x.var(axes)


@q7.wrong("All places of a channel count together: the axes are 0 and all from 2 on.")
def over_the_batch_alone(x):
    return x.mean(0), x.var(0, correction=0)


@q7.wrong("All images of the batch count together: axis 0 belongs to the axes.")
def each_image_alone(x):
    axes = tuple(range(2, x.ndim))
    return x.mean(axes), x.var(axes, correction=0)


@q7.wrong("That is the standard deviation: the variance is its square.")
def deviation(x):
    axes = (0, *range(2, x.ndim))
    return x.mean(axes), x.std(axes, correction=0)


@q7.wrong("Each channel has its own: leave axis 1 out.")
def over_everything(x):
    return x.mean(), x.var(correction=0)


@q7.wrong("Other data have no axes 2 and 3: name them for any number, (0, *range(2, x.ndim)).")
def for_images_alone(x):
    return x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)


@q7.wrong("That is over the channels, which stay apart: take all axes but 1.")
def over_the_channels(x):
    return x.mean(1), x.var(1, correction=0)


@q7.wrong("The shape is (channels,): without keepdim.")
def axes_kept(x):
    axes = (0, *range(2, x.ndim))
    return x.mean(axes, keepdim=True), x.var(axes, keepdim=True, correction=0)


@q7.wrong("That is the mean square: the variance is measured from the mean.")
def mean_square(x):
    axes = (0, *range(2, x.ndim))
    return x.mean(axes), (x * x).mean(axes)


@q7.wrong("NumPy ends the graph, and no gradient comes back: .mean and .var are a Tensor's.")
def by_numpy(x):
    numbers, axes = x.numpy(), (0, *range(2, x.ndim))
    return Tensor(numbers.mean(axes)), Tensor(numbers.var(axes))


@q7.wrong("NumPy ends the graph, and no gradient comes back: .mean and .var are a Tensor's.")
def arrays(x):
    numbers, axes = x.numpy(), (0, *range(2, x.ndim))
    return numbers.mean(axes), numbers.var(axes)


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


@q8.wrong("eps is added under the root: sqrt(variance + eps).")
def eps_outside(x, weight, bias, mean, variance, eps=1e-5):
    shape = (-1,) + (1,) * (x.ndim - 2)
    y = (x - mean.reshape(shape)) / (variance.sqrt() + eps).reshape(shape)
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


@q8.wrong("Divide by the ROOT of variance + eps.")
def no_root(x, weight, bias, mean, variance, eps=1e-5):
    shape = (-1,) + (1,) * (x.ndim - 2)
    y = (x - mean.reshape(shape)) / (variance + eps).reshape(shape)
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


@q8.wrong("mean and variance are handed in; these are x's own. After the training that is wrong.")
def own_statistics(x, weight, bias, mean, variance, eps=1e-5):
    shape = (-1,) + (1,) * (x.ndim - 2)
    axes = (0, *range(2, x.ndim))
    mean, variance = x.mean(axes), x.var(axes, correction=0)
    y = (x - mean.reshape(shape)) / (variance + eps).sqrt().reshape(shape)
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


@q8.wrong("The channels are axis 1, not the last: reshape what belongs to them to (-1, 1, 1).")
def along_the_last_axis(x, weight, bias, mean, variance, eps=1e-5):
    y = (x - mean) / (variance + eps).sqrt()
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


@q8.wrong("eps is missing: a channel without variance divides by 0.")
def no_eps(x, weight, bias, mean, variance, eps=1e-5):
    shape = (-1,) + (1,) * (x.ndim - 2)
    y = (x - mean.reshape(shape)) / variance.sqrt().reshape(shape)
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


@q8.wrong("weight and bias may be None: then they are left out.")
def always_a_weight(x, weight, bias, mean, variance, eps=1e-5):
    shape = (-1,) + (1,) * (x.ndim - 2)
    y = (x - mean.reshape(shape)) / (variance + eps).sqrt().reshape(shape)
    return y * weight.reshape(shape) + bias.reshape(shape)


@q8.wrong("Each may be None without the other: ask for the weight, and then for the bias.")
def both_or_none(x, weight, bias, mean, variance, eps=1e-5):
    shape = (-1,) + (1,) * (x.ndim - 2)
    y = (x - mean.reshape(shape)) / (variance + eps).sqrt().reshape(shape)
    if weight is None or bias is None:
        return y
    return y * weight.reshape(shape) + bias.reshape(shape)


@q8.wrong("Several numbers are neither true nor false: ask `if weight is not None`.")
def asked_for_truth(x, weight, bias, mean, variance, eps=1e-5):
    shape = (-1,) + (1,) * (x.ndim - 2)
    y = (x - mean.reshape(shape)) / (variance + eps).sqrt().reshape(shape)
    y = y * weight.reshape(shape) if weight else y
    return y + bias.reshape(shape) if bias else y


@q8.wrong("/ binds more tightly than -: brackets around x - mean.")
def no_brackets(x, weight, bias, mean, variance, eps=1e-5):
    shape = (-1,) + (1,) * (x.ndim - 2)
    y = x - mean.reshape(shape) / (variance + eps).sqrt().reshape(shape)
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


@q8.wrong("weight and bias are missing at the end.")
def no_weight(x, weight, bias, mean, variance, eps=1e-5):
    shape = (-1,) + (1,) * (x.ndim - 2)
    y = (x - mean.reshape(shape)) / (variance + eps).sqrt().reshape(shape)
    return y


@q8.wrong("NumPy ends the graph, and no gradient comes back: .reshape and .sqrt are a Tensor's.")
def by_numpy(x, weight, bias, mean, variance, eps=1e-5):
    shape = (-1,) + (1,) * (x.ndim - 2)
    given = (weight, bias, mean, variance)
    w, b, m, v = (None if t is None else t.numpy().reshape(shape) for t in given)
    y = (x.numpy() - m) / np.sqrt(v + eps)
    y = y if w is None else y * w
    return Tensor(y if b is None else y + b)


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


@q9.wrong("The variance of a sample divides by count - 1: x.var(axes, ddof=1).")
def divided_by_the_count(mean, variance, x, momentum):
    axes = (0, *range(2, x.ndim))
    mean = (1 - momentum) * mean + momentum * x.mean(axes)
    return mean, (1 - momentum) * variance + momentum * x.var(axes)


@q9.wrong("The shares are turned round: momentum is the share of the new batch.")
def shares_exchanged(mean, variance, x, momentum):
    axes = (0, *range(2, x.ndim))
    mean = momentum * mean + (1 - momentum) * x.mean(axes)
    return mean, momentum * variance + (1 - momentum) * x.var(axes, ddof=1)


@q9.wrong("That forgets everything before this batch.")
def this_batch_alone(mean, variance, x, momentum):
    axes = (0, *range(2, x.ndim))
    mean = x.mean(axes)
    return mean, x.var(axes, ddof=1)


@q9.wrong("The count is all numbers of a channel in this batch, the places included.")
def counts_images(mean, variance, x, momentum):
    axes = (0, *range(2, x.ndim))
    mean = (1 - momentum) * mean + momentum * x.mean(axes)
    return mean, (1 - momentum) * variance + momentum * x.var(axes) * len(x) / (len(x) - 1)


@q9.wrong("Each channel has one mean: take it over all axes but axis 1.")
def over_the_batch(mean, variance, x, momentum):
    axes = 0
    mean = (1 - momentum) * mean + momentum * x.mean(axes)
    return mean, (1 - momentum) * variance + momentum * x.var(axes, ddof=1)


@q9.wrong("What was remembered keeps only the share 1 - momentum.")
def added_on(mean, variance, x, momentum):
    axes = (0, *range(2, x.ndim))
    mean = mean + momentum * x.mean(axes)
    return mean, variance + momentum * x.var(axes, ddof=1)


@q9.wrong("momentum is handed in, and may be another number than 0.1.")
def a_fixed_share(mean, variance, x, momentum):
    axes = (0, *range(2, x.ndim))
    mean = 0.9 * mean + 0.1 * x.mean(axes)
    return mean, 0.9 * variance + 0.1 * x.var(axes, ddof=1)


@q9.wrong("x is an array: NumPy calls it ddof=1, and not correction.")
def tensors_option(mean, variance, x, momentum):
    axes = (0, *range(2, x.ndim))
    mean = (1 - momentum) * mean + momentum * x.mean(axes)
    return mean, (1 - momentum) * variance + momentum * x.var(axes, correction=1)


@q9.wrong("That is the deviation: a variance is remembered, its square.")
def deviation(mean, variance, x, momentum):
    axes = (0, *range(2, x.ndim))
    mean = (1 - momentum) * mean + momentum * x.mean(axes)
    return mean, (1 - momentum) * variance + momentum * x.std(axes, ddof=1)


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
