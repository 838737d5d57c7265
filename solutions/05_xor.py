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
# # XOR
#
# Four points that no straight line can separate, and the smallest network that can. You find out
# why `Linear(2, 1)` ends at one half, fold the plane by hand, and write the two Parts that every
# layer of tinylearn rests on: the weighted sum and its first numbers.
#
# | question | you write | points |
# |---|---|---|
# | q1 | `slopes`: where a line stops learning | 2 |
# | q2 | `nn.linear`: weighted sums | 2 |
# | q3 | `merged`: two layers that are one | 2 |
# | q4 | `folds`: exclusive or, by hand | 2 |
# | q5 | `network`: a hidden layer and more | 2 |
# | q6 | `sizes`: how large numbers are, layer by layer | 1 |
# | q7 | `init.kaiming`: first numbers of the right size | 3 |

# %%
import tinylearn as tl

tl.course.exercise("05_xor")

# %% tags=["setup"]
import numpy as np

from tinylearn import Tensor
from tinylearn.nn.functional import linear

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([0.0, 1.0, 1.0, 0.0])

# %% [markdown]
# ## q1. Where a line stops learning (2 points)
#
# A line answers $p = x_1 w_1 + x_2 w_2 + b$ for every row of `x`; the loss is the mean of
# $(p - y)^2$. Write its slopes, with NumPy: how the loss changes with `w`, two numbers, and with
# `b`, one number.
#
# The first visible case is exclusive or at `w = 0`, `b = 0.5`. Predict the slopes there. The four
# points and their answers are given, as `CORNERS` and `XOR`.

# %% tags=["question"]
from itertools import pairwise

from tinylearn.course.question import Open, case, question


def _numbers(rng, *shape):
    count = int(np.prod(shape))
    return np.array([round(rng.uniform(-2, 2), 3) for _ in range(count)]).reshape(shape)


def _whole(rng, *shape):
    """Whole numbers of float32, as the Part's contract hands them over: sums of them are exact."""
    count = int(np.prod(shape))
    return np.array([rng.randint(4, 9) for _ in range(count)], np.float32).reshape(shape)


q1 = question(
    "q1",
    answer="slopes",
    world="numpy",
    points=2,
    title="Where a line stops learning",
    forbid=("graph.gradient", "tinylearn.tensor.backward.Backward.backward"),
    hints=(
        "Begin with the errors e = x @ w + b - y, one for each row. The loss is the mean of e * e.",
        "The slope of e * e by b is 2 * e, and by w it is 2 * e times the row of x. Then the mean.",
        "dw = 2 * x.T @ e / len(y), and db = 2 * e.mean()",
    ),
)


@q1.visible("by hand")
def _():
    yield case("exclusive or, at one half", CORNERS, XOR, np.zeros(2), 0.5)
    yield case("exclusive or, at (1, 0) and 1", CORNERS, XOR, np.array([1.0, 0]), 1.0)
    yield case("one row", np.array([[1.0, 3.0]]), np.array([1.0]), np.array([1.0, 1.0]), 0.0)


@q1.hidden("random rows", points=2)
def _(rng):
    for rows in (3, 5, 7):
        x, y = _numbers(rng, rows, 2), _numbers(rng, rows)
        yield case(f"{rows} rows", x, y, _numbers(rng, 2), round(rng.uniform(-1, 1), 3))


@q1.wrong("The slope of e * e is 2 * e: a factor 2 is missing.")
def no_factor_two(x, y, w, b):
    e = x @ w + b - y
    return x.T @ e / len(y), e.mean()


@q1.wrong("The loss is a mean: divide the sum over the rows by their number.")
def sums(x, y, w, b):
    e = x @ w + b - y
    return 2 * x.T @ e, 2 * e.sum()


@q1.wrong("The signs are turned round: the error is the answer minus y.")
def truth_minus_answer(x, y, w, b):
    e = y - x @ w - b
    return 2 * x.T @ e / len(y), 2 * e.mean()


@q1.wrong("The slope by w needs the inputs: multiply each error by its row of x.")
def no_inputs(x, y, w, b):
    e = x @ w + b - y
    return 2 * e.mean() * np.ones(2), 2 * e.mean()


@q1.wrong("Each error belongs to its own row: the mean of products is no product of means.")
def product_of_means(x, y, w, b):
    e = x @ w + b - y
    return 2 * e.mean() * x.mean(0), 2 * e.mean()


@q1.wrong("Both slopes are means over the rows: divide that by w by their number, too.")
def sum_and_mean(x, y, w, b):
    e = x @ w + b - y
    return 2 * x.T @ e, 2 * e.mean()


@q1.wrong("Each weight has a slope of its own: the mean is over the rows alone, along axis 0.")
def one_mean_for_all(x, y, w, b):
    e = x @ w + b - y
    return (2 * e[:, None] * x).mean(), 2 * e.mean()


@q1.wrong("Each weight has a slope of its own: the mean is over the rows alone, along axis 0.")
def along_the_rows(x, y, w, b):
    e = x @ w + b - y
    return (2 * e[:, None] * x).mean(1), 2 * e.mean()


