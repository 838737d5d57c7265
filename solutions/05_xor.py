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