@q1.wrong("e has one number for each row of x: e[:, None] * x, or all products at once, x.T @ e.")
def errors_across(x, y, w, b):
    e = x @ w + b - y
    return (2 * e * x).mean(0), 2 * e.mean()


@q1.wrong("w has a slope for each column of x, a sum over the rows: x.T @ e, and not x @ e.")
def not_turned(x, y, w, b):
    e = x @ w + b - y
    return 2 * x @ e / len(y), 2 * e.mean()


@q1.wrong("The slope of e * e is 2 * e, by the bias as well: that is the loss itself.")
def the_loss(x, y, w, b):
    e = x @ w + b - y
    return 2 * x.T @ e / len(y), (e * e).mean()


@q1.wrong("An error has a sign, which says where to go: without abs.")
def no_signs(x, y, w, b):
    e = abs(x @ w + b - y)
    return 2 * x.T @ e / len(y), 2 * e.mean()


@q1.wrong("The bias belongs to the answer: e = x @ w + b - y.")
def bias_left_out(x, y, w, b):
    e = x @ w - y
    return 2 * x.T @ e / len(y), 2 * e.mean()


@q1.wrong("The mean is over the ROWS: divide by len(y), however many numbers x has.")
def divided_by_all(x, y, w, b):
    e = x @ w + b - y
    return 2 * x.T @ e / x.size, 2 * e.mean()


@q1.wrong("There may be any number of rows: divide by len(y), not by 4.")
def four_rows(x, y, w, b):
    e = x @ w + b - y
    return 2 * x.T @ e / 4, 2 * e.sum() / 4


@q1.wrong("The slopes by w come first, then the one by b.")
def exchanged(x, y, w, b):
    e = x @ w + b - y
    return 2 * e.mean(), 2 * x.T @ e / len(y)


# %%
@tl.answer("slopes", points=2)
def slopes(x, y, w, b):
    """Slopes of mean((x @ w + b - y)**2): by w, an array of shape (2,), and by b, a number."""
    ### BEGIN SOLUTION return a tuple: slopes by w, slope by b
    e = x @ w + b - y
    return 2 * x.T @ e / len(y), 2 * e.mean()
    ### END SOLUTION


# %%
tl.check("q1")

# %% [markdown]
# ## q2. Weighted sums (2 points)
#
# From here on you work with tensors. `weight` has a **row for each output**: shape `(out, in)`.
# `x` has the shape `(..., in)`: a batch, or a single point without a batch. `bias` has the shape
# `(out,)`, or it is `None` and nothing is added.
#
# This is the Part `nn.linear`: once your check passes, every `Linear` computes with your function.

# %% tags=["question"]
q2 = question(
    "q2",
    answer="my_linear",
    part="nn.linear",
    graphs=True,
    points=2,
    title="Weighted sums",
    hints=(
        "x @ m multiplies the rows of x with the columns of m. Where do the weights stand?",
        "weight is (out, in), and the product needs (in, out): turn it round.",
        "y = x @ weight.transpose(), and y + bias if bias is not None",
    ),
)


@q2.runs
def _outputs(answer, x, weight, bias):
    weight = Tensor(weight)
    y = answer(Tensor(x), weight, None if bias is None else Tensor(bias))
    y.sum().gradient(weight)  # an error if no gradient comes back
    return y.numpy()


@q2.visible("by hand")
def _():
    weight, bias = np.array([[1.0, 2, 3], [0, 0, 1]]), np.array([10.0, 20])
    yield case("two points", np.array([[1.0, 0, 0], [1, 1, 1]]), weight, bias)
    yield case("a single point", np.array([1.0, 1, 1]), weight, bias)
    yield case("no bias", np.array([[1.0, 2, -3]]), weight, None)


@q2.hidden("random shapes", points=1.5)
def _(rng):
    for batch, into, out in (((4,), 3, 3), ((2, 3), 2, 4), ((), 4, 2)):
        x, weight = _numbers(rng, *batch, into), _numbers(rng, out, into)
        yield case(f"x {x.shape}, weight {weight.shape}", x, weight, _numbers(rng, out))
    yield case("float32", _whole(rng, 3, 2), _whole(rng, 4, 2), _whole(rng, 4))


@q2.hidden("no bias", points=0.5)
def _(rng):
    x = _numbers(rng, 1, 2)
    x = np.concatenate((x, -x, _numbers(rng, 1, 2)))  # each output is negative for a row
    yield case("no bias", x, _numbers(rng, 2, 2), None)


@q2.wrong("weight has a row for each output: turn it round with weight.transpose().")
def not_turned(x, weight, bias=None):
    y = x @ weight
    return y if bias is None else y + bias


@q2.wrong("bias may be None: then nothing is added.")
def always_a_bias(x, weight, bias=None):
    return x @ weight.transpose() + bias


@q2.wrong("Several numbers are neither true nor false: ask `if bias is not None`.")
def asked_for_truth(x, weight, bias=None):
    y = x @ weight.transpose()
    return y + bias if bias else y


@q2.wrong("The bias is missing: every output begins at its own number.")
def no_bias(x, weight, bias=None):
    return x @ weight.transpose()


@q2.wrong("That multiplies number by number: a weighted sum also adds up. Use @.")
def not_summed(x, weight, bias=None):
    y = x.unsqueeze(-2) * weight
    return y if bias is None else y + bias.unsqueeze(-1)


@q2.wrong("Each point is a row of the answer: the points come first, x @ weight.transpose().")
def points_in_columns(x, weight, bias=None):
    y = weight @ x.transpose()
    return y if bias is None else y + bias


@q2.wrong("bias has a number for each output, along the last axis: y + bias, as it is.")
def bias_down(x, weight, bias=None):
    y = x @ weight.transpose()
    return y if bias is None else y + bias.reshape(-1, 1)


@q2.wrong("The bias is added to the sums, after the product, and not to the inputs.")
def bias_first(x, weight, bias=None):
    return (x if bias is None else x + bias) @ weight.transpose()


@q2.wrong("A weighted sum may be negative: the ReLU is a layer of its own.")
def with_a_relu(x, weight, bias=None):
    y = x @ weight.transpose()
    return (y if bias is None else y + bias).relu()


@q2.wrong("NumPy ends the graph, and no gradient comes back: @, .transpose() and + are a Tensor's.")
def by_numpy(x, weight, bias=None):
    y = x.numpy() @ weight.numpy().T
    return y if bias is None else y + bias.numpy()


@q2.wrong("NumPy ends the graph, and no gradient comes back: @, .transpose() and + are a Tensor's.")
def back_from_numpy(x, weight, bias=None):
    y = x.numpy() @ weight.numpy().T
    return Tensor(y if bias is None else y + bias.numpy())


@q2.wrong("linear runs your function, which calls linear, which runs your function: write it out.")
def calls_itself(x, weight, bias=None):
    return linear(x, weight, bias)


# %%
@tl.answer("nn.linear", points=2)
def my_linear(x, weight, bias=None):
    """Every output is a weighted sum of all inputs, plus a bias."""
    ### BEGIN SOLUTION return a Tensor of shape (..., out)
    y = x @ weight.transpose()
    return y if bias is None else y + bias
    ### END SOLUTION


# %%
tl.check("q2")

# %% [markdown]
# ## q3. Two layers that are one (2 points)
#
# A layer after a layer, with nothing in between: `second(first(x))`. It looks like a network, and
# it is a single layer. Find its weight and its bias, with NumPy. `w1` has the shape
# `(hidden, in)`, `w2` has `(out, hidden)`.

# %% tags=["question"]
q3 = question(
    "q3",
    answer="merged",
    points=2,
    title="Two layers that are one",
    hints=(
        "Write it out for one point x: w2 @ (w1 @ x + b1) + b2.",
        "Take the bracket apart: w2 @ w1 @ x + w2 @ b1 + b2. What stands before x?",
        "return w2 @ w1, w2 @ b1 + b2",
    ),
)


@q3.visible("by hand")
def _():
    turn, shift = np.array([[0.0, 1], [1, 0]]), np.array([1.0, 2])
    yield case("exchange, then add up", turn, shift, np.array([[1.0, 1]]), np.array([10.0]))
    yield case("one number through", np.array([[3.0]]), np.ones(1), np.array([[2.0]]), np.ones(1))
    down = np.array([[1.0, 0, -1], [2, 1, 0]])
    yield case("from three to two", down, -shift, turn - 2 * np.eye(2), np.array([0.0, 5.0]))


@q3.hidden("random layers", points=2)
def _(rng):
    for into, hidden, out in ((2, 3, 1), (3, 3, 3), (4, 2, 3)):
        first = _numbers(rng, hidden, into), _numbers(rng, hidden)
        yield case(f"{into} to {hidden} to {out}", *first, _numbers(rng, out, hidden),
                   _numbers(rng, out))  # fmt: skip


@q3.wrong("The first layer stands next to x, and w2 to the left of all that it gives: w2 @ (...).")
def wrong_order(w1, b1, w2, b2):
    return w1 @ w2, w2 @ b1 + b2


@q3.wrong("The second layer multiplies the first one's bias too: w2 @ b1 + b2.")
def bias_not_passed_on(w1, b1, w2, b2):
    return w2 @ w1, b2


@q3.wrong("The second layer's own bias is missing: w2 @ b1 + b2.")
def own_bias_missing(w1, b1, w2, b2):
    return w2 @ w1, w2 @ b1


@q3.wrong("b1 has a number for each hidden sum and goes through w2, before b2 is added.")
def biases_added(w1, b1, w2, b2):
    return w2 @ w1, b1 + b2


@q3.wrong("That multiplies number by number; layers after each other are a product of matrices.")
def number_by_number(w1, b1, w2, b2):
    return w2 * w1, w2 @ b1 + b2


@q3.wrong("The weight stands to the left, as in w1 @ x: w2 @ b1 + b2.")
def bias_on_the_left(w1, b1, w2, b2):
    return w2 @ w1, b1 @ w2 + b2


@q3.wrong("Layers that follow each other multiply: write out w2 @ (w1 @ x + b1) + b2.")
def added_up(w1, b1, w2, b2):
    return w1 + w2, b1 + b2


@q3.wrong("A row for each output, as in w1 and w2: without turning them round.")
def turned_round(w1, b1, w2, b2):
    return (w2 @ w1).T, w2 @ b1 + b2


@q3.wrong("The weight comes first, then the bias.")
def exchanged(w1, b1, w2, b2):
    return w2 @ b1 + b2, w2 @ w1


@q3.wrong("Nothing stands between these layers: no ReLU, and negative numbers go through.")
def with_a_relu(w1, b1, w2, b2):
    return w2 @ np.maximum(w1, 0), w2 @ np.maximum(b1, 0) + b2


# %%
@tl.answer("merged", points=2)
def merged(w1, b1, w2, b2):
    """Weight and bias of the one layer that answers as the second after the first."""
    ### BEGIN SOLUTION return a tuple: weight (out, in), bias (out,)
    return w2 @ w1, w2 @ b1 + b2
    ### END SOLUTION


# %%
tl.check("q3")

# %% [markdown]
# ## q4. Exclusive or, by hand (2 points)
#
# Now something stands in between: a ReLU cuts off what is negative. Choose the weights yourself,
# without any training. The corners are `(0, 0)`, `(0, a)`, `(a, 0)`, `(a, a)` for some `a > 0`, and
# the network `w2 @ relu(w1 @ x + b1) + b2`, with two hidden sums, must answer 0, 1, 1, 0.
#
# Many weights are right. The checks compute your network's four answers.

# %% tags=["question"]
q4 = question(
    "q4",
    answer="folds",
    points=2,
    title="Exclusive or, by hand",
    hints=(
        "Let both hidden sums add the two inputs. At the corners the sum is 0, a, a, 2a.",
        "Let the second hidden sum begin later: relu(x1 + x2 - a) is 0, 0, 0, a.",
        "0, a, a, 2a minus twice 0, 0, 0, a is 0, a, a, 0. Now divide by a.",
    ),
)


@q4.judges
def _answers(got, want, a):
    several = isinstance(got, (tuple, list))
    shapes = [np.shape(part) for part in got] if several else type(got).__name__
    if shapes != [(2, 2), (2,), (1, 2), (1,)]:
        return Open(f"expected four arrays, of shapes [(2, 2), (2,), (1, 2), (1,)], got {shapes}")
    w1, b1, w2, b2 = (np.array(part, float) for part in got)
    corners = CORNERS * a
    answers = (np.maximum(corners @ w1.T + b1, 0) @ w2.T + b2).ravel()
    for corner, answer, right in zip(corners.tolist(), answers.tolist(), (0, 1, 1, 0)):
        if not abs(answer - right) < 1e-6:
            said = f"the network answers {answer:.6g}, it must answer {right}"
            return Open(f"at {tuple(corner)} {said}")
    return ""


@q4.visible("by hand")
def _():
    yield case("corners at 0 and 1", 1.0)
    yield case("corners at 0 and 2", 2.0)
    yield case("corners at 0 and 2.5", 2.5)


@q4.hidden("other squares", points=2)
def _(rng):
    for _ in range(3):
        yield case("corners at 0 and a", round(rng.uniform(2.5, 9), 2))


@q4.wrong("Both sums fold at the same place, so together they fold once. Start one later, at a.")
def folded_once(a):
    ones = np.ones((2, 2))
    return ones, np.zeros(2), np.array([[1 / a, -2 / a]]), np.zeros(1)


@q4.wrong("That is OR: at (a, a) the second sum must take away as much as the first has, twice.")
def inclusive_or(a):
    return np.ones((2, 2)), np.array([0.0, -a]), np.array([[1 / a, -1 / a]]), np.zeros(1)


@q4.wrong("Right for a = 1 only: the sums grow with a, so divide by a at the end.")
def only_for_one(a):
    return np.ones((2, 2)), np.array([0.0, -a]), np.array([[1.0, -2.0]]), np.zeros(1)


@q4.wrong("Right for a = 1 only: the second fold lies where x1 + x2 is a, not 1.")
def fold_at_one(a):
    return np.ones((2, 2)), np.array([0.0, -1.0]), np.array([[1 / a, -2 / a]]), np.zeros(1)


@q4.wrong("The second sum must begin LATER: its bias is -a, so that it is 0 up to x1 + x2 = a.")
def begins_earlier(a):
    return np.ones((2, 2)), np.array([0.0, a]), np.array([[1 / a, -2 / a]]), np.zeros(1)


@q4.wrong("The second fold lies where x1 + x2 is a: a bias of -2 * a folds at the far corner.")
def folds_too_late(a):
    return np.ones((2, 2)), np.array([0.0, -2 * a]), np.array([[1 / a, -2 / a]]), np.zeros(1)


@q4.wrong("The sums grow with a, and the answers must not: divide by a, do not multiply.")
def times_a(a):
    return np.ones((2, 2)), np.array([0.0, -a]), np.array([[a, -2 * a]]), np.zeros(1)


@q4.wrong("Each hidden sum looks at one input alone, and so the corner (a, a) gets both. Add them.")
def one_input_each(a):
    return np.eye(2), np.zeros(2), np.array([[1 / a, 1 / a]]), np.zeros(1)


@q4.wrong("a need not be whole: use it as it is.")
def whole_number(a):
    b1 = np.array([0.0, -float(int(a))])
    return np.ones((2, 2)), b1, np.array([[1 / a, -2 / a]]), np.zeros(1)


# %%
@tl.answer("folds", points=2)
def folds(a):
    """Arrays w1 (2, 2), b1 (2,), w2 (1, 2), b2 (1,) that answer exclusive or on corners 0 and a."""
    ### BEGIN SOLUTION return a tuple of four arrays
    w1, b1 = np.ones((2, 2)), np.array([0.0, -a])
    return w1, b1, np.array([[1 / a, -2 / a]]), np.zeros(1)
    ### END SOLUTION


# %%
tl.check("q4")

# %% [markdown]
# ## q5. A hidden layer, and more (2 points)
#
# Put the layers together: `layers` is a list of pairs `(weight, bias)`, with at least one pair. A
# ReLU stands **between** layers, and none after the last: its answers may be negative.
#
# `linear(x, weight, bias)` is given; it is whatever runs in the Part `nn.linear`, so yours by now.

# %% tags=["question"]
q5 = question(
    "q5",
    answer="network",
    points=2,
    title="A hidden layer, and more",
    hints=(
        "Go through the layers in a loop; each takes what the one before gives.",
        "All layers but the last are followed by .relu().",
        "for weight, bias in layers[:-1]: x = linear(x, weight, bias).relu(). Then the last one.",
    ),
)


@q5.runs
def _forward(answer, x, layers):
    return answer(Tensor(x), [(Tensor(weight), Tensor(bias)) for weight, bias in layers]).numpy()


def _layers(rng, *widths):
    return [(_numbers(rng, n, m), _numbers(rng, n)) for m, n in pairwise(widths)]


@q5.visible("by hand")
def _():
    hidden = np.ones((2, 2)), np.array([0.0, -1])
    last = np.array([[1.0, -2]]), np.zeros(1)
    yield case("two folds", CORNERS, [hidden, last])
    yield case("one layer, no fold", CORNERS, [last])
    yield case("negative inputs", CORNERS - 1, [(-np.eye(2), np.zeros(2)), hidden])
    yield case("three layers", CORNERS - 1, [(-np.eye(2), np.zeros(2)), hidden, last])


@q5.hidden("random networks", points=2)
def _(rng):
    for widths in ((2, 5, 3), (3, 4, 4, 2), (2, 3)):
        text = " to ".join(map(str, widths))
        yield case(text, 2 * _numbers(rng, 6, widths[0]), _layers(rng, *widths))


@q5.wrong("No ReLU after the last layer: its answers may be negative.")
def relu_at_the_end(x, layers):
    for weight, bias in layers:
        x = linear(x, weight, bias).relu()
    return x


@q5.wrong("Without a ReLU in between, all layers together are one straight layer: q3.")
def never_folds(x, layers):
    for weight, bias in layers:
        x = linear(x, weight, bias)
    return x


@q5.wrong("The ReLU comes after a layer's sums, not before: the inputs may be negative.")
def relu_first(x, layers):
    for weight, bias in layers:
        x = linear(x.relu(), weight, bias)
    return x


@q5.wrong("The sums begin at their bias: hand it to linear, too.")
def no_biases(x, layers):
    for weight, _ in layers[:-1]:
        x = linear(x, weight).relu()
    return linear(x, layers[-1][0])


@q5.wrong("The last layer is missing: behind the loop comes one more, without a ReLU, then return.")
def last_layer_missing(x, layers):
    for weight, bias in layers[:-1]:
        x = linear(x, weight, bias).relu()
    return x


@q5.wrong("What a layer gives is not kept: x = linear(x, weight, bias).relu()")
def not_kept(x, layers):
    for weight, bias in layers[:-1]:
        linear(x, weight, bias).relu()
    return linear(x, *layers[-1])


@q5.wrong("There may be one layer, or many: go through them in a loop.")
def always_two(x, layers):
    (w1, b1), (w2, b2) = layers
    return linear(linear(x, w1, b1).relu(), w2, b2)


@q5.wrong("A layer is a pair: take it apart, for weight, bias in ...")
def pairs_as_weights(x, layers):
    for layer in layers[:-1]:
        x = linear(x, layer).relu()
    return linear(x, layers[-1])


@q5.wrong("layers[1:] leaves out the first; all but the last are layers[:-1].")
def first_left_out(x, layers):
    for weight, bias in layers[1:]:
        x = linear(x, weight, bias).relu()
    return linear(x, *layers[-1])


@q5.wrong("A ReLU stands after EVERY layer but the last, not after the first alone.")
def one_relu(x, layers):
    for place, (weight, bias) in enumerate(layers):
        x = linear(x, weight, bias)
        if place == 0 and len(layers) > 1:
            x = x.relu()
    return x


# %%
@tl.answer("network", points=2)
def network(x, layers):
    """What the layers answer to x, one after the other, with a ReLU between them."""
    ### BEGIN SOLUTION return a Tensor
    for weight, bias in layers[:-1]:
        x = linear(x, weight, bias).relu()
    return linear(x, *layers[-1])
    ### END SOLUTION


# %%
tl.check("q5")

# %% [markdown]
# ## q6. How large are the numbers? (1 point)
#
# Send a batch through many layers, and watch its size: the **root mean square**,
# $\sqrt{\text{mean of } h^2}$, of all numbers `h` after a layer and its ReLU. `weights` is a list
# of weights; there are no biases. Return the sizes as a list of numbers, one for each layer.

# %% tags=["question"]
q6 = question(
    "q6",
    answer="sizes",
    points=1,
    title="How large are the numbers?",
    hints=(
        "The output of one layer is the input of the next: keep it in x.",
        "After each layer, x = linear(x, weight).relu(), append one number to a list.",
        "The number is (x * x).mean().sqrt().item().",
    ),
    rtol=1e-4,
)


@q6.runs
def _sizes(answer, x, weights):
    return answer(Tensor(x), [Tensor(weight) for weight in weights])


@q6.visible("by hand")
def _():
    yield case("twice as large, twice", np.array([[3.0, 4.0]]), [2 * np.eye(2)] * 2)
    weights = [np.array([[1.0, 0], [0, -1]]), np.ones((2, 2))]
    yield case("one is cut off", np.array([[3.0, 4.0]]), weights)


@q6.hidden("random weights", points=1)
def _(rng):
    for widths in ((3, 4, 5, 2), (4, 4, 4)):
        weights = [_numbers(rng, n, m) for m, n in pairwise(widths)]
        yield case(f"{len(weights)} layers", _numbers(rng, 8, widths[0]), weights)


@q6.wrong("Measure after the ReLU: that is what the next layer gets.")
def before_the_relu(x, weights):
    found = []
    for weight in weights:
        y = linear(x, weight)
        found.append((y * y).mean().sqrt().item())
        x = y.relu()
    return found


@q6.wrong("That is the mean square: take its root.")
def no_root(x, weights):
    found = []
    for weight in weights:
        x = linear(x, weight).relu()
        found.append((x * x).mean().item())
    return found


@q6.wrong("Each layer gets what the one before gave, not the first x again.")
def always_the_first_x(x, weights):
    outputs = [linear(x, weight).relu() for weight in weights]
    return [(y * y).mean().sqrt().item() for y in outputs]


@q6.wrong("The root mean square is measured from 0; a standard deviation subtracts the mean.")
def deviation(x, weights):
    found = []
    for weight in weights:
        x = linear(x, weight).relu()
        found.append(((x - x.mean()) * (x - x.mean())).mean().sqrt().item())
    return found


@q6.wrong("The root mean square is measured from 0; a standard deviation subtracts the mean.")
def deviation_of_a_sample(x, weights):
    found = []
    for weight in weights:
        x = linear(x, weight).relu()
        found.append(x.std().item())
    return found


@q6.wrong("The root mean square is measured from 0; a variance subtracts the mean.")
def variance(x, weights):
    found = []
    for weight in weights:
        x = linear(x, weight).relu()
        found.append(x.var().item())
    return found


@q6.wrong("That is the mean itself: first the squares, then their mean, then the root.")
def plain_mean(x, weights):
    found = []
    for weight in weights:
        x = linear(x, weight).relu()
        found.append(x.mean().item())
    return found


@q6.wrong("That is the length, which grows with how many numbers there are: the mean, not the sum.")
def length(x, weights):
    found = []
    for weight in weights:
        x = linear(x, weight).relu()
        found.append((x * x).sum().sqrt().item())
    return found


@q6.wrong("x is still the batch that came in: keep what the layer gives, x = linear(...).relu()")
def not_kept(x, weights):
    return [(x * x).mean().sqrt().item() for _ in weights]


@q6.wrong("That is the size of the weights; asked for is that of the numbers after each layer.")
def of_the_weights(x, weights):
    return [(w * w).mean().sqrt().item() for w in weights]


@q6.wrong("The ReLU is missing: it cuts off what is negative after each layer.")
def never_a_relu(x, weights):
    found = []
    for weight in weights:
        x = linear(x, weight)
        found.append((x * x).mean().sqrt().item())
    return found


@q6.wrong("The return stands inside the loop: only the first layer is measured.")
def returns_in_the_loop(x, weights):
    for weight in weights:
        x = linear(x, weight).relu()
        return [(x * x).mean().sqrt().item()]


@q6.wrong("One number for each layer: the size of what comes in is not asked for.")
def with_the_input(x, weights):
    found = [(x * x).mean().sqrt().item()]
    for weight in weights:
        x = linear(x, weight).relu()
        found.append((x * x).mean().sqrt().item())
    return found


# %%
@tl.answer("sizes", points=1)
def sizes(x, weights):
    """The root mean square after each layer and its ReLU, as a list of numbers."""
    ### BEGIN SOLUTION return a list with one number for each weight
    found = []
    for weight in weights:
        x = linear(x, weight).relu()
        found.append((x * x).mean().sqrt().item())
    return found
    ### END SOLUTION


# %%
tl.check("q6")

# %% [markdown]
# ## q7. First numbers (3 points)
#
# This is the Part `init.kaiming`. It returns a float32 tensor of random numbers with mean 0 and
# variance **gain² / fan_in**, where `fan_in` is the number of inputs that each output sums over.
# You have `Tensor.uniform(*shape, low=..., high=...)`, whose variance is `bound**2 / 3` between
# `-bound` and `bound`, and `Tensor.randn(*shape)`, whose variance is 1. Either way is right.
#
# The checks look at shape, mean, variance, and at whether the numbers differ from each other.

# %% tags=["question"]
q7 = question(
    "q7",
    answer="my_kaiming",
    part="init.kaiming",
    forbid=(
        "init.xavier",
        "tinylearn.nn.init.kaiming_normal_",
        "tinylearn.nn.init.xavier_normal_",
    ),
    points=3,
    title="First numbers",
    hints=(
        "A random number times c has c * c times the variance.",
        "The deviation that you need is the root of the variance: gain / fan_in**0.5.",
        "Tensor.randn(*shape) * (gain / fan_in**0.5), or a uniform one within gain * (3 / "
        "fan_in)**0.5.",
    ),
)


@q7.runs
def _drawn(answer, shape, fan_in, *gain):
    Tensor.manual_seed(5)
    drawn = [answer(shape, fan_in, *gain) for _ in range(2)]
    return [t.numpy() if isinstance(t, Tensor) else type(t).__name__ for t in drawn]


@q7.judges
def _is_fit(got, want, shape, fan_in, gain=2**0.5):
    again, got = got
    if isinstance(got, str):
        return Open(f"expected a Tensor, got {got}")
    if np.shape(got) != shape:
        return Open(f"expected a Tensor of shape {shape}, got {np.shape(got)}")
    if got.dtype != np.float32:
        return Open(f"expected float32, got {got.dtype}: Tensor(numbers, dtype=tl.float32)")
    variance, asked = float(got.var()), gain**2 / fan_in
    if len(np.unique(got)) < got.size // 4:
        return Open("the same numbers come again and again; each weight needs one of its own")
    if np.array_equal(again, got):
        return Open("called twice, it gives the same numbers: draw them at random")
    if np.allclose(np.sort(again, None), np.sort(got, None), rtol=1e-3, atol=0):
        return Open("called twice, it gives the same numbers in another order: draw them anew")
    steps, spread = np.diff(np.sort(got, None)), float(np.ptp(got))
    if steps.max() < 3 * spread / got.size:
        return Open("the numbers lie at equal distances: draw each of them at random")
    following = np.corrcoef(got.ravel()[:-1], got.ravel()[1:])[0, 1]
    if abs(following) > 8 / got.size**0.5:
        return Open("each number follows from the one before it: draw each of them at random")
    if not abs(got.mean()) < 6 * (asked / got.size) ** 0.5:
        return Open(f"the mean must be near 0, it is {float(got.mean()):.3g}")
    if not 0.75 < variance / asked < 1.33:
        times = f"{variance / asked:.3g} times that"
        of = f"gain {gain:.4g} and fan_in {fan_in}"
        return Open(f"of {of}: a variance near {asked:.4g} is right, got {variance:.4g}, {times}")
    return ""


@q7.visible("20 outputs of 30 inputs")
def _():
    yield case("for a ReLU", (20, 30), 30, 2**0.5)
    yield case("with a gain of 1", (20, 30), 30, 1.0)
    yield case("a bias of 600 numbers", (600,), 30, 2**0.5)


@q7.hidden("random layers", points=2)
def _(rng):
    for _ in range(3):
        outputs, inputs = rng.randint(50, 60), rng.randint(20, 40)
        yield case("a layer", (outputs, inputs), inputs, round(rng.uniform(2, 3), 2))
    yield case("with the gain that is meant", (outputs, inputs), inputs)


@q7.hidden("filters and biases", points=1)
def _(rng):
    channels = rng.randint(3, 5)
    yield case("filters", (30, channels, 5, 5), 25 * channels, 0.5)
    yield case("a bias", (900,), rng.randint(20, 40), 1.0)


@q7.wrong("A uniform number within the bound has variance bound**2 / 3: the bound is too small.")
def bound_without_three(shape, fan_in, gain=2**0.5):
    bound = gain / fan_in**0.5
    return Tensor.uniform(*shape, low=-bound, high=bound)


@q7.wrong("gain**2 / fan_in is the variance; numbers are multiplied by its root, the deviation.")
def times_the_variance(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape) * (gain**2 / fan_in)


@q7.wrong("fan_in counts the inputs of an output, and is given; shape[0] counts the outputs.")
def by_the_outputs(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape) * (gain / shape[0] ** 0.5)


@q7.wrong("With equal weights all hidden sums are one and the same: draw random numbers.")
def all_equal(shape, fan_in, gain=2**0.5):
    return Tensor.full(shape, gain / fan_in**0.5)


@q7.wrong("The numbers must be negative as often as positive, with mean 0.")
def never_negative(shape, fan_in, gain=2**0.5):
    return Tensor.rand(*shape) * (gain * (3 / fan_in) ** 0.5)


@q7.wrong("The gain is missing: whoever calls says what follows the layer.")
def without_gain(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape) * (1 / fan_in**0.5)


@q7.wrong("6 / fan_in holds for a gain of root 2 alone: the bound is gain * (3 / fan_in)**0.5.")
def one_gain_for_all(shape, fan_in, gain=2**0.5):
    bound = (6 / fan_in) ** 0.5
    return Tensor.uniform(*shape, low=-bound, high=bound)


@q7.wrong("fan_in is given; shape[1] is the same only for a layer, not for a bias or a filter.")
def by_the_shape(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape) * (gain / shape[1] ** 0.5)


@q7.wrong("The root is of fan_in alone; the gain is squared in the variance: gain / fan_in**0.5.")
def root_of_the_gain(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape) * (gain / fan_in) ** 0.5


@q7.wrong("The 3 stands under the root: gain * (3 / fan_in)**0.5.")
def three_outside(shape, fan_in, gain=2**0.5):
    bound = gain * 3 / fan_in**0.5
    return Tensor.uniform(*shape, low=-bound, high=bound)


@q7.wrong("bound**2 / 3 must be gain**2 / fan_in, so the 3 goes above the line: (3 / fan_in)**0.5.")
def three_below(shape, fan_in, gain=2**0.5):
    bound = gain / (3 * fan_in) ** 0.5
    return Tensor.uniform(*shape, low=-bound, high=bound)


@q7.wrong("randn has variance 1: multiply by gain / fan_in**0.5.")
def as_drawn(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape)


@q7.wrong("More inputs, smaller weights: DIVIDE by the root of fan_in.")
def times_the_root(shape, fan_in, gain=2**0.5):
    return Tensor.randn(*shape) * (gain * fan_in**0.5)


@q7.wrong("These numbers are not drawn, and the next layer gets the same: randn or uniform.")
def evenly_spaced(shape, fan_in, gain=2**0.5):
    bound = gain * (3 / fan_in) ** 0.5
    numbers = np.linspace(-bound, bound, int(np.prod(shape)))
    return Tensor(numbers.reshape(shape).astype(np.float32))


@q7.wrong("Each weight needs a random number of its own: here all rows are the same row.")
def one_row_for_all(shape, fan_in, gain=2**0.5):
    return Tensor.randn(1, *shape[1:]).expand(*shape) * (gain / fan_in**0.5)


# %%
@tl.answer("init.kaiming", points=3)
def my_kaiming(shape, fan_in, gain=2**0.5):
    """Random weights of variance gain**2 / fan_in: sums over fan_in inputs keep their size."""
    ### BEGIN SOLUTION return a float32 Tensor of this shape
    bound = gain * (3 / fan_in) ** 0.5
    return Tensor.uniform(*shape, low=-bound, high=bound)
    ### END SOLUTION


# %%
tl.check("q7")

# %% [markdown]
# ## It runs on your code
#
# First, your `sizes` on your `my_kaiming`: ten layers of 100 numbers. A gain of $\sqrt 2$ keeps
# their size, a smaller one lets them die out, a larger one lets them explode.


# %%
def ten_layers(gain):
    """The sizes after each of ten layers whose weights were drawn with this gain."""
    tl.manual_seed(0)
    weights = [my_kaiming((100, 100), 100, gain) for _ in range(10)]
    return np.array(sizes(Tensor.randn(64, 100), weights))


for gain in (0.7, 2**0.5, 2.8):
    print(f"gain {gain:.2f}:", *(f"{size:.3g}" for size in ten_layers(gain)))

# %% [markdown]
# And now exclusive or. Every layer of this network draws its weights with your `my_kaiming` and
# computes with your `my_linear`.

# %%
from tinylearn.nn import Linear, ReLU, Sequential, optim
from tinylearn.viz import plots

X = Tensor(CORNERS, dtype=tl.float32, requires_grad=False)
Y = Tensor(XOR.reshape(4, 1), dtype=tl.float32, requires_grad=False)
tl.manual_seed(0)
model = Sequential(Linear(2, 8), ReLU(), Linear(8, 1))
optimizer = optim.Adam([model], lr=0.05)
for _ in range(300):
    loss = (model(X) - Y).square().mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
print("loss", loss.item(), "answers", model(X).numpy().ravel().round(3))

# %%
plots.plane(
    X,
    Y,
    answer=model,
    caption="What your network answers: blue is 0, white is one half, orange is 1.",
    alt="The four corners of exclusive or on a coloured plane. The two corners of class 1 lie in "
    "an orange band, the two of class 0 in blue regions on both sides of it.",
)

# %%
tl.course.card()
